;; Sending: frames, the outbox, and the streams that evaluations print to.

;;; Frames

(defun octets (text)
  ;; In UTF-8. Surrogates stand for no character and can't be sent.
  (sb-ext:string-to-octets text :external-format '(:utf-8 :replacement #\?)))

(defun digits (integer)
  (let ((*print-base* 10) (*print-radix* nil) (*print-pretty* nil))
    (prin1-to-string integer)))

(defun bencoded (value pieces)
  ;; PIECES of octets with those of VALUE before them, last first. VALUE is a string, an integer
  ;; (sent as text: flat maps of text are what is read fastest), or a list of such.
  (etypecase value
    (string
     (let ((bytes (octets value)))
       (list* bytes (octets (concatenate 'string (digits (length bytes)) ":")) pieces)))
    (integer (bencoded (digits value) pieces))
    (list
     (push (octets "l") pieces)
     (dolist (item value) (setf pieces (bencoded item pieces)))
     (cons (octets "e") pieces))))

(defun join (pieces)
  ;; Vectors of octets as one, last first.
  (if (null (rest pieces))
      (first pieces)
      (let* ((at (reduce #'+ pieces :key #'length))
             (whole (make-array at :element-type '(unsigned-byte 8))))
        (dolist (piece pieces whole)
          (decf at (length piece))
          (replace whole piece :start1 at)))))

(defun frame (connection fields)
  ;; FIELDS: key value ..., the keys sorted.
  (let ((pieces (list (connection-mark connection))))
    (dolist (field fields) (setf pieces (bencoded field pieces)))
    (join (cons (octets "e") pieces))))

(defun enqueue (connection bytes)
  ;; With the lock held.
  (unless (connection-dead connection)
    (push bytes (connection-outbox connection))
    (incf (connection-waiting connection) (length bytes))))

(defun close-output (connection)
  ;; Make a frame of the output that has gathered. With the lock held.
  (let ((stream (connection-open connection)))
    (when stream
      (setf (connection-open connection) nil)
      (let ((text (subseq (stream-text stream) 0 (stream-size stream))))
        (setf (stream-size stream) 0)
        (enqueue connection
                 (frame connection
                        (if (string= (stream-name stream) "err")
                            (list "err" text "id" (stream-evaluation stream))
                            (list "id" (stream-evaluation stream) "out" text))))))))

(defun put-frame (connection &rest fields)
  ;; A frame into the outbox, behind all output before it.
  (let ((bytes (frame connection fields)))
    (critically connection
      (close-output connection)
      (enqueue connection bytes))))

(defun tell (connection &rest fields)
  (apply #'put-frame connection fields)
  (flush connection))

(defun write-all (connection bytes)
  (let ((at 0) (fd (connection-out connection)))
    (loop while (and (< at (length bytes)) (not (connection-dead connection)))
          do (multiple-value-bind (sent failed)
                 (sb-unix:unix-write fd bytes at (- (length bytes) at))
               (cond
                 (sent (incf at sent))
                 ((eql failed sb-unix:eintr))
                 ((eql failed sb-unix:ewouldblock) (sb-unix:unix-simple-poll fd :output 1000))
                 (t (setf (connection-dead connection) t)))))))

(defun flush (connection)
  ;; Send what waits. This waits for a client that does not read.
  (sb-sys:without-interrupts
    (sb-thread:with-mutex ((connection-wire connection))
      (let ((frames (critically connection
                      (close-output connection)
                      (setf (connection-waiting connection) 0)
                      (shiftf (connection-outbox connection) '()))))
        (when frames
          (write-all connection (join frames)))))))

(defun flush-streams (connection)
  ;; What the image's own streams of this connection hold, as other threads have left it there.
  (sb-thread:with-mutex ((connection-wire connection))
    (ignore-errors (finish-output (connection-streams connection)))))

(defun run-writer (connection)
  (loop
    (sb-thread:with-mutex ((connection-lock connection))
      (loop until (or (connection-dead connection)
                      (connection-open connection)
                      (connection-outbox connection))
            do (sb-thread:condition-wait (connection-bell connection)
                                         (connection-lock connection))))
    (when (connection-dead connection) (return))
    (sleep *moment*)
    (flush connection)))

;;; Output

(defun last-newline (text start end)
  ;; Told apart by type, so that the usual ones are searched quickly.
  (declare (optimize speed) (fixnum start end))
  (etypecase text
    ((simple-array character (*))
     (position #\Newline text :start start :end end :from-end t))
    (string (position #\Newline text :start start :end end :from-end t))))

(defun advance-column (stream text start end)
  (let ((newline (last-newline text start end)))
    (setf (stream-column stream)
          (if newline
              (- end newline 1)
              (+ (stream-column stream) (- end start))))))

(defun put-text (stream text start end)
  (let ((connection (stream-connection stream)) (full nil))
    (critically connection
      (unless (eq (connection-open connection) stream)
        (close-output connection)
        (setf (connection-open connection) stream)
        (ring connection))
      (unless (stream-text stream)
        (setf (stream-text stream) (make-string *buffer-size*)))
      (advance-column stream text start end)
      (loop while (< start end)
            do (let* ((size (stream-size stream))
                      (count (min (- end start) (- *buffer-size* size))))
                 (replace (stream-text stream) text :start1 size :start2 start :end2 end)
                 (setf (stream-size stream) (+ size count))
                 (incf start count)
                 (when (= (stream-size stream) *buffer-size*)
                   (close-output connection)
                   (setf (connection-open connection) stream))))
      (setf full (> (connection-waiting connection) *outbox-size*)))
    (when (or full (and (not (connection-threads connection)) (zerop (stream-column stream))))
      (flush connection))))

(defun put-char (stream char)
  (let ((connection (stream-connection stream)))
    (unless (critically connection
              (let ((size (stream-size stream)))
                (when (and (eq (connection-open connection) stream)
                           (connection-threads connection)
                           (< (1+ size) *buffer-size*))
                  (setf (schar (stream-text stream) size) char
                        (stream-size stream) (1+ size)
                        (stream-column stream)
                        (if (char= char #\Newline) 0 (1+ (stream-column stream))))
                  t)))
      (put-text stream (string char) 0 1))))
