;; Values and errors, as text.

;;; Values

(defun put-cut-char (stream char)
  (when (zerop (stream-left stream)) (throw stream t))
  (decf (stream-left stream))
  (advance-column stream (string char) 0 1)
  (write-char char (stream-text stream)))

(defun put-cut-text (stream text start end)
  (let ((last (min end (+ start (stream-left stream)))))
    (write-string text (stream-text stream) :start start :end last)
    (advance-column stream text start last)
    (decf (stream-left stream) (- last start))
    (when (< last end) (throw stream t))
    text))

(defun printed (value quota)
  ;; The value as text, and whether it was cut.
  (if (typep value '(or fixnum character symbol))
      (values (prin1-to-string value) nil)
      (let* ((stream (make-instance 'cut-stream :left (or quota *longest-value*)))
             (cut (catch stream (prin1 value stream) nil)))
        (values (get-output-stream-string (stream-text stream)) cut))))

(defun value-fields (value quota)
  ;; What a frame says of a value.
  (multiple-value-bind (text cut) (printed value quota)
    `(,@(if cut '("cut" 1) '()) "ns" ,(short-name *package*) "value" ,text)))

;;; Errors

(defun message-of (condition)
  (let ((text (handler-case (let ((*print-pretty* nil)) (princ-to-string condition))
                (error ()
                  (format nil "an error that can't be printed, of the type ~A"
                          (type-text condition))))))
    (when (typep condition 'reader-error) ; the rest is of a stream that is ours
      (setf text (string-trim '(#\Space #\Newline)
                              (subseq text 0 (search "Stream:" text :from-end t)))))
    (if (> (length text) *longest-message*) (subseq text 0 *longest-message*) text)))

(defun type-text (condition)
  (let ((type (type-of condition)))
    (with-standard-io-syntax
      (let ((*package* (find-package "COMMON-LISP-USER")))
        (prin1-to-string (if (consp type) (first type) type))))))

(defun frame-name (frame)
  (let ((name (sb-di:debug-fun-name (sb-di:frame-debug-fun frame))))
    (let ((*print-pretty* nil) (*print-length* 8) (*print-level* 4) (*print-readably* nil))
      (values name (or (ignore-errors (prin1-to-string name)) "?")))))

(defparameter *raisers*
  '("ERROR" "CERROR" "SIGNAL" "WARN" "BREAK" "%BREAK" "INVOKE-DEBUGGER" "RUN-HOOK"
    "INTERNAL-ERROR" "WITH-SIMPLE-CONDITION-RESTARTS" "ALLOC-TRAMP" "%COERCE-NAME-TO-FUN"))

(defparameter *evaluators*
  '("EVAL" "EVAL-TLF" "%SIMPLE-EVAL" "SIMPLE-EVAL-IN-LEXENV" "EVAL-IN-LEXENV"))

(defun of-system (name)
  ;; The name of a function of SBCL's own, or nil.
  (let ((package (and (symbolp name) (symbol-package name))))
    (and package
         (or (eq package (symbol-package 'car)) (eql 0 (search "SB-" (package-name package))))
         (symbol-name name))))

(defun raises (name)
  ;; Whether it is of a frame between the user's code and us.
  (if (consp name)
      (some #'raises (rest name))
      (let ((own (of-system name)))
        (and own
             (or (member own *raisers* :test #'string=)
                 (search "-ERROR" own)
                 (string= "SB-DEBUG" (package-name (symbol-package name))))))))

(defun evaluates (name)
  ;; Whether it is of a frame of SBCL's evaluator.
  (if (consp name)
      (some #'evaluates (rest name))
      (member (of-system name) *evaluators* :test #'equal)))

(defun frames-here ()
  ;; (name file line) of the user's frames, innermost last; called where an error was raised.
  (let ((found '()) (looked-at 0) (above t))
    (block looking
      (sb-debug::map-backtrace
       (lambda (frame)
         (multiple-value-bind (name text) (frame-name frame)
           (incf looked-at)
           (cond
             ((or (eq name 'call-user) (> looked-at *most-looked-at*)
                  (>= (length found) *most-frames*))
              (return-from looking))
             ((eq name 'take-error) (setf found '() above t))
             ((stringp name))           ; of the runtime, or of no function
             ((and above (raises name)))
             (t
              (setf above nil)
              (push (list* name text (code-place (sb-di:frame-code-location frame)))
                    found)))))
       :from :current-frame))
    ;; Outermost are those by which the evaluator came to the user's code.
    (mapcar #'rest (member-if-not #'evaluates found :key #'first))))

(defun own-debugger-hook (condition)
  ;; The user's own, bound within the evaluation, goes first.
  (let ((hook *debugger-hook*))
    (when hook
      (let ((*debugger-hook* nil))
        (funcall hook condition hook)))))

(defun take-error (condition hook)
  ;; Instead of the debugger.
  (declare (ignore hook))
  (own-debugger-hook condition)
  (let ((frames (and *running* (ignore-errors (frames-here)))))
    (throw *evaluation*
      (make-failure :type (type-text condition)
                    :message (message-of condition)
                    :frames frames))))
