;; What a client asks: read from the connection, and answered.

(def leisure 200)                       ; milliseconds until the rest is compiled, unless it is wanted

(defn unescaped [^String text]
  (let [made (StringBuilder.)]
    (loop [at 0]
      (let [next (.indexOf text "\\u" at)]
        (if (neg? next)
          (str (.append made text at (.length text)))
          (do (.append made text at next)
              (.append made (char (Integer/parseInt (subs text (+ next 2) (+ next 6)) 16)))
              (recur (+ next 6))))))))

(defn read-number [^Reader in]
  ;; Up to the colon: the number, and whether the text has escapes. White space is from before us.
  (loop [number 0 escapes false]
    (let [code (.read in)]
      (cond
        (neg? code) nil
        (= code 58) [number escapes]
        (= code 117) (recur number true)
        (<= 48 code 57) (recur (+ (* 10 number) (- code 48)) escapes)
        :else (recur number escapes)))))

(defn read-text [^Reader in]
  (when-let [[size escapes] (read-number in)]
    (let [buffer (char-array size)]
      (loop [have 0]
        (if (= have size)
          (let [text (String. buffer)] (if escapes (unescaped text) text))
          (let [some (.read in buffer have (- size have))]
            (when-not (neg? some) (recur (+ have some)))))))))

(defn next-request [in]
  ;; A vector of texts, or nil at the end of the stream.
  (when-let [[size] (read-number in)]
    (loop [texts []]
      (if (= size (count texts))
        texts
        (when-let [text (read-text in)] (recur (conj texts text)))))))

(defn open-session [c id parent]
  (let [from (get @(:sessions c) parent)
        session {:bindings (atom @(:bindings (or from c)))
                 :queue (LinkedBlockingQueue.)
                 :running (volatile! nil)  ; nil, or :id :begun :interrupted :stopping
                 :worker (volatile! nil)
                 :closed (volatile! false)
                 :input (LinkedList.)
                 :in (volatile! nil)}]
    (vreset! (:in session) (input-reader c session))
    (swap! (:sessions c) assoc id session)))

(defn start-worker [c session]
  (let [worker (Thread. ^Runnable (fn [] (work-on c session)) "repl-connect session")]
    (vreset! (:worker session) worker)
    (doto worker
      (.setDaemon true)
      (.setContextClassLoader (DynamicClassLoader. (:loader c)))
      (.start))))

(defn close-session [c id]
  (when-let [session (get @(:sessions c) id)]
    (swap! (:sessions c) dissoc id)
    (locking (:lock c)
      (vreset! (:closed session) true)
      (ring* c))
    (when-let [running (:id @(:running session))] (interrupt-in c session running))
    (.put ^LinkedBlockingQueue (:queue session) :end)))

(defn give-input [c id text]
  (when-let [session (get @(:sessions c) id)]
    (locking (:lock c)
      (.add ^LinkedList (:input session) text)
      (ring* c))))

(defn number-in [text]
  (when (seq text) (Long/parseLong text)))

(defn pass-on [c [op id session-id space code file line column quota]]
  (let [id (Long/parseLong id)
        session (get @(:sessions c) session-id)]
    (locking (:lock c) (vreset! (:running session) {:id id}))
    (when-not @(:worker session) (start-worker c session))
    (.put ^LinkedBlockingQueue (:queue session)
          {:op op :id id :ns space :code (or code "") :file file :line (number-in line)
           :column (number-in column) :quota (number-in quota)})))

(def here *ns*)

(def knowledge
  ;; What knowledge.clj defines, when it is first wanted.
  (delay
    (binding [*ns* here *warn-on-reflection* false *unchecked-math* false]
      (doseq [form knowledge-source] (eval form)))
    {:completions (ns-resolve here 'completions) :look-up (ns-resolve here 'look-up)}))

(defn tool [c what [id session-id named text]]
  (let [session (get @(:sessions c) session-id)
        space (or (and (seq named) (find-ns (symbol named)))
                  (get @(:bindings (or session c)) #'*ns*))
        items (try
                (binding [*ns* space] (doall ((what @knowledge) space text)))
                (catch Throwable _ []))]
    (tell c "id" id "items" items "kind" "answer")))

(defn answer [c [op & [first second :as arguments] :as request]]
  (case op
    ("eval" "load-file" "load-path") (pass-on c request)
    "interrupt" (interrupt c (Long/parseLong first))
    "input" (give-input c first second)
    "open" (open-session c first second)
    "close" (close-session c first)
    "complete" (tool c :completions arguments)
    "lookup" (tool c :look-up arguments)
    nil))

(defn leave [c]
  (doseq [id (keys @(:sessions c))] (close-session c id))
  (locking (:lock c)
    (vreset! (:dead c) true)
    (ring* c)))

(defn popped? []
  (try (Var/popThreadBindings) true (catch IllegalStateException _ false)))

(defn outermost-out []
  ;; The stream of the connection itself, of which a prepl has made one that writes EDN.
  (let [frame (Var/getThreadBindingFrame)]
    (try
      (loop [found *out*]
        (if (and (popped?) (thread-bound? #'*out*)) (recur *out*) found))
      (finally (Var/resetThreadBindingFrame frame)))))

(defn attach [nonce prepl sample]
  ;; Serve one connection until its client goes.
  (let [named? (fn [[^Var each _]] (.ns each)) ; the others are the compiler's own
        escapes (not= sample (str (char 233) (char 10003)))
        c {:mark (str (char 30) nonce ";")
           :out (if prepl (outermost-out) *out*)
           :escapes escapes
           :lock (Object.)
           :pending (StringBuilder.)    ; whole frames
           :open (StringBuilder.)       ; output not yet made a frame
           :open-for (volatile! nil)    ; of which evaluation and stream
           :writing (volatile! false)
           :blocked (volatile! 0)       ; threads that wait for room in `pending`
           :dead (volatile! false)
           :sessions (atom {})
           :loader (.getContextClassLoader (Thread/currentThread))
           :bindings (atom (into {} (filter named? (get-thread-bindings))))}
        in *in*]
    (start-thread "writer" (fn [] (write-on c)))
    (tell c "escapes" (if escapes 1 0) "kind" "ready" "ns" (ns-name *ns*)
          "version" (clojure-version))
    (when-not (realized? knowledge)
      (start-thread "compiler" (fn [] (Thread/sleep leisure) @knowledge)))
    (try
      (loop []
        (when-let [request (next-request in)]
          (answer c request)
          (recur)))
      (catch IOException _ nil)
      (finally (leave c)))))
