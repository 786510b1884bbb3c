;;; repl-connect-evaluation.el --- Evaluations: eval, interrupt, input  -*- lexical-binding: t; -*-

;;; Commentary:

;; What is evaluated in the user session of a connection, from the request to its end.
;;
;; Most servers evaluate what a session is sent in the order in which it comes.  Clojure's nREPL
;; gives each message a thread of its own, so of two that come together the second may be the
;; first.  To servers that don't say they keep the order an evaluation goes when those before it
;; have ended.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-client)

(defcustom repl-connect-value-limit 1000000
  "Characters of a value that are asked for.
More is cut by the other side, and said."
  :type 'natnum
  :group 'repl-connect)

(cl-defstruct (repl-connect-evaluation (:copier nil))
  "An `eval' or `load-file' on its way.
MESSAGE is what is to be sent when it is its turn, nil when that was
done.  FAILED is the reply that told of an error; ERRS what was printed
as errors, the last first, of ERRS-SIZE characters; DONE the list of
statuses it ended with."
  id code connection session message on-value on-output on-failed on-need-input on-done
  file line namespace failed errs (errs-size 0) done interrupting started properties)

(defconst repl-connect--errs-kept 20000
  "Characters of the end of what was printed as errors that are kept at least.")

(defun repl-connect-evaluation-err (evaluation)
  "Return the end of what EVALUATION has printed as errors."
  (let ((err (apply #'concat (reverse (repl-connect-evaluation-errs evaluation)))))
    (substring err (max 0 (- (length err) repl-connect--errs-kept)))))

(defun repl-connect--keep-err (evaluation text)
  "Keep TEXT, which EVALUATION has printed as errors."
  (push text (repl-connect-evaluation-errs evaluation))
  (when (> (cl-incf (repl-connect-evaluation-errs-size evaluation) (length text))
           (* 2 repl-connect--errs-kept))
    (let ((err (repl-connect-evaluation-err evaluation)))
      (setf (repl-connect-evaluation-errs evaluation) (list err)
            (repl-connect-evaluation-errs-size evaluation) (length err)))))

(cl-defun repl-connect-eval
    (connection code &key file line column namespace as-file more
                on-value on-output on-failed on-need-input on-done properties)
  "Evaluate CODE on CONNECTION; return the evaluation.
With AS-FILE, CODE is all of FILE (nREPL's `load-file').  FILE, LINE and
COLUMN (from 1) say where it is from, NAMESPACE where to evaluate it.
MORE is added to the message.  PROPERTIES is a plist to keep with it.

ON-VALUE is called with the evaluation, a value's text and the reply;
ON-OUTPUT with the evaluation, `out' or `err' as a string and the text
and the reply; ON-FAILED with the evaluation and the reply that tells of
the error, whose text has come as `err' before; ON-NEED-INPUT with the
evaluation and whether the input is secret; ON-DONE with the evaluation
and, if it never ran or its end is not known, a sentence."
  (let* ((session (repl-connect-connection-session connection))
         (evaluation
          (make-repl-connect-evaluation
           :code code :connection connection :session session :file file :line line
           :namespace namespace :on-value on-value :on-output on-output
           :on-failed on-failed :on-need-input on-need-input :on-done on-done
           :started (float-time) :properties properties))
         (message
          `(,@(if as-file
                  `(("op" . "load-file") ("file" . ,code)
                    ,@(and file `(("file-path" . ,file)
                                  ("file-name" . ,(file-name-nondirectory file)))))
                `(("op" . "eval") ("code" . ,code) ,@(and file `(("file" . ,file)))))
            ,@(and namespace `(("ns" . ,namespace)))
            ,@(and line `(("line" . ,line)))
            ,@(and column `(("column" . ,column)))
            ,@(and session `(("session" . ,session)))
            ("nrepl.middleware.print/quota" . ,repl-connect-value-limit)
            ,@more)))
    (setf (repl-connect-evaluation-message evaluation) message)
    (when (>= (length (repl-connect-connection-evaluations connection))
              repl-connect-most-requests)
      (user-error "%s: %d evaluations are under way there already"
                  (repl-connect-connection-address connection) repl-connect-most-requests))
    (let ((before (repl-connect-connection-evaluations connection)))
      ;; Sending may end it at once.
      (setf (repl-connect-connection-evaluations connection) (append before (list evaluation)))
      (when (or (repl-connect-keeps-order-p connection)
                (not (seq-find (lambda (each)
                                 (equal (repl-connect-evaluation-session each) session))
                               before)))
        (condition-case error
            (repl-connect--send-evaluation evaluation)
          (user-error
           (setf (repl-connect-connection-evaluations connection) before)
           (signal (car error) (cdr error))))))
    evaluation))

(defun repl-connect--send-evaluation (evaluation)
  "Send EVALUATION, whose turn it is."
  (let ((message (repl-connect-evaluation-message evaluation)))
    (setf (repl-connect-evaluation-message evaluation) nil
          (repl-connect-evaluation-id evaluation)
          (repl-connect-request (repl-connect-evaluation-connection evaluation) message
                                (lambda (reply) (repl-connect--evaluated evaluation reply))))))

(defun repl-connect--next-turn (evaluation lost)
  "Send what has waited for EVALUATION to end; if LOST, none of it ever is."
  (let* ((connection (repl-connect-evaluation-connection evaluation))
         (session (repl-connect-evaluation-session evaluation))
         (waiting (seq-filter (lambda (each)
                                (and (repl-connect-evaluation-message each)
                                     (equal (repl-connect-evaluation-session each) session)))
                              (repl-connect-connection-evaluations connection))))
    (cond
     (lost
      (dolist (each waiting)
        (setf (repl-connect-evaluation-message each) nil))
      (dolist (each waiting)
        (repl-connect--evaluated each '(("status" . ["done" "lost"])))))
     ((and waiting
           (not (seq-find (lambda (each)
                            (and (null (repl-connect-evaluation-message each))
                                 (equal (repl-connect-evaluation-session each) session)))
                          (repl-connect-connection-evaluations connection))))
      (repl-connect--send-evaluation (car waiting))))))

(defun repl-connect--evaluated (evaluation reply)
  "Tell the callbacks of EVALUATION about REPLY."
  (let* ((connection (repl-connect-evaluation-connection evaluation))
         (statuses (repl-connect-statuses reply))
         (refused (or (member "error" statuses) (member "lost" statuses)))
         (namespace (repl-connect-text reply "ns")))
    (cl-flet ((tell (function &rest arguments)
                (when function
                  (repl-connect-demoted "in a callback"
                    (apply function evaluation arguments)))))
      (unless refused
        (dolist (stream '("out" "err"))
          (when-let ((text (repl-connect-text reply stream)))
            (when (equal stream "err")
              (repl-connect--keep-err evaluation text))
            (tell (repl-connect-evaluation-on-output evaluation) stream text reply)))
        (when (and namespace (not (repl-connect-evaluation-namespace evaluation)))
          (setf (repl-connect-connection-namespace connection) namespace)))
      (when (assoc "value" reply)
        (let ((value (repl-connect-get reply "value")))
          (tell (repl-connect-evaluation-on-value evaluation)
                (if (stringp value) value (format "%S" value)) reply)))
      (when (or (member "eval-error" statuses) (assoc "ex" reply))
        (setf (repl-connect-evaluation-failed evaluation) reply)
        (tell (repl-connect-evaluation-on-failed evaluation) reply))
      (when (member "need-input" statuses)
        (tell (repl-connect-evaluation-on-need-input evaluation)
              (and (repl-connect-get reply "repl-server/secret") t)))
      (when (repl-connect-last-p reply)
        (setf (repl-connect-evaluation-done evaluation) (or statuses '("done"))
              (repl-connect-connection-evaluations connection)
              (delq evaluation (repl-connect-connection-evaluations connection)))
        (tell (repl-connect-evaluation-on-done evaluation)
              (cond ((member "lost" statuses)
                     "The connection was lost: how it ended is not known.")
                    (refused (repl-connect-refusal reply "would not evaluate it"))))
        (repl-connect--next-turn evaluation (member "lost" statuses))))))

(defun repl-connect-interrupt-evaluation (connection &optional evaluation on-answer)
  "Ask CONNECTION to stop EVALUATION, or the oldest one under way.
ON-ANSWER is called with nil, or a sentence that says why it can't be."
  (let ((evaluation (or evaluation (car (repl-connect-connection-evaluations connection)))))
    (when evaluation
      (setf (repl-connect-evaluation-interrupting evaluation) t))
    (if (and evaluation (repl-connect-evaluation-message evaluation))
        (progn
          (setf (repl-connect-evaluation-message evaluation) nil)
          (repl-connect--evaluated evaluation '(("status" . ["done" "interrupted"])))
          (when on-answer (funcall on-answer nil)))
      (repl-connect--ask-to-stop connection evaluation on-answer))))

(defun repl-connect--ask-to-stop (connection evaluation on-answer &optional tries)
  "Send CONNECTION an interrupt for EVALUATION, if it is not nil.
ON-ANSWER is as for `repl-connect-interrupt-evaluation'.  TRIES is how
often it was asked already, when the evaluation had not begun yet."
  (let ((session (or (and evaluation (repl-connect-evaluation-session evaluation))
                     (repl-connect-connection-session connection))))
    (repl-connect-request
     connection
     `(("op" . "interrupt")
       ,@(and session `(("session" . ,session)))
       ,@(and evaluation `(("interrupt-id" . ,(repl-connect-evaluation-id evaluation)))))
     (lambda (reply)
       (when (and on-answer (repl-connect-last-p reply))
         (let ((statuses (repl-connect-statuses reply)))
           (cond
            ((member "lost" statuses) nil)
            ((and (member "session-idle" statuses) evaluation (< (or tries 0) 20)
                  (not (repl-connect-evaluation-done evaluation)))
             (run-at-time 0.1 nil #'repl-connect--ask-to-stop-again
                          connection evaluation on-answer (1+ (or tries 0))))
            ((member "session-idle" statuses) (funcall on-answer "Nothing runs there."))
            ((member "error" statuses)
             (funcall on-answer (repl-connect-refusal reply "would not interrupt")))
            (t (funcall on-answer nil)))))))))

(defun repl-connect--ask-to-stop-again (connection evaluation on-answer tries)
  "Ask once more, as `repl-connect--ask-to-stop' does with these arguments.
CONNECTION, EVALUATION, ON-ANSWER and TRIES are its."
  (when (repl-connect-open-p connection)
    (if (repl-connect-evaluation-done evaluation)
        (funcall on-answer "It has ended.")
      (repl-connect--ask-to-stop connection evaluation on-answer tries))))

(defun repl-connect-give-input (evaluation text)
  "Answer EVALUATION, which waits for input, with TEXT.
TEXT has its newline; the empty string is the end of input."
  (let ((session (repl-connect-evaluation-session evaluation)))
    (repl-connect-request (repl-connect-evaluation-connection evaluation)
                          `(("op" . "stdin") ("stdin" . ,text)
                            ,@(and session `(("session" . ,session))))
                          #'ignore)))

(provide 'repl-connect-evaluation)
;;; repl-connect-evaluation.el ends here
