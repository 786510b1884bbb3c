;;; actions-tests.el --- What `,' commands do in a program that can all  -*- lexical-binding: t; -*-

;;; Commentary:

;; Programs: python_server

;;; Code:

(require 'testing)
(require 'repl-connect)
(require 'repl-connect-commands)

(defun actions-tests-enter (text)
  "Type TEXT at the prompt, and RET."
  (goto-char (point-max))
  (insert text)
  (repl-connect-return))

(ert-deftest actions-that-do-not-exist-are-told-of ()
  (testing-with-repl nil
    (actions-tests-enter ",quti")
    (testing-until-shown "did you mean ,quit?")
    (actions-tests-enter ",edit")
    (testing-until-shown "M-x repl-connect-mode")
    (actions-tests-enter ",load")
    (testing-until-shown ",load FILE: evaluate a whole file")
    (actions-tests-enter ",jobs 3")
    (testing-until-shown ",jobs takes nothing behind it.")))

(ert-deftest actions-leave-a-job-and-show-what-it-brings ()
  (testing-with-repl nil
    (actions-tests-enter ",submit print('printed'); 6 * 7")
    (testing-until-shown ": 42")
    (should (string-match "Job \\([0-9]+\\): finished" (testing-text)))
    (let ((name (match-string 1 (testing-text))))
      (actions-tests-enter ",jobs")
      (testing-until-shown "print('printed'); 6 * 7")
      (actions-tests-enter (format ",result %s" name))
      (testing-until-shown "printed\n42\n")
      (actions-tests-enter (format ",result %s page" name))
      (testing-until (get-buffer (format "*repl job %s*" name))))
    (actions-tests-enter ",submit 1 / 0")
    (testing-until-shown "failed")
    (testing-until-shown "ZeroDivisionError: division by zero")
    (actions-tests-enter ",cancel nosuch")
    (testing-until-shown "There is no job nosuch.")))

(ert-deftest actions-work-while-something-runs ()
  (testing-with-repl nil
    (actions-tests-enter "import time; time.sleep(600)")
    (actions-tests-enter ",pending")
    (testing-until-shown "running  import time")
    (actions-tests-enter ",who")
    (testing-until-shown "* is you.")
    (actions-tests-enter ",interrupt")
    (testing-until (null (repl-connect-connection-evaluations repl-connect--connection)))))

(ert-deftest actions-watch-what-changes ()
  (testing-with-repl nil
    (actions-tests-enter "watched = 1")
    (actions-tests-enter ",watch 0.05 watched * 111")
    (testing-until-shown "[watch 1] 111")
    (actions-tests-enter "watched = 2")
    (testing-until-shown "[watch 1] 222")
    (actions-tests-enter ",watch")
    (testing-until-shown "0.05 s")
    (actions-tests-enter ",unwatch 7")
    (testing-until-shown "There is no watch 7.")
    (actions-tests-enter ",unwatch all")
    (testing-until-shown "Watch 1 has ended.")
    (actions-tests-enter ",watch x")
    (testing-until-shown ",watch SECONDS CODE")))

(ert-deftest actions-tell-of-events ()
  (testing-with-repl nil
    (actions-tests-enter ",events")
    (testing-until-shown "You are not told of events.")
    (actions-tests-enter ",events jobs")
    (testing-until-shown "You are told of: jobs.")
    (actions-tests-enter ",submit 1 + 1")
    (testing-until-shown "finished: 1 + 1")
    (actions-tests-enter ",events off")
    (testing-until-shown "You are told of events no more.")))

(ert-deftest actions-show-and-save-the-last-value ()
  (testing-with-repl nil
    (actions-tests-enter ",page")
    (testing-until-shown "There is no value yet.")
    (actions-tests-enter "(123456)")
    (testing-until-shown "\n123456\n")
    (actions-tests-enter ",page")
    (should (string-search "123456" (testing-text "*repl value*")))
    (actions-tests-enter ",save value.txt")
    (testing-until-shown "The last value is in")
    (should (equal (with-temp-buffer (insert-file-contents "value.txt") (buffer-string))
                   "123456\n"))
    (actions-tests-enter ",save /nosuch/value.txt")
    (testing-until-shown "/nosuch/value.txt: ")
    (actions-tests-enter "1 / 0")
    (testing-until-shown "ZeroDivisionError")
    (actions-tests-enter ",traceback")
    (should (string-search "ZeroDivisionError" (testing-text "*repl error*")))))

(ert-deftest actions-load-a-file ()
  (testing-with-repl nil
    (write-region "loaded = 5\nprint(loaded * 1111)\n" nil "to load.py" nil 'quiet)
    (actions-tests-enter ",load to load.py")
    (testing-until-shown "5555")
    (actions-tests-enter ",load nosuch.py")
    (testing-until-shown "there is no such file")))

(ert-deftest actions-go-to-a-definition ()
  (testing-with-repl nil
    (let ((repl (current-buffer)))
      (write-region "def go_to_this():\n    pass\n" nil "definition.py" nil 'quiet)
      (actions-tests-enter ",load definition.py")
      (testing-until (null (repl-connect-connection-evaluations repl-connect--connection)))
      (actions-tests-enter ",source go_to_this")
      (with-current-buffer (window-buffer)
        (should (equal (file-name-nondirectory buffer-file-name) "definition.py"))
        (should (looking-at-p "def go_to_this")))
      (with-current-buffer repl
        (should (equal (repl-connect-prompt--typed) ""))))))

;; A program of its own: the one of this run is for all.
(ert-deftest actions-end-with-the-connection ()
  (testing-afresh
    (let ((program (testing-start-program)))
      (switch-to-buffer (testing-connect (testing-program-address program)))
      (actions-tests-enter ",watch 0.05 40 + 2")
      (testing-until-shown "[watch 1] 42")
      (actions-tests-enter ",events on")
      (testing-until-shown "You are told of: clients")
      (testing-kill-program program)
      (testing-until-shown "Watch 1 has ended with the connection.")
      (testing-until-shown "The events have ended with the connection.")
      (actions-tests-enter ",jobs")
      (testing-until-shown "Not connected: M-x repl-connect-reconnect connects again.")
      (actions-tests-enter ",info")
      (actions-tests-enter ",reconnect stop")
      (testing-until-shown "Stopped connecting."))))

(ert-deftest actions-look-up-and-complete-what-is-typed-after-the-comma ()
  (testing-with-repl nil
    (actions-tests-enter ",doc len")
    (testing-until (and (get-buffer "*repl documentation*")
                        (testing-in-buffer-p "number of items" "*repl documentation*")))
    (insert ",submit print(len")
    (let ((start repl-connect--input-start))
      (should (equal (buffer-substring-no-properties (repl-connect-command-code-start start)
                                                     (point-max))
                     "print(len"))
      (repl-connect-prompt--replace-typed "print(len")
      (should (= (repl-connect-command-code-start start) start)))))

(ert-deftest actions-leaving-closes-the-sessions-that-were-opened-here-and-no-others ()
  (testing-with-repl nil
    (let* ((stays repl-connect--connection)
           (leaves (repl-connect (testing-address) t))
           (theirs (repl-connect-connection-session stays))
           (ours nil))
      (testing-until (repl-connect-open-p leaves))
      (set-buffer (repl-connect-connection-buffer leaves))
      (push (repl-connect-connection-session leaves) ours)
      (actions-tests-enter ",session new")
      (testing-until-shown "A new session: ")
      (push (repl-connect-connection-session leaves) ours)
      (actions-tests-enter (format ",session use %s" theirs))
      (testing-until-shown "Evaluates in session")
      (repl-connect-quit leaves)
      (set-buffer (repl-connect-connection-buffer stays))
      (testing-until
        (let ((reply (repl-connect-request-sync stays '(("op" . "ls-sessions")))))
          (and (member theirs (repl-connect-texts reply "sessions"))
               (not (seq-intersection ours (repl-connect-texts reply "sessions")))))))))

(ert-deftest actions-show-a-value-without-lines-that-are-too-long-for-emacs ()
  (testing-with-repl nil
    (let ((repl-connect-line-limit 100))
      (actions-tests-enter "'x' * 1000")
      (testing-until (repl-connect-last-value repl-connect--connection))
      (actions-tests-enter ",page")
      (let ((lines (split-string (testing-text "*repl value*") "\n")))
        (should (equal (car lines) "Here a line ends after 100 characters at most."))
        (should (= (apply #'max (mapcar #'length lines)) 100))))))

(provide 'actions-tests)
;;; actions-tests.el ends here
