;;; repl-connect-javascript.el --- JavaScript statements in a buffer  -*- lexical-binding: t; -*-

;;; Commentary:

;; Statements, found by where a line can end one, as Node's REPL reads them, in a buffer with
;; JavaScript's syntax.

;;; Code:

(require 'cl-lib)
(require 'repl-connect-brackets)

(defconst repl-connect-javascript--head
  "\\_<\\(?:for\\(?:[ \t]+await\\)?\\|if\\|while\\|with\\)[ \t]*"
  "Matches what wants a statement after its round brackets.")

(defconst repl-connect-javascript--wanting
  (concat "\\(?:\\`\\|[^.[:alnum:]_$]\\)"
          (regexp-opt '("else" "do" "new" "typeof" "void" "delete" "in" "of" "instanceof" "await"
                        "throw" "const" "let" "var" "class" "function" "extends" "try" "finally"
                        "case" "import")
                      t))
  "Matches a word that wants something after it.")

(defconst repl-connect-javascript-called
  "[[:alpha:]_$][[:alnum:]_$]*\\(?:\\??\\.[[:alnum:]_$]+\\)*[ \t]*"
  "Matches what is called, before its bracket.")

(defconst repl-connect-javascript-near 20000
  "Characters before point where a statement's start is looked for.")

;;;; Where a statement can end

(defun repl-connect-javascript--wants-p (beginning)
  "Whether the code from BEGINNING to point wants more after it."
  (save-excursion
    (forward-comment (- (point)))
    (let ((limit (max beginning (- (point) 200))))
      (cond
       ((<= (point) beginning) nil)
       ;; The end of a string or of a regular expression.
       ((memq (syntax-class (syntax-after (1- (point)))) '(7 15)) nil)
       ((memq (char-before) '(?\; ?:)) nil)
       ((looking-back "\\+\\+\\|--" limit) nil)
       ((memq (char-before) (append "-+*/%=<>!&|^~?.," nil)) t)
       ((looking-back repl-connect-javascript--wanting limit) t)
       ((eq (char-before) ?\))
        (let ((open (ignore-errors (scan-sexps (point) -1))))
          (when (and open (> open beginning))
            (goto-char open)
            (when (looking-back repl-connect-javascript--head (max beginning (- open 20)))
              (goto-char (match-beginning 0))
              ;; The end of `do ... while (...)' wants nothing after it.
              (forward-comment (- (point)))
              (not (and (eq (char-before) ?})
                        (> (point) beginning)
                        (save-excursion (goto-char open) (looking-back "while[ \t]*" limit))
                        t))))))))))

(defun repl-connect-javascript-complete-p (_language)
  "Whether the buffer's text can be sent: nothing is open, nothing wanted."
  (syntax-propertize (point-max))
  (let* ((syntax-propertize-function nil)
         (found (progn
                  (repl-connect-javascript--read-templates)
                  (repl-connect-brackets-check))))
    (or (null found)
        (pcase-let ((`(,state . ,opens) found))
          (goto-char (point-max))
          (cond
           ((memq (nth 3 state) '(?\" ?\')) ; wrong for good, unless the line goes on
            (not (looking-back "\\\\\n?" (max (point-min) (- (point) 2)))))
           ((or (nth 3 state) opens) nil)
           ((and (nth 4 state)
                 (save-excursion (goto-char (nth 8 state)) (looking-at-p "/\\*")))
            nil)
           (t (not (repl-connect-javascript--wants-p (point-min)))))))))

(defun repl-connect-javascript--read-templates ()
  "Mark each template of the buffer as one string, with the templates in it.
Only for a buffer of our own: it changes text properties."
  (save-excursion
    (goto-char (point-min))
    (while (search-forward "`" nil t)
      (let ((start (1- (point))))
        (unless (nth 8 (repl-connect-brackets-state start))
          (let ((whole (repl-connect-javascript--past-template)))
            (put-text-property (1+ start) (point) 'syntax-table (string-to-syntax "."))
            (put-text-property start (1+ start) 'syntax-table (string-to-syntax "|"))
            (when whole
              (put-text-property (1- (point)) (point) 'syntax-table (string-to-syntax "|")))
            (syntax-ppss-flush-cache start)))))))

(defun repl-connect-javascript--past-template ()
  "Move from after the start of a template to its end, say whether it has one."
  (let ((open '(template)))             ; what is open, innermost first
    (while (and open (re-search-forward "\\\\.\\|`\\|\\${\\|[{}]" nil 'move))
      (pcase (cons (match-string 0) (car open))
        (`("`" . template) (pop open))
        (`("`" . ,_) (push 'template open))
        (`("${" . template) (push 'code open))
        ((or `("{" . code) `("${" . code)) (push 'code open))
        (`("}" . code) (pop open))))
    (null open)))

;;;; Statements

(defun repl-connect-javascript--block-p (position)
  "Whether the bracket at POSITION opens a block of statements."
  (and (eq (char-after position) ?{)
       (save-excursion
         (goto-char position)
         (forward-comment (- (point)))
         (or (memq (char-before) '(?\) ?\; ?} ?{ nil))
             (looking-back "=>\\|\\_<\\(?:do\\|else\\|finally\\|try\\)"
                           (max (point-min) (- (point) 8)))))))

(defun repl-connect-javascript--head-p (position)
  "Whether point is at the end of the line where a block opens at POSITION."
  (and (save-excursion (skip-chars-forward " \t\r") (eolp))
       (string-match-p "\\`[ \t]*\\'" (buffer-substring (1+ position) (point)))))

(defun repl-connect-javascript--next (end)
  "Move from the start of a statement to its end, at most to END."
  (let ((start (point)) (going t))
    (while going
      (let ((semicolon (eq (char-after) ?\;)))
        (cond
         ((looking-at "\\s(\\|\\s\"\\|\\s|")
          (goto-char (min end (or (ignore-errors (scan-sexps (point) 1)) end))))
         ((< 0 (skip-chars-forward "[:alnum:]_$" end)))
         ((looking-at "\\+\\+\\|--\\|=>")
          (goto-char (min end (match-end 0))))
         (t (forward-char)))
        (let ((stop (point))
              (line-end (line-end-position)))
          (forward-comment (- end stop))
          (setq going (and (< (point) end)
                           (not semicolon)
                           (or (<= (point) line-end)
                               (repl-connect-javascript--goes-on-p start)
                               (save-excursion
                                 (goto-char stop)
                                 (repl-connect-javascript--wants-p start)))))
          (unless going
            (goto-char stop)))))))

(defun repl-connect-javascript--goes-on-p (start)
  "Whether the line at point is still of the statement from START."
  (cond ((looking-at-p "\\(?:catch\\|else\\|finally\\|in\\|instanceof\\|of\\)\\_>") t)
        ((looking-at-p "while\\_>") (save-excursion (goto-char start) (looking-at-p "do\\_>")))
        ((looking-at-p "\\+\\+\\|--\\|\\.\\.\\.\\|//") nil)
        ((looking-at-p "[-+*/%=<>&|^?.,:]") t)))

(defun repl-connect-javascript--begin (from)
  "Move to a statement's start after FROM, before point but not far before it."
  (let ((point (point)) (found nil))
    (if (< (- point from) repl-connect-javascript-near)
        (goto-char from)
      (goto-char (- point repl-connect-javascript-near))
      (while (and (not found) (re-search-forward "^[[:alpha:]_$]" point t))
        (setq found (null (nth 8 (repl-connect-brackets-state (match-beginning 0)))))
        (when found
          (goto-char (match-beginning 0))
          (setq found (and (null (repl-connect-brackets-around)) (point)))
          (forward-char)))
      (goto-char (or found from)))))

(defun repl-connect-javascript--statement (from to)
  "Return (START . END) of the statement from FROM to TO that point is in.
Else the one that ends before it on the same line, else the one that
starts after it there, else the one before."
  (let ((point (point)) (before nil) (after nil))
    (repl-connect-javascript--begin from)
    (while (progn
             (forward-comment (max 0 (- to (point))))
             (and (< (point) to) (null after)))
      (let ((start (point)))
        (repl-connect-javascript--next to)
        (if (<= (point) point)
            (setq before (cons start (point)))
          (setq after (cons start (point))))))
    (cond ((and after (<= (car after) point)) after)
          ((and before (<= (progn (goto-char point) (line-beginning-position)) (cdr before)))
           before)
          ((and after (>= (progn (goto-char point) (line-end-position)) (car after))) after)
          (t before))))

(defun repl-connect-javascript-form-before (_language)
  "Return (START . END) of the statement at or before point, or nil.
It is that of the innermost block around."
  (save-excursion
    (let ((open (cl-find-if (lambda (each)
                              (and (repl-connect-javascript--block-p each)
                                   (not (repl-connect-javascript--head-p each))))
                            (repl-connect-brackets-around))))
      (repl-connect-javascript--whole
       (if open
           (repl-connect-javascript--statement
            (1+ open) (1- (or (repl-connect-brackets-end open) (1+ (point-max)))))
         (repl-connect-javascript--statement (point-min) (point-max)))))))

(defun repl-connect-javascript-definition (_language)
  "Return (START . END) of the top-level statement around point or before it."
  (save-excursion
    (repl-connect-javascript--whole
     (repl-connect-javascript--statement (point-min) (point-max)))))

(defun repl-connect-javascript--whole (span)
  "Return SPAN, or nil if a bracket of it is open."
  (and span
       (let ((around (length (nth 9 (repl-connect-brackets-state (car span)))))
             (state (repl-connect-brackets-state (cdr span))))
         (and (not (nth 3 state)) (<= (length (nth 9 state)) around)))
       span))

(provide 'repl-connect-javascript)
;;; repl-connect-javascript.el ends here
