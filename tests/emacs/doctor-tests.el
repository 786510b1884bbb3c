;;; doctor-tests.el --- What is wrong, and what to do  -*- lexical-binding: t; -*-

;;; Commentary:

;; Programs: python_server

;;; Code:

(require 'testing)
(require 'repl-connect)
(require 'repl-connect-doctor)

(defun doctor-tests-text ()
  "Return what the doctor says, its blanks and line ends as one blank each."
  (replace-regexp-in-string "[ \n]+" " " (testing-text "*repl-connect doctor*")))

(defun doctor-tests-until (text)
  "Wait until the doctor says TEXT."
  (testing-until (string-search text (doctor-tests-text))))

(ert-deftest doctor-works-with-nothing-there ()
  (testing-afresh
    (cl-letf (((symbol-function 'repl-connect-command) #'ignore))
      (let ((repl-connect-connections nil))
        (repl-connect-doctor)
        (doctor-tests-until "Nothing is wrong on Emacs' side.")))
    (doctor-tests-until "none was found: only nREPL servers can be connected to")
    (doctor-tests-until "pipx install repl-connect")
    (doctor-tests-until (concat "ok Emacs " emacs-version))
    (doctor-tests-until "-> M-x repl-connect makes one.")))

(ert-deftest doctor-tells-of-a-connection-and-its-address ()
  (testing-with-repl nil
    (let ((connection repl-connect--connection))
      (repl-connect-doctor (testing-address))
      (doctor-tests-until "of the same version")
      (doctor-tests-until (format "%s: open, python, session %s" (testing-address)
                                  (repl-connect-connection-session connection)))
      (doctor-tests-until "answers in")
      (doctor-tests-until "chosen for this buffer")
      (doctor-tests-until "ok speaks nREPL")
      (doctor-tests-until "Nothing is wrong.")
      (should-not (string-search "WRONG" (doctor-tests-text))))))

(ert-deftest doctor-says-what-to-do-about-an-address ()
  (testing-afresh
    (repl-connect-doctor (expand-file-name "nosuch.sock"))
    (doctor-tests-until "WRONG socket file")
    (doctor-tests-until "start the program there")))

(ert-deftest doctor-tells-of-a-command-that-fails ()
  (testing-afresh
    (let ((repl-connect-command '("false")))
      (repl-connect-doctor)
      (doctor-tests-until "false --version fails")
      (doctor-tests-until "Set `repl-connect-command' to another"))
    (let ((repl-connect-command '("/nosuch/repl-connect")))
      (with-current-buffer "*repl-connect doctor*"
        (revert-buffer)
        (doctor-tests-until "/nosuch/repl-connect --version fails")))
    (let ((repl-connect-command '("echo" "repl-connect 0.0.1")))
      (repl-connect-doctor)
      (doctor-tests-until "repl-connect.el of"))))

(ert-deftest doctor-tells-of-a-lost-connection ()
  (testing-with-repl (testing-program-address (testing-start-program))
    (let ((repl-connect-reconnect-automatically nil))
      (repl-connect-client-close repl-connect--connection)
      (setf (repl-connect-connection-state repl-connect--connection) 'lost)
      (repl-connect-doctor)
      (doctor-tests-until "WRONG connection")
      (doctor-tests-until "M-x repl-connect-reconnect connects again."))))

(ert-deftest doctor-called-from-its-report-looks-at-the-same-buffer ()
  (testing-afresh
    (cl-letf (((symbol-function 'repl-connect-command) #'ignore))
      (with-temp-buffer
        (rename-buffer "looked at")
        (repl-connect-doctor)
        (with-current-buffer "*repl-connect doctor*"
          (repl-connect-doctor))
        (doctor-tests-until "The buffer looked at")))))

(ert-deftest doctor-goes-on-where-a-connection-takes-no-question ()
  (testing-afresh
    (cl-letf (((symbol-function 'repl-connect-command) #'ignore))
      (let ((repl-connect-connections
             (list (repl-connect-connection--make :address "nowhere" :state 'open))))
        (with-temp-buffer
          (repl-connect-doctor))
        (doctor-tests-until "WRONG connection nowhere: open")
        (doctor-tests-until "1 thing is wrong")))))

(provide 'doctor-tests)
;;; doctor-tests.el ends here
