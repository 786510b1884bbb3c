;; What an idle poll of Guile's cooperative REPL server takes, with so many clients, and an empty
;; call: in microseconds, printed on one line.  usage: guile idle-poll.scm PATH CLIENTS

(use-modules (system base compile) (system repl coop-server))

(define path (cadr (command-line)))
(define address (make-socket-address AF_UNIX path))
(define listener (socket PF_UNIX SOCK_STREAM 0))
(bind listener address)
(listen listener 512)
(define server (spawn-coop-repl-server listener))
(define clients
  (map (lambda (_)
         (let ((client (socket PF_UNIX SOCK_STREAM 0)))
           (connect client address)
           client))
       (iota (string->number (caddr (command-line))))))

;; Each client is greeted in a poll of its own.
(let wait ((left (+ 20 (* 2 (length clients)))))
  (poll-coop-repl-server server)
  (usleep 5000)
  (if (> left 0) (wait (1- left))))

(define timed
  (compile
   '(lambda (call server)
      (let ((started (get-internal-real-time)))
        (do ((left 200000 (1- left))) ((= left 0)) (call server))
        (/ (- (get-internal-real-time) started)
           (* 200000 1e-6 internal-time-units-per-second))))
   #:env (current-module)))

(define nothing (compile '(lambda (server) #f) #:env (current-module)))
(timed nothing server)
(format #t "~a ~a~%" (timed poll-coop-repl-server server) (timed nothing server))
