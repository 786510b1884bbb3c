;;; targets-tests.el --- Which connection a buffer uses  -*- lexical-binding: t; -*-

;;; Commentary:

;; Connecting, finding the connection there is, and choosing one; with programs of its own.

;;; Code:

(require 'testing)
(require 'repl-connect)

(declare-function project-root "project")

(defun targets-directory (name)
  "Make a directory that is a project, with NAME in its name, and return it."
  (let ((directory (file-name-as-directory
                    (make-temp-file (expand-file-name (concat "../" name)) t))))
    (make-directory (expand-file-name ".git" directory))
    directory))

(defun targets-serve (directory)
  "Start a Python that serves in DIRECTORY, and return its socket."
  (testing-program-address
   (testing-start-program "python_server" (expand-file-name "repl.sock" directory))))

(defun targets-connect (address &optional another)
  "Connect to ADDRESS and wait until that is done; ANOTHER as for `repl-connect'."
  (let ((connection (save-window-excursion (repl-connect address another))))
    (testing-until (repl-connect-open-p connection))
    connection))

(defmacro targets-in (directory &rest body)
  "Evaluate BODY in a buffer of DIRECTORY."
  (declare (indent 1) (debug t))
  `(with-temp-buffer
     (setq default-directory ,directory)
     ,@body))

(defmacro targets-afresh (&rest body)
  "Evaluate BODY with no connections, and leave none."
  (declare (indent 0) (debug t))
  `(let ((repl-connect-connections nil)
         (repl-connect--default nil))
     (testing-afresh
       (unwind-protect (progn ,@body)
         (mapc (lambda (connection)
                 (let ((kill-buffer-query-functions nil))
                   (repl-connect-quit connection)))
               (copy-sequence repl-connect-connections))))))

;;;; Connecting

(ert-deftest targets-the-buffer-appears-at-once-and-says-what-goes-on ()
  (targets-afresh
    (let* ((socket (targets-serve (targets-directory "one")))
           (connection (repl-connect socket))
           (buffer (repl-connect-connection-buffer connection)))
      (should (eq (current-buffer) buffer))
      (should (equal (buffer-name) (format "*repl: %s*" socket)))
      (should (equal (repl-connect-state-words connection) "connecting"))
      (testing-until-shown (format "Connecting to %s" socket) buffer)
      (testing-until-shown "Python 3." buffer)
      (testing-until-shown (format " at %s, directly." socket) buffer)
      (testing-until-shown ">" buffer))))

(ert-deftest targets-what-can-not-be-connected-to-is-said-once-and-can-be-tried-again ()
  (targets-afresh
    (let* ((directory (targets-directory "one"))
           (socket (expand-file-name "repl.sock" directory))
           (connection (repl-connect socket))
           (buffer (repl-connect-connection-buffer connection)))
      (testing-until-shown "no such socket" buffer)
      (testing-until-shown "M-x repl-connect-reconnect" buffer)
      (should (= (seq-count (lambda (words) (string-search "no such socket" words))
                            testing-messages)
                 1))
      (should-not (targets-in directory (repl-connect-current-connection)))
      (targets-serve directory)
      (should (eq (repl-connect socket) connection))
      (testing-until (repl-connect-open-p connection))
      (testing-until-shown "Python 3." buffer))))

(ert-deftest targets-what-is-no-address-leaves-no-buffer ()
  (targets-afresh
    (let ((before (buffer-list)))
      (should-error (repl-connect "no address") :type 'user-error)
      (should (equal (buffer-list) before))
      (should-not repl-connect-connections))))

(ert-deftest targets-connecting-again-uses-the-connection-there-is ()
  (targets-afresh
    (let* ((directory (targets-directory "one"))
           (socket (targets-serve directory))
           (connection (targets-connect socket)))
      (should (eq (targets-in directory (repl-connect "./repl.sock")) connection))
      (should (eq (window-buffer) (repl-connect-connection-buffer connection)))
      (let ((second (targets-connect socket t)))
        (should-not (eq second connection))
        (should (equal (buffer-name (repl-connect-connection-buffer second))
                       (format "*repl: %s*<2>" socket)))))))

(ert-deftest targets-a-directory-is-no-socket ()
  (targets-afresh
    (should-error (repl-connect-local (targets-directory "one")) :type 'user-error)))

(ert-deftest targets-a-socket-on-another-machine-is-reached-by-ssh ()
  (should (equal (repl-connect--understood "/ssh:ada@far#2222:/run/x.sock")
                 "ssh://ada@far:2222/run/x.sock"))
  (should (equal (targets-in "/ssh:far:/run/" (repl-connect--understood "./x.sock"))
                 "ssh://far/run/x.sock"))
  (should (equal (targets-in "/ssh:far:/run/" (repl-connect--understood "localhost:7888"))
                 "localhost:7888"))
  (should-error (repl-connect--understood "/sudo:root@here:/run/x.sock") :type 'user-error))

;;;; Addresses

(defun targets-offered (directory)
  "Return the addresses that are offered in DIRECTORY, the default first."
  (targets-in directory
    (let (offered)
      (cl-letf (((symbol-function 'completing-read)
                 (lambda (_ table &rest rest)
                   (setq offered (cons (nth 4 rest) (all-completions "" table)))
                   "x")))
        (repl-connect-read-address)
        offered))))

(ert-deftest targets-addresses-of-the-directory-and-those-used-before-are-offered ()
  (targets-afresh
    (let* ((directory (targets-directory "one"))
           (socket (targets-serve directory))
           (repl-connect-address-history '("localhost:7888")))
      (write-region "x" nil (expand-file-name "file" directory) nil 'quiet)
      (let ((offered (targets-offered directory)))
        (should (equal (car offered) "./repl.sock"))
        (should (member "localhost:7888" offered))
        (should-not (seq-find (lambda (each) (string-search "file" each)) offered)))
      (write-region "12345\n" nil (expand-file-name ".nrepl-port" directory) nil 'quiet)
      (make-directory (expand-file-name "below" directory))
      (should (equal (car (targets-offered (expand-file-name "below/" directory)))
                     "nrepl://localhost:12345"))
      (targets-connect socket)
      (should (equal (car repl-connect-address-history)
                     (abbreviate-file-name (file-truename socket)))))))

(ert-deftest targets-programs-that-are-live-elsewhere-are-offered ()
  (targets-afresh
    (let* ((socket (targets-serve (targets-directory "one")))
           (repl-connect-address-history nil)
           (repl-connect--list-patience 20))
      (should (member socket (targets-offered (targets-directory "two")))))))

(ert-deftest targets-a-command-that-is-not-there-does-not-hinder ()
  (targets-afresh
    (let ((repl-connect-command '("/no/such/command"))
          (repl-connect-address-history '("localhost:7888")))
      (should (equal (targets-offered (targets-directory "one"))
                     '("localhost:7888" "localhost:7888"))))))

(ert-deftest targets-a-command-that-hangs-does-not-hold-up ()
  (targets-afresh
    (let ((repl-connect-command '("sleep" "60" "#"))
          (repl-connect-address-history '("localhost:7888"))
          (before (process-list)))
      (should (member "localhost:7888" (targets-offered (targets-directory "one"))))
      (testing-until (equal (process-list) before)))))

;;;; Which one a buffer uses

(ert-deftest targets-a-buffer-uses-its-own-then-its-projects-then-the-default ()
  (targets-afresh
    (let* ((one (targets-directory "one"))
           (two (targets-directory "two"))
           (three (targets-directory "three"))
           (first (targets-in one (targets-connect (targets-serve one))))
           (second (targets-in two (targets-connect (targets-serve two)))))
      (cl-flet ((used (directory)
                  (targets-in directory (car (repl-connect-current-scope))))
                (why (directory)
                  (targets-in directory (cdr (repl-connect-current-scope)))))
        (should (eq (used one) first))
        (should (eq (used two) second))
        (should (eq (why (expand-file-name "src/" two)) 'project))
        (should (eq (used three) second))
        (should (eq (why three) 'last))
        (repl-connect-use-default first)
        (should (eq (used three) first))
        (should (eq (why three) 'default))
        (should (eq (used two) second))
        (targets-in two
          (repl-connect-use first)
          (should (eq (repl-connect-current-connection) first))
          (repl-connect-use nil)
          (should (eq (repl-connect-current-connection) second)))))))

(ert-deftest targets-of-several-in-a-project-the-last-used-counts ()
  (targets-afresh
    (let* ((one (targets-directory "one"))
           (socket (targets-serve one))
           (first (targets-in one (targets-connect socket)))
           (second (targets-in one (targets-connect socket t))))
      (targets-in one
        (should (eq (repl-connect-current-connection-or-error) second))
        (save-window-excursion (repl-connect socket))
        (should (memq (repl-connect-current-connection) (list first second)))
        (repl-connect-used first)
        (should (eq (repl-connect-current-connection-or-error) first))))))

(ert-deftest targets-code-goes-to-no-other-language-unless-chosen ()
  (targets-afresh
    (let* ((one (targets-directory "one"))
           (connection (targets-in one (targets-connect (targets-serve one)))))
      (targets-in one
        (scheme-mode)
        (should-not (repl-connect-current-connection))
        (let ((words (cadr (should-error (repl-connect-current-connection-or-error)
                                         :type 'user-error))))
          (should (string-search "python" words))
          (should (string-search "repl-connect-use" words)))
        (repl-connect-use connection)
        (should (eq (repl-connect-current-connection-or-error) connection)))
      (targets-in one
        (python-mode)
        (should (eq (repl-connect-current-connection-or-error) connection))))))

(ert-deftest targets-without-a-connection-it-is-said-what-to-do ()
  (targets-afresh
    (should (string-search "M-x repl-connect"
                           (cadr (should-error (repl-connect-current-connection-or-error)
                                               :type 'user-error))))
    (should-not (repl-connect-current-connection))
    (should-error (repl-connect-read-connection "Connection") :type 'user-error)))

(ert-deftest targets-a-connection-that-was-left-is-used-no-more ()
  (targets-afresh
    (let* ((one (targets-directory "one"))
           (connection (targets-in one (targets-connect (targets-serve one))))
           (buffer (repl-connect-connection-buffer connection)))
      (repl-connect-disconnect connection)
      (testing-until-shown "Disconnected." buffer)
      (should-not (targets-in one (repl-connect-current-connection)))
      (with-current-buffer buffer
        (should (string-search "Disconnected"
                               (cadr (should-error (repl-connect-current-connection-or-error)
                                                   :type 'user-error)))))
      (repl-connect-quit connection)
      (should-not (buffer-live-p buffer))
      (should-not repl-connect-connections))))

;;;; The list

(ert-deftest targets-the-list-shows-how-connections-are ()
  (targets-afresh
    (let* ((one (targets-directory "one"))
           (connection (targets-connect (targets-serve one)))
           (address (repl-connect-connection-address connection)))
      (repl-connect-list-connections)
      (goto-char (point-min))
      (should (search-forward address))
      (beginning-of-line)
      (should (looking-at-p ".*python +open .*__main__"))
      (testing-keys "u")
      (should (eq repl-connect--default connection))
      (should (looking-at-p " \\*"))
      (testing-keys "d")
      (should (looking-at-p ".* disconnected"))
      (testing-keys "r")
      (testing-until (looking-at-p ".*python +open "))
      (repl-connect-eval connection "import time; time.sleep(60)")
      (testing-until (looking-at-p ".*python +open +1 "))
      (testing-keys "RET")
      (should (eq (window-buffer) (repl-connect-connection-buffer connection))))))

(ert-deftest targets-the-list-has-a-line-for-each-whatever-its-namespace ()
  (targets-afresh
    (let ((connection (targets-connect (targets-serve (targets-directory "one")))))
      (setf (repl-connect-connection-namespace connection) "one\ntwo\e[31m")
      (repl-connect-list-connections)
      (should (testing-in-buffer-p "one two [31m"))
      (let ((timer repl-connect--list-timer))
        (should (memq timer timer-list))
        (kill-buffer)
        (repl-connect--list-refresh)
        (should-not (memq timer timer-list))))))

(provide 'targets-tests)
;;; targets-tests.el ends here
