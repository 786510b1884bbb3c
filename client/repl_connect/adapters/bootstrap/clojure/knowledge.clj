;; Completions and lookups, in the pump: they look at the program and evaluate nothing of the user's.
;; It is compiled when the client already has its prompt: see `knowledge` in requests.clj.

(def most-completions 500)

(defn kind-of [thing]
  (cond
    (class? thing) "class"
    (not (var? thing)) "namespace"
    (:macro (meta thing)) "macro"
    (or (:arglists (meta thing)) (fn? (try (deref thing) (catch Throwable _ nil)))) "function"
    :else "var"))

(defn static-members [^Class where]
  (let [static? (fn [^java.lang.reflect.Member each]
                  (java.lang.reflect.Modifier/isStatic (.getModifiers each)))]
    (concat
     (for [^java.lang.reflect.Member each (.getMethods where) :when (static? each)]
       [(.getName each) "static-method"])
     (for [^java.lang.reflect.Member each (.getFields where) :when (static? each)]
       [(.getName each) "static-field"]))))

(defn scope [space text]
  ;; The namespace or class that a name is qualified with.
  (let [name (symbol text)]
    (or (get (ns-aliases space) name)
        (find-ns name)
        (let [class (get (ns-map space) name)] (when (class? class) class))
        (try (let [class (ns-resolve space name)] (when (class? class) class))
             (catch Throwable _ nil)))))

(defn keyword-names []
  (try
    (let [field (doto (.getDeclaredField clojure.lang.Keyword "table") (.setAccessible true))]
      (map #(str ":" %) (keys (.get field nil))))
    (catch Throwable _ nil)))

(defn candidates [space ^String prefix]
  (let [slash (.indexOf prefix "/")]
    (cond
      (.startsWith prefix ":") (map #(vector % "keyword") (keyword-names))
      (pos? slash) (let [before (subs prefix 0 slash)
                         within (scope space before)]
                     (for [[name kind] (cond
                                         (class? within) (static-members within)
                                         within (for [[name thing] (ns-publics within)]
                                                  [name (kind-of thing)]))]
                       [(str before "/" name) kind]))
      :else (concat
             (for [[name thing] (ns-map space)] [(str name) (kind-of thing)])
             (for [name (keys (ns-aliases space))] [(str name "/") "namespace"])
             (for [each (all-ns)] [(str (ns-name each)) "namespace"])
             (for [name (keys Compiler/specials)] [(str name) "special-form"])))))

(defn completions [space prefix]
  (->> (candidates space prefix)
       (filter (fn [[name]] (.startsWith ^String name prefix)))
       (into (sorted-map))
       (take most-completions)
       (mapcat identity)))

(defn readable-file [file]
  (let [found (and (string? file) (not (contains? #{"NO_SOURCE_PATH" "repl-connect"} file))
                   (clojure.java.io/resource file))]
    (cond
      (nil? found) (if (and (string? file) (.exists (java.io.File. ^String file))) file "")
      (= "file" (.getProtocol ^java.net.URL found)) (.getPath ^java.net.URL found)
      :else (str found))))

(defn look-up-special [name]
  (let [{:keys [forms doc]} (some-> (resolve 'clojure.repl/special-doc-map) deref (get name))]
    ["name" name "ns" "clojure.core" "type" "special-form"
     "arglists-str" (apply str (interpose "\n" forms)) "doc" (str doc)]))

(defn look-up [space text]
  ;; key value ... of what is known about a name, or ().
  (let [name (symbol text)
        found (or (try (ns-resolve space name) (catch Throwable _ nil)) (find-ns name))]
    (cond
      (contains? Compiler/specials name) (look-up-special name)

      (class? found)
      ["name" (.getName ^Class found) "type" "class"]

      (var? found)
      (let [{:keys [arglists doc file line column]} (meta found)]
        ["name" (:name (meta found)) "ns" (ns-name (:ns (meta found))) "type" (kind-of found)
         "arglists-str" (apply str (interpose "\n" (map pr-str arglists)))
         "doc" (str doc) "file" (readable-file file) "line" (or line 0) "column" (or column 0)])

      found
      ["name" text "type" "namespace" "doc" (str (:doc (meta found)))]

      :else [])))
