;; Completions and lookups, in the pump: they look at the program and evaluate nothing.

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
