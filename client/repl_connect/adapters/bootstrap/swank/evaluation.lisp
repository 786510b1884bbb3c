;; Evaluating text. Each form of it has its values told, and becomes part of the history.

(defun find-namespace (name)
  "The package of that name, written as people write it; nil if there is none."
  (swank::guess-package name))

(defun short-p (value)
  "Whether it is known to be printed in few characters."
  (or (typep value 'fixnum) (typep value 'float) (symbolp value) (characterp value)
      (and (stringp value) (< (length value) 100))))

(defun printed (value quota)
  "How VALUE is printed, in at most QUOTA characters; and whether that is not all."
  (if (or (null quota) (and (short-p value) (>= quota 500)))
      (prin1-to-string value)
      (let ((parts '()) (left quota))
        (block printing
          (let ((stream (swank/backend:make-output-stream
                         (lambda (text)
                           (push (subseq text 0 (min left (length text))) parts)
                           (when (minusp (decf left (length text)))
                             (return-from printing))))))
            (prin1 value stream)
            (finish-output stream)))
        (values (with-output-to-string (text)
                  (dolist (part (reverse parts)) (write-string part text)))
                (minusp left)))))

(defconstant +short+ 8000 "Characters of a value that may wait for the end of its evaluation.")

(defun tell-values (values quota last)
  "Tell them. If they are the LAST ones, the end of the evaluation may bring the last of them."
  (finish-output)
  (finish-output *error-output*)
  (swank/backend:check-slime-interrupts) ; one that came while output was sent is held until asked for
  (loop for (value . more) on values
        do (multiple-value-bind (text cut) (printed value quota)
             (if (and last (not more) (< (length text) +short+))
                 (setf *last-value* (list text cut))
                 (call-in-chunks (lambda (part more)
                                   (tell part :value (first *stack*) (label *package*) more cut))
                                 text)))))

(defun skip-blanks (stream)
  "Go to where a form or an unusual comment begins. False if there is none."
  (loop for next = (peek-char t stream nil)
        while (eql next #\;)
        do (read-line stream nil)
        finally (return next)))

(defun read-form (stream line)
  "The next form of STREAM, or STREAM itself at its end. It begins in LINE."
  (handler-bind ((end-of-file
                   (lambda (condition)
                     (when (eq (ignore-errors (stream-error-stream condition)) stream)
                       (error 'unfinished :stream stream :line line)))))
    (let ((*reading* t))
      (read stream nil stream))))

(defun evaluate-form (form file line text)
  "Its values, as a list."
  (setq - form)
  (let ((values (call-with-place (lambda () (multiple-value-list (eval form))) file line text)))
    (setq *** ** ** * * (first values)
          /// // // / / values
          +++ ++ ++ + + form)
    values))

(defun evaluate-text (code file line function)
  "Evaluate the forms of CODE, and call FUNCTION with the values of each, and if it is the last."
  (let ((stream (make-string-input-stream code))
        (counted 0))
    (loop while (skip-blanks stream)
          do (let ((start (file-position stream)))
               (incf line (count #\Newline code :start counted :end start))
               (setf counted start)
               (let* ((*place* (and file (list file line)))
                      (form (read-form stream line)))
                 (when (eq form stream)
                   (return))
                 (let ((text (if file (subseq code start (file-position stream)) "")))
                   (funcall function
                            (evaluate-form form file line text)
                            (not (skip-blanks stream)))))))))

(defun call-evaluating (number package holds function)
  "Call FUNCTION as evaluation NUMBER, in PACKAGE.
How it has ended, the package then, and perhaps a last value and whether it was cut."
  (let ((package (find-namespace package))
        (console (console)))
    (if (null package)
        (list :no-namespace)
        (let* ((*package* package)
               (readtable (swank::guess-buffer-readtable (package-name package)))
               (*stack* (cons number *stack*))
               (*holds* holds)
               (*place* nil)
               (*reading* nil)
               (*last-value* '())
               (*error-output* (console-errors console))
               (running (cons number (swank/backend:current-thread)))
               (status :done))
          (clear-input (swank::connection.user-input swank::*emacs-connection*))
          (push running (console-running console))
          (unwind-protect
               (restart-case
                   (flet ((call ()
                            (swank/backend:call-with-debugger-hook #'failed function)))
                     ;; Not bound without need, so that it can be assigned to.
                     (if (eq readtable *readtable*)
                         (call)
                         (let ((*readtable* readtable)) (call))))
                 (stop (how)
                   :report "End this evaluation."
                   (setf status how)))
            (setf (console-running console) (remove running (console-running console))))
          (finish-output)
          (finish-output *error-output*)
          (list* status (label *package*) (and (eq status :done) *last-value*))))))

(defun evaluate (number package code file line quota holds)
  "Evaluate CODE, and tell the values of all its forms."
  (call-evaluating number package holds
                   (lambda ()
                     (evaluate-text code file line
                                    (lambda (values last) (tell-values values quota last))))))

(defun load-text (number package code file quota holds)
  "Evaluate CODE, or what is in FILE if it is nil, and tell the values of its last form."
  (call-evaluating number package holds
                   (lambda ()
                     (let ((last '())
                           (*load-pathname* (ignore-errors (pathname file)))
                           (*load-truename* (ignore-errors (probe-file file))))
                       (evaluate-text (or code (contents file)) file 1
                                      (lambda (values end)
                                        (declare (ignore end))
                                        (setf last values)))
                       (tell-values last quota t)))))

(defun contents (file)
  (with-open-file (stream file #+sbcl :external-format #+sbcl :utf-8)
    (with-output-to-string (text)
      (loop for character = (read-char stream nil)
            while character do (write-char character text)))))

(defun check-level (level)
  (unless (= level swank::*sldb-level*)
    (error "Another error of that thread has come after it.")))

(defun evaluate-in-frame (number package level frame code quota)
  "Evaluate CODE in a frame of the error that holds this thread."
  (call-evaluating number package nil
                   (lambda ()
                     (check-level level)
                     (tell-values (multiple-value-list
                                   (swank/backend:eval-in-frame
                                    (swank::wrap-sldb-vars (read-from-string code)) frame))
                                  quota t))))

(defun choose (number package level index code)
  "Go on by a restart of the error that holds this thread, with the value of CODE if there is any."
  (call-evaluating number package nil
                   (lambda ()
                     (check-level level)
                     (if code
                         (let ((value (eval (read-from-string code))))
                           (invoke-restart (swank::nth-restart index) value))
                         (swank::invoke-nth-restart index)))))

(defun interrupt (number)
  "End an evaluation, whatever thread it runs in. False if it has not begun in some time, or ended."
  (loop repeat 20
        for running = (assoc number (console-running (console)))
        do (when running
             (swank::queue-thread-interrupt (cdr running) (lambda () (stop number :interrupted)))
             (return t))
           (sleep 0.01)))
