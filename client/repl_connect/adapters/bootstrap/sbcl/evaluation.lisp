;; One evaluation, in the evaluating thread.

(defun short-name (package)
  ;; As people call it: the shortest of its names.
  (let ((names (cons (package-name package) (package-nicknames package))))
    (reduce (lambda (a b) (if (< (length b) (length a)) b a)) names)))

(defun named-package (text)
  ;; The package that TEXT names, as a name or as a designator in code.
  (let ((name (string-left-trim "#:" (string-trim "\"' " text))))
    (or (find-package name) (find-package (string-upcase name)))))

(defun call-user (form)
  ;; Never inlined: the frame of this one is the end of a backtrace.
  (multiple-value-list (let ((*running* t)) (eval form))))

(defun remember (form values)
  (shiftf +++ ++ + form)
  (shiftf /// // / values)
  (shiftf *** ** * (first values)))

(defun unfinished (start-line)
  (make-failure :type "END-OF-FILE"
                :message (format nil "The form that begins on line ~D is not finished." start-line)))

(defun evaluate-forms (connection text file line whole send)
  ;; Read and evaluate all; SEND is called with the values of each form.
  (let* ((first-line (or line 1))
         (at 0)
         (end (length text))
         (lines-to 0)
         (lines 0))
    (loop
      (setf at (skip-blanks text at))
      (when (>= at end) (return))
      (incf lines (count #\Newline text :start lines-to :end at))
      (setf lines-to at)
      (let ((start-line (+ first-line lines)))
        (multiple-value-bind (form next)
            (handler-case
                (handler-bind ((end-of-file (lambda (condition)
                                              (declare (ignore condition))
                                              (throw connection (unfinished start-line)))))
                  (read-from-string text nil text :start at :preserve-whitespace t))
              (reader-error (condition)
                (throw connection
                  (make-failure :type (type-text condition)
                                :message (message-of condition)
                                :place (list (or file "") start-line)))))
          (unless (eq form text)        ; nothing was left but what `#+' skips
            (setf - form)
            (let ((values (if file
                              (call-with-place file start-line (subseq text at next)
                                               (lambda () (call-user form)))
                              (call-user form))))
              (unless whole (remember form values))
              (funcall send values)))
          (setf at next))))))

(defun call-shielded (connection number thunk)
  ;; THUNK's value, or what was thrown to the connection. Handlers and debugger hooks that the REPL
  ;; was called with don't see the evaluation's errors.
  (sb-sys:without-interrupts
    (unwind-protect
         (catch connection
           (critically connection
             (setf (connection-current connection) number)
             (when (or (connection-dead connection)
                       (eql (connection-withdrawn connection) number))
               (throw connection :interrupted)))
           (sb-sys:with-local-interrupts
             (let ((*evaluation* connection)
                   (*debugger-hook* nil)
                   (sb-ext:*invoke-debugger-hook* #'take-error)
                   (sb-kernel:*handler-clusters* (initial-handlers)))
               (restart-case (funcall thunk)
                 (abort ()
                   :report "End this evaluation."
                   (throw connection :interrupted))))))
      (setf (connection-current connection) nil
            (connection-withdrawn connection) nil))))

(defun initial-handlers ()
  (if (boundp 'sb-kernel::**initial-handler-clusters**)
      (symbol-value 'sb-kernel::**initial-handler-clusters**)
      sb-kernel:*handler-clusters*))

(defun evaluate (connection number session-id namespace code file line quota whole)
  ;; One evaluation, start to end.
  (let* ((session (gethash session-id (connection-sessions connection)))
         (package (if (string= namespace "")
                      (session-package session)
                      (named-package namespace)))
         (last-value nil)
         (outcome nil))
    (unless package
      (tell connection "id" number "kind" "no-namespace" "ns" namespace)
      (return-from evaluate))
    (flet ((release ()
             ;; Send the value that was kept back, to go with the end if nothing came between.
             (when last-value
               (apply #'put-frame connection "id" number "kind" "value" (shiftf last-value nil))))
           (output (name)
             (make-instance 'output-stream :connection connection :evaluation number :name name)))
      (let* ((out (output "out"))
             (err (output "err"))
             (in (or (session-input session)
                     (setf (session-input session)
                           (make-instance 'input-stream
                                          :connection connection :session session))))
             (both (make-two-way-stream in out))
             (*standard-output* out)
             (*error-output* err)
             (*trace-output* out)
             (*standard-input* in)
             (*query-io* both)
             (*debug-io* both)
             (*terminal-io* both))
        (progv (cons '*package* *history*) (cons package (session-history session))
          (flet ((send (values)
                   (dolist (value values)
                     (release)
                     (setf last-value (value-fields value quota)))))
            (unwind-protect
                 (setf outcome
                       (call-shielded
                        connection number
                        (lambda ()
                          (if whole
                              (let ((*package* *package*) (*readtable* *readtable*)
                                    (last '())
                                    (*load-pathname* (and file (pathname-of file)))
                                    (*load-truename* (and file (pathname-of file))))
                                (evaluate-forms connection code file line t
                                                (lambda (values) (setf last values)))
                                (send last))
                              (evaluate-forms connection code file line nil #'send))
                          :done)))
              ;; Also when the image ends: then nothing was thrown to us.
              (setf (session-history session) (mapcar #'symbol-value *history*))
              (unless (and (string/= namespace "") (eq *package* package))
                (setf (session-package session) *package*))
              (unless (eq outcome :done) (release))
              (when (and (failure-p outcome)
                         (search "CONTROL-STACK-EXHAUSTED" (failure-type outcome)))
                (ignore-errors (guard-stack)))
              (when (failure-p outcome)
                (put-frame connection
                           "frames" (failure-frames outcome) "id" number "kind" "error"
                           "message" (failure-message outcome)
                           "place" (or (failure-place outcome) '("" 0))
                           "type" (failure-type outcome)))
              (flush-streams connection)
              (apply #'tell connection
                     `("id" ,number "kind" "done"
                       ,@(if (eq outcome :interrupted) '("status" ("interrupted")) '())
                       ,@(or last-value (list "ns" (short-name (session-package session)))))))))))))

(defun guard-stack ()
  ;; When a thread has used up its stack, SBCL guards that again as soon as the page is written to
  ;; that lies before the guarded one. A thread that ends before leaves its stack as it is to the
  ;; next thread, and SBCL 2.2.9 ends the image when that one runs out too. So we write there.
  (let ((stack (sb-di::descriptor-sap sb-vm:*control-stack-start*))
        (at (+ 8 (* 2 (sb-alien:extern-alien "os_vm_page_size" sb-alien:int)))))
    (setf (sb-sys:sap-ref-word stack at) (sb-sys:sap-ref-word stack at))))

(defun pathname-of (file)
  (ignore-errors (sb-ext:parse-native-namestring file)))
