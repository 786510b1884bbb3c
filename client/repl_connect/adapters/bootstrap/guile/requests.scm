;; The pump: one connection, from its upgrade until its client goes.

;;; Requests

(define (request-reader socket)
  ;; A thunk that gives the next request, a list of strings, or #f at the end of the stream.
  (let ((buffer (make-bytevector 65536)) (at 0) (end 0))
    (define (fill!)
      (set! at 0)
      (set! end (catch 'system-error (lambda () (recv! socket buffer)) (lambda _ 0)))
      (positive? end))
    (define (number)
      (let lp ((n 0))
        (if (and (= at end) (not (fill!)))
            #f
            (let ((byte (bytevector-u8-ref buffer at)))
              (set! at (+ at 1))
              (cond ((= byte 58) n)
                    ((<= 48 byte 57) (lp (+ (* n 10) (- byte 48))))
                    (else (lp n)))))))          ; white space left from the bootstrap
    (define (text)
      (let ((size (number)))
        (and size
             (let ((bytes (make-bytevector size)))
               (let lp ((have 0))
                 (cond
                  ((= have size) (utf8->string bytes))
                  ((and (= at end) (not (fill!))) #f)
                  (else
                   (let ((some (min (- end at) (- size have))))
                     (bytevector-copy! buffer at bytes have some)
                     (set! at (+ at some))
                     (lp (+ have some))))))))))
    (lambda ()
      (let ((count (number)))
        (and count
             (let lp ((n count) (texts '()))
               (if (zero? n)
                   (reverse texts)
                   (let ((next (text)))
                     (and next (lp (- n 1) (cons next texts)))))))))))

(define (compile-procedures procedures module)
  ;; In a thread of its own, once for the program.
  (usleep 50000)                        ; whoever evaluates one thing and leaves need not wait
  (lock-mutex compile-lock)
  (let wait ()
    (when (positive? evaluating)
      (wait-condition-variable compile-bell compile-lock)
      (wait)))
  (set! compiling #t)
  (unlock-mutex compile-lock)
  (when (room-to-compile?)
    (false-if-exception
     (compile (cons 'begin procedures) #:env module #:optimization-level 1)))
  (lock-mutex compile-lock)
  (set! compiling #f)
  (set! compiled #t)
  (broadcast-condition-variable compile-bell)
  (unlock-mutex compile-lock))

(define (before-evaluation)
  (unless compiled
    (with-mutex compile-lock
      (let wait ()
        (when compiling
          (wait-condition-variable compile-bell compile-lock)
          (wait)))
      (unless compiled (set! evaluating (+ evaluating 1))))))

(define (after-evaluation)
  (unless compiled
    (with-mutex compile-lock
      (set! evaluating (- evaluating 1))
      (broadcast-condition-variable compile-bell))))

(define (handle connection request)
  ;; In the evaluating thread. Whatever goes wrong, the client is told an end.
  (apply
   (lambda (op id session namespace code file line column quota)
     (let ((id (string->number id)))
       (catch #t
         (lambda ()
           (evaluate connection id session namespace
                     (if (string=? op "load-path") (file-contents file) code)
                     file
                     (or (string->number line) 1)
                     (or (string->number column) 1)
                     (string->number quota)
                     (not (string=? op "eval"))))
         (lambda (key . args)
           (critically connection (set-current! connection #f))
           (send-error connection id key args '() '("" 0))
           (tell connection "id" id "kind" "done"
                 "ns" (namespace-name (resolve-module '(guile-user))) "status" '())))))
   request)
  (after-evaluation))

(define (serve connection)
  ;; The evaluating thread of a threaded server is this connection's own: it takes requests here,
  ;; one after the other, instead of through the REPL's loop, until the client has gone.
  (let ((request
         (critically connection
           (let wait ()
             (cond
              ((pair? (requests connection))
               (let ((first (car (requests connection))))
                 (set-requests! connection (cdr (requests connection)))
                 first))
              ((dead? connection) #f)
              (else
               (wait-condition-variable (request-bell connection) (connection-lock connection))
               (wait)))))))
    (when request
      (handle connection request)
      (serve connection))))

(define (file-contents file)
  (call-with-input-file file
    (lambda (port)
      (set-port-encoding! port "UTF-8")
      ((@ (ice-9 textual-ports) get-string-all) port))))

(define (attach mark module socket host cooperative push! set-handler!)
  ;; Serve one connection until its client goes. Called in the pump's thread.
  (let* ((connection
          (make-connection mark socket (make-mutex) (make-condition-variable) (make-hash-table)
                           '() 0 #f 0 #f #f 0 #f host #f '() cooperative
                           '() (make-condition-variable)))
         (next-request (request-reader socket)))
    (define (open-session id parent)
      (let ((from (session-of connection parent)))
        (hash-set! (connection-sessions connection) id
                   (make-session id
                                 (if from (session-module from) module)
                                 (make-repl 'scheme)
                                 #f))))
    (define (pass-on request)
      (before-evaluation)
      (if cooperative
          (push! request)
          (critically connection
            (set-requests! connection (append (requests connection) (list request)))
            (signal-condition-variable (request-bell connection)))))
    (set-handler! (lambda (request)
                    (if (eq? request 'serve)
                        (serve connection)
                        (handle connection request))
                    *unspecified*))     ; or the REPL prints it, into the user's history
    (unless cooperative (push! 'serve))
    (call-with-new-thread (lambda () (writer connection)))
    (tell connection "cooperative" (if cooperative 1 0) "kind" "ready"
          "ns" (namespace-name module) "version" (version))
    (let lp ((request (next-request)))
      (when request
        (let ((op (car request)) (arguments (cdr request)))
          (cond
           ((member op '("eval" "load-file" "load-path")) (pass-on request))
           ((string=? op "interrupt") (interrupt connection (string->number (car arguments))))
           ((string=? op "input")
            (let ((session (session-of connection (car arguments))))
              (critically connection
                (set-input! connection
                            (append (input connection)
                                    (list (cons session
                                                (and (not (string-null? (cadr arguments)))
                                                     (string->utf8 (cadr arguments)))))))
                (ring connection))))
           ((string=? op "open") (open-session (car arguments) (cadr arguments)))
           ((string=? op "close") (hash-remove! (connection-sessions connection) (car arguments)))
           ((string=? op "complete")
            (apply (lambda (id session ns prefix)
                     (tool connection (string->number id) session ns
                           (lambda (module)
                             (if (string-prefix? "," prefix)
                                 (command-completions prefix)
                                 (completions module prefix)))))
                   arguments))
           ((string=? op "lookup")
            (apply (lambda (id session ns name)
                     (tool connection (string->number id) session ns
                           (lambda (module) (look-up module name))))
                   arguments))))
        (lp (next-request))))
    (critically connection
      (set-dead! connection #t)
      (ring connection)
      (signal-condition-variable (request-bell connection)))
    (interrupt connection #f)))
