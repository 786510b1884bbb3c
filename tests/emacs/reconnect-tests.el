;;; reconnect-tests.el --- A connection that is lost, and made again  -*- lexical-binding: t; -*-

;;; Commentary:

;; With programs of its own, which it kills.

;;; Code:

(require 'testing)
(require 'repl-connect)

(defun reconnect-place ()
  "Return where the program of a test listens."
  (expand-file-name "repl.sock" (make-temp-file (expand-file-name "../lost") t)))

(defun reconnect-serve (place)
  "Start a Python that serves at PLACE, and return it."
  (ignore-errors (delete-file place))
  (testing-start-program "python_server" place))

(defun reconnect-open (place)
  "Connect to PLACE and wait until that is done; its buffer is current then."
  (let ((connection (repl-connect place)))
    (testing-until (repl-connect-open-p connection))
    (testing-until-shown ">" (repl-connect-connection-buffer connection))
    connection))

(defun reconnect-count (text)
  "Return how often the current buffer has TEXT in it."
  (save-excursion
    (goto-char (point-min))
    (let ((count 0))
      (while (search-forward text nil t)
        (setq count (1+ count)))
      count)))

(defun reconnect-eval (connection code)
  "Evaluate CODE on CONNECTION, and return what it printed as values."
  (let ((values nil) (done nil))
    (repl-connect-eval connection code
                       :on-value (lambda (_ text _) (push text values))
                       :on-done (lambda (&rest _) (setq done t)))
    (testing-until done)
    (nreverse values)))

(defmacro reconnect-afresh (&rest body)
  "Evaluate BODY with no connections, and leave none."
  (declare (indent 0) (debug t))
  `(let ((repl-connect-connections nil))
     (testing-afresh
       (unwind-protect (progn ,@body)
         (mapc (lambda (connection)
                 (let ((kill-buffer-query-functions nil))
                   (repl-connect-quit connection)))
               (copy-sequence repl-connect-connections))))))

(ert-deftest reconnect-a-program-that-comes-back-is-connected-to-in-the-same-buffer ()
  (reconnect-afresh
    (let* ((place (reconnect-place))
           (program (reconnect-serve place))
           (connection (reconnect-open place))
           (buffer (current-buffer))
           (done nil))
      (repl-connect-eval connection "import time; time.sleep(60)"
                         :on-done (lambda (_ problem) (setq done problem)))
      (testing-kill-program program)
      (testing-until (not (repl-connect-open-p connection)))
      (testing-until done)
      (should (string-search "not known" done))
      (testing-until-shown "An evaluation was under way: how it ended is not known." buffer)
      (testing-until-shown "Connecting again; C-c C-c stops that." buffer)
      (testing-until (string-match-p "\\`connecting again" (repl-connect-state-words connection)))
      (should (eq connection (repl-connect-current-connection)))
      (should-error (repl-connect-current-connection-or-error) :type 'user-error)
      (reconnect-serve place)
      (testing-until (repl-connect-open-p connection))
      (testing-until-shown "A new session, without the last values of the old one: Py" buffer)
      (should (equal (reconnect-eval connection "40 + 2") '("42")))
      (should (= (reconnect-count "An evaluation was under way") 1))
      (should (eq (repl-connect-connection-buffer connection) buffer))
      (should-not (repl-connect-state-words connection)))))

(ert-deftest reconnect-a-session-that-was-kept-goes-on ()
  (reconnect-afresh
    (let* ((place (reconnect-place)))
      (reconnect-serve place)
      (let* ((connection (reconnect-open place))
             (buffer (current-buffer))
             (session (repl-connect-connection-session connection)))
        (should (equal (reconnect-eval connection "6 * 7") '("42")))
        (delete-process (repl-connect-connection-process connection))
        (testing-until-shown "The session goes on, with its namespace and last values: Py" buffer)
        (testing-until (repl-connect-open-p connection))
        (should (equal (repl-connect-connection-session connection) session))
        (should (equal (reconnect-eval connection "_ + 1") '("43")))))))

(ert-deftest reconnect-what-is-typed-stays ()
  (reconnect-afresh
    (let* ((place (reconnect-place)))
      (reconnect-serve place)
      (let ((connection (reconnect-open place)))
        (goto-char (point-max))
        (insert "40 + 2")
        (delete-process (repl-connect-connection-process connection))
        (testing-until-shown "The session goes on" (current-buffer))
        (testing-until (repl-connect-open-p connection))
        (testing-until (string-suffix-p "> 40 + 2" (testing-text)))
        (goto-char (point-max))
        (testing-keys "RET")
        (testing-until-shown "\n42\n")))))

(ert-deftest reconnect-failing-is-said-once-and-not-with-each-attempt ()
  (reconnect-afresh
    (let* ((place (reconnect-place))
           (program (reconnect-serve place))
           (repl-connect-reconnect-longest 0.05)
           (connection (reconnect-open place))
           (buffer (current-buffer))
           (attempts 0)
           (count (lambda (each)
                    (when (eq (repl-connect-connection-state each) 'connecting)
                      (setq attempts (1+ attempts))))))
      (unwind-protect
          (progn
            (add-hook 'repl-connect-state-functions count)
            (testing-kill-program program)
            (testing-until (> attempts 5)))
        (remove-hook 'repl-connect-state-functions count))
      (with-current-buffer buffer
        (testing-until-shown "nobody listens" buffer)
        (should (= (reconnect-count "nobody listens") 1))
        (should (= (reconnect-count "Connecting again") 1)))
      (should-not (repl-connect-open-p connection)))))

(ert-deftest reconnect-pauses-grow ()
  (reconnect-afresh
    (let* ((place (reconnect-place))
           (program (reconnect-serve place))
           (connection (reconnect-open place))
           (pauses nil))
      (cl-letf* ((wait (symbol-function 'repl-connect--retry-wait))
                 ((symbol-function 'repl-connect--retry-wait)
                  (lambda (connection retry)
                    (push (min (repl-connect--retry-pause retry) repl-connect-reconnect-longest)
                          pauses)
                    (when (< (length pauses) 9)
                      (let ((repl-connect-reconnect-longest 0.01))
                        (funcall wait connection retry))))))
        (testing-kill-program program)
        (testing-until (= (length pauses) 9)))
      (should (equal (reverse pauses) '(0.5 1.0 2.0 4.0 8.0 16.0 30 30 30)))
      (should (eq (repl-connect-connection-state connection) 'lost)))))

(ert-deftest reconnect-it-can-be-stopped-and-asked-for ()
  (reconnect-afresh
    (let* ((place (reconnect-place))
           (program (reconnect-serve place))
           (connection (reconnect-open place))
           (buffer (current-buffer)))
      (testing-kill-program program)
      (testing-until-shown "Connecting again" buffer)
      (testing-keys "C-c C-c")
      (testing-until-shown "Stopped connecting." buffer)
      (should (equal (repl-connect-state-words connection) "lost"))
      (testing-keys "M-x repl-connect-reconnect RET")
      (testing-until (equal (repl-connect-state-words connection) "lost"))
      (testing-until-shown "M-x repl-connect-reconnect tries once more." buffer)
      (reconnect-serve place)
      (testing-keys "M-x repl-connect-reconnect RET")
      (testing-until (repl-connect-open-p connection))
      (testing-until-shown "A new session" buffer))))

(ert-deftest reconnect-asking-for-it-does-not-wait-for-the-pause ()
  (reconnect-afresh
    (let* ((place (reconnect-place))
           (program (reconnect-serve place))
           (connection (reconnect-open place)))
      (testing-kill-program program)
      (testing-until (repl-connect-property connection :due))
      (repl-connect-put connection :due (+ (float-time) 1000))
      (reconnect-serve place)
      (repl-connect-reconnect connection)
      (testing-until (repl-connect-open-p connection))
      (should-not (repl-connect-property connection :due)))))

(ert-deftest reconnect-by-itself-only-if-it-is-wanted ()
  (reconnect-afresh
    (let* ((repl-connect-reconnect-automatically nil)
           (place (reconnect-place))
           (program (reconnect-serve place))
           (connection (reconnect-open place))
           (buffer (current-buffer)))
      (testing-kill-program program)
      (testing-until-shown "M-x repl-connect-reconnect connects again." buffer)
      (should-not (repl-connect-property connection :due)))))

(ert-deftest reconnect-leaving-while-connecting-again-ends-it ()
  (reconnect-afresh
    (let* ((place (reconnect-place))
           (program (reconnect-serve place))
           (connection (reconnect-open place))
           (buffer (current-buffer)))
      (testing-kill-program program)
      (testing-until (repl-connect-property connection :due))
      (kill-buffer buffer)
      (should-not repl-connect-connections)
      (should-not (repl-connect-property connection :due))
      (should-not (seq-find (lambda (timer)
                              (eq (timer--function timer) #'repl-connect--retry-tick))
                            timer-list)))))

(ert-deftest reconnect-what-an-old-process-does-late-counts-for-nothing ()
  (reconnect-afresh
    (let ((place (reconnect-place)))
      (reconnect-serve place)
      (let* ((connection (reconnect-open place))
             (old (repl-connect-connection-process connection))
             (buffer (current-buffer)))
        (delete-process old)
        (testing-until-shown "The session goes on" buffer)
        (testing-until (repl-connect-open-p connection))
        (repl-connect--filter old "no bencode")
        (repl-connect--sentinel old "deleted")
        (should (repl-connect-open-p connection))
        (should (equal (reconnect-eval connection "40 + 2") '("42")))))))

;; TCP takes its time: what an attempt comes to is known when nobody may want it any more.
(ert-deftest reconnect-an-attempt-that-succeeds-late-counts-only-if-it-is-still-wanted ()
  (reconnect-afresh
    (let ((place (reconnect-place))
          (attempts nil))
      (reconnect-serve place)
      (cl-letf* ((direct (symbol-function 'repl-connect--direct))
                 ((symbol-function 'repl-connect--direct)
                  (lambda (where then failed)
                    (push (lambda () (funcall direct where then failed)) attempts))))
        (let ((connection (repl-connect (concat "nrepl+unix:" place))))
          (repl-connect-disconnect connection)
          (funcall (pop attempts))
          (testing-until (null (repl-connect-property connection :attempt)))
          (should (eq (repl-connect-connection-state connection) 'closed))
          (should-not (repl-connect-connection-process connection))
          (repl-connect-reconnect connection)
          (repl-connect-reconnect-stop connection)
          (repl-connect-reconnect connection)
          (should (= (length attempts) 1))
          (funcall (pop attempts))
          (testing-until (repl-connect-open-p connection))
          (should (equal (reconnect-eval connection "40 + 2") '("42"))))))))

(ert-deftest reconnect-a-bridge-that-is-killed-is-started-again ()
  (reconnect-afresh
    (let* ((program (testing-start-program "guile_program"))
           (connection (reconnect-open (testing-program-address program)))
           (buffer (current-buffer)))
      (testing-until-shown "through a bridge" buffer)
      (signal-process (repl-connect-connection-process connection) 'KILL)
      (testing-until (= (reconnect-count "through a bridge") 2))
      (testing-until (repl-connect-open-p connection))
      (should (equal (reconnect-eval connection "(+ 40 2)") '("42"))))))

(ert-deftest reconnect-another-language-is-said ()
  (reconnect-afresh
    (let* ((place (reconnect-place))
           (program (reconnect-serve place))
           (connection (reconnect-open place))
           (buffer (current-buffer))
           (guile (testing-program-address (testing-start-program "guile_program"))))
      (testing-kill-program program)
      (testing-until (not (repl-connect-open-p connection)))
      (delete-file place)
      (make-symbolic-link guile place)
      (repl-connect-reconnect connection)
      (testing-until-shown "It speaks guile now, before it was python." buffer)
      (testing-until (repl-connect-open-p connection))
      (should (equal (reconnect-eval connection "(+ 40 2)") '("42"))))))

(ert-deftest reconnect-an-ending-emacs-closes-its-sessions ()
  (reconnect-afresh
    (let* ((place (reconnect-place)))
      (reconnect-serve place)
      (let* ((connection (reconnect-open place))
             (session (repl-connect-connection-session connection))
             (watcher (repl-connect place t))
             (sessions (lambda ()
                         (repl-connect-get
                          (repl-connect-request-sync watcher '(("op" . "ls-sessions")) :timeout 5)
                          "sessions"))))
        (testing-until (repl-connect-open-p watcher))
        (should (seq-contains-p (funcall sessions) session))
        (let ((repl-connect-connections (list connection)))
          (repl-connect--leave-all))
        (testing-until (not (seq-contains-p (funcall sessions) session)))))))

(provide 'reconnect-tests)
;;; reconnect-tests.el ends here
