;; What an evaluation prints to and reads from.

(defn open-for* [c place]
  ;; The builder for output of one evaluation to one stream, with room in it.
  (wait-for-room* c)
  (when-not (identical? @(:open-for c) place)
    (close-output* c)
    (vreset! (:open-for c) place))
  (when-not (something-pending? c) (ring* c))
  (:open c))

(defn close-when-large* [c]
  ;; Never between the halves of a character.
  (let [^StringBuilder open (:open c)
        length (.length open)]
    (when (and (> length frame-size)
               (not (Character/isHighSurrogate (.charAt open (dec length)))))
      (close-output* c))))

;; The evaluation that a thread belongs to, as `printing-for` makes it; futures and agents inherit it. A
;; writer that outlives its evaluation, as clojure.test keeps one, writes for who prints.
(def ^:dynamic *evaluation* nil)

(defn printing-for [c id]
  {:connection c "out" [id "out"] "err" [id "err"]})

(defn put-output [evaluation stream text start length]
  (let [c (:connection evaluation)
        start (int start)
        length (int length)]
    (locking (:lock c)
      (when-not @(:dead c)
        (let [^StringBuilder open (open-for* c (get evaluation stream))]
          (cond
            (string? text) (.append open ^String text start (unchecked-add-int start length))
            (char? text) (.append open (char text))
            :else (.append open ^chars text start length))
          (close-when-large* c))))))

(defn output-writer [evaluation stream]
  (let [put (fn [text start length]
              (let [evaluation (or *evaluation* evaluation)]
                (loop [start start length length]
                  (let [size (min length pending-size)]
                    (put-output evaluation stream text start size)
                    (when (< size length) (recur (+ start size) (- length size)))))))]
    (PrintWriter.
     (proxy [Writer] []
       (write
         ([text]
          (cond
            (string? text) (put text 0 (.length ^String text))
            (number? text) (put (char (bit-and 0xffff (int text))) 0 1)
            :else (put text 0 (alength ^chars text))))
         ([text start length] (put text start length)))
       (flush [])
       (close [])))))

(defn input-reader [c session]
  (let [left (volatile! "")
        answer (fn []
                 ;; A line of input, or "" for the end of it.
                 (let [^LinkedList input (:input session)
                       ^Object lock (:lock c)]
                   (locking lock
                     (when (.isEmpty input)
                       (put-frame* c ["id" (or (:id @(:running session)) 0) "kind" "need-input"])
                       (ring* c))
                     (while (and (.isEmpty input) (not @(:dead c)) (not @(:closed session)))
                       (.wait lock))
                     (if (.isEmpty input) "" (.removeFirst input)))))
        take-some (fn [^chars buffer start length]
                    (when (= "" @left) (vreset! left (answer)))
                    (let [^String text @left
                          size (min length (.length text))]
                      (if (zero? size)
                        -1
                        (do (.getChars text 0 size buffer start)
                            (vreset! left (subs text size))
                            size))))]
    (LineNumberingPushbackReader.
     (proxy [Reader] []
       (read
         ([] (let [buffer (char-array 1)]
               (if (neg? (take-some buffer 0 1)) -1 (int (aget buffer 0)))))
         ([buffer] (take-some buffer 0 (alength ^chars buffer)))
         ([buffer start length] (take-some buffer start length)))
       (ready [] false)
       (close [])))))

(defn usable-input [c session]
  ;; The session's reader, made anew if the user's code has closed it.
  (let [open (try (.ready ^Reader @(:in session)) true (catch Throwable _ false))]
    (if open @(:in session) (vreset! (:in session) (input-reader c session)))))
