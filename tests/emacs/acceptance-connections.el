;;; acceptance-connections.el --- Deeds with connections  -*- lexical-binding: t; -*-

;;; Commentary:

;; Connecting, leaving, choosing; the list of connections.

;;; Code:

(require 'acceptance-desk)

(defun acceptance-other ()
  "Return another connection to the program, in its buffer, which is current then."
  (let ((connection (repl-connect (testing-address) t)))
    (testing-until (repl-connect-open-p connection))
    (testing-until-prompt)
    connection))

(acceptance-deed connecting
    (:list ("c") :commands (repl-connect))
  (repl-connect-list-connections)
  (acceptance-do (testing-address))
  (should (eq (window-buffer) acceptance-buffer))
  (repl-connect-list-connections)
  (setq acceptance-way (vconcat (kbd "C-u") acceptance-way))
  (acceptance-do (testing-address))
  (should-not (eq (window-buffer) acceptance-buffer))
  (let ((connection repl-connect--connection))
    (testing-until-prompt)
    (should (repl-connect-open-p connection))
    (repl-connect-quit connection)))

(acceptance-deed connecting-to-a-socket
    (:commands (repl-connect-local))
  (when (file-name-absolute-p (testing-address))
    (switch-to-buffer "*scratch*")
    (let ((default-directory (file-name-directory (testing-address))))
      (acceptance-do (file-name-nondirectory (testing-address))))
    (should (eq (window-buffer) acceptance-buffer))))

(acceptance-deed disconnecting-and-connecting-again
    (:repl ("C-d") :list ("d") :commands (repl-connect-disconnect))
  (let ((connection (acceptance-other)))
    (pcase acceptance-way
      ((pred (equal (kbd "C-d"))) (setq acceptance-way (vconcat acceptance-way "y")))
      ((pred (equal (kbd "d"))) (acceptance-in-list connection)))
    (acceptance-do)
    (should (eq (repl-connect-connection-state connection) 'closed))
    (should (repl-connect-open-p (acceptance-connection)))
    (repl-connect-quit connection)))

(acceptance-deed quitting
    (:list ("k") :commands (repl-connect-quit))
  (let* ((connection (acceptance-other))
         (buffer (current-buffer)))
    (when (equal acceptance-way (kbd "k"))
      (acceptance-in-list connection))
    (acceptance-do)
    (should-not (buffer-live-p buffer))
    (should-not (memq connection repl-connect-connections))))

(acceptance-deed connecting-again
    (:list ("r") :commands (repl-connect-reconnect))
  (let ((connection (acceptance-other)))
    (repl-connect-disconnect connection)
    (when (equal acceptance-way (kbd "r"))
      (acceptance-in-list connection))
    (acceptance-do)
    (testing-until (repl-connect-open-p connection))
    (testing-until-prompt (repl-connect-connection-buffer connection))
    (repl-connect-quit connection)))

(acceptance-deed connecting-no-more
    (:list ("s") :repl ("C-c C-c") :commands (repl-connect-reconnect-stop))
  (let ((connection (acceptance-other)))
    (delete-process (repl-connect-connection-process connection))
    (testing-until (repl-connect-property connection :due))
    (when (equal acceptance-way (kbd "s"))
      (acceptance-in-list connection))
    (acceptance-do)
    (should-not (repl-connect-property connection :due))
    (testing-until-shown "Stopped connecting." (repl-connect-connection-buffer connection))
    (repl-connect-quit connection)))

(defun acceptance-in-list (connection)
  "Go to CONNECTION in the list of all."
  (repl-connect-list-connections)
  (goto-char (point-min))
  (while (not (eq (repl-connect--list-this) connection))
    (should (zerop (forward-line)))))

(acceptance-deed the-list-of-connections
    (:commands (repl-connect-list-connections))
  (acceptance-do)
  (should (derived-mode-p 'repl-connect-list-mode))
  (should (testing-in-buffer-p (buffer-name acceptance-buffer))))

(acceptance-deed from-the-list-to-a-connection
    (:list ("RET") :commands (repl-connect-list-go))
  (acceptance-in-list (acceptance-connection))
  (acceptance-do)
  (should (eq (window-buffer) acceptance-buffer)))

(acceptance-deed a-default
    (:list ("u") :commands (repl-connect-list-use-default repl-connect-use-default))
  (let ((repl-connect--default nil))
    (acceptance-in-list (acceptance-connection))
    (apply #'acceptance-do
           (and (equal acceptance-way (vconcat (kbd "M-x") "repl-connect-use-default\r"))
                '("")))
    (should (eq repl-connect--default (acceptance-connection)))))

(acceptance-deed a-connection-for-the-buffer
    (:commands (repl-connect-use))
  (acceptance-source "")
  (acceptance-do "")
  (should (equal (repl-connect-current-scope) (cons (acceptance-connection) 'buffer))))

(acceptance-deed restarts-where-nothing-is-held
    (:commands (repl-connect-restarts))
  (let ((offered (repl-connect-supports-p (acceptance-connection) "repl-server/held")))
    (condition-case error
        (progn (acceptance-do)
               (should offered)
               (testing-until-said repl-connect--no-held))
      (user-error (should-not offered)
                  (should (string-search "do not hold the program" (cadr error)))))))

(acceptance-deed what-is-wrong
    (:commands (repl-connect-doctor))
  (acceptance-do "")
  (testing-until-shown (testing-address) (get-buffer "*repl doctor*")))

(acceptance-deed the-version
    (:commands (repl-connect-version))
  (acceptance-do)
  (testing-until-said (repl-connect-version)))

(provide 'acceptance-connections)
;;; acceptance-connections.el ends here
