;;; comint-tests.el --- The REPL buffer, used  -*- lexical-binding: t; -*-

;; Programs: python_server guile_program clojure_nrepl

;;; Code:

(require 'testing)
(require 'repl-connect)

(defun comint-tests-enter (&rest lines)
  "Type LINES and RET after each."
  (dolist (line lines)
    (goto-char (point-max))
    (testing-type line)
    (testing-keys "RET")))

(defun comint-tests-idle ()
  "Wait until nothing runs and all is shown."
  (testing-until (null (repl-connect-connection-evaluations repl-connect--connection)))
  (testing-until (null repl-connect-output--queue)))

(defun comint-tests-shown (text)
  "Wait until TEXT is a line above the prompt."
  (testing-until-shown (concat "\n" text "\n")))

(defun comint-tests-typed ()
  "Return what is typed at the prompt."
  (buffer-substring-no-properties repl-connect--input-start (point-max)))

(defun comint-tests-face-at (text)
  "Return the face of the last TEXT in the buffer."
  (save-excursion
    (goto-char (point-max))
    (search-backward text)
    (get-text-property (point) 'font-lock-face)))

(ert-deftest comint-tests-evaluates-what-is-typed ()
  (testing-with-repl nil
    (comint-tests-enter (testing-word 'sum))
    (testing-until-shown "42\n")
    (comint-tests-idle)
    (should (equal (comint-tests-typed) ""))
    (should (string-match-p (concat "\n\\($[0-9]+ = \\)?42\n" (regexp-quote (testing-word 'prompt))
                                    " \\'")
                            (testing-text)))
    (should (= (point) (point-max)))))

(ert-deftest comint-tests-a-form-is-sent-when-it-is-complete ()
  (testing-with-repl nil
    (comint-tests-enter (testing-word 'incomplete))
    (should-not (repl-connect-connection-evaluations repl-connect--connection))
    (should (string-suffix-p "\n" (string-trim-right (comint-tests-typed) " +")))
    (comint-tests-enter (testing-word 'rest))
    (testing-until-shown (testing-word 'finished))
    (apply #'comint-tests-enter (append (testing-word 'lines) nil))
    (comint-tests-enter (testing-word 'twice))
    (testing-until-shown "42")))

(ert-deftest comint-tests-after-a-long-input-the-prompt-is-in-the-window ()
  (testing-with-repl nil
    (switch-to-buffer (current-buffer))
    (goto-char (point-max))
    (testing-type (make-string 6000 ?1))
    (set-window-start nil (- (point) 1000))
    (testing-keys "RET")
    (comint-tests-idle)
    (should (<= (window-start) repl-connect--prompt-start))))

(ert-deftest comint-tests-a-long-line-that-is-typed-is-not-fontified ()
  (testing-with-repl nil
    (when (fboundp 'comint-fontify-input-mode)
      (pcase-dolist (`(,size . ,faced) '((40 . t) (4000 . nil)))
        (repl-connect-prompt--replace-typed (format "\"%s\"" (make-string size ?w)))
        (with-current-buffer (comint-indirect-buffer)
          (font-lock-fontify-region (- (point-max) size) (point-max)))
        (should (eq faced (and (get-text-property (- (point-max) 2) 'face) t)))))))

(ert-deftest comint-tests-an-error-has-its-face-and-the-repl-goes-on ()
  (testing-with-repl nil
    (comint-tests-enter (testing-word 'fail))
    (testing-until-shown (testing-word 'error))
    (comint-tests-idle)
    (should (eq (comint-tests-face-at (testing-word 'error)) 'repl-connect-error))
    (should (string-search (testing-word 'error)
                           (repl-connect-last-error repl-connect--connection)))
    (comint-tests-enter (testing-word 'sum))
    (testing-until-shown "42")))

(ert-deftest comint-tests-output-is-above-what-is-being-typed ()
  (testing-with-repl nil
    (comint-tests-enter (testing-word 'print))
    (testing-type "half typed")
    (comint-tests-shown "hello")
    (comint-tests-idle)
    (should (equal (comint-tests-typed) "half typed"))
    (should (= (point) (point-max)))
    (should (eq (comint-tests-face-at "hello\n") 'repl-connect-output))))

(ert-deftest comint-tests-what-is-entered-meanwhile-runs-afterwards ()
  (testing-with-repl nil
    (dolist (word '(print define read))
      (comint-tests-enter (testing-word word)))
    (testing-until-shown "7\n")
    (comint-tests-idle)
    (should (equal (repl-connect-last-value repl-connect--connection) "7"))))

(ert-deftest comint-tests-interrupts ()
  (testing-with-repl nil
    (insert (testing-word 'forever))
    (testing-keys "M-RET")
    (testing-until-shown "\ngoing")
    (should (string-prefix-p ":running" (repl-connect-repl--mode-line)))
    (testing-keys "C-c C-c")
    (testing-until-shown "; interrupted")
    (comint-tests-idle)
    (comint-tests-enter (testing-word 'sum))
    (testing-until-shown "42")
    (comint-tests-idle)
    (testing-keys "C-c C-c")
    (testing-until-said "Nothing runs there")))

(ert-deftest comint-tests-input-is-asked-for-and-what-was-typed-comes-back ()
  (testing-with-repl nil
    (comint-tests-enter (testing-word 'ask))
    (testing-type "later")
    (testing-until-shown "input> ")
    (should (equal (comint-tests-typed) ""))
    (should (equal (repl-connect-repl--mode-line) ":waits for input"))
    (comint-tests-enter "blue")
    (testing-until-shown (testing-word 'asked))
    (comint-tests-idle)
    (should (equal (comint-tests-typed) "later"))
    (should-not (ring-member comint-input-ring "blue"))))

(ert-deftest comint-tests-input-can-end-and-be-cancelled ()
  (testing-with-repl nil
    (comint-tests-enter (testing-word 'ask))
    (testing-until-shown "input> ")
    (testing-keys "C-d")
    (testing-until-shown "(end of input)")
    (comint-tests-idle)
    (should-not (testing-in-buffer-p "; interrupted"))
    (comint-tests-enter (testing-word 'ask))
    (testing-until repl-connect-prompt--asking)
    (testing-keys "C-c C-c")
    (comint-tests-idle)
    (should-not repl-connect-prompt--asking)
    (comint-tests-enter (testing-word 'sum))
    (testing-until-shown "42")))

(ert-deftest comint-tests-secret-input-is-not-shown ()
  (testing-with-repl nil
    (when (eq (testing-kind) 'python_server)
      (cl-letf (((symbol-function 'read-passwd) (lambda (&rest _) "hush")))
        (comint-tests-enter "import getpass; len(getpass.getpass())")
        (testing-until-shown "input> (not shown)\n")
        (comint-tests-shown "4")
        (comint-tests-idle)
        (should-not (testing-in-buffer-p "hush"))
        (should-not (ring-member comint-input-ring "hush"))
        (should-error (comint-send-invisible) :type 'user-error)))))

(ert-deftest comint-tests-history-is-comints-and-is-kept ()
  (testing-with-repl nil
    (comint-tests-enter (testing-word 'sum) (testing-word 'print))
    (testing-type "half")
    (testing-keys "M-p M-p")
    (should (equal (comint-tests-typed) (testing-word 'sum)))
    (testing-keys "M-n")
    (should (equal (comint-tests-typed) (testing-word 'print)))
    (testing-keys "M-n")
    (should (equal (comint-tests-typed) "half"))
    (comint-tests-idle)
    (repl-connect-prompt--replace-typed "")
    (repl-connect-history-save)
    (should (= (file-modes repl-connect-history--file) #o600)))
  (testing-with-repl nil
    (testing-keys "M-p")
    (should (equal (comint-tests-typed) (testing-word 'print)))))

(ert-deftest comint-tests-ret-on-old-input-brings-it-down ()
  (testing-with-repl nil
    (comint-tests-enter (testing-word 'sum))
    (testing-until-shown "42")
    (comint-tests-idle)
    (goto-char (point-min))
    (search-forward (testing-word 'sum))
    (backward-char 2)
    (testing-keys "RET")
    (should (equal (comint-tests-typed) (testing-word 'sum)))))

(ert-deftest comint-tests-the-prompt-tells-the-namespace ()
  (testing-with-repl nil
    (pcase-let ((`[,name ,prompt ,code] (testing-word 'elsewhere)))
      (when (eq (testing-kind) 'python_server)
        (comint-tests-enter (concat "import " name)))
      (comint-tests-enter (concat ",ns " name))
      (testing-until (string-suffix-p (concat "\n" prompt " ") (testing-text)))
      (comint-tests-enter code)
      (testing-until-shown "3\n"))))

(ert-deftest comint-tests-a-loss-keeps-the-buffer-and-what-is-typed ()
  (testing-afresh
    (let* ((program (testing-start-program))
           (address (testing-program-address program))
           (repl-connect-reconnect-automatically nil))
      (switch-to-buffer (testing-connect address))
      (comint-tests-enter "import time; time.sleep(60)")
      (testing-until (repl-connect-connection-evaluations repl-connect--connection))
      (testing-type "not sent")
      (testing-kill-program program)
      (testing-until (not (repl-connect-open-p repl-connect--connection)))
      (testing-until-shown "how it ended is not known")
      (comint-tests-idle)
      (should (equal (comint-tests-typed) "not sent"))
      (should-not (string-suffix-p "> not sent" (testing-text)))
      (testing-keys "RET")
      (testing-until-said "What is typed stays")
      (should (equal (comint-tests-typed) "not sent")))))

(ert-deftest comint-tests-killing-the-buffer-asks-and-ends-the-connection ()
  (testing-with-repl nil
    (let ((connection repl-connect--connection)
          (asked nil))
      (comint-tests-enter (testing-word 'ask))
      (testing-until repl-connect-prompt--asking)
      (cl-letf (((symbol-function 'yes-or-no-p) (lambda (_) (setq asked t) nil)))
        (should-not (kill-buffer)))
      (should asked)
      (testing-keys "C-c C-c")
      (comint-tests-idle)
      (kill-buffer)
      (should-not (repl-connect-open-p connection)))))

(provide 'comint-tests)
;;; comint-tests.el ends here
