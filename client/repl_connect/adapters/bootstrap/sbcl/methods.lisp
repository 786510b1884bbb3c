;; The streams' methods, which only call procedures. They are compiled at once, and never defined
;; again: while a method is replaced, a thread that prints finds none.
(unless (get 'attach 'methods)
  (setf (get 'attach 'methods) t)
  (let ((sb-ext:*evaluator-mode* :compile))
    (mapc
     #'eval
     '((defmethod sb-gray:stream-write-char ((stream output-stream) char)
         (put-char stream char)
         char)
       (defmethod sb-gray:stream-write-string
           ((stream output-stream) text &optional (start 0) end)
         (put-text stream text start (or end (length text)))
         text)
       (defmethod sb-gray:stream-line-column ((stream output-stream))
         (stream-column stream))
       (defmethod sb-gray:stream-force-output ((stream output-stream))
         (flush (stream-connection stream))
         nil)
       (defmethod sb-gray:stream-finish-output ((stream output-stream))
         (flush (stream-connection stream))
         nil)

       (defmethod sb-gray:stream-read-char ((stream input-stream))
         (next-char stream t))
       (defmethod sb-gray:stream-peek-char ((stream input-stream))
         (next-char stream nil))
       (defmethod sb-gray:stream-unread-char ((stream input-stream) char)
         (declare (ignore char))
         (step-back stream))
       (defmethod sb-gray:stream-read-char-no-hang ((stream input-stream))
         (and (waits stream) (next-char stream t)))
       (defmethod sb-gray:stream-listen ((stream input-stream))
         (waits stream))
       (defmethod sb-gray:stream-clear-input ((stream input-stream))
         (forget-input stream))

       (defmethod sb-gray:stream-write-char ((stream cut-stream) char)
         (put-cut-char stream char))
       (defmethod sb-gray:stream-write-string
           ((stream cut-stream) text &optional (start 0) end)
         (put-cut-text stream text start (or end (length text))))
       (defmethod sb-gray:stream-line-column ((stream cut-stream))
         (stream-column stream))))))
