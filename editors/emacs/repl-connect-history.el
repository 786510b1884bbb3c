;;; repl-connect-history.el --- What was typed before  -*- lexical-binding: t; -*-

;;; Commentary:

;; The input ring of a REPL buffer comes from a file, one for each project and language, and goes
;; back there a moment after something was typed.  Several Emacsen may have the same file: what is
;; new is added to what the file has by then, and it is replaced as a whole.  An entry is a Lisp
;; string on a line, so that one of several lines stays one.

;;; Code:

(require 'comint)
(require 'ring)
(require 'seq)
(require 'subr-x)

(declare-function project-root "project" t t)

(defcustom repl-connect-history-size 1000
  "Entries that are kept of what was typed, for each project and language.
With 0 they are not kept in a file."
  :type 'natnum
  :group 'repl-connect)

(defcustom repl-connect-history-directory (locate-user-emacs-file "repl-connect/history/")
  "Where the files are that keep what was typed."
  :type 'directory
  :group 'repl-connect)

(defconst repl-connect-history--longest 100000
  "Characters of an entry that is kept.")

(defconst repl-connect-history--pause 2
  "Seconds without typing after which what is new is written.")

(defconst repl-connect-history--stale 10
  "Seconds after which a lock does not count any more.")

(defvar-local repl-connect-history--file nil
  "The file of this buffer.")
(defvar-local repl-connect-history--new nil
  "What was typed and is not in the file yet, the newest first.")

(defun repl-connect-history--file-of (directory language)
  "Return the file for what is typed in LANGUAGE in the project of DIRECTORY."
  (let* ((project (and (not (file-remote-p directory))
                       (ignore-errors (project-current nil directory))))
         (root (if project (expand-file-name (project-root project)) directory))
         (name (file-name-nondirectory (directory-file-name root))))
    (expand-file-name
     (format "%s-%s-%s" language
             (replace-regexp-in-string "[^[:alnum:]._-]" "_"
                                       (substring name 0 (min 40 (length name))))
             (substring (secure-hash 'sha1 root) 0 8))
     repl-connect-history-directory)))

(defun repl-connect-history-load (language)
  "Let this buffer's input ring be what was typed in LANGUAGE in its project.
LANGUAGE is a name."
  (let ((file (repl-connect-history--file-of default-directory language)))
    (unless (equal file repl-connect-history--file)
      (repl-connect-history-save)
      (setq repl-connect-history--file file)
      (let* ((size (max 1 repl-connect-history-size))
             (ring (make-ring size)))
        (setq-local comint-input-ring-size size
                    comint-input-ignoredups t)
        (dolist (entry (repl-connect-history--read file))
          (ring-insert ring entry))
        (setq comint-input-ring ring
              comint-input-ring-index nil))
      (add-hook 'kill-buffer-hook #'repl-connect-history-save nil t))))

(defun repl-connect-history-add (text)
  "Remember TEXT, which was typed, unless its first character is a blank."
  (setq comint-save-input-ring-index comint-input-ring-index
        comint-input-ring-index nil)
  (let ((text (string-trim-right text)))
    (unless (or (equal text "") (memq (aref text 0) '(?\s ?\t))
                (> (length text) repl-connect-history--longest))
      (comint-add-to-input-history text)
      (when (and repl-connect-history--file (> repl-connect-history-size 0))
        (unless repl-connect-history--new
          (run-with-idle-timer repl-connect-history--pause nil
                               #'repl-connect-history--save-in (current-buffer)))
        (push text repl-connect-history--new)))))

(defun repl-connect-history--read (file)
  "Return the entries in FILE, the oldest first; what is damaged is left out."
  (let ((entries nil))
    (when (file-readable-p file)
      (with-temp-buffer
        (let ((coding-system-for-read 'utf-8-emacs-unix))
          (ignore-errors (insert-file-contents file)))
        (while (not (eobp))
          (let ((entry (ignore-errors
                         (read (buffer-substring (point) (line-end-position))))))
            (when (stringp entry)
              (push entry entries)))
          (forward-line))))
    (nreverse entries)))

(defun repl-connect-history--save-in (buffer)
  "Write what is new in BUFFER; later, if another Emacs writes that file."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (if (and repl-connect-history--file
               (repl-connect-history--locked-p repl-connect-history--file))
          (run-at-time 1 nil #'repl-connect-history--save-in buffer)
        (repl-connect-history-save)))))

(defun repl-connect-history-save ()
  "Write what was typed here to the file, and keep what others have written."
  (when (and repl-connect-history--file repl-connect-history--new)
    (let* ((file repl-connect-history--file)
           (lock (repl-connect-history--lock file))
           (new (reverse repl-connect-history--new)))
      (setq repl-connect-history--new nil)
      (condition-case error
          (unwind-protect
              (progn
                (with-file-modes #o700
                  (make-directory (file-name-directory file) t))
                (ignore-errors (make-directory lock))
                (repl-connect-history--write
                 file (append (repl-connect-history--read file) new)))
            (ignore-errors (delete-directory lock)))
        (file-error
         (message "The history can't be kept in %s: %s" (abbreviate-file-name file)
                  (error-message-string error)))))))

(defun repl-connect-history--lock (file)
  "Return the directory that is there while FILE is written."
  (concat file ".lock"))

(defun repl-connect-history--locked-p (file)
  "Whether another Emacs writes FILE.
One that has been at it for too long has left its lock behind."
  (let ((attributes (file-attributes (repl-connect-history--lock file))))
    (and attributes
         (< (float-time (time-since (file-attribute-modification-time attributes)))
            repl-connect-history--stale))))

(defun repl-connect-history--write (file entries)
  "Make the last ones of ENTRIES, each once, what FILE has."
  (let* ((newest (seq-take (delete-dups (reverse entries)) repl-connect-history-size))
         (temporary (with-file-modes #o600 (make-temp-file (concat file ".")))))
    (unwind-protect
        (progn
          (with-temp-buffer
            (let ((print-escape-newlines t)
                  (print-length nil)
                  (coding-system-for-write 'utf-8-emacs-unix))
              (dolist (entry (nreverse newest))
                (prin1 (substring-no-properties entry) (current-buffer))
                (insert "\n"))
              (write-region nil nil temporary nil 'quiet)))
          (set-file-modes temporary #o600)
          (rename-file temporary file t)
          (setq temporary nil))
      (when temporary
        (ignore-errors (delete-file temporary))))))

(defun repl-connect-history--save-all ()
  "Write what is new in all buffers, since Emacs ends."
  (dolist (buffer (buffer-list))
    (when (buffer-local-value 'repl-connect-history--new buffer)
      (ignore-errors (repl-connect-history--save-in buffer)))))

(add-hook 'kill-emacs-hook #'repl-connect-history--save-all)

(provide 'repl-connect-history)
;;; repl-connect-history.el ends here
