;;; commands-tests.el --- What is typed with a comma in front  -*- lexical-binding: t; -*-

;;; Commentary:

;; Programs: python_server guile_program

;;; Code:

(require 'testing)
(require 'repl-connect)
(require 'repl-connect-commands)

(defun commands-tests-enter (text)
  "Type TEXT at the prompt, and RET."
  (goto-char (point-max))
  (insert text)
  (repl-connect-return))

(defun commands-tests-candidates (text)
  "Type TEXT at the prompt and return how its end could be completed."
  (goto-char (point-max))
  (repl-connect-prompt--replace-typed "")
  (insert text)
  (pcase (repl-connect-command-completion)
    (`(,start ,end ,table . ,_)
     (all-completions (buffer-substring-no-properties start end) table))))

(ert-deftest commands-help-lists-what-can-be-used-here ()
  (testing-with-repl nil
    (commands-tests-enter ",help")
    (let ((text (testing-text "*repl help*")))
      (should (string-search ",pending" text))
      (should (equal (and (string-search ",submit" text) t)
                     (repl-connect-supports-p repl-connect--connection "repl-server/submit"))))
    (commands-tests-enter ",help ns")
    (testing-until-shown "Without a name it says where one is.")))

(ert-deftest commands-of-guile-go-to-guile ()
  (testing-with-repl nil
    (commands-tests-enter ",time (list 42)")
    (if (eq (testing-kind) 'guile_program)
        (progn
          (testing-until-shown "(42)")
          (should-not (testing-in-buffer-p "It took"))
          (should-not (repl-connect-command-read repl-connect--connection ",bt"))
          (should-not (repl-connect-command-read repl-connect--connection ",exit"))
          (should-not (string-search ",time" (prog2 (commands-tests-enter ",help")
                                                 (testing-text "*repl help*")))))
      (testing-until-shown "It took")
      (commands-tests-enter ",bt")
      (testing-until-shown "There is no command ,bt"))))

(ert-deftest commands-say-which-op-they-lack ()
  (testing-with-repl nil
    (unless (repl-connect-supports-p repl-connect--connection "repl-server/held")
      (commands-tests-enter ",held")
      (testing-until-shown
       "has no op repl-server/held (a Python program with repl_server has it).")
      (should-not (member "held" (commands-tests-candidates ",h"))))
    (should (member "help" (commands-tests-candidates ",h")))))

(ert-deftest commands-are-completed-with-tab ()
  (testing-with-repl nil
    (should (member "pending" (commands-tests-candidates ",pe")))
    (should-not (commands-tests-candidates "pe"))
    (should-not (commands-tests-candidates "(,pe"))
    (should (equal (commands-tests-candidates ",session cl") '("clone" "close")))
    (should (member "jobs" (append (commands-tests-candidates ",help ") '("jobs"))))
    (write-region "1" nil "some-file.txt" nil 'quiet)
    (should (member "some-file.txt" (commands-tests-candidates ",load some-f")))
    (should (equal (and (member "jobs" (commands-tests-candidates ",")) t)
                   (repl-connect-supports-p repl-connect--connection "repl-server/jobs")))
    (repl-connect-prompt--replace-typed "")))

(ert-deftest commands-code-may-have-several-lines ()
  (testing-with-repl nil
    (let ((connection repl-connect--connection))
      (pcase (testing-kind)
        ('python_server
         (should (eq (repl-connect-command-complete-p connection ",time (1 +") 'incomplete))
         (should (eq (repl-connect-command-complete-p connection ",time (1 +\n2)") 'complete))
         (should (eq (repl-connect-command-complete-p connection ",watch 1 (1 +") 'incomplete)))
        (_ (should-not (repl-connect-command-complete-p connection ",time (+ 1")))))
    (should (eq (repl-connect-command-complete-p repl-connect--connection ",pending") 'complete))
    (should-not (repl-connect-command-complete-p repl-connect--connection "(+ 1"))))

(ert-deftest commands-enter-a-namespace ()
  (testing-with-repl nil
    (let ((other (if (eq (testing-kind) 'guile_program) "(guile)" "os"))
          (code (if (eq (testing-kind) 'guile_program)
                    "(module-name (current-module))"
                  "name")))
      (commands-tests-enter (concat ",ns " other))
      (testing-until-shown (format "Evaluates in %s from now on." other))
      (commands-tests-enter code)
      (testing-until-shown (if (eq (testing-kind) 'guile_program) "(guile)\n" "'posix'"))
      (should (equal (repl-connect-connection-namespace repl-connect--connection) other))
      (commands-tests-enter ",ns no.such.namespace")
      (testing-until-shown "There is no")
      (should (equal (repl-connect-connection-namespace repl-connect--connection) other)))))

(ert-deftest commands-change-the-session ()
  (testing-with-repl nil
    (let ((before (repl-connect-connection-session repl-connect--connection)))
      (commands-tests-enter ",session new")
      (testing-until-shown "A new session: ")
      (should-not (equal before (repl-connect-connection-session repl-connect--connection)))
      (commands-tests-enter (format ",session use %s" (substring before 0 8)))
      (testing-until-shown "Evaluates in session")
      (should (equal before (repl-connect-connection-session repl-connect--connection)))
      (commands-tests-enter ",sessions")
      (testing-until-shown "you evaluate in it")
      (commands-tests-enter ",session close")
      (testing-until-shown "is closed.")
      (should-not (equal before (repl-connect-connection-session repl-connect--connection)))
      (commands-tests-enter ",session use nosuch")
      (testing-until-shown "There is no session nosuch."))))

(ert-deftest commands-log-the-wire ()
  (testing-with-repl nil
    (should-not repl-connect-message-functions)
    (commands-tests-enter ",log 3")
    (testing-until-shown "The wire is not logged.")
    (let ((repl-connect-log-messages 3))
      (commands-tests-enter ",log on")
      (dotimes (_ 3)
        (commands-tests-enter "(+ 1 41)"))
      (testing-until (null (repl-connect-connection-evaluations repl-connect--connection)))
      (let ((log (testing-text (format "*repl log: %s*" (testing-address)))))
        (should (string-match-p "<-- {.*\"done\"" log))
        (should (= 3 (cl-count ?\n log))))
      (commands-tests-enter ",log save wire.txt")
      (testing-until-shown "3 messages are in")
      (should (file-exists-p "wire.txt"))
      (commands-tests-enter ",log off")
      (testing-until-shown "not logged any more")
      (should-not repl-connect-message-functions))))

(ert-deftest commands-what-is-secret-is-not-logged ()
  (should (equal (repl-connect--log-text '(("op" . "describe") ("repl-server/token" . "secret")))
                 "{\"op\": \"describe\", \"repl-server/token\": \"…\"}"))
  (should-not (string-search "secret" (repl-connect--log-text '(("op" . "stdin")
                                                                ("stdin" . "secret\n")))))
  (let ((repl-connect-log-width 10))
    (should (< (length (repl-connect--log-text `(("code" . ,(make-string 100000 ?x))))) 12))))

(ert-deftest commands-tell-of-the-connection ()
  (testing-with-repl nil
    (commands-tests-enter ",info")
    (testing-until-shown "round trip")
    (testing-until-shown "repl-connect.el ")
    (commands-tests-enter ",version")
    (testing-until-shown "; there: ")))

(ert-deftest commands-leave-the-program ()
  (testing-with-repl nil
    (let ((buffer (current-buffer)))
      (commands-tests-enter ",quit")
      (testing-until (not (buffer-live-p buffer))))))

(ert-deftest commands-log-goes-on-in-a-narrowed-buffer ()
  (testing-with-repl nil
    (let ((repl-connect-log-messages 4))
      (commands-tests-enter ",log on")
      (commands-tests-enter "(+ 1 41)")
      (testing-until (null (repl-connect-connection-evaluations repl-connect--connection)))
      (with-current-buffer (format "*repl log: %s*" (testing-address))
        (goto-char (point-min))
        (narrow-to-region (point) (line-end-position)))
      (dotimes (_ 3)
        (commands-tests-enter "(+ 1 41)"))
      (testing-until (null (repl-connect-connection-evaluations repl-connect--connection)))
      (let ((log (testing-text (format "*repl log: %s*" (testing-address)))))
        (should (= 4 (cl-count ?\n log)))
        (should (string-match-p "done.*\n\\'" log)))
      (commands-tests-enter ",log off"))))

(provide 'commands-tests)
;;; commands-tests.el ends here
