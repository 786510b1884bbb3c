;; What a client asks: read from the socket, and answered. And a connection from start to end.

(define (read-request in)
  ;; A list of strings, or #f at the end of the stream.
  (define (number)
    (let next ([n 0])
      (define byte (read-byte in))
      (cond
        [(eof-object? byte) #f]
        [(= byte 58) n]
        [(<= 48 byte 57) (next (+ (* n 10) (- byte 48)))]
        [else (next n)])))            ; white space left from the bootstrap
  (define (text)
    (define size (number))
    (define bytes (if size (read-bytes size in) eof))
    (and (bytes? bytes) (= (bytes-length bytes) size) (bytes->string/utf-8 bytes #\uFFFD)))
  (define count (number))
  (and count
       (let next ([n count])
         (if (zero? n)
             '()
             (let ([first (text)])
               (and first
                    (let ([rest (next (sub1 n))])
                      (and rest (cons first rest)))))))))

(define (push! c request)
  (atomically (set-connection-requests! c (append (connection-requests c) (list request))))
  (semaphore-post (connection-requests-bell c)))

(define (pump c)
  ;; In its own thread: until the client has gone.
  (define request
    (with-handlers ([exn:fail? (lambda (e) #f)]) (read-request (connection-in c))))
  (cond
    [(not request)
     (bury c)
     (interrupt c #f)
     (push! c #f)]
    [else
     (if (member (car request) '("eval" "load-file" "load-path"))
         (push! c request)
         (answer c (car request) (cdr request)))
     (pump c)]))

(define (answer c op arguments)
  (define sessions (connection-sessions c))
  (define first (car arguments))
  (case op
    [("open") (open-session c first (cadr arguments))]
    [("close") (hash-remove! sessions first)]
    [("interrupt") (interrupt c (string->number first))]
    [("input") (give-input c first (cadr arguments))]
    [("complete" "lookup")
     (define text (cadddr arguments))
     (define work (if (string=? op "complete") completions look-up))
     (tool c first (cadr arguments) (caddr arguments) (lambda (ns) (work ns text)))]))

(define (open-session c id parent)
  (define from (hash-ref (connection-sessions c) parent #f))
  (define s
    (session (if from (session-namespace from) (connection-namespace c))
             '() (make-semaphore 0) #f '()))
  (open-ports c s)
  (hash-set! (connection-sessions c) id s))

(define (open-ports c s)
  (set-session-ports! s (list (input-port c s) (output-port c 'out) (output-port c 'err))))

(define (handle c request)
  ;; An evaluation. Whatever goes wrong, the client is told an end.
  (define (field n) (if (< n (length request)) (list-ref request n) ""))
  (define id (string->number (field 1)))
  (with-handlers ([(lambda (e) #t)
                   (lambda (e)
                     (end-evaluation c)
                     (send-error c id e)
                     (tell c "id" id "kind" "done" "ns" top-level))])
    (define op (field 0))
    (define file (field 5))
    (evaluate c id (field 2) (field 3)
              (if (string=? op "load-path") (file-contents file) (field 4))
              file
              (string->number (field 6))
              (string->number (field 7))
              (string->number (field 8))
              (not (string=? op "eval")))))

(define (file-contents file)
  (call-with-input-file file
    (lambda (port)
      (define text (read-bytes (max 1 (file-size file)) port))
      (if (eof-object? text) "" (bytes->string/utf-8 text #\uFFFD)))))

(define (serve c)
  (semaphore-wait (connection-requests-bell c))
  (define request
    (atomically
     (begin0 (car (connection-requests c))
             (set-connection-requests! c (cdr (connection-requests c))))))
  (when request
    (handle c request)
    (serve c)))

(define (attach mark in out)
  ;; Serve one connection, in the REPL's thread, until its client has gone.
  (define ns (current-namespace))
  (define c
    (connection (string->bytes/utf-8 mark) in out ns (current-thread) (make-hash)
                (make-semaphore 0) (make-semaphore 0) (make-semaphore 1)
                '() '() 0 #f 0 #f #f #f #f #f))
  (parameterize-break #f
    (flush-output out)                ; a prompt that is still in the buffer
    (thread (lambda () (pump c)))
    (thread (lambda () (write-on c)))
    (tell c "kind" "ready" "ns" (namespace-name ns) "version" (version))
    (serve c)
    (current-namespace ns)
    (leave out)))

(define (leave out)
  ;; The client has gone, and the REPL goes on. It would try to write its prompt to a connection that
  ;; was reset, fail, try to say so, and begin again, for ever. It finds the end of its input instead.
  (define nowhere
    (make-output-port 'nowhere always-evt (lambda (bytes start end . how) (- end start)) void))
  (when (eq? (current-error-port) out) (current-error-port nowhere))
  (current-output-port nowhere)
  (current-input-port (open-input-bytes #"")))
