;; What runs inside a Clojure program while a client is connected; `attach`, in requests.clj, serves
;; one connection. Its threads:
;;
;; - The pump is the connection's own thread. It reads requests and answers all but evaluations
;;   itself: completions, lookups, input and interrupts never wait for one.
;; - Each session that evaluates has a worker, so that sessions evaluate at the same time.
;; - The writer sends what workers leave in `pending`. It wakes a moment after the first text, so that
;;   output goes out in large pieces and still live. Only who can't be stopped in the middle of it
;;   writes to the socket: the pump, the writer, a worker whose evaluation is over.
;;
;; All state of a connection changes under its `lock`, and so does a thread's being stopped.
;;
;; A frame is the marker (RS, a nonce of this connection, ";") and one bencoded map. What is outside of
;; frames is output that nobody asked for. Where the connection's characters are not UTF-8, texts in
;; frames have \uXXXX for what is not ASCII; in requests they always do.

(import (java.io BufferedWriter IOException PrintWriter Reader StringReader Writer)
        (java.nio.charset StandardCharsets)
        (java.util LinkedList)
        (java.util.concurrent LinkedBlockingQueue)
        (clojure.lang Compiler DynamicClassLoader LineNumberingPushbackReader Namespace Var))

(def frame-size 16384)                  ; characters of output in one frame, about
(def pending-size 1048576)              ; characters waiting, beyond which output waits
(def gathering 10)                      ; milliseconds

(defn escaped [^String text]
  (let [made (StringBuilder.)]
    (dotimes [i (.length text)]
      (let [code (int (.charAt text i))]
        (if (and (< code 127) (not= code 92))
          (.append made (char code))
          (.append (.append made "\\u") (Integer/toHexString (bit-or 0x10000 code)) 1 5))))
    (str made)))

(defn bencode [^StringBuilder made value escapes]
  (if (sequential? value)
    (do (.append made "l")
        (doseq [each value] (bencode made each escapes))
        (.append made "e"))
    (let [text (str value)
          ^String text (if escapes (escaped text) text)]
      (.append made (str (alength (.getBytes text StandardCharsets/UTF_8))))
      (.append made ":")
      (.append made text))))

;; The functions that end in * are called with the lock held.

(defn append-frame* [c fields]
  (let [^StringBuilder pending (:pending c)]
    (when-not @(:dead c)
      (.append pending ^String (:mark c))
      (.append pending "d")
      (doseq [field fields] (bencode pending field (:escapes c)))
      (.append pending "e"))))

(defn close-output* [c]
  ;; Make a frame of the output that has gathered.
  (let [^StringBuilder open (:open c)]
    (when (pos? (.length open))
      (let [[id stream] @(:open-for c)]
        (append-frame* c ["id" id stream (str open)])
        (.setLength open 0)
        (when (> (.capacity open) (* 4 frame-size)) (.trimToSize open))))))

(defn ring* [c]
  (.notifyAll ^Object (:lock c)))

(defn something-pending? [c]
  (or (pos? (.length ^StringBuilder (:pending c))) (pos? (.length ^StringBuilder (:open c)))))

(defn put-frame* [c fields]
  (close-output* c)
  (append-frame* c fields))

(defn wait-for-room* [c]
  ;; So long as the client does not read.
  (let [^StringBuilder pending (:pending c)
        ^Object lock (:lock c)]
    (when (> (.length pending) pending-size)
      (vswap! (:blocked c) inc)
      (try
        (while (and (> (.length pending) pending-size) (not @(:dead c))) (.wait lock))
        (finally (vswap! (:blocked c) dec))))))

(defn post [c & fields]
  ;; Have the writer send a frame.
  (locking (:lock c)
    (wait-for-room* c)
    (put-frame* c fields)
    (ring* c)))

(defn take-pending* [c]
  (close-output* c)
  (let [^StringBuilder pending (:pending c)
        text (str pending)]
    (.setLength pending 0)
    (when (> (.capacity pending) pending-size) (.trimToSize pending))
    (vreset! (:writing c) true)
    text))

(defn write-out [c ^String text]
  (try
    (let [^Writer out (:out c)]
      (.write out text)
      (.flush out))
    (catch IOException _ (vreset! (:dead c) true)))
  (locking (:lock c)
    (vreset! (:writing c) false)
    (when (or @(:dead c) (pos? @(:blocked c)) (something-pending? c)) (ring* c))))

(defn tell [c & fields]
  ;; Send a frame, now.
  (when-let [text (locking (:lock c)
                    (put-frame* c fields)
                    (if @(:writing c)
                      (ring* c)
                      (take-pending* c)))]
    (write-out c text)))

(defn write-on [c]
  ;; The writer.
  (when (locking (:lock c)
          (while (not (or @(:dead c) (and (something-pending? c) (not @(:writing c)))))
            (.wait ^Object (:lock c)))
          (not @(:dead c)))
    (Thread/sleep gathering)
    (when-let [text (locking (:lock c)
                      (when (and (something-pending? c) (not @(:writing c)))
                        (take-pending* c)))]
      (write-out c text))
    (recur c)))

(defn start-thread [title work]
  (doto (Thread. ^Runnable work (str "repl-connect " title))
    (.setDaemon true)
    (.start)))
