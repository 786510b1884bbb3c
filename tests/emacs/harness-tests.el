;;; harness-tests.el --- What the other tests rely on  -*- lexical-binding: t; -*-

;; Programs: python_server python_loop guile_program clojure_nrepl clojure_socket

;;; Commentary:

;; See testing.el and batch.py.

;;; Code:

(require 'testing)

(ert-deftest harness-typing-in-the-buffer-of-a-program ()
  (testing-with-repl nil
    (testing-type (testing-word 'sum))
    (testing-keys "RET")
    (testing-until-shown "42")))

(ert-deftest harness-a-home-of-ones-own ()
  (should (string-prefix-p (expand-file-name "~/..") (expand-file-name default-directory)))
  (should (executable-find "repl-connect")))

(ert-deftest harness-waiting-ends-with-all-that-is-shown ()
  (testing-afresh
    (switch-to-buffer "shown")
    (insert "some text")
    (message "a %s" "message")
    (let ((said (condition-case failed
                    (testing-until (= 1 2) 0)
                  (ert-test-failed (cadr failed)))))
      (dolist (part '("(= 1 2)" "-- shown (current)" "some text" "a message"))
        (should (string-search part said))))))

(ert-deftest harness-nothing-is-left-of-a-test ()
  (let (buffer process)
    (testing-afresh
      (setq buffer (get-buffer-create "left"))
      (setq process (make-process :name "left" :command '("sleep" "999"))))
    (should-not (buffer-live-p buffer))
    (should-not (process-live-p process))))

(ert-deftest harness-a-file-of-the-project ()
  (testing-afresh
    (testing-visit "one\n(tw‸o)\n")
    (should (equal (testing-text) "one\n(two)\n"))
    (should (looking-at-p "o)"))
    (should (derived-mode-p 'prog-mode 'fundamental-mode))))

(ert-deftest harness-a-program-of-ones-own ()
  (when (memq (testing-kind) '(python_loop guile_program))
    (testing-afresh
      (let ((program (testing-start-program (symbol-name (testing-kind)))))
        (testing-until-global program (if (eq (testing-kind) 'guile_program) 5 1))
        (testing-kill-program program)
        (testing-until (not (file-exists-p
                             (format "/proc/%d/cwd" (testing-program-pid program)))))))))

(ert-deftest harness-a-new-value-is-seen-in-the-loop ()
  (when (memq (testing-kind) '(python_loop guile_program))
    (testing-afresh
      (let ((program (testing-start-program (symbol-name (testing-kind)))))
        (switch-to-buffer (testing-connect (testing-program-address program)))
        (testing-type (testing-word 'assign))
        (testing-keys "RET")
        (testing-until-global program 77)))))

(provide 'harness-tests)
;;; harness-tests.el ends here
