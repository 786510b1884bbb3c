;; Our functions, once for each program. What the compiler remarks is of no interest there.
(cl:progn
  (cl:with-standard-io-syntax
    (cl:let* ((cl:*print-readably* nil)
              (cl:*error-output* (cl:make-broadcast-stream))
              (cl:*standard-output* cl:*error-output*)
              #+sbcl (sb-ext:*evaluator-mode* :compile))
      (cl:handler-bind ((cl:warning #'cl:muffle-warning))
        (cl:load (cl:make-string-input-stream OUR-SOURCE)))))
  (cl:intern "INSTALLED" "OUR-PACKAGE")
  (cl:funcall (cl:intern "OPEN-CONNECTION" "OUR-PACKAGE")))
