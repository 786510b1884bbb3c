;;; repl-connect-actions.el --- What the plain `,' commands do  -*- lexical-binding: t; -*-

;;; Commentary:

;; Evaluating, the last value and error, namespaces, sessions, the connection.  Each function is
;; called with a connection and the argument that was typed, in the REPL buffer.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-asking)
(require 'repl-connect-comint)
(require 'repl-connect-definitions)
(require 'repl-connect-doctor)
(require 'repl-connect-reconnect)

(defconst repl-connect--largest-file (* 16 1024 1024)
  "Bytes of the largest file that is sent.")

;;;; Evaluating

(defun repl-connect--load (connection argument)
  "Evaluate the file that ARGUMENT names on CONNECTION, as it is on disk."
  (let* ((file (expand-file-name (string-trim argument "[\"']" "[\"']")))
         (attributes (file-attributes (file-truename file)))
         (problem (cond
                   ((null attributes) ": there is no such file.  The path is one of this machine.")
                   ((not (file-regular-p file)) " is no file: not sent.")
                   ((not (file-readable-p file)) " can't be read: look at its permissions.")
                   ((> (file-attribute-size attributes) repl-connect--largest-file)
                    " is larger than 16 MiB: not sent."))))
    (if problem
        (repl-connect-tell connection "%s%s" (abbreviate-file-name file) problem)
      (repl-connect-repl-eval connection
                              (with-temp-buffer
                                (insert-file-contents file)
                                (buffer-string))
                              :file (repl-connect-path-there file connection) :as-file t))))

(defun repl-connect--time (connection code)
  "Evaluate CODE on CONNECTION and say how long that took."
  (let* ((evaluation (repl-connect-repl-eval connection code))
         (done (repl-connect-evaluation-on-done evaluation)))
    (setf (repl-connect-evaluation-on-done evaluation)
          (lambda (evaluation problem)
            (unless problem
              (repl-connect-note
               connection "It took %s."
               (repl-connect-duration
                (- (float-time) (repl-connect-evaluation-started evaluation)))))
            (funcall done evaluation problem)))))

(defun repl-connect--pending (connection _)
  "Show the evaluations of CONNECTION that are under way or queued."
  (let ((evaluations (repl-connect-connection-evaluations connection)))
    (if (null evaluations)
        (repl-connect-note connection "Nothing runs.")
      (repl-connect-show-table
       connection '("state" "code")
       (mapcar (lambda (evaluation)
                 (list (cond ((not (eq evaluation (car evaluations))) "queued")
                             ((repl-connect-evaluation-interrupting evaluation) "asked to stop")
                             (t "running"))
                       (repl-connect-evaluation-code evaluation)))
               evaluations)))))

;;;; The last value and the last error

(defun repl-connect--page (connection _)
  "Show the whole last value of CONNECTION in a buffer of its own."
  (let ((value (repl-connect--value connection)))
    (repl-connect-view "*repl value*" #'special-mode
                       (lambda ()
                         (insert (repl-connect-language-fontify
                                  (repl-connect-visible value)
                                  (repl-connect-connection-language connection)))))))

(defun repl-connect--save (connection file)
  "Write the whole last value of CONNECTION to FILE."
  (repl-connect-write connection
                      (concat (string-trim-right (repl-connect--value connection) "\n") "\n")
                      file
                      (if (repl-connect-property connection :last-value-cut)
                          "The last value is in %s.  The other side sent only the beginning."
                        "The last value is in %s.")))

(defun repl-connect--value (connection)
  "Return the text of the last value of CONNECTION."
  (or (repl-connect-last-value connection) (user-error "%s" "There is no value yet.")))

(defun repl-connect--traceback (connection _)
  "Show the whole text of the last error of CONNECTION in a buffer of its own."
  (if-let ((text (repl-connect-last-error connection)))
      (repl-connect-view "*repl error*" #'special-mode
                         (lambda () (insert (repl-connect-clean text))))
    (repl-connect-tell connection "There was no error yet.")))

;;;; Namespaces

(defun repl-connect--ns (connection name)
  "Evaluate in the namespace NAME on CONNECTION from now on, if it is there.
To find that out, nothing is evaluated in it.  Tell which it is if NAME
is empty."
  (let ((session (repl-connect-connection-session connection))
        (present (repl-connect-connection-namespace connection)))
    (if (string-empty-p name)
        (repl-connect-note connection "%s"
                           (if present
                               (format "Evaluates in %s.  ,ns NAME goes to another."
                                       (repl-connect-line present))
                             "The namespace is not known yet.  ,ns NAME goes to one."))
      (repl-connect-inquire
       connection `(("op" . "eval") ("code" . "") ("ns" . ,name)
                    ,@(and session `(("session" . ,session))))
       (lambda (reply)
         (if (member "namespace-not-found" (repl-connect-statuses reply))
             (repl-connect-tell-refusal connection reply "has none")
           (setf (repl-connect-connection-namespace connection) name)
           (repl-connect-put connection :namespace-entered t)
           (repl-connect-note connection "Evaluates in %s from now on." (repl-connect-line name))
           (repl-connect-state-changed connection)))))))

;;;; Sessions

(defun repl-connect--sessions-list (connection _)
  "Show the sessions on the other side of CONNECTION, and whose they are."
  (repl-connect-inquire
   connection '(("op" . "ls-sessions"))
   (lambda (reply)
     (let ((idents (repl-connect-texts reply "sessions")))
       (if (repl-connect-supports-p connection "repl-server/clients")
           (repl-connect-inquire
            connection '(("op" . "repl-server/clients"))
            (lambda (reply)
              (repl-connect--show-sessions connection idents
                                           (repl-connect-maps reply "clients"))))
         (repl-connect--show-sessions connection idents nil))))))

(defun repl-connect--show-sessions (connection idents clients)
  "Show the sessions IDENTS of CONNECTION, our own first.
CLIENTS have the others."
  (let* ((user (repl-connect-connection-session connection))
         (tool (repl-connect-connection-tool-session connection))
         (ours (append (list user tool) (repl-connect-connection-sessions connection))))
    (cl-flet ((whose (ident)
                (cond
                 ((equal ident user) "you evaluate in it")
                 ((equal ident tool) "yours, for completion")
                 ((member ident ours) "yours")
                 (t (mapconcat (lambda (client)
                                 (format "%s %s" (repl-connect-get client "client")
                                         (or (repl-connect-get client "name") "")))
                               (seq-filter (lambda (client)
                                             (member ident (repl-connect-texts client "sessions")))
                                           clients)
                               ", ")))))
      (repl-connect-show-table
       connection '("" "session" "whose")
       (mapcar (lambda (ident) (list (if (equal ident user) "*" "") ident (whose ident)))
               (append (seq-intersection idents ours) (seq-difference idents ours)))))))

(defun repl-connect--session (connection argument)
  "Show or change the sessions of CONNECTION according to ARGUMENT."
  (pcase (split-string argument)
    ('()
     (repl-connect-show-facts connection (repl-connect--session-facts connection)))
    ('("new") (repl-connect--open-session connection nil))
    ('("clone") (repl-connect--open-session connection t))
    (`("use" ,ident)
     (repl-connect--with-session connection ident #'repl-connect--use-session))
    ('("close")
     (repl-connect--close-session connection (repl-connect-connection-session connection)))
    (`("close" ,ident)
     (repl-connect--with-session connection ident #'repl-connect--close-session))
    (_ (repl-connect-tell connection
                          ",session takes: new, clone, use ID, close or close ID."))))

(defun repl-connect--session-facts (connection)
  "Return what is known of the session of CONNECTION, an alist."
  `(("session" . ,(or (repl-connect-connection-session connection)
                      "none: this server has no sessions"))
    ("completion" . ,(repl-connect-connection-tool-session connection))
    ("namespace" . ,(repl-connect-connection-namespace connection))))

(defun repl-connect--with-session (connection text function)
  "Call FUNCTION with CONNECTION and the session of it that TEXT means."
  (if (not (repl-connect-supports-p connection "ls-sessions"))
      (funcall function connection text)
    (repl-connect-inquire
     connection '(("op" . "ls-sessions"))
     (lambda (reply)
       (when-let ((found (repl-connect-meant connection text
                                             (repl-connect-texts reply "sessions") "session")))
         (funcall function connection found))))))

(defun repl-connect--open-session (connection copy &optional instead)
  "Open a session on CONNECTION and evaluate in it.
With COPY it is one like the present.  INSTEAD is one to close then."
  (let ((before (repl-connect-connection-session connection)))
    (repl-connect-inquire
     connection `(("op" . "clone") ("repl-server/keep" . ,repl-connect-keep)
                  ,@repl-connect--client-fields
                  ,@(and copy before `(("session" . ,before))))
     (lambda (reply)
       (if-let ((ident (repl-connect-text reply "new-session")))
           (progn
             (push ident (repl-connect-connection-sessions connection))
             (repl-connect--enter-session connection ident (not copy))
             (repl-connect-note connection "%s: %s.%s"
                                (if copy "A copy of the session" "A new session")
                                (repl-connect-line ident)
                                (if (and before (not instead))
                                    (format "  ,session use %s goes back."
                                            (repl-connect-short-id before))
                                  ""))
             (when instead
               (repl-connect--close-session connection instead)))
         (repl-connect-tell connection "The other side opened no session."))))))

(defun repl-connect--enter-session (connection ident fresh)
  "Evaluate in the session IDENT of CONNECTION from now on.
With FRESH it is not known to be in the present namespace."
  (setf (repl-connect-connection-session connection) ident)
  (when fresh
    (repl-connect-put connection :namespace-entered nil)
    (setf (repl-connect-connection-namespace connection)
          (repl-connect-aux connection "current-ns")))
  (repl-connect-state-changed connection))

(defun repl-connect--use-session (connection ident)
  "Evaluate in the session IDENT of CONNECTION from now on, and say so."
  (cond
   ((equal ident (repl-connect-connection-session connection))
    (repl-connect-note connection "You evaluate in it already."))
   ((equal ident (repl-connect-connection-tool-session connection))
    (repl-connect-tell connection
                       "That session is the one for completion.  ,session new opens another."))
   (t
    (repl-connect--enter-session connection ident t)
    (repl-connect-note connection "Evaluates in session %s from now on."
                       (repl-connect-line ident)))))

(defun repl-connect--close-session (connection ident)
  "Close the session IDENT of CONNECTION.
If it is the one we evaluate in, another is opened before."
  (cond
   ((null ident) (repl-connect-tell connection "This server has no sessions."))
   ((equal ident (repl-connect-connection-tool-session connection))
    (repl-connect-tell connection "That session is the one for completion: it stays."))
   ((equal ident (repl-connect-connection-session connection))
    (repl-connect--open-session connection nil ident))
   (t
    (repl-connect-inquire
     connection `(("op" . "close") ("session" . ,ident))
     (lambda (_)
       (setf (repl-connect-connection-sessions connection)
             (remove ident (repl-connect-connection-sessions connection)))
       (repl-connect-note connection "Session %s is closed." (repl-connect-line ident)))))))

;;;; The connection

(defun repl-connect--connection-facts (connection _)
  "Show what is known of CONNECTION, and how fast it answers now."
  (repl-connect-round-trip connection
                           (lambda (took) (repl-connect--show-connection connection took))))

(defun repl-connect--show-connection (connection took)
  "Show what is known of CONNECTION; a question TOOK so many seconds."
  (let* ((ops (sort (copy-sequence (repl-connect-ops connection)) #'string<))
         (own (seq-filter (lambda (op) (string-prefix-p "repl-server/" op)) ops)))
    (repl-connect-show-facts
     connection
     `(("address" . ,(repl-connect-connection-address connection))
       ("program" . ,(repl-connect-greeting connection))
       ("reached" . ,(repl-connect--how-reached connection))
       ("language" . ,(repl-connect-language-name (repl-connect-connection-language connection)))
       ,@(repl-connect--session-facts connection)
       ("round trip" . ,(format "%.2f ms" (* 1000 took)))
       ("ops" . ,(string-join (seq-difference ops own) " "))
       ("repl-server/" . ,(mapconcat (lambda (op) (string-remove-prefix "repl-server/" op))
                                     own " "))
       ("client" . ,(repl-connect--client-words))))))

(defun repl-connect--client-words ()
  "Return the versions on this side."
  (format "repl-connect.el %s, Emacs %s" (repl-connect-version) emacs-version))

(defun repl-connect--versions (connection _)
  "Tell the versions of both sides of CONNECTION."
  (repl-connect-note connection "%s%s." (repl-connect--client-words)
                     (if (repl-connect-connection-description connection)
                         (concat "; there: " (repl-connect-greeting connection))
                       "")))

(defun repl-connect--reconnect-command (connection argument)
  "Connect CONNECTION again, or stop trying to, according to ARGUMENT."
  (pcase argument
    ("" (repl-connect-reconnect connection))
    ("stop" (repl-connect-reconnect-stop connection))
    (_ (repl-connect-tell connection
                          ",reconnect connects again now, ,reconnect stop stops trying."))))

(provide 'repl-connect-actions)
;;; repl-connect-actions.el ends here
