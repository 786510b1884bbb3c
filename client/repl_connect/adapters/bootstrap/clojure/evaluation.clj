;; One evaluation, in the worker of its session, and what stops it.

(def patience 300)                      ; milliseconds from an interrupt to the thread's being stopped
(def give-up 1000)                      ; and from there to saying that it goes on nevertheless

(defn stop-if-interrupted [session]
  (when (:interrupted @(:running session)) (throw (InterruptedException.))))

(defn begin [c session]
  (locking (:lock c)
    (vswap! (:running session) assoc :begun true))
  (stop-if-interrupted session))

(defn end [c session]
  ;; Whether it was interrupted. From here on the thread is not stopped.
  (let [interrupted (locking (:lock c)
                      (let [running @(:running session)]
                        (vreset! (:running session) nil)
                        (when (:stopping running) (ring* c)) ; who stops it waits
                        (:interrupted running)))]
    (Thread/interrupted)
    interrupted))

(defn set-column [reader column]
  (try
    (doto (.getDeclaredField LineNumberingPushbackReader "_columnNumber")
      (.setAccessible true)
      (.set reader (int column)))
    (catch Throwable _ nil)))

(defn remember [value]
  (set! *3 *2)
  (set! *2 *1)
  (set! *1 value))

(defn run-forms [session request send-value]
  (let [reader (LineNumberingPushbackReader. (StringReader. (:code request)))
        the-end (Object.)]
    (when-let [line (:line request)] (.setLineNumber reader (int line)))
    (when-let [column (:column request)] (set-column reader column))
    (loop []
      (let [form (try
                   (read {:read-cond :allow :eof the-end} reader)
                   (catch Throwable failure
                     (throw (ex-info nil {:clojure.error/phase :read-source} failure))))]
        (when-not (identical? form the-end)
          (stop-if-interrupted session)
          (let [value (eval form)]
            (remember value)
            (send-value value))
          (recur))))))

(defn last-part [^String path]
  (subs path (inc (.lastIndexOf path "/"))))

(defn run-file [request send-value]
  (let [file (:file request)
        code (if (= "load-path" (:op request)) (slurp file :encoding "UTF-8") (:code request))
        file (if (seq file) file "NO_SOURCE_PATH")
        value (Compiler/load (StringReader. code) file (last-part file))]
    (remember value)
    (send-value value)))

(defn evaluation-bindings [c session request space]
  (let [{:keys [id file]} request
        evaluation (printing-for c id)]
    (cond-> (assoc @(:bindings session)
                   #'*evaluation* evaluation
                   #'*out* (output-writer evaluation "out")
                   #'*err* (output-writer evaluation "err")
                   #'*in* (usable-input c session))
      space (assoc #'*ns* space)
      (seq file) (assoc #'*file* file #'*source-path* (last-part file)))))

(defn keep-bindings [session space]
  ;; What the next evaluation starts with. A namespace given with a request is for that one only.
  (let [before @(:bindings session)
        now (dissoc (get-thread-bindings)
                    #'*file* #'*source-path* #'*out* #'*err* #'*in* #'*evaluation*)]
    (reset! (:bindings session)
            (if (identical? *ns* space) (assoc now #'*ns* (get before #'*ns*)) now))))

(defn evaluate-in [c session request space]
  (let [{:keys [id quota file op]} request
        held (volatile! nil)
        failure (volatile! nil)
        send-value (fn [value]
                     ;; The last one is kept back, to go with the end.
                     (let [fields (value-fields value quota)]
                       (when-let [before @held]
                         (apply post c "id" id "kind" "value" before))
                       (vreset! held fields)))]
    (with-bindings* (evaluation-bindings c session request space)
      (fn []
        (let [interrupted (try
                            (try
                              (begin c session)
                              (if (= "eval" op)
                                (run-forms session request send-value)
                                (run-file request send-value))
                              (catch Throwable thrown (vreset! failure thrown)))
                            (end c session)
                            (catch Throwable stopped
                              (vreset! failure stopped)
                              (end c session)
                              true))]
          (when (and @failure (not interrupted)) (set! *e @failure))
          (keep-bindings session space)
          (locking (:lock c) (wait-for-room* c))
          (if-not @failure
            (apply tell c "id" id "kind" "done"
                   (or @held ["ns" (ns-name (get @(:bindings session) #'*ns*))]))
            (do
              (when @held (apply post c "id" id "kind" "value" @held))
              (when-not interrupted (apply post c "id" id (error-fields @failure file)))
              (tell c "id" id "kind" "done" "ns" (ns-name (get @(:bindings session) #'*ns*))
                    "status" (if interrupted ["interrupted"] [])))))))))

(defn evaluate [c session request]
  (let [named (:ns request)
        space (when (seq named) (find-ns (symbol named)))]
    (if (and (seq named) (nil? space))
      (do (end c session)
          (tell c "id" (:id request) "kind" "no-namespace" "ns" named))
      (evaluate-in c session request space))))

(defn work-on [c session]
  ;; A worker: evaluations one after the other, until its session is closed.
  (let [request (try
                  (.take ^LinkedBlockingQueue (:queue session))
                  (catch Throwable _ :again))]
    (when-not (= request :end)
      (when-not (= request :again)
        (try
          (evaluate c session request)
          (catch Throwable failure
            (end c session)
            (apply post c "id" (:id request) (error-fields failure nil))
            (tell c "id" (:id request) "kind" "done" "ns" "user"))))
      (recur c session))))

;;; Interrupts

(def can't-stop
  (str "It waits for nothing that an interrupt could end, and Java "
       (System/getProperty "java.specification.version")
       " can't stop a thread (up to 19 it can). It goes on; other sessions go on too."))

(def caught
  "It has caught the interrupt and goes on. Interrupt it again, or end it where it runs.")

(defn still-runs? [session id]
  (= id (:id @(:running session))))

(defn goes-on? [c session id milliseconds]
  ;; Whether it still runs after that time.
  (let [^Object lock (:lock c)
        deadline (+ (System/nanoTime) (* 1000000 milliseconds))]
    (locking lock
      (loop []
        (let [left (quot (- deadline (System/nanoTime)) 1000000)]
          (when (still-runs? session id)
            (if (pos? left)
              (do (.wait lock left) (recur))
              true)))))))

(defn stop-thread [c session id]
  ;; The last resort, for what does not look whether it is interrupted. Says why it failed, if so.
  (let [stopped (locking (:lock c)
                  (or (not (still-runs? session id))
                      (try (.stop ^Thread @(:worker session)) true (catch Throwable _ false))))]
    (if-not stopped
      can't-stop
      (when (goes-on? c session id give-up) caught))))

(defn interrupt-in [c session id]
  (let [asked (locking (:lock c)
                (let [running @(:running session)]
                  (when (= id (:id running))
                    (vreset! (:running session) (assoc running :interrupted true :stopping true))
                    (when (:begun running) (.interrupt ^Thread @(:worker session)))
                    (ring* c)
                    (not (:stopping running)))))]
    (when asked
      (start-thread
       "interrupt"
       (fn []
         (when-let [reason (and (goes-on? c session id patience) (stop-thread c session id))]
           (locking (:lock c)
             (when (still-runs? session id)
               (vswap! (:running session) dissoc :stopping)
               (put-frame* c ["id" id "kind" "not-interruptible" "text" reason])
               (ring* c)))))))))

(defn interrupt [c id]
  (doseq [session (vals @(:sessions c))]
    (when (still-runs? session id) (interrupt-in c session id))))
