;;; repl-connect-client.el --- nREPL connections, sessions, requests  -*- lexical-binding: t; -*-

;;; Commentary:

;; A connection is a process that speaks nREPL and two sessions on it: the user session, where
;; evaluations run, and the tool session for completion and lookup, which never waits behind an
;; evaluation.  Everything is asked with a callback; `repl-connect-request-sync' is for the few
;; places where Emacs itself wants an answer at once, and gives up as soon as something is typed.
;;
;; Nothing here shows anything: what happens goes to the callbacks that a connection was opened
;; with.  An error in a callback is told (`repl-connect-demoted') and harms nothing.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-bencode)
(require 'repl-connect-messages)

(defgroup repl-connect nil
  "Live in a running program: a REPL over nREPL, or any REPL through a bridge."
  :group 'processes
  :prefix "repl-connect-")

(defcustom repl-connect-timeout 10
  "Seconds that opening the sessions may take once there is a connection."
  :type 'number)

(defconst repl-connect-most-requests 1000
  "Requests that may wait for an answer on a connection.")

(defconst repl-connect-keep 60
  "Seconds that the other side is asked to keep a session whose connection is lost.")

(defconst repl-connect--client-fields '(("client-name" . "repl-connect.el"))
  "What a session is opened with.")

(cl-defstruct (repl-connect-connection
               (:constructor repl-connect-connection--make)
               (:copier nil))
  "One connection to a REPL, at the present or one that was lost."
  address         ; as it was given, and shown
  process         ; the network or pipe process; nil when there is none
  decoder
  (state 'connecting) ; `connecting', `open', `lost' (connects again if told to) or `closed'
  buffer          ; the REPL buffer
  description     ; what `describe' answered
  language        ; its record in repl-connect-languages.el
  session tool-session
  sessions        ; the user sessions that were opened by it, which are closed with it
  namespace       ; what is evaluated in, as far as known
  resumed         ; whether the user session is one of an earlier connection
  (requests (make-hash-table :test #'equal)) ; id -> `repl-connect--request'
  evaluations     ; under way, the oldest first
  (counter 0)
  on-output       ; (CONNECTION STREAM TEXT REPLY): what no evaluation under way has printed
  on-lost         ; (CONNECTION REASON EVALUATIONS): it is gone, with so many under way
  why-lost        ; a function of no arguments: why the process has ended, in words, or nil
  properties)     ; a plist for whoever is above

(cl-defstruct (repl-connect--request (:copier nil))
  "What is waited for."
  callback timer)

(defmacro repl-connect-demoted (what &rest body)
  "Run BODY; tell an error in it, instead of raising it.
WHAT says in words what it was doing."
  (declare (indent 1) (debug (form body)))
  `(condition-case-unless-debug error
       (progn ,@body)
     (error (message "repl-connect: %s: %s" ,what (error-message-string error)) nil)))

(defun repl-connect-run-hook (hook &rest arguments)
  "Call the functions of HOOK with ARGUMENTS; an error in one harms no other."
  (run-hook-wrapped hook (lambda (function)
                           (repl-connect-demoted (format "in `%s'" hook)
                             (apply function arguments))
                           nil)))

;;;; The other side

(defun repl-connect-ops (connection)
  "Return the names of the ops that the other side of CONNECTION answers."
  (let ((ops (repl-connect-get (repl-connect-connection-description connection) "ops")))
    (if (vectorp ops) (append ops nil) (mapcar #'car ops))))

(defun repl-connect-supports-p (connection op)
  "Whether the other side of CONNECTION has said that it answers OP."
  (let ((ops (repl-connect-get (repl-connect-connection-description connection) "ops")))
    (and (if (vectorp ops) (seq-contains-p ops op) (assoc op ops)) t)))

(defun repl-connect-keeps-order-p (connection)
  "Whether evaluations sent together on CONNECTION are known to run in order.
Our own servers and bridges say so by what they are."
  (let ((description (repl-connect-connection-description connection)))
    (and (or (assoc "repl-server" (repl-connect-get description "versions"))
             (assoc "repl-connect/language" (repl-connect-get description "aux")))
         t)))

(defun repl-connect-aux (connection key)
  "Return what the description of CONNECTION has as `aux' under KEY."
  (repl-connect-get (repl-connect-get (repl-connect-connection-description connection) "aux") key))

(defun repl-connect-open-p (connection)
  "Whether CONNECTION takes requests."
  (and connection (eq (repl-connect-connection-state connection) 'open)))

;;;; Properties

(defun repl-connect-property (connection key)
  "Return the property KEY of CONNECTION."
  (plist-get (repl-connect-connection-properties connection) key))

(defun repl-connect-put (connection key value)
  "Set the property KEY of CONNECTION to VALUE."
  (setf (repl-connect-connection-properties connection)
        (plist-put (repl-connect-connection-properties connection) key value)))

;;;; Opening

(cl-defun repl-connect-client-open
    (process connection &key on-ready on-failed resume listen (timeout repl-connect-timeout))
  "Open the sessions of CONNECTION on PROCESS, which speaks nREPL.
ON-READY is called with CONNECTION when evaluations can be sent,
ON-FAILED with CONNECTION, a sentence and the kind of failure (`ended',
`no-bencode', `refused' or `timeout') when that can't be done: the
process is ended then.  RESUME is a user session of an earlier
connection, which is taken up again if it is still there.  LISTEN is for
so many seconds before anything is said, TIMEOUT what it may all take,
`repl-connect-timeout' if not given."
  (setf (repl-connect-connection-process connection) process
        (repl-connect-connection-decoder connection) (repl-connect-bencode-decoder)
        (repl-connect-connection-state connection) 'connecting)
  (process-put process 'repl-connect-connection connection)
  (set-process-coding-system process 'binary 'binary)
  (set-process-filter process #'repl-connect--filter)
  (set-process-sentinel process #'repl-connect--sentinel)
  (set-process-query-on-exit-flag process nil)
  (let* ((timer nil)
         (fail (lambda (words kind)
                 ;; To find out why waits a moment, in which others may notice too.
                 (when (process-get process 'repl-connect-opening)
                   (when timer (cancel-timer timer))
                   (process-put process 'repl-connect-opening nil)
                   (repl-connect--end connection)
                   (setf (repl-connect-connection-state connection) 'lost)
                   (when on-failed
                     (repl-connect-demoted "connecting"
                       (funcall on-failed connection words kind))))))
         (ready (lambda ()
                  (when timer (cancel-timer timer))
                  (process-put process 'repl-connect-opening nil)
                  (setf (repl-connect-connection-state connection) 'open)
                  (when on-ready
                    (repl-connect-demoted "connecting" (funcall on-ready connection))))))
    ;; Whoever notices that it can't be done calls this.
    (process-put process 'repl-connect-opening fail)
    (setq timer
          (run-at-time timeout nil
                       (lambda ()
                         (when (process-get process 'repl-connect-opening)
                           (funcall fail
                                    (format "connected, but it opened no session in %s seconds.  \
Is the program stopped, or busy?"
                                            timeout)
                                    'timeout)))))
    (if listen
        (run-at-time listen nil
                     (lambda ()
                       (when (process-get process 'repl-connect-opening)
                         (repl-connect--describe connection resume ready fail))))
      (condition-case nil
          (repl-connect--describe connection resume ready fail)
        ;; It has ended meanwhile.
        (user-error nil)))
    ;; The process may have ended before it had this sentinel.
    (unless (process-live-p process)
      (repl-connect--sentinel process "ended"))))

(defun repl-connect--describe (connection resume ready fail)
  "Ask what CONNECTION leads to and open its sessions.
RESUME is the one to take up again if it is still there.
READY is called without arguments, FAIL with a sentence and a kind."
  (let ((described
         (lambda (reply)
           (if (member "repl-server/unauthorized" (repl-connect-statuses reply))
               (funcall fail "the token in REPL_CONNECT_TOKEN (or REPL_CONNECT_TOKEN_FILE) is \
not this server's."
                        'refused)
             (setf (repl-connect-connection-description connection) reply
                   (repl-connect-connection-namespace connection)
                   (repl-connect-text (repl-connect-get reply "aux") "current-ns"))
             (if (repl-connect-supports-p connection "clone")
                 (repl-connect--sessions connection resume ready fail)
               (funcall ready))))))
    (repl-connect--ask
     connection '(("op" . "describe")) "ops"
     (lambda (reply)
       (cond
        ((not (member "repl-server/unauthorized" (repl-connect-statuses reply)))
         (funcall described reply))
        ((repl-connect--token)
         (repl-connect--ask connection
                            `(("op" . "describe") ("repl-server/token" . ,(repl-connect--token)))
                            "ops" described))
        (t (funcall fail "the server asks for a token.  Set REPL_CONNECT_TOKEN to it, or \
REPL_CONNECT_TOKEN_FILE to a file that holds it."
                    'refused)))))))

(defun repl-connect--sessions (connection resume ready fail)
  "Open the sessions of CONNECTION.
RESUME, READY and FAIL are as for `repl-connect--describe'."
  (let* ((tool
          (lambda ()
            (repl-connect--ask
             connection `(("op" . "clone") ,@repl-connect--client-fields) "new-session"
             (lambda (reply)
               (setf (repl-connect-connection-tool-session connection)
                     (repl-connect-text reply "new-session"))
               (funcall ready)))))
         (new
          (lambda ()
            (repl-connect--ask
             connection
             `(("op" . "clone") ("repl-server/keep" . ,repl-connect-keep)
               ,@repl-connect--client-fields)
             "new-session"
             (lambda (reply)
               (let ((session (repl-connect-text reply "new-session")))
                 (setf (repl-connect-connection-session connection) session
                       (repl-connect-connection-sessions connection) (list session)
                       (repl-connect-connection-resumed connection) nil)
                 (if session
                     (funcall tool)
                   (funcall fail (repl-connect-refusal reply "opened no session") 'refused))))))))
    (if (not (and resume (repl-connect-supports-p connection "ls-sessions")))
        (funcall new)
      (repl-connect--ask
       connection '(("op" . "ls-sessions")) "sessions"
       (lambda (reply)
         (if (not (seq-contains-p (repl-connect-get reply "sessions") resume))
             (funcall new)
           (setf (repl-connect-connection-session connection) resume
                 (repl-connect-connection-resumed connection) t)
           (funcall tool)))))))

(defun repl-connect--token ()
  "Return the token that the environment has for servers that want one, or nil."
  (let ((given (getenv "REPL_CONNECT_TOKEN"))
        (file (getenv "REPL_CONNECT_TOKEN_FILE")))
    (cond
     ((not (member given '(nil ""))) given)
     ((and file (file-readable-p file))
      (with-temp-buffer
        (insert-file-contents file)
        (string-trim (buffer-string)))))))

;;;; Requests

(cl-defun repl-connect-request (connection message callback &key timeout)
  "Send MESSAGE, an alist without an id, on CONNECTION; return its id.
CALLBACK gets each reply; `repl-connect-last-p' of the last.  If the
connection is lost, or after TIMEOUT seconds without an end, the last is
one of ours, with the status `lost' or `timeout'.  Signal a `user-error'
without a connection, and if too much is waited for already."
  (unless (process-live-p (repl-connect-connection-process connection))
    (user-error "%s: the connection is lost" (repl-connect-connection-address connection)))
  (when (>= (hash-table-count (repl-connect-connection-requests connection))
            repl-connect-most-requests)
    (user-error "%s: %d requests wait for an answer there already"
                (repl-connect-connection-address connection) repl-connect-most-requests))
  (let* ((id (number-to-string (cl-incf (repl-connect-connection-counter connection))))
         (request (make-repl-connect--request :callback callback)))
    (puthash id request (repl-connect-connection-requests connection))
    (when timeout
      (setf (repl-connect--request-timer request)
            (run-at-time timeout nil #'repl-connect--answer connection
                         `(("id" . ,id) ("status" . ["done" "timeout"])))))
    (repl-connect--send connection `(("id" . ,id) ,@message))
    id))

(defvar repl-connect-message-functions nil
  "Functions called with a connection, `sent' or `received', and each message.")

(defun repl-connect--send (connection message)
  "Send MESSAGE on CONNECTION; if that fails, the connection is lost."
  (let ((process (repl-connect-connection-process connection)))
    (condition-case nil
        (progn
          (when repl-connect-message-functions
            (repl-connect-run-hook 'repl-connect-message-functions connection 'sent message))
          (process-send-string process (repl-connect-bencode-encode message)))
      ((error quit)
       ;; The sentinel tells what has happened, unless there is no process any more.
       (if (process-live-p process)
           (delete-process process)
         (run-at-time 0 nil #'repl-connect--lost connection))))))

(defun repl-connect--ask (connection message key function)
  "Send MESSAGE on CONNECTION; call FUNCTION with one reply.
It is the first that has KEY, or the last one."
  (let ((answered nil))
    (repl-connect-request
     connection message
     (lambda (reply)
       (when (and (not answered)
                  (not (member "lost" (repl-connect-statuses reply)))
                  (or (assoc key reply) (repl-connect-last-p reply)))
         (setq answered t)
         (funcall function reply))))))

(cl-defun repl-connect-tool-request (connection message callback &key timeout namespace)
  "Send MESSAGE in the tool session of CONNECTION; see `repl-connect-request'.
CALLBACK and TIMEOUT are as there; NAMESPACE is where names are looked
up, if not in the one of CONNECTION."
  (let ((session (or (repl-connect-connection-tool-session connection)
                     (repl-connect-connection-session connection)))
        (ns (or namespace (repl-connect-connection-namespace connection))))
    (repl-connect-request connection
                          `(,@message
                            ,@(and session `(("session" . ,session)))
                            ,@(and ns `(("ns" . ,ns))))
                          callback :timeout timeout)))

(cl-defun repl-connect-request-sync (connection message &key timeout namespace)
  "Send MESSAGE in the tool session of CONNECTION and wait for its replies.
Return their keys in one alist; nil after TIMEOUT seconds (1 if not
given), when something is typed, or without a connection.  NAMESPACE is
as for `repl-connect-tool-request'."
  (when (repl-connect-open-p connection)
    (let* ((timeout (or timeout 1))
           (deadline (+ (float-time) timeout))
           (all nil)
           (ended nil)
           (process (repl-connect-connection-process connection)))
      (repl-connect-tool-request
       connection message
       (lambda (reply)
         (setq all (append reply all))
         (when (repl-connect-last-p reply) (setq ended t)))
       :timeout timeout :namespace namespace)
      (while (and (not ended) (process-live-p process)
                  (< (float-time) deadline)
                  (not (input-pending-p)))
        (accept-process-output process 0.02 nil))
      (and ended
           (not (seq-intersection (repl-connect-statuses all) '("lost" "timeout")))
           all))))

(defun repl-connect--answer (connection reply)
  "Give REPLY to whoever has asked for it on CONNECTION."
  (when repl-connect-message-functions
    (repl-connect-run-hook 'repl-connect-message-functions connection 'received reply))
  (let* ((id (repl-connect-get reply "id"))
         (request (and id (gethash id (repl-connect-connection-requests connection)))))
    (cond
     (request
      (when (repl-connect-last-p reply)
        (remhash id (repl-connect-connection-requests connection))
        (when (repl-connect--request-timer request)
          (cancel-timer (repl-connect--request-timer request))))
      (repl-connect-demoted "in a callback"
        (funcall (repl-connect--request-callback request) reply)))
     ((repl-connect-connection-on-output connection)
      (dolist (stream '("out" "err"))
        (when-let ((text (repl-connect-text reply stream)))
          (repl-connect-demoted "showing output"
            (funcall (repl-connect-connection-on-output connection)
                     connection stream text reply))))))))

;;;; The process

(defun repl-connect--filter (process bytes)
  "Take BYTES that have come from PROCESS."
  (when-let ((connection (process-get process 'repl-connect-connection)))
    (when (eq process (repl-connect-connection-process connection))
      (condition-case error
          (repl-connect-bencode-feed
           (repl-connect-connection-decoder connection) bytes
           (lambda (message) (repl-connect--answer connection message)))
        (repl-connect-bencode-error
         (let ((opening (process-get process 'repl-connect-opening)))
           (if opening
               (funcall opening
                        (format "what is there speaks no nREPL: it says %S."
                                (repl-connect--beginning bytes))
                        'no-bencode)
             (repl-connect--lost
              connection
              (format "what has come is no nREPL (%s)." (cadr error))))))))))

(defun repl-connect--beginning (bytes)
  "Return the first line of BYTES as text, if it is long only its beginning."
  (truncate-string-to-width
   (car (split-string (string-trim (decode-coding-string bytes 'utf-8-unix)) "[\n\r]"))
   60 nil nil t))

(defun repl-connect--sentinel (process _event)
  "Notice that PROCESS has ended."
  (unless (process-live-p process)
    (when-let ((connection (process-get process 'repl-connect-connection)))
      (when (eq process (repl-connect-connection-process connection))
        (repl-connect--lost connection)))))

(defun repl-connect--lost (connection &optional reason)
  "CONNECTION has ended, for REASON if that is known."
  (let* ((process (repl-connect-connection-process connection))
         (opening (and process (process-get process 'repl-connect-opening)))
         (why (repl-connect-connection-why-lost connection))
         (reason (or reason
                     (and why (repl-connect-demoted "connecting" (funcall why process)))
                     "the connection was closed by the other side.")))
    (cond
     (opening (funcall opening reason 'ended))
     ((memq (repl-connect-connection-state connection) '(open connecting))
      (let ((under-way (length (repl-connect-connection-evaluations connection))))
        (setf (repl-connect-connection-state connection) 'lost)
        (repl-connect--end connection)
        (when (repl-connect-connection-on-lost connection)
          (repl-connect-demoted "after a loss"
            (funcall (repl-connect-connection-on-lost connection)
                     connection reason under-way))))))))

(defun repl-connect--end (connection)
  "End the process of CONNECTION, and what was waited for."
  (let ((process (repl-connect-connection-process connection))
        (requests (repl-connect-connection-requests connection)))
    (setf (repl-connect-connection-process connection) nil
          (repl-connect-connection-requests connection) (make-hash-table :test #'equal))
    ;; An attempt that is given up is heard of no more.
    (when process
      (process-put process 'repl-connect-opening nil))
    (when (repl-connect-connection-decoder connection)
      (repl-connect-bencode-close (repl-connect-connection-decoder connection)))
    (when (process-live-p process)
      (repl-connect--leave process))
    (let ((ids nil))
      (maphash (lambda (id _) (push id ids)) requests)
      (dolist (id (sort ids (lambda (one other)
                              (< (string-to-number one) (string-to-number other)))))
        (let ((request (gethash id requests)))
          (when (repl-connect--request-timer request)
            (cancel-timer (repl-connect--request-timer request)))
          (repl-connect-demoted "in a callback"
            (funcall (repl-connect--request-callback request)
                     `(("id" . ,id) ("status" . ["done" "lost"])))))))
    (setf (repl-connect-connection-evaluations connection) nil)))

;; A bridge leaves the REPL as it has found it, if it is given the time.
(defun repl-connect--leave (process)
  "End PROCESS: a socket at once, a program by the end of its input."
  (set-process-filter process #'ignore)
  (set-process-sentinel process #'ignore)
  (if (eq (process-type process) 'real)
      (progn
        (ignore-errors (process-send-eof process))
        (run-at-time 3 nil #'delete-process process))
    (delete-process process)))

(defun repl-connect-client-close (connection)
  "Say goodbye to the other side of CONNECTION, and end it."
  (let ((open (repl-connect-open-p connection)))
    ;; What ends from now on is no loss.
    (setf (repl-connect-connection-state connection) 'closed)
    (when open
      (dolist (session (cons (repl-connect-connection-tool-session connection)
                             (repl-connect-connection-sessions connection)))
        (when session
          (repl-connect-request connection `(("op" . "close") ("session" . ,session))
                                #'ignore)))))
  (repl-connect--end connection))

(provide 'repl-connect-client)
;;; repl-connect-client.el ends here
