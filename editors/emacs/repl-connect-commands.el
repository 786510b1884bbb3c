;;; repl-connect-commands.el --- What is typed with a comma in front  -*- lexical-binding: t; -*-

;;; Commentary:

;; The commands of a REPL buffer: `,help' lists them.  They are those of the terminal client, but
;; for what Emacs has better.  A REPL may have comma commands too (Guile's `,bt').  The names in
;; `:names' are ours everywhere, those in `:others' where the REPL has no commands; everything else
;; that starts with a comma goes to a REPL that has some.  So does a command of ours that got an
;; argument it does not take.
;;
;; They work while something runs, as they ask in the tool session, or none.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'xref)
(require 'repl-connect-actions)
(require 'repl-connect-documentation)
(require 'repl-connect-events)
(require 'repl-connect-languages)
(require 'repl-connect-restarts)
(require 'repl-connect-wire-log)

(defconst repl-connect-commands
  `(("Help, leaving"
     (:names ("help") :argument "[NAME]" :run repl-connect--help
      :doc "these lines; or more about one command"
      :more "C-h m shows the keys, M-x customize-group RET repl-connect the settings."
      :complete repl-connect--command-names)
     (:names ("quit" "q") :others ("exit")
      ;; The buffer is needed until the input has been dealt with.
      :run ,(lambda (connection _) (run-at-time 0 nil #'repl-connect-quit connection))
      :doc "leave, and kill this buffer"
      :more "M-x repl-connect-disconnect leaves and keeps it."))
    ("Code"
     (:names ("load") :argument "FILE" :run repl-connect--load :needs "load-file"
      :doc "evaluate a whole file of this machine"
      :more "The file is read here and sent with its path, so errors name its lines."
      :complete file)
     (:others ("time") :argument "CODE" :run repl-connect--time :code 0
      :doc "evaluate, and say how long it took"
      :more "The time is what passes here, from the request to its end.")
     (:names ("interrupt") :run ,(lambda (connection _) (repl-connect-interrupt connection))
      :doc "stop what runs; so does C-c C-c")
     (:names ("pending") :run repl-connect--pending
      :doc "what runs, and what waits behind it"))
    ("Names"
     (:names ("doc") :argument "NAME" :needs "lookup" :code 0
      :run ,(lambda (_ name) (repl-connect-documentation name))
      :doc "what is known about a name; C-c C-d: at point")
     (:names ("source") :argument "NAME" :needs "lookup" :code 0
      :run ,(lambda (_ name) (xref-find-definitions name))
      :doc "go to the definition of a name; M-.: at point")
     (:others ("apropos") :argument "WORD"
      :run ,(lambda (_ word) (repl-connect-apropos word))
      :doc "the names that have a word in them"))
    ("Values and errors"
     (:names ("page" "more") :run repl-connect--page
      :doc "the whole last value, in a buffer of its own"
      :more "M-| there gives it to a shell command.")
     (:names ("save") :argument "FILE" :run repl-connect--save :complete file
      :doc "write the whole last value to a file")
     (:names ("traceback") :run repl-connect--traceback
      :doc "the whole text of the last error, in a buffer of its own"))
    ("Namespaces and sessions"
     (:names ("ns") :others ("in") :argument "[NAME]" :run repl-connect--ns
      :doc "the namespace or module to evaluate in"
      :more "Without a name it says where one is.")
     (:names ("sessions") :run repl-connect--sessions-list :needs "ls-sessions"
      :doc "the sessions open there, and whose they are")
     (:names ("session") :argument "[new|clone|use|close]" :run repl-connect--session
      :needs "clone"
      :doc "show, open, copy, change or close sessions"
      :more "`use ID' goes to another session, `close' or `close ID' ends one.  Each has its \
own history of values, queue and input.  The beginning of an ID will do."
      :complete ("new" "clone" "use" "close")))
    ("Jobs"
     (:names ("jobs") :run repl-connect--jobs :needs "repl-server/jobs"
      :doc "the jobs there, the newest first")
     (:names ("submit") :argument "CODE" :run repl-connect--submit :needs "repl-server/submit"
      :code 0
      :doc "leave code there, to be evaluated by itself"
      :more "It goes on when you leave; what it brings is kept for an hour.  You are told when \
it has ended.")
     (:names ("result") :argument "ID [wait] [page]" :run repl-connect--result
      :needs "repl-server/result"
      :doc "what a job has brought: state, output, values"
      :more "With wait it is shown when the job has ended, after a minute at most; with page in \
a buffer of its own.")
     (:names ("cancel") :argument "ID" :run repl-connect--cancel :needs "repl-server/cancel"
      :doc "end a job, or take it out of the queue"))
    ("The program"
     (:names ("who") :run repl-connect--who :needs "repl-server/clients"
      :doc "who is connected to the program")
     (:names ("watch") :argument "[SECONDS CODE]" :run repl-connect--watch
      :needs "repl-server/watch" :code 1
      :doc "evaluate again and again, show what changes"
      :more "The values appear above the prompt with the watch's number.  Without an argument \
the watches are listed.  Seconds from 0.05 on.")
     (:names ("unwatch") :argument "N|all" :run repl-connect--unwatch :needs "repl-server/watch"
      :doc "end a watch, or all of them" :complete ("all"))
     (:names ("events") :argument "[on|off|KIND...]" :run repl-connect--events
      :needs "repl-server/subscribe"
      :doc "be told who comes, of jobs, errors, topics"
      :more "Kinds are clients, jobs and errors; every other word is a topic of \
`server.publish', * is all of them.  `on' is everything."
      :complete ("on" "off" ,@repl-connect-event-kinds)))
    ("When an error holds the program"
     (:names ("held") :argument "[ID]" :run repl-connect--held-command :needs "repl-server/held"
      :doc "the errors that hold the program; ID: one"
      :more "M-x repl-connect-restarts lets you choose how it goes on.")
     (:names ("retry") :argument "[ID]" :needs "repl-server/restart"
      :run ,(apply-partially #'repl-connect--usual-restart "retry")
      :doc "call what failed again, as it is by now"
      :more "Without ID it is the newest error.  Mend the function first.")
     (:others ("continue") :argument "[ID] [VALUE]" :needs "repl-server/restart"
      :run ,(apply-partially #'repl-connect--usual-restart "continue")
      :doc "go on after what failed; VALUE: its result")
     (:names ("abort") :argument "[ID]" :needs "repl-server/restart"
      :run ,(apply-partially #'repl-connect--usual-restart "abort")
      :doc "raise the error in the program after all")
     (:others ("restart") :argument "[ID] NAME [VALUE]" :run repl-connect--restart-command
      :needs "repl-server/restart"
      :doc "any other way to go on that ,held shows"
      :more "A program in Common Lisp can offer ways of its own.  VALUE is evaluated there.")
     (:others ("frame") :argument "[ID] N CODE" :run repl-connect--frame-command
      :needs "repl-server/held"
      :doc "evaluate in a held error's frame; 0: innermost"
      :more "Local variables have the values they had when it failed."))
    ("Connection"
     (:names ("connection" "info") :run repl-connect--connection-facts :needs "describe"
      :doc "who is there, how far away, what it can do")
     (:names ("version") :run repl-connect--versions :doc "the versions of both sides")
     (:names ("reconnect") :argument "[stop]" :run repl-connect--reconnect-command
      :doc "connect again now; or stop trying"
      :more "What was under way when the connection was lost is never sent again."
      :complete ("stop"))
     (:names ("log") :argument "[on|off|N|save FILE]" :run repl-connect--log
      :doc "the messages that went and came; off at first"
      :more "--> is what went, <-- what came.  Tokens and typed input are left out.  \
`repl-connect-log-messages' and `repl-connect-log-width' bound it."
      :complete ("on" "off" "save"))))
  "The commands under the titles of the help: property lists.
`:names' and `:others' are the names, with the help in `:doc' and
`:more'; `:argument' is what the help calls the argument, in brackets if
it can be left out.  `:run' is called with a connection and the
argument.  `:needs' is an op without which it can do nothing.
`:code' says after how many words of the argument code, or a name,
begins.  `:complete' is how an argument is completed: words, a function
that returns some, or `file'.")

(defconst repl-connect--commands-elsewhere
  '(("edit" . "M-. or ,source NAME goes to a definition; M-x repl-connect-mode sends from there.")
    ("pipe" . ",page shows the value in a buffer: M-| there gives it to a shell command.")
    ("set" . "M-x customize-group RET repl-connect shows and changes the settings.")
    ("tour" . ",help shows the commands; the manual is README.md of the package."))
  "What the terminal has as commands, and what to use in Emacs.")

;;;; Reading

(defun repl-connect--command-names-in (command connection)
  "Return the names that COMMAND has on CONNECTION."
  (append (plist-get command :names)
          (unless (repl-connect--meta-commands-p connection)
            (plist-get command :others))))

(defun repl-connect--meta-commands-p (connection)
  "Whether the REPL at CONNECTION has comma commands of its own."
  (when-let ((language (repl-connect-connection-language connection)))
    (repl-connect-language-command-p ",x" language)))

(defun repl-connect--command-named (name connection)
  "Return the command that NAME is on CONNECTION, or nil."
  (seq-find (lambda (command)
              (member name (repl-connect--command-names-in command connection)))
            (seq-mapcat #'cdr repl-connect-commands)))

(defun repl-connect--command-names (connection)
  "Return the names of the commands that can be used on CONNECTION."
  (seq-mapcat (lambda (command)
                (when (repl-connect--possible-p command connection)
                  (repl-connect--command-names-in command connection)))
              (seq-mapcat #'cdr repl-connect-commands)))

(defun repl-connect--possible-p (command connection)
  "Whether the other side of CONNECTION has what COMMAND needs.
Nobody knows while it is not connected."
  (let ((needs (plist-get command :needs)))
    (or (not needs)
        (not (repl-connect-connection-description connection))
        (repl-connect-supports-p connection needs))))

(defun repl-connect-command-read (connection input)
  "Return what INPUT is on CONNECTION: nil if it is for the REPL.
Else it is a property list: `:problem', a sentence; or `:command' and
`:argument', and `:code', where code begins in INPUT, if some does."
  (when (string-match "\\`[ \t\n]*,\\([A-Za-z?][[:alnum:]_?!-]*\\)\\([ \t]+\\|[ \t\n]*\\'\\)"
                      input)
    (let* ((name (match-string 1 input))
           (start (match-end 0))
           (argument (string-trim (substring input start)))
           (command (repl-connect--command-named name connection))
           (takes (plist-get command :argument))
           (meta (repl-connect--meta-commands-p connection)))
      (cond
       ((and (null command) meta) nil)
       ((null command)
        (list :problem (repl-connect--no-command name connection)))
       ((and (not takes) (not (string-empty-p argument)))
        (unless meta
          (list :problem (format ",%s takes nothing behind it." name))))
       ((and takes (string-empty-p argument) (not (string-prefix-p "[" takes)))
        (list :problem (format ",%s %s: %s." name takes (plist-get command :doc))))
       (t
        (list :command command :argument argument
              :code (and (plist-get command :code)
                         (repl-connect--code-start input start (plist-get command :code)))))))))

(defun repl-connect--no-command (name connection)
  "Return in words that NAME is no command on CONNECTION, and what to do."
  (let ((near (seq-find (lambda (each) (<= (string-distance name each) (/ (length each) 2)))
                        (repl-connect--command-names connection))))
    (format "There is no command ,%s%s  %s" name
            (if near (format "; did you mean ,%s?" near) " here.")
            (or (cdr (assoc name repl-connect--commands-elsewhere))
                ",help shows those there are."))))

(defun repl-connect--code-start (input start words)
  "Return where code begins in INPUT, so many WORDS after START; nil if nowhere."
  (let ((found (string-match (format "\\(?:[^ \t\n]+[ \t\n]+\\)\\{%d\\}[^ \t\n]" words)
                             input start)))
    (and (eql found start) (1- (match-end 0)))))

(defun repl-connect-command-complete-p (connection input)
  "Return `complete' if INPUT is a command of ours on CONNECTION that can be run.
Return `incomplete' if code in it goes on, nil if it is for the REPL."
  (when-let ((read (repl-connect-command-read connection input)))
    (let ((code (plist-get read :code)))
      (if (or (not code)
              (repl-connect-language-complete-p
               (substring input code) (repl-connect-connection-language connection)))
          'complete
        'incomplete))))

(defun repl-connect-command-code-start (start)
  "Return where the code begins in what is typed in this REPL from START on.
That is after a `,' command and what else comes before the code in it."
  (let ((read (repl-connect-command-read repl-connect--connection
                                         (buffer-substring-no-properties start (point-max)))))
    (+ start (or (plist-get read :code) 0))))

(defun repl-connect-command-run (connection input)
  "Run INPUT on CONNECTION if it is a `,' command of ours.
Return non-nil then."
  (when-let ((read (repl-connect-command-read connection input)))
    (let* ((command (plist-get read :command))
           (needs (plist-get command :needs))
           (problem (or (plist-get read :problem)
                        (and needs (repl-connect-missing connection needs)))))
      (if problem
          (repl-connect-tell connection "%s" problem)
        (condition-case error
            ;; One that goes elsewhere does so when the input has been dealt with.
            (save-current-buffer
              (funcall (plist-get command :run) connection (plist-get read :argument)))
          (error (repl-connect-tell connection "%s" (error-message-string error)))))
      t)))

;;;; Help

(defun repl-connect--help (connection argument)
  "Show the commands of CONNECTION, or more of the one that ARGUMENT names."
  (let* ((name (string-remove-prefix "," argument))
         (command (repl-connect--command-named name connection)))
    (cond
     ((string-empty-p name)
      (repl-connect-view "*repl help*" #'special-mode
                         (lambda () (repl-connect--insert-help connection))))
     (command (repl-connect--help-of connection command name))
     ((repl-connect--meta-commands-p connection)
      (repl-connect-repl-eval connection (concat ",help " name)))
     (t (repl-connect-tell connection "There is no help for %s.  %s" (repl-connect-line name)
                           (or (cdr (assoc name repl-connect--commands-elsewhere))
                               ",help shows the commands."))))))

(defun repl-connect--insert-help (connection)
  "Insert the help for CONNECTION."
  (dolist (group repl-connect-commands)
    (when-let ((here (seq-filter
                      (lambda (command)
                        (and (repl-connect--command-names-in command connection)
                             (repl-connect--possible-p command connection)))
                      (cdr group))))
      (insert (propertize (car group) 'font-lock-face 'repl-connect-heading) "\n")
      (dolist (command here)
        (let ((typed (string-trim-right
                      (format ",%s %s" (car (repl-connect--command-names-in command connection))
                              (or (plist-get command :argument) "")))))
          (insert "  " (if (> (length typed) 28)
                           (concat typed "\n" (make-string 30 ?\s))
                         (string-pad typed 28))
                  "  " (propertize (plist-get command :doc) 'font-lock-face 'repl-connect-note)
                  "\n")))))
  (insert "\n,help NAME tells more of one.  C-h m in the REPL shows the keys.\n")
  (when (repl-connect--meta-commands-p connection)
    (insert "What else starts with a comma goes to the REPL.\n")))

(defun repl-connect--help-of (connection command name)
  "Tell what COMMAND, called NAME, is on CONNECTION."
  (let ((others (remove name (repl-connect--command-names-in command connection)))
        (doc (plist-get command :doc))
        (missing (and (not (repl-connect--possible-p command connection))
                      (repl-connect-missing connection (plist-get command :needs)))))
    (repl-connect-show connection
                       (concat (string-trim-right
                                (format ",%s %s" name (or (plist-get command :argument) "")))
                               "\n")
                       'repl-connect-heading)
    (dolist (words (delq nil (list (concat (upcase (substring doc 0 1)) (substring doc 1) ".")
                                   (plist-get command :more)
                                   (and others (concat "Also: ," (string-join others ", ,")))
                                   missing)))
      (repl-connect-show connection
                         (concat "  " (repl-connect--filled
                                       words 2 (repl-connect--columns connection)))
                         'default))))

;;;; Completion

(defun repl-connect-command-completion ()
  "Complete a `,' command before point in a REPL buffer.
To be called by a function of `completion-at-point-functions', whose
value it returns: nil if there is no command."
  (when-let* ((connection repl-connect--connection)
              (start (repl-connect--command-start)))
    (let ((typed (buffer-substring-no-properties start (point))))
      (cond
       ((string-match-p "\\`[[:alnum:]_?!-]*\\'" typed)
        (list start (point) (repl-connect--command-names connection)
              :exclusive 'no
              :annotation-function
              (lambda (name)
                (concat "  " (plist-get (repl-connect--command-named name connection) :doc)))))
       ((string-match "\\`\\([[:alnum:]_?!-]+\\)[ \t]+" typed)
        (let* ((argument (+ start (match-end 0)))
               (how (plist-get (repl-connect--command-named (match-string 1 typed) connection)
                               :complete))
               (word (save-excursion
                       (skip-chars-backward "^ \t\n" argument)
                       (point))))
          (cond
           ((or (eq how 'file) (string-match-p "\\`log[ \t]+save[ \t]" typed))
            (list (if (eq how 'file) argument word) (point) #'completion-file-name-table))
           ((functionp how) (list word (point) (funcall how connection) :exclusive 'no))
           (how (list word (point) how :exclusive 'no)))))))))

(defun repl-connect--command-start ()
  "Return where the name of a `,' command on this line begins, or nil."
  (save-excursion
    (let ((end (point)))
      (goto-char (comint-line-beginning-position))
      (skip-chars-forward " \t" end)
      (and (< (point) end)
           (eq (char-after) ?,)
           (1+ (point))))))

(provide 'repl-connect-commands)
;;; repl-connect-commands.el ends here
