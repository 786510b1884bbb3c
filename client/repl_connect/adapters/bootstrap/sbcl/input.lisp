;; What an evaluation reads, and what stops it.

;;; Input

(defun next-answer (connection session)
  ;; What was typed for the session, "" for the end of it; asks for it.
  (let ((asked nil))
    (loop
      (let ((answer (critically connection (pop (session-answers session)))))
        (cond
          (answer (return answer))
          ((connection-dead connection) (return ""))
          ((not asked)
           (setf asked t)
           (tell connection "id" (or (connection-current connection) 0) "kind" "need-input"))
          ((connection-threads connection)
           (sb-thread:with-mutex ((connection-lock connection))
             (unless (or (session-answers session) (connection-dead connection))
               (sb-thread:condition-wait (connection-bell connection)
                                         (connection-lock connection)))))
          (t (take-request connection)))))))

(defun next-char (stream advance)
  ;; The next character or :eof, which is the end once.
  (let ((text (stream-text stream)))
    (unless (and text (< (stream-at stream) (length text)))
      (setf text (next-answer (stream-connection stream) (stream-session stream))
            (stream-text stream) text
            (stream-at stream) 0))
    (cond
      ((string= text "")
       (setf (stream-text stream) nil)
       :eof)
      (t
       (prog1 (char text (stream-at stream))
         (when advance (incf (stream-at stream))))))))

(defun waits (stream)
  ;; Whether there is something to read now.
  (let ((text (stream-text stream)))
    (or (and text (< (stream-at stream) (length text)))
        (and (session-answers (stream-session stream)) t))))

(defun step-back (stream)
  (when (plusp (stream-at stream)) (decf (stream-at stream)))
  nil)

(defun forget-input (stream)
  (setf (stream-text stream) nil
        (session-answers (stream-session stream)) '())
  nil)

(defun give-input (connection session-id text)
  (let ((session (gethash session-id (connection-sessions connection))))
    (when session
      (critically connection
        (setf (session-answers session) (append (session-answers session) (list text)))
        (ring connection)))))

;;; Interrupts

(defun interrupt (connection number)
  ;; Of a number, or of what runs. A throw to the connection: no handler of the user's catches it,
  ;; and its cleanup forms are run. What has not begun yet ends when it begins.
  (let ((current (critically connection
                   (let ((current (connection-current connection)))
                     (cond
                       ((and current (or (null number) (eql number current))) current)
                       (t (setf (connection-withdrawn connection) number) nil))))))
    (when current
      (ignore-errors
       (sb-thread:interrupt-thread
        (connection-thread connection)
        (lambda ()
          (when (eql current (connection-current connection))
            (sb-sys:with-interrupts (throw connection :interrupted)))))))))
