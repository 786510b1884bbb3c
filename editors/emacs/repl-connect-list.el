;;; repl-connect-list.el --- The list of connections  -*- lexical-binding: t; -*-

;;; Commentary:

;; A table of all connections and how they are, which follows what happens to them as long as it
;; can be seen.

;;; Code:

(require 'tabulated-list)
(require 'repl-connect-asking)
(require 'repl-connect-reconnect)
(require 'repl-connect-targets)

(declare-function repl-connect "repl-connect")

(defconst repl-connect--list-name "*repl connections*"
  "The name of the buffer with the list.")

(defvar repl-connect--list-timer nil
  "The timer that keeps the list as it is, as long as there is one.")

(defvar repl-connect-list-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'repl-connect-list-go)
    (define-key map (kbd "d") #'repl-connect-list-disconnect)
    (define-key map (kbd "k") #'repl-connect-list-quit)
    (define-key map (kbd "r") #'repl-connect-list-reconnect)
    (define-key map (kbd "s") #'repl-connect-list-stop)
    (define-key map (kbd "u") #'repl-connect-list-use-default)
    (define-key map (kbd "c") #'repl-connect)
    map)
  "The keys of the list of connections.")

(define-derived-mode repl-connect-list-mode tabulated-list-mode "Connections"
  "The connections of this Emacs.
\\{repl-connect-list-mode-map}"
  (setq tabulated-list-format [("" 1 nil)
                               ("Address" 28 t)
                               ("Language" 11 t)
                               ("State" 22 t)
                               ("Runs" 5 t)
                               ("Namespace" 18 t)
                               ("Buffer" 24 t)
                               ("Project" 0 t)]
        tabulated-list-entries #'repl-connect--list-entries
        tabulated-list-padding 1)
  (tabulated-list-init-header))

(defun repl-connect--list-entries ()
  "Return a row for each connection."
  (mapcar
   (lambda (connection)
     (let* ((open (repl-connect-open-p connection))
            (buffer (repl-connect-connection-buffer connection))
            (running (length (repl-connect-connection-evaluations connection)))
            (project (repl-connect-project connection))
            (language (repl-connect-connection-language connection)))
       (list buffer
             (vector (if (eq connection repl-connect--default) "*" "")
                     (repl-connect-connection-address connection)
                     (if language (repl-connect-language-name language) "")
                     (if open "open" (repl-connect-state-words connection))
                     (if (zerop running) "" (number-to-string running))
                     (repl-connect-line (repl-connect-connection-namespace connection))
                     (buffer-name buffer)
                     (if project (abbreviate-file-name project) "")))))
   repl-connect-connections))

(defun repl-connect--list-refresh (&rest _)
  "Show in the list what has changed; not while nobody sees it."
  (let ((buffer (get-buffer repl-connect--list-name)))
    (cond
     ((not buffer)
      (when repl-connect--list-timer
        (cancel-timer repl-connect--list-timer)
        (setq repl-connect--list-timer nil)))
     ((get-buffer-window buffer t)
      (with-current-buffer buffer
        (tabulated-list-print t t))))))

(add-hook 'repl-connect-state-functions #'repl-connect--list-refresh)

(defun repl-connect--list-this ()
  "Return the connection of the line at point."
  (let ((buffer (tabulated-list-get-id)))
    (if (buffer-live-p buffer)
        (buffer-local-value 'repl-connect--connection buffer)
      (user-error "There is no connection on this line"))))

(defun repl-connect-list-go ()
  "Go to the REPL of the connection at point."
  (interactive)
  (pop-to-buffer (repl-connect-connection-buffer (repl-connect--list-this))))

(defun repl-connect--list-do (function)
  "Call FUNCTION with the connection at point, and show what comes of it."
  (funcall function (repl-connect--list-this))
  (repl-connect--list-refresh))

(defun repl-connect-list-disconnect ()
  "Leave the connection at point; its buffer stays."
  (interactive)
  (repl-connect--list-do #'repl-connect-disconnect))

(defun repl-connect-list-quit ()
  "Leave the connection at point, and kill its buffer."
  (interactive)
  (repl-connect--list-do #'repl-connect-quit))

(defun repl-connect-list-reconnect ()
  "Connect the connection at point again now."
  (interactive)
  (repl-connect--list-do #'repl-connect-reconnect))

(defun repl-connect-list-stop ()
  "Try no more to make the connection at point again."
  (interactive)
  (repl-connect--list-do #'repl-connect-reconnect-stop))

(defun repl-connect-list-use-default ()
  "Use the connection at point in buffers for which there is no other."
  (interactive)
  (repl-connect--list-do #'repl-connect-use-default))

;;;###autoload
(defun repl-connect-list-connections ()
  "List the connections of this Emacs, and how they are."
  (interactive)
  (let ((buffer (get-buffer-create repl-connect--list-name)))
    (with-current-buffer buffer
      (unless (derived-mode-p 'repl-connect-list-mode)
        (repl-connect-list-mode))
      (tabulated-list-print))
    (unless repl-connect--list-timer
      (setq repl-connect--list-timer (run-at-time 1 1 #'repl-connect--list-refresh)))
    (pop-to-buffer buffer)
    (when (null repl-connect-connections)
      (message "There are no connections: M-x repl-connect makes one."))))

(provide 'repl-connect-list)
;;; repl-connect-list.el ends here
