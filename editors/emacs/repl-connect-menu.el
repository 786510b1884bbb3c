;;; repl-connect-menu.el --- Menus  -*- lexical-binding: t; -*-

;;; Commentary:

;; The menus of REPL buffers and of source buffers, and `repl-connect-menu', which shows what can
;; be done at one key each.

;;; Code:

(require 'easymenu)
(require 'repl-connect-comint)
(require 'repl-connect-mode)
(require 'repl-connect-reconnect)
(require 'repl-connect-targets)

(declare-function repl-connect-transient "repl-connect-transient")
(declare-function tmm-prompt "tmm")

(defun repl-connect-menu-p (&rest states)
  "Whether the connection of the current buffer is in one of STATES.
Besides its own there are `due', if it will be made again by itself, and
`running', if an evaluation is under way."
  (when-let ((connection (repl-connect-current-connection)))
    (and (or (memq (repl-connect-connection-state connection) states)
             (and (memq 'due states) (repl-connect-property connection :due))
             (and (memq 'running states) (repl-connect-connection-evaluations connection)))
         t)))

(defun repl-connect-menu--items (&rest rows)
  "Return ROWS as easymenu has them.
A row is a label, a command, a help text, and when it can be chosen: the
states that `repl-connect-menu-p' takes, a form, or nothing if always.
What is no such row stays as it is."
  (mapcar (lambda (row)
            (pcase row
              (`(,label ,command ,(and help (pred stringp)) . ,states)
               (vector label command :help help
                       :active (cond ((null states) t)
                                     ((consp (car states)) (car states))
                                     (t `(apply #'repl-connect-menu-p ',states)))))
              (_ row)))
          rows))

(defconst repl-connect-menu-end
  (append
   (repl-connect-menu--items
    '("Held Errors…" repl-connect-restarts "Choose how a program that an error holds goes on" open)
    "--"
    '("Documentation" repl-connect-documentation "What is known about the name at point" open)
    '("Go to the Definition" xref-find-definitions "Visit where the name at point is defined" open)
    '("Search Names" repl-connect-apropos "Names that have a text in them" open)
    "--")
   (list
    (cons
     "Connection"
     (repl-connect-menu--items
      '("Connect…" repl-connect "Connect to a socket, host:port, a port, or a partner")
      '("Connect to a Socket…" repl-connect-local "Connect to a Unix socket, which is a file")
      '("List of Connections" repl-connect-list-connections "All connections and how they are"
        (consp repl-connect-connections))
      "--"
      '("Use for This Buffer…" repl-connect-use "Choose where code of this buffer goes to"
        (and repl-connect-connections (not repl-connect--connection)))
      '("Use by Default…" repl-connect-use-default "Choose for buffers that have no other"
        (consp repl-connect-connections))
      "--"
      '("Connect Again" repl-connect-reconnect "Try now to make the connection again" lost closed)
      '("Stop Connecting" repl-connect-reconnect-stop "Try no more to make it" connecting due)
      '("Disconnect" repl-connect-disconnect "Leave; the buffer stays" open connecting lost)
      '("Quit" repl-connect-quit "Leave and kill the buffer" open connecting lost)
      "--"
      '("What Is Wrong" repl-connect-doctor "Look at everything a connection needs"))))
   (repl-connect-menu--items
    '("Options" (customize-group 'repl-connect) "Change how repl-connect does things")))
  "What both menus have at their end.")

(easy-menu-define repl-connect-menu-repl repl-connect-comint-mode-map
  "Menu of REPL buffers."
  (append
   '("REPL")
   (repl-connect-menu--items
    '("Send As It Is" repl-connect-send-input "Send what is typed, complete or not" open)
    '("Previous Input" comint-previous-input "What was sent before")
    '("Search in the History" comint-history-isearch-backward-regexp
      "Search what was sent before")
    '("Delete the Last Output" repl-connect-delete-output "Delete what came since the last input")
    '("Clear the Buffer" repl-connect-clear "Delete all that was shown")
    "--"
    '("Source Buffer" repl-connect-switch-to-repl "Go back to the source buffer used last")
    '("Interrupt" repl-connect-interrupt "Stop what runs" running))
   repl-connect-menu-end))

(easy-menu-define repl-connect-menu-source repl-connect-mode-map
  "Menu of source buffers."
  (append
   '("REPL")
   (repl-connect-menu--items
    '("Evaluate the Last Form" repl-connect-eval-last "Send the form before point" open)
    '("Evaluate the Definition" repl-connect-eval-definition "Send that around point" open)
    '("Evaluate the Region" repl-connect-eval-region "Send what is selected"
      (and mark-active (repl-connect-menu-p 'open)))
    '("Evaluate the Buffer" repl-connect-eval-buffer "Send all of the buffer as it is now" open)
    '("Evaluate an Expression…" repl-connect-eval-expression "Send what you type" open)
    '("Evaluate the Same Again" repl-connect-eval-again "Send the last again, as it is now" open)
    '("Load a File…" repl-connect-load-file "Send a file as it is on the disk" open)
    "--"
    '("Show the Whole Value" repl-connect-show-value "Show all of the last value in a window")
    '("Remove Results" repl-connect-clear-results "Remove the values shown in the text")
    "--"
    '("Go to the REPL" repl-connect-switch-to-repl "Show the REPL that code goes to")
    '("Interrupt" repl-connect-interrupt-here "Stop what runs" running))
   repl-connect-menu-end))

;;;###autoload
(defun repl-connect-menu ()
  "Show what can be done with the REPL of this buffer, at one key each."
  (interactive)
  (if (and (require 'transient nil t)
           (require 'repl-connect-transient nil t))
      (repl-connect-transient)
    (message "There is no transient library: this is the menu of the menu bar.")
    (require 'tmm)
    (tmm-prompt (if repl-connect--connection repl-connect-menu-repl repl-connect-menu-source))))

(provide 'repl-connect-menu)
;;; repl-connect-menu.el ends here
