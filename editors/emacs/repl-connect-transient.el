;;; repl-connect-transient.el --- What can be done, at one key each  -*- lexical-binding: t; -*-

;;; Commentary:

;; Loaded by `repl-connect-menu', where there is the transient library.

;;; Code:

(require 'transient)
(require 'repl-connect-menu)

(declare-function repl-connect "repl-connect")
(declare-function repl-connect-doctor "repl-connect-doctor")
(declare-function repl-connect-list-connections "repl-connect-list")
(declare-function repl-connect-local "repl-connect")

(defun repl-connect-transient--heading ()
  "Return in words which connection is meant, and how it is."
  (let ((connection (repl-connect-current-connection)))
    (if (null connection)
        "Not connected"
      (format "%s: %s" (repl-connect-connection-address connection)
              (or (repl-connect-state-words connection) "open")))))

(transient-define-prefix repl-connect-transient ()
  "What can be done with the REPL of this buffer."
  [:description repl-connect-transient--heading
   ["Evaluate"
    :if-not (lambda () repl-connect--connection)
    ("e" "last form" repl-connect-eval-last)
    ("d" "definition" repl-connect-eval-definition)
    ("r" "region" repl-connect-eval-region)
    ("b" "buffer" repl-connect-eval-buffer)
    ("l" "file" repl-connect-load-file)
    (":" "expression" repl-connect-eval-expression)
    ("a" "the same again" repl-connect-eval-again)]
   ["Program"
    ("i" "interrupt" repl-connect-interrupt-here)
    ("t" "held errors" repl-connect-restarts)
    ("z" "REPL and back" repl-connect-switch-to-repl)
    ("h" "documentation" repl-connect-documentation)
    ("." "definition" xref-find-definitions)]
   ["Connection"
    ("c" "connect" repl-connect)
    ("s" "connect to a socket" repl-connect-local)
    ("L" "list of connections" repl-connect-list-connections)
    ("u" "use for this buffer" repl-connect-use)
    ("U" "use by default" repl-connect-use-default)]
   [""
    ("g" "connect again" repl-connect-reconnect)
    ("G" "stop connecting" repl-connect-reconnect-stop)
    ("q" "disconnect" repl-connect-disconnect)
    ("Q" "quit" repl-connect-quit)
    ("?" "what is wrong" repl-connect-doctor)]])

(provide 'repl-connect-transient)
;;; repl-connect-transient.el ends here
