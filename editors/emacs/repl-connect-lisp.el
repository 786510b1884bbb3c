;;; repl-connect-lisp.el --- Forms of Lisps in a buffer  -*- lexical-binding: t; -*-

;;; Commentary:

;; Everything here takes the record of a Lisp (see repl-connect-dialects.el) and works on the
;; current buffer, which has the syntax of such a language.  Its entries that count here:
;;
;;   :symbol      what a name can have, for `skip-chars-forward'
;;   :prefix      regexp of what stands right before a form and belongs to it, or to a template
;;   :dropped     regexp of such as are not sent: they make a comment, or mean nothing elsewhere
;;   :awaits      regexp of such as must be followed by something
;;   :annotation  regexp of how a form starts that belongs to the next one (metadata), or nil
;;   :calls       the brackets that open calls
;;   :short       whether `#(' is a call
;;   :container   regexp of a list whose contents count as top-level forms, or nil

;;; Code:

(require 'cl-lib)
(require 'repl-connect-brackets)

;;;; Whether it is complete

(defun repl-connect-lisp-complete-p (language)
  "Whether the buffer's text can be sent as code of LANGUAGE.
It can if nothing is open, or if something is wrong for good."
  (let ((found (repl-connect-brackets-check)))
    (or (null found)
        (pcase-let ((`(,state . ,opens) found))
          (not (or opens
                   (nth 3 state)
                   (nth 5 state)
                   (and (nth 4 state)
                        (save-excursion (goto-char (nth 8 state)) (not (looking-at-p ";"))))
                   (repl-connect-lisp--awaits-p language)))))))

(defun repl-connect-lisp--awaits-p (language)
  "Whether the text ends in a prefix of LANGUAGE, whose form is still to come."
  (save-excursion
    (let ((prefix (concat "\\(?:\\`\\|[][(){}[:space:]]\\)\\(\\(?:"
                          (plist-get language :awaits) "\\)+\\)")))
      (cl-some (lambda (skip)
                 (goto-char (point-max))
                 (funcall skip (- (point-max)))
                 (and (looking-back prefix (max (point-min) (- (point) 20)))
                      (not (nth 8 (repl-connect-brackets-state (match-beginning 1))))))
               ;; Emacs takes a datum comment without its datum for a whole comment.
               (list (lambda (_) (skip-chars-backward " \t\r\n")) #'forward-comment)))))

(defun repl-connect-lisp-command-p (text)
  "Whether TEXT is a command of Guile's own, as `,bt' is."
  (and (string-match-p "\\`[ \t\r\n]*,[^(@]" text) t))

;;;; One form

(defun repl-connect-lisp--back-over-prefix (language)
  "Move back over what belongs to the form of LANGUAGE at point."
  (while (and (looking-back (plist-get language :prefix) (max (point-min) (- (point) 40)) t)
              (< (match-beginning 0) (point)))
    (goto-char (match-beginning 0))))

(defun repl-connect-lisp--back-over-annotation (language)
  "Move back over an annotation of LANGUAGE, say whether there is one."
  (let ((annotation (plist-get language :annotation))
        (here (point)))
    (or (and annotation
             (ignore-errors
               (skip-chars-backward " \t\r\n")
               (goto-char (or (scan-sexps (point) -1) (point)))
               (repl-connect-lisp--back-over-prefix language)
               (and (< (point) here) (looking-at-p annotation))))
        (progn (goto-char here) nil))))

(defun repl-connect-lisp--start (start end language)
  "Return where LANGUAGE's form begins whose list or name is from START to END.
Its prefixes belong to it, but for those that are not to be sent."
  (save-excursion
    (goto-char start)
    (repl-connect-lisp--back-over-prefix language)
    (while (repl-connect-lisp--back-over-annotation language))
    (while (and (looking-at (plist-get language :dropped)) (< (match-end 0) end))
      (goto-char (match-end 0))
      (skip-chars-forward " \t\r\n" (1- end)))
    (point)))

(defun repl-connect-lisp--last (language)
  "Return (START . END) of LANGUAGE's form before point, or of the name at point."
  (save-excursion
    (let ((symbol (plist-get language :symbol)))
      (if (and (< (skip-chars-backward symbol (1- (point))) 0))
          (skip-chars-forward symbol)
        (when (memq (char-before) '(nil ?\s ?\t ?\n ?\r ?\f ?,))
          (while (progn
                   (forward-comment (- (point)))
                   (< (skip-chars-backward ",\r") 0))))))
    (let* ((end (point))
           (start (ignore-errors (scan-sexps end -1))))
      (when (and start (< start end))
        (cons (repl-connect-lisp--start start end language) end)))))

(defun repl-connect-lisp--last-within (start language)
  "Return (START . END) of the list before point, as LANGUAGE has them.
START is where a string or a comment begins that both are in."
  (save-excursion
    (save-restriction
      (narrow-to-region start (point))
      (skip-chars-backward " \t")
      (let ((parse-sexp-lookup-properties nil))
        (and (memq (char-before) '(?\) ?\] ?}))
             (repl-connect-lisp--last language))))))

(defun repl-connect-lisp-form-before (language)
  "Return (START . END) of the form of LANGUAGE before point, or nil.
In a comment or a string that is a list written there; else the string,
or what is before the comment."
  (save-excursion
    (let* ((state (repl-connect-brackets-state))
           (before (repl-connect-brackets-state (max (point-min) (1- (point)))))
           (start (nth 8 state)))
      (cond
       ((and start (>= start (point-min)))
        (or (repl-connect-lisp--last-within
             (save-excursion (goto-char start) (skip-chars-forward "\"#;|" (point)) (point))
             language)
            (progn
              (goto-char start)
              (when (nth 3 state)
                (goto-char (or (repl-connect-brackets-end start) start)))
              (repl-connect-lisp--last language))))
       ;; Right after a form that `#;' makes a comment of.
       ((and (nth 4 before)
             (not (memq (char-before) '(?\n ?#)))
             (>= (nth 8 before) (point-min)))
        (repl-connect-lisp--last-within (min (point) (+ 2 (nth 8 before))) language))
       (t
        (when (nth 4 before)            ; right after a block comment
          (goto-char (max (nth 8 before) (point-min))))
        (repl-connect-lisp--last language))))))

;;;; A top-level form

(defun repl-connect-lisp-definition (language)
  "Return (START . END) of LANGUAGE's top-level form around point or before it.
One that starts on point's line counts before one on another line."
  (save-excursion
    (let* ((opens (reverse (repl-connect-brackets-around)))
           (container (plist-get language :container))
           (outside (null opens)) (inside nil) (found nil))
      (while (and opens (not found))
        (let* ((open (pop opens))
               (end (repl-connect-brackets-end open)))
          (cond
           ;; One further up is not closed.  By convention what starts a line is at the top level.
           ((not end)
            (while (and opens (not (repl-connect-lisp--at-line-start-p (car opens))))
              (pop opens)))
           ((and container (save-excursion (goto-char open) (looking-at container)))
            (setq inside (cons (match-end 0) (1- end))))
           (t (setq found (cons (repl-connect-lisp--start open end language) end))))))
      (cond
       (found)
       (inside (save-restriction
                 (narrow-to-region (car inside) (cdr inside))
                 (goto-char (max (point) (point-min)))
                 (repl-connect-lisp--beside language)))
       (outside (repl-connect-lisp--beside language))))))

(defun repl-connect-lisp--at-line-start-p (position)
  "Whether POSITION is at the start of a line."
  (or (= position (point-min)) (eq (char-before position) ?\n)))

(defun repl-connect-lisp--beside (language)
  "Return (START . END) of LANGUAGE's form at point, beside it, or before it."
  (let ((start (nth 8 (repl-connect-brackets-state)))
        (line (line-beginning-position)))
    (when (and start (>= start (point-min)))
      (goto-char start))
    (if (looking-at "#;[ \t\r\n]*")     ; it makes a comment of the form after it
        (let* ((from (match-end 0))
               (parse-sexp-lookup-properties nil)
               (end (ignore-errors (scan-sexps from 1))))
          (and end (cons from end)))
      (let ((next (repl-connect-lisp--next language))
            (last (repl-connect-lisp--last language)))
        (cond ((and last (> (cdr last) (point))) last) ; in the middle of a name
              ((and next (= (point) (car next))) next)
              ((and last (>= (cdr last) line)) last)
              (t (or next last)))))))

(defun repl-connect-lisp--next (language)
  "Return (START . END) of LANGUAGE's form after point on its line."
  (save-excursion
    (skip-chars-forward " \t")
    (unless (or (eolp) (looking-at-p "[])};]"))
      (let ((end (ignore-errors (scan-sexps (point) 1))))
        (and end (cons (repl-connect-lisp--start (point) end language) end))))))

;;;; Names and calls

(defun repl-connect-lisp-symbol (language anywhere)
  "Return (START . END) of the symbol of LANGUAGE around point, or nil.
Unless ANYWHERE not in strings and comments."
  (let ((symbol (plist-get language :symbol)))
    (repl-connect-brackets-symbol symbol symbol anywhere)))

(defun repl-connect-lisp-call (language)
  "Return (NAME . INDEX) of the innermost call of LANGUAGE around point, or nil.
Data is no call.  INDEX is how many arguments are before point."
  (let ((found nil) (data nil) (point (point)))
    (dolist (open (reverse (seq-take (repl-connect-brackets-around) 50)))
      (save-excursion
        (goto-char open)
        (pcase (char-before)
          ((or ?' ?`) (setq data t))
          (?# (setq data (or data (not (plist-get language :short)))))
          ((or ?, ?@ ?~) (setq data nil)))
        (unless (or data (not (seq-contains-p (plist-get language :calls) (char-after))))
          (let* ((start (progn (forward-char) (skip-chars-forward " \t\n\r") (point)))
                 (end (progn (skip-chars-forward (plist-get language :symbol)) (point)))
                 (name (buffer-substring-no-properties start end)))
            (unless (or (equal name "")
                        (string-match-p "\\`[-+]?[#:0-9\"\\|]" name)
                        (< open (- point repl-connect-brackets-limit)))
              (setq found (cons name end)))
            (setq data (member name '("quote" "quasiquote")))))))
    (when found
      (cons (car found) (repl-connect-lisp--count (cdr found))))))

(defun repl-connect-lisp--count (start)
  "Return how many forms are whole between START and point."
  (let ((end (point)) (count 0) (next start))
    (save-excursion
      (while (progn
               (goto-char next)
               (setq next (ignore-errors (scan-sexps next 1)))
               (and next (< count 1000)
                    ;; A name may go on where point touches its end, a list or string is done.
                    (or (< next end)
                        (and (= next end) (memq (char-before next) '(?\) ?\] ?} ?\"))))))
        (forward-comment (- next (point)))
        (unless (looking-at-p "#_")     ; left out by Clojure's reader
          (cl-incf count))))
    count))

(provide 'repl-connect-lisp)
;;; repl-connect-lisp.el ends here
