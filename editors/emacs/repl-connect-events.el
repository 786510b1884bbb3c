;;; repl-connect-events.el --- What goes on in the program  -*- lexical-binding: t; -*-

;;; Commentary:

;; The commands `,jobs', `,submit', `,result' and `,cancel': code left with the program, which goes
;; on when nobody is connected any more, and what it brings is kept for an hour.  And `,who',
;; `,watch', `,unwatch' and `,events': who is connected to the program, what changes in it, what
;; happens there.  Watches and subscriptions end with the connection, which is said.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-asking)

(defconst repl-connect--job-ends '("finished" "failed" "cancelled")
  "The states of a job that it does not leave any more.")

(defconst repl-connect--job-wait 60
  "Seconds that one request may wait for the end of a job.")

(defconst repl-connect--text-limit 4000
  "Characters of each text of a job or a watch that are shown in the REPL buffer.")

(defun repl-connect--show-text (show text face limit rest)
  "Call SHOW with a line or more of TEXT, made safe to show, and FACE.
Of more than LIMIT characters say so: REST is what has them all."
  (let* ((text (string-trim-right (repl-connect-clean text) "\n"))
         (left (- (length text) limit)))
    (funcall show (if (> left 0) (substring text 0 limit) text) face)
    (when (> left 0)
      (funcall show (format "; … %d more characters: %s." left rest) 'repl-connect-note))))

;;;; Jobs

(defun repl-connect--job-name (job)
  "Return the id of JOB, a map or text, without what all ids have in common."
  (let ((ident (repl-connect-line (if (consp job) (repl-connect-get job "job") job))))
    (car (last (split-string ident "-")))))

(defun repl-connect--job-code (job)
  "Return what JOB is called, or its code."
  (repl-connect-line (or (repl-connect-get job "name") (repl-connect-get job "code"))))

(defun repl-connect--job-ended-p (job)
  "Whether JOB has ended."
  (member (repl-connect-get job "state") repl-connect--job-ends))

(defun repl-connect--jobs (connection _)
  "Show the jobs on the other side of CONNECTION, the newest first."
  (repl-connect-inquire
   connection '(("op" . "repl-server/jobs"))
   (lambda (reply)
     (let ((jobs (reverse (repl-connect-maps reply "jobs"))))
       (if (null jobs)
           (repl-connect-note connection "There are no jobs.  ,submit CODE leaves one.")
         (repl-connect-show-table
          connection '("job" "state" "when" "of" "code")
          (mapcar (lambda (job)
                    (list (repl-connect--job-name job)
                          (repl-connect-get job "state")
                          (pcase (repl-connect-get job "state")
                            ("queued" (format "behind %s" (repl-connect-get job "position")))
                            ("running" (concat "began " (repl-connect-ago
                                                         (repl-connect-get job "started"))))
                            (_ (repl-connect-ago (repl-connect-get job "ended"))))
                          (or (repl-connect-get job "client-name")
                              (repl-connect-get job "client"))
                          (repl-connect--job-code job)))
                  jobs)))))))

(defun repl-connect--submit (connection code)
  "Leave CODE as a job on the other side of CONNECTION.
It is told when that has ended."
  (let ((ns (repl-connect-connection-namespace connection)))
    (repl-connect-inquire
     connection `(("op" . "repl-server/submit") ("code" . ,code) ,@(and ns `(("ns" . ,ns))))
     (lambda (reply)
       (when-let ((ident (repl-connect-text reply "job")))
         (let ((name (repl-connect--job-name ident)))
           (repl-connect-note connection "Job %s%s.  ,result %s shows what it brings." name
                              (pcase (or (repl-connect-get reply "position") 0)
                                (0 "")
                                (1 ", behind another")
                                (position (format ", behind %s others" position)))
                              name))
         (when (repl-connect-supports-p connection "repl-server/result")
           (repl-connect--await-job connection ident)))))))

(defun repl-connect--await-job (connection ident)
  "Tell when the job IDENT on CONNECTION has ended.
That is done as long as the connection is there."
  (repl-connect-request
   connection `(("op" . "repl-server/result") ("job" . ,ident) ("wait" . ,repl-connect--job-wait))
   (lambda (reply)
     (cond
      ((seq-intersection (repl-connect-statuses reply) '("lost" "error")))
      ((repl-connect--job-ended-p reply) (repl-connect--tell-job-end connection reply))
      ((repl-connect-last-p reply) (repl-connect--await-job connection ident))))))

(defun repl-connect--job-state (job)
  "Return what is to be said of JOB: its name, its state and how long it took."
  (let ((started (repl-connect-get job "started"))
        (ended (repl-connect-get job "ended")))
    (format "Job %s: %s%s" (repl-connect--job-name job)
            (repl-connect-line (repl-connect-get job "state"))
            (if (and (integerp started) (integerp ended) (> ended started))
                (format " after %s" (repl-connect-duration (/ (- ended started) 1000.0)))
              ""))))

(defun repl-connect--tell-job-end (connection job)
  "Say on CONNECTION that JOB has ended, and what it has brought, in a line."
  (let* ((error (repl-connect-get job "error"))
         (brought (if (consp error)
                      (string-join (delq nil (list (repl-connect-text error "ex")
                                                   (repl-connect-text error "message")))
                                   ": ")
                    (car (last (repl-connect-texts job "values"))))))
    (repl-connect-tell connection "%s%s" (repl-connect--job-state job)
                       (if brought (concat ": " (repl-connect--short brought)) "."))))

(defun repl-connect--result (connection argument)
  "Show what the job on CONNECTION that ARGUMENT names has brought."
  (let* ((words (split-string argument))
         (how (mapcar (lambda (word) (string-trim-left word "-+")) (cdr words))))
    (if (seq-difference how '("wait" "page"))
        (repl-connect-tell connection ",result ID [wait] [page]: wait for its end, show all of it.")
      (repl-connect--with-job
       connection (car words)
       (lambda (ident)
         (repl-connect-inquire
          connection `(("op" . "repl-server/result") ("job" . ,ident)
                       ,@(and (member "wait" how) `(("wait" . ,repl-connect--job-wait))))
          (lambda (job)
            (if (member "page" how)
                (repl-connect-view
                 (format "*repl job %s*" (repl-connect--job-name job)) #'special-mode
                 (lambda ()
                   (repl-connect--show-job
                    job most-positive-fixnum
                    (lambda (text face)
                      (insert (propertize text 'font-lock-face face) "\n")))))
              (repl-connect--show-job
               job repl-connect--text-limit
               (lambda (text face)
                 (repl-connect-show connection (concat text "\n") face)))))))))))

(defun repl-connect--show-job (job limit show)
  "Call SHOW with a line or more and a face for all there is to show of JOB.
Of each text at most LIMIT characters."
  (let ((lost (repl-connect-texts job "repl-server/cut")))
    (funcall show
             (concat (repl-connect--job-state job)
                     (unless (repl-connect--job-ended-p job)
                       (format "; submitted %s"
                               (repl-connect-ago (repl-connect-get job "submitted")))))
             'repl-connect-heading)
    (funcall show (concat "  " (repl-connect--short (repl-connect--job-code job)))
             'repl-connect-note)
    (pcase-dolist (`(,text . ,face)
                   `((,(repl-connect-text job "out") . repl-connect-output)
                     (,(repl-connect-text job "err") . repl-connect-stderr)
                     ,@(mapcar (lambda (value) (cons value 'repl-connect-value))
                               (repl-connect-texts job "values"))))
      (when text
        (repl-connect--show-text show text face limit
                                 (format ",result %s page shows all"
                                         (repl-connect--job-name job)))))
    (when lost
      (funcall show (format "; The other side did not keep all of: %s."
                            (repl-connect-line (string-join lost ", ")))
               'repl-connect-note))))

(defun repl-connect--cancel (connection text)
  "End the job on CONNECTION that TEXT names."
  (repl-connect--with-job
   connection text
   (lambda (ident)
     (repl-connect-inquire
      connection `(("op" . "repl-server/cancel") ("job" . ,ident))
      (lambda (_)
        (repl-connect-note connection "Job %s is cancelled." (repl-connect--job-name ident)))))))

(defun repl-connect--with-job (connection text function)
  "Call FUNCTION with the id of the job on CONNECTION that TEXT means."
  (repl-connect-inquire
   connection '(("op" . "repl-server/jobs"))
   (lambda (reply)
     (when-let ((found (repl-connect-meant
                        connection text
                        (delq nil (mapcar (lambda (job) (repl-connect-text job "job"))
                                          (repl-connect-maps reply "jobs")))
                        "job")))
       (funcall function found)))))

;;;; Who is there

(defun repl-connect--who (connection _)
  "Show who is connected to the program of CONNECTION."
  (repl-connect-inquire
   connection '(("op" . "repl-server/clients"))
   (lambda (reply)
     (let ((ours (repl-connect-get reply "client")))
       (repl-connect-show-table
        connection '("" "id" "name" "from" "since" "sessions")
        (mapcar (lambda (client)
                  (list (if (equal (repl-connect-get client "client") ours) "*" "")
                        (repl-connect-get client "client")
                        (concat (repl-connect-line (repl-connect-get client "name")) " "
                                (repl-connect-line (repl-connect-get client "version")))
                        (repl-connect-get client "address")
                        (repl-connect-ago (repl-connect-get client "since"))
                        (mapconcat #'repl-connect-short-id
                                   (seq-take (repl-connect-texts client "sessions") 10) " ")))
                (repl-connect-maps reply "clients")))
       (repl-connect-note connection "* is you.")))))

;;;; Watches

;; The property `:watches' of a connection: lists of number, id of the request, seconds, code.

(defun repl-connect--watch (connection argument)
  "Begin the watch of ARGUMENT on CONNECTION; list the watches if it is empty."
  (let ((watches (repl-connect-property connection :watches)))
    (cond
     ((and (string-empty-p argument) watches)
      (repl-connect-show-table
       connection '("watch" "every" "code")
       (mapcar (lambda (watch) (list (car watch) (concat (nth 2 watch) " s") (nth 3 watch)))
               (reverse watches))))
     ((string-empty-p argument)
      (repl-connect-note connection "Nothing is watched.  ,watch SECONDS CODE begins."))
     ((string-match "\\`\\([0-9]+\\(?:\\.[0-9]*\\)?\\|\\.[0-9]+\\)s?[ \t\n]+" argument)
      (repl-connect--begin-watch connection (match-string 1 argument)
                                 (substring argument (match-end 0))))
     (t (repl-connect-tell connection
                           ",watch SECONDS CODE: how often, then what to evaluate: ,watch 1 x.")))))

(defun repl-connect--begin-watch (connection every code)
  "Watch CODE on CONNECTION, evaluated EVERY seconds (text)."
  (let* ((session (repl-connect-connection-session connection))
         (ns (repl-connect-connection-namespace connection))
         (watches (repl-connect-property connection :watches))
         (number (1+ (apply #'max 0 (mapcar #'car watches))))
         (id (repl-connect-request
              connection
              `(("op" . "repl-server/watch") ("code" . ,code) ("every" . ,every) ("changes" . 1)
                ,@(and session `(("session" . ,session)))
                ,@(and ns `(("ns" . ,ns))))
              (lambda (reply) (repl-connect--watched connection number reply)))))
    (repl-connect-put connection :watches (cons (list number id every code) watches))
    (repl-connect-note connection "Watch %d: shown when it changes.  ,unwatch %d ends it."
                       number number)))

(defun repl-connect--watched (connection number reply)
  "Show the part of watch NUMBER on CONNECTION that came with REPLY."
  (let* ((statuses (repl-connect-statuses reply))
         (dropped (repl-connect-get reply "repl-server/dropped"))
         (refused (member "error" statuses)))
    (if refused
        (repl-connect-tell-refusal connection reply "refused it" (format "Watch %d: " number))
      (pcase-dolist (`(,key . ,face) '(("out" . repl-connect-output) ("err" . repl-connect-stderr)
                                       ("value" . repl-connect-value)))
        (when-let ((text (repl-connect-text reply key)))
          (repl-connect-show connection (format "[watch %d] " number) 'repl-connect-heading)
          (repl-connect--show-text
           (lambda (text face) (repl-connect-show connection (concat text "\n") face))
           text face repl-connect--text-limit "evaluate it to see them"))))
    (when (integerp dropped)
      (repl-connect-note connection "Watch %d: %d turns before this one were not sent."
                         number dropped))
    (when (repl-connect-last-p reply)
      (let ((known (assq number (repl-connect-property connection :watches))))
        (repl-connect-put connection :watches
                          (remq known (repl-connect-property connection :watches)))
        (when (and known (not refused))
          (repl-connect-note connection "Watch %d has ended%s." number
                             (if (member "lost" statuses) " with the connection" "")))))))

(defun repl-connect--unwatch (connection argument)
  "End the watch of CONNECTION that ARGUMENT is the number of, or all."
  (let* ((watches (repl-connect-property connection :watches))
         (chosen (if (equal argument "all")
                     (reverse watches)
                   (seq-filter (lambda (watch) (equal argument (number-to-string (car watch))))
                               watches))))
    (dolist (watch chosen)
      (repl-connect-inquire connection
                            `(("op" . "repl-server/unwatch") ("watch" . ,(nth 1 watch)))
                            #'ignore))
    (unless chosen
      (if (equal argument "all")
          (repl-connect-note connection "Nothing is watched.")
        (repl-connect-tell connection "There is no watch %s.  ,watch lists them." argument)))))

;;;; Events

;; The property `:subscription' of a connection: the id of the request and what it is to.

(defconst repl-connect-event-kinds '("clients" "jobs" "errors")
  "The kinds of events that `,events' can tell of; every other word is a topic.")

(defun repl-connect--events (connection argument)
  "Begin or end telling of events on CONNECTION according to ARGUMENT."
  (let ((subscription (repl-connect-property connection :subscription))
        (words (split-string argument "[ \t\n,]+" t)))
    (cond
     ((and (null words) subscription)
      (repl-connect--tell-subscription connection (cdr subscription)))
     ((null words)
      (repl-connect-note
       connection "You are not told of events.  ,events on tells of all, ,help events more."))
     ((not (equal words '("off")))
      (when subscription
        (repl-connect--unsubscribe connection #'ignore))
      (repl-connect--subscribe connection
                               (if (equal words '("on"))
                                   (append repl-connect-event-kinds '("*"))
                                 words)))
     (subscription
      (repl-connect--unsubscribe
       connection (lambda (_) (repl-connect-note connection "You are told of events no more."))))
     (t (repl-connect-note connection "You are not told of events.")))))

(defun repl-connect--tell-subscription (connection wanted)
  "Tell that the user of CONNECTION is told of WANTED events."
  (repl-connect-note connection "You are told of: %s.  ,events off ends it."
                     (mapconcat (lambda (name)
                                  (if (equal name "*") "all topics" (repl-connect-line name)))
                                wanted ", ")))

(defun repl-connect-subscription (connection wanted function)
  "Subscribe to WANTED events of CONNECTION: kinds, or else topics.
FUNCTION gets each message.  Return the request's id."
  (repl-connect-request
   connection
   `(("op" . "repl-server/subscribe")
     ("events" . ,(vconcat (seq-intersection wanted repl-connect-event-kinds)))
     ("topics" . ,(vconcat (seq-difference wanted repl-connect-event-kinds))))
   function))

(defun repl-connect--subscribe (connection wanted)
  "Tell of WANTED events of CONNECTION from now on."
  (letrec ((id (repl-connect-subscription
                connection wanted
                (lambda (reply)
                  (let ((statuses (repl-connect-statuses reply))
                        (ours (equal id (car (repl-connect-property connection
                                                                    :subscription)))))
                    (when (and ours (repl-connect-last-p reply))
                      (repl-connect-put connection :subscription nil))
                    (cond
                     ((and ours (member "lost" statuses))
                      (repl-connect-note connection "The events have ended with the connection."))
                     ((member "error" statuses)
                      (repl-connect-tell-refusal connection reply "refused it"))
                     ((member "repl-server/subscribed" statuses)
                      (repl-connect--tell-subscription connection wanted))
                     ((repl-connect-get reply "repl-server/event")
                      (repl-connect--show-event connection reply))))))))
    (repl-connect-put connection :subscription (cons id wanted))))

(defun repl-connect--unsubscribe (connection function)
  "End the subscription of CONNECTION; FUNCTION gets the reply."
  (let ((id (car (repl-connect-property connection :subscription))))
    (repl-connect-put connection :subscription nil)
    (repl-connect-inquire connection
                          `(("op" . "repl-server/unsubscribe") ("subscription" . ,id))
                          function)))

(defun repl-connect--show-event (connection event)
  "Show EVENT of CONNECTION in a line."
  (cl-flet ((text (&rest keys)
              (string-join (seq-remove #'string-empty-p
                                       (mapcar (lambda (key)
                                                 (repl-connect-line
                                                  (repl-connect-get event key)))
                                               keys))
                           " ")))
    (let ((dropped (repl-connect-get event "repl-server/dropped")))
      (pcase-let ((`(,label ,words)
                   (pcase (repl-connect-get event "repl-server/event")
                     ("topic" (list (text "topic") (text "text")))
                     ("clients" (list "clients" (text "client" "name" "what")))
                     ("jobs" (list (concat "job " (repl-connect--job-name event))
                                   (format "%s: %s" (text "state")
                                           (repl-connect--job-code event))))
                     ("errors"
                      (list "errors"
                            (if (equal (repl-connect-get event "what") "ended")
                                (format "%s goes on: %s" (text "held") (text "restart"))
                              (format "%s is held: %s: %s" (text "held" "name") (text "ex")
                                      (text "message")))))
                     (_ (list (text "repl-server/event") (text "what"))))))
        (repl-connect-show connection (format "[%s] " label) 'repl-connect-heading)
        (repl-connect-show
         connection
         (concat (if (integerp dropped)
                     (format "(%d events before this were not sent) " dropped)
                   "")
                 (truncate-string-to-width words (* 4 (repl-connect--columns connection))
                                           nil nil t)
                 "\n")
         'default)))))

(provide 'repl-connect-events)
;;; repl-connect-events.el ends here
