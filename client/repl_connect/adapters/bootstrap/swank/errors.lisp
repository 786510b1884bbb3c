;; Errors that nothing in the program handles: told of, then held or ended.

(define-condition unfinished (end-of-file) ((line :initarg :line))
  (:report (lambda (condition stream)
             (format stream "The form that begins in line ~D is not finished."
                     (slot-value condition 'line)))))

(defconstant +frames+ 50 "How many frames of an error are told of.")
(defconstant +looked-at+ 200 "Among how many the evaluation's own end is looked for.")
(defconstant +placed+ 25 "Of how many it is found out where they are.")
(defconstant +message+ 65536 "Characters of a message at most.")

(defun cut (text most)
  (if (> (length text) most) (concatenate 'string (subseq text 0 most) "...") text))

(defun message (condition)
  (let* ((text (or (ignore-errors (swank::safe-condition-message condition)) ""))
         (stream (and *reading* (search (format nil "~2%  Stream: ") text))))
    (cut (subseq text 0 stream) +message+)))

(defun kind (condition)
  "The name of its type."
  (let ((*package* (find-package '#:common-lisp)))
    (cut (if (typep condition 'unfinished)
             "END-OF-FILE"
             (prin1-to-string (type-of condition)))
         500)))

(defun frame-text (frame)
  "A call as it is written; nil for one of ours."
  (let ((text (handler-case
                  (let ((*print-case* :downcase) (*print-length* 8) (*print-level* 4)
                        (*print-pretty* nil) (*print-readably* nil) (*print-circle* nil)
                        (*print-right-margin* 200))
                    (cut (with-output-to-string (stream)
                           (swank/backend:print-frame frame stream))
                         300))
                (serious-condition () "a frame that can't be printed"))))
    (unless (search (package-name (symbol-package 'stop)) text :test #'char-equal)
      text)))

(defun frame-place (index)
  (ignore-errors
   (or #+sbcl
       (let ((location (sb-di:frame-code-location (swank/sbcl::nth-frame index))))
         (place-in-text (sb-di:code-location-debug-source location) location))
       (place-of-location (swank/backend:frame-source-location index)))))

(defun evaluator-frame-p (text)
  "Whether it is of the way from our evaluation to the user's code."
  (some (lambda (start)
          (and (>= (length text) (length start))
               (string-equal start text :end2 (length start))))
        '("(eval " "(common-lisp:eval " "(sb-int:simple-eval-in-lexenv " "(sb-impl::%simple-eval "
          "((lambda nil :in call-with-place" "((lambda ())")))

(defun frames ()
  "Lists of a call, a file and a line, innermost first; the last is the form itself."
  (swank/backend:call-with-debugging-environment
   (lambda ()
     (let* ((texts (mapcar #'frame-text (swank/backend:compute-backtrace 0 +looked-at+)))
            (start (or (position-if #'identity texts) 0))
            (end (or (position nil texts :start start) (length texts)))
            (last (position-if-not #'evaluator-frame-p texts
                                   :start start :end end :from-end t)))
       (append (when (and last (not *reading*))
                 (loop for index from start to (min last (+ start +frames+))
                       collect (cons (nth index texts)
                                     (and (< (- index start) +placed+) (frame-place index)))))
               (when *place*
                 (list (cons "top level form" *place*))))))))

(defun own-restart-p (restart)
  "Whether it is one of ours, or of those that Swank gives everything."
  (let ((text (princ-to-string restart)))
    (or (eq (restart-name restart) 'stop)
        (and (eq (restart-name restart) 'abort)
             (or (search "Return to" text) (search "abort thread" text)))
        (and (eq (restart-name restart) 'swank::retry) (search "SLIME" text)))))

(defun choices (condition)
  "The names of the restarts that the program has set up for this, up to our own."
  (loop for restart in (compute-restarts condition)
        until (own-restart-p restart)
        collect (string (restart-name restart))))

(defun report (condition)
  "Tell of an error of the innermost evaluation."
  (finish-output)
  (finish-output *error-output*)
  (tell (message condition) :error (first *stack*)
        (kind condition)
        (handler-case (frames) (serious-condition () '()))
        (handler-case (choices condition) (serious-condition () '()))))

(defun failed (condition hook)
  "The debugger of our evaluations."
  (declare (ignore hook))
  (report condition)
  (if (and *holds* (choices condition))
      (swank/backend:call-with-debugger-hook
       #'swank::swank-debugger-hook
       (lambda () (swank::invoke-slime-debugger condition)))
      (stop (first *stack*) :error)))

(defun stop (number status)
  "End an evaluation of this thread, if it runs in it."
  (let ((index (position number *stack*)))
    (when index
      (invoke-restart (nth index (remove 'stop (compute-restarts)
                                         :key #'restart-name :test-not #'eq))
                      status))))

;; What waits for a connection that is closed would wait for ever.

(defun held-threads (connection)
  "The threads in their debugger that wait for this connection."
  (declare (ignorable connection))
  #+sbcl
  (flet ((value (symbol thread)
           (ignore-errors (sb-thread:symbol-value-in-thread symbol thread nil))))
    (remove-if-not (lambda (thread)
                     (and (eq (value 'swank::*emacs-connection* thread) connection)
                          (plusp (or (value 'swank::*sldb-level* thread) 0))))
                   (sb-thread:list-all-threads))))

(defun release (connection)
  "Let go of the program's threads that wait for it, and see that the REPL's own thread ends."
  (let ((out (swank::connection.user-output connection))
        (own (and (swank::multithreaded-connection-p connection)
                  (swank::mconn.repl-thread connection))))
    (when (typep out 'console)
      (dolist (thread (remove own (held-threads connection)))
        (swank/backend:interrupt-thread
         thread
         (lambda ()
           (when (eq swank::*emacs-connection* connection)
             (swank:throw-to-toplevel)))))
      (when (and own (swank/backend:thread-alive-p own))
        (swank/backend:spawn (lambda () (see-off own out)) :name "closing")))))

(defun see-off (thread console)
  "It was told to end. Out of the user's code, it may still ask its client whether that reads."
  (loop repeat 100
        while (swank/backend:thread-alive-p thread)
        do (sleep 0.05)
           (when (null (console-running console))
             (ignore-errors (swank/backend:kill-thread thread)))))

(pushnew 'release swank::*connection-closed-hook*)
