;; The first form that is sent to a plain Racket REPL. Of what the current namespace binds it uses as
;; little as it can, `dynamic-require` and `quote`, and defines nothing there: what it does is
;; evaluated in a namespace of its own. It looks whether the program has our bootstrap, asks for it
;; if not, and serves the connection in the REPL's own thread until the client has gone. NONCE and
;; VERSION are filled in by the client, which sends the form without comments, on one line. Another
;; client may declare the module at the same moment: who comes second waits until it is whole.
(((dynamic-require ''#%kernel 'eval)
  '(lambda (nonce version)
     (define in (current-input-port))
     (define out (current-output-port))
     (define mark (string-append (string (integer->char 30)) nonce ";"))
     (define name (list 'quote version))
     (define (say text)
       (write-string (string-append mark text) out)
       (flush-output out))
     (define attach
       (with-handlers ([(lambda (e) #t)
                        (lambda (e)
                          (say "d4:kind6:failede")
                          (write-string (if (exn? e) (exn-message e) "not an exception") out)
                          (flush-output out)
                          #f)])
         (unless (module-declared? name #f)
           (say "d4:kind4:neede")
           (let ([form (call-with-default-reading-parameterization
                        (lambda () (read-syntax 'repl-connect in)))])
             (let ([code (compile (namespace-syntax-introduce form))])
               (unless (module-declared? name #f)
                 (with-handlers ([(lambda (e) (module-declared? name #f)) void])
                   (eval code))))))
         (let again ([tries 100])
           (with-handlers ([(lambda (e) (positive? tries))
                            (lambda (e) (sleep 0.05) (again (sub1 tries)))])
             (dynamic-require name 'attach)))))
     (if attach (attach mark in out) (void)))
  ((dynamic-require 'racket/base 'make-base-namespace)))
 "NONCE" 'VERSION)
