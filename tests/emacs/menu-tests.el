;;; menu-tests.el --- The menus  -*- lexical-binding: t; -*-

;;; Commentary:

;; What they offer is there, and only what can be done now can be chosen.

;;; Code:

(require 'testing)
(require 'repl-connect)
(require 'tmm)

(defun menu-items (map)
  "Return the items of MAP, a menu, and of those in it: (COMMAND . PROPERTIES)."
  (let ((items nil))
    (map-keymap
     (lambda (_ item)
       (when (eq (car-safe item) 'menu-item)
         (let ((definition (nth 2 item)))
           (cond
            ((keymapp definition) (setq items (append items (menu-items definition))))
            (definition (push (cons definition (nthcdr 3 item)) items))))))
     map)
    items))

(defun menu-offers-p (map command)
  "Whether COMMAND can be chosen in MAP, a menu, now."
  (let ((item (assq command (menu-items map))))
    (should item)
    (or (not (plist-member (cdr item) :enable))
        (and (eval (plist-get (cdr item) :enable) t) t))))

(ert-deftest menu-everything-in-it-is-a-command-with-help ()
  (dolist (map (list repl-connect-menu-repl repl-connect-menu-source))
    (should (> (length (menu-items map)) 15))
    (pcase-dolist (`(,command . ,properties) (menu-items map))
      (should (commandp command))
      (should (stringp (plist-get properties :help))))))

(ert-deftest menu-without-a-connection-only-what-makes-one-can-be-chosen ()
  (let ((repl-connect-connections nil))
    (with-temp-buffer
      (should (menu-offers-p repl-connect-menu-source 'repl-connect))
      (should (menu-offers-p repl-connect-menu-source 'repl-connect-local))
      (dolist (command '(repl-connect-eval-last repl-connect-interrupt-here
                         repl-connect-reconnect repl-connect-disconnect
                         repl-connect-list-connections repl-connect-documentation))
        (should-not (menu-offers-p repl-connect-menu-source command))))))

(ert-deftest menu-what-can-be-chosen-depends-on-the-connection ()
  (let ((repl-connect-connections nil))
    (testing-afresh
      (let* ((place (expand-file-name "repl.sock" (make-temp-file (expand-file-name "../m") t)))
             (program (testing-start-program "python_server" place))
             (connection (repl-connect (testing-program-address program))))
        (testing-until (repl-connect-open-p connection))
        (should (menu-offers-p repl-connect-menu-repl 'repl-connect-documentation))
        (should (menu-offers-p repl-connect-menu-repl 'repl-connect-disconnect))
        (should-not (menu-offers-p repl-connect-menu-repl 'repl-connect-reconnect))
        (should-not (menu-offers-p repl-connect-menu-repl 'repl-connect-interrupt))
        (repl-connect-repl-eval connection "import time; time.sleep(60)")
        (should (menu-offers-p repl-connect-menu-repl 'repl-connect-interrupt))
        (repl-connect-disconnect connection)
        (should (menu-offers-p repl-connect-menu-repl 'repl-connect-reconnect))
        (should-not (menu-offers-p repl-connect-menu-repl 'repl-connect-disconnect))
        (repl-connect-quit connection)))))

(ert-deftest menu-there-is-one-without-the-transient-library ()
  (let ((asked nil)
        (load (symbol-function 'require)))
    (cl-letf (((symbol-function 'require)
               (lambda (feature &rest rest)
                 (unless (eq feature 'transient)
                   (apply load feature rest))))
              ((symbol-function 'tmm-prompt) (lambda (menu &rest _) (setq asked menu))))
      (with-temp-buffer
        (repl-connect-menu)))
    (should (eq asked repl-connect-menu-source))))

(provide 'menu-tests)
;;; menu-tests.el ends here
