;; Sending: frames, the outbox, and the ports that evaluations print to.

;;; Frames

(define (bencoded value texts)
  ;; TEXTS with the pieces of VALUE before them: a string, an integer (sent as text: flat maps of
  ;; text are what is read fastest), or a list of such.
  (cond
   ((string? value)
    (cons* value ":" (number->string (string-utf8-length value)) texts))
   ((integer? value) (bencoded (number->string value) texts))
   ((list? value) (cons "e" (fold bencoded (cons "l" texts) value)))
   (else (error "no form for" value))))

(define (join chunks)
  (if (and (pair? chunks) (null? (cdr chunks)))
      (car chunks)
      (let* ((size (fold (lambda (chunk sum) (+ sum (bytevector-length chunk))) 0 chunks))
             (whole (make-bytevector size)))
        (let lp ((chunks chunks) (at 0))
          (if (null? chunks)
              whole
              (let ((length (bytevector-length (car chunks))))
                (bytevector-copy! (car chunks) 0 whole at length)
                (lp (cdr chunks) (+ at length))))))))

(define (frame connection fields)
  ;; FIELDS: key value ..., the keys sorted.
  (string->utf8
   (string-concatenate-reverse
    (cons "e" (fold bencoded (list "d" (connection-mark connection)) fields)))))

(define (output-frame connection id stream bytes)
  ;; Output goes as the bytes it is: a chunk may end within a character.
  (join (list (string->utf8 (string-append
                             (string-concatenate-reverse
                              (bencoded stream (bencoded id (bencoded "id" (list "d" (connection-mark connection))))))
                             (number->string (bytevector-length bytes)) ":"))
              bytes
              (string->utf8 "e"))))

;; The procedures that end in /held are called with the lock held.

(define (enqueue/held connection bytes)
  (unless (dead? connection)
    (set-outbox! connection (cons bytes (outbox connection)))
    (set-waiting! connection (+ (waiting connection) (bytevector-length bytes)))))

(define (put-frame/held connection . fields)
  ;; A frame into the outbox, behind all output before it.
  (close-output/held connection)
  (enqueue/held connection (frame connection fields)))

(define (close-output/held connection)
  ;; Make a frame of the output that has gathered.
  (let ((open (open-output connection)))
    (when open
      (set-open-output! connection #f)
      (set-open-bytes! connection 0)
      (enqueue/held connection
                    (output-frame connection (car open) (cadr open)
                                  (join (reverse (cddr open))))))))

(define (send-now connection bytes)
  ;; Write what the socket takes at once; the rest, or #f if that was all.
  (catch 'system-error
    (lambda ()
      (let ((sent (send (connection-socket connection) bytes MSG_DONTWAIT))
            (size (bytevector-length bytes)))
        (and (< sent size)
             (let ((rest (make-bytevector (- size sent))))
               (bytevector-copy! bytes sent rest 0 (- size sent))
               rest))))
    (lambda args
      (if (memv (system-error-errno args) (list EAGAIN EWOULDBLOCK EINTR))
          bytes
          (begin (set-dead! connection #t) #f)))))

(define (take-outbox/held connection)
  (close-output/held connection)
  (let ((bytes (join (reverse (outbox connection)))))
    (set-outbox! connection '())
    (set-waiting! connection 0)
    bytes))

(define (flush/held connection)
  ;; Send what waits, as far as that goes without waiting; the writer does the rest.
  (if (sending? connection)
      (close-output/held connection)
      (let ((rest (send-now connection (take-outbox/held connection))))
        (when rest
          (enqueue/held connection rest)
          (ring connection)))))

(define (tell connection . fields)
  ;; Send one frame, now.
  (critically connection
    (apply put-frame/held connection fields)
    (flush/held connection)))

(define (writer connection)
  (define (wait-for-work)
    (critically connection
      (let wait ()
        (cond ((dead? connection) #f)
              ((or (pair? (outbox connection)) (open-output connection)) #t)
              (else
               (wait-condition-variable (connection-bell connection) (connection-lock connection))
               (wait))))))
  (define (write-all bytes)
    (let ((rest (and (not (dead? connection)) (send-now connection bytes))))
      (when rest
        (catch 'system-error
          (lambda () (select '() (list (connection-socket connection)) '() 1))
          (lambda args (set-dead! connection #t)))
        (write-all rest))))
  (when (wait-for-work)
    (usleep 20000)
    (let ((bytes (critically connection
                   (set-sending! connection #t)
                   (take-outbox/held connection))))
      (write-all bytes)
      (critically connection
        (set-sending! connection #f)
        (ring connection)))
    (writer connection)))

;;; Output

(define (wait-for-room/held connection tries)
  ;; Whether there is room for more output. A threaded connection waits as long as the client
  ;; lives; a cooperative host only so long that it is no hang.
  (cond
   ((dead? connection) #f)
   ((< (waiting connection) outbox-size) #t)
   ((interrupted? connection) #f)
   ((and (cooperative? connection) (or (zero? tries) (positive? (dropped connection)))) #f)
   (else
    (ring connection)
    (wait-condition-variable (connection-bell connection) (connection-lock connection)
                             (+ (gettimeofday/float) 0.1))
    (wait-for-room/held connection (- tries 1)))))

(define (gettimeofday/float)
  (let ((now (gettimeofday)))
    (+ (car now) (/ (cdr now) 1e6))))

(define (note-dropped/held connection id)
  (when (positive? (dropped connection))
    (put-frame/held connection "dropped" (dropped connection) "id" id)
    (set-dropped! connection 0)))

(define (put-output connection id stream bytes start count)
  (critically connection
    (let ((open (open-output connection))
          (chunk (make-bytevector count)))
      (bytevector-copy! bytes start chunk 0 count)
      (cond
       ((not (wait-for-room/held connection patience))
        (set-dropped! connection (+ (dropped connection) count)))
       (else
        (note-dropped/held connection id)
        (if (and open (eqv? (car open) id) (eq? (cadr open) stream))
            (set-cdr! (cdr open) (cons chunk (cddr open)))
            (begin
              (close-output/held connection)
              (set-open-output! connection (list id stream chunk))))
        (when (zero? (open-bytes connection)) (ring connection))
        (set-open-bytes! connection (+ (open-bytes connection) count))
        (when (> (open-bytes connection) frame-size)
          (close-output/held connection)))))))

(define (output-port connection stream)
  (let ((port (make-custom-binary-output-port
               stream
               (lambda (bytes start count)
                 (put-output connection (fluid-ref own-evaluation) stream bytes start count)
                 count)
               #f #f #f)))
    (set-port-encoding! port "UTF-8")
    (set-port-conversion-strategy! port 'substitute)
    (setvbuf port 'line)
    port))
