;;; repl-connect-doctor.el --- What is wrong, and what to do  -*- lexical-binding: t; -*-

;;; Commentary:

;; `M-x repl-connect-doctor' looks at Emacs, at this package, at the `repl-connect' command, at the
;; connections and at what the current buffer uses; then it has the command look at an address.
;; Nothing is evaluated and nothing is changed.  The text can be copied into a report as it is.

;;; Code:

(require 'cl-lib)
(require 'lisp-mnt)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-asking)
(require 'repl-connect-languages)
(require 'repl-connect-targets)
(require 'repl-connect-transport)

(defconst repl-connect-doctor--patience 15
  "Seconds that the `repl-connect' command may take.")

(defconst repl-connect-doctor--longest 100000
  "Characters of what the command says that are shown, and a few more.")

(defvar-local repl-connect-doctor--findings nil
  "What was found: headings, and lists of a state, a topic, a fact and an advice.
The state is `ok', `note', `WRONG' or `wait'.")
(defvar-local repl-connect-doctor--report nil
  "A cons of what the command was asked and what it has said so far, or nil.")
(defvar-local repl-connect-doctor--about nil
  "The buffer and the address that this is about.")
(defvar-local repl-connect-doctor--processes nil
  "The processes that are waited for.")

;;;###autoload
(defun repl-connect-version ()
  "Return the version of this package; say it if called by the user."
  (interactive)
  (let ((version (with-temp-buffer
                   (insert-file-contents
                    (expand-file-name "repl-connect.el" repl-connect--directory))
                   (lm-version))))
    (when (called-interactively-p 'any)
      (message "repl-connect %s, Emacs %s" version emacs-version))
    version))

;;;###autoload
(defun repl-connect-doctor (&optional address)
  "Show what is wrong with connecting, and what to do about it.
Look at ADDRESS too if it is not nil; interactively it is asked for, and
the current connection's if nothing is typed."
  (interactive (list (repl-connect-doctor--read-address)))
  (let ((about (if (derived-mode-p 'repl-connect-doctor-mode)
                   (repl-connect-doctor--about-buffer)
                 (current-buffer)))
        (buffer (get-buffer-create "*repl-connect doctor*")))
    (with-current-buffer buffer
      (unless (derived-mode-p 'repl-connect-doctor-mode)
        (repl-connect-doctor-mode))
      (repl-connect-doctor--examine about address))
    (pop-to-buffer buffer)))

(defun repl-connect-doctor--read-address ()
  "Read the address to look at; nil for none."
  (let* ((connection (repl-connect-current-connection))
         (default (and connection (repl-connect-connection-address connection)))
         (known (delete-dups (mapcar #'repl-connect-connection-address
                                     repl-connect-connections)))
         (address (completing-read (if default
                                       (format-prompt "Look at address" default)
                                     "Look at address (empty: this machine only): ")
                                   known nil nil nil nil default)))
    (and (not (string-empty-p address)) address)))

(define-derived-mode repl-connect-doctor-mode special-mode "Doctor"
  "What is wrong with connecting.
\\<special-mode-map>\\[revert-buffer] looks again."
  (setq-local revert-buffer-function
              (lambda (&rest _)
                (repl-connect-doctor--examine (repl-connect-doctor--about-buffer)
                                              (cadr repl-connect-doctor--about))))
  (add-hook 'kill-buffer-hook #'repl-connect-doctor--stop nil t))

(defun repl-connect-doctor--about-buffer ()
  "Return the buffer that this is about, or if that was killed the current one."
  (let ((about (car repl-connect-doctor--about)))
    (if (buffer-live-p about) about (current-buffer))))

(defun repl-connect-doctor--stop ()
  "End what was started for the current buffer."
  (mapc #'delete-process repl-connect-doctor--processes)
  (setq repl-connect-doctor--processes nil))

;;;; Findings

(defun repl-connect-doctor--examine (about address)
  "Look at everything, for the buffer ABOUT and for ADDRESS if not nil."
  (repl-connect-doctor--stop)
  (setq repl-connect-doctor--about (list about address)
        repl-connect-doctor--findings nil
        repl-connect-doctor--report nil
        default-directory (let ((directory (buffer-local-value 'default-directory about)))
                            (if (file-remote-p directory) (expand-file-name "~/") directory)))
  (repl-connect-doctor--look-at-emacs)
  (repl-connect-doctor--look-at-command)
  (repl-connect-doctor--look-at-buffer about)
  (repl-connect-doctor--look-at-connections)
  (repl-connect-doctor--look-at-address address)
  (repl-connect-doctor--draw)
  (goto-char (point-min)))

(defun repl-connect-doctor--note (finding)
  "Put FINDING, or a heading, below what was found, and return it.
A finding can be changed until it is drawn."
  (setq repl-connect-doctor--findings (append repl-connect-doctor--findings (list finding)))
  finding)

(defun repl-connect-doctor--find (state topic fact &optional advice)
  "Note that TOPIC is in STATE: FACT; ADVICE is what to do.  Return the finding."
  (repl-connect-doctor--note (list state topic fact advice)))

(defun repl-connect-doctor--settle (buffer finding state fact &optional advice)
  "Let FINDING in BUFFER be in STATE now, with FACT and ADVICE."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (when (memq finding repl-connect-doctor--findings)
        (setcar finding state)
        (setcdr (cdr finding) (list fact advice))
        (repl-connect-doctor--draw)))))

(defun repl-connect-doctor--count (state)
  "Return how many findings are in STATE."
  (seq-count (lambda (finding) (eq (car-safe finding) state)) repl-connect-doctor--findings))

(defun repl-connect-doctor--draw ()
  "Write what was found into the current buffer."
  (let ((inhibit-read-only t)
        (place (point))
        (wrong (repl-connect-doctor--count 'WRONG)))
    (erase-buffer)
    (dolist (finding repl-connect-doctor--findings)
      (pcase finding
        (`(,state ,topic ,fact ,advice)
         (insert (propertize (string-pad (if (eq state 'wait) "…" (symbol-name state)) 7)
                             'font-lock-face (pcase state
                                               ('ok 'success) ('WRONG 'error) (_ 'shadow)))
                 (string-pad topic 16) " "
                 (repl-connect--filled (repl-connect-line fact) 24 90))
         (when advice
           (insert (make-string 24 ?\s) "-> " (repl-connect--filled advice 27 90))))
        (heading
         (insert (if (bobp) "" "\n")
                 (propertize heading 'font-lock-face 'repl-connect-heading) "\n"))))
    (when repl-connect-doctor--report
      (insert "\n" (propertize (car repl-connect-doctor--report)
                               'font-lock-face 'repl-connect-heading)
              "\n" (repl-connect-clean (cdr repl-connect-doctor--report))))
    (insert "\n" (cond ((> (repl-connect-doctor--count 'wait) 0) "Still looking…\n")
                       ((zerop wrong) "Nothing is wrong on Emacs' side.\n")
                       ((= wrong 1) "1 thing is wrong: see above, and what is behind ->.\n")
                       (t (format "%d things are wrong: see above, and what is behind ->.\n"
                                  wrong))))
    (set-buffer-modified-p nil)
    (goto-char (min place (point-max)))))

;;;; What is looked at

(defun repl-connect-doctor--look-at-emacs ()
  "Look at Emacs and at this package."
  (let* ((directory repl-connect--directory)
         (others (seq-filter
                  (lambda (each)
                    (and (stringp each)
                         (file-exists-p (expand-file-name "repl-connect-transport.el" each))
                         (not (file-equal-p each directory))))
                  load-path))
         (stale (seq-filter
                 (lambda (compiled)
                   (file-newer-than-file-p (string-remove-suffix "c" compiled) compiled))
                 (directory-files directory t "\\`repl-connect.*\\.elc\\'"))))
    (repl-connect-doctor--note "Emacs and the package")
    (repl-connect-doctor--find 'ok "Emacs" (format "%s, %s%s" emacs-version system-configuration
                                                   (if (display-graphic-p) "" ", in a terminal")))
    (repl-connect-doctor--find 'ok "repl-connect.el"
                               (format "%s, %s" (repl-connect-version)
                                       (abbreviate-file-name directory)))
    (when others
      (repl-connect-doctor--find 'WRONG "load-path"
                                 (concat "there is more than one of it: "
                                         (mapconcat #'abbreviate-file-name others ", "))
                                 "Remove all but one: M-x list-packages, and your init file."))
    (when stale
      (repl-connect-doctor--find 'WRONG "compiled files"
                                 (format "%d are older than their source" (length stale))
                                 "M-x byte-recompile-directory there, then restart Emacs; or set \
`load-prefer-newer'."))))

(defun repl-connect-doctor--look-at-command ()
  "Look for the `repl-connect' command, and for its version."
  (repl-connect-doctor--note "The repl-connect command")
  (if-let ((command (repl-connect-command)))
      (let* ((words (string-join command " "))
             (finding (repl-connect-doctor--find 'wait "command" words))
             (settle (apply-partially #'repl-connect-doctor--settle (current-buffer) finding)))
        (repl-connect-doctor--run
         (append command '("--version")) #'ignore
         (lambda (status said)
           (cond
            ((not (and (eql status 0)
                       (string-match "\\`repl-connect \\([^ \n]+\\)" said)))
             (funcall settle 'WRONG (format "%s --version fails: %s" words (string-trim said))
                      (if repl-connect-command
                          "Set `repl-connect-command' to another, or to nil."
                        "Install repl-connect there anew.")))
            ((equal (match-string 1 said) (repl-connect-version))
             (funcall settle 'ok (format "%s, of the same version" words)))
            (t (funcall settle 'WRONG
                        (format "%s is of version %s, repl-connect.el of %s" words
                                (match-string 1 said) (repl-connect-version))
                        (format "Use the package that belongs to it: %s editor emacs" words)))))))
    (repl-connect-doctor--find
     'note "command" "none was found: only nREPL servers can be connected to"
     (concat repl-connect--remedy "."))))

(defun repl-connect-doctor--look-at-buffer (about)
  "Look at the language of the buffer ABOUT, and at its target."
  (pcase-let ((`(,mode ,language ,namespace (,connection . ,why))
               (with-current-buffer about
                 (list mode-name (repl-connect-language-of-buffer)
                       (repl-connect-buffer-namespace) (repl-connect-current-scope)))))
    (repl-connect-doctor--note (format "The buffer %s" (buffer-name about)))
    (repl-connect-doctor--find (if (or language connection) 'ok 'note) "language"
                               (format "%s (%s)"
                                       (if language (repl-connect-language-name language) "none")
                                       (format-mode-line mode)))
    (when namespace
      (repl-connect-doctor--find 'ok "namespace" namespace))
    (if connection
        (repl-connect-doctor--find
         'ok "code goes to"
         (format "%s (%s)" (repl-connect-connection-address connection)
                 (pcase why
                   ('buffer "chosen for this buffer")
                   ('project "of the same project")
                   ('default "the default")
                   (_ "the last one used"))))
      (repl-connect-doctor--find
       'note "code goes to" "nowhere"
       (if repl-connect-connections
           "M-x repl-connect-use chooses a connection for this buffer."
         "M-x repl-connect connects.")))))

(defun repl-connect-doctor--look-at-connections ()
  "Look at each connection, and how fast it answers."
  (repl-connect-doctor--note "Connections")
  (unless repl-connect-connections
    (repl-connect-doctor--find 'note "connections" "none" "M-x repl-connect makes one."))
  (dolist (connection repl-connect-connections)
    (let ((name (repl-connect-connection-address connection)))
      (if (repl-connect-open-p connection)
          (repl-connect-doctor--await connection)
        (repl-connect-doctor--find
         (if (eq (repl-connect-connection-state connection) 'lost) 'WRONG 'note)
         "connection" (format "%s: %s" name (repl-connect-state-words connection))
         "M-x repl-connect-reconnect connects again.")))))

(defun repl-connect-doctor--await (connection)
  "See what is known of CONNECTION, which is open, and how fast it answers."
  (let* ((running (length (repl-connect-connection-evaluations connection)))
         (session (repl-connect-connection-session connection))
         (facts (format "%s: open, %s, %s, %d ops%s" (repl-connect-connection-address connection)
                        (repl-connect-language-name (repl-connect-connection-language connection))
                        (if session (format "session %s" session) "no sessions")
                        (length (repl-connect-ops connection))
                        (if (> running 0) (format ", %d running or queued" running) "")))
         (finding (repl-connect-doctor--find 'wait "connection" facts))
         (settle (apply-partially #'repl-connect-doctor--settle (current-buffer) finding)))
    (run-at-time repl-connect-doctor--patience nil
                 (lambda ()
                   (when (eq (car finding) 'wait)
                     (funcall settle 'WRONG (concat facts ", no answer")
                              "Is the program stopped, or busy?  C-c C-c in its REPL \
interrupts what runs."))))
    (condition-case error
        (repl-connect-round-trip
         connection
         (lambda (took)
           (funcall settle 'ok (format "%s, answers in %.1f ms" facts (* 1000 took)))))
      (user-error (funcall settle 'WRONG (concat facts ", " (cadr error))
                           "M-x repl-connect-disconnect, then M-x repl-connect-reconnect.")))))

(defun repl-connect-doctor--look-at-address (address)
  "Have the `repl-connect' command look at ADDRESS, or at this machine if nil."
  (when-let ((command (repl-connect-command)))
    (let ((arguments `("doctor" ,@(and address (list "--" address))))
          (buffer (current-buffer)))
      (setq repl-connect-doctor--report
            (cons (string-join (remove "--" (cons "repl-connect" arguments)) " ") "…\n"))
      (cl-flet ((show (text)
                  (when (buffer-live-p buffer)
                    (with-current-buffer buffer
                      (when repl-connect-doctor--report
                        (setcdr repl-connect-doctor--report text)
                        (repl-connect-doctor--draw))))))
        (repl-connect-doctor--run (append command arguments) #'show
                                  (lambda (_ said) (show said)))))))

(defun repl-connect-doctor--run (command on-text on-end)
  "Run COMMAND, a list, for the current buffer.
ON-TEXT is called with all that it has said so far, as it comes; ON-END
with its exit status, or a sentence, and all it has said."
  (let ((said "") (process nil) (buffer (current-buffer)))
    (condition-case error
        (progn
          (setq process
                (make-process
                 :name "repl-connect doctor" :noquery t :connection-type 'pipe
                 :coding 'utf-8-unix
                 :command command
                 :filter (lambda (_ text)
                           (when (< (length said) repl-connect-doctor--longest)
                             (setq said (concat said text)))
                           (funcall on-text said))
                 :sentinel (lambda (process _)
                             (unless (process-live-p process)
                               (when (buffer-live-p buffer)
                                 (with-current-buffer buffer
                                   (when (memq process repl-connect-doctor--processes)
                                     (setq repl-connect-doctor--processes
                                           (delq process repl-connect-doctor--processes))
                                     (funcall on-end (process-exit-status process) said)))))))
                repl-connect-doctor--processes (cons process repl-connect-doctor--processes))
          (process-send-eof process)
          (run-at-time repl-connect-doctor--patience nil
                       (lambda ()
                         (when (process-live-p process)
                           (setq said (format "%s\nno answer after %d s" said
                                              repl-connect-doctor--patience))
                           (delete-process process)))))
      (error (funcall on-end (error-message-string error) (error-message-string error))))))

(provide 'repl-connect-doctor)
;;; repl-connect-doctor.el ends here
