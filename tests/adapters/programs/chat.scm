;; A chat on TCP, in SCM: each character that somebody sends is sent to everybody, one at a time.
;; The port is in CHAT_PORT.

(require 'socket)
(require 'i/o-extensions)

(define listener
  (socket:bind (make-stream-socket af_inet) (string->number (getenv "CHAT_PORT"))))
(socket:listen listener 5)

(define (welcome port)
  (display "connected" port)
  (newline port)
  port)

(define (say char talkers)
  (for-each (lambda (port)
              (file-position port 0)
              (write-char char port)
              (file-position port 0))
            talkers))

(define (without port talkers)
  (cond ((null? talkers) '())
        ((eq? port (car talkers)) (cdr talkers))
        (else (cons (car talkers) (without port (cdr talkers))))))

;; One character of each who has sent something; who stays.
(define (relay ready talkers)
  (if (null? ready)
      talkers
      (let ((char (read-char (car ready))))
        (cond ((eof-object? char)
               (close-port (car ready))
               (relay (cdr ready) (without (car ready) talkers)))
              (else
               (say char talkers)
               (relay (cdr ready) talkers))))))

(let loop ((talkers '()))
  (let* ((ready (or (apply wait-for-input 5 listener talkers) '()))
         (stay (relay (without listener ready) talkers)))
    (loop (if (memq listener ready)
              (cons (welcome (socket:accept listener)) stay)
              stay))))
