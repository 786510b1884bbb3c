;; Who reads the socket: one thread at a time.
;;
;; Of a cooperative server's connection it is the pump, always: the host evaluates what the pump has
;; put into the REPL's inbox. Of a threaded server's it is the evaluating thread itself while nothing
;; runs, since to hand each request from thread to thread would cost as much as a small evaluation.
;; When an evaluation has run for a tick, the pump reads in its place, until the next evaluation comes
;; for an idle evaluating thread: that one is handed over together with the reading.

(define tick 0.01)                ; seconds
(define awake 1)                  ; seconds after an evaluation that the pump looks every tick

(define (since time)
  (/ (- (get-internal-real-time) time) internal-time-units-per-second))

(define (leave connection)
  ;; The client has gone: what it runs is interrupted, the threads of its connection end.
  (critically connection
    (set-dead! connection #t)
    (ring connection)
    (signal-condition-variable (request-bell connection))
    (signal-condition-variable (standby-bell connection)))
  (interrupt connection #f))

;;; The evaluating thread of a threaded connection

(define (serve connection)
  ;; Instead of the REPL's loop: evaluations, one after the other, until the client has gone.
  (let ((request (next-evaluation connection)))
    (when request
      (before-evaluation)
      (handle connection request)
      (serve connection))))

(define (next-evaluation connection)
  (let ((next (critically connection
                (let wait ()
                  (cond
                   ((pair? (requests connection))
                    (let ((first (car (requests connection))))
                      (set-requests! connection (cdr (requests connection)))
                      first))
                   ((dead? connection) #f)
                   ((evaluator-reads? connection) 'read)
                   (else
                    (wait-condition-variable (request-bell connection)
                                             (connection-lock connection))
                    (wait)))))))
    (if (not (eq? next 'read))
        next
        (let ((request ((next-request connection))))
          (cond
           ((not request) (leave connection) #f)
           ((evaluation? request) request)
           (else
            (answer connection request)
            (next-evaluation connection)))))))

;;; The pump

(define (read-for-host connection push!)
  ;; Of a cooperative connection, until its client has gone.
  (let ((request ((next-request connection))))
    (cond
     ((not request) (leave connection))
     ((evaluation? request)
      (before-evaluation)
      (push! request)
      (read-for-host connection push!))
     (else
      (answer connection request)
      (read-for-host connection push!)))))

(define (stand-by connection)
  ;; Of a threaded connection: wait for an evaluation that takes long.
  (define (wait-a-tick)
    (wait-condition-variable (standby-bell connection) (connection-lock connection)
                             (+ (gettimeofday/float) tick)))
  (when (critically connection
          (let wait ()
            (cond
             ((dead? connection) #f)
             ((and (current connection) (> (since (started connection)) tick))
              (set-evaluator-reads! connection #f)
              #t)
             ((or (current connection) (< (since (started connection)) awake))
              (wait-a-tick)
              (wait))
             (else
              (set-asleep! connection #t)
              (wait-condition-variable (standby-bell connection) (connection-lock connection))
              (set-asleep! connection #f)
              (wait)))))
    (read-in-place connection)
    (stand-by connection)))

(define (read-in-place connection)
  (let ((request ((next-request connection))))
    (cond
     ((not request) (leave connection))
     ((evaluation? request)
      (unless (critically connection
                (let ((idle (and (not (current connection)) (null? (requests connection)))))
                  (set-requests! connection (append (requests connection) (list request)))
                  (set-evaluator-reads! connection idle)
                  (signal-condition-variable (request-bell connection))
                  idle))
        (read-in-place connection)))
     (else
      (answer connection request)
      (read-in-place connection)))))

(define (attach mark module socket host cooperative push! set-handler!)
  ;; Serve one connection until its client goes. Called in the pump's thread.
  (let ((connection
         (make-connection mark socket module (request-reader socket)
                          (make-mutex) (make-condition-variable) (make-condition-variable)
                          (make-condition-variable) (make-hash-table) cooperative
                          '() 0 #f 0 #f #f 0 #f host #f '() '() #t #f
                          (get-internal-real-time) #f)))
    (set-handler! (lambda (request)
                    (if (eq? request 'serve)
                        (serve connection)
                        (handle connection request))
                    *unspecified*))     ; or the REPL prints it, into the user's history
    (call-with-new-thread (lambda () (writer connection)))
    (tell connection "cooperative" (if cooperative 1 0) "kind" "ready"
          "ns" (namespace-name module) "version" (version))
    (cond
     (cooperative (read-for-host connection push!))
     (else
      (push! 'serve)
      (stand-by connection)))))
