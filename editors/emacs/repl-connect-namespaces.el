;;; repl-connect-namespaces.el --- The namespace a file's text is in  -*- lexical-binding: t; -*-

;;; Commentary:

;; Which namespace the text of a Lisp's file says its code is in: the nearest declaration above
;; counts.  All declarations of a buffer are found at once, and again when the text has changed.
;; Entries of a language's record that count here:
;;
;;   :declares  names of forms that put what follows them into a namespace
;;   :encloses  names of forms that put what is inside of them into one
;;   :wraps     names of forms whose contents are top-level forms as well
;;   :reads     function that returns the name at point, after the form's own name, or nil

;;; Code:

(require 'cl-lib)
(require 'repl-connect-brackets)
(require 'repl-connect-lisp)

(defvar-local repl-connect-namespaces--found nil
  "What was found here: (TICK LANGUAGE . DECLARATIONS).")

(defun repl-connect-namespaces-at (position language)
  "Return the namespace that code of LANGUAGE at POSITION is in, or nil."
  (save-restriction
    (widen)
    (cl-loop for (from to name) in (repl-connect-namespaces--declarations language)
             when (and (<= from position) (or (null to) (< position to)))
             return name)))

(defun repl-connect-namespaces--declarations (language)
  "Return what declares namespaces of LANGUAGE in the buffer, the last first.
Each is (FROM TO NAME); TO is nil for the end of the text."
  (let ((tick (buffer-chars-modified-tick)))
    (unless (and (eql (car repl-connect-namespaces--found) tick)
                 (eq (cadr repl-connect-namespaces--found) language))
      (setq repl-connect-namespaces--found
            (cons tick (cons language (repl-connect-namespaces--read language)))))
    (cddr repl-connect-namespaces--found)))

(defun repl-connect-namespaces--read (language)
  "Read the buffer for `repl-connect-namespaces--declarations' of LANGUAGE."
  (let ((pattern (concat "[[(][ \t\r\n]*"
                         (regexp-opt (append (plist-get language :declares)
                                             (plist-get language :encloses))
                                     t)
                         "[][() \t\r\n^\"'#:|;]"))
        (case-fold-search t)
        (found nil))
    (save-excursion
      (goto-char (point-min))
      (while (re-search-forward pattern nil t)
        (let* ((start (match-beginning 0))
               (end (repl-connect-brackets-end start))
               (encloses (member (downcase (match-string 1)) (plist-get language :encloses)))
               (name-end (match-end 1)))
          (when (and (or end encloses)
                     (repl-connect-namespaces--top-level-p start language))
            (goto-char name-end)
            (let ((name (ignore-errors (funcall (plist-get language :reads)))))
              (when name
                (push (list (if encloses (1+ start) end) (and encloses end) name) found))))
          (goto-char name-end))))
    found))

(defun repl-connect-namespaces--top-level-p (position language)
  "Whether the bracket at POSITION opens a top-level form of LANGUAGE."
  (save-excursion
    (goto-char position)
    (let* ((state (repl-connect-brackets-state))
           (around (nth 9 state))
           (wraps (plist-get language :wraps)))
      (and (not (nth 8 state))
           (progn
             (repl-connect-lisp--back-over-prefix language)
             (= (point) position))
           (progn
             (skip-chars-backward " \t\r\n")
             (repl-connect-lisp--back-over-prefix language)
             (not (looking-at-p "#[_;]")))
           (or (cl-every (lambda (each)
                           (goto-char (1+ each))
                           (member (downcase (or (thing-at-point 'symbol t) "")) wraps))
                         around)
               ;; One above lacks its end: what starts a line is at the top level then.
               (and (memq (char-before position) '(?\n nil))
                    (cl-notany #'repl-connect-brackets-end around)))))))

;;;; How the names are written

(defun repl-connect-namespaces--skip ()
  "Move over blanks and comments, those of Clojure's readers too."
  (while (progn
           (skip-chars-forward " \t\r\n,")
           (forward-comment (buffer-size))
           (when (looking-at "#_\\|#?\\^")
             (goto-char (match-end 0))
             (goto-char (or (scan-sexps (point) 1) (point-max)))
             t))))

(defun repl-connect-namespaces-read-symbol ()
  "Return the symbol at point, plain or quoted, after what is metadata of it."
  (repl-connect-namespaces--skip)
  (when (looking-at "'?\\([^][(){}\"'`~@^;, \t\r\n]+\\)")
    (match-string-no-properties 1)))

(defun repl-connect-namespaces-read-list ()
  "Return the list of symbols at point as a string; a version in it is left out."
  (forward-comment (buffer-size))
  (when (eq (char-after) ?\()
    (let ((end (scan-sexps (point) 1)) (names nil))
      (forward-char)
      (while (progn (forward-comment (buffer-size)) (< (point) (1- end)))
        (let ((start (point)))
          (goto-char (scan-sexps start 1))
          (unless (eq (char-after start) ?\()
            (push (buffer-substring-no-properties start (point)) names))))
      (and names (format "(%s)" (string-join (nreverse names) " "))))))

(defun repl-connect-namespaces-read-designator ()
  "Return the name that the designator at point has in Common Lisp.
It is in upper case, but for what bars or backslashes keep."
  (forward-comment (buffer-size))
  (if (looking-at "\"\\(\\(?:[^\"\\]\\|\\\\.\\)*\\)\"")
      (replace-regexp-in-string "\\\\\\(.\\)" "\\1" (match-string-no-properties 1))
    (when (looking-at "'?\\(\\(?:[^]()\"';`,|\\ \t\r\n]\\|\\\\.\\||[^|]*|\\)+\\)")
      (let ((written (match-string-no-properties 1)) (name "") (from 0))
        (while (string-match "|\\([^|]*\\)|\\|\\\\\\(.\\)\\|:\\|[^|\\:]+" written from)
          (setq from (match-end 0)
                name (cond ((match-string 1 written) (concat name (match-string 1 written)))
                           ((match-string 2 written) (concat name (match-string 2 written)))
                           ;; Before it was the name of a package, or `#'.
                           ((equal (match-string 0 written) ":") "")
                           (t (concat name (upcase (match-string 0 written)))))))
        name))))

(defun repl-connect-namespaces-of-racket (path)
  "Return Racket's name for the module in the file PATH: that as a string."
  (when (and path (string-suffix-p ".rkt" path))
    (format "\"%s\"" (replace-regexp-in-string "[\\\"]" "\\\\\\&" (expand-file-name path)))))

(provide 'repl-connect-namespaces)
;;; repl-connect-namespaces.el ends here
