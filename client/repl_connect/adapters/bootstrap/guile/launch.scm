;; The first form that is sent to a plain Guile REPL, as the argument of `,option interp`: that
;; command evaluates its argument with the interpreter, so no compiler is loaded and no compiled
;; unit is left behind. It runs in the host's thread and only arranges who reads the socket:
;;
;; - The REPL reads requests from INBOX instead of text from the socket. Its language gets a reader
;;   that takes the next request and an evaluator that hands it to our handler, so that the REPL's
;;   own loop, and the poll of a cooperative server, go on doing what they always did.
;; - A pump thread owns the socket. It reads the rest of the bootstrap from there, then requests.
;;   Of several that come to a program at the same moment one does that and the others wait for it,
;;   3 seconds at most, should its client have been stopped: to evaluate and compile the bootstrap in
;;   several threads at once has been seen to crash Guile 3.0.
;;
;; It is evaluated in the environment of (ice-9 threads), where the names it uses are, whatever the
;; current module is. NONCE and VERSION are filled in by the client, which sends the form without
;; comments, on one line.
(((@ (guile) eval)
  '(lambda (module)
   (let* ((common (resolve-module '(system repl common)))
          (repl (car (fluid-ref (module-ref common '*repl-stack*))))
          (socket (current-output-port))
          (host (current-thread))
          (cooperative #f)
          (mark (string-append (string (integer->char 30)) "NONCE;"))
          (void (%make-void-port "w"))
          (lock (make-mutex))
          (bell (make-condition-variable))
          (requests '())
          (ended #f)
          (handler #f)
          (push! (lambda (request)
                   (lock-mutex lock)
                   (if request (set! requests (append requests (list request))) (set! ended #t))
                   (broadcast-condition-variable bell)
                   (unlock-mutex lock)))
          (next-char (lambda ()
                       (lock-mutex lock)
                       (let wait ()
                         (if (and (null? requests) (not ended))
                             (begin (wait-condition-variable bell lock) (wait))))
                       (let ((some (pair? requests)))
                         (unlock-mutex lock)
                         (if some #\x (read-char (open-input-string ""))))))
          (inbox (make-soft-port (vector #f #f #f next-char #f (lambda () 0)) "r"))
          (take! (lambda (port env)
                   (read-char port)
                   (lock-mutex lock)
                   (let ((request (car requests)))
                     (set! requests (cdr requests))
                     (unlock-mutex lock)
                     request)))
          (pump (lambda ()
                  (catch #t
                    (lambda ()
                      (let ((place (resolve-module '(repl-connect bootstrap) #f))
                            (alone #f))
                        (if (not (module-local-variable place 'gate))
                            (module-define! place 'gate (make-mutex)))
                        (dynamic-wind
                          (lambda ()
                            (set! alone
                                  (and (not (module-local-variable place 'VERSION))
                                       (lock-mutex (module-ref place 'gate) (+ (current-time) 3)))))
                          (lambda ()
                            (if (not (module-local-variable place 'VERSION))
                                (begin
                                  (display (string-append mark "d4:kind4:neede") socket)
                                  (force-output socket)
                                  (let ((own (make-fresh-user-module)))
                                    (set-current-module own)
                                    (for-each (lambda (form) (eval form own)) (read socket))
                                    (let ((procedures (read socket)))
                                      (for-each (lambda (form) (eval form own)) procedures)
                                      (module-define! place 'VERSION own)
                                      (call-with-new-thread
                                       (lambda ()
                                         ((module-ref own 'compile-procedures) procedures own))))))))
                          (lambda ()
                            (if alone (unlock-mutex (module-ref place 'gate)))))
                        ((module-ref (module-ref place 'VERSION) 'attach)
                         mark module socket host cooperative push!
                         (lambda (procedure) (set! handler procedure)))))
                    (lambda (key . args)
                      (display (string-append mark "d4:kind6:failede" (object->string (cons key args)))
                               socket)
                      (force-output socket)))
                  (push! #f)))
          (prompt (lambda (repl)
                    (current-input-port inbox)
                    (if pump
                        (let ((start pump))
                          (set! pump #f)
                          (set! cooperative (not (eq? (current-thread) host)))
                          (call-with-new-thread start)))
                    "")))
     ((setter (module-ref common 'repl-language))
      repl
      ((@ (system base language) make-language)
       #:name 'scheme #:title "repl-connect" #:reader take! #:printer write
       #:evaluator (lambda (request module) (handler request))))
     ((module-ref common 'repl-option-set!) repl 'prompt prompt)
     (current-input-port inbox)
     (current-output-port void)
     (current-error-port void)
     (current-warning-port void)
     #f))
  ((@ (guile) resolve-module) '(ice-9 threads)))
 ((@ (guile) current-module)))
