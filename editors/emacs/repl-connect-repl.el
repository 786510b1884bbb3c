;;; repl-connect-repl.el --- Evaluating in a REPL buffer  -*- lexical-binding: t; -*-

;;; Commentary:

;; What happens between the input and what is shown of it: the input goes above the prompt, its
;; evaluation's output, values and errors follow; the mode line says what runs.

;;; Code:

(require 'comint)
(require 'repl-connect-evaluation)
(require 'repl-connect-languages)
(require 'repl-connect-output)
(require 'repl-connect-prompt)
(require 'repl-connect-values)

(declare-function repl-connect-errors-failed "repl-connect-errors")
(declare-function repl-connect-reconnect-stop "repl-connect-reconnect")
(autoload 'repl-connect-restarts-told "repl-connect-restarts")
(declare-function repl-connect-state-words "repl-connect-targets")

(defvar-local repl-connect-repl--clock nil
  "The timer by which the mode line says for how long something runs.")

;;;; Evaluating

(defun repl-connect-repl--echo (text)
  "Put TEXT, which is typed, on the queue, and return the entry for it."
  (let* ((prompt (repl-connect-prompt--prompt-text))
         (text (string-trim-right text))
         (language (repl-connect-connection-language repl-connect--connection))
         (entry (make-repl-connect-output--entry
                 :source 'typed
                 :function (lambda () (repl-connect-repl--insert-typed prompt text language)))))
    (repl-connect-output--add repl-connect--connection entry)
    entry))

(defun repl-connect-repl--insert-typed (prompt text language)
  "Put PROMPT and TEXT of LANGUAGE in, above the prompt; return nil."
  (repl-connect-transcript--finish-line)
  (unless (equal prompt "")
    (repl-connect-transcript--insert prompt))
  (let ((typed (repl-connect-cuts-lines (repl-connect-language-fontify text language)))
        (start (marker-position repl-connect--prompt-start)))
    (font-lock-append-text-property 0 (length typed) 'font-lock-face 'comint-highlight-input typed)
    (add-text-properties 0 (length typed) '(repl-connect-typed t rear-nonsticky t) typed)
    (repl-connect-transcript--insert typed t)
    (repl-connect-transcript--insert (propertize "\n" 'field 'boundary 'rear-nonsticky t
                                                 'inhibit-line-move-field-capture t)
                                     t)
    (repl-connect-cuts-start-line)
    (set-marker comint-last-input-start start)
    (set-marker comint-last-input-end repl-connect--prompt-start))
  nil)

(cl-defun repl-connect-repl-eval (connection code &key more file as-file)
  "Evaluate CODE on CONNECTION as if it were typed; return the evaluation.
What comes of it is shown in the REPL buffer.  MORE, FILE and AS-FILE are
as for `repl-connect-eval'.  In a namespace that was entered by a command
the other side is told of it."
  (let ((evaluation
         (repl-connect-eval
          connection code :file file :as-file as-file
          :more (or more
                    (and (repl-connect-property connection :namespace-entered)
                         (repl-connect-connection-namespace connection)
                         `(("ns" . ,(repl-connect-connection-namespace connection)))))
          :on-value (lambda (_ text reply) (repl-connect-show-value-text connection text reply))
          :on-output (lambda (evaluation stream text reply)
                       (repl-connect-repl--show-reply connection stream text reply evaluation))
          :on-failed (lambda (evaluation reply)
                       (repl-connect-show-failure connection evaluation reply)
                       (when (fboundp 'repl-connect-errors-failed)
                         (repl-connect-errors-failed evaluation)))
          :on-need-input #'repl-connect-prompt--ask-input
          :on-done (lambda (evaluation problem)
                     (repl-connect-repl--ended connection evaluation problem)))))
    (with-current-buffer (repl-connect-connection-buffer connection)
      (repl-connect-repl--start-clock))
    evaluation))

(defun repl-connect-repl--show-reply (connection stream text reply &optional evaluation)
  "Show TEXT, printed on STREAM, that REPLY has brought to CONNECTION.
EVALUATION has printed it, or if nil none that is known."
  (if (assoc "repl-server/held" reply)
      (repl-connect-restarts-told connection reply)
    (repl-connect-show-output
     connection stream text evaluation
     ;; Where there is nothing but lines, none is more ours than another.
     (not (or evaluation (repl-connect-aux connection "repl-connect/lines"))))))

(defun repl-connect-repl-output (connection stream text reply)
  "Show TEXT, printed on STREAM by no evaluation of this Emacs, on CONNECTION.
REPLY has brought it."
  (repl-connect-repl--show-reply connection stream text reply))

(defun repl-connect-repl--ended (connection evaluation problem)
  "EVALUATION on CONNECTION has ended; PROBLEM as for `repl-connect-show-end'."
  (repl-connect-prompt--stop-asking (repl-connect-connection-buffer connection) evaluation)
  ;; That all were lost is said once, by who has noticed.
  (repl-connect-show-end connection evaluation
                         (and (not (member "lost" (repl-connect-evaluation-done evaluation)))
                              problem))
  (force-mode-line-update t))

(defun repl-connect-interrupt (&optional connection)
  "Stop the evaluation on CONNECTION, by default that of this buffer.
If it was lost, stop connecting again."
  (interactive)
  (let* ((connection (or connection repl-connect--connection
                         (user-error "This buffer has no connection")))
         (evaluation (or (with-current-buffer (repl-connect-connection-buffer connection)
                           repl-connect-prompt--asking)
                         (car (repl-connect-connection-evaluations connection)))))
    (cond
     ((not (repl-connect-open-p connection)) (repl-connect-reconnect-stop connection))
     ((null evaluation) (message "Nothing runs there"))
     (t (message "Interrupting…")
        (repl-connect-interrupt-evaluation
         connection evaluation
         (lambda (words) (message "%s" (or words "Interrupted"))))))))

;;;; The mode line

(defun repl-connect-repl--identification ()
  "Return the name of the buffer for the mode line; of a long one the end.
What follows it is to be seen too."
  (let ((name (buffer-name))
        (room (max 24 (- (window-width) 56))))
    (propertized-buffer-identification
     (string-replace "%" "%%" (if (<= (length name) room)
                                  name
                                (concat "…" (substring name (- 1 room))))))))

(defun repl-connect-repl--mode-line ()
  "Return the words in the mode line about connection and evaluations."
  (let* ((connection repl-connect--connection)
         (running (and connection (repl-connect-connection-evaluations connection)))
         (words
          (cond
           ((null connection) nil)
           ((not (repl-connect-open-p connection)) (repl-connect-state-words connection))
           (repl-connect-prompt--asking "waits for input")
           (running (repl-connect-repl--running-words running)))))
    (if words (concat ":" (string-replace "%" "%%" words)) "")))

(defun repl-connect-repl--running-words (running)
  "Return for how long the first of RUNNING, evaluations, does, and how many wait."
  (let* ((first (car running))
         (ended (repl-connect-property (repl-connect-evaluation-connection first) :ended))
         (seconds (- (float-time) (max (or ended 0) (repl-connect-evaluation-started first))))
         (waiting (length (cdr running))))
    (concat "running"
            (and (>= seconds 1)
                 (concat " " (if (< seconds 60)
                                 (format "%d s" seconds)
                               (repl-connect-duration seconds))))
            (and (> waiting 0) (format ", %d more wait%s" waiting (if (= waiting 1) "s" ""))))))

(defun repl-connect-repl--start-clock ()
  "Have the mode line updated each second while an evaluation is under way."
  (force-mode-line-update)
  (unless repl-connect-repl--clock
    (let ((buffer (current-buffer)) (timer nil))
      (setq timer (run-at-time 1 1 (lambda () (repl-connect-repl--clock-tick buffer timer)))
            repl-connect-repl--clock timer))))

(defun repl-connect-repl--clock-tick (buffer timer)
  "Update the mode lines of BUFFER; no more by TIMER if it is idle."
  (if (not (buffer-live-p buffer))
      (cancel-timer timer)
    (with-current-buffer buffer
      (unless (repl-connect-connection-evaluations repl-connect--connection)
        (cancel-timer timer)
        (setq repl-connect-repl--clock nil))
      (when (get-buffer-window buffer 'visible)
        (force-mode-line-update)))))

(provide 'repl-connect-repl)
;;; repl-connect-repl.el ends here
