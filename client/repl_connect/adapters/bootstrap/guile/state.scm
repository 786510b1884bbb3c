;; What runs inside a Guile program while a client is connected. Sent once per program, kept in the
;; module (repl-connect bootstrap), where nothing of the user's is. `attach` serves one connection.
;;
;; Three threads have a part in one connection:
;;
;; - The evaluating thread: the host's in a cooperative server (inside its poll), the connection's
;;   own in a threaded one. It runs `evaluate` and nothing else of ours.
;; - The pump reads requests from the socket (in a threaded server while an evaluation runs; see
;;   turns.scm). Evaluations it passes on; interrupts, input, completions and lookups it answers
;;   itself, so they never wait for the host or hold it up.
;; - The writer sends what the others leave in the outbox. It wakes a moment after the first byte,
;;   so that output goes out in large pieces and still live.
;;
;; This file is evaluated once: what must have one identity. The others hold procedures only. They
;; are first evaluated as they stand, which is quick, and then compiled in a thread of its own as one
;; unit and put in the place of the first ones.
;;
;; A request is a netstring count and that many netstrings: "3:" "4:eval" "1:7" ... A frame is the
;; marker (RS, a nonce of this connection, ";") and one bencoded map. Nobody can forge a frame who
;; does not know the nonce; what is outside of frames is output that nobody asked for.

(use-modules (ice-9 threads)
             (ice-9 binary-ports)
             ((ice-9 iconv) #:select (bytevector->string))
             ((ice-9 session) #:select (procedure-arguments))
             ((ice-9 documentation) #:select (object-documentation))
             (rnrs bytevectors)
             (srfi srfi-1)
             (srfi srfi-9)
             ((system base compile) #:select (compile read-and-compile))
             ((system base language) #:select (language-reader language-parser language-evaluator))
             ((system repl common) #:select (make-repl repl-language repl-option-ref
                                             repl-option-set! repl-compile))
             ((system repl command) #:select (meta-command))
             ((system repl debug) #:select (make-debug))
             ((system vm loader) #:select (load-thunk-from-memory all-mapped-elf-images))
             ((system vm program) #:select (program? program-source))
             ((system vm vm) #:select (call-with-stack-overflow-handler))
             ((system syntax internal) #:select (syntax?)))

;;; Limits. Sizes are in bytes.

(define frame-size 16384)         ; output of one frame, about
(define outbox-size 1048576)      ; waiting to be written, beyond which output waits
(define patience 10)              ; tenths of a second that a cooperative host waits for its client
(define most-completions 500)
(define most-frames 50)           ; frames of a backtrace that are sent
(define most-kept-frames 1000)    ; that are kept for the debugger's commands
(define widest-stack 2000000)     ; words of stack an evaluation may use: each collection walks it
;; Each unit of compiled code costs the collector a root set. It has 2,048, some ten go to other
;; things, and the next one ends the program ("Too many root sets"). Ours stop well before, whoever
;; made the others.
(define most-images 1900)
(define warned-of-images #f)

;;; A connection

(define-record-type <connection>
  (make-connection mark socket module next-request lock bell request-bell standby-bell sessions
                   cooperative outbox waiting open open-bytes sending dead dropped current thread
                   interrupted input requests evaluator-reads asleep started withdrawn)
  connection?
  (mark connection-mark)              ; what every frame begins with
  (socket connection-socket)
  (module connection-module)          ; where its sessions begin
  (next-request next-request)         ; a thunk: the next request, or #f at the end
  (lock connection-lock)
  (bell connection-bell)              ; rung for the writer, and who waits for room or for input
  (request-bell request-bell)         ; for the evaluating thread of a threaded connection
  (standby-bell standby-bell)         ; for its pump
  (sessions connection-sessions)      ; id -> session
  (cooperative cooperative?)
  (outbox outbox set-outbox!)         ; whole frames, newest first
  (waiting waiting set-waiting!)      ; their bytes
  (open open-output set-open-output!) ; #f or (id stream chunk ...): output not yet made a frame
  (open-bytes open-bytes set-open-bytes!)
  (sending sending? set-sending!)     ; the writer holds frames it has taken
  (dead dead? set-dead!)
  (dropped dropped set-dropped!)
  (current current set-current!)      ; id of the running evaluation or #f
  (thread thread set-thread!)
  (interrupted interrupted? set-interrupted!)
  (input input set-input!)            ; pairs (session . bytevector), #f for end of input
  (requests requests set-requests!)   ; of a threaded connection: evaluations not begun, in order
  (evaluator-reads evaluator-reads? set-evaluator-reads!) ; whose turn it is: see turns.scm
  (asleep asleep? set-asleep!)        ; the pump waits to be woken
  (started started set-started!)      ; when the last evaluation began, by the internal clock
  (withdrawn withdrawn set-withdrawn!)) ; id of an evaluation interrupted before it began, or #f

(define-record-type <session>
  (make-session module repl debug out err in)
  session?
  (module session-module set-session-module!)
  (repl session-repl)
  (debug session-debug set-session-debug!)  ; the last error, for the debugger's commands
  (out session-out set-session-out!)        ; what its evaluations print to and read from
  (err session-err set-session-err!)
  (in session-in set-session-in!))

(define-syntax-rule (critically connection body ...)
  ;; Evaluate with the connection's lock held and interrupts put off.
  (call-with-blocked-asyncs
   (lambda ()
     (dynamic-wind
       (lambda () (lock-mutex (connection-lock connection)))
       (lambda () body ...)
       (lambda () (unlock-mutex (connection-lock connection)))))))

(define (ring connection)
  (broadcast-condition-variable (connection-bell connection)))

;;; State of the whole program, shared by its connections

(define interrupt-tag (make-prompt-tag "interrupt"))
(define evaluation-tag (make-prompt-tag "evaluation"))

;; Variables that came into being through us: code that uses them looks them up each time.
(define our-variables (make-weak-key-hash-table))

;; The evaluation that a thread belongs to, for what it prints: threads inherit it. Sessions keep
;; their ports, since a port takes time to make and more to be collected.
(define own-evaluation (make-fluid 0))

;; Module -> its name as text.
(define namespace-names (make-weak-key-hash-table))

;; Our procedures are compiled while no evaluation runs, and evaluations wait while they are: when one
;; thread's stack grows deep as another allocates much, Guile 3.0 has been seen to crash.
(define compile-lock (make-mutex))
(define compile-bell (make-condition-variable))
(define compiling #f)
(define compiled #f)
(define evaluating 0)             ; evaluations passed on and not ended, until we are compiled

;; Characters that stand for themselves in a written string.
(define plain-characters
  (char-set-delete (ucs-range->char-set 32 127) #\" #\\))
