;; One evaluation, in the REPL's thread.

;;; Namespaces

(define namespace-names (make-weak-hasheq))
(define top-level "top-level")

(define (namespace-name ns)
  (hash-ref! namespace-names ns
             (lambda ()
               (with-handlers ([exn:fail? (lambda (e) top-level)])
                 (define name
                   (parameterize ([current-namespace ns])
                     (eval #'(variable-reference->module-source (#%variable-reference)))))
                 (cond
                   [(symbol? name) (format "'~a" name)]
                   [(path? name) (format "~s" (path->string name))]
                   [else top-level])))))

(define (find-namespace c s text)
  ;; The namespace of that name, if its module is in the program; never loads one.
  (cond
    [(string=? text "") (session-namespace s)]
    [(string=? text top-level) (connection-namespace c)]
    [(string=? text (namespace-name (session-namespace s))) (session-namespace s)]
    [else
     (with-handlers ([exn:fail? (lambda (e) #f)])
       (define path (read (open-input-string text)))
       (parameterize ([current-namespace (connection-namespace c)])
         (define name (if (string? path) (string->path path) path))
         (and (module-declared? name #f)
              (let ([ns (module->namespace name)])
                (hash-set! namespace-names ns text)
                ns))))]))

;;; Reading

(define (code-port code file line column)
  (define port (open-input-string code))
  (port-count-lines! port)
  (when line
    (set-port-next-location! port line (if column (max 0 (sub1 column)) 0) 1))
  port)

(define (file-source file)
  ;; What forms read from a file say they are from.
  (cond
    [(string=? file "") 'repl]
    [(absolute-path? file) (string->path file)]
    [else file]))

(define (complete-file file)
  (and (not (string=? file "")) (absolute-path? file) (simplify-path (string->path file))))

(define (module-form? form)
  (define datum (and (syntax? form) (syntax-e form)))
  (and (pair? datum) (identifier? (car datum)) (eq? (syntax-e (car datum)) 'module)))

;;; Evaluating

(define (run-forms c id port source quota)
  (let next ()
    (define form ((current-read-interaction) source port))
    (unless (eof-object? form)
      (call-with-values
       (lambda ()
         (call-with-continuation-prompt
          (lambda ()
            (define whole (cons '#%top-interaction form))
            ((current-eval)
             (if (syntax? form)
                 (namespace-syntax-introduce (datum->syntax #f whole form))
                 whole)))))
       (lambda results
         (for ([value (in-list results)])
           (send-value c id (namespace-name (current-namespace)) value quota))))
      (next))))

(define (run-file c id port source path quota)
  ;; As `load` does it; of a module, as `enter!` does: its namespace becomes the current one, and
  ;; what it defines can be changed.
  (define directory (and path (let-values ([(base name dir?) (split-path path)]) base)))
  (parameterize ([current-load-relative-directory
                  (if (path? directory) directory (current-load-relative-directory))]
                 [read-accept-reader #t]
                 [read-accept-lang #t]
                 [read-accept-compiled #t])
    (let next ()
      (define form (read-syntax source port))
      (unless (eof-object? form)
        (cond
          [(module-form? form) (run-module form path)]
          [else
           (call-with-values
            (lambda ()
              (call-with-continuation-prompt
               (lambda () ((current-eval) (namespace-syntax-introduce form)))))
            (lambda results
              (for ([value (in-list results)])
                (send-value c id (namespace-name (current-namespace)) value quota))))])
        (next)))))

(define (run-module form path)
  (define name (if path path (list 'quote (syntax-e (cadr (syntax-e form))))))
  (parameterize ([compile-enforce-module-constants #f]
                 [current-module-declare-name (and path (make-resolved-module-path path))])
    ((current-eval) (namespace-syntax-introduce form)))
  (dynamic-require name #f)
  (current-namespace (module->namespace name)))

(define (evaluate c id session-id ns-text code file line column quota whole?)
  (define s (hash-ref (connection-sessions c) session-id))
  (define ns (find-namespace c s ns-text))
  (cond
    [(not ns) (tell c "id" id "kind" "no-namespace" "ns" ns-text)]
    [else
     (define exit-as-ever (exit-handler))
     (define failure #f)
     (define (run)
       (current-namespace ns)
       (dynamic-wind
        void
        (lambda ()
          (define port (code-port code file line column))
          (if whole?
              (run-file c id port (file-source file) (complete-file file) quota)
              (run-forms c id port (file-source file) quota)))
        (lambda ()
          (define after (current-namespace))
          (unless (and (not (string=? ns-text "")) (eq? after ns))
            (set-session-namespace! s after)))))
     (begin-evaluation c id)
     (with-handlers ([(lambda (e) #t) (lambda (e) (set! failure (list e)))])
       (when (ormap port-closed? (session-ports s)) ; an earlier one has closed them
         (open-ports c s))
       (define ports (session-ports s))
       (parameterize ([own-evaluation id]
                      [current-input-port (car ports)]
                      [current-output-port (cadr ports)]
                      [current-error-port (caddr ports)]
                      [exit-handler (lambda (v) (flush c) (exit-as-ever v))])
         (parameterize-break #t (run))))
     (define interrupted? (end-evaluation c))
     (when (and failure (not (and interrupted? (exn:break? (car failure)))))
       (send-error c id (car failure)))
     (define name (namespace-name (session-namespace s)))
     (if interrupted?
         (tell c "id" id "kind" "done" "ns" name "status" '("interrupted"))
         (tell c "id" id "kind" "done" "ns" name))]))

(define (begin-evaluation c id)
  (define stop?
    (atomically
     (define withdrawn? (or (connection-dead? c) (eqv? id (connection-withdrawn c))))
     (set-connection-withdrawn! c #f)
     (set-connection-interrupted?! c withdrawn?)
     (set-connection-current! c id)
     withdrawn?))
  (when stop? (break-thread (current-thread))))

(define (end-evaluation c)
  ;; Whether it was interrupted. A break that came too late is taken here, where it harms nobody.
  (define interrupted?
    (atomically
     (set-connection-current! c #f)
     (connection-interrupted? c)))
  (when interrupted?
    (with-handlers ([exn:break? void])
      (parameterize-break #t (sleep 0))))
  interrupted?)
