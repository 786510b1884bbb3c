;;; repl-connect-wire-log.el --- The messages that went and came  -*- lexical-binding: t; -*-

;;; Commentary:

;; `,log on' keeps the messages of a connection in the buffer *repl log: ADDRESS*, a line each: the
;; last `repl-connect-log-messages' of them, shortened.  While no connection is logged it costs
;; nothing.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'repl-connect-asking)

(defcustom repl-connect-log-messages 1000
  "Messages that a log of the wire keeps."
  :type 'natnum
  :group 'repl-connect)

(defcustom repl-connect-log-width 2000
  "Characters of each message that a log of the wire keeps."
  :type 'natnum
  :group 'repl-connect)

(defconst repl-connect--log-hidden '("repl-server/token" "stdin")
  "Keys whose values may be secret: a token, a password that was typed.")

(defvar repl-connect--log-connections nil
  "The connections that are logged.")

(defvar-local repl-connect--logged 0
  "Messages that this log has had.")

(define-derived-mode repl-connect-log-mode special-mode "REPL-Log"
  "The messages between Emacs and a program, a line each."
  (setq-local truncate-lines t)
  (setq buffer-undo-list t))

(defun repl-connect--log-buffer (connection)
  "Return the buffer that the messages of CONNECTION are in, or nil."
  (let ((buffer (repl-connect-property connection :log)))
    (and (buffer-live-p buffer) buffer)))

(defun repl-connect--log-message (connection direction message)
  "Write MESSAGE of CONNECTION, `sent' or `received' (DIRECTION), into its log."
  (when (memq connection repl-connect--log-connections)
    (if-let ((buffer (repl-connect--log-buffer connection)))
        (with-current-buffer buffer
          (let ((inhibit-read-only t)
                (following (eobp)))
            (save-excursion
              (save-restriction
                (widen)
                (goto-char (point-max))
                (insert (format-time-string "%H:%M:%S.%3N ")
                        (if (eq direction 'sent) "--> " "<-- ")
                        (repl-connect--log-text message)
                        "\n")
                (setq repl-connect--logged (1+ repl-connect--logged))
                (when (> repl-connect--logged repl-connect-log-messages)
                  (goto-char (point-min))
                  (delete-region (point-min) (line-beginning-position 2)))))
            (when following
              (goto-char (point-max)))))
      (repl-connect--log-stop connection))))

(defun repl-connect--log-text (message)
  "Return MESSAGE as a line, shortened, without what is secret."
  (let* ((print-escape-newlines t)
         (print-escape-control-characters t)
         (text (repl-connect--log-value
                (mapcar (lambda (pair)
                          (if (member (car pair) repl-connect--log-hidden)
                              (cons (car pair) "…")
                            pair))
                        message)
                0)))
    (if (<= (length text) repl-connect-log-width)
        text
      (concat (substring text 0 repl-connect-log-width) "…"))))

(defun repl-connect--log-value (value depth)
  "Return VALUE, DEPTH levels down in a message, as text; its long parts are cut."
  (cond
   ((stringp value)
    (if (<= (length value) repl-connect-log-width)
        (prin1-to-string value)
      (format "%s… (%d characters)"
              (prin1-to-string (substring value 0 repl-connect-log-width)) (length value))))
   ((> depth 8) "…")
   ((vectorp value)
    (format "[%s]" (mapconcat (lambda (item) (repl-connect--log-value item (1+ depth)))
                              (seq-take value 200) ", ")))
   ((listp value)
    (format "{%s}" (mapconcat (lambda (pair)
                                (format "%S: %s" (car pair)
                                        (repl-connect--log-value (cdr pair) (1+ depth))))
                              (seq-take value 200) ", ")))
   (t (format "%s" value))))

(defun repl-connect--log-start (connection)
  "Log the messages of CONNECTION from now on."
  (unless (and (memq connection repl-connect--log-connections)
               (repl-connect--log-buffer connection))
    (let ((buffer (or (repl-connect--log-buffer connection)
                      (generate-new-buffer
                       (format "*repl log: %s*" (repl-connect-connection-address connection))))))
      (with-current-buffer buffer
        (let ((inhibit-read-only t))
          (erase-buffer))
        (repl-connect-log-mode))
      (repl-connect-put connection :log buffer)))
  (cl-pushnew connection repl-connect--log-connections)
  (add-hook 'repl-connect-message-functions #'repl-connect--log-message)
  (repl-connect-note connection "The last %d messages are logged from now on, %d characters of \
each.  ,log shows them." repl-connect-log-messages repl-connect-log-width))

(defun repl-connect--log-stop (connection)
  "Log the messages of CONNECTION no more."
  (setq repl-connect--log-connections (delq connection repl-connect--log-connections))
  (unless repl-connect--log-connections
    (remove-hook 'repl-connect-message-functions #'repl-connect--log-message)))

(defun repl-connect--log (connection argument)
  "Begin, end, show or save the log of CONNECTION according to ARGUMENT."
  (let ((buffer (repl-connect--log-buffer connection)))
    (pcase (repl-connect--first-word argument)
      (`("on" . "") (repl-connect--log-start connection))
      (`("off" . "")
       (repl-connect--log-stop connection)
       (repl-connect-note connection
                          "The wire is not logged any more.  What was logged stays for now."))
      ((guard (null buffer))
       (repl-connect-note connection "The wire is not logged.  ,log on begins."))
      (`("" . ,_) (display-buffer buffer))
      (`(,(and number (pred (string-match-p "\\`[0-9]+\\'"))) . "")
       (repl-connect-show connection
                          (repl-connect--log-last buffer (string-to-number number)) 'default))
      (`("save" . ,(and file (guard (not (string-empty-p file)))))
       (repl-connect--log-save connection buffer file))
      (_ (repl-connect-tell connection
                            ",log takes: on, off, a number of messages, or save FILE.")))))

(defun repl-connect--log-last (buffer count)
  "Return the last COUNT lines of BUFFER."
  (with-current-buffer buffer
    (save-excursion
      (save-restriction
        (widen)
        (goto-char (point-max))
        (forward-line (- count))
        (buffer-substring-no-properties (point) (point-max))))))

(defun repl-connect--log-save (connection buffer file)
  "Write BUFFER, the log of CONNECTION, into FILE."
  (let* ((text (repl-connect--log-last buffer most-positive-fixnum))
         (kept (cl-count ?\n text))
         (forgotten (- (buffer-local-value 'repl-connect--logged buffer) kept)))
    (repl-connect-write connection text file
                        (concat (format "%d messages are in %%s." kept)
                                (when (> forgotten 0)
                                  (format "  %d before them are not kept." forgotten))))))

(provide 'repl-connect-wire-log)
;;; repl-connect-wire-log.el ends here
