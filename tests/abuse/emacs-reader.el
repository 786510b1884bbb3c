;;; emacs-reader.el --- What Emacs makes of bytes that may be no messages  -*- lexical-binding: t; -*-

;;; Commentary:

;; A line of the file that is given last on the command line is one stream: its pieces in base64,
;; with blanks between.  A line is printed for each: `read' or `refused', and in base64 the messages
;; that came before that, as Emacs writes them.

;;; Code:

(require 'repl-connect-bencode)

(defun emacs-reader-once (value)
  "Return VALUE without the entries of keys that come again, the last of which counts."
  (cond
   ((vectorp value) (vconcat (mapcar #'emacs-reader-once value)))
   ((consp value)
    (let ((seen nil))
      (dolist (entry value (nreverse seen))
        (unless (assoc (car entry) seen)
          (push (cons (car entry) (emacs-reader-once (cdr entry))) seen)))))
   (t value)))

(defun emacs-reader-read (pieces)
  "Print what the decoder makes of PIECES."
  (let ((decoder (repl-connect-bencode-decoder))
        (found nil)
        (end "read"))
    (condition-case nil
        (dolist (piece pieces)
          (repl-connect-bencode-feed decoder piece (lambda (message) (push message found))))
      (repl-connect-bencode-error (setq end "refused")))
    (repl-connect-bencode-close decoder)
    (princ (format "%s %s\n" end
                   (base64-encode-string
                    (mapconcat (lambda (message)
                                 (repl-connect-bencode-encode (emacs-reader-once message)))
                               (nreverse found) "")
                    t)))))

(with-temp-buffer
  (insert-file-contents (car (last command-line-args)))
  (while (not (eobp))
    (emacs-reader-read
     (mapcar #'base64-decode-string
             (split-string (buffer-substring (point) (line-end-position)) " " t)))
    (forward-line)))

(provide 'emacs-reader)
;;; emacs-reader.el ends here
