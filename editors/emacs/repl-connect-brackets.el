;;; repl-connect-brackets.el --- Brackets and calls in any language  -*- lexical-binding: t; -*-

;;; Commentary:

;; What the languages have in common: which brackets are open, whether one is wrong, what is called
;; around point.  Emacs reads the text by the syntax of the buffer's mode.

;;; Code:

(require 'cl-lib)
(require 'subr-x)

(defconst repl-connect-brackets-limit 20000
  "Characters before point in which a call is looked for.")

(defun repl-connect-brackets-state (&optional position)
  "Return what `syntax-ppss' does at POSITION, or at point."
  (save-excursion (syntax-ppss position)))

(defun repl-connect-brackets-around (&optional state)
  "Return the positions of the brackets that STATE has open, innermost first.
STATE is that at point unless given.  What is not accessible is left out."
  (cl-remove-if (lambda (each) (< each (point-min)))
                (reverse (nth 9 (or state (repl-connect-brackets-state))))))

(defun repl-connect-brackets-end (position)
  "Return where the list ends that opens at POSITION, nil if it does not."
  (ignore-errors (scan-sexps position 1)))

(defun repl-connect-brackets-check ()
  "Read the buffer to its end, or to the first bracket that is wrong.
Return nil if one is: one that closes nothing, or not what is open.
Else return (STATE . OPEN), the state of the parser at the end and the
positions of the brackets that are open there, innermost first."
  (save-excursion
    (syntax-propertize (point-max))
    (goto-char (point-min))
    (let ((state nil) (from (point)) (opens nil) (wrong nil))
      (while (and (not wrong) (re-search-forward "[][(){}]" nil t))
        (let* ((here (1- (point)))
               (syntax (syntax-after here)))
          (setq state (save-excursion (parse-partial-sexp from here nil nil state))
                from here)
          (unless (or (nth 3 state) (nth 4 state) (nth 5 state))
            (pcase (syntax-class syntax)
              (4 (push here opens))
              (5 (if (and opens (eq (cdr syntax) (char-after (car opens))))
                     (pop opens)
                   (setq wrong t)))))))
      (unless wrong
        (cons (parse-partial-sexp from (point-max) nil nil state) opens)))))

(defun repl-connect-brackets-symbol (before after anywhere)
  "Return (START . END) of the symbol around point, nil if there is none.
BEFORE and AFTER are the characters, as `skip-chars-backward' takes
them, that it may have before and after point.  Unless ANYWHERE it is
not looked for in strings and comments."
  (unless (and (not anywhere) (nth 8 (repl-connect-brackets-state)))
    (save-excursion
      (let ((point (point))
            (end (progn (skip-chars-forward after (+ (point) 500)) (point))))
        (goto-char point)
        (skip-chars-backward before (- (point) 500))
        (when (< (point) end)
          (cons (point) end))))))

(defun repl-connect-brackets-call (name keyword defining)
  "Return (NAME . INDEX) of the innermost call around point, nil if none.
A call is a name that ends at a round bracket.  The regexp NAME matches
what is called, KEYWORD a word that is not, and DEFINING one after which
a name is not.  INDEX is how many commas are between bracket and point."
  (cl-loop
   for open in (repl-connect-brackets-around)
   while (> open (- (point) repl-connect-brackets-limit))
   for called = (and (eq (char-after open) ?\()
                     (repl-connect-brackets--called open name keyword defining))
   when called return (cons called (repl-connect-brackets-commas open))))

(defun repl-connect-brackets--called (open name keyword defining)
  "Return what is called by the bracket at OPEN, nil if nothing is.
For NAME, KEYWORD and DEFINING see `repl-connect-brackets-call'."
  (let* ((line (save-excursion (goto-char open) (line-beginning-position)))
         (text (buffer-substring-no-properties (max line (- open 500)) open)))
    (when (string-match (concat "\\(?:" name "\\)[ \t]*\\'") text)
      (let ((called (string-trim-right (match-string 0 text)))
            (before (string-trim-right (substring text 0 (match-beginning 0)))))
        (and (not (string-suffix-p "." before))
             (not (string-match-p (concat "\\(?:\\`\\|[^[:alnum:]_.]\\)\\(?:" defining "\\)\\'")
                                  before))
             (not (string-match-p (concat "\\`\\(?:" keyword "\\)\\'") called))
             (replace-regexp-in-string "[ \t]" "" called))))))

(defun repl-connect-brackets-commas (open)
  "Return how many commas of its own the list at OPEN has before point."
  (save-excursion
    (let ((end (point)) (count 0) (state nil) (from (1+ open)))
      (goto-char from)
      (while (search-forward "," end t)
        (setq state (save-excursion (parse-partial-sexp from (1- (point)) nil nil state))
              from (1- (point)))
        (when (and (<= (car state) 0) (not (nth 8 state)))
          (cl-incf count)))
      count)))

(provide 'repl-connect-brackets)
;;; repl-connect-brackets.el ends here
