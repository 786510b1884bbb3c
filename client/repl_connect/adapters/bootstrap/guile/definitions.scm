;; Modules, which forms are compiled, and which redefinitions running code will not see.

;;; Namespaces

(define (namespace-name module)
  (or (hashq-ref namespace-names module)
      (let ((name (object->string (module-name module))))
        (hashq-set! namespace-names module name)
        name)))

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

(define (defined-module form)
  ;; The module that a `define-module' form defines, if the program has it already.
  (and (pair? form) (eq? (car form) 'define-module) (pair? (cdr form))
       (namespace (object->string (cadr form)))))

(define (declares-open? form)
  ;; Whether a form defines such a module as not declarative.
  (and (defined-module form)
       (let ((option (memq #:declarative? form)))
         (and option (pair? (cdr option)) (not (cadr option))))))

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

(define (form-thunk repl form datum)
  (let* ((language (repl-language repl))
         (interpreter (language-evaluator language)))
    (cond
     ((and interpreter
           (or (repl-option-ref repl 'interp)
               (not (defines-procedure? datum))))
      (lambda () (interpreter form (current-module))))
     ((room-to-compile?) (load-thunk-from-memory (repl-compile repl form)))
     (interpreter
      (warn-of-images)
      (lambda () (interpreter form (current-module))))
     (else (error "This program can't take more compiled code.")))))
