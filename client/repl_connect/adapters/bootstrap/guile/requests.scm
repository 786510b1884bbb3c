;; What a client asks: read from the socket, and answered.

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

(define (evaluation? request)
  (member (car request) '("eval" "load-file" "load-path")))

(define (handle connection request)
  ;; An evaluation, in the evaluating thread. Whatever goes wrong, the client is told an end.
  (apply
   (lambda* (op id session #:optional (namespace "") (code "") (file "") (line "") (column "")
                (quota ""))
     (let ((id (string->number id)))
       (catch #t
         (lambda ()
           (evaluate connection id session namespace
                     (if (string=? op "load-path") (file-contents file) code)
                     file
                     (string->number line)
                     (string->number column)
                     (string->number quota)
                     (not (string=? op "eval"))))
         (lambda (key . args)
           (critically connection (set-current! connection #f))
           (send-error connection id key args '() '("" 0))
           (tell connection "id" id "kind" "done"
                 "ns" (namespace-name (resolve-module '(guile-user))) "status" '())))))
   request)
  (after-evaluation))

(define (file-contents file)
  (call-with-input-file file
    (lambda (port)
      (set-port-encoding! port "UTF-8")
      ((@ (ice-9 textual-ports) get-string-all) port))))

(define (open-session connection id parent)
  (let ((from (session-of connection parent)))
    (hash-set! (connection-sessions connection) id
               (make-session (if from (session-module from) (connection-module connection))
                             (make-repl 'scheme)
                             #f #f #f #f))))

(define (give-input connection session-id text)
  (critically connection
    (set-input! connection
                (append (input connection)
                        (list (cons (session-of connection session-id)
                                    (and (not (string-null? text)) (string->utf8 text))))))
    (ring connection)))

(define (answer connection request)
  ;; Anything but an evaluation, in the thread that has read it.
  (let ((op (car request)) (arguments (cdr request)))
    (cond
     ((string=? op "interrupt") (interrupt connection (string->number (car arguments))))
     ((string=? op "input") (apply give-input connection arguments))
     ((string=? op "open") (apply open-session connection arguments))
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
             arguments)))))
