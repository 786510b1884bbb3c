;;; repl-connect.el --- Live in a running program, over nREPL  -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: languages, processes, tools

;;; Commentary:

;; `M-x repl-connect-local' connects to the socket that a running program listens at; `M-x
;; repl-connect' to any address.  `repl-connect-mode' sends code from source buffers there.  The
;; manual is README.md, beside this file.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-list)
(require 'repl-connect-menu)
(require 'repl-connect-reconnect)
(require 'repl-connect-transport)

(autoload 'repl-connect-doctor "repl-connect-doctor" nil t)
(autoload 'repl-connect-restarts "repl-connect-restarts" nil t)
(autoload 'repl-connect-version "repl-connect-doctor" nil t)

;;;; Addresses to choose from

;; What this directory has (a `.nrepl-port' file, sockets), what the `repl-connect list' command
;; finds (live programs, partners of the configuration), and what was used before.  The command
;; runs while one chooses: what it finds is offered as it comes.

(defvar repl-connect-address-history nil
  "Addresses that were connected to, the last one first.
`savehist-mode' keeps them.")

(defconst repl-connect--list-patience 0.4
  "Seconds that the list of live programs is waited for before one is asked.")

(defconst repl-connect--offered-limit 2000
  "Files of a directory that are looked at, and addresses offered.")

(defun repl-connect-socket-p (file)
  "Whether FILE is a Unix socket, or a link to one."
  (let* ((file (if (file-symlink-p file) (file-truename file) file))
         (modes (file-attribute-modes (file-attributes file))))
    (and modes (eq (aref modes 0) ?s))))

(defun repl-connect--addresses-here (directory)
  "Return the addresses that DIRECTORY has.
They are those of a `.nrepl-port' file, and of sockets."
  (unless (file-remote-p directory)
    (let ((port (repl-connect-port-file-address directory))
          (names (ignore-errors
                   (directory-files directory nil directory-files-no-dot-files-regexp t
                                    repl-connect--offered-limit))))
      (append (and port (list port))
              (mapcar (lambda (name) (concat "./" name))
                      (sort (seq-filter (lambda (name)
                                          (repl-connect-socket-p (expand-file-name name directory)))
                                        names)
                            #'string<))))))

(defun repl-connect--list-addresses (function errors)
  "Have the `repl-connect' command list what is live.
FUNCTION is called with each address; what the command says besides goes
to the buffer ERRORS.  Return its process, or nil."
  (when-let ((command (repl-connect-command)))
    (let ((rest ""))
      (ignore-errors
        (make-process
         :name "repl-connect list" :noquery t :connection-type 'pipe :coding 'utf-8-unix
         :command `(,@command "list" "--addresses")
         ;; What is stale is said there; `repl-connect-doctor' is for that.
         :stderr errors
         :sentinel #'ignore
         :filter (lambda (_ text)
                   (let ((lines (split-string (concat rest text) "\n")))
                     (setq rest (car (last lines)))
                     (dolist (line (butlast lines))
                       (unless (string-empty-p line)
                         (funcall function line))))))))))

(defun repl-connect-read-address ()
  "Read an address, with what there is to connect to for completion."
  (let* ((default-directory (if (file-remote-p default-directory)
                                (expand-file-name "~/")
                              default-directory))
         (here (repl-connect--addresses-here default-directory))
         (live nil)
         (offered (lambda ()
                    (seq-take (seq-uniq (append here (reverse live) repl-connect-address-history))
                              repl-connect--offered-limit)))
         (errors (generate-new-buffer " *repl-connect list errors*" t))
         (process (repl-connect--list-addresses (lambda (address) (push address live)) errors))
         (deadline (+ (float-time) repl-connect--list-patience))
         (annotate (lambda (address)
                     (cond ((member address here) "  in this directory")
                           ((string-prefix-p "@" address) "  partner")
                           ((member address live) "  live")
                           (t "  used before")))))
    (unwind-protect
        (progn
          (while (and (process-live-p process) (< (float-time) deadline)
                      (not (input-pending-p)))
            (accept-process-output process 0.05))
          (let* ((default (car (funcall offered)))
                 ;; `repl-connect' adds it, as it is understood everywhere.
                 (history-add-new-input nil)
                 (address
                  (string-trim
                   (completing-read
                    (format-prompt "Connect to (socket, host:port, port, @partner)" default)
                    (lambda (string predicate action)
                      (if (eq action 'metadata)
                          `(metadata (category . repl-connect-address)
                                     (annotation-function . ,annotate)
                                     (display-sort-function . identity)
                                     (cycle-sort-function . identity))
                        (complete-with-action action
                                              (if (string-match-p "\\`[./~]" string)
                                                  (append (funcall offered)
                                                          (repl-connect--files string))
                                                (funcall offered))
                                              string predicate)))
                    nil nil nil 'repl-connect-address-history default))))
            (when (string-empty-p address)
              (user-error "No address was given"))
            address))
      (when (process-live-p process)
        (delete-process process))
      (let ((kill-buffer-query-functions nil))
        (kill-buffer errors)))))

(defun repl-connect--files (string)
  "Return the directories and sockets that STRING, part of a path, may become."
  (let ((directory (or (file-name-directory string) "")))
    (mapcar (lambda (name) (concat directory name))
            (seq-filter (lambda (name)
                          (and (not (member name '("./" "../")))
                               (or (directory-name-p name)
                                   (repl-connect-socket-p
                                    (expand-file-name name (expand-file-name directory))))))
                        (ignore-errors
                          (seq-take (file-name-all-completions (file-name-nondirectory string)
                                                               (expand-file-name directory))
                                    repl-connect--offered-limit))))))

;;;; Connecting

(defun repl-connect--beyond (file)
  "Return the address of FILE, a socket in a remote directory of TRAMP's."
  (if (and (member (file-remote-p file 'method) '("ssh" "sshx" "scp" "scpx" "rsync"))
           (not (file-remote-p file 'hop)))
      (concat "ssh://"
              (when-let ((user (file-remote-p file 'user)))
                (concat user "@"))
              (string-replace "#" ":" (file-remote-p file 'host))
              (file-remote-p file 'localname))
    (user-error "%s can't be reached: only by ssh, without hops" file)))

(defun repl-connect--understood (address)
  "Return ADDRESS as one that does not depend on a remote `default-directory'."
  (cond
   ((file-remote-p address) (repl-connect--beyond address))
   ((and (file-remote-p default-directory) (string-match-p "\\`\\.\\{0,2\\}[^/:]*/" address)
         (not (file-name-absolute-p address)))
    (repl-connect--beyond (expand-file-name address)))
   (t address)))

(defun repl-connect--place-of (address)
  "Return where ADDRESS leads, however it is spelled, as a string.
Signal a `user-error' if it is none."
  (let* ((where (repl-connect-address-where address))
         (path (plist-get where :path))
         (host (plist-get where :host)))
    (cond
     (path (file-truename path))
     (host (format "%s:%s" (if (member host '("127.0.0.1" "::1")) "localhost" host)
                   (plist-get where :port)))
     (t address))))

;;;###autoload
(defun repl-connect (address &optional another)
  "Connect to the REPL at ADDRESS, show its buffer and return the connection.
ADDRESS is the path of a Unix socket (./x.sock), HOST:PORT, a port,
nrepl://HOST:PORT, ssh://HOST/PATH, or @NAME, a partner in the
configuration of the repl-connect command.  The connection to it that
there is already is used, and made again if it was lost, unless ANOTHER
is non-nil (interactively, with a prefix argument).

What comes of it is said in the buffer; nothing is waited for."
  (interactive (list (repl-connect-read-address) current-prefix-arg))
  (let* ((address (repl-connect--understood address))
         (place (repl-connect--place-of address))
         (directory default-directory)
         (known (seq-find (lambda (connection)
                            (and (equal place (repl-connect-property connection :place))
                                 (buffer-live-p (repl-connect-connection-buffer connection))))
                          repl-connect-connections))
         (connection (or (and (not another) known)
                         (repl-connect--make address place))))
    (repl-connect-used connection)
    (repl-connect-add-project connection directory)
    (add-to-history 'repl-connect-address-history
                    (if (file-name-absolute-p place) (abbreviate-file-name place) address))
    (pop-to-buffer (repl-connect-connection-buffer connection))
    (unless (memq (repl-connect-connection-state connection) '(open connecting))
      (repl-connect-reconnect connection))
    ;; After `M-x' Emacs 28 looks for a shorter name first, for seconds.
    (repl-connect-flush (repl-connect-connection-buffer connection))
    (redisplay)
    connection))

(defun repl-connect--make (address place)
  "Return a new connection to ADDRESS, which leads to PLACE, with a buffer."
  (let* ((buffer (generate-new-buffer (format "*repl: %s*" address)))
         (connection (repl-connect-connection--make
                      :address address :buffer buffer :state 'lost
                      :on-lost #'repl-connect-reconnect-lost
                      :on-output (lambda (connection _stream text _reply)
                                   (repl-connect-show connection text 'repl-connect-output)))))
    (repl-connect-put connection :place place)
    (when (file-name-absolute-p place)
      (repl-connect-add-project connection (file-name-directory place)))
    (with-current-buffer buffer
      (repl-connect-demoted "in `repl-connect-comint-mode-hook'"
        (repl-connect-comint-mode))
      (setq repl-connect--connection connection)
      (add-hook 'kill-buffer-hook
                (lambda () (repl-connect--buffer-killed connection))
                nil t))
    connection))

;;;###autoload
(defun repl-connect-local (socket &optional another)
  "Connect to the REPL at the Unix socket SOCKET, a file.
See `repl-connect', also for ANOTHER."
  (interactive
   (let ((here (seq-filter (lambda (address) (string-prefix-p "./" address))
                           (repl-connect--addresses-here default-directory))))
     (list (read-file-name "Socket: " nil
                           (and here (null (cdr here)) (expand-file-name (car here)))
                           t nil
                           (lambda (file)
                             (or (file-directory-p file) (repl-connect-socket-p file))))
           current-prefix-arg)))
  (when (file-directory-p socket)
    (user-error "%s is a directory: choose a socket in it" socket))
  (repl-connect (if (file-remote-p (expand-file-name socket))
                    (expand-file-name socket)
                  (abbreviate-file-name (expand-file-name socket)))
                another))

(provide 'repl-connect)
;;; repl-connect.el ends here
