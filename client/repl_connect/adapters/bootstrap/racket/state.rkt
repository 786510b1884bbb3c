;; What runs inside a Racket program while a client is connected: one module, declared once in the
;; registry of the REPL's namespace, where it binds nothing. `attach` serves one connection.
;;
;; Three threads have a part in one connection, all under the custodian that its REPL runs under:
;;
;; - The evaluating thread: the REPL's own. It runs `evaluate` and nothing else of ours.
;; - The pump reads requests from the socket. Evaluations it passes on; interrupts, input,
;;   completions and lookups it answers itself, so they never wait for an evaluation.
;; - The writer sends what the others leave in the outbox. It wakes a moment after the first byte,
;;   so that output goes out in large pieces and still live.
;;
;; What they share is changed in atomic mode: no other thread runs meanwhile, no break comes, and
;; nobody who is killed leaves a lock behind. Nothing that waits or fails may be called there.
;;
;; A request is a netstring count and that many netstrings: "3:" "4:eval" "1:7" ... A frame is the
;; marker (RS, a nonce of this connection, ";") and one bencoded map. Nobody can forge a frame who
;; does not know the nonce; what is outside of frames is output that nobody asked for.

(require (only-in '#%unsafe unsafe-start-atomic unsafe-end-atomic))
(provide attach)

;;; Limits. Sizes are in bytes.

(define frame-size 16384)         ; output of one frame, about
(define outbox-size 1048576)      ; waiting to be written, beyond which output waits
(define moment 0.02)              ; seconds that output may wait for more
(define most-completions 500)
(define most-frames 50)           ; frames of an error that are sent

;;; A connection

(struct connection
  (mark                           ; what every frame begins with
   in out                         ; the socket's ports
   namespace                      ; where its sessions begin
   thread                         ; the evaluating one
   sessions                       ; id -> session
   requests-bell                  ; counts `requests`
   writer-bell                    ; posted when the writer has work
   room                           ; can be had while the outbox takes more
   [requests #:mutable]           ; evaluations not begun, newest first; #f for the end
   [outbox #:mutable]             ; whole frames, newest first
   [waiting #:mutable]            ; their bytes, and those of `open`
   [open #:mutable]               ; #f or (id stream chunk ...): output not yet made a frame
   [open-bytes #:mutable]
   [sending? #:mutable]           ; somebody writes what was taken from the outbox
   [dead? #:mutable]
   [current #:mutable]            ; id of the running evaluation or #f
   [interrupted? #:mutable]       ; whether that was asked to stop
   [withdrawn #:mutable]))        ; id of an evaluation that was, before it began, or #f

(struct session
  ([namespace #:mutable]
   [input #:mutable]              ; byte strings that were answered and not yet read; eof
   input-bell                     ; can be had while there is some
   [asked? #:mutable]             ; whether the client was asked for input and has not answered
   [ports #:mutable]))            ; (in out err)

(define-syntax-rule (atomically body ...)
  (begin
    (unsafe-start-atomic)
    (begin0
      (let () body ...)
      (unsafe-end-atomic))))

;; The evaluation that a thread belongs to, for what it prints: threads inherit it.
(define own-evaluation (make-parameter 0))
