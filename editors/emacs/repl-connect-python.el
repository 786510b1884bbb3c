;;; repl-connect-python.el --- Python statements in a buffer  -*- lexical-binding: t; -*-

;;; Commentary:

;; Statements, found by their lines and indentation in a buffer with Python's syntax, so that a
;; text that does not parse has them too.  A logical line is one with those that it goes on in.

;;; Code:

(require 'cl-lib)
(require 'repl-connect-brackets)

(defconst repl-connect-python--clause
  "[ \t]*\\(?:elif\\|else\\|except\\|finally\\)\\_>"
  "Matches a line that goes on with a statement above it.")

(defconst repl-connect-python--compound
  (concat "[ \t]*\\(?:\\(?:async\\|class\\|def\\|elif\\|else\\|except\\|finally\\|for\\|if\\|try"
          "\\|while\\|with\\)\\_>\\|\\(?:match\\|case\\)\\_>.*:[ \t]*\\(?:#.*\\)?$\\|@\\)")
  "Matches the first line of what has a block.")

(defconst repl-connect-python--not-in-brackets
  (concat "^[ \t]*\\(?:assert\\|break\\|class\\|continue\\|def\\|del\\|global\\|import\\|nonlocal"
          "\\|pass\\|raise\\|return\\|try\\|while\\|with\\)\\_>")
  "Matches a line that cannot be in brackets: they were never closed.")

(defconst repl-connect-python--name "[[:alpha:]_][[:alnum:]_]*"
  "Matches a name.")

(defconst repl-connect-python-called
  (concat "\\(?:" repl-connect-python--name "[ \t]?\\.[ \t]?\\)*" repl-connect-python--name
          "[ \t]*")
  "Matches what is called, before its bracket.")

;;;; Logical lines

(defun repl-connect-python--nothing-p ()
  "Whether there is nothing but blanks or a comment on point's line."
  (save-excursion
    (beginning-of-line)
    (and (looking-at-p "[ \t\r\f]*\\(?:#\\|$\\)")
         (not (nth 3 (repl-connect-brackets-state))))))

(defun repl-connect-python--broken-before (from)
  "Return the last line from FROM to point's that cannot be in brackets."
  (save-excursion
    (end-of-line)
    (let ((found nil))
      (while (and (not found) (re-search-backward repl-connect-python--not-in-brackets from t))
        (unless (nth 3 (repl-connect-brackets-state))
          (setq found (line-beginning-position))))
      found)))

(defun repl-connect-python--joined-from ()
  "Return the start of the string or bracket that joins point's line to one above."
  (let* ((state (repl-connect-brackets-state (line-beginning-position)))
         (opens (reverse (repl-connect-brackets-around state)))
         (broken (and opens (repl-connect-python--broken-before (car opens)))))
    (or (cl-find-if (lambda (each) (or (null broken) (> each broken))) opens)
        (and (nth 3 state) (>= (nth 8 state) (point-min)) (nth 8 state)))))

(defun repl-connect-python--after-backslash-p ()
  "Whether the line above point's ends in a backslash."
  (let ((end (1- (line-beginning-position))))
    (and (> end (point-min))
         (eq (char-before end) ?\\)
         (not (nth 4 (repl-connect-brackets-state end))))))

(defun repl-connect-python--to-start ()
  "Move to the start of the first line of the logical line that point is in."
  (let ((going t))
    (while going
      (beginning-of-line)
      (let ((from (repl-connect-python--joined-from)))
        (cond (from (goto-char from))
              ((repl-connect-python--after-backslash-p) (forward-line -1))
              (t (setq going nil)))))))

(defun repl-connect-python--to-end ()
  "Move from the start of a logical line to the end of its last line."
  (let ((start (point)) (going t))
    (while going
      (end-of-line)
      (let* ((state (repl-connect-brackets-state))
             (opens (cl-some (lambda (each) (>= each start)) (nth 9 state))))
        (setq going (and (not (eobp))
                         (or (nth 3 state)
                             (and opens
                                  (save-excursion
                                    (forward-line)
                                    (not (looking-at-p repl-connect-python--not-in-brackets))))
                             (and (eq (char-before) ?\\) (not (nth 4 state))))))
        (when going
          (forward-line))))))

(defun repl-connect-python--next ()
  "Move from a logical line's start to the next one's, say whether there is one."
  (let ((start (point)))
    (repl-connect-python--to-end)
    (while (and (zerop (forward-line)) (not (eobp)) (repl-connect-python--nothing-p)))
    (if (or (<= (point) start) (not (bolp)) (eobp))
        (progn (goto-char start) nil)
      t)))

(defun repl-connect-python--previous ()
  "Move from a logical line's start to that before, say whether there is one."
  (let ((start (point)) (found nil))
    (while (and (not found) (zerop (forward-line -1)))
      (setq found (not (repl-connect-python--nothing-p))))
    (if (not found)
        (progn (goto-char start) nil)
      (repl-connect-python--to-start)
      (< (point) start))))

;;;; Statements

(defun repl-connect-python--up (limit)
  "Move up to the lines that have the blocks around, to one not deeper than LIMIT."
  (while (let ((indentation (current-indentation)) (here (point)))
           (and (> indentation limit)
                (let ((there nil))
                  (while (and (repl-connect-python--previous)
                              (not (setq there (< (current-indentation) indentation)))))
                  (or there (progn (goto-char here) nil)))))))

(defun repl-connect-python--head ()
  "Move from a clause, or a decorated line, to the statement's start."
  (let ((indentation (current-indentation)) (going t))
    (while going
      (let ((here (point)) (clause (looking-at-p repl-connect-python--clause)) (found nil))
        (if clause
            (while (and (repl-connect-python--previous)
                        (> (current-indentation) indentation)))
          (repl-connect-python--previous))
        (setq found (and (< (point) here)
                         (= (current-indentation) indentation)
                         (or clause (looking-at-p "[ \t]*@"))))
        (unless found
          (goto-char here)
          (setq going nil))))))

(defun repl-connect-python--span ()
  "Return (START . END) of the statement whose logical line begins at point.
It has its block, its clauses and its decorators."
  (repl-connect-python--head)
  (let ((indentation (current-indentation))
        (start (progn (skip-chars-forward " \t\f") (point)))
        (decorated (looking-at-p "@"))
        (end nil))
    (beginning-of-line)
    (while (progn
             (setq end (save-excursion (repl-connect-python--to-end) (point)))
             (and (repl-connect-python--next)
                  (or (> (current-indentation) indentation)
                      (and (= (current-indentation) indentation)
                           (or decorated (looking-at-p repl-connect-python--clause))))))
      (when (= (current-indentation) indentation)
        (setq decorated (looking-at-p "[ \t]*@"))))
    (goto-char end)
    (skip-chars-backward " \t\r\n\f")
    (and (< start (point)) (cons start (point)))))

(defun repl-connect-python--to-line (limit)
  "Move to the logical line at or before point, no deeper than LIMIT.
Without LIMIT an empty line or a comment is as deep as it is indented, so
that what is before it counts as a whole.  Say whether there is one."
  (let ((nothing (repl-connect-python--nothing-p))
        (deep (if (looking-at-p "[ \t]*$") (current-column) (current-indentation))))
    (beginning-of-line)
    (when (if nothing
              (repl-connect-python--previous)
            (repl-connect-python--to-start)
            t)
      (when (or nothing limit)
        (repl-connect-python--up (or limit deep)))
      t)))

(defun repl-connect-python-form-before (_language)
  "Return (START . END) of the statement at or before point, or nil.
It is the innermost one; on a line that has a block, the whole."
  (save-excursion
    (and (repl-connect-python--to-line nil) (repl-connect-python--span))))

(defun repl-connect-python-definition (_language)
  "Return (START . END) of the top-level statement around point or before it."
  (save-excursion
    (and (repl-connect-python--to-line 0) (repl-connect-python--span))))

;;;; Text on its own

(defun repl-connect-python-complete-p (_language)
  "Whether the buffer's text can be sent as it is.
A block needs an empty line at its end, unless it is on one line."
  (let ((found (repl-connect-brackets-check)))
    (or (null found)
        (pcase-let ((`(,state . ,opens) found))
          (goto-char (point-max))
          (cond
           ((nth 3 state)               ; a short string that does not end is wrong for good
            (and (characterp (nth 3 state)) (not (eq (char-before) ?\\))))
           (opens nil)
           ((and (eq (char-before) ?\\) (not (nth 4 state))) nil)
           (t (repl-connect-python--blocks-complete-p)))))))

(defun repl-connect-python--blocks-complete-p ()
  "Whether no block at the text's end may go on."
  (let ((empty (save-excursion
                 (goto-char (point-max))
                 (beginning-of-line)
                 (and (not (bobp)) (looking-at-p "[ \t\r]*$")))))
    (goto-char (point-max))
    (beginning-of-line)
    (if (not (if (repl-connect-python--nothing-p)
                 (repl-connect-python--previous)
               (repl-connect-python--to-start)
               t))
        t                               ; nothing but comments
      (let ((last (point))
            (opens-block (save-excursion
                           (repl-connect-python--to-end)
                           (repl-connect-python--ends-in-colon-p))))
        (repl-connect-python--up 0)
        (cond
         ((save-excursion (goto-char last) (looking-at-p "[ \t]*@")) nil)
         ((not (looking-at-p repl-connect-python--compound)) t)
         (opens-block nil)
         ((looking-at-p "try\\_>") nil)  ; its clauses are still to come
         ((and (= (point) last) (not (looking-at-p repl-connect-python--clause))) t)
         (t empty))))))

(defun repl-connect-python--ends-in-colon-p ()
  "Whether the code of point's line ends in a colon."
  (save-excursion
    (let ((state (repl-connect-brackets-state)))
      (when (nth 4 state)
        (goto-char (nth 8 state)))
      (skip-chars-backward " \t\r")
      (eq (char-before) ?:))))

(defun repl-connect-python-outdented (blanks)
  "Return the buffer's text without the indentation of its first line of code.
The line that the text is cut from begins with BLANKS.  Only where a compiler
looks at it does the indentation count: a line in a string stays as it is.
Return nil if the text has none, or if a line has less."
  (goto-char (point-min))
  (insert blanks)
  (let ((indentation nil) (fits t) (lines nil))
    (goto-char (point-min))
    (while (not (eobp))
      (let* ((state (repl-connect-brackets-state))
             (here (buffer-substring (point) (progn (skip-chars-forward " \t\f") (point)))))
        (beginning-of-line)
        (unless (nth 3 state)
          (push (copy-marker (point)) lines)
          (unless (or (nth 9 state)
                      (repl-connect-python--nothing-p)
                      (repl-connect-python--after-backslash-p))
            (setq indentation (or indentation here)
                  fits (and fits (string-prefix-p indentation here))))))
      (forward-line))
    (when (and fits indentation (not (equal indentation "")))
      (dolist (line lines)
        (goto-char line)
        (let ((shared (compare-strings indentation nil nil
                                       (buffer-substring (point) (line-end-position)) nil nil)))
          (delete-region line (+ line (if (eq shared t)
                                          (length indentation)
                                        (min (1- (abs shared)) (length indentation)))))))
      (buffer-substring-no-properties (point-min) (point-max)))))

(provide 'repl-connect-python)
;;; repl-connect-python.el ends here
