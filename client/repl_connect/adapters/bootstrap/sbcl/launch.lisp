;; The first form that is sent to a plain SBCL REPL. The client fills in NONCE and VERSION, and sends
;; it on one line, as a string that is read with the standard syntax in a package of ours: nothing
;; comes into the user's.
;;
;; Unless the image has the rest already, it asks for that and evaluates it. Then it serves the
;; connection until the client has gone, and returns to the REPL, or to its debugger.
(lambda (home ours)
  (let ((mark (format nil "~CNONCE;" (code-char 30))))
    (handler-case
        (progn
          (unless (get 'attach 'loaded)
            (write-string mark)
            (write-string "d4:kind4:neede")
            (finish-output)
            (with-standard-io-syntax
              (let* ((*package* ours) (state (read)) (procedures (read)))
                (sb-c::with-world-lock ()
                  (unless (get 'attach 'loaded)
                    (let ((sb-ext:*evaluator-mode* :interpret))
                      (handler-bind ((warning #'muffle-warning))
                        (mapc #'eval state)
                        (mapc #'eval procedures)))
                    (setf (get 'attach 'procedures) procedures
                          (get 'attach 'loaded) t))))))
          (funcall 'attach mark home))
      (error (condition)
        (format t "~&~A~%~Ad4:kind6:failede~%" condition mark)
        (finish-output)))
    (values)))
