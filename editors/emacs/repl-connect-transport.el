;;; repl-connect-transport.el --- From an address to a process  -*- lexical-binding: t; -*-

;;; Commentary:

;; An nREPL server is connected to directly, through a Unix socket or TCP.  Any other REPL is
;; reached through `repl-connect bridge --stdio', a program that is an nREPL server for it.  Which
;; of the two it is, the bridge finds out: with `--unless-nrepl' it ends at once, with a status of
;; its own, where an nREPL server listens.  What was found is remembered, so that the next time is
;; direct from the start.
;;
;; Addresses are those of the terminal client: ./socket, host:port, port, nrepl://, nrepl+unix:,
;; unix:, ssh://, http:// and @partner.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'repl-connect-client)

(defcustom repl-connect-command nil
  "The `repl-connect' program and its first arguments, a list of strings.
If nil it is found: the one this package came with, or the one on the
search path."
  :type '(choice (const :tag "Found by itself" nil) (repeat string))
  :group 'repl-connect)

(defconst repl-connect--directory
  (file-name-directory
   ;; Package managers compile links to the sources: what is beside the source is looked for.
   (file-truename
    (concat (file-name-sans-extension
             (or load-file-name (locate-library "repl-connect-transport") buffer-file-name))
            ".el")))
  "Where these files are, links followed.")

(defconst repl-connect--status-nrepl 5
  "The exit status of a bridge that does not serve, since an nREPL server is there.")

(defvar repl-connect--known-nrepl nil
  "Addresses, absolute, at which an nREPL server was found in this Emacs.")

;;;; Addresses

(defun repl-connect-address-where (address)
  "Return where ADDRESS leads to: a plist with `:path', or `:host' and `:port'.
Return nil for an address that only the `repl-connect' command can
reach: a partner, another machine by ssh, HTTP.  `:nrepl' is non-nil if
the address itself says that nREPL is spoken there.  Signal a
`user-error' for a text that is no address."
  (let ((case-fold-search nil))
    (cond
     ((string-match-p "\\`\\(?:@\\|ssh://\\|https?://\\)" address) nil)
     ((string-match "\\`nrepl\\+unix:\\(?://\\)?\\(.+\\)" address)
      (list :path (expand-file-name (match-string 1 address)) :nrepl t))
     ((string-match "\\`unix:\\(?:///\\)?\\(.+\\)" address)
      (list :path (expand-file-name (concat (and (string-prefix-p "unix:///" address) "/")
                                            (match-string 1 address)))))
     ((string-match "\\`nrepl://\\([^/]+\\)/?\\'" address)
      (let ((rest (match-string 1 address)))
        (append (or (repl-connect--host-and-port rest)
                    (list :host rest :port 7888))
                '(:nrepl t))))
     ((string-match-p "/" address) (list :path (expand-file-name address)))
     ((string-match-p "\\`[0-9]+\\'" address)
      (repl-connect--host-and-port (concat "localhost:" address)))
     ((file-exists-p address) (list :path (expand-file-name address)))
     ((repl-connect--host-and-port address))
     (t (user-error "%s is no address: give a socket's path (./x.sock), host:port, or a port"
                    address)))))

(defun repl-connect--host-and-port (text)
  "Return the host and port of TEXT, HOST:PORT, as a plist, or nil."
  (when (string-match "\\`\\(?:\\[\\([^]]+\\)]\\|\\([^:]+\\)\\):\\([0-9]+\\)\\'" text)
    (let ((host (or (match-string 1 text) (match-string 2 text)))
          (port (string-to-number (match-string 3 text))))
      (and (< 0 port 65536) (list :host host :port port)))))

(defun repl-connect-port-file-address (directory)
  "Return the address in a `.nrepl-port' file in or above DIRECTORY, or nil."
  (when-let* ((root (locate-dominating-file directory ".nrepl-port"))
              (file (expand-file-name ".nrepl-port" root))
              (text (and (file-readable-p file)
                         (with-temp-buffer
                           (insert-file-contents file nil 0 20)
                           (string-trim (buffer-string))))))
    (and (string-match-p "\\`[0-9]\\{1,5\\}\\'" text)
         (concat "nrepl://localhost:" text))))

(defun repl-connect--where-key (where)
  "Return WHERE as text to remember it by."
  (or (plist-get where :path)
      (format "%s:%s" (plist-get where :host) (plist-get where :port))))

;;;; The command

(defun repl-connect-command ()
  "Return the command line of `repl-connect', or nil if there is none.
It is `repl-connect-command', the one in the environment or checkout
that this package is in, or the one on the search path."
  (or repl-connect-command
      (when-let ((program (or (repl-connect--command-around repl-connect--directory)
                              (executable-find "repl-connect"))))
        (list program))))

(defun repl-connect--command-around (directory)
  "Return the program of the environment that DIRECTORY is in, or nil."
  (let ((found nil) (parent directory))
    (while (and (not found)
                (setq parent (file-name-directory (directory-file-name directory)))
                (not (equal parent directory)))
      (setq directory parent)
      (let ((program
             (cond
              ((file-exists-p (expand-file-name "client/repl_connect" directory))
               (expand-file-name ".venv/bin/repl-connect" directory))
              ((file-exists-p (expand-file-name "pyvenv.cfg" directory))
               (expand-file-name "bin/repl-connect" directory))
              ((string-match-p "/\\(?:site\\|dist\\)-packages/\\'" directory)
               (expand-file-name "../../../bin/repl-connect" directory)))))
        (when (and program (file-executable-p program))
          (setq found program))))
    found))

(defconst repl-connect--remedy
  "Install it (pipx install repl-connect), or set `repl-connect-command'"
  "What to do where there is no `repl-connect' command.")

;;;; Processes

(defconst repl-connect--longest-path 107
  "Bytes that the path of a Unix socket may have (unix(7)).")

(defconst repl-connect--bridge-timeout 30
  "Seconds that a bridge may take to find out what it is in front of.")

(defconst repl-connect--greeting-time 0.5
  "Seconds in which a REPL that is none of nREPL may say so by its greeting.")

(defun repl-connect--direct (where then failed)
  "Connect to WHERE.  Call THEN with the process, or FAILED with a sentence.
Either is called at once for a Unix socket and later for TCP."
  (let ((read-process-output-max (max read-process-output-max 65536))
        (common '(:name "repl-connect" :noquery t :coding binary :filter ignore)))
    (condition-case error
        (if (plist-get where :path)
            (funcall then (apply #'make-network-process :family 'local
                                 :service (plist-get where :path) common))
          (let* ((timer nil)
                 (decided
                  (lambda (process event)
                    (when timer
                      (cancel-timer timer)
                      (setq timer nil)
                      (set-process-sentinel process #'ignore)
                      (if (string-prefix-p "open" event)
                          (funcall then process)
                        (delete-process process)
                        (funcall failed (repl-connect--network-words event))))))
                 (process (apply #'make-network-process :host (plist-get where :host)
                                 :service (plist-get where :port) :nowait t
                                 :sentinel decided common)))
            (setq timer (run-at-time repl-connect-timeout nil decided process
                                     (format "nobody has answered there for %s seconds"
                                             repl-connect-timeout)))))
      (file-error
       (funcall failed (repl-connect--network-words (or (nth 2 error)
                                                        (error-message-string error))))))))

(defun repl-connect--network-words (reason)
  "Return a sentence for REASON, by which connecting has failed."
  (let ((case-fold-search t))
    (cond
     ((string-match-p "refused\\|failed with code 111" reason) "nobody listens there.")
     ((string-match-p "no such file" reason) "there is no such socket.")
     ((string-match-p "permission denied" reason)
      "you may not connect to it: its permissions are for others (ls -l shows them).")
     ((string-match-p "name or service\\|unknown host\\|nodename" reason)
      "there is no such host.")
     (t (concat (string-trim reason) ".")))))

(defun repl-connect--bridge (words directory unless-nrepl)
  "Return the process of a bridge to the address WORDS, run in DIRECTORY.
With UNLESS-NREPL it ends if an nREPL server is there."
  (let* ((read-process-output-max (max read-process-output-max 65536))
         (default-directory directory)
         (errors (generate-new-buffer " *repl-connect bridge errors*" t))
         (process-environment
          ;; A project's modules would go before the bridge's own.
          (append '("PYTHONPATH" "PYTHONHOME") process-environment))
         (process
          (make-process
           :name "repl-connect bridge" :noquery t :coding 'binary :connection-type 'pipe
           :filter #'ignore
           :stderr errors
           :command `(,@(repl-connect-command) "bridge" "--stdio"
                      ,@(and unless-nrepl '("--unless-nrepl")) "--" ,words))))
    (when-let ((pipe (get-buffer-process errors)))
      (set-process-query-on-exit-flag pipe nil)
      (set-process-sentinel pipe #'ignore))
    (process-put process 'repl-connect-errors errors)
    (process-put process 'repl-connect-bridged (string-remove-prefix "unix:" words))
    process))

(defun repl-connect--bridge-words (process)
  "Return why PROCESS, a bridge, has ended: what it said last, or its status."
  (let* ((errors (process-get process 'repl-connect-errors))
         (pipe (and (buffer-live-p errors) (get-buffer-process errors)))
         (deadline (+ (float-time) 1)))
    (while (and pipe (process-live-p pipe) (< (float-time) deadline))
      (accept-process-output pipe 0.05))
    (let ((said (and (buffer-live-p errors)
                     (with-current-buffer errors (string-trim (buffer-string))))))
      (if (member said '(nil ""))
          (format "the bridge has ended (%s %s)." (process-status process)
                  (process-exit-status process))
        ;; Who shows it says where that was.
        (string-remove-prefix
         (concat (process-get process 'repl-connect-bridged) ": ")
         (string-remove-prefix "repl-connect: " (car (last (split-string said "\n")))))))))

(cl-defun repl-connect-transport-open (connection &key on-ready on-failed resume)
  "Connect CONNECTION to its address and open its sessions.
ON-READY is called with CONNECTION, ON-FAILED with it and a sentence.
RESUME is a session to take up again.  Nothing is waited for."
  (let* ((address (repl-connect-connection-address connection))
         (buffer (repl-connect-connection-buffer connection))
         (here (if (buffer-live-p buffer)
                   (buffer-local-value 'default-directory buffer)
                 default-directory))
         ;; Programs are started on this machine, whatever is edited.
         (default-directory (if (file-remote-p here) (expand-file-name "~/") here))
         (where (repl-connect-address-where address))
         (path (plist-get where :path))
         (too-long (and path (> (string-bytes path) repl-connect--longest-path)))
         (key (and where (repl-connect--where-key where)))
         (command (repl-connect-command)))
    (cl-labels
        ((failed (words)
           (setf (repl-connect-connection-state connection) 'lost)
           (funcall on-failed connection
                    (if (string-prefix-p address words)
                        words
                      (format "%s: %s" address words))))
         (direct (otherwise &optional listen)
           (repl-connect--direct
            where
            (lambda (process)
              (setf (repl-connect-connection-why-lost connection) #'ignore)
              (repl-connect-client-open
               process connection :resume resume :listen listen
               :on-ready (lambda (connection)
                           (cl-pushnew key repl-connect--known-nrepl :test #'equal)
                           (funcall on-ready connection))
               :on-failed (lambda (_ words kind)
                            (setq repl-connect--known-nrepl
                                  (delete key repl-connect--known-nrepl))
                            (if (memq kind '(no-bencode timeout))
                                (funcall otherwise words)
                              (failed words)))))
            #'failed))
         (bridge (unless-nrepl)
           (if (not (executable-find (car command)))
               (failed (format "there is no program %s.  %s." (car command)
                               repl-connect--remedy))
             (let ((process (repl-connect--bridge
                             (cond (too-long (concat "./" (file-name-nondirectory path)))
                                   (path (concat "unix:" path))
                                   (t address))
                             (if path (file-name-directory path) default-directory)
                             unless-nrepl)))
               (setf (repl-connect-connection-why-lost connection)
                     #'repl-connect--bridge-words)
               (repl-connect-client-open
                process connection :on-ready on-ready :resume resume
                :timeout repl-connect--bridge-timeout
                :on-failed
                (lambda (_ words __)
                  (if (and unless-nrepl (eq (process-status process) 'exit)
                           (= (process-exit-status process) repl-connect--status-nrepl))
                      (direct #'failed)
                    (failed words))))))))
      (cond
       ((and where (not too-long)
             (or (plist-get where :nrepl) (member key repl-connect--known-nrepl)))
        (direct (if (and command (not (plist-get where :nrepl)))
                    (lambda (_) (bridge t))
                  #'failed)))
       ((and command (not (and path (not (file-exists-p path)))))
        (bridge (and where (not too-long))))
       ((and where (not too-long))
        (direct (lambda (words)
                  (failed (format "%s  Other REPLs need the repl-connect command.  %s."
                                  words repl-connect--remedy)))
                repl-connect--greeting-time))
       (t (failed (format "this needs the repl-connect command.  %s."
                          repl-connect--remedy)))))))

(provide 'repl-connect-transport)
;;; repl-connect-transport.el ends here
