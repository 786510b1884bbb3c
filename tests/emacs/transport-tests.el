;;; transport-tests.el --- From an address to a connection  -*- lexical-binding: t; -*-

;; Programs: python_server guile_program clojure_nrepl

;;; Code:

(require 'testing)
(require 'repl-connect-evaluation)
(require 'repl-connect-transport)

(defun transport-tests--open (address)
  "Open ADDRESS: return the connection, or the words by which that has failed."
  (let ((connection (repl-connect-connection--make :address address))
        (ended nil))
    (repl-connect-transport-open connection
                                 :on-ready (lambda (connection) (setq ended connection))
                                 :on-failed (lambda (_ words) (setq ended words)))
    (testing-until ended)))

(defun transport-tests--bridges ()
  "Return the bridges that run."
  (seq-filter (lambda (process) (string-prefix-p "repl-connect bridge" (process-name process)))
              (process-list)))

(ert-deftest transport-connects-to-whatever-it-is ()
  (testing-afresh
    (dotimes (_ 2)
      (let* ((repl-connect--known-nrepl nil)
             (connection (transport-tests--open (testing-address)))
             (value nil))
        (should (repl-connect-connection-p connection))
        (should (eq (null (transport-tests--bridges))
                    (not (eq (testing-kind) 'guile_program))))
        (repl-connect-eval connection "42"
                           :on-value (lambda (_ text _) (setq value text)))
        (testing-until value)
        (should (equal value "42"))
        (repl-connect-client-close connection)
        (testing-until (null (transport-tests--bridges)))))))

(ert-deftest transport-remembers-where-nrepl-is-spoken ()
  (testing-afresh
    (let ((repl-connect--known-nrepl nil))
      (repl-connect-client-close (transport-tests--open (testing-address)))
      (if (eq (testing-kind) 'guile_program)
          (should-not repl-connect--known-nrepl)
        (should repl-connect--known-nrepl)
        (let ((repl-connect-command '("false")))
          (should (repl-connect-connection-p (transport-tests--open (testing-address)))))))))

(ert-deftest transport-does-without-the-command-where-nrepl-is-spoken ()
  (testing-afresh
    (let ((repl-connect--known-nrepl nil) (connection nil))
      (cl-letf (((symbol-function 'repl-connect-command) #'ignore))
        (setq connection (transport-tests--open (testing-address)))
        (if (eq (testing-kind) 'guile_program)
            (progn
              (should (string-search "GNU Guile" connection))
              (should (string-search "pipx install repl-connect" connection))
              (should-not (string-search "\n" connection)))
          (should (repl-connect-connection-p connection)))))))

(ert-deftest transport-finds-out-again-where-another-repl-listens-by-now ()
  (testing-afresh
    (let* ((where (repl-connect-address-where (testing-address)))
           (repl-connect--known-nrepl (list (repl-connect--where-key where))))
      (should (repl-connect-connection-p (transport-tests--open (testing-address)))))))

(provide 'transport-tests)
;;; transport-tests.el ends here
