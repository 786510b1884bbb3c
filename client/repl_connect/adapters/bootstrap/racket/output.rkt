;; Sending: frames, the outbox, and the ports that evaluations print to.

;;; Frames

(define (bencoded value)
  ;; The pieces of VALUE, a string, a byte string, an integer (sent as text) or a list of such.
  (cond
    [(string? value) (bencoded (string->bytes/utf-8 value))]
    [(bytes? value)
     (list (string->bytes/latin-1 (number->string (bytes-length value))) #":" value)]
    [(symbol? value) (bencoded (symbol->string value))]
    [(number? value) (bencoded (number->string value))]
    [else (append (list #"l") (apply append (map bencoded value)) (list #"e"))]))

(define (frame c fields)
  ;; FIELDS: key value ..., the keys sorted.
  (apply bytes-append (connection-mark c) #"d"
         (append (apply append (map bencoded fields)) (list #"e"))))

;; The procedures that end in /held are called in atomic mode.

(define (enqueue/held c bytes)
  (unless (connection-dead? c)
    (set-connection-outbox! c (cons bytes (connection-outbox c)))
    (set-connection-waiting! c (+ (connection-waiting c) (bytes-length bytes)))))

(define (close-output/held c)
  ;; Make a frame of the output that has gathered.
  (define open (connection-open c))
  (when open
    (set-connection-open! c #f)
    (set-connection-waiting! c (- (connection-waiting c) (connection-open-bytes c)))
    (set-connection-open-bytes! c 0)
    (let ([text (apply bytes-append (reverse (cddr open)))])
      (enqueue/held c (frame c (list "id" (car open) (cadr open) text))))))

(define (take-outbox/held c)
  (close-output/held c)
  (let ([bytes (apply bytes-append (reverse (connection-outbox c)))])
    (set-connection-outbox! c '())
    (set-connection-waiting! c 0)
    (semaphore-try-wait? (connection-room c))
    (semaphore-post (connection-room c))
    bytes))

(define (tell c . fields)
  ;; Send one frame, behind all output before it, as far as that goes without waiting.
  (define bytes (frame c fields))
  (define mine
    (atomically
     (close-output/held c)
     (enqueue/held c bytes)
     (cond
       [(or (connection-sending? c) (connection-dead? c)) #f]
       [else (set-connection-sending?! c #t) (take-outbox/held c)])))
  (when mine
    (let* ([sent (with-handlers ([exn:fail? (lambda (e) (bury c) (bytes-length mine))])
                   (or (write-bytes-avail* mine (connection-out c)) 0))]
           [rest (and (< sent (bytes-length mine)) (subbytes mine sent))])
      (when (atomically
             (set-connection-sending?! c #f)
             (when rest
               ;; Before whatever has come since.
               (set-connection-outbox! c (append (connection-outbox c) (list rest)))
               (set-connection-waiting! c (+ (connection-waiting c) (bytes-length rest))))
             (positive? (connection-waiting c)))
        (semaphore-post (connection-writer-bell c))))))

(define (put c . fields)
  ;; Send one frame in a moment, or with what comes before that.
  (define bytes (frame c fields))
  (atomically
   (close-output/held c)
   (enqueue/held c bytes))
  (semaphore-post (connection-writer-bell c)))

(define (write-on c)
  ;; In the writer: until the client has gone.
  (semaphore-wait (connection-writer-bell c))
  (unless (connection-dead? c)
    (when (< 0 (connection-waiting c) frame-size) (sleep moment))
    (let again ()
      (define bytes
        (atomically
         (cond
           [(or (connection-sending? c) (zero? (connection-waiting c))) #f]
           [else (set-connection-sending?! c #t) (take-outbox/held c)])))
      (when bytes
        (with-handlers ([exn:fail? (lambda (e) (bury c))])
          (write-bytes bytes (connection-out c))
          (flush-output (connection-out c)))
        (set-connection-sending?! c #f)
        (unless (connection-dead? c) (again))))
    (write-on c)))

(define (bury c)
  ;; Nobody reads any more: what is printed goes nowhere, and does not wait.
  (atomically
   (set-connection-dead?! c #t)
   (set-connection-outbox! c '())
   (set-connection-open! c #f)
   (semaphore-post (connection-room c)))
  (semaphore-post (connection-writer-bell c)))

(define (flush c)
  ;; Wait until what was printed has been written: the program is about to end, perhaps.
  (let wait ([tries 100])
    (unless (or (zero? tries)
                (connection-dead? c)
                (and (zero? (connection-waiting c)) (not (connection-sending? c))))
      (semaphore-post (connection-writer-bell c))
      (sleep 0.01)
      (wait (sub1 tries)))))

;;; Output

(define (put-output c stream bytes start end)
  ;; Whether there was room for it.
  (define id (own-evaluation))
  (define ring
    (atomically
     (define open (connection-open c))
     (define size (- end start))
     (cond
       [(connection-dead? c) 'gone]
       [(>= (connection-waiting c) outbox-size)
        (semaphore-try-wait? (connection-room c))
        'full]
       [else
        (let ([first? (zero? (connection-waiting c))]
              [chunk (subbytes bytes start end)])
          (cond
            [(and open (eqv? (car open) id) (eq? (cadr open) stream))
             (set-connection-open! c (list* id stream chunk (cddr open)))]
            [else
             (close-output/held c)
             (set-connection-open! c (list id stream chunk))])
          (set-connection-waiting! c (+ (connection-waiting c) size))
          (set-connection-open-bytes! c (+ (connection-open-bytes c) size))
          (when (> (connection-open-bytes c) frame-size) (close-output/held c))
          first?)])))
  (when (eq? ring #t) (semaphore-post (connection-writer-bell c)))
  (not (eq? ring 'full)))

(define (output-port c stream)
  (define room (semaphore-peek-evt (connection-room c)))
  (make-output-port
   stream
   room
   (lambda (bytes start end never-waits? breakable?)
     (cond
       [(= start end) 0]
       [else
        (define stop (min end (+ start outbox-size)))
        (and (put-output c stream bytes start stop) (- stop start))]))
   void))
