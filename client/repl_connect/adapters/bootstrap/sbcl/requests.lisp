;; What a client asks: read from the socket, and answered.

;;; Reading

(defun fill-buffer (connection)
  ;; Whether there is more: nil at the end of the stream.
  (let ((buffer (connection-buffer connection)))
    (loop
      (multiple-value-bind (size failed)
          (sb-sys:with-pinned-objects (buffer)
            (sb-unix:unix-read (connection-in connection) (sb-sys:vector-sap buffer)
                               (length buffer)))
        (cond
          ((and size (plusp size))
           (setf (connection-at connection) 0
                 (connection-end connection) size)
           (return t))
          ((eql failed sb-unix:eintr))
          ((eql failed sb-unix:ewouldblock)
           (sb-unix:unix-simple-poll (connection-in connection) :input 1000))
          (t (return nil)))))))

(defun next-number (connection)
  ;; Up to a colon; nil at the end.
  (let ((number 0))
    (loop
      (when (and (= (connection-at connection) (connection-end connection))
                 (not (fill-buffer connection)))
        (return nil))
      (let ((byte (aref (connection-buffer connection) (connection-at connection))))
        (incf (connection-at connection))
        (cond ((= byte 58) (return number))
              ((<= 48 byte 57) (setf number (+ (* number 10) (- byte 48)))))))))

(defun next-text (connection)
  (let ((size (next-number connection)))
    (when size
      (let ((bytes (make-array size :element-type '(unsigned-byte 8))) (have 0))
        (loop
          (when (= have size)
            (return (sb-ext:octets-to-string
                     bytes :external-format '(:utf-8 :replacement #\ufffd))))
          (when (and (= (connection-at connection) (connection-end connection))
                     (not (fill-buffer connection)))
            (return nil))
          (let* ((at (connection-at connection))
                 (some (min (- (connection-end connection) at) (- size have))))
            (replace bytes (connection-buffer connection)
                     :start1 have :start2 at :end2 (+ at some))
            (incf have some)
            (incf (connection-at connection) some)))))))

(defun next-request (connection)
  ;; A list of strings, or nil at the end of the stream.
  (let ((count (next-number connection)))
    (and count
         (loop repeat count
               for text = (next-text connection)
               if text collect text
               else do (return nil)))))

;;; Answering

(defun number-in (text)
  (and text (string/= text "") (parse-integer text :junk-allowed t)))

(defun handle (connection request)
  ;; An evaluation, in the evaluating thread. Whatever goes wrong, the client is told an end.
  (destructuring-bind (op number session &optional (namespace "") (code "") (file "") line column
                          quota)
      request
    (declare (ignore column))
    (let ((number (number-in number)))
      (handler-case
          (evaluate connection number session namespace
                    (if (string= op "load-path") (or (file-text file) "") code)
                    (if (string= file "") nil file)
                    (number-in line) (number-in quota)
                    (string/= op "eval"))
        (error (condition)
          (setf (connection-current connection) nil)
          (tell connection "frames" '() "id" number "kind" "error"
                "message" (message-of condition) "place" '("" 0) "type" (type-text condition))
          (tell connection "id" number "kind" "done"
                "ns" (short-name (connection-package connection))))))))

(defun open-session (connection id parent-id)
  (let ((parent (gethash parent-id (connection-sessions connection))))
    (setf (gethash id (connection-sessions connection))
          (make-session :package (if parent
                                     (session-package parent)
                                     (connection-package connection))))))

(defun answer (connection request)
  ;; Anything but an evaluation, in the thread that has read it.
  (destructuring-bind (op first &optional second third fourth) request
    (cond
      ((string= op "interrupt") (interrupt connection (number-in first)))
      ((string= op "input") (give-input connection first second))
      ((string= op "open") (open-session connection first second))
      ((string= op "close") (remhash first (connection-sessions connection)))
      ((string= op "complete")
       (tool connection (number-in first) second third
             (lambda (package) (completions package fourth))))
      ((string= op "lookup")
       (tool connection (number-in first) second third
             (lambda (package) (look-up package fourth)))))))

(defun take-request (connection)
  ;; Read one and answer it, or leave it to the evaluating thread.
  (let ((request (next-request connection)))
    (cond
      ((null request) (leave connection))
      ((member (first request) '("eval" "load-file" "load-path") :test #'string=)
       (critically connection
         (setf (connection-requests connection)
               (append (connection-requests connection) (list request)))
         (ring-for-request connection)))
      (t (answer connection request)))))

(defun leave (connection)
  ;; The client has gone: what it runs is interrupted, its threads end.
  (critically connection
    (setf (connection-dead connection) t)
    (ring connection)
    (ring-for-request connection))
  (interrupt connection nil))

;;; Serving

(defun run-reader (connection)
  (unwind-protect
       (loop until (connection-dead connection)
             do (take-request connection))
    (leave connection)))

(defun next-evaluation (connection)
  (if (connection-threads connection)
      (sb-thread:with-mutex ((connection-lock connection))
        (loop until (or (connection-requests connection) (connection-dead connection))
              do (sb-thread:condition-wait (connection-request-bell connection)
                                           (connection-lock connection)))
        (unless (connection-dead connection) (pop (connection-requests connection))))
      (loop until (or (connection-requests connection) (connection-dead connection))
            do (take-request connection)
            finally (return (unless (connection-dead connection)
                              (pop (connection-requests connection)))))))

(defun descriptor (stream input)
  ;; Of the socket or pipe that a stream leads to in the end.
  (typecase stream
    (synonym-stream (descriptor (symbol-value (synonym-stream-symbol stream)) input))
    (two-way-stream
     (descriptor (if input
                     (two-way-stream-input-stream stream)
                     (two-way-stream-output-stream stream))
                 input))
    (echo-stream
     (descriptor (if input (echo-stream-input-stream stream) (echo-stream-output-stream stream))
                 input))
    (sb-sys:fd-stream (sb-sys:fd-stream-fd stream))
    (t (error "this REPL does not read from a socket itself, but from ~A" stream))))

(defun attach (mark package)
  ;; Serve one connection until its client goes. Called by the REPL's own thread.
  (let* ((threads (and (member :sb-thread *features*) t))
         (connection (make-connection :mark (octets (concatenate 'string mark "d"))
                                      :in (descriptor *standard-input* t)
                                      :out (descriptor *standard-output* nil)
                                      :streams *standard-output*
                                      :package package
                                      :threads threads
                                      :thread sb-thread:*current-thread*))
         (helpers '()))
    (finish-output *standard-output*)
    (flet ((start (name function)
             (push (sb-thread:make-thread function :name name :arguments (list connection))
                   helpers)))
      (unwind-protect
           (progn
             (tell connection "kind" "ready" "ns" (short-name package)
                   "threads" (if threads 1 0) "version" (lisp-implementation-version))
             (when threads
               (start "repl-connect reader" 'run-reader)
               (start "repl-connect writer" 'run-writer)
               (unless (get 'attach 'compiled)
                 (start "repl-connect compiling" 'compile-procedures)))
             (loop for request = (next-evaluation connection)
                   while request
                   do (handle connection request)))
        ;; Also when the image ends, while the reader still waits for its client.
        (leave connection)
        (dolist (helper helpers)
          (unless (eq helper (first (last helpers))) (sb-thread:join-thread helper :default nil)))
        (when helpers
          (let ((reader (first (last helpers))))
            (ignore-errors (sb-thread:terminate-thread reader))
            (sb-thread:join-thread reader :default nil)))))))

;;; Our own procedures, compiled once for the image

(defun compile-procedures (connection)
  ;; As far as it comes while the client is there; the next one goes on.
  (sleep 0.05)                          ; whoever evaluates one thing and leaves need not wait
  (sb-thread:with-mutex (*compile-lock*)
    (let ((*package* (symbol-package 'attach))
          (sb-ext:*evaluator-mode* :compile)
          (*error-output* (make-broadcast-stream))
          (left (get 'attach 'procedures)))
      (loop while (and left (not (connection-dead connection)))
            do (handler-bind ((warning #'muffle-warning))
                 (ignore-errors (eval (pop left))))
               (setf (get 'attach 'procedures) left))
      (unless left (setf (get 'attach 'compiled) t)))))

;; Compiled at once, since a backtrace shows where they are.
(compile 'call-user)
(compile 'take-error)
