;; What an evaluation reads, and what stops it.

;;; Input

(define (input-port connection session)
  (let ((left #f))                      ; what was answered and not yet read
    (define (answered/held)
      (let ((answer (assq session (input connection))))
        (when answer (set-input! connection (delq1! answer (input connection))))
        answer))
    (define (next-answer)
      ;; A bytevector, #f for the end of input, or `stop'.
      (cdr (or (critically connection (answered/held))
               (begin
                 (tell connection "id" (or (current connection) 0) "kind" "need-input")
                 (critically connection
                   (let wait ()
                     (or (answered/held)
                         (if (or (dead? connection) (interrupted? connection))
                             '(#f . stop)
                             (begin
                               (wait-condition-variable (connection-bell connection)
                                                        (connection-lock connection))
                               (wait))))))))))
    (define (take! bytes start count)
      (let* ((size (min count (bytevector-length left)))
             (over (- (bytevector-length left) size)))
        (bytevector-copy! left 0 bytes start size)
        (set! left
              (and (positive? over)
                   (let ((rest (make-bytevector over)))
                     (bytevector-copy! left size rest 0 over)
                     rest)))
        size))
    (define (read! bytes start count)
      (unless left (set! left (next-answer)))
      (cond
       ((eq? left 'stop) (set! left #f) (stop-if-interrupted connection) 0)
       (left (take! bytes start count))
       (else 0)))
    (let ((port (make-custom-binary-input-port "stdin" read! #f #f #f)))
      (set-port-encoding! port "UTF-8")
      (set-port-conversion-strategy! port 'substitute)
      port)))

;;; Interrupts

(define (stop-if-interrupted connection)
  (when (interrupted? connection)
    (abort-to-prompt interrupt-tag)))

(define (interrupt connection id)
  ;; From the pump. An abort to our prompt, not an exception: a handler of the user's for all
  ;; exceptions does not catch it, and dynamic-winds are run.
  ;; What has not begun yet, as a cooperative host has not polled, ends when it begins.
  (critically connection
    (cond
     ((and (current connection) (or (not id) (eqv? id (current connection))))
      (set-interrupted! connection #t)
      (ring connection)
      (system-async-mark (lambda () (stop-if-interrupted connection)) (thread connection)))
     (id (set-withdrawn! connection id)))))
