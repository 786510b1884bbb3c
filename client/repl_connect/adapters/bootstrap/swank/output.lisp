;; The streams of a connection: Swank's own for output, and one beside it for errors.

(defclass console (swank/gray::slime-output-stream)
  ((errors :accessor console-errors)
   (running :initform '() :accessor console-running
            :documentation "Pairs of evaluation and thread."))
  (:documentation "The output of a connection. The same thread flushes its errors."))

(defmethod swank/gray:stream-force-output :after ((stream console))
  (when (slot-boundp stream 'errors)
    (finish-output (console-errors stream))))

(defun console ()
  "That of this connection."
  (swank::connection.user-output swank::*emacs-connection*))

(defun writer (connection before &rest target)
  "A function that sends text to TARGET, after what is in the stream BEFORE."
  (lambda (text)
    (when before
      (finish-output before))
    (swank::with-connection (connection)
      (call-in-chunks (lambda (part more)
                        (declare (ignore more))
                        (swank::send-to-emacs (list* :write-string part target)))
                      text))))

;; When a client has gone, what is still to be written to it makes `close` fail, and with that the
;; thread that closes Swank's connections would end in the debugger, and never close another.

#+sbcl
(defclass sturdy-output (sb-gray:fundamental-binary-output-stream)
  ((stream :initarg :stream :reader inner))
  (:documentation "The output of a connection, which can be closed whatever has happened to it."))

#+sbcl
(defmethod sb-gray:stream-write-byte ((stream sturdy-output) byte)
  (write-byte byte (inner stream)))

#+sbcl
(defmethod sb-gray:stream-write-sequence ((stream sturdy-output) sequence &optional (start 0) end)
  (write-sequence sequence (inner stream) :start start :end end))

#+sbcl
(defmethod sb-gray:stream-finish-output ((stream sturdy-output))
  (finish-output (inner stream)))

#+sbcl
(defmethod close ((stream sturdy-output) &key abort)
  (handler-case (close (inner stream) :abort abort)
    (error () (close (inner stream) :abort t))))

(defun open-connection ()
  "Make this connection one whose requests are answered here."
  (let* ((connection swank::*emacs-connection*)
         (out (console))
         (errors (swank/backend:make-output-stream (writer connection out :repl-error))))
    (change-class out 'console)
    (setf (slot-value out 'swank/gray::output-fn) (writer connection nil)
          (slot-value errors 'swank/gray::flush-thread)
          (slot-value out 'swank/gray::flush-thread)
          (console-errors out) errors)
    #+sbcl
    (when (swank::multithreaded-connection-p connection)
      ;; There is no setter that the compiler knows.
      (funcall (fdefinition '(setf slot-value))
               (make-instance 'sturdy-output :stream (swank::connection.socket-io connection))
               connection 'swank::socket-io))
    t))
