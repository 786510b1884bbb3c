;;; One SBCL image with a plain REPL for each connection, at the socket whose path
;;; ADDRESS in the environment is.

(require :sb-bsd-sockets)

(defun serve-repl (io)
  (let ((*standard-input* io) (*standard-output* io) (*error-output* io) (*trace-output* io)
        (*terminal-io* io) (*debug-io* io) (*query-io* io)
        (*package* (find-package "COMMON-LISP-USER")))
    ;; Otherwise its debugger waits for the main thread's.
    (sb-thread::with-new-session ()
      (handler-case
          (loop
            (with-simple-restart (abort "Return to the connection's top level.")
              (loop
                (fresh-line io)
                (write-string "* " io)
                (finish-output io)
                (let ((form (read io nil io)))
                  (when (eq form io) (return-from serve-repl))
                  (dolist (value (multiple-value-list (sb-impl::interactive-eval form)))
                    (format io "~&~S" value))))))
        (stream-error () nil)))))

(let ((listener (make-instance 'sb-bsd-sockets:local-socket :type :stream)))
  (sb-bsd-sockets:socket-bind listener (sb-ext:posix-getenv "ADDRESS"))
  (sb-bsd-sockets:socket-listen listener 5)
  (loop
    (let ((socket (sb-bsd-sockets:socket-accept listener)))
      (sb-thread:make-thread
       (lambda ()
         (let ((io (sb-bsd-sockets:socket-make-stream
                    socket :input t :output t :buffering :full :external-format :utf-8)))
           (unwind-protect (serve-repl io)
             (ignore-errors (close io :abort t))
             (ignore-errors (sb-bsd-sockets:socket-close socket)))))
       :name "served"))))
