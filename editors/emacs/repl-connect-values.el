;;; repl-connect-values.el --- Values and errors in a REPL buffer  -*- lexical-binding: t; -*-

;;; Commentary:

;; A value is shown in the colours of its language.  Of a large one the beginning is shown, of a
;; long error its beginning and its end; a button has the rest.  The last ones are kept whole.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'repl-connect-evaluation)
(require 'repl-connect-languages)
(require 'repl-connect-output)

(defcustom repl-connect-value-length 10000
  "Characters of a value that are shown in the REPL buffer.
A button shows the rest."
  :type 'natnum
  :group 'repl-connect)

(defcustom repl-connect-value-lines 100
  "Lines of a value that are shown in the REPL buffer.
A button shows the rest."
  :type 'natnum
  :group 'repl-connect)

(defcustom repl-connect-error-lines 20
  "Lines that an error may have to be shown as a whole.
Of a longer one a button shows what is between beginning and end."
  :type 'natnum
  :group 'repl-connect)

(defcustom repl-connect-slow 0.5
  "Seconds from which on it is said how long an evaluation took.
Nil: never."
  :type '(choice (const :tag "Never" nil) number)
  :group 'repl-connect)

(defun repl-connect-last-value (connection)
  "Return the text of the last value that CONNECTION has brought, nil for none."
  (repl-connect-property connection :last-value))

(defun repl-connect-last-error (connection)
  "Return the text of the last error that CONNECTION has told of, nil for none."
  (repl-connect-property connection :last-error))

(defun repl-connect-duration (seconds)
  "Return SECONDS in words: `80 ms', `2.3 s', `1 min 05 s', `2 h 03 min'."
  (cond
   ((< seconds 0.9995) (format "%.0f ms" (* seconds 1000)))
   ((< seconds 59.95) (format "%.1f s" seconds))
   (t (pcase-let* ((whole (round seconds))
                   (`(,minutes . ,rest) (cons (/ whole 60) (% whole 60))))
        (if (< minutes 60)
            (format "%d min %02d s" minutes rest)
          (format "%d h %02d min" (/ minutes 60) (% minutes 60)))))))

(defun repl-connect-values--number (number)
  "Return NUMBER with commas between the thousands."
  (let ((text (number-to-string number)))
    (while (string-match "\\`\\(-?[0-9]+\\)\\([0-9]\\{3\\}\\)" text)
      (setq text (replace-match "\\1,\\2" t nil text)))
    text))

;;;; Values

(defun repl-connect-show-value-text (connection text &optional reply)
  "Show a value whose text is TEXT in the REPL buffer of CONNECTION.
REPLY is the message that has brought it.  Only the beginning of a large
one is shown; a button has the rest."
  (let* ((label (and reply (repl-connect-text reply "repl-connect/label")))
         (cut (and reply (member "nrepl.middleware.print/truncated"
                                 (repl-connect-statuses reply))))
         (language (repl-connect-connection-language connection)))
    (repl-connect-put connection :last-value text)
    (repl-connect-put connection :last-value-cut (and cut t))
    (repl-connect-output--add
     connection
     (make-repl-connect-output--entry
      :source 'value
      :function
      (lambda ()
        (let* ((label (and label (format "%s = " (repl-connect-visible label))))
               (end (repl-connect-values--value-end text (length label)))
               (shown (repl-connect-language-fontify
                       (repl-connect-visible (substring text 0 end)) language)))
          (concat
           (and label (propertize label 'font-lock-face 'repl-connect-label))
           (repl-connect-transcript--faced shown 'repl-connect-value)
           (and (< end (length text))
                (concat "\n" (repl-connect-values--more-of-value text end language)))
           (and cut
                (propertize "\n; The other side sent only the beginning of this value: set \
`repl-connect-value-limit', and evaluate again."
                            'font-lock-face 'repl-connect-note))
           "\n")))))))

(defun repl-connect-values--value-end (text before)
  "Return where the part of TEXT ends that is shown; BEFORE characters precede it.
They count too, lest it is cut as a long line as well."
  (let ((lines repl-connect-value-lines) (at -1))
    (while (and (> lines 0) (setq at (string-search "\n" text (1+ at))))
      (cl-decf lines))
    (min (length text) (max 0 (- repl-connect-value-length before)) (or at (length text)))))

(defun repl-connect-values--more-of-value (text end language)
  "Return a button for all of TEXT, a value in LANGUAGE shown up to END."
  (let ((lines (repl-connect-output--lines (substring text end))))
    (repl-connect-cuts-button
     (format "[… %s more characters%s]" (repl-connect-values--number (- (length text) end))
             (if (> lines 1) (format " in %s lines" (repl-connect-values--number lines)) ""))
     (make-repl-connect-rest :pieces (list text) :size (length text) :name "value"
                             :language language))))

;;;; Errors

(defun repl-connect-show-failure (connection evaluation reply)
  "Show in the buffer of CONNECTION the error in REPLY.
EVALUATION has raised it.  Its text has come as output before; that is
shown as an error, unless it has been seen already."
  (let ((text (repl-connect-values--take-error connection evaluation)))
    (when (and (null text) (equal (repl-connect-evaluation-err evaluation) ""))
      (setq text (concat (string-join (delq nil (list (repl-connect-text reply "ex")
                                                      (repl-connect-text reply "message")))
                                      ": ")
                         "\n")))
    (let ((text (repl-connect-clean (or text (repl-connect-evaluation-err evaluation)))))
      (repl-connect-put connection :last-error (substring-no-properties text)))
    (when text
      (repl-connect-output--add
       connection
       (make-repl-connect-output--entry
        :source 'error
        :function (lambda () (repl-connect-values--insert-error (repl-connect-clean text)) nil))))))

(defun repl-connect-values--take-error (connection evaluation)
  "Take the end of EVALUATION's standard error off the queue of CONNECTION.
That is its last message.  Return it, nil if something else came after
it or it is shown already."
  (with-current-buffer (repl-connect-connection-buffer connection)
    (let ((entry (and repl-connect-output--queue (car repl-connect-output--queue-end))))
      (when (and entry (eq (repl-connect-output--entry-source entry) 'err)
                 (eq (repl-connect-output--entry-evaluation entry) evaluation))
        (repl-connect-output--entry-take-last entry)))))

(define-button-type 'repl-connect-fold
  'action #'repl-connect-values--unfold
  'face 'repl-connect-button
  'font-lock-face 'repl-connect-button
  'follow-link t
  'help-echo "RET, mouse-1: show these lines")

(defun repl-connect-values--insert-error (text)
  "Put TEXT, that of an error, into the current buffer; fold it if it is long."
  (let* ((text (repl-connect-transcript--faced (string-trim-right text) 'repl-connect-error))
         (lines (split-string text "\n"))
         (most (max repl-connect-error-lines 4))
         (head (/ most 4))
         (tail (- most head 1)))
    (if (<= (length lines) most)
        (repl-connect-transcript--insert-ours (concat text "\n"))
      (let ((middle (butlast (nthcdr head lines) tail)))
        (repl-connect-transcript--insert-ours
         (concat (string-join (seq-take lines head) "\n") "\n"
                 (make-text-button (format "[… %d more lines]" (length middle)) nil
                                   'type 'repl-connect-fold)
                 "\n"))
        (let ((start (marker-position repl-connect--prompt-start)))
          (repl-connect-transcript--insert-ours (concat (string-join middle "\n") "\n"))
          (repl-connect-transcript--quietly-change (point-max)
            (put-text-property start repl-connect--prompt-start
                               'invisible 'repl-connect-folded)))
        (repl-connect-transcript--insert-ours
         (concat (string-join (last lines tail) "\n") "\n"))))))

(defun repl-connect-values--unfold (button)
  "Show the lines that BUTTON stands for, in its place."
  (let* ((start (button-start button))
         (end (next-single-property-change (1+ (button-end button)) 'invisible
                                           nil (point-max))))
    (repl-connect-transcript--quietly-change end
      (remove-text-properties (button-end button) end '(invisible nil)))
    (repl-connect-transcript--quietly-change start
      (delete-region start (1+ (button-end button))))))

;;;; Ends

(defun repl-connect-show-end (connection evaluation problem)
  "Show in the buffer of CONNECTION how EVALUATION has ended, if need be.
PROBLEM is nil, or a sentence: why it never ran, or that its end is not
known."
  (let ((statuses (repl-connect-evaluation-done evaluation))
        (seconds (repl-connect-values--seconds evaluation)))
    (repl-connect-output--add
     connection
     (make-repl-connect-output--entry
      :source 'end
      :function
      (lambda ()
        (dolist (source '(out err))
          (when-let ((state (alist-get source repl-connect-transcript--streams)))
            (repl-connect-escapes-reset state)))
        (unless (memq repl-connect-transcript--open '(late-out late-err))
          (repl-connect-transcript--finish-line))
        (let ((words (delq nil
                           (list (cond (problem (repl-connect-visible (string-trim problem)))
                                       ((member "interrupted" statuses) "interrupted"))
                                 (and (not problem) (not (member "lost" statuses))
                                      repl-connect-slow (>= seconds repl-connect-slow)
                                      (repl-connect-duration seconds))))))
          (and words
               (propertize (concat "; " (string-join words "; ") "\n")
                           'font-lock-face
                           (if problem 'repl-connect-error 'repl-connect-note)))))))))

(defun repl-connect-values--seconds (evaluation)
  "Return for how many seconds EVALUATION has run, since the one before it ended.
What waited behind it is counted from now on."
  (let* ((connection (repl-connect-evaluation-connection evaluation))
         (now (float-time))
         (before (or (repl-connect-property connection :ended) 0)))
    (repl-connect-put connection :ended now)
    (- now (max before (repl-connect-evaluation-started evaluation)))))

(provide 'repl-connect-values)
;;; repl-connect-values.el ends here
