;;; repl-connect-partners.el --- What a partner wants evaluated first  -*- lexical-binding: t; -*-

;;; Commentary:

;; A partner, which an address like @sim names, may have forms in the configuration that are
;; evaluated in each new session, and a language for a REPL that does not tell its own.  The
;; `repl-connect' command knows them: it is asked when the connection is there, and until it has
;; answered the connection counts as connecting, so that nothing is sent before the forms.

;;; Code:

(require 'json)
(require 'subr-x)
(require 'repl-connect-transport)
(require 'repl-connect-evaluation)
(require 'repl-connect-output)

(defconst repl-connect-partners--timeout 10
  "Seconds that the command may take to tell of a partner.")

(defun repl-connect-partners-prepare (connection then)
  "Do what the partner at CONNECTION wants done first, then call THEN.
It is called without arguments once the forms are sent: at once where
there are none, for another address or a session that was resumed."
  (let ((address (repl-connect-connection-address connection))
        (process (repl-connect-connection-process connection))
        (command (repl-connect-command)))
    (if (or (not (string-prefix-p "@" address))
            (repl-connect-connection-resumed connection)
            (not (and command (executable-find (car command)))))
        (funcall then)
      (setf (repl-connect-connection-state connection) 'connecting)
      (repl-connect-partners--ask
       command address
       (lambda (partner)
         ;; It may have been lost meanwhile, or left.
         (when (and (eq (repl-connect-connection-state connection) 'connecting)
                    (eq (repl-connect-connection-process connection) process))
           (setf (repl-connect-connection-state connection) 'open)
           (repl-connect-partners--assume connection (cdr (assoc "language" partner)))
           (dolist (form (cdr (assoc "forms" partner)))
             (repl-connect-partners--evaluate connection form))
           (funcall then)))))))

(defun repl-connect-partners--ask (command address function)
  "Ask COMMAND about the partner ADDRESS; call FUNCTION with an alist, later.
It is nil if the command has failed or taken too long."
  (let* ((default-directory (if (file-remote-p default-directory)
                                (expand-file-name "~/")
                              default-directory))
         (process-environment (append '("PYTHONPATH" "PYTHONHOME") process-environment))
         (told nil)
         (process (make-process
                   :name "repl-connect partner" :noquery t :connection-type 'pipe
                   :coding 'utf-8-unix
                   :command `(,@command "partners" "list" "--json" ,address)
                   :filter (lambda (_ text) (push text told))
                   :stderr (get-buffer-create " *repl-connect partner errors*")))
         (timer (run-at-time repl-connect-partners--timeout nil
                             (lambda ()
                               (when (process-live-p process)
                                 (delete-process process))))))
    (when-let ((pipe (get-buffer-process " *repl-connect partner errors*")))
      (set-process-query-on-exit-flag pipe nil)
      (set-process-sentinel pipe #'ignore))
    (set-process-sentinel
     process
     (lambda (process _)
       (unless (process-live-p process)
         (cancel-timer timer)
         (funcall function
                  (let ((json-key-type 'string) (json-object-type 'alist)
                        (json-array-type 'list) (json-null nil))
                    (ignore-errors
                      (json-read-from-string (apply #'concat (reverse told)))))))))))

(defun repl-connect-partners--assume (connection language)
  "Take LANGUAGE for what CONNECTION speaks if that is not told there."
  (let* ((description (repl-connect-connection-description connection))
         (told (repl-connect-aux connection "repl-connect/language")))
    (when (and (stringp language) (member told '(nil "text"))
               (null (repl-connect-get description "versions")))
      (setf (repl-connect-connection-description connection)
            (cons `("aux" . (("repl-connect/language" . ,language)
                             ,@(repl-connect-get description "aux")))
                  description)))))

(defun repl-connect-partners--evaluate (connection form)
  "Evaluate FORM on CONNECTION: show what it prints, and say if it fails."
  (let ((failed nil))
    (repl-connect-eval
     connection form
     :on-output (lambda (evaluation stream text _)
                  (unless (equal stream "err")
                    (repl-connect-show-output connection stream text evaluation)))
     :on-failed (lambda (_ reply)
                  (setq failed (string-join
                                (delq nil (list (repl-connect-text reply "ex")
                                                (repl-connect-text reply "repl-server/message")))
                                ": ")))
     :on-need-input (lambda (evaluation _) (repl-connect-give-input evaluation ""))
     :on-done (lambda (evaluation problem)
                (let ((err (repl-connect-evaluation-err evaluation))
                      (done (repl-connect-evaluation-done evaluation)))
                  (cond
                   ((member "lost" done))
                   ((or failed problem (member "interrupted" done))
                    (repl-connect-note
                     connection "%s"
                     (repl-connect-partners--line
                      (format "%s: the form `%s' failed: %s"
                              (repl-connect-connection-address connection)
                              (truncate-string-to-width form 60 nil nil t)
                              (truncate-string-to-width
                               (or problem failed "it was interrupted") 200 nil nil t)))))
                   ((not (string-empty-p err))
                    (repl-connect-show-output connection "err" err evaluation))))))))

(defun repl-connect-partners--line (text)
  "Return TEXT as one line without control characters."
  (string-trim (replace-regexp-in-string "[[:cntrl:]]+" " " text)))

(provide 'repl-connect-partners)
;;; repl-connect-partners.el ends here
