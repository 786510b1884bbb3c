;;; restarts-tests.el --- A program that an error holds  -*- lexical-binding: t; -*-

;;; Commentary:

;; The program is tests/server/programs/held.py: its step fails in turn 3, once `ready' is set.

;;; Code:

(require 'testing)
(require 'repl-connect)
(require 'repl-connect-restarts)

(defconst restarts-tests-program
  (expand-file-name "../server/programs/held.py"
                    (file-name-directory (or load-file-name buffer-file-name)))
  "The program that is held.")

(defvar restarts-tests-server nil
  "The process of the program.")

(defmacro restarts-tests-held (&rest body)
  "Evaluate BODY in the REPL buffer of a program that is held."
  (declare (indent 0) (debug t))
  `(testing-afresh
     (switch-to-buffer (restarts-tests-connect))
     (restarts-tests-enter "ready = True")
     (testing-until-shown "turn 3 is impossible")
     ,@body))

(defun restarts-tests-connect ()
  "Start the program and return the buffer of a connection to it."
  (let* ((python (aref (json-parse-string (testing-variable "REPL_CONNECT_TEST_SERVING")) 0))
         (address (expand-file-name "held.sock" (make-temp-file "rc-held" t))))
    (setq restarts-tests-server
          (make-process :name "held" :buffer (generate-new-buffer " *held*") :noquery t
                        :connection-type 'pipe
                        :command (list python restarts-tests-program "threads" address)))
    (should (equal (testing-next-line restarts-tests-server) "served"))
    (testing-connect address)))

(defun restarts-tests-enter (text)
  "Type TEXT at the prompt, and RET."
  (goto-char (point-max))
  (insert text)
  (repl-connect-return))

(defun restarts-tests-until-printed (line)
  "Wait until the program prints LINE."
  (while (not (equal (testing-next-line restarts-tests-server) line))))

(defmacro restarts-tests-choosing (choice value &rest body)
  "Evaluate BODY while CHOICE is chosen of what is offered, and VALUE typed."
  (declare (indent 2) (debug t))
  `(let ((asked nil))
     (cl-letf (((symbol-function 'completing-read)
                (lambda (prompt table &rest _)
                  (setq asked (cons prompt (all-completions "" table)))
                  (or ,choice (signal 'quit nil))))
               ((symbol-function 'read-string) (lambda (&rest _) ,value)))
       ,@body)))

(ert-deftest restarts-are-told-of-and-retried ()
  (restarts-tests-held
    (testing-until-shown "Mend it, then ,retry or ,continue or ,abort or M-x")
    (testing-until-said "M-x repl-connect-restarts")
    (should-not (testing-in-buffer-p "repl_server.restart"))
    (restarts-tests-enter "def step(): print('mended', flush=True)")
    (restarts-tests-enter ",retry")
    (testing-until-shown "h1: retry.")
    (restarts-tests-until-printed "mended")
    (restarts-tests-enter ",held")
    (testing-until-shown "No error is held.")))

(ert-deftest restarts-are-chosen-of-what-there-is ()
  (restarts-tests-held
    (restarts-tests-choosing "continue" "40 + 2"
      (repl-connect-restarts)
      (testing-until-shown "h1: continue.")
      (should (string-search "h1 goes on by" (car asked)))
      (should (equal (cdr asked) '("retry" "continue" "abort"))))
    (restarts-tests-until-printed "4")
    (repl-connect-restarts)
    (testing-until-said "No error is held.")))

(ert-deftest restarts-a-value-that-fails-leaves-it-held ()
  (restarts-tests-held
    (restarts-tests-choosing "continue" "nosuch_name"
      (repl-connect-restarts)
      (testing-until-shown "h1: is held still."))
    (testing-until-shown "nosuch_name")
    (restarts-tests-enter ",continue")
    (testing-until-shown "h1: continue.")
    (restarts-tests-until-printed "4")))

(ert-deftest restarts-show-the-traceback-and-its-frames ()
  (restarts-tests-held
    (let ((buffer (testing-until (get-buffer "*repl held: h1*")))
          (repl (current-buffer)))
      (with-current-buffer buffer
        (should (testing-in-buffer-p "step failed: RuntimeError: turn 3 is impossible"))
        (should (testing-in-buffer-p "raise RuntimeError"))
        (search-forward " 0  step")
        (repl-connect-held-eval "turn * 1000")
        (testing-until-shown "3000" repl)
        (forward-button 1)
        (push-button))
      (with-current-buffer (window-buffer)
        (should (equal buffer-file-name restarts-tests-program))
        (should (looking-at-p ".*raise RuntimeError")))
      (switch-to-buffer repl)
      (restarts-tests-enter ",frame 0 turn + 100")
      (testing-until-shown "\n103\n")
      (restarts-tests-enter ",frame h1 7 turn")
      (testing-until-shown "There is no frame 7")
      (restarts-tests-enter ",frame 0")
      (testing-until-shown "say what to evaluate there"))))

(ert-deftest restarts-are-buttons-in-the-traceback ()
  (restarts-tests-held
    (let ((buffer (testing-until (get-buffer "*repl held: h1*")))
          (repl (current-buffer)))
      (with-current-buffer buffer
        (search-forward "abort")
        (backward-char)
        (push-button))
      (testing-until-shown "h1: abort." repl))))

(ert-deftest restarts-chosen-by-somebody-else-are-told ()
  (restarts-tests-held
    ;; Another client, by the same server.
    (restarts-tests-enter "import repl_server; repl_server.restart('continue')")
    (testing-until-shown "h1 is held no more: somebody else chose continue.")
    (with-current-buffer "*repl held: h1*"
      (should (string-search "held no more" header-line-format)))))

(ert-deftest restarts-of-what-is-held-when-one-connects ()
  (restarts-tests-held
    (let ((first (current-buffer)))
      (with-current-buffer
          (save-window-excursion
            (repl-connect-connection-buffer
             (repl-connect (repl-connect-connection-address repl-connect--connection) t)))
        (testing-until-shown ",held h1 shows where it is.")
        (restarts-tests-enter ",restart h1 continue")
        (testing-until-shown "h1: continue."))
      (testing-until-shown "somebody else chose continue" first))))

(ert-deftest restarts-say-what-is-typed-wrong ()
  (restarts-tests-held
    (restarts-tests-enter ",retry h9")
    (testing-until-shown "No error h9 is held.  ,held lists them.")
    (restarts-tests-enter ",restart nosuch")
    (testing-until-shown "It has the restarts retry, continue, abort")
    (restarts-tests-enter ",held h9")
    (testing-until-shown "There is no held error h9.")
    (restarts-tests-enter ",retry h1 5")
    (testing-until-shown ",retry takes no value; ,continue does.")))

(ert-deftest restarts-left-by-quitting-hold-it-still ()
  (restarts-tests-held
    (restarts-tests-choosing nil ""
      (repl-connect-restarts)
      (condition-case nil
          (testing-until nil)
        (quit))
      (should asked))
    (restarts-tests-enter ",held")
    (testing-until (string-match-p "^h1 +step" (testing-text)))))

(ert-deftest restarts-of-several-errors-ask-which-is-meant ()
  (testing-afresh
    (let ((held (mapcar (lambda (ident)
                          `(("id" . ,ident) ("name" . "step") ("ex" . "Error")
                            ("message" . "bad\nthing") ("restarts" . ["go" "use-value"])
                            ("err" . "Error\n  go: Go on\e[31m like this.\n")))
                        '("h1" "h2")))
          (connection (repl-connect-connection--make :address "nowhere" :state 'lost))
          (offered nil))
      (cl-letf (((symbol-function 'completing-read)
                 (lambda (_ table &rest _)
                   (let ((annotate (cdr (assq 'annotation-function
                                              (cdr (funcall table "" nil 'metadata)))))
                         (names (all-completions "" table)))
                     (push (mapcar (lambda (name) (concat name (funcall annotate name))) names)
                           offered)
                     (car names)))))
        (repl-connect--pick connection held))
      (should (equal (nreverse offered)
                     '(("h2  step failed: Error: bad thing" "h1  step failed: Error: bad thing")
                       ("go  Go on [31m like this." "use-value  "))))
      (should (get-buffer "*repl held: h2*"))
      (should-not (get-buffer "*repl held: h1*")))))

(defun restarts-tests-error (ident)
  "Return an error with the id IDENT, as a program tells of it."
  `(("id" . ,ident) ("name" . "step") ("ex" . "Error") ("message" . "bad")))

(ert-deftest restarts-of-two-programs-have-buffers-of-their-own ()
  (testing-afresh
    (let ((one (repl-connect-connection--make :address "one" :state 'open))
          (other (repl-connect-connection--make :address "other" :state 'open)))
      (dolist (connection (list one other one))
        (repl-connect-put connection :held '(("h1" . t)))
        (repl-connect--show-held connection (restarts-tests-error "h1")))
      (repl-connect--released other "h1" "abort")
      (should-not (string-search "no more" (buffer-local-value 'header-line-format
                                                               (get-buffer "*repl held: h1*"))))
      (should (string-search "no more" (buffer-local-value 'header-line-format
                                                           (get-buffer "*repl held: h1*<2>"))))
      (should-not (get-buffer "*repl held: h1*<3>"))
      ;; A program that is gone holds nothing.
      (setf (repl-connect-connection-state one) 'lost)
      (repl-connect--show-held (repl-connect-connection--make :address "new" :state 'open)
                               (restarts-tests-error "h1"))
      (should-not (get-buffer "*repl held: h1*<3>")))))

(ert-deftest restarts-there-may-be-none ()
  (testing-afresh
    (should-error (repl-connect--choose-restart
                   (repl-connect-connection--make :address "nowhere" :state 'open)
                   (restarts-tests-error "h1"))
                  :type 'user-error)))

(provide 'restarts-tests)
;;; restarts-tests.el ends here
