;; Completions and lookups, in the pump: they look at the program and evaluate nothing.

(define (kind-of ns name)
  ;; What a name is, and its value if it is a variable.
  (with-handlers ([exn:fail:syntax? (lambda (e) (values "macro" #f))]
                  [exn:fail? (lambda (e) (values "unbound" #f))])
    (define value (namespace-variable-value name #t #f ns))
    (values (if (procedure? value) "function" "variable") value)))

(define (completions ns prefix)
  (define size (string-length prefix))
  (define found
    (for*/list ([name (in-list (namespace-mapped-symbols ns))]
                [text (in-value (symbol->string name))]
                #:when (and (>= (string-length text) size)
                            (string=? prefix (substring text 0 size))
                            (symbol-interned? name)))
      text))
  (define sorted (sort found string<?))
  (for*/fold ([items '()] #:result (reverse items))
             ([(text i) (in-indexed* sorted)] #:break (= i most-completions))
    (define-values (kind value) (kind-of ns (string->symbol text)))
    (list* kind text items)))

(define (in-indexed* items)
  (in-parallel items (in-naturals)))

(define (argument-lists name procedure)
  ;; Racket keeps how many arguments there are, not their names.
  (define-values (required allowed) (procedure-keywords procedure))
  (define keywords
    (append
     (for/list ([key (in-list required)]) (format " #:~a _" (keyword->string key)))
     (for/list ([key (in-list (or allowed '()))] #:unless (memq key required))
       (format " [#:~a _]" (keyword->string key)))))
  (define (arguments arity)
    (define (blanks n) (for/list ([i (in-range n)]) " _"))
    (if (arity-at-least? arity)
        (append (blanks (arity-at-least-value arity)) '(" _ ..."))
        (blanks arity)))
  (define arity (procedure-arity procedure))
  (apply string-append
         (let next ([left (if (list? arity) arity (list arity))])
           (cond
             [(null? left) '()]
             [else
              (append (list "(" name)
                      (arguments (car left))
                      keywords
                      (list (if (null? (cdr left)) ")" ") "))
                      (next (cdr left)))]))))

(define (defined-in ns name)
  ;; The module that gives a name its meaning, as text, and its file, or "".
  (define binding
    (parameterize ([current-namespace ns])
      (identifier-binding (namespace-symbol->identifier name))))
  (cond
    [(list? binding)
     (define-values (path base) (module-path-index-split (caddr binding)))
     (define source (resolved-module-path-name (module-path-index-resolve (car binding))))
     (define file (if (pair? source) (car source) source))
     (values (if path (format "~s" path) (namespace-name ns))
             (if (path? file) (path->string file) ""))]
    [else (values (namespace-name ns) "")]))

(define (definition-line file name)
  ;; The first line of a file that looks like it defines NAME, or 0.
  (define pattern
    (regexp (string-append "^[(]define[^ ]* +[(]*" (regexp-quote name) "($|[^-a-zA-Z0-9*/?!_<>=:])")))
  (if (and (not (string=? file "")) (file-exists? file))
      (call-with-input-file file
        (lambda (port)
          (or (for/first ([line (in-lines port)] [n (in-naturals 1)]
                          #:when (regexp-match? pattern line))
                n)
              0)))
      0))

(define (look-up ns text)
  ;; key value ... of what is known about a name, or ().
  (define name (string->symbol text))
  (define-values (kind value) (kind-of ns name))
  (cond
    [(string=? kind "unbound") '()]
    [else
     (define-values (home file) (defined-in ns name))
     (define line (definition-line file text))
     (list "arglists-str" (if (procedure? value) (argument-lists text value) "")
           "file" file
           "line" line
           "name" text
           "ns" home
           "type" kind)]))

(define (tool c id session-id ns-text work)
  (define items
    (with-handlers ([exn:fail? (lambda (e) '())])
      (define s (hash-ref (connection-sessions c) session-id #f))
      (work (cond
              [s (or (find-namespace c s ns-text) (session-namespace s))]
              [else (connection-namespace c)]))))
  (tell c "id" id "items" items "kind" "answer"))
