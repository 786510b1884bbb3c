;;; repl-connect-asking.el --- Questions to the other side, and tables  -*- lexical-binding: t; -*-

;;; Commentary:

;; What the `,' commands have in common: a question whose refusal is told to the user, an id that
;; is meant by a part of it, tables and times as people read them.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-cuts)
(require 'repl-connect-evaluation)
(require 'repl-connect-output)
(require 'repl-connect-targets)
(require 'repl-connect-values)

(defface repl-connect-heading '((t :inherit bold))
  "Headings, and the heads of tables."
  :group 'repl-connect-faces)

(defconst repl-connect--rows 200
  "Rows of a table at most.")

;;;; Telling the user

(defun repl-connect-line (text)
  "Return TEXT, of any type, as one line without control characters.
It is empty for nil."
  (let ((text (cond ((null text) "") ((stringp text) text) (t (format "%s" text)))))
    (string-trim
     (replace-regexp-in-string "[\0- \x7f-\x9f\x202a-\x202e\x2066-\x2069]+" " "
                               (substring text 0 (min 2000 (length text)))
                               t t))))

(defun repl-connect--first-word (text)
  "Return the first word of TEXT and the rest, as a pair."
  (string-match "\\`[ \t\n]*\\([^ \t\n]*\\)[ \t\n]*" text)
  (cons (match-string 1 text) (substring text (match-end 0))))

(defun repl-connect--short (text)
  "Return TEXT as a line of a reasonable length."
  (truncate-string-to-width (repl-connect-line text) 150 nil nil t))

(defun repl-connect-short-id (ident)
  "Return the beginning of IDENT, that of a session."
  (truncate-string-to-width (repl-connect-line ident) 8))

(defun repl-connect-tell (connection format-string &rest arguments)
  "Say something about CONNECTION in its buffer.
In the echo area too, if another buffer is selected.  FORMAT-STRING and
ARGUMENTS are as for `format'."
  (let ((words (apply #'format format-string arguments)))
    (repl-connect-note connection "%s" words)
    (unless (eq (window-buffer (selected-window)) (repl-connect-connection-buffer connection))
      (message "%s" words))))

(defun repl-connect-view (name mode function)
  "Show a buffer NAME in MODE, made anew by FUNCTION, and return it.
It is shown in a window of its own, which is not selected."
  (let ((buffer (get-buffer-create name))
        (directory default-directory))
    (with-current-buffer buffer
      (funcall mode)
      (setq default-directory directory)
      (let ((inhibit-read-only t))
        (erase-buffer)
        (funcall function)
        (repl-connect-cuts-break-lines))
      (goto-char (point-min))
      (set-buffer-modified-p nil))
    (when-let ((window (display-buffer buffer)))
      (set-window-point window 1))
    buffer))

(defun repl-connect-write (connection text file words)
  "Write TEXT into FILE, whose name was typed, quoted or not.
WORDS are what is said of it on CONNECTION, with %s for its name."
  (let* ((file (expand-file-name (string-trim file "[\"']" "[\"']")))
         (name (abbreviate-file-name file))
         (coding-system-for-write 'utf-8-unix))
    (condition-case error
        (progn
          (write-region text nil file nil 'quiet)
          (repl-connect-note connection words name))
      (file-error (repl-connect-tell connection "%s: %s" name
                                     (or (nth 2 error) (error-message-string error)))))))

;;;; Tables

(defun repl-connect--columns (connection)
  "Return the width of the window of CONNECTION."
  (let ((window (get-buffer-window (repl-connect-connection-buffer connection) 'visible)))
    (max 40 (if window (window-max-chars-per-line window) 80))))

(defun repl-connect-show-table (connection heads rows)
  "Show ROWS, lists of cells, under HEADS in the buffer of CONNECTION.
Cells are anything `repl-connect-line' takes."
  (let* ((columns (repl-connect--columns connection))
         (left (- (length rows) repl-connect--rows))
         (lines (mapcar (lambda (row) (mapcar #'repl-connect-line row))
                        (cons heads (seq-take rows repl-connect--rows))))
         (widths (apply #'cl-mapcar
                        (lambda (&rest cells)
                          (min (/ columns 2) (apply #'max (mapcar #'string-width cells))))
                        lines))
         (face 'repl-connect-heading))
    (setf (car (last widths)) columns)
    (dolist (cells lines)
      (let ((line (string-join (cl-mapcar (lambda (cell width)
                                            (truncate-string-to-width cell width nil ?\s t))
                                          cells widths)
                               "  ")))
        (repl-connect-show connection
                           (concat (truncate-string-to-width (string-trim-right line)
                                                             (1- columns) nil nil t)
                                   "\n")
                           face)
        (setq face 'default)))
    (when (> left 0)
      (repl-connect-note connection "… %d more" left))))

(defun repl-connect-show-facts (connection facts)
  "Show FACTS, pairs of a name and something, in the buffer of CONNECTION.
Those with nothing to say are left out."
  (let* ((facts (seq-remove (lambda (fact) (member (cdr fact) '(nil ""))) facts))
         (indent (+ 2 (apply #'max 0 (mapcar (lambda (fact) (length (car fact))) facts)))))
    (pcase-dolist (`(,name . ,fact) facts)
      (repl-connect-show connection (string-pad name indent) 'repl-connect-heading)
      (repl-connect-show connection
                         (repl-connect--filled (repl-connect-line fact) indent
                                               (repl-connect--columns connection))
                         'default))))

(defun repl-connect--filled (text indent columns)
  "Return TEXT as lines of at most COLUMNS, all but the first with INDENT blanks."
  (with-temp-buffer
    (insert (make-string indent ?\s) text)
    (let ((fill-column (1- columns))
          (fill-prefix (make-string indent ?\s)))
      (fill-region (point-min) (point-max)))
    (concat (buffer-substring (+ (point-min) indent) (point-max)) "\n")))

(defun repl-connect-ago (milliseconds)
  "Return how long ago MILLISECONDS, since the epoch, was; empty for none."
  (if (not (integerp milliseconds))
      ""
    (let ((seconds (- (float-time) (/ milliseconds 1000.0))))
      (if (< seconds 1)
          "now"
        (concat (string-replace ".0 s" " s" (repl-connect-duration (round seconds))) " ago")))))

;;;; Asking

(defun repl-connect-maps (message key)
  "Return the maps of the list that MESSAGE has under KEY."
  (let ((value (repl-connect-get message key)))
    (and (vectorp value) (seq-filter #'consp value))))

(defun repl-connect-texts (message key)
  "Return the texts of the list that MESSAGE has under KEY."
  (let ((value (repl-connect-get message key)))
    (and (vectorp value) (seq-filter #'stringp value))))

(defun repl-connect-missing (connection op)
  "Return why OP can't be asked of CONNECTION, a sentence; nil if it can."
  (cond
   ((not (repl-connect-open-p connection))
    "Not connected: M-x repl-connect-reconnect connects again.")
   ((not (repl-connect-supports-p connection op))
    (format "The program at %s has no op %s%s." (repl-connect-connection-address connection) op
            (if (string-prefix-p "repl-server/" op)
                " (a Python program with repl_server has it)"
              "")))))

(defun repl-connect-tell-refusal (connection reply otherwise &optional before)
  "Tell the user of CONNECTION, after BEFORE, why REPLY refuses something.
OTHERWISE is as for `repl-connect-refusal'."
  (repl-connect-tell connection "%s%s" (or before "")
                     (repl-connect-line (repl-connect-refusal reply otherwise))))

(defun repl-connect-inquire (connection message function)
  "Send MESSAGE on CONNECTION; call FUNCTION with the reply that ends it.
The user is told if it is refused, or can't be asked."
  (let ((missing (repl-connect-missing connection (repl-connect-get message "op"))))
    (if missing
        (repl-connect-tell connection "%s" missing)
      (repl-connect-request
       connection message
       (lambda (reply)
         (let ((statuses (repl-connect-statuses reply)))
           (cond
            ((member "lost" statuses))
            ((seq-intersection statuses '("error" "unknown-op"))
             (repl-connect-tell-refusal connection reply "refused it"))
            ((member "done" statuses) (funcall function reply)))))))))

(defun repl-connect-round-trip (connection function &optional times)
  "Call FUNCTION with the time, in seconds, that CONNECTION takes to answer.
It is the shortest of three; TIMES are those that are known."
  (let ((begun (float-time)))
    (repl-connect-tool-request
     connection
     ;; What a bridge adapts answers `describe' by itself.
     (if (repl-connect-supports-p connection "completions")
         '(("op" . "completions") ("prefix" . "repl-connect-no-such-name"))
       '(("op" . "describe")))
     (lambda (reply)
       (when (and (repl-connect-last-p reply)
                  (not (member "lost" (repl-connect-statuses reply))))
         (let ((times (cons (- (float-time) begun) times)))
           (if (nthcdr 2 times)
               (funcall function (apply #'min times))
             (repl-connect-round-trip connection function times))))))))

(defun repl-connect-meant (connection text idents what)
  "Return which of IDENTS is meant by TEXT; if none or several are, say so.
All of it, its beginning, or what follows its last hyphen will do.  WHAT
is said of it on CONNECTION: job."
  (if (member text idents)
      text
    (let ((found (or (seq-filter (lambda (ident) (string-suffix-p (concat "-" text) ident))
                                 idents)
                     (seq-filter (lambda (ident) (string-prefix-p text ident)) idents))))
      (cond
       ((and found (null (cdr found))) (car found))
       (found (repl-connect-tell connection "%s is the beginning of %d %ss: %s." text
                                 (length found) what (string-join (seq-take found 5) ", "))
              nil)
       (t (repl-connect-tell connection "There is no %s %s." what text) nil)))))

(provide 'repl-connect-asking)
;;; repl-connect-asking.el ends here
