;;; repl-connect-reconnect.el --- Connecting, losing, connecting again  -*- lexical-binding: t; -*-

;;; Commentary:

;; A connection is made by an attempt.  There is one at a time: what it comes to is told by the
;; transport, or never if it was ended by us.  When the connection is lost, attempts follow each
;; other with growing pauses, for an hour; the mode line says when the next one is due.  Nothing
;; that ran is ever sent again.  What is typed stays, since the buffer stays.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'repl-connect-comint)
(require 'repl-connect-transport)
(require 'repl-connect-output)
(require 'repl-connect-partners)
(require 'repl-connect-targets)

(defcustom repl-connect-reconnect-automatically t
  "Whether a connection that was lost is made again by itself."
  :type 'boolean
  :group 'repl-connect)

(defcustom repl-connect-reconnect-longest 30
  "The longest pause between two attempts to connect again, in seconds."
  :type 'number
  :group 'repl-connect)

(defconst repl-connect--first-pause 0.5
  "Seconds before the first attempt to connect again.")

(defconst repl-connect--give-up 3600
  "Seconds after which no more attempts are made.")

(defconst repl-connect--remedy-again "M-x repl-connect-reconnect tries once more."
  "How one more attempt is asked for.")

(cl-defstruct (repl-connect--retry (:copier nil))
  "Connecting again: since when, with which pause, and the last failure that was told.
ONCE is non-nil if there is one attempt, which was asked for."
  once (begun (float-time)) (pause repl-connect--first-pause) told timer)

(defun repl-connect--wanted-p (connection)
  "Whether CONNECTION is to be there.
Nobody has disconnected it, nor killed its buffer."
  (and (repl-connect-property connection :wanted)
       (buffer-live-p (repl-connect-connection-buffer connection))))

;;;; Who is there

(defun repl-connect-greeting (connection)
  "Return in a few words who is at the other end of CONNECTION."
  (let ((told (repl-connect-aux connection "repl-connect/greeting"))
        (versions (repl-connect-get (repl-connect-connection-description connection) "versions")))
    (repl-connect--plain
     (cond
      ((stringp told) told)
      ((consp versions)
       (mapconcat #'repl-connect--version
                  (sort (copy-sequence versions)
                        (lambda (one other) (string< (car one) (car other))))
                  ", "))
      (t "A server that does not say what it is")))))

(defconst repl-connect--proper-names
  '(("clojure" . "Clojure") ("java" . "Java") ("nrepl" . "nREPL") ("python" . "Python"))
  "How names that servers have for what they are made of are written.")

(defun repl-connect--version (version)
  "Return VERSION, a cons of a name and what is known of it, in words."
  (let ((name (car version))
        (said (cdr version)))
    (string-trim-right
     (concat (or (cdr (assoc name repl-connect--proper-names)) name) " "
             (cond ((stringp said) said)
                   ((not (consp said)) "")
                   ((repl-connect-text said "version-string"))
                   (t (mapconcat (lambda (key) (format "%s" (or (repl-connect-get said key) 0)))
                                 '("major" "minor" "incremental") ".")))))))

(defun repl-connect--plain (text)
  "Return TEXT, of the other side's, as one line without control characters."
  (string-trim (replace-regexp-in-string "[[:cntrl:]\n]+" " " text)))

(defun repl-connect--how-reached (connection)
  "Return in words how CONNECTION reaches the other side."
  (let ((process (repl-connect-connection-process connection)))
    (if (eq (and process (process-type process)) 'real) "through a bridge" "directly")))

(defun repl-connect--greet (connection before)
  "Say who is at the other end of CONNECTION, and how it is reached, after BEFORE."
  (repl-connect-note connection "%s%s at %s, %s.  ,help shows more."
                     before (repl-connect-greeting connection)
                     (repl-connect-connection-address connection)
                     (repl-connect--how-reached connection))
  (let ((said (process-get (repl-connect-connection-process connection) 'repl-connect-errors)))
    (when (buffer-live-p said)
      (dolist (line (split-string (with-current-buffer said (buffer-string)) "\n" t "[ \t]+"))
        (repl-connect-note connection "%s" (repl-connect--plain line))))))

;;;; One attempt

(defun repl-connect--attempt (connection)
  "Begin to connect CONNECTION; what comes of it is told later.
An attempt that is under way goes on."
  (repl-connect-put connection :wanted t)
  (repl-connect-put connection :due nil)
  (setf (repl-connect-connection-state connection) 'connecting)
  (repl-connect-state-changed connection)
  (unless (repl-connect-property connection :attempt)
    (repl-connect-put connection :attempt t)
    (let ((namespace (repl-connect-connection-namespace connection))
          (over (lambda ()
                  (repl-connect-put connection :attempt nil)
                  (repl-connect--wanted-p connection))))
      (condition-case error
          (repl-connect-transport-open
           connection
           :resume (repl-connect-connection-session connection)
           :on-ready (lambda (_)
                       (if (funcall over)
                           (repl-connect-partners-prepare
                            connection
                            (lambda () (repl-connect--connected connection namespace)))
                         (repl-connect-client-close connection)))
           :on-failed (lambda (_ words)
                        (if (funcall over)
                            (repl-connect--not-connected connection words)
                          (setf (repl-connect-connection-state connection) 'closed))))
        (error
         (when (funcall over)
           (repl-connect--not-connected connection (error-message-string error))))))))

(defun repl-connect--connected (connection namespace)
  "CONNECTION takes requests; before, it was in NAMESPACE."
  (let* ((again (repl-connect-property connection :was-open))
         (resumed (repl-connect-connection-resumed connection))
         (before (repl-connect-connection-language connection))
         (language (repl-connect-language-of-description
                    (repl-connect-connection-description connection)))
         (other (and again (not (equal (repl-connect-language-name language)
                                       (repl-connect-language-name before))))))
    (repl-connect--retry-end connection)
    (setf (repl-connect-connection-language connection) language)
    (when (and resumed namespace)
      (setf (repl-connect-connection-namespace connection) namespace))
    (repl-connect-put connection :was-open t)
    (repl-connect--take-process connection)
    (repl-connect--greet connection (cond ((not again) "")
                                          (resumed "The session goes on, with its namespace \
and last values: ")
                                          (t "A new session, without the last values of the old \
one: ")))
    (when other
      (repl-connect-note connection "It speaks %s now, before it was %s."
                         (repl-connect-language-name language)
                         (repl-connect-language-name before)))
    (repl-connect--prompt connection)
    (when again
      (message "%s: connected again.%s" (repl-connect-connection-address connection)
               (if resumed "" "  The session is a new one.")))
    (repl-connect-state-changed connection)))

(defun repl-connect--not-connected (connection words)
  "An attempt to connect CONNECTION has failed, for the reason WORDS."
  (let ((retry (repl-connect-property connection :retry))
        (words (repl-connect--plain words)))
    (setf (repl-connect-connection-state connection) 'lost)
    (cond
     ((and retry (not (repl-connect--retry-once retry)))
      (unless (equal words (repl-connect--retry-told retry))
        (setf (repl-connect--retry-told retry) words)
        (repl-connect-note connection "%s" words))
      (if (> (- (float-time) (repl-connect--retry-begun retry)) repl-connect--give-up)
          (progn
            (repl-connect--retry-end connection)
            (repl-connect-note connection "Gave up connecting again.  %s"
                               repl-connect--remedy-again))
        (setf (repl-connect--retry-pause retry) (* 2 (repl-connect--retry-pause retry)))
        (repl-connect--retry-wait connection retry)))
     (t
      (repl-connect--retry-end connection)
      (repl-connect-note connection "%s" words)
      (repl-connect-note connection "%s" repl-connect--remedy-again)
      (message "%s" words)))
    (repl-connect-state-changed connection)))

;;;; Again

(defun repl-connect-reconnect-lost (connection reason evaluations)
  "CONNECTION was lost for REASON, with so many EVALUATIONS under way."
  (let ((words (concat (repl-connect--plain reason)
                       (pcase evaluations
                         (0 "")
                         (1 "  An evaluation was under way: how it ended is not known.")
                         (_ (format "  %d evaluations were under way: how they ended is not known."
                                    evaluations)))))
        (again (and repl-connect-reconnect-automatically (repl-connect--wanted-p connection))))
    (setq words (concat (upcase (substring words 0 1)) (substring words 1)))
    (when (buffer-live-p (repl-connect-connection-buffer connection))
      (repl-connect-note connection "%s  %s" words
                         (if again
                             "Connecting again; C-c C-c stops that."
                           "M-x repl-connect-reconnect connects again."))
      (message "%s: %s" (repl-connect-connection-address connection) words))
    (when again
      (let ((retry (make-repl-connect--retry)))
        (repl-connect-put connection :retry retry)
        (repl-connect--retry-wait connection retry)))
    (repl-connect-state-changed connection)))

(defun repl-connect--retry-wait (connection retry)
  "Connect CONNECTION again after the pause that RETRY has."
  (repl-connect-put connection :due
                    (+ (float-time) (min (repl-connect--retry-pause retry)
                                         repl-connect-reconnect-longest)))
  (repl-connect--retry-tick connection retry))

(defun repl-connect--retry-tick (connection retry)
  "Make the attempt of RETRY for CONNECTION if it is due.
Else look again in a second."
  (when (and (eq retry (repl-connect-property connection :retry))
             (repl-connect-property connection :due))
    (let ((left (- (repl-connect-property connection :due) (float-time))))
      (cond
       ((not (repl-connect--wanted-p connection)) (repl-connect--retry-end connection))
       ((<= left 0.001) (repl-connect--attempt connection))
       (t (setf (repl-connect--retry-timer retry)
                (run-at-time (min left 1) nil #'repl-connect--retry-tick connection retry))
          (force-mode-line-update t))))))

(defun repl-connect--retry-end (connection)
  "Make no more attempts to connect CONNECTION by itself.
Return whether some were to come."
  (let ((retry (repl-connect-property connection :retry)))
    (repl-connect-put connection :retry nil)
    (repl-connect-put connection :due nil)
    (when (and retry (repl-connect--retry-timer retry))
      (cancel-timer (repl-connect--retry-timer retry)))
    (and retry t)))

(defun repl-connect--this-connection ()
  "Return the connection that is meant in the current buffer."
  (or (repl-connect-current-connection)
      (if (cdr repl-connect-connections)
          (repl-connect-read-connection "Connection")
        (car repl-connect-connections))
      (user-error "There is no connection: M-x repl-connect makes one")))

;;;###autoload
(defun repl-connect-reconnect (&optional connection)
  "Connect CONNECTION, that of this buffer if nil, again now.
Its buffer, and the session if it is still there, are used again."
  (interactive)
  (let* ((connection (or connection (repl-connect--this-connection)))
         (retry (repl-connect-property connection :retry)))
    (cond
     ((repl-connect-open-p connection)
      (message "%s: the connection is there." (repl-connect-connection-address connection)))
     ((eq (repl-connect-connection-state connection) 'connecting)
      (message "%s: it is connecting." (repl-connect-connection-address connection)))
     (t
      (unless retry
        (repl-connect-put connection :retry (make-repl-connect--retry :once t))
        (repl-connect-note connection "Connecting to %s…"
                           (repl-connect-connection-address connection)))
      (repl-connect--attempt connection)))))

;;;###autoload
(defun repl-connect-reconnect-stop (&optional connection)
  "Try no more to connect CONNECTION, that of this buffer if nil.
Return whether that was tried."
  (interactive)
  (let* ((connection (or connection (repl-connect--this-connection)))
         (stops (or (repl-connect--retry-end connection)
                    (eq (repl-connect-connection-state connection) 'connecting))))
    (if (not stops)
        (message "%s: it is not connecting." (repl-connect-connection-address connection))
      (let ((session (repl-connect-connection-session connection)))
        (repl-connect--leave-connection connection)
        ;; The server may still have it.
        (setf (repl-connect-connection-session connection) session
              (repl-connect-connection-state connection) 'lost))
      (repl-connect-note connection "Stopped connecting.  %s" repl-connect--remedy-again)
      (repl-connect-state-changed connection))
    stops))

;;;; Leaving

(defun repl-connect--leave-connection (connection)
  "Say goodbye to the other side of CONNECTION, or end the attempt to reach it."
  (repl-connect--retry-end connection)
  (repl-connect-put connection :wanted nil)
  (when (repl-connect-connection-process connection)
    (repl-connect-put connection :attempt nil))
  (repl-connect-client-close connection)
  (setf (repl-connect-connection-session connection) nil))

;;;###autoload
(defun repl-connect-disconnect (&optional connection)
  "Leave CONNECTION, that of this buffer if nil; its buffer stays."
  (interactive)
  (let ((connection (or connection (repl-connect--this-connection))))
    (if (eq (repl-connect-connection-state connection) 'closed)
        (message "%s: it is disconnected." (repl-connect-connection-address connection))
      (repl-connect--leave-connection connection)
      (repl-connect-note connection "Disconnected.  M-x repl-connect-reconnect connects again.")
      (repl-connect-state-changed connection))))

;;;###autoload
(defun repl-connect-quit (&optional connection)
  "Leave CONNECTION, that of this buffer if nil, and kill its buffer."
  (interactive)
  (let* ((connection (or connection (repl-connect--this-connection)))
         (buffer (repl-connect-connection-buffer connection)))
    (if (buffer-live-p buffer)
        (kill-buffer buffer)
      (repl-connect--buffer-killed connection))))

(defun repl-connect--buffer-killed (connection)
  "Leave CONNECTION, whose buffer is being killed, for good."
  (repl-connect--leave-connection connection)
  (repl-connect-forget connection)
  (repl-connect-state-changed connection))

(defun repl-connect--leave-all ()
  "Say goodbye everywhere, since Emacs ends.
A bridge needs a moment to leave the REPL as it has found it."
  (let ((bridges nil)
        (deadline (+ (float-time) 1)))
    (dolist (connection repl-connect-connections)
      (let ((process (repl-connect-connection-process connection)))
        (when (and process (eq (process-type process) 'real))
          (push process bridges))
        (ignore-errors (repl-connect--leave-connection connection))))
    (while (and (cl-some #'process-live-p bridges) (< (float-time) deadline))
      (accept-process-output nil 0.02))))

(add-hook 'kill-emacs-hook #'repl-connect--leave-all)

(provide 'repl-connect-reconnect)
;;; repl-connect-reconnect.el ends here
