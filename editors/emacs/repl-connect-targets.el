;;; repl-connect-targets.el --- Which connection code goes to  -*- lexical-binding: t; -*-

;;; Commentary:

;; The connections there are, and which of them a buffer uses: the one chosen for it
;; (`repl-connect-use'), one of its project, or one that is used where there is no other.  Of
;; several the last one used counts, and one whose language is the very one of the buffer goes
;; before one of its kin.  Code is never sent where another language is spoken, except from a
;; buffer that was given that connection itself.

;;; Code:

(require 'cl-lib)
(require 'project)
(require 'seq)
(require 'repl-connect-client)
(require 'repl-connect-languages)
(require 'repl-connect-prompt)

(defvar repl-connect-connections nil
  "The connections of this Emacs, the one used last first.")

(defvar repl-connect-state-functions nil
  "Functions called with a connection whose state has changed.
`repl-connect-connection-state' says what it is now.")

(defvar repl-connect--default nil
  "The connection that was chosen for buffers which have no other, or nil.")

(defvar-local repl-connect--chosen nil
  "The connection that was chosen for this buffer, or nil.")
(put 'repl-connect--chosen 'permanent-local t)

(defvar-local repl-connect--place nil
  "A cons of `default-directory' and where that is, links followed.")

;;;; What is known of a connection

(defun repl-connect-state-changed (connection)
  "Have it seen that the state of CONNECTION is another now."
  (force-mode-line-update t)
  (repl-connect-run-hook 'repl-connect-state-functions connection))

(defun repl-connect-state-words (connection)
  "Return in words how CONNECTION is; nil if it is open."
  (let ((due (repl-connect-property connection :due)))
    (pcase (repl-connect-connection-state connection)
      ('open nil)
      ('closed "disconnected")
      ('connecting (if (repl-connect-property connection :was-open)
                       "connecting again"
                     "connecting"))
      (_ (cond
          (due (format "connecting again in %d s" (max 1 (round (- due (float-time))))))
          ((repl-connect-property connection :was-open) "lost")
          (t "not connected"))))))

(defun repl-connect--target-p (connection)
  "Whether CONNECTION is one that code may go to now or, if it was lost, will."
  (pcase (repl-connect-connection-state connection)
    ((or 'open 'connecting) t)
    ('lost (repl-connect-property connection :was-open))))

;;;; Projects

(defun repl-connect--followed (directory)
  "Return DIRECTORY with its links followed, if it is on this machine."
  (file-name-as-directory
   (if (file-remote-p directory)
       directory
     (file-truename directory))))

(defun repl-connect--here ()
  "Return the directory of the current buffer, links followed."
  (unless (equal (car repl-connect--place) default-directory)
    (setq repl-connect--place
          (cons default-directory (repl-connect--followed default-directory))))
  (cdr repl-connect--place))

(defun repl-connect--root (directory)
  "Return the root of the project that DIRECTORY is in, or itself.
Return nil where everything is: the root, home, temporary files."
  (let ((root (repl-connect--followed
               (or (and (not (file-remote-p directory))
                        (or (when-let ((project (ignore-errors (project-current nil directory))))
                              (project-root project))
                            (locate-dominating-file directory ".nrepl-port")))
                   directory))))
    (unless (member root (mapcar #'repl-connect--followed
                                 (list "/" "~/" temporary-file-directory)))
      root)))

(defun repl-connect-add-project (connection directory)
  "Let CONNECTION be one of the project that DIRECTORY is in."
  (when-let ((root (repl-connect--root directory)))
    (repl-connect-put connection :roots
                      (seq-uniq (cons root (repl-connect-property connection :roots))))))

(defun repl-connect-project (connection)
  "Return the directory of the project of CONNECTION, nil if it has none."
  (car (last (repl-connect-property connection :roots))))

(defun repl-connect--nearness (connection)
  "Return how near the project of CONNECTION is to the current buffer.
Return nil if the buffer is not in it."
  (let ((here (repl-connect--here))
        (nearest nil))
    (dolist (root (repl-connect-property connection :roots) nearest)
      (when (string-prefix-p root here)
        (setq nearest (max (or nearest 0) (length root)))))))

;;;; Which one a buffer uses

(defun repl-connect--likeness (connection language)
  "Return 2 if LANGUAGE is spoken on CONNECTION, 1 if one of its kin is, else nil.
It is 1, too, as long as it is not known what is spoken, or written."
  (pcase (if (and language (repl-connect-connection-language connection))
             (repl-connect-languages-agree language (repl-connect-connection-language connection))
           'akin)
    ('same 2)
    ('akin 1)))

(defun repl-connect--best (connections worth)
  "Return the first of CONNECTIONS that has the greatest WORTH.
WORTH is a function that returns a number, or nil for what is no choice."
  (let ((best nil) (most nil))
    (dolist (connection connections best)
      (let ((its (funcall worth connection)))
        (when (and its (or (null most) (> its most)))
          (setq best connection most its))))))

(defun repl-connect-current-scope ()
  "Return the connection for code of the current buffer, and why, as a cons.
Why is `buffer', `project', `default' or `last' (the last one used).
Return nil if there is no connection for it."
  (let* ((language (repl-connect-language-of-buffer))
         (likeness (lambda (connection) (repl-connect--likeness connection language)))
         (targets (seq-filter #'repl-connect--target-p repl-connect-connections))
         found)
    (cond
     (repl-connect--connection (cons repl-connect--connection 'buffer))
     ((memq repl-connect--chosen repl-connect-connections) (cons repl-connect--chosen 'buffer))
     ((setq found (repl-connect--best
                   targets (lambda (connection)
                             (when-let ((like (funcall likeness connection))
                                        (near (repl-connect--nearness connection)))
                               (+ like (* 3 near))))))
      (cons found 'project))
     ((and (memq repl-connect--default targets) (funcall likeness repl-connect--default))
      (cons repl-connect--default 'default))
     ((setq found (repl-connect--best targets likeness)) (cons found 'last)))))

(defun repl-connect-current-connection ()
  "Return the connection for code of the current buffer, or nil."
  (and (or repl-connect-connections repl-connect--connection)
       (car (repl-connect-current-scope))))

(defun repl-connect-current-connection-or-error ()
  "Return the connection for code of the current buffer.
It is then the one used last.  Signal a `user-error' if there is none
that takes requests."
  (let ((connection (repl-connect-current-connection)))
    (cond
     ((null connection) (user-error "%s" (repl-connect--none-words)))
     ((not (repl-connect-open-p connection))
      (user-error "%s" (repl-connect--closed-words connection)))
     (t (repl-connect-used connection)
        connection))))

(defun repl-connect--none-words ()
  "Return in words that there is no connection for the current buffer."
  (let ((other (seq-find #'repl-connect--target-p repl-connect-connections)))
    (if (null other)
        "Not connected: M-x repl-connect connects"
      (format "No connection is for %s (%s speaks %s): M-x repl-connect makes one, \
M-x repl-connect-use takes one of another language"
              (repl-connect-language-name (repl-connect-language-of-buffer))
              (repl-connect-connection-address other)
              (repl-connect-language-name (repl-connect-connection-language other))))))

(defun repl-connect--closed-words (connection)
  "Return in words why nothing can be sent on CONNECTION."
  (let ((address (repl-connect-connection-address connection)))
    (pcase (repl-connect-connection-state connection)
      ('connecting (format "It is still %s to %s" (repl-connect-state-words connection) address))
      ('closed (format "Disconnected from %s: M-x repl-connect-reconnect connects again" address))
      (_ (if (repl-connect-property connection :due)
             (format "The connection to %s was lost, it is %s: M-x repl-connect-reconnect tries \
at once" address (repl-connect-state-words connection))
           (format "There is no connection to %s: M-x repl-connect-reconnect tries to make it"
                   address))))))

;;;; Choosing

(defun repl-connect-used (connection)
  "Note that CONNECTION is the one used last."
  (unless (eq connection (car repl-connect-connections))
    (setq repl-connect-connections (cons connection (delq connection repl-connect-connections)))))

(defun repl-connect-forget (connection)
  "Choose CONNECTION nowhere any more."
  (setq repl-connect-connections (delq connection repl-connect-connections))
  (when (eq connection repl-connect--default)
    (setq repl-connect--default nil)))

(defun repl-connect--labels (connections)
  "Return CONNECTIONS as an alist by what their buffers are called, in short."
  (mapcar (lambda (connection)
            (let ((buffer (repl-connect-connection-buffer connection)))
              (cons (if (and (buffer-live-p buffer)
                             (string-match "\\`\\*repl: \\(.*\\)\\*\\(<[0-9]+>\\)?\\'"
                                           (buffer-name buffer)))
                        (concat (match-string 1 (buffer-name buffer))
                                (match-string 2 (buffer-name buffer)))
                      (repl-connect-connection-address connection))
                    connection)))
          connections))

(defun repl-connect-read-connection (prompt)
  "Read one of the connections, with PROMPT, by what they are called."
  (let* ((labels (or (repl-connect--labels repl-connect-connections)
                     (user-error "Not connected: M-x repl-connect connects")))
         (annotate
          (lambda (label)
            (let ((connection (cdr (assoc label labels))))
              (format "  %s, %s%s"
                      (repl-connect-language-name (repl-connect-connection-language connection))
                      (or (repl-connect-state-words connection) "open")
                      (if-let ((project (repl-connect-project connection)))
                          (format ", %s" (abbreviate-file-name project))
                        "")))))
         (table (lambda (string predicate action)
                  (if (eq action 'metadata)
                      `(metadata (category . repl-connect-connection)
                                 (annotation-function . ,annotate)
                                 (display-sort-function . identity)
                                 (cycle-sort-function . identity))
                    (complete-with-action action labels string predicate)))))
    (cdr (assoc (completing-read (format-prompt prompt (caar labels)) table nil t nil nil
                                 (caar labels))
                labels))))

;;;###autoload
(defun repl-connect-use (connection)
  "Have the current buffer use CONNECTION, whatever its language is.
With a prefix argument, CONNECTION is nil: it is found by itself again."
  (interactive (list (unless current-prefix-arg
                       (repl-connect-read-connection "Connection for this buffer"))))
  (when repl-connect--connection
    (user-error "This is the REPL of %s itself"
                (repl-connect-connection-address repl-connect--connection)))
  (setq repl-connect--chosen connection)
  (force-mode-line-update)
  (let ((now (repl-connect-current-connection)))
    (message "%s uses %s." (buffer-name)
             (if now (repl-connect-connection-address now) "no connection"))))

;;;###autoload
(defun repl-connect-use-default (connection)
  "Have buffers for which there is no other use CONNECTION.
That is: none was chosen for them, and none is of their project.  With a
prefix argument, CONNECTION is nil: the last one used counts again."
  (interactive (list (unless current-prefix-arg
                       (repl-connect-read-connection "Default connection"))))
  (setq repl-connect--default connection)
  (force-mode-line-update t)
  (message (if connection "%s is the default." "The last connection used is the default.")
           (and connection (repl-connect-connection-address connection))))

(provide 'repl-connect-targets)
;;; repl-connect-targets.el ends here
