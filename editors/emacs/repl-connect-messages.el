;;; repl-connect-messages.el --- What nREPL messages say  -*- lexical-binding: t; -*-

;;; Commentary:

;; Reading the replies of nREPL servers, which differ in the shapes they give the same things.

;;; Code:

(require 'seq)
(require 'subr-x)

(defsubst repl-connect-get (message key)
  "Return what MESSAGE has under KEY, a string."
  (cdr (assoc key message)))

(defun repl-connect-text (message key)
  "Return the text that MESSAGE has under KEY; nil for none, or what is no text."
  (let ((value (repl-connect-get message key)))
    (and (stringp value) (not (string-empty-p value)) value)))

(defun repl-connect-statuses (message)
  "Return the statuses of MESSAGE, a list of strings."
  (let ((status (repl-connect-get message "status")))
    (cond ((stringp status) (list status))
          ((vectorp status) (seq-filter #'stringp status)))))

(defun repl-connect-last-p (message)
  "Whether no more replies come after MESSAGE.
Some servers end in errors without `done'."
  (let ((statuses (repl-connect-statuses message)))
    (and (or (member "done" statuses) (member "error" statuses)) t)))

(defun repl-connect-refusal (message otherwise)
  "Return in words why MESSAGE refuses a request.
OTHERWISE says what was not done, if it does not say."
  (let* ((statuses (repl-connect-statuses message))
         (rest (seq-difference statuses '("done" "error"))))
    (cond
     ((repl-connect-text message "err") (string-trim (repl-connect-text message "err")))
     ((repl-connect-text message "message") (string-trim (repl-connect-text message "message")))
     ((member "namespace-not-found" statuses)
      (if-let ((name (repl-connect-text message "ns")))
          (format "There is no namespace %s there." name)
        "There is no such namespace there."))
     ((member "unknown-session" statuses)
      "The session is gone on the other side: reconnect.")
     ((member "no-code" statuses) "There was no code to evaluate.")
     (t (format "The other side %s: %s." otherwise
                (if rest (string-join rest ", ") "no reason given"))))))

(provide 'repl-connect-messages)
;;; repl-connect-messages.el ends here
