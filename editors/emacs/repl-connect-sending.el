;;; repl-connect-sending.el --- Code from a buffer, its result  -*- lexical-binding: t; -*-

;;; Commentary:

;; A piece of a buffer is sent with its file, line, column and namespace.  What it prints goes to
;; the REPL buffer; its value, or its error, is shown beside the code.  Where that is, markers
;; tell, so it does not matter what is edited meanwhile.
;;
;; The input that it waits for is asked for in the minibuffer; not in the process filter, where
;; everything else would have to wait, and not while something else is read there.
;;
;; What belongs to one such evaluation is among its properties:
;;
;;   :start :end  markers of the code; :text what it was
;;   :language    the record of the language that it was sent as
;;   :insert :at  where the value is to be put into the text, see repl-connect-results.el
;;   :values      what has come, the last first, :count how many; :cut if the last was cut
;;   :printed     the first line that it has printed; :asked the last text
;;   :timer       the timer that will show that it runs; :pending the overlay that shows it

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-definitions)
(require 'repl-connect-errors)
(require 'repl-connect-evaluation)
(require 'repl-connect-languages)
(require 'repl-connect-output)
(require 'repl-connect-repl)
(require 'repl-connect-results)
(require 'repl-connect-targets)
(require 'repl-connect-values)

(defvar repl-connect-evaluated-functions nil
  "Functions called with each evaluation of code from a buffer that has ended.")

(defvar-local repl-connect-source-buffer nil
  "In a REPL buffer: the buffer that code was sent from last.")

(defconst repl-connect-sending--largest (* 16 1024 1024)
  "Characters that are sent at once.")

(defconst repl-connect-sending--values 20
  "The last values of one evaluation that are kept.")

(defconst repl-connect-sending--patience 0.15
  "Seconds until it is shown that something runs.")

(defvar repl-connect-sending--last nil
  "What was sent last: a function of no arguments that sends it again.")

(defvar repl-connect-sending--ended nil
  "The last evaluation of code from a buffer that has ended.")

(defmacro repl-connect-sending--get (evaluation key)
  "Return what EVALUATION has as property KEY; it can be set."
  `(plist-get (repl-connect-evaluation-properties ,evaluation) ,key))

;;;; What is sent

(defun repl-connect-sending-language ()
  "Return the language of this buffer, else that of its connection, or nil."
  (or (repl-connect-language-of-buffer)
      (when-let ((connection (repl-connect-current-connection)))
        (repl-connect-connection-language connection))))

(defmacro repl-connect-sending-as-code (&rest body)
  "Evaluate BODY with the language of the current buffer known."
  (declare (indent 0) (debug t))
  `(let ((repl-connect-language (repl-connect-sending-language)))
     ,@body))

(defun repl-connect-sending--check (code)
  "Signal a `user-error' if CODE can't be sent."
  (cond
   ((string-blank-p code) (user-error "There is no code here"))
   ((> (length code) repl-connect-sending--largest)
    (user-error "That is more than 16 MiB: nothing was sent"))))

(defun repl-connect-sending--remember (function)
  "Have FUNCTION called, in this buffer, to send once more what was sent."
  (let ((buffer (current-buffer)))
    (setq repl-connect-sending--last
          (lambda ()
            (unless (buffer-live-p buffer)
              (user-error "The buffer that was sent from the last time is gone"))
            (with-current-buffer buffer
              (funcall function))))))

(defun repl-connect-send (start end &optional place)
  "Evaluate the code from START to END; return the evaluation.
The value is put at PLACE, see `repl-connect-insertion-place', if not nil."
  (let ((start (copy-marker start)) (end (copy-marker end)))
    (prog1 (repl-connect-sending--send start end place)
      (repl-connect-sending--remember
       (lambda ()
         (save-restriction
           (widen)
           (when (= start end)
             (user-error "What was sent the last time is not there any more"))
           (repl-connect-send start end)))))))

(defun repl-connect-send-buffer ()
  "Evaluate the text of the current buffer, all of it; return the evaluation."
  (save-restriction
    (widen)
    (prog1 (repl-connect-sending--send (point-min-marker) (point-max-marker) nil t)
      (repl-connect-sending--remember #'repl-connect-send-buffer))))

(defun repl-connect-sending--send (start end place &optional whole)
  "Evaluate the code from START to END, markers; see `repl-connect-send' for PLACE.
WHOLE says that it is all of the buffer."
  (let* ((connection (repl-connect-current-connection-or-error))
         (language (repl-connect-sending-language))
         (text (buffer-substring-no-properties start end))
         (code (if whole text (repl-connect-language-extract start end language)))
         (name (buffer-file-name (buffer-base-buffer)))
         (file (and name (repl-connect-path-there name connection)))
         (as-file (and whole file (repl-connect-supports-p connection "load-file")))
         (at (progn (repl-connect-sending--check code)
                    (repl-connect-insertion-begin place language)))
         (column (save-excursion
                   (goto-char start)
                   (save-restriction
                     (widen)
                     (1+ (- start (line-beginning-position))))))
         (namespace (and (not whole)
                         (repl-connect-sending-as-code (repl-connect-buffer-namespace start)))))
    (repl-connect-result-unmark start end)
    (repl-connect-result-flash start end)
    (repl-connect-sending--evaluate
     connection code
     (list :start start :end end :text text :language language :insert place :at at)
     :file file :as-file as-file :namespace namespace
     :line (unless as-file (line-number-at-pos start t))
     ;; In what was taken out of its indentation the columns are others.
     :column (and (not as-file) (equal code text) column))))

(defun repl-connect-sending--evaluate (connection code properties &rest arguments)
  "Evaluate CODE, which has PROPERTIES, on CONNECTION and return the evaluation.
ARGUMENTS are those of `repl-connect-eval'."
  (let ((repl (repl-connect-connection-buffer connection))
        (source (current-buffer)))
    (when (and (buffer-live-p repl) (not (eq repl source)))
      (with-current-buffer repl
        (setq repl-connect-source-buffer source)))
    (let ((evaluation
           (apply #'repl-connect-eval connection code
                  :properties properties
                  :on-value #'repl-connect-sending--value
                  :on-output #'repl-connect-sending--output
                  :on-failed #'repl-connect-sending--failed
                  :on-need-input #'repl-connect-sending--asked
                  :on-done #'repl-connect-sending--done
                  arguments)))
      ;; Where a server finds the module by the file, it is not the one of the prompt.
      (when (and (plist-get arguments :file)
                 (assoc "repl-server" (repl-connect-get
                                       (repl-connect-connection-description connection)
                                       "versions")))
        (setf (repl-connect-evaluation-namespace evaluation) (plist-get arguments :file)))
      (setf (repl-connect-sending--get evaluation :timer)
            (run-at-time repl-connect-sending--patience nil
                         #'repl-connect-sending--pending evaluation))
      evaluation)))

(defun repl-connect-send-code (code)
  "Evaluate CODE for the current buffer; return the evaluation."
  (let ((connection (repl-connect-current-connection-or-error)))
    (repl-connect-sending--check code)
    (prog1 (repl-connect-sending--evaluate
            connection code
            (list :language (repl-connect-sending-language))
            :namespace (repl-connect-sending-as-code (repl-connect-buffer-namespace)))
      (repl-connect-sending--remember (lambda () (repl-connect-send-code code))))))

(defun repl-connect-send-file (file)
  "Evaluate FILE as it is on disk; return the evaluation."
  (unless (file-regular-p file)
    (user-error "%s is no regular file" file))
  (when (> (file-attribute-size (file-attributes (file-truename file)))
           repl-connect-sending--largest)
    (user-error "%s is larger than 16 MiB: nothing was sent" file))
  (let ((buffer (find-buffer-visiting file))
        (code (with-temp-buffer
                (insert-file-contents file)
                (buffer-string))))
    (with-current-buffer (or buffer (current-buffer))
      (save-restriction
        (widen)
        (let* ((connection (repl-connect-current-connection-or-error))
               (as-file (repl-connect-supports-p connection "load-file")))
          (repl-connect-sending--check code)
          (when buffer
            (when (buffer-modified-p)
              (message "%s is loaded from disk, without the changes that were not saved"
                       (file-name-nondirectory file)))
            (repl-connect-result-unmark (point-min) (point-max)))
          (prog1 (repl-connect-sending--evaluate
                  connection code
                  `(:language ,(repl-connect-sending-language)
                    ,@(and buffer (list :start (point-min-marker) :end (point-max-marker))))
                  :file (repl-connect-path-there file connection)
                  :as-file as-file :line (unless as-file 1))
            (setq repl-connect-sending--last (lambda () (repl-connect-send-file file)))))))))

;;;; What comes of it

(defun repl-connect-sending--show (evaluation text kind)
  "Show TEXT of KIND beside the code of EVALUATION.
An error is shown beside the line of the code that it is about."
  (when-let* ((start (repl-connect-sending--get evaluation :start))
              (end (repl-connect-sending--get evaluation :end)))
    (let* ((line (and (eq kind 'error) (repl-connect-evaluation-failed evaluation)
                      (repl-connect-error-line evaluation)))
           (position (and line (repl-connect-error-own-line-p evaluation line)
                          (repl-connect-errors-position evaluation line))))
      (when position
        (with-current-buffer (marker-buffer position)
          (setq start position
                end (save-excursion
                      (goto-char position)
                      (copy-marker (line-end-position))))))
      (repl-connect-result-show evaluation start end text kind))))

(defun repl-connect-sending--pending (evaluation)
  "Show that EVALUATION is not over yet."
  (unless (repl-connect-evaluation-done evaluation)
    (repl-connect-demoted "showing what runs"
      (setf (repl-connect-sending--get evaluation :pending)
            (repl-connect-sending--show evaluation "…" 'pending)))))

(defun repl-connect-sending--value (evaluation text reply)
  "Keep TEXT, a value of EVALUATION that came with REPLY."
  (setf (repl-connect-sending--get evaluation :values)
        (seq-take (cons text (repl-connect-sending--get evaluation :values))
                  repl-connect-sending--values)
        (repl-connect-sending--get evaluation :count)
        (1+ (or (repl-connect-sending--get evaluation :count) 0))
        (repl-connect-sending--get evaluation :cut)
        (and (member "nrepl.middleware.print/truncated" (repl-connect-statuses reply)) t)))

(defun repl-connect-sending--output (evaluation stream text reply)
  "Show TEXT, which EVALUATION has printed on STREAM, in the REPL buffer.
It came with REPLY."
  (repl-connect-repl--show-reply (repl-connect-evaluation-connection evaluation)
                                 stream text reply evaluation)
  (setf (repl-connect-sending--get evaluation :asked) text)
  (unless (or (repl-connect-sending--get evaluation :printed) (string-blank-p text))
    (setf (repl-connect-sending--get evaluation :printed) (repl-connect-result--line text))))

(defun repl-connect-sending--asked (evaluation secret)
  "Ask for input for EVALUATION, which is SECRET or not.
What it has printed last, without a newline, is the question."
  (let* ((text (or (repl-connect-sending--get evaluation :asked) ""))
         (question (car (last (split-string (substring text (max 0 (- (length text) 200)))
                                            "\n")))))
    (run-at-time 0 nil #'repl-connect-input--ask
                 evaluation secret (repl-connect-plain question))))

(defun repl-connect-sending--failed (evaluation reply)
  "Show the error of EVALUATION, which came with REPLY."
  (repl-connect-show-failure (repl-connect-evaluation-connection evaluation) evaluation reply)
  (repl-connect-errors-failed evaluation)
  (when-let ((position (repl-connect-errors-position
                        evaluation (repl-connect-error-best-line evaluation))))
    (repl-connect-result-mark-error position (repl-connect-error-words evaluation))))

(defun repl-connect-sending--done (evaluation problem)
  "Show how EVALUATION has ended; PROBLEM is a sentence if that was not well."
  (when-let ((timer (repl-connect-sending--get evaluation :timer)))
    (cancel-timer timer))
  (repl-connect-input-over evaluation)
  (when-let ((overlay (repl-connect-sending--get evaluation :pending)))
    (delete-overlay overlay))
  (setq repl-connect-sending--ended evaluation)
  (force-mode-line-update t)
  (pcase-let* ((`(,kind . ,text) (repl-connect-sending--outcome evaluation problem))
               ;; That all were lost is said once, by who has noticed.
               (lost (member "lost" (repl-connect-evaluation-done evaluation)))
               (wanted (and (repl-connect-sending--get evaluation :insert)
                            (memq kind '(value note))))
               (refused (and wanted
                             (repl-connect-insertion-put
                              evaluation (car (repl-connect-sending--get evaluation :values))
                              (repl-connect-sending--get evaluation :cut)))))
    (unless (and wanted (not refused))
      (repl-connect-sending--show evaluation text kind))
    (cond
     (refused
      (message "The text stays as it is: %s.%s" refused
               (if (eq kind 'value) "  M-x repl-connect-show-value shows the value" "")))
     ((not lost)
      (let ((count (or (repl-connect-sending--get evaluation :count) 0)))
        (repl-connect-result-echo
         (concat (repl-connect-result-text text kind
                                           (repl-connect-sending--get evaluation :language))
                 (and (eq kind 'value) (> count 1)
                      (format "  (the last of %d values)" count)))))))
    (when (and problem (not lost))
      (repl-connect-note (repl-connect-evaluation-connection evaluation) "%s" problem)))
  (repl-connect-run-hook 'repl-connect-evaluated-functions evaluation))

(defun repl-connect-sending--outcome (evaluation problem)
  "Return (KIND . TEXT) to show of EVALUATION, which has ended.
PROBLEM is a sentence if that was not well."
  (let ((statuses (repl-connect-evaluation-done evaluation))
        (value (car (repl-connect-sending--get evaluation :values)))
        (printed (repl-connect-sending--get evaluation :printed)))
    (cond
     ((member "namespace-not-found" statuses)
      (cons 'error (format "There is no namespace %s there yet: C-c C-k sends the buffer"
                           (repl-connect-evaluation-namespace evaluation))))
     ((member "lost" statuses) '(error . "lost: how it ended is not known"))
     (problem
      ;; A line has room for the reason, not for the place as well.
      (cons 'error (string-remove-prefix
                    (format "%s: " (repl-connect-property
                                    (repl-connect-evaluation-connection evaluation) :place))
                    problem)))
     ((member "interrupted" statuses) '(error . "interrupted"))
     ((repl-connect-evaluation-failed evaluation)
      (cons 'error (repl-connect-error-words evaluation)))
     (value (cons 'value value))
     (printed (cons 'note printed))
     (t '(note . "done, no value")))))

;;;; Input

(defconst repl-connect-input--pause 0.3
  "Seconds until it is tried again to ask, when the minibuffer is in use.")

(defvar repl-connect-input--asking nil
  "The evaluation that is asked for in the minibuffer, and how deep that is.")

(defvar repl-connect-input-history nil
  "Input that was given to programs.")

(defvar repl-connect-input-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map minibuffer-local-map)
    (define-key map (kbd "C-d") #'repl-connect-input-end)
    map)
  "The keys while input for a program is read.")

(defun repl-connect-input-end (count)
  "Tell the program that there is no more input.
If something was typed, delete COUNT characters."
  (interactive "p")
  (if (string-empty-p (minibuffer-contents-no-properties))
      (throw 'repl-connect-input-end t)
    (delete-char count)))

(defun repl-connect-input--waits-p (evaluation)
  "Whether EVALUATION is still under way."
  (and (not (repl-connect-evaluation-done evaluation))
       (repl-connect-open-p (repl-connect-evaluation-connection evaluation))))

(defun repl-connect-input--ask (evaluation secret question)
  "Ask QUESTION for EVALUATION, which is SECRET or not, when that can be done."
  (cond
   ((not (repl-connect-input--waits-p evaluation)))
   ((or (active-minibuffer-window) (input-pending-p))
    (run-at-time repl-connect-input--pause nil
                 #'repl-connect-input--ask evaluation secret question))
   (t
    (let ((answer (repl-connect-input--read evaluation secret question)))
      (when (repl-connect-input--waits-p evaluation)
        (pcase answer
          ('cancelled
           (repl-connect-interrupt-evaluation (repl-connect-evaluation-connection evaluation)
                                              evaluation)
           (message "Interrupting what asked for input"))
          ('end
           (repl-connect-give-input evaluation "")
           (message "Told it that there is no more input"))
          (_ (repl-connect-give-input evaluation (concat answer "\n")))))))))

(defun repl-connect-input--read (evaluation secret question)
  "Read a line for EVALUATION, which asks QUESTION; it is not shown if SECRET.
Return it, or `end' for the end of input, or `cancelled'."
  (let* ((inhibit-quit nil)
         (name (repl-connect-connection-address
                (repl-connect-evaluation-connection evaluation)))
         (repl-connect-input--asking (cons evaluation (1+ (minibuffer-depth)))))
    (condition-case nil
        (if secret
            (read-passwd (format "Secret input for %s: %s" name question))
          (let* ((line nil)
                 (ended (catch 'repl-connect-input-end
                          (setq line (read-from-minibuffer
                                      (format "Input for %s (C-d: no more): %s" name question)
                                      nil repl-connect-input-map nil
                                      'repl-connect-input-history))
                          nil)))
            (if ended 'end line)))
      (quit 'cancelled))))

(defun repl-connect-input-over (evaluation)
  "Ask no more for EVALUATION, which has ended."
  (when (eq (car repl-connect-input--asking) evaluation)
    (run-at-time 0 nil (lambda ()
                         (when (and (eq (car repl-connect-input--asking) evaluation)
                                    (active-minibuffer-window)
                                    (= (minibuffer-depth) (cdr repl-connect-input--asking)))
                           (abort-recursive-edit))))))

(provide 'repl-connect-sending)
;;; repl-connect-sending.el ends here
