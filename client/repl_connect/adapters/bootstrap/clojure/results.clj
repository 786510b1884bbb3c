;; Values and errors, as text.

(def most-value 33554432)               ; characters of a value, whatever the client wants
(def most-frames 50)

(defn printed [value quota]
  ;; The value as text, and whether it was cut.
  (let [made (StringBuilder.)
        most (int (min most-value (or quota most-value)))
        full (volatile! false)
        put (fn [^CharSequence text]
              (let [room (- most (.length made))]
                (if (<= (.length text) room)
                  (.append made text)
                  (do (.append made text 0 room)
                      (vreset! full true)
                      (throw (Error. "The value is long enough."))))))
        ;; Strings are printed character by character: those are gathered first.
        writer (BufferedWriter.
                (proxy [Writer] []
                  (write
                    ([text] (put (if (string? text) text (String. ^chars text))))
                    ([text start length]
                     (put (if (string? text)
                            (.subSequence ^String text start (+ start length))
                            (String. ^chars text (int start) (int length))))))
                  (flush [])
                  (close [])))]
    (try
      (if *print-dup* (print-dup value writer) (print-method value writer))
      (.flush writer)
      (catch Throwable failure
        (when-not @full
          (throw (ex-info nil {:clojure.error/phase :print-eval-result} failure)))))
    [(str made) @full]))

(defn value-fields [value quota]
  (let [[text cut] (printed value quota)]
    (concat (when cut ["cut" 1]) ["ns" (ns-name *ns*) "value" text])))

(defn root-cause [^Throwable failure]
  (if-let [cause (.getCause failure)] (recur cause) failure))

(defn error-data [failure]
  ;; What an ex-info of the user's carries, as a line of text.
  (let [data (ex-data failure)]
    (when (and (seq data) (not-any? #(= "clojure.error" (namespace %)) (filter keyword? (keys data))))
      (first (binding [*print-length* 20 *print-level* 5] (printed data 2000))))))

(defn error-message [failure]
  (let [root (root-cause failure)
        to-message (resolve 'clojure.main/err->msg)
        text (try
               (if to-message
                 (to-message failure)
                 (str (.getName (class root)) ": " (.getMessage ^Throwable root)))
               (catch Throwable _ (str "An error that can't be printed: " (class failure))))
        data (try (error-data root) (catch Throwable _ nil))]
    (str (.trim (str text)) (when data (str "\n" data)))))

(defn frame-name [class-name]
  ;; "user$broken$fn__12" -> "user/broken/fn", and "" for what stands outside of functions.
  (let [text (.replaceAll (Compiler/demunge class-name) "--\\d+" "")]
    (if (re-find #"^[^/]+/eval\d+" text) "" text)))

(defn known-file [name file source]
  ;; The path of the file that a frame tells only the last part of.
  (let [ends? (fn [path] (and (string? path) (or (= path file) (.endsWith ^String path (str "/" file)))))
        [space function] (.split ^String name "/")
        place (and (seq name) (find-ns (symbol space)))
        path (and place function
                  (:file (meta (get (ns-interns place) (symbol function)))))]
    (first (filter ends? [path source file]))))

(defn stack-frames [failure source]
  ;; The frames that are the user's, [name file line] each, innermost last.
  (let [ours? (fn [^StackTraceElement each] (.startsWith (.getClassName each) "repl_connect."))
        foreign #"^(clojure\.lang\.|java\.|javax\.|jdk\.|sun\.).*"
        evaluator #"^clojure\.core/(eval|read)$"
        frame (fn [^StackTraceElement each]
                (let [name (if (re-find #"\$" (.getClassName each))
                             (frame-name (.getClassName each))
                             (str (.getClassName each) "/" (.getMethodName each)))
                      file (.getFileName each)
                      file (when-not (contains? #{nil "NO_SOURCE_FILE" "NO_SOURCE_PATH"} file)
                             (known-file name file source))]
                  [name (or file "") (max 0 (.getLineNumber each))]))]
    (->> (.getStackTrace ^Throwable (root-cause failure))
         (take-while (complement ours?))
         (remove (fn [^StackTraceElement each] (re-matches foreign (.getClassName each))))
         (map frame)
         (dedupe)
         (reverse)
         (drop-while (fn [[name]] (re-find evaluator name)))
         (take-last most-frames))))

(defn error-fields [failure source]
  ["frames" (try (doall (stack-frames failure source)) (catch Throwable _ []))
   "kind" "error"
   "message" (error-message failure)
   "place" ["" 0]
   "type" (.getName (class (root-cause failure)))])
