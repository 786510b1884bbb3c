;; What runs inside a Guile program while a client is connected. Sent once per program, kept in the
;; module (repl-connect bootstrap), where nothing of the user's is. `attach` serves one connection.
;;
;; Three threads have a part in one connection:
;;
;; - The evaluating thread: the host's in a cooperative server (inside its poll), the connection's
;;   own in a threaded one. It runs `evaluate` and nothing else of ours.
;; - The pump reads requests from the socket. Evaluations it passes on; interrupts, input,
;;   completions and lookups it answers itself, so they never wait for the host or hold it up.
;; - The writer sends what the others leave in the outbox. It wakes a moment after the first byte,
;;   so that output goes out in large pieces and still live.
;;
;; The file holds two data, each a list of forms. This first one is evaluated once: what must have
;; one identity.
;;
;; A request is a netstring count and that many netstrings: "3:" "4:eval" "1:7" ... A frame is the
;; marker (RS, a nonce of this connection, ";") and one bencoded map. Nobody can forge a frame who
;; does not know the nonce; what is outside of frames is output that nobody asked for.
(
(use-modules (ice-9 threads)
             (ice-9 binary-ports)
             ((ice-9 session) #:select (procedure-arguments))
             ((ice-9 documentation) #:select (object-documentation))
             (rnrs bytevectors)
             (srfi srfi-1)
             (srfi srfi-9)
             ((system base compile) #:select (read-and-compile))
             ((system base language) #:select (language-reader language-parser language-evaluator))
             ((system repl common) #:select (make-repl repl-language repl-option-ref
                                             repl-option-set! repl-compile repl-print))
             ((system repl command) #:select (meta-command))
             ((system repl debug) #:select (make-debug))
             ((system vm loader) #:select (load-thunk-from-memory all-mapped-elf-images))
             ((system vm program) #:select (program? program-source))
             ((system vm vm) #:select (call-with-stack-overflow-handler))
             ((system syntax internal) #:select (syntax?)))

;;; Limits. Sizes are in bytes.

(define frame-size 16384)         ; output of one frame, about
(define outbox-size 1048576)      ; waiting to be written, beyond which output waits
(define patience 20)              ; tenths of a second that a cooperative host waits for its client
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
  (make-connection mark socket lock bell sessions outbox waiting open open-bytes sending dead
                   dropped current thread interrupted input cooperative)
  connection?
  (mark connection-mark)              ; what every frame begins with
  (socket connection-socket)
  (lock connection-lock)
  (bell connection-bell)              ; rung whenever something below changes
  (sessions connection-sessions)      ; id -> session
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
  (cooperative cooperative?))

(define-record-type <session>
  (make-session id module repl debug)
  session?
  (id session-id)
  (module session-module set-session-module!)
  (repl session-repl set-session-repl!)
  (debug session-debug set-session-debug!))

(define-syntax-rule (critically connection body ...)
  ;; Evaluate with the connection's lock held and interrupts put off.
  (call-with-blocked-asyncs
   (lambda ()
     (lock-mutex (connection-lock connection))
     (call-with-values (lambda () body ...)
       (lambda results
         (unlock-mutex (connection-lock connection))
         (apply values results))))))

(define (ring connection)
  (broadcast-condition-variable (connection-bell connection)))

;;; State of the whole program, shared by its connections

(define interrupt-tag (make-prompt-tag "interrupt"))
(define evaluation-tag (make-prompt-tag "evaluation"))

;; Variables that came into being through us: code that uses them looks them up each time.
(define our-variables (make-weak-key-hash-table))

;; Session -> the port that its evaluations read from.
(define stdin-ports (make-weak-key-hash-table))

;; Characters that stand for themselves in a written string.
(define plain-characters
  (char-set-delete (ucs-range->char-set 32 127) #\" #\\))
)

;; The second part: procedures only. They are first evaluated as they stand, which is quick, and then
;; compiled in a thread of its own as one unit and put in the place of the first ones.
(
;;; Frames

(define (bytes-of value)
  (cond
   ((bytevector? value)
    (list (string->utf8 (string-append (number->string (bytevector-length value)) ":")) value))
   ((string? value) (bytes-of (string->utf8 value)))
   ((integer? value) (list (string->utf8 (string-append "i" (number->string value) "e"))))
   ((list? value) `(,(string->utf8 "l") ,@(append-map bytes-of value) ,(string->utf8 "e")))
   (else (error "no form for" value))))

(define (join chunks)
  (let* ((size (fold (lambda (chunk sum) (+ sum (bytevector-length chunk))) 0 chunks))
         (whole (make-bytevector size)))
    (let lp ((chunks chunks) (at 0))
      (if (null? chunks)
          whole
          (let ((length (bytevector-length (car chunks))))
            (bytevector-copy! (car chunks) 0 whole at length)
            (lp (cdr chunks) (+ at length)))))))

(define (frame connection fields)
  ;; FIELDS: key value ...; a value is a string, bytevector, integer or list of such.
  (join `(,(string->utf8 (string-append (connection-mark connection) "d"))
          ,@(append-map bytes-of fields)
          ,(string->utf8 "e"))))

;; The procedures that end in /held are called with the lock held.

(define (enqueue/held connection bytes)
  (unless (dead? connection)
    (set-outbox! connection (cons bytes (outbox connection)))
    (set-waiting! connection (+ (waiting connection) (bytevector-length bytes)))))

(define (close-output/held connection)
  ;; Make a frame of the output that has gathered.
  (let ((open (open-output connection)))
    (when open
      (set-open-output! connection #f)
      (set-open-bytes! connection 0)
      (enqueue/held connection
                    (frame connection
                           (list "id" (car open) (cadr open) (join (reverse (cddr open)))))))))

(define (send-now connection bytes)
  ;; Write what the socket takes at once; the rest, or #f if that was all.
  (catch 'system-error
    (lambda ()
      (let ((sent (send (connection-socket connection) bytes MSG_DONTWAIT))
            (size (bytevector-length bytes)))
        (and (< sent size)
             (let ((rest (make-bytevector (- size sent))))
               (bytevector-copy! bytes sent rest 0 (- size sent))
               rest))))
    (lambda args
      (if (memv (system-error-errno args) (list EAGAIN EWOULDBLOCK EINTR))
          bytes
          (begin (set-dead! connection #t) #f)))))

(define (take-outbox/held connection)
  (close-output/held connection)
  (let ((bytes (join (reverse (outbox connection)))))
    (set-outbox! connection '())
    (set-waiting! connection 0)
    bytes))

(define (flush/held connection)
  ;; Send what waits, as far as that goes without waiting; the writer does the rest.
  (if (sending? connection)
      (close-output/held connection)
      (let ((rest (send-now connection (take-outbox/held connection))))
        (when rest
          (enqueue/held connection rest)
          (ring connection)))))

(define (tell connection . fields)
  ;; Send one frame, after all output before it.
  (critically connection
    (close-output/held connection)
    (enqueue/held connection (frame connection fields))
    (flush/held connection)))

(define (writer connection)
  (define (wait-for-work)
    (critically connection
      (let wait ()
        (cond ((dead? connection) #f)
              ((or (pair? (outbox connection)) (open-output connection)) #t)
              (else
               (wait-condition-variable (connection-bell connection) (connection-lock connection))
               (wait))))))
  (define (write-all bytes)
    (let ((rest (and (not (dead? connection)) (send-now connection bytes))))
      (when rest
        (catch 'system-error
          (lambda () (select '() (list (connection-socket connection)) '() 1))
          (lambda args (set-dead! connection #t)))
        (write-all rest))))
  (when (wait-for-work)
    (usleep 20000)
    (let ((bytes (critically connection
                   (set-sending! connection #t)
                   (take-outbox/held connection))))
      (write-all bytes)
      (critically connection
        (set-sending! connection #f)
        (ring connection)))
    (writer connection)))

;;; Output

(define (wait-for-room/held connection tries)
  ;; Whether there is room for more output. A threaded connection waits as long as the client
  ;; lives; a cooperative host only so long that it is no hang.
  (cond
   ((dead? connection) #f)
   ((< (waiting connection) outbox-size) #t)
   ((interrupted? connection) #f)
   ((and (cooperative? connection) (or (zero? tries) (positive? (dropped connection)))) #f)
   (else
    (ring connection)
    (wait-condition-variable (connection-bell connection) (connection-lock connection)
                             (+ (/ (gettimeofday/float) 1.0) 0.1))
    (wait-for-room/held connection (- tries 1)))))

(define (gettimeofday/float)
  (let ((now (gettimeofday)))
    (+ (car now) (/ (cdr now) 1e6))))

(define (put-output connection id stream bytes start count)
  (critically connection
    (let ((open (open-output connection))
          (chunk (make-bytevector count)))
      (bytevector-copy! bytes start chunk 0 count)
      (cond
       ((not (wait-for-room/held connection patience))
        (set-dropped! connection (+ (dropped connection) count)))
       (else
        (when (positive? (dropped connection))
          (close-output/held connection)
          (enqueue/held connection
                        (frame connection (list "dropped" (dropped connection) "id" id)))
          (set-dropped! connection 0))
        (if (and open (eqv? (car open) id) (eq? (cadr open) stream))
            (set-cdr! (cdr open) (cons chunk (cddr open)))
            (begin
              (close-output/held connection)
              (set-open-output! connection (list id stream chunk))))
        (when (zero? (open-bytes connection)) (ring connection))
        (set-open-bytes! connection (+ (open-bytes connection) count))
        (when (> (open-bytes connection) frame-size)
          (close-output/held connection)))))))

(define (output-port connection id stream)
  (let ((port (make-custom-binary-output-port
               stream
               (lambda (bytes start count)
                 (put-output connection id stream bytes start count)
                 count)
               #f #f #f)))
    (set-port-encoding! port "UTF-8")
    (set-port-conversion-strategy! port 'substitute)
    (setvbuf port 'line)
    port))

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
  (critically connection
    (when (and (current connection) (or (not id) (eqv? id (current connection))))
      (set-interrupted! connection #t)
      (ring connection)
      (system-async-mark (lambda () (stop-if-interrupted connection)) (thread connection)))))

;;; Namespaces

(define (namespace-name module)
  (call-with-output-string (lambda (port) (write (module-name module) port))))

(define (namespace text)
  ;; The module of that name, if it is loaded; never loads one.
  (let ((name (false-if-exception (call-with-input-string text read))))
    (and (list? name) (every symbol? name)
         (let ((module (false-if-exception (resolve-module name #f #:ensure #f))))
           (and (module? module) module)))))

(define (session-of connection id)
  (hash-ref (connection-sessions connection) id))

;;; What is compiled, and what is interpreted

(define (defines-procedure? form)
  ;; Whether a form is a definition worth compiling: of a procedure, a record type, by a macro whose
  ;; name begins with "define" or assigns a procedure.
  (define (mentions-lambda? expression)
    (and (pair? expression)
         (or (memq (car expression) '(lambda lambda* case-lambda case-lambda* delay))
             (and (symbol? (car expression))
                  (memq (car expression) '(let let* letrec letrec* let-values parameterize begin))
                  (let search ((rest (cdr expression)))
                    (and (pair? rest)
                         (or (mentions-lambda? (car rest)) (search (cdr rest)))))))))
  (and (pair? form)
       (symbol? (car form))
       (case (car form)
         ((define define-public define* define*-public)
          (and (pair? (cdr form))
               (or (pair? (cadr form))
                   (and (pair? (cddr form)) (mentions-lambda? (caddr form))))))
         ((define-module define-syntax define-syntax-rule define-syntax-parameter define-values
           define-once default-duplicate-binding-handler)
          #f)
         ((set!) (and (pair? (cdr form)) (pair? (cddr form)) (mentions-lambda? (caddr form))))
         ((begin) (and (list? form) (any defines-procedure? (cdr form))))
         (else (string-prefix? "def" (symbol->string (car form)))))))

(define (plain-definition? form)
  (and (pair? form)
       (memq (car form) '(define define* define-public define*-public define-inlinable
                           define-record-type))
       (defines-procedure? form)))

(define (defined-names form)
  (if (and (pair? form) (pair? (cdr form)))
      (case (car form)
        ((define define-public define* define*-public define-inlinable)
         (let lp ((target (cadr form)))
           (cond ((symbol? target) (list target))
                 ((pair? target) (lp (car target)))
                 (else '()))))
        ((begin) (if (list? form) (append-map defined-names (cdr form)) '()))
        (else '()))
      '()))

(define (interpreted? procedure)
  (let ((source (and (program? procedure) (program-source procedure 0))))
    (and source (equal? (cadr source) "ice-9/eval.scm"))))

(define (kept-procedures module names)
  ;; Those of NAMES that compiled code of a declarative module will go on using as they are now.
  (if (module-declarative? module)
      (filter (lambda (name)
                (let ((variable (module-local-variable module name)))
                  (and variable
                       (variable-bound? variable)
                       (not (hashq-ref our-variables variable))
                       (procedure? (variable-ref variable))
                       (not (interpreted? (variable-ref variable))))))
              names)
      '()))

(define (kept-values module)
  ;; (name . procedure) of all that running code of a declarative module will go on using.
  (map (lambda (name) (cons name (module-ref module name)))
       (kept-procedures module (module-map (lambda (name variable) name) module))))

(define (changed-names module kept)
  (filter-map (lambda (pair)
                (let ((variable (module-local-variable module (car pair))))
                  (and (not (and variable (variable-bound? variable)
                                 (eq? (variable-ref variable) (cdr pair))))
                       (car pair))))
              kept))

(define (first-form text)
  (false-if-exception (call-with-input-string text read)))

(define (file-module text)
  ;; The module that a file's text defines, if the program has it already.
  (let ((form (first-form text)))
    (and (pair? form) (eq? (car form) 'define-module) (pair? (cdr form))
         (namespace (object->string (cadr form))))))

(define (module-declared-open? text)
  ;; Whether a file's text defines a module as not declarative.
  (let ((form (first-form text)))
    (and (file-module text)
         (let ((option (memq #:declarative? form)))
           (and option (pair? (cdr option)) (not (cadr option)))))))

(define (new-names module names)
  (remove (lambda (name) (module-local-variable module name)) names))

(define most-named 5)

(define (warn-of-kept module kept)
  (define (quoted name) (string-append "`" (symbol->string name) "'"))
  (unless (null? kept)
    (let ((over (- (length kept) most-named)))
      (display
       (string-append
        ";;; warning: running code of " (namespace-name module) " keeps the old "
        (string-join (map quoted (if (positive? over) (take kept most-named) kept)) ", ")
        (if (positive? over) (string-append " and " (number->string over) " more") "")
        ":\n;;; the module is declarative, its calls were bound when it was compiled. To redefine"
        " it live,\n;;; add #:declarative? #f to its define-module (or set"
        " (user-modules-declarative? #f)\n;;; before it is loaded) and start the program again.\n")
       (current-error-port)))))

(define (room-to-compile?)
  (< (length (all-mapped-elf-images)) most-images))

(define (warn-of-images)
  (unless warned-of-images
    (set! warned-of-images #t)
    (display (string-append
              ";;; warning: this program holds as much separately compiled code as its collector"
              " bears.\n;;; Further definitions are interpreted: slower, otherwise the same.\n")
             (current-error-port))))

(define (form-thunk repl form)
  (let* ((language (repl-language repl))
         (interpreter (language-evaluator language)))
    (cond
     ((and interpreter
           (or (repl-option-ref repl 'interp)
               (not (defines-procedure? (syntax->datum form)))))
      (lambda () (interpreter form (current-module))))
     ((room-to-compile?) (load-thunk-from-memory (repl-compile repl form)))
     (interpreter
      (warn-of-images)
      (lambda () (interpreter form (current-module))))
     (else (error "This program can't take more compiled code.")))))

;;; Printing values

(define (printed value quota)
  ;; The value as text, and whether it was cut.
  (define (plain text)
    (if (and quota (> (string-length text) quota))
        (values (substring text 0 quota) #t)
        (values text #f)))
  (cond
   ((or (number? value) (symbol? value) (boolean? value) (char? value) (null? value))
    (plain (object->string value)))
   ((and (string? value) (string-every plain-characters value))
    (plain (string-append "\"" value "\"")))
   ((not quota) (plain (object->string value)))
   (else
    (let* ((tag (make-prompt-tag "quota"))
           (left quota)
           (chunks '())
           (port (make-custom-binary-output-port
                  "value"
                  (lambda (bytes start count)
                    (let* ((size (min count left))
                           (chunk (make-bytevector size)))
                      (bytevector-copy! bytes start chunk 0 size)
                      (set! chunks (cons chunk chunks))
                      (set! left (- left size))
                      (when (< size count) (abort-to-prompt tag))
                      count))
                  #f #f #f)))
      (set-port-encoding! port "UTF-8")
      (let ((cut (call-with-prompt tag
                   (lambda () (write value port) (force-output port) #f)
                   (lambda (k) #t))))
        (values (join (reverse chunks)) cut))))))

(define (send-value connection id value quota)
  (unless (unspecified? value)
    (let ((label (call-with-output-string
                  (lambda (port)
                    (parameterize ((current-output-port port))
                      (run-hook before-print-hook value))))))
      (call-with-values (lambda () (printed value quota))
        (lambda (text cut)
          (critically connection
            (close-output/held connection)
            (enqueue/held connection
                          (frame connection
                                 `("cut" ,(if cut 1 0) "id" ,id "kind" "value"
                                   "label" ,(label-name label)
                                   "ns" ,(namespace-name (current-module))
                                   "value" ,text)))))))))

(define (label-name text)
  ;; "$1 = " -> "$1"
  (let ((end (string-index text #\space)))
    (if (and end (string-prefix? "$" text)) (substring text 0 end) "")))

;;; Errors

(define (stack-frames stack)
  ;; The frames that are the user's, (name file line) each, innermost last.
  (define (visible frame)
    (let ((source (frame-source frame))
          (name (frame-procedure-name frame)))
      (let ((file (and source (cadr source))))
        (and (not (and file (member file '("ice-9/eval.scm" "ice-9/boot-9.scm"))))
             (or name file)
             (list (if name (object->string name display) "")
                   (or file "")
                   (if source (+ 1 (caddr source)) 0))))))
  (let ((shown (filter-map visible (vector->list stack))))
    (reverse (if (> (length shown) most-frames) (take shown most-frames) shown))))

(define (innermost-frames stack)
  ;; As a vector, for Guile's debugger commands.
  (let ((frames (make-vector (if stack (min (stack-length stack) most-kept-frames) 0))))
    (let lp ((i 0))
      (when (< i (vector-length frames))
        (vector-set! frames i (stack-ref stack i))
        (lp (+ i 1))))
    frames))

(define (error-text key args)
  (let ((text (catch #t
                (lambda ()
                  (call-with-output-string
                   (lambda (port) (print-exception port #f key args))))
                (lambda _
                  (string-append "an error that can't be printed, of the kind "
                                 (object->string key))))))
    (string-trim-both text)))

(define exit-text
  "(exit) was called. It ends this evaluation, not the program and not this connection.")

(define (error-type key args)
  (cond
   ((and (eq? key '%exception) (pair? args) (record? (car args)))
    (object->string (record-type-name (record-type-descriptor (car args))) display))
   ((eq? key '%exception) "raise")
   (else (object->string key display))))

(define (send-error connection id key args frames place)
  (let ((text (if (eq? key 'quit) exit-text (error-text key args))))
    (critically connection
      (close-output/held connection)
      (enqueue/held connection
                    (frame connection
                           `("frames" ,frames "id" ,id "kind" "error" "message" ,text
                             "place" ,place "type" ,(error-type key args)))))))

;;; Evaluation

(define (place-of form file)
  ;; "file:line" of a form as read, for errors in code that is interpreted.
  (let ((source (and (syntax? form) (syntax-source form))))
    (if (and source (assq-ref source 'line))
        (list (or (assq-ref source 'filename) file "") (+ 1 (assq-ref source 'line)))
        (list file 0))))

(define (evaluate connection id session-id namespace-text code file line column quota whole)
  ;; One evaluation, start to end. Always returns unspecified, so the REPL around it prints nothing.
  (let* ((session (session-of connection session-id))
         (module (if (string-null? namespace-text)
                     (session-module session)
                     (namespace namespace-text)))
         (stack #f)
         (running #f)                   ; the user's code, not the reader or the expander
         (place '("" 0))
         (failure #f))
    (define repl (session-repl session))
    (define (end . statuses)
      (critically connection
        (set-current! connection #f)
        (set-interrupted! connection #f)
        (close-output/held connection)
        (enqueue/held connection
                      (frame connection
                             `("id" ,id "kind" "done" "ns" ,(namespace-name (session-module session))
                               "status" ,statuses)))
        (flush/held connection)))
    (define (keep-stack key . args)
      (when (and running (not (memq key '(quit stack-overflow))))
        (set! stack (innermost-frames (make-stack #t 3 evaluation-tag)))))
    (define (in-place thunk)
      ;; Within the prompts that the plain REPL gives an evaluation.
      (call-with-prompt (default-prompt-tag)
        (lambda () (call-with-prompt evaluation-tag thunk (lambda (k) #f)))
        (lambda (k procedure) (in-place (lambda () (procedure k))))))
    (define (run-form form)
      (set! place (place-of form file))
      (let* ((module (current-module))
             (names (defined-names (syntax->datum form)))
             (kept (if (null? names) '() (kept-procedures module names)))
             (new (if (null? names) '() (new-names module names)))
             (parser (language-parser (repl-language repl)))
             (thunk (form-thunk repl (if parser (parser form) form))))
        (run-hook before-eval-hook form)
        (set! running #t)
        (call-with-values (lambda () (in-place thunk))
          (lambda results
            (set! running #f)
            (for-each (lambda (name)
                        (let ((variable (module-local-variable module name)))
                          (when variable (hashq-set! our-variables variable #t))))
                      new)
            (warn-of-kept module kept)
            (force-output (current-output-port))
            (force-output (current-error-port))
            (for-each (lambda (value) (send-value connection id value quota)) results)))))
    (define (run-all port)
      ;; Form by form, but plain definitions that follow each other as one unit: see most-images.
      (let ((reader (language-reader (repl-language repl))))
        (define (run-batch batch)
          (unless (null? batch)
            (run-form (if (null? (cdr batch)) (car batch) (cons #'begin (reverse batch))))))
        (define (next batch)
          (catch #t
            (lambda () (reader port (current-module)))
            (lambda (key . args) (run-batch batch) (apply throw key args))))
        (let lp ((batch '()))
          (let ((form (next batch)))
            (cond
             ((eof-object? form) (run-batch batch))
             ((plain-definition? (syntax->datum form)) (lp (cons form batch)))
             (else
              (run-batch batch)
              (run-form form)
              (lp '())))))))
    (define (run-file port)
      ;; As one unit of compiled code. Modules it defines are not declarative: whoever loads a file
      ;; into a running program wants to redefine what is in it.
      (let* ((target (or (file-module code) (current-module)))
             (kept (kept-values target))
             (declarative (module-declarative? target)))
        (call-with-values
            (lambda ()
              (dynamic-wind
                (lambda () (set-module-declarative?! target #f))
                (lambda ()
                  (parameterize ((user-modules-declarative? #f))
                    (let ((thunk (load-thunk-from-memory
                                  (read-and-compile port
                                                    #:from (repl-language repl)
                                                    #:to 'bytecode
                                                    #:env (current-module)))))
                      (set! running #t)
                      (in-place thunk))))
                (lambda ()
                  (when (and declarative (not (module-declared-open? code)))
                    (set-module-declarative?! target #t)))))
          (lambda results
            (set! running #f)
            (warn-of-kept target (changed-names target kept))
            (force-output (current-output-port))
            (force-output (current-error-port))
            (for-each (lambda (value) (send-value connection id value quota)) results)))))
    (define (run-meta text)
      ;; A command of the REPL's own, on a REPL of the session's that knows the last error.
      (unless (room-to-compile?)
        (warn-of-images)
        (repl-option-set! repl 'interp #t))
      (parameterize ((current-input-port (open-input-string text)))
        (meta-command (make-meta-repl session))))
    (define (run)
      (set-current-module module)
      (let ((text (string-trim code)))
        (if (and (not whole) (string-prefix? "," text))
            (run-meta (string-append (substring text 1) "\n"))
            (let ((port (open-input-string code)))
              (set-port-filename! port (if (string-null? file) #f file))
              (set-port-line! port (max 0 (- line 1)))
              (set-port-column! port (max 0 (- column 1)))
              (if (and whole (room-to-compile?)) (run-file port) (run-all port)))))
      (remember-module))
    (define (remember-module)
      (unless (and (not (string-null? namespace-text)) (eq? (current-module) module))
        (set-session-module! session (current-module))))
    (define (guarded)
      (catch #t
        (lambda ()
          (call-with-stack-overflow-handler
           widest-stack run
           (lambda () (throw 'stack-overflow #f "The evaluation used too much stack" '() #f)))
          'ok)
        (lambda (key . args)
          (set! failure (cons key args))
          'failed)
        keep-stack))
    (cond
     ((not module)
      (critically connection (set-current! connection #f))
      (tell connection "id" id "kind" "no-namespace" "ns" namespace-text))
     (else
      (critically connection
        (set-interrupted! connection #f)
        (set-thread! connection (current-thread))
        (set-current! connection id))
      (let* ((out (output-port connection id "out"))
             (err (output-port connection id "err"))
             (outcome
              (call-with-prompt interrupt-tag
                (lambda ()
                  (save-module-excursion
                   (lambda ()
                     (parameterize ((current-output-port out)
                                    (current-error-port err)
                                    (current-warning-port err)
                                    (current-input-port (session-input connection session)))
                       (let ((outcome (guarded)))
                         (when (eq? outcome 'failed) (remember-module))
                         (unless (port-closed? out) (force-output out))
                         (unless (port-closed? err) (force-output err))
                         outcome)))))
                (lambda (k) 'interrupted))))
        (unless (port-closed? out) (force-output out))
        (case outcome
          ((ok) (end))
          ((interrupted) (end "interrupted"))
          (else
           (let ((key (car failure)) (args (cdr failure)))
             (cond
              ((eq? key 'quit) (send-error connection id key args '() place))
              (else
               (set-session-debug! session
                                   (and stack (make-debug stack 0 (error-text key args))))
               (send-error connection id key args
                           (if stack (stack-frames stack) '())
                           place)))
             (end)))))))
    (if #f #f)))

(define (session-input connection session)
  (let ((port (hashq-ref stdin-ports session)))
    (if (and port (not (port-closed? port)))
        port
        (let ((port (input-port connection session)))
          (hashq-set! stdin-ports session port)
          port))))

(define (make-meta-repl session)
  ;; The session's REPL object, with its options, and the last error to debug.
  (let ((repl (session-repl session))
        (debug (session-debug session)))
    ((setter (@ (system repl common) repl-debug)) repl debug)
    repl))

;;; Knowing things

(define (kind-of variable)
  (let ((value (and (variable-bound? variable) (variable-ref variable))))
    (cond ((not (variable-bound? variable)) "unbound")
          ((macro? value) "macro")
          ((procedure? value) "function")
          (else "variable"))))

(define (completions module prefix)
  (let ((found (make-hash-table)))
    (define (look-in module)
      (module-for-each
       (lambda (name variable)
         (let ((text (symbol->string name)))
           (when (and (string-prefix? prefix text) (not (hash-ref found text)))
             (hash-set! found text (kind-of variable)))))
       module))
    (look-in module)
    (for-each look-in (module-uses module))
    (let ((all (sort (hash-map->list cons found) (lambda (a b) (string<? (car a) (car b))))))
      (append-map (lambda (pair) (list (car pair) (cdr pair)))
                  (if (> (length all) most-completions) (take all most-completions) all)))))

(define (command-completions prefix)
  (append-map
   (lambda (group)
     (append-map
      (lambda (command)
        (let ((text (string-append "," (symbol->string (car command)))))
          (if (string-prefix? prefix text) (list text "command") '())))
      (cdr group)))
   (@@ (system repl command) *command-table*)))

(define (argument-list name procedure)
  (define (keyword-text entry)
    (object->string (if (pair? entry) (car entry) entry)))
  (let ((arguments (false-if-exception (procedure-arguments procedure))))
    (if arguments
        (let ((part (lambda (key) (or (assq-ref arguments key) '()))))
          (string-append
           "("
           (string-join
            (append
             (list name)
             (map object->string (part 'required))
             (if (null? (part 'optional)) '() (list "#:optional"))
             (map object->string (part 'optional))
             (if (null? (part 'keyword)) '() (list "#:key"))
             (map (lambda (entry) (substring (keyword-text entry) 2)) (part 'keyword))
             (if (null? (part 'rest)) '() (list "." (object->string (part 'rest))))))
           ")"))
        "")))

(define (defining-module module name)
  (if (module-local-variable module name)
      module
      (find (lambda (used) (module-variable used name)) (module-uses module))))

(define (readable-file file)
  (let ((found (and file
                    (or (and (absolute-file-name? file) file)
                        (search-path %load-path file)
                        file))))
    (if found (or (false-if-exception (canonicalize-path found)) found) "")))

(define (look-up module text)
  ;; key value ... of what is known about a name, or ().
  (let* ((name (string->symbol text))
         (variable (module-variable module name)))
    (if (not (and variable (variable-bound? variable)))
        '()
        (let* ((value (variable-ref variable))
               (source (and (program? value) (program-source value 0)))
               (doc (false-if-exception (object-documentation value)))
               (home (defining-module module name)))
          `("arglists-str" ,(if (procedure? value) (argument-list text value) "")
            "doc" ,(if (string? doc) doc "")
            "file" ,(if (and source (not (equal? (cadr source) "ice-9/eval.scm")))
                        (readable-file (cadr source))
                        "")
            "line" ,(if source (+ 1 (caddr source)) 0)
            "column" ,(if source (+ 1 (cdddr source)) 0)
            "name" ,text
            "ns" ,(if home (namespace-name home) "")
            "type" ,(kind-of variable))))))

(define (tool connection id session-id namespace-text work)
  (let ((module (or (namespace namespace-text)
                    (let ((session (session-of connection session-id)))
                      (if session (session-module session) (resolve-module '(guile-user)))))))
    (catch #t
      (lambda () (tell connection "id" id "kind" "answer" "items" (work module)))
      (lambda (key . args)
        (tell connection "id" id "items" '() "kind" "answer")))))

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

(define (handle connection request)
  ;; In the evaluating thread.
  (apply
   (lambda (op id session namespace code file line column quota)
     (evaluate connection (string->number id) session namespace
               (if (string=? op "load-path") (file-contents file) code)
               file
               (or (string->number line) 1)
               (or (string->number column) 1)
               (string->number quota)
               (not (string=? op "eval"))))
   request))

(define (file-contents file)
  (call-with-input-file file
    (lambda (port)
      (set-port-encoding! port "UTF-8")
      ((@ (ice-9 textual-ports) get-string-all) port))))

(define (attach mark module socket host cooperative push! set-handler!)
  ;; Serve one connection until its client goes. Called in the pump's thread.
  (let* ((connection
          (make-connection mark socket (make-mutex) (make-condition-variable) (make-hash-table)
                           '() 0 #f 0 #f #f 0 #f host #f '() cooperative))
         (next-request (request-reader socket)))
    (define (open-session id parent)
      (let ((from (session-of connection parent)))
        (hash-set! (connection-sessions connection) id
                   (make-session id
                                 (if from (session-module from) module)
                                 (make-repl 'scheme)
                                 #f))))
    (set-handler! (lambda (request) (handle connection request)))
    (call-with-new-thread (lambda () (writer connection)))
    (tell connection "cooperative" (if cooperative 1 0) "kind" "ready"
          "ns" (namespace-name module) "version" (version))
    (let lp ((request (next-request)))
      (when request
        (let ((op (car request)) (arguments (cdr request)))
          (cond
           ((member op '("eval" "load-file" "load-path")) (push! request))
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
      (ring connection))
    (interrupt connection #f)))
)
