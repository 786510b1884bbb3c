;;; repl-connect-languages.el --- What is known of each language  -*- lexical-binding: t; -*-

;;; Commentary:

;; What other files ask of a language, without asking which it is: that is data, a record in
;; `repl-connect-languages' (repl-connect-dialects.el).
;;
;; They take a record, or the name of one.  Those that take a text put it into a hidden buffer in
;; the language's mode.  Those that look around point do so in the buffer itself if it has such a
;; mode; else (a REPL) they do it with a copy of what is accessible, narrowed by the caller to the
;; input.  None of them raises an error, moves point or changes the match data.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'repl-connect-brackets)
(require 'repl-connect-dialects)
(require 'repl-connect-namespaces)

(defconst repl-connect-language-fontify-limit 20000
  "Characters that a text may have to be fontified.")

(defconst repl-connect-language-fontify-line-limit 400
  "Characters that a line of a text to be fontified may have.
The time that Python's mode takes grows with the square of it.")

(defconst repl-connect-language-copy-limit 100000
  "Characters on each side of point looked at in a buffer of another mode.")

(defvar-local repl-connect-language nil
  "The record of what is written in this buffer, if its mode does not say it.")

;;;; The records

(defun repl-connect-language-named (name)
  "Return the record of the language called NAME, text's if there is none."
  (or (and (stringp name)
           (cl-find (downcase name) repl-connect-languages
                    :key (lambda (each) (plist-get each :name)) :test #'equal))
      (car (last repl-connect-languages))))

(defun repl-connect-language--record (language)
  "Return the record that LANGUAGE is, or is the name of; text's for nil."
  (if (consp language) language (repl-connect-language-named language)))

(defun repl-connect-language-name (language)
  "Return the name of LANGUAGE."
  (plist-get (repl-connect-language--record language) :name))

(defun repl-connect-language-comment-prefix (language)
  "Return the beginning of a comment of LANGUAGE, with its blank, or nil."
  (plist-get (repl-connect-language--record language) :comment))

(defun repl-connect-language-prompt (language namespace)
  "Return the prompt of LANGUAGE for NAMESPACE, which may be nil."
  (let ((record (repl-connect-language--record language)))
    (format (plist-get record :prompt) (or namespace (plist-get record :unnamed)))))

(defun repl-connect-language-of-description (description)
  "Return the record of what a server speaks.
DESCRIPTION is its decoded `describe' reply."
  (ignore-errors
    (let ((told (alist-get "repl-connect/language" (alist-get "aux" description nil nil #'equal)
                           nil nil #'equal))
          (versions (alist-get "versions" description nil nil #'equal)))
      (repl-connect-language-named
       (if (stringp told)
           told
         (cl-find-if (lambda (each) (assoc each versions))
                     '("guile" "clojure" "babashka" "basilisp" "python" "sbcl" "racket")))))))

(defun repl-connect-language-of-mode (mode)
  "Return the record of the language that files in major mode MODE have, or nil."
  (when (symbolp mode)
    (cl-find-if (lambda (record)
                  (apply #'provided-mode-derived-p mode (plist-get record :modes)))
                ;; A Racket mode may be derived from that of Scheme.
                (cons (repl-connect-language-named "racket") repl-connect-languages))))

(defun repl-connect-language-of-buffer ()
  "Return the record of what is written in the current buffer, nil if not known."
  (or repl-connect-language (repl-connect-language-of-mode major-mode)))

(defun repl-connect-languages-agree (code spoken)
  "Whether CODE, a language, may go to a REPL where SPOKEN is spoken.
Return `same' if files of the two are alike, `akin' if they are of one
family or one is not known, nil if not.  All Schemes have one mode: code
of them is taken for Guile's."
  (let* ((code (repl-connect-language--record code))
         (spoken (repl-connect-language--record spoken))
         (family (plist-get code :family)))
    (cond ((not (and family (plist-get spoken :family))) 'akin)
          ((equal (plist-get code :name) (plist-get spoken :name)) 'same)
          ((eq family (plist-get spoken :family)) 'akin))))

;;;; Hidden buffers

(defvar python-indent-guess-indent-offset)

(defun repl-connect-language-mode (language)
  "Return the major mode that fontifies a text of LANGUAGE, or nil."
  (cl-find-if #'fboundp (plist-get (repl-connect-language--record language) :text-modes)))

(defun repl-connect-language--buffer (language)
  "Return the hidden buffer in the mode of LANGUAGE, nil if it has none.
The mode's hooks are not run: they are for files."
  (when-let ((mode (repl-connect-language-mode language)))
    (let ((name (format " *repl-connect %s*" mode)))
      (or (get-buffer name)
          (let ((buffer (get-buffer-create name)) (made nil))
            (unwind-protect
                (with-current-buffer buffer
                  (let ((inhibit-message t) (message-log-max nil)
                        (python-indent-guess-indent-offset nil))
                    (delay-mode-hooks (funcall mode)))
                  (kill-local-variable 'delayed-mode-hooks)
                  (setq buffer-undo-list t)
                  (setq-local indent-tabs-mode nil)
                  (setq made t))
              (unless made
                (kill-buffer buffer)))
            buffer)))))

(defmacro repl-connect-language--quietly (&rest body)
  "Evaluate BODY; return nil for an error.  Point and the match data stay."
  (declare (indent 0) (debug t))
  `(save-match-data
     (save-excursion
       (ignore-errors ,@body))))

(defmacro repl-connect-language--with-text (text language &rest body)
  "Evaluate BODY at the end of TEXT in a hidden buffer of LANGUAGE."
  (declare (indent 2) (debug t))
  (let ((buffer (make-symbol "buffer")))
    `(repl-connect-language--quietly
       (when-let ((,buffer (repl-connect-language--buffer ,language)))
         (repl-connect-language--fill ,buffer ,text)
         (unwind-protect
             (with-current-buffer ,buffer ,@body)
           (repl-connect-language--fill ,buffer ""))))))

(defun repl-connect-language--fill (buffer text)
  "Make TEXT all that is in BUFFER."
  (with-current-buffer buffer
    (let ((inhibit-read-only t))
      (widen)
      (erase-buffer)
      (insert (substring-no-properties text)))))

(defun repl-connect-language--there (language function)
  "Return what FUNCTION does at point in a buffer with the syntax of LANGUAGE.
That is (VALUE . OFFSET): OFFSET is to be added to positions in VALUE."
  (repl-connect-language--quietly
    (if (apply #'derived-mode-p (plist-get language :modes))
        (let ((parse-sexp-ignore-comments t)
              (case-fold-search nil))
          (cons (funcall function) 0))
      (let* ((point (point))
             (start (max (point-min) (- point repl-connect-language-copy-limit)))
             (end (min (point-max) (+ point repl-connect-language-copy-limit))))
        (repl-connect-language--with-text (buffer-substring-no-properties start end) language
          (goto-char (1+ (- point start)))
          (let ((parse-sexp-ignore-comments t)
                (case-fold-search nil))
            (cons (funcall function) (1- start))))))))

(defun repl-connect-language--span (key &rest arguments)
  "Return (START . END), found around point by the function that is KEY's entry.
It is given the buffer's language and ARGUMENTS."
  (when-let* ((language (repl-connect-language-of-buffer))
              (function (plist-get language key)))
    (pcase (repl-connect-language--there language
                                         (lambda () (apply function language arguments)))
      (`((,start . ,end) . ,offset)
       (and (< start end) (cons (+ start offset) (+ end offset)))))))

;;;; Texts

(defun repl-connect-language-short-lines-p (string)
  "Whether no line of STRING is too long to be fontified while one waits."
  (cl-every (lambda (line) (<= (length line) repl-connect-language-fontify-line-limit))
            (split-string string "\n")))

(defun repl-connect-language-fontify (string language)
  "Return STRING with the faces that LANGUAGE's mode gives it.
Return STRING itself if it or a line is too long, or there is no mode."
  (or (and (<= (length string) repl-connect-language-fontify-limit)
           (repl-connect-language-short-lines-p string)
           (repl-connect-language--with-text string language
             (font-lock-ensure)
             (let ((found (copy-sequence string)) (from (point-min)))
               (while (< from (point-max))
                 (let ((next (next-single-property-change from 'face nil (point-max)))
                       (face (get-text-property from 'face)))
                   (when face
                     ;; `face' for the echo area, the other for a buffer that font-lock works in.
                     (add-text-properties (1- from) (1- next)
                                          (list 'face face 'font-lock-face face) found))
                   (setq from next)))
               found)))
      string))

(defun repl-connect-language-command-p (text language)
  "Whether TEXT is a command of the REPL's own in LANGUAGE, to be sent as it is.
Such are Guile's: `,bt'."
  (when-let ((function (plist-get (repl-connect-language--record language) :command)))
    (repl-connect-language--quietly (funcall function text))))

(defun repl-connect-language-complete-p (text language)
  "Whether TEXT, code of LANGUAGE, is whole, so that RET should send it.
What is wrong for good is whole too: the program says what is wrong."
  (let* ((record (repl-connect-language--record language))
         (function (plist-get record :complete)))
    (cond
     ((or (null function) (string-blank-p text)) t)
     ((repl-connect-language-command-p text record)
      ;; The REPL reads one line; a form in it may go on.
      (let ((rest (substring text (1+ (string-search "," text)))))
        (or (string-search "\n" text)
            (not (string-search " " rest))
            (repl-connect-language-complete-p rest record))))
     (t (pcase (repl-connect-language--with-text text record
                 (let ((case-fold-search nil))
                   (list (funcall function record))))
          (`(,answer) (and answer t))
          (_ t))))))

(defun repl-connect-language-indentation (text language &optional column)
  "Return the blanks at the start of a line after TEXT, code of LANGUAGE.
COLUMN is where the first line of TEXT starts on the screen, after a
prompt: where arguments stand below each other they are aligned to that."
  (let* ((record (repl-connect-language--record language))
         (column (if (plist-get record :visual) (or column 0) 0)))
    (or (and (plist-get record :indents)
             (repl-connect-language--with-text (concat (make-string column ?\s) text "\n") record
               (let ((state (syntax-ppss)) (inhibit-message t) (this-command nil))
                 (cond ((nth 3 state) "")
                       ((and (plist-get record :visual) (<= (car state) 0)) "")
                       (t (indent-according-to-mode)
                          (make-string (current-indentation) ?\s))))))
        "")))

(defun repl-connect-language-extract (start end language)
  "Return the text from START to END as code of LANGUAGE on its own.
It has as many lines.  Python's loses the indentation it has as a whole:
where it is not the text itself, its columns are not the buffer's."
  (let* ((function (plist-get (repl-connect-language--record language) :outdented))
         (piece (buffer-substring-no-properties start end))
         (before (save-excursion
                   (goto-char start)
                   (buffer-substring-no-properties (line-beginning-position) start)))
         (blanks (and (string-match "\\`[ \t\f]*" before) (match-string 0 before))))
    (or (and function
             (repl-connect-language--with-text
                 (if (equal blanks before) piece (string-trim-left piece "[ \t\f]+"))
                 language
               (funcall function blanks)))
        piece)))

;;;; Around point

(defun repl-connect-language--line ()
  "Return (START . END) of what is on point's line, nil if nothing is."
  (save-excursion
    (let ((end (progn (end-of-line) (skip-chars-backward " \t\r") (point))))
      (back-to-indentation)
      (and (< (point) end) (cons (point) end)))))

(defun repl-connect-form-before-point ()
  "Return (START . END) of the form before point, nil if there is none.
In a Lisp it has its quotes and other prefixes, but for those that make
it a comment.  Elsewhere it is the innermost statement at or before point,
on a line that a block belongs to the whole; of plain text the line."
  (if (plist-get (repl-connect-language-of-buffer) :form)
      (repl-connect-language--span :form)
    (repl-connect-language--line)))

(defun repl-connect-definition-at-point ()
  "Return (START . END) of the top-level form around point or before it, or nil."
  (if (plist-get (repl-connect-language-of-buffer) :definition)
      (repl-connect-language--span :definition)
    (repl-connect-language--line)))

(defun repl-connect-language-symbol-at-point (&optional anywhere)
  "Return (START . END) of the symbol around point, nil if there is none.
That is what a completion replaces, and what documentation is about.
It is not looked for in strings and comments, unless ANYWHERE."
  (let* ((language (repl-connect-language-of-buffer))
         (chars (plist-get language :symbol-chars)))
    (cond
     ((plist-get language :symbol-at)
      (repl-connect-language--span :symbol-at anywhere))
     (chars
      (pcase (repl-connect-language--there
              language
              (lambda ()
                (when-let ((found (repl-connect-brackets-symbol
                                   (car chars) (cadr chars) anywhere)))
                  (let ((text (buffer-substring-no-properties (car found) (cdr found))))
                    (when (string-match (nth 2 chars) text)
                      (cl-incf (car found) (match-end 0)))
                    (and (< (car found) (cdr found)) found)))))
        (`((,start . ,end) . ,offset) (cons (+ start offset) (+ end offset)))))
     (t (repl-connect-language--quietly
          (repl-connect-brackets-symbol "^ \t\r\n" "^ \t\r\n" t))))))

(defun repl-connect-call-at-point ()
  "Return (NAME . INDEX) of the innermost call around point, or nil.
INDEX counts the arguments before point.  A call that starts far above is
not found."
  (when-let* ((language (repl-connect-language-of-buffer))
              (call (or (plist-get language :called) (plist-get language :call))))
    (car (repl-connect-language--there
          language
          (lambda ()
            (if (functionp call)
                (funcall call language)
              (apply #'repl-connect-brackets-call call)))))))

(defun repl-connect-buffer-namespace (&optional position)
  "Return the namespace that code at POSITION, or at point, is in.
That is what the buffer's text says, or the name of its file; nil if they
say nothing."
  (let ((language (repl-connect-language-of-buffer))
        (of-path nil))
    (repl-connect-language--quietly
      (cond
       ((setq of-path (plist-get language :of-path))
        (funcall of-path buffer-file-name))
       ((plist-get language :reads)
        (save-restriction
          (widen)
          (when position
            (goto-char position))
          (car (repl-connect-language--there
                language
                (lambda () (repl-connect-namespaces-at (point) language))))))))))

(provide 'repl-connect-languages)
;;; repl-connect-languages.el ends here
