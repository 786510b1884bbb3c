;;; addresses-tests.el --- What addresses mean, and why they fail  -*- lexical-binding: t; -*-

;;; Code:

(require 'testing)
(require 'repl-connect-transport)

(defun addresses-tests--open (address)
  "Open ADDRESS: return the connection, or the words by which that has failed."
  (let ((connection (repl-connect-connection--make :address address))
        (ended nil))
    (repl-connect-transport-open connection
                                 :on-ready (lambda (connection) (setq ended connection))
                                 :on-failed (lambda (_ words) (setq ended words)))
    (testing-until ended)))

(defun addresses-tests--fails (address words)
  "Check that ADDRESS can't be opened, that it is said once and WORDS are in it."
  (let ((said (addresses-tests--open address)))
    (should (stringp said))
    (should (string-prefix-p (concat address ": ") said))
    (should-not (string-search address said 1))
    (should (string-search words said))
    (should-not (string-search "\n" said))))

(ert-deftest addresses-says-why-it-can-not-connect ()
  (testing-afresh
    (let ((plain (expand-file-name "plain")))
      (write-region "" nil plain nil 'quiet)
      (dolist (command (list nil #'ignore))
        (cl-letf (((symbol-function 'repl-connect-command)
                   (or command (symbol-function 'repl-connect-command))))
          (addresses-tests--fails "./nothing.sock" "no such socket")
          (addresses-tests--fails "localhost:1" "listens")))
      (addresses-tests--fails plain "not a socket")
      (addresses-tests--fails "nrepl://localhost:1" "nobody listens")
      (addresses-tests--fails "@nobody" "partners"))
    (cl-letf (((symbol-function 'repl-connect-command) #'ignore))
      (addresses-tests--fails "@nobody" "needs the repl-connect command"))
    (let ((repl-connect-command '("/no/such/program")))
      (addresses-tests--fails "localhost:1" "there is no program /no/such/program"))
    (should-error (repl-connect-address-where "no address") :type 'user-error)))

(ert-deftest addresses-says-when-permissions-are-missing ()
  (testing-afresh
    (let ((path (make-temp-name (expand-file-name "../run/p" default-directory))))
      (make-network-process :name "server" :server t :family 'local :service path :noquery t)
      ;; As it is raised for everybody but root.
      (cl-letf (((symbol-function 'make-network-process)
                 (lambda (&rest _)
                   (signal 'file-error
                           (list "make client process failed" "Permission denied" path))))
                ((symbol-function 'repl-connect-command) #'ignore))
        (addresses-tests--fails path "its permissions are for others")))))

(ert-deftest addresses-words-what-the-system-says ()
  (should (string-search "permissions" (repl-connect--network-words "Permission denied")))
  (should (string-search "nobody listens" (repl-connect--network-words
                                           "failed with code 111\n"))))

(ert-deftest addresses-reads-addresses ()
  (let ((default-directory "/here/"))
    (pcase-dolist (`(,address . ,where)
                   '(("./x" :path "/here/x")
                     ("/a/b" :path "/a/b")
                     ("unix:x" :path "/here/x")
                     ("unix:///a/x" :path "/a/x")
                     ("nrepl+unix:x" :path "/here/x" :nrepl t)
                     ("nrepl+unix:///a/x" :path "/a/x" :nrepl t)
                     ("7888" :host "localhost" :port 7888)
                     ("far:1" :host "far" :port 1)
                     ("[::1]:1" :host "::1" :port 1)
                     ("nrepl://far:1/" :host "far" :port 1 :nrepl t)
                     ("nrepl://far" :host "far" :port 7888 :nrepl t)
                     ("ssh://far/x")
                     ("http://far:1")
                     ("@sim")))
      (should (equal (repl-connect-address-where address) where)))
    (dolist (text '("" "x y" "far:0" "far:65536" "far:"))
      (should-error (repl-connect-address-where text) :type 'user-error))))

(ert-deftest addresses-finds-a-port-file-upwards ()
  (let ((deep (expand-file-name "a/b/")))
    (make-directory deep t)
    (write-region "7999\n" nil (expand-file-name ".nrepl-port") nil 'quiet)
    (unwind-protect
        (should (equal (repl-connect-port-file-address deep) "nrepl://localhost:7999"))
      (delete-file (expand-file-name ".nrepl-port")))
    (should-not (repl-connect-port-file-address deep))))

(provide 'addresses-tests)
;;; addresses-tests.el ends here
