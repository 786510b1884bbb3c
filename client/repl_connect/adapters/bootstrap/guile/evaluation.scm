;; One evaluation, in the evaluating thread.

;;; Evaluation

(define (place-of form file)
  ;; "file:line" of a form as read, for errors in code that is interpreted.
  (let ((source (and (syntax? form) (syntax-source form))))
    (if (and source (assq-ref source 'line))
        (list (or (assq-ref source 'filename) file "") (+ 1 (assq-ref source 'line)))
        (list file 0))))

(define the-end (read-char (open-input-string "")))

(define (at-end? port)
  ;; Whether nothing but white space is left: the reader would find out at greater cost.
  (let ((char (peek-char port)))
    (cond
     ((eof-object? char) #t)
     ((char-whitespace? char) (read-char port) (at-end? port))
     (else #f))))

(define (evaluate connection id session-id namespace-text code file line column quota whole)
  ;; One evaluation, start to end.
  (let* ((session (session-of connection session-id))
         (module (if (string-null? namespace-text)
                     (session-module session)
                     (namespace namespace-text)))
         (stack #f)
         (last-value #f)
         (running #f)                   ; the user's code, not the reader or the expander
         (place '("" 0))
         (failure #f))
    (define repl (session-repl session))
    (define (send-value value)
      (unless (unspecified? value)
        (release)
        (set! last-value (value-fields value quota))))
    (define (release)
      ;; Send the value that was kept back, to go with the end if nothing came between.
      (when last-value
        (let ((fields last-value))
          (set! last-value #f)
          (critically connection
            (apply put-frame/held connection "id" id "kind" "value" fields)
            (ring connection)))))
    (define (end . statuses)
      (critically connection
        (set-current! connection #f)
        (set-interrupted! connection #f)
        (note-dropped/held connection id)
        (apply put-frame/held connection
               `("id" ,id "kind" "done"
                 ,@(if (null? statuses) '() (list "status" statuses))
                 ,@(or last-value (list "ns" (namespace-name (session-module session))))))
        (flush/held connection)))
    (define (keep-stack key . args)
      (when (and running (not (memq key '(quit stack-overflow))))
        (set! stack (innermost-frames (make-stack #t 3 evaluation-tag)))))
    (define (in-place thunk)
      ;; Within the prompts that the plain REPL gives an evaluation.
      (call-with-prompt (default-prompt-tag)
        (lambda () (call-with-prompt evaluation-tag thunk (lambda (k) #f)))
        (lambda (k procedure) (in-place (lambda () (procedure k))))))
    (define (run-form form datum)
      (release)
      (set! place (place-of form file))
      (let* ((module (current-module))
             (names (defined-names datum))
             (kept (if (null? names) '() (kept-procedures module names)))
             (new (if (null? names) '() (new-names module names)))
             (parser (language-parser (repl-language repl)))
             (thunk (form-thunk repl (if parser (parser form) form) datum)))
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
            (for-each send-value results)))))
    (define (run-all port)
      ;; Form by form, but plain definitions that follow each other as one unit: see most-images.
      (let ((reader (language-reader (repl-language repl))))
        (define (run-batch batch)
          (unless (null? batch)
            (let ((form (if (null? (cdr batch)) (car batch) (cons #'begin (reverse batch)))))
              (run-form form (syntax->datum form)))))
        (define (next batch)
          (catch #t
            (lambda () (if (at-end? port) the-end (reader port (current-module))))
            (lambda (key . args) (run-batch batch) (apply throw key args))))
        (let lp ((batch '()))
          (let* ((form (next batch))
                 (datum (syntax->datum form)))
            (cond
             ((eof-object? form) (run-batch batch))
             ((plain-definition? datum) (lp (cons form batch)))
             (else
              (run-batch batch)
              (run-form form datum)
              (lp '())))))))
    (define (run-file port)
      ;; As one unit of compiled code. Modules it defines are not declarative: whoever loads a file
      ;; into a running program wants to redefine what is in it.
      (let* ((head (first-form code))
             (target (or (defined-module head) (current-module)))
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
                  (when (and declarative (not (declares-open? head)))
                    (set-module-declarative?! target #t)))))
          (lambda results
            (set! running #f)
            (warn-of-kept target (changed-names target kept))
            (force-output (current-output-port))
            (force-output (current-error-port))
            (for-each send-value results)))))
    (define (run-meta text)
      ;; A command of the REPL's own, on a REPL of the session's that knows the last error.
      (unless (room-to-compile?)
        (warn-of-images)
        (repl-option-set! repl 'interp #t))
      (parameterize ((current-input-port (open-input-string text)))
        (meta-command (make-meta-repl session))))
    (define (run)
      (set-current-module module)
      (let ((start (string-skip code char-set:whitespace)))
        (if (and start (not whole) (eqv? (string-ref code start) #\,))
            (run-meta (string-append (substring code (+ start 1)) "\n"))
            (let ((port (open-input-string code)))
              (unless (string-null? file) (set-port-filename! port file))
              (when line (set-port-line! port (max 0 (- line 1))))
              (when column (set-port-column! port (max 0 (- column 1))))
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
        (set-interrupted! connection (eqv? id (withdrawn connection)))
        (set-withdrawn! connection #f)
        (set-thread! connection (current-thread))
        (set-current! connection id)
        (set-started! connection (get-internal-real-time))
        (when (asleep? connection) (signal-condition-variable (standby-bell connection))))
      (open-ports connection session)
      (let* ((out (session-out session))
             (err (session-err session))
             (outcome
              (call-with-prompt interrupt-tag
                (lambda ()
                  (stop-if-interrupted connection)
                  (save-module-excursion
                   (lambda ()
                     (with-fluids ((own-evaluation id))
                       (parameterize ((current-output-port out)
                                      (current-error-port err)
                                      (current-warning-port err)
                                      (current-input-port (session-in session)))
                         (let ((outcome (guarded)))
                           (when (eq? outcome 'failed) (remember-module))
                           outcome))))))
                (lambda (k) 'interrupted))))
        (with-fluids ((own-evaluation id))
          (unless (port-closed? out) (force-output out))
          (unless (port-closed? err) (force-output err)))
        (unless (eq? outcome 'ok) (release))
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
             (end)))))))))

(define (open-ports connection session)
  ;; A session's ports, made anew if the user's code has closed them.
  (define (gone? port) (or (not port) (port-closed? port)))
  (when (gone? (session-out session))
    (set-session-out! session (output-port connection "out")))
  (when (gone? (session-err session))
    (set-session-err! session (output-port connection "err")))
  (when (gone? (session-in session))
    (set-session-in! session (input-port connection session))))

(define (make-meta-repl session)
  ;; The session's REPL object, with its options, and the last error to debug.
  (let ((repl (session-repl session))
        (debug (session-debug session)))
    ((setter (@ (system repl common) repl-debug)) repl debug)
    repl))
