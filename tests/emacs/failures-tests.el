;;; failures-tests.el --- What goes wrong is said once  -*- lexical-binding: t; -*-

;;; Commentary:

;; Programs that are killed, stopped or can't be reached.  Of each there is one message, and one
;; line in the REPL buffer; the buffer is used again afterwards.

;;; Code:

(require 'testing)
(require 'repl-connect)
(require 'repl-connect-mode)

(defconst failures-codes
  '(("python_server" :suffix ".py" :forever "print('go' + 'ing')\nwhile True: pass"
     :sum "40 + 2")
    ("guile_program" :suffix ".scm"
     :forever "(begin (display \"go\") (display \"ing\\n\") (let lp () (lp)))"
     :sum "(+ 40 2)"))
  "What is typed into programs of these kinds.")

(defmacro failures-afresh (&rest body)
  "Evaluate BODY with no connections, and leave none."
  (declare (indent 0) (debug t))
  `(let ((repl-connect-connections nil)
         (repl-connect--known-nrepl nil)
         (kill-buffer-query-functions nil))
     (testing-afresh
       (unwind-protect (progn ,@body)
         (mapc #'repl-connect-quit (copy-sequence repl-connect-connections))))))

(defmacro failures-with (kind &rest body)
  "Evaluate BODY with a program of KIND: its `place' is where one connects to it."
  (declare (indent 1) (debug t))
  `(failures-afresh
     (let* ((kind ,kind)
            (place (expand-file-name "repl.sock"
                                     (make-temp-file (expand-file-name "../failing") t)))
            (program (failures-serve kind place)))
       (ignore program)
       ,@body)))

(defun failures-code (kind key)
  "Return what `failures-codes' has of KIND under KEY."
  (plist-get (cdr (assoc kind failures-codes)) key))

(defun failures-serve (kind place)
  "Start a program of KIND that can be reached at PLACE, and return it."
  (let ((program (testing-start-program kind)))
    ;; Not every program can be told where to listen.
    (rename-file (testing-program-address program) place t)
    program))

(defun failures-connect (place)
  "Connect to PLACE and return the connection; its buffer is current then."
  (let ((connection (repl-connect place)))
    (testing-until (repl-connect-open-p connection))
    (testing-until-prompt)
    connection))

(defun failures-enter (text)
  "Type TEXT at the end of the REPL buffer, and send it."
  (goto-char (point-max))
  (insert text)
  (testing-keys "M-RET"))

(defun failures-works (kind buffer)
  "Check that BUFFER is one in which a program of KIND can be used."
  (switch-to-buffer buffer)
  (testing-until-prompt)
  (failures-enter (failures-code kind :sum))
  (testing-until-shown "42\n"))

(defun failures-run-forever (kind)
  "Evaluate in the REPL buffer what does not end in a program of KIND."
  (failures-enter (failures-code kind :forever))
  (testing-until-shown "going"))

(defun failures-count (text &optional buffer)
  "Return how often BUFFER, the current one if nil, has TEXT in it."
  (with-current-buffer (or buffer (current-buffer))
    (save-excursion
      (goto-char (point-min))
      (let ((count 0) (case-fold-search nil))
        (while (search-forward text nil t)
          (setq count (1+ count)))
        count))))

(defun failures-said-once (text buffer)
  "Wait until TEXT is said; it is the only message, and once in BUFFER."
  (testing-until-said text)
  (testing-until-shown text buffer)
  (should (equal (mapcar (lambda (said) (and (string-search text said) t))
                         (seq-remove #'string-blank-p testing-messages))
                 '(t)))
  (should (= (failures-count text buffer) 1)))

;;;; Killed

(ert-deftest failures-a-server-is-killed-that-is-connected-to-directly ()
  (failures-with "python_server"
    (let* ((repl-connect-reconnect-longest 0.05)
           (attempts 0)
           (connection (failures-connect place))
           (buffer (current-buffer))
           (count (lambda (_) (when (eq (repl-connect-connection-state connection) 'connecting)
                                (cl-incf attempts)))))
      (failures-run-forever kind)
      (testing-type (failures-code kind :sum))
      (setq testing-messages nil)
      (testing-kill-program program)
      (unwind-protect
          (progn
            (add-hook 'repl-connect-state-functions count)
            (testing-until (> attempts 3)))
        (remove-hook 'repl-connect-state-functions count))
      (failures-said-once "An evaluation was under way: how it ended is not known." buffer)
      (should (= (failures-count "nobody listens there") 1))
      (should (string-suffix-p (concat "\n" (failures-code kind :sum)) (testing-text)))
      (testing-keys "C-c C-c")
      (testing-until-shown "Stopped connecting.")
      (failures-serve kind place)
      (testing-keys "M-x repl-connect-reconnect RET")
      (testing-until (repl-connect-open-p connection))
      (testing-until (string-suffix-p (concat "> " (failures-code kind :sum)) (testing-text)))
      (testing-keys "RET")
      (testing-until-shown "42\n"))))

(ert-deftest failures-a-server-is-killed-while-code-of-a-buffer-runs ()
  (failures-with "python_server"
    (let* ((connection (failures-connect place))
           (buffer (current-buffer)))
      (testing-visit (failures-code kind :forever) "a.py")
      (repl-connect-mode 1)
      (testing-keys "C-c C-k")
      (testing-until-shown "going" buffer)
      (setq testing-messages nil)
      (testing-kill-program program)
      (failures-said-once "An evaluation was under way: how it ended is not known." buffer)
      (should (seq-some (lambda (overlay)
                          (string-search "lost: how it ended is not known"
                                         (or (overlay-get overlay 'after-string) "")))
                        (overlays-in (point-min) (point-max))))
      (should-error (repl-connect-eval-buffer) :type 'user-error)
      (failures-serve kind place)
      (testing-until (repl-connect-open-p connection))
      (failures-works kind buffer))))

(ert-deftest failures-a-program-behind-a-bridge-is-killed ()
  (failures-with "guile_program"
    (let* ((connection (failures-connect place))
           (buffer (current-buffer)))
      (failures-run-forever kind)
      (testing-type "half")
      (setq testing-messages nil)
      (testing-kill-program program)
      (failures-said-once "An evaluation was under way: how it ended is not known." buffer)
      (should (string-suffix-p "\nhalf" (testing-text)))
      (failures-serve kind place)
      (testing-until (repl-connect-open-p connection))
      (testing-until (string-suffix-p "> half" (testing-text)))
      (testing-keys "C-c C-u")
      (failures-works kind buffer))))

(ert-deftest failures-a-program-behind-a-bridge-is-killed-that-does-nothing ()
  (failures-with "guile_program"
    (let* ((connection (failures-connect place))
           (buffer (current-buffer)))
      (setq testing-messages nil)
      (testing-kill-program program)
      (failures-said-once "he other side closed the connection." buffer)
      (failures-serve kind place)
      (testing-until (repl-connect-open-p connection))
      (failures-works kind buffer))))

(ert-deftest failures-a-program-behind-a-bridge-is-killed-while-code-of-a-buffer-runs ()
  (failures-with "guile_program"
    (let* ((connection (failures-connect place))
           (buffer (current-buffer)))
      (testing-visit (failures-code kind :forever) "a.scm")
      (repl-connect-mode 1)
      (testing-keys "C-c C-k")
      (testing-until-shown "going" buffer)
      (setq testing-messages nil)
      (testing-kill-program program)
      (failures-said-once "An evaluation was under way: how it ended is not known." buffer)
      (failures-serve kind place)
      (testing-until (repl-connect-open-p connection))
      (failures-works kind buffer))))

(ert-deftest failures-a-bridge-is-killed ()
  (failures-with "guile_program"
    (let* ((connection (failures-connect place))
           (buffer (current-buffer)))
      (failures-run-forever kind)
      (testing-type "half")
      (setq testing-messages nil)
      (signal-process (repl-connect-connection-process connection) 'KILL)
      (testing-until (not (repl-connect-open-p connection)))
      (failures-said-once "The bridge has ended (signal 9).  An evaluation was under way" buffer)
      (testing-until (repl-connect-open-p connection))
      (testing-until (string-suffix-p "> half" (testing-text)))
      (testing-keys "C-c C-u")
      (failures-works kind buffer))))

;;;; Not to be reached

(defmacro failures-refused (place text &rest body)
  "Connect to PLACE in BODY, which sees to it that it fails; TEXT is said of it.
Then check that the same buffer is used once it can be done."
  (declare (indent 2) (debug t))
  `(let ((buffer nil))
     (setq testing-messages nil)
     (progn
       ,@body
       (setq buffer (current-buffer))
       (failures-said-once ,text buffer))
     (should-not (repl-connect-open-p repl-connect--connection))
     (goto-char (point-max))
     (testing-type "half")
     (testing-keys "RET")
     (testing-until-said "What is typed stays; M-x repl-connect-reconnect connects again")
     (testing-keys "C-c C-u")
     (should (eq (repl-connect ,place) repl-connect--connection))
     (should (eq (current-buffer) buffer))
     (testing-until (repl-connect-open-p repl-connect--connection))
     (failures-works kind buffer)))

(ert-deftest failures-the-command-is-not-installed ()
  (failures-with "guile_program"
    (failures-refused place "it says \"GNU Guile"
      (cl-letf (((symbol-function 'repl-connect-command) #'ignore))
        (repl-connect place)
        (testing-until-said "Install it (pipx install repl-connect), or set")))))

(ert-deftest failures-there-is-no-such-command ()
  (failures-with "guile_program"
    (failures-refused place "there is no program /no/such/program.  Install it"
      (let ((repl-connect-command '("/no/such/program")))
        (repl-connect place)))))

(ert-deftest failures-the-command-is-another ()
  (failures-with "guile_program"
    (failures-refused place "the bridge has ended (exit 1)"
      (let ((repl-connect-command '("false")))
        (repl-connect place)
        (testing-until-said "the bridge has ended")))))

(ert-deftest failures-a-socket-is-for-others ()
  (failures-with "python_server"
    (failures-refused place "its permissions are for others"
      ;; As it is raised for everybody but root.
      (cl-letf (((symbol-function 'make-network-process)
                 (lambda (&rest _)
                   (signal 'file-error
                           (list "make client process failed" "Permission denied" place))))
                ((symbol-function 'repl-connect-command) #'ignore))
        (repl-connect place)))))

;;;; Stopped

(ert-deftest failures-a-server-is-stopped-when-one-connects ()
  (failures-with "python_server"
    (let ((repl-connect-timeout 1)
          (address (concat "nrepl+unix:" place)))
      (signal-process (testing-program-pid program) 'STOP)
      (failures-refused address "it opened no session in 1 seconds"
        (repl-connect address)
        (testing-until-said "it opened no session")
        (signal-process (testing-program-pid program) 'CONT)))))

(ert-deftest failures-a-program-behind-a-bridge-is-stopped-when-one-connects ()
  (failures-with "guile_program"
    (signal-process (testing-program-pid program) 'STOP)
    (let ((connection (repl-connect place))
          (buffer (current-buffer)))
      (testing-until-shown "Connecting to")
      (testing-type "half")
      (should (eq (repl-connect-connection-state connection) 'connecting))
      (testing-keys "C-c C-c")
      (testing-until-shown "Stopped connecting.")
      (signal-process (testing-program-pid program) 'CONT)
      (testing-keys "M-x repl-connect-reconnect RET")
      (testing-until (string-suffix-p "> half" (testing-text)))
      (testing-keys "C-c C-u")
      (failures-works kind buffer))))

(ert-deftest failures-a-program-is-stopped-while-it-evaluates ()
  (dolist (kind (mapcar #'car failures-codes))
    (failures-with kind
      (let ((connection (failures-connect place))
            (buffer (current-buffer))
            (source (testing-visit "" (concat "a" (failures-code kind :suffix)))))
        (repl-connect-mode 1)
        (switch-to-buffer buffer)
        (failures-run-forever kind)
        (signal-process (testing-program-pid program) 'STOP)
        ;; All that asks the program gets no answer, and ends nevertheless.
        (testing-type "half")
        (testing-keys "TAB C-c C-c")
        (should-error (testing-keys "M-.") :type 'user-error)
        (with-current-buffer source
          (insert "half")
          (should-not (completion-at-point))
          (repl-connect-eldoc #'ignore))
        (should (string-suffix-p "half" (testing-text)))
        (should (repl-connect-connection-evaluations connection))
        (signal-process (testing-program-pid program) 'CONT)
        (testing-until-shown "; interrupted")
        (testing-keys "C-c C-u")
        (failures-works kind buffer)))))

(ert-deftest failures-what-is-stopped-can-be-left ()
  (failures-with "python_server"
    (let ((connection (failures-connect place)))
      (signal-process (testing-program-pid program) 'STOP)
      (failures-enter (failures-code kind :sum))
      (repl-connect-disconnect connection)
      (should (eq (repl-connect-connection-state connection) 'closed))
      (testing-until-shown "Disconnected.")
      (signal-process (testing-program-pid program) 'CONT)
      (repl-connect-reconnect connection)
      (testing-until (repl-connect-open-p connection))
      (failures-works kind (current-buffer)))))

;;;; Errors in what others have written

(ert-deftest failures-an-error-in-a-hook-is-told-and-harms-nothing ()
  (failures-with "python_server"
    (let* ((debug-on-error nil)
           (heard nil)
           (fails (lambda (&rest _) (error "This hook fails")))
           (repl-connect-comint-mode-hook (list fails))
           (repl-connect-state-functions (cons fails repl-connect-state-functions))
           (repl-connect-message-functions (list fails (lambda (&rest _) (push 'message heard))))
           (repl-connect-evaluated-functions (list fails (lambda (_) (push 'evaluated heard))))
           (connection (failures-connect place))
           (buffer (current-buffer)))
      (testing-until-said "in `repl-connect-comint-mode-hook': This hook fails")
      (testing-until-said "in `repl-connect-state-functions': This hook fails")
      (testing-until-said "in `repl-connect-message-functions': This hook fails")
      (testing-visit (concat (failures-code kind :sum) "‸\n") "a.py")
      (repl-connect-mode 1)
      (testing-keys "C-x C-e")
      (testing-until-said "in `repl-connect-evaluated-functions': This hook fails")
      (should (testing-said "=> 42"))
      (should (equal (sort (delete-dups heard) #'string<) '(evaluated message)))
      (should (repl-connect-open-p connection))
      (failures-works kind buffer))))

(ert-deftest failures-an-error-in-a-callback-is-told-and-harms-nothing ()
  (failures-with "python_server"
    (let* ((debug-on-error nil)
           (connection (failures-connect place))
           (fails (lambda (&rest _) (error "This callback fails")))
           (done nil))
      (repl-connect-eval connection "print(1); 2"
                         :on-output fails :on-value fails
                         :on-done (lambda (&rest _) (setq done t) (error "This one, too")))
      (testing-until done)
      (testing-until-said "in a callback: This callback fails")
      (testing-until-said "in a callback: This one, too")
      (should-not (repl-connect-connection-evaluations connection))
      (failures-works kind (current-buffer)))))

(provide 'failures-tests)
;;; failures-tests.el ends here
