;;; partners-tests.el --- What a partner wants evaluated first  -*- lexical-binding: t; -*-

;;; Commentary:

;; With a program of its own.

;;; Code:

(require 'testing)
(require 'repl-connect)

(defmacro partners-tests-with (forms &rest body)
  "Evaluate BODY with `sim' a partner that has FORMS, TOML, and a program.
`connection' is one to it."
  (declare (indent 1) (debug t))
  `(let* ((repl-connect-connections nil)
          (directory (make-temp-file (expand-file-name "../partner") t))
          (place (expand-file-name "repl.sock" directory))
          (config (expand-file-name "config.toml" directory))
          (process-environment (cons (concat "REPL_CONNECT_CONFIG=" config) process-environment)))
     (testing-afresh
       (testing-start-program "python_server" place)
       (write-region (format "[partners.sim]\naddress = %S\nforms = %s\n" place ,forms)
                     nil config nil 'quiet)
       (let ((connection (repl-connect "@sim")))
         (unwind-protect (progn ,@body)
           (let ((kill-buffer-query-functions nil))
             (repl-connect-quit connection)))))))

(ert-deftest partners-forms-are-evaluated-in-each-new-session ()
  (partners-tests-with "[\"x = 41\", \"print('to' + 'ld')\", \"nosuch()\", \"x += 1\"]"
    ;; Until the forms are known nothing can go before them.
    (testing-until (repl-connect-open-p connection))
    (repl-connect-eval connection "print('it', 'is', x)"
                       :on-output (lambda (evaluation stream text _)
                                    (repl-connect-show-output connection stream text evaluation)))
    (testing-until-shown "it is 42" (current-buffer))
    (testing-until-shown "told" (current-buffer))
    (testing-until-shown "@sim: the form `nosuch()' failed: NameError: name 'nosuch' is not defined"
                         (current-buffer))
    (should-not (string-search "Traceback" (testing-text)))
    ;; The session goes on: they are not evaluated again.
    (delete-process (repl-connect-connection-process connection))
    (testing-until-shown "The session goes on" (current-buffer))
    (testing-until (repl-connect-open-p connection))
    (let ((value nil))
      (repl-connect-eval connection "x" :on-value (lambda (_ text _) (setq value text)))
      (testing-until value)
      (should (equal value "42")))))

(ert-deftest partners-one-that-is-left-while-it-is-asked-about ()
  (partners-tests-with "[\"x = 41\"]"
    (let ((asked nil))
      (cl-letf (((symbol-function 'repl-connect-partners--ask)
                 (lambda (_ _ function) (setq asked function))))
        (testing-until asked)
        (should-not (repl-connect-open-p connection))
        (repl-connect-disconnect connection)
        (funcall asked '(("forms" "x = 41")))
        (should (eq (repl-connect-connection-state connection) 'closed))))))

(ert-deftest partners-the-language-of-one-that-does-not-tell ()
  (let ((connection (repl-connect-connection--make :address "@sim")))
    (setf (repl-connect-connection-description connection)
          '(("ops") ("aux" ("repl-connect/language" . "text"))))
    (repl-connect-partners--assume connection "guile")
    (should (equal "guile" (repl-connect-aux connection "repl-connect/language")))
    (repl-connect-partners--assume connection "python")
    (should (equal "guile" (repl-connect-aux connection "repl-connect/language")))))

;;; partners-tests.el ends here
