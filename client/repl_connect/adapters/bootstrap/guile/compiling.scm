;; Our own procedures, compiled once for the program; see `compiling` in state.scm.

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
