;; The one form that is sent to a plain Clojure REPL. It is evaluated by that connection's own thread,
;; which from then on is our pump: it reads requests until the client has gone, and then the form
;; has its value, nil, and the REPL goes on as if nothing had been.
;;
;; The rest of the bootstrap is evaluated once for the program, in a namespace of ours; a client that
;; finds it there does not send it again. NONCE, VERSION and PREPL are filled in by the client, which
;; sends the form without comments, on one line; all names are qualified, as the namespace may be
;; anyone's. The last string shows whether the connection's characters are UTF-8, whatever the JVM
;; was started with.
(do
  (clojure.core/when-not (clojure.core/resolve (quote repl-connect.VERSION/attach))
    (clojure.core/print "\u001eNONCE;d4:kind4:neede")
    (clojure.core/flush)
    (clojure.core/let [parts (clojure.core/read)]
      ((clojure.core/eval (clojure.core/first parts))
       (quote repl-connect.VERSION)
       (clojure.core/rest parts))))
  ((clojure.core/deref (clojure.core/resolve (quote repl-connect.VERSION/attach)))
   "NONCE" PREPL "é✓"))
