;; The first of the parts: a function that evaluates the others, unless another client's connection
;; has just done so. Whatever goes wrong is an error of the form that launched it.
(clojure.core/binding [clojure.core/*ns* (clojure.core/find-ns (quote clojure.core))]
  (clojure.core/eval
   (quote
    (fn [place forms]
      (let [space (create-ns place)]
        (locking space
          (when-not (ns-resolve space (quote attach))
            (binding [*ns* space *warn-on-reflection* false *unchecked-math* false
                      *file* "repl-connect" *source-path* "repl-connect"]
              (try
                (refer (quote clojure.core))
                (doseq [form forms] (eval form))
                (catch Throwable failure
                  (remove-ns place)
                  (throw failure)))))))))))
