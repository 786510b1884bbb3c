;; What runs inside of an SCM process while a client is connected: a procedure that defines nothing
;; outside of itself, and serves one connection.
;;
;; SCM has no threads and catches no errors. But its errors unwind the stack, and from the way out of
;; a `dynamic-wind' one can go back: that is how they are caught. And it has a timer: every tick it
;; looks whether a request has come, and answers it in the middle of an evaluation. An interrupt goes
;; back the same way as an error does.
;;
;; A string of SCM is bytes, so text passes as it is.
;; Its procedures are SCM's as they are now: the program may give these names other values.
(let ((append append) (apply apply) (assoc assoc)
      (call-with-current-continuation call-with-current-continuation)
      (call-with-input-file call-with-input-file) (call-with-input-string call-with-input-string)
      (call-with-output-string call-with-output-string) (call-with-values call-with-values)
      (caddr caddr) (cadr cadr) (car car) (cddr cddr) (cdr cdr) (char->integer char->integer)
      (char-numeric? char-numeric?) (char=? char=?) (cons cons)
      (current-error-port current-error-port) (current-input-port current-input-port)
      (current-output-port current-output-port) (display display) (duplicate-port duplicate-port)
      (dynamic-wind dynamic-wind)
      (eof-object? eof-object?) (eq? eq?) (equal? equal?) (eqv? eqv?) (eval eval)
      (for-each for-each) (force-output force-output) (list list) (list->string list->string)
      (make-soft-port make-soft-port) (make-string make-string) (map map) (member member)
      (milli-alarm milli-alarm) (newline newline) (not not) (null? null?)
      (number->string number->string) (pair? pair?) (positive? positive?) (procedure? procedure?)
      (read read) (read-char read-char) (reverse reverse)
      (scheme-implementation-version scheme-implementation-version) (set-cdr! set-cdr!)
      (set-current-error-port set-current-error-port)
      (set-current-input-port set-current-input-port)
      (set-current-output-port set-current-output-port) (string string)
      (string->number string->number) (string->symbol string->symbol)
      (string-append string-append) (string-length string-length) (string-ref string-ref)
      (string-set! string-set!) (string=? string=?) (string? string?) (substring substring)
      (symbol->string symbol->string) (vector vector) (wait-for-input wait-for-input)
      (write write) (zero? zero?) (+ +) (- -) (* *) (= =) (< <) (> >))
(lambda (mark)

  (define plain-in (current-input-port))
  ;; Not buffered: whether something has come can only be asked of the socket. `read' has left the
  ;; line's end behind.
  (define in (begin (read-char plain-in) (duplicate-port plain-in "r0")))
  (define out (current-output-port))
  (define err (current-error-port))
  (define tick 50)                  ; milliseconds between looks at the socket
  (define frame-size 8192)          ; bytes of output in one frame, about
  (define sessions '())             ; (id . list of answered input not yet read), #f for its end
  (define current #f)               ; id of the running evaluation, as text, or #f
  (define back #f)                  ; the continuation that its interrupt goes to
  (define ours #f)                  ; whether our own code runs, that the timer must not break into
  (define gathered '())             ; strings of output, newest first
  (define gathered-size 0)
  (define gathered-stream 'out)
  (define nothing (if #f #f))
  (define resting 0)                ; how much had been gathered at the last tick
  (define breaking error)           ; the program's own: it would stay in a debugger
  (define leaving quit)

;;; Frames

  (define (bencoded value)
    (if (string? value)
        (string-append (number->string (string-length value)) ":" value)
        (string-append "l" (apply string-append (map bencoded value)) "e")))

  (define (send . fields)
    ;; FIELDS: key value .... The timer would cut off a write that waits for the client.
    (if current (milli-alarm 0 0))
    (put fields)
    (force-output out)
    (if current (milli-alarm tick 0)))

  (define (put fields)
    ;; It goes out with the next frame, or at the next tick.
    (display (string-append mark "d" (apply string-append (map bencoded fields)) "e") out))

  (define (flush)
    (if (positive? gathered-size)
        (let ((text (apply string-append (reverse gathered))))
          (set! gathered '())
          (set! gathered-size 0)
          (send "id" (or current "0") (symbol->string gathered-stream) text))))

  (define (alone thunk)
    ;; With the timer put off.
    (if ours
        (thunk)
        (begin
          (set! ours #t)
          (let ((value (thunk)))
            (set! ours #f)
            value))))

  (define (gather stream text)
    (alone
     (lambda ()
       (if (not (eq? stream gathered-stream)) (flush))
       (set! gathered-stream stream)
       (set! gathered (cons text gathered))
       (set! gathered-size (+ gathered-size (string-length text)))
       (if (> gathered-size frame-size) (flush))))
    ;; The timer begins anew with each frame, and would never come in a flood of them.
    (if (zero? gathered-size) (look)))

  (define (output-port stream)
    (make-soft-port
     (vector (lambda (char) (gather stream (string char)))
             (lambda (text) (gather stream text))
             (lambda () #t)
             #f
             (lambda () #t))
     "w"))

;;; Requests: a netstring count and that many netstrings

  (define (number)
    (let next ((n 0))
      (let ((char (read-char in)))
        (cond ((eof-object? char) (leaving))
              ((char=? char #\:) n)
              ((char-numeric? char)
               (next (+ (* n 10) (- (char->integer char) 48))))
              (else (next n))))))

  (define (text)
    (let* ((size (number)) (all (make-string size)))
      (do ((i 0 (+ i 1))) ((= i size) all)
        (let ((char (read-char in)))
          (if (eof-object? char) (leaving))
          (string-set! all i char)))))

  (define (request)
    (let next ((n (number)) (fields '()))
      (if (zero? n) (reverse fields) (next (- n 1) (cons (text) fields)))))

  (define (field fields n)
    (cond ((null? fields) "")
          ((zero? n) (car fields))
          (else (field (cdr fields) (- n 1)))))

  (define (answer fields)
    ;; Anything but an evaluation: whether the running one is to stop.
    (let ((op (car fields)))
      (cond
       ((string=? op "open") (set! sessions (cons (list (cadr fields)) sessions)) #f)
       ((string=? op "input")
        (let ((session (assoc (cadr fields) sessions)) (text (caddr fields)))
          (set-cdr! session (append (cdr session) (list (if (string=? text "") #f text))))
          #f))
       ((string=? op "lookup")
        (send "id" (cadr fields) "items" (look-up (field fields 4)) "kind" "answer")
        #f)
       ((string=? op "interrupt") (equal? (cadr fields) current))
       (else #f))))

  (define (written value)
    (call-with-output-string (lambda (port) (write value port))))

  (define (arguments shown)
    ;; Of a procedure's printed form: "FILE" and a colon, if it was loaded, then the arguments.
    (call-with-input-string shown
      (lambda (port)
        (let ((first (read port)))
          (cond ((string? first) (read port) (read port))
                (else first))))))

  (define (look-up name)
    (let ((symbol (string->symbol name)))
      (if (eval (list 'defined? symbol))
          (let* ((shown (written (eval symbol)))
                 (head (string-append "#<CLOSURE " name " "))
                 (size (string-length head)))
            (list "arglists-str"
                  (if (and (> (string-length shown) size)
                           (string=? head (substring shown 0 size)))
                      (written (cons symbol (arguments (substring shown size (string-length shown)))))
                      "")
                  "name" name
                  "type" (if (procedure? (eval symbol)) "function" "variable")))
          '())))

;;; What breaks into an evaluation

  (define (look)
    ;; By the timer.
    (if (and current (not ours))
        (if (let ((stop? (alone
                          (lambda ()
                            ;; The text of an error, written piece by piece, stays in one.
                            (if (or (eq? gathered-stream 'out) (= gathered-size resting)) (flush))
                            (set! resting gathered-size)
                            (force-output out)
                            (and (wait-for-input 0 in) (answer (request)))))))
              (milli-alarm tick 0)
              stop?)
            (back 'interrupted))
        (if current (milli-alarm tick 0))))

;;; Input

  (define (input-port)
    (let ((left "") (at 0))
      (define (next session)
        (cond
         ((< at (string-length left))
          (set! at (+ at 1))
          (string-ref left (- at 1)))
         ((pair? (cdr session))
          (let ((more (cadr session)))
            (set-cdr! session (cddr session))
            (cond (more (set! left more) (set! at 0) (next session))
                  (else the-end))))
         (else
          (flush)
          (send "id" current "kind" "need-input")
          (let wait ()
            (cond ((answer (request)) 'stop)
                  ((null? (cdr session)) (wait))
                  (else (next session)))))))
      (define (next-char)
        (let ((char (alone (lambda () (next (assoc running-session sessions))))))
          (if (eq? char 'stop) (back 'interrupted) char)))
      (make-soft-port (vector #f #f #f next-char (lambda () #t)) "r")))

  (define the-end (call-with-input-string "" read-char))
  (define running-session #f)

;;; Evaluations

  (define (guarded thunk)
    ;; Its value, or the symbol of what has ended it.
    (let ((outcome
           (call-with-current-continuation
            (lambda (k)
              (let ((inside #t))
                (set! back (lambda (why) (set! inside #f) (k why)))
                (dynamic-wind
                 (lambda () #f)
                 (lambda ()
                   (let ((value (thunk)))
                     (set! inside #f)
                     value))
                 (lambda () (if (and inside current) (back 'failed)))))))))
      outcome))

  (define (send-value id value quota)
    (flush)
    (let* ((text (written value))
           (cut? (and quota (> (string-length text) quota)))
           (fields (list "id" id "kind" "value" "ns" "scm"
                         "value" (if cut? (substring text 0 quota) text))))
      (put (if cut? (cons "cut" (cons "1" fields)) fields))))

  (define (run id code quota)
    (call-with-input-string code
      (lambda (port)
        (let next ()
          (let ((form (read port)))
            (if (not (eof-object? form))
                (begin
                  (call-with-values (lambda () (eval form))
                    (lambda results
                      (for-each
                       (lambda (value)
                         (if (not (eq? value nothing))
                             (alone (lambda () (send-value id value quota)))))
                       results)))
                  (next))))))))

;;; Errors

  (define (position text in start)
    ;; Where TEXT stands in IN, from START on, or #f.
    (let ((size (string-length text)) (first (string-ref text 0)))
      (let next ((at start))
        (cond ((> (+ at size) (string-length in)) #f)
              ((and (char=? first (string-ref in at))
                    (string=? text (substring in at (+ at size))))
               at)
              (else (next (+ at 1)))))))

  (define (said-by said start)
    ;; Where an error's own words begin, behind the procedure or file of SCM's that met it.
    (let ((colon (position ": " said start))
          (line (position "\n" said start))
          (init (position "/Init" said start)))
      (cond ((and (eqv? colon (+ start 4)) (string=? "eval" (substring said start colon)))
             (+ colon 2))
            ((and colon line init (< init colon line)) (+ colon 2))
            (else start))))

  (define (send-error id)
    ;; What SCM has said of it last is the error; what the program said before stays output.
    (let* ((said (if (eq? gathered-stream 'err) (apply string-append (reverse gathered)) ""))
           (start (position "\n;ERROR: " said 0))
           (first (and start (said-by said (+ start 9))))
           (text (if start (substring said first (string-length said)) said))
           (end (or (position "\n" text 0) (string-length text)))
           (message (substring text 0 end))
           (in-expression (position "\n; in expression: " text 0))
           (after (and in-expression (position "\n" text (+ in-expression 1)))))
      (cond (start
             (set! gathered (list (substring said 0 start)))
             (set! gathered-size start)))
      (flush)
      (send "frames" '()
            "id" id
            "kind" "error"
            "message" message
            "text" (string-append message
                                  (if after (substring text in-expression after) "")
                                  "\n")
            "type" "error")))

  (define (report . args)
    ;; In place of `error' while an evaluation runs: what it says, and no debugger.
    (let ((port (current-error-port)))
      (newline port)
      (display ";ERROR: " port)
      (if (pair? args)
          (begin
            (display (car args) port)
            (for-each (lambda (arg) (display " " port) (write arg port)) (cdr args))))
      (newline port)
      (back 'failed)))

  (define (leave . args)
    ;; In place of `quit' and `exit': on its way out it would be taken for an error.
    (flush)
    (set! current #f)
    (apply leaving args))

  (define (evaluate fields)
    (let ((id (cadr fields))
          (whole (field fields 4))
          (quota (string->number (field fields 8))))
      (set! current id)
      (set! running-session (caddr fields))
      (set! ours #f)
      (set! error report)
      (set! quit leave)
      (set! exit leave)
      (set-current-output-port out-port)
      (set-current-error-port err-port)
      (set-current-input-port (input-port))
      (set! alarm-interrupt look)
      (milli-alarm tick 0)
      (let ((outcome (guarded (lambda ()
                                (run id
                                     (if (string=? (car fields) "load-path")
                                         (contents (field fields 5))
                                         whole)
                                     quota)
                                'ok))))
        (set! ours #t)
        (set-current-output-port out)
        (set-current-error-port err)
        (set-current-input-port plain-in)
        (if (eq? error report) (set! error breaking))
        (if (eq? quit leave) (set! quit leaving))
        (if (eq? exit leave) (set! exit leaving))
        (if (eq? outcome 'failed) (send-error id) (flush))
        (milli-alarm 0 0)
        (set! current #f)
        (if (eq? outcome 'interrupted)
            (send "id" id "kind" "done" "ns" "scm" "status" '("interrupted"))
            (send "id" id "kind" "done" "ns" "scm")))))

  (define (contents file)
    (call-with-input-file file
      (lambda (port)
        (let next ((all '()))
          (let ((char (read-char port)))
            (if (eof-object? char) (list->string (reverse all)) (next (cons char all))))))))

  (define out-port (output-port 'out))
  (define err-port (output-port 'err))

  (send "kind" "ready" "ns" "scm" "version" (scheme-implementation-version))
  (let serve ()
    (let ((fields (request)))
      (if (member (car fields) '("eval" "load-file" "load-path"))
          (evaluate fields)
          (answer fields))
      (serve)))))
