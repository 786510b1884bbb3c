;;; repl-connect-restarts.el --- Errors that hold the program  -*- lexical-binding: t; -*-

;;; Commentary:

;; An error can hold a program until somebody says how it goes on: a debugger's restarts, or the
;; retry, continue and abort of a Python program's loop.  The user is told, looks at the traceback
;; and into its frames (a buffer *repl held: ID*), mends what is wrong, and chooses.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-comint)
(require 'repl-connect-definitions)
(require 'repl-connect-errors)
(require 'repl-connect-events)

(defcustom repl-connect-restarts-offered t
  "Whether the traceback of an error that holds the program is shown at once."
  :type 'boolean
  :group 'repl-connect)

(defconst repl-connect--frames 50
  "Frames of an error that are shown.
Of very many the middle ones are not sent, so those above have other numbers.")

(defconst repl-connect--restart-words
  '(("retry" . "call what failed again, as it is by now")
    ("continue" . "go on after what failed; a value can be given for it")
    ("abort" . "raise the error in the program after all"))
  "What the restarts do that most programs have.  Others say it themselves.")

(defconst repl-connect--no-held "No error is held."
  "What is said where there is none.")

;;;; What is held

;; The property `:held' of a connection: an alist from the ids that were told of to t, or to the
;; restart that was chosen here.

(defun repl-connect--with-held (connection function)
  "Call FUNCTION with the errors that hold the program of CONNECTION.
The oldest is the first."
  (repl-connect-inquire connection '(("op" . "repl-server/held"))
                        (lambda (reply) (funcall function (repl-connect-maps reply "held")))))

(defun repl-connect--with-some-held (connection function)
  "Call FUNCTION as `repl-connect--with-held' does; say so if CONNECTION has none."
  (repl-connect--with-held
   connection (lambda (held)
                (if held
                    (funcall function held)
                  (repl-connect-note connection "%s" repl-connect--no-held)))))

(defun repl-connect--held-id (held)
  "Return the id of HELD."
  (repl-connect-get held "id"))

(defun repl-connect--held-named (held ident)
  "Return which of HELD has the id IDENT."
  (seq-find (lambda (each) (equal (repl-connect--held-id each) ident)) held))

(defun repl-connect--held-words (held)
  "Return in a line which error HELD is."
  (repl-connect--short (apply #'format "%s failed: %s: %s"
                              (mapcar (lambda (key) (or (repl-connect-get held key) ""))
                                      '("name" "ex" "message")))))

(defun repl-connect--restart-meaning (held restart)
  "Return what RESTART of HELD does: in the program's words, if it has some."
  (let ((said (or (repl-connect-text held "err") "")))
    (if (string-match (format "^ +%s: \\(.+\\)$" (regexp-quote restart)) said)
        (repl-connect--short (match-string 1 said))
      (or (cdr (assoc restart repl-connect--restart-words)) ""))))

;;;; Telling the user

(defun repl-connect-restarts-told (connection reply)
  "Tell the user that the program at CONNECTION is held.
Return non-nil if that is what REPLY is about; its text is shown then."
  (when-let ((ident (repl-connect-text reply "repl-server/held")))
    (let ((lines (split-string (or (repl-connect-text reply "err")
                                   (repl-connect-text reply "out") "")
                               "\n" t)))
      ;; The last line is for clients without commands.
      (repl-connect--held-noted connection ident
                                (string-join (or (butlast lines) lines) "\n")
                                (and (cdr lines) (car (last lines))))
      (when repl-connect-restarts-offered
        (repl-connect--with-held connection
                                 (lambda (held)
                                   (when-let ((each (repl-connect--held-named held ident)))
                                     (repl-connect--show-held connection each)))))
      t)))

(defun repl-connect--held-noted (connection ident text &optional how)
  "Note on CONNECTION that its program is held by the error IDENT, of this TEXT.
HOW is the line that says how to go on without commands, if any."
  (let ((restarts (seq-filter (lambda (restart)
                                (or (not how) (string-search (format "\"%s\"" restart) how)))
                              (mapcar #'car repl-connect--restart-words))))
    (repl-connect-show connection (concat text "\n") 'repl-connect-error)
    (repl-connect-note connection "Mend it, then %sM-x repl-connect-restarts."
                       (mapconcat (lambda (name) (format ",%s or " name)) restarts ""))
    (repl-connect-note connection ",held %s shows where it is." (repl-connect-line ident)))
  (message "%s.  M-x repl-connect-restarts"
           (string-remove-suffix "." (repl-connect--short text)))
  (unless (assoc ident (repl-connect-property connection :held))
    (repl-connect-put connection :held
                      (cons (cons ident t) (repl-connect-property connection :held))))
  (repl-connect--await-release connection))

(defun repl-connect-restarts-announce (connection)
  "Tell the user of the errors that hold the program when CONNECTION is made.
Some programs hold the errors of what is evaluated only for those who
have asked for this."
  (let ((process (repl-connect-connection-process connection)))
    (when (and (not (eq process (repl-connect-property connection :asked-for-held)))
               (not (repl-connect-missing connection "repl-server/held"))
               (not (repl-connect-missing connection "repl-server/restart")))
      (repl-connect-put connection :asked-for-held process)
      (repl-connect-put connection :held nil)
      (repl-connect--with-held
       connection
       (lambda (held)
         (dolist (each held)
           (unless (assoc (repl-connect--held-id each) (repl-connect-property connection :held))
             (repl-connect--held-noted connection (repl-connect--held-id each)
                                       (repl-connect--held-words each)))))))))

(add-hook 'repl-connect-state-functions #'repl-connect-restarts-announce)

(defun repl-connect--await-release (connection)
  "Be told when errors that hold the program of CONNECTION are so no more."
  (when (and (not (repl-connect-property connection :releases))
             (repl-connect-supports-p connection "repl-server/subscribe"))
    (repl-connect-put
     connection :releases
     (repl-connect-subscription
      connection '("errors")
      (lambda (event)
        (cond
         ((repl-connect-last-p event) (repl-connect-put connection :releases nil))
         ((equal (repl-connect-get event "what") "ended")
          (repl-connect--released connection (repl-connect-get event "held")
                                  (repl-connect-get event "restart")))))))))

(defun repl-connect--released (connection ident restart)
  "Note that the error IDENT at CONNECTION is held no more: RESTART was chosen."
  (when-let ((known (assoc ident (repl-connect-property connection :held))))
    (repl-connect-put connection :held (remq known (repl-connect-property connection :held)))
    (when (eq (cdr known) t)
      (repl-connect-tell connection "%s is held no more: somebody else chose %s."
                         (repl-connect-line ident) (repl-connect-line restart)))
    (when-let ((buffer (repl-connect--held-buffer connection ident)))
      (with-current-buffer buffer
        (setq header-line-format " It is held no more.")))))

;;;; Going on

(defun repl-connect--when-idle (connection function)
  "Call FUNCTION once what was typed before in the REPL of CONNECTION has ended.
A choice must not overtake what mends the error."
  (let ((last (car (last (repl-connect-connection-evaluations connection)))))
    (if (not last)
        (funcall function)
      (let ((before (or (repl-connect-evaluation-on-done last) #'ignore)))
        (setf (repl-connect-evaluation-on-done last)
              (lambda (evaluation problem)
                (funcall before evaluation problem)
                (when (repl-connect-open-p connection)
                  (funcall function))))))))

(defun repl-connect-restart (connection ident restart &optional value)
  "Go on with the error IDENT at CONNECTION by RESTART.
VALUE is code, whose value is given to the restart."
  (let* ((value (and value (not (string-blank-p value)) value))
         (session (repl-connect-connection-session connection))
         (missing (repl-connect-missing connection "repl-server/restart"))
         (known (assoc ident (repl-connect-property connection :held)))
         (failed nil)
         (another nil))
    (cl-flet ((chosen (how) (when known (setcdr known how))))
      (cond
       (missing (repl-connect-tell connection "%s" missing))
       ((and value (member restart '("retry" "abort")))
        (repl-connect-tell connection ",%s takes no value; ,continue does." restart))
       (t
        (chosen restart)
        (repl-connect-request
         connection
         `(("op" . "repl-server/restart") ("held" . ,ident) ("restart" . ,restart)
           ,@(and value `(("value" . ,value) ,@(and session `(("session" . ,session))))))
         (lambda (reply)
           (let ((statuses (repl-connect-statuses reply)))
             (cond
              ((member "lost" statuses))
              ((member "error" statuses)
               (chosen t)
               (repl-connect-tell-refusal connection reply "would not"))
              (t
               (if (assoc "repl-server/held" reply)
                   (setq another (repl-connect-restarts-told connection reply))
                 (pcase-dolist (`(,key ,face ,newline) '(("out" repl-connect-output "")
                                                         ("err" repl-connect-stderr "")
                                                         ("value" repl-connect-value "\n")))
                   (when-let ((text (repl-connect-text reply key)))
                     (repl-connect-show connection (concat text newline) face))))
               (when (and (not another) (seq-intersection statuses '("eval-error" "interrupted")))
                 (setq failed t)
                 (chosen t))
               (when (repl-connect-last-p reply)
                 (repl-connect-tell connection "%s: %s." (repl-connect-line ident)
                                    (if failed "is held still" restart)))))))))))))

;;;; Choosing

;;;###autoload
(defun repl-connect-restarts (&optional connection)
  "Choose how the program at CONNECTION is to go on after an error.
Its traceback is shown; the choices are those the program has.
CONNECTION is that of the current buffer if not given."
  (interactive)
  (let* ((connection (or connection (repl-connect-current-connection-or-error)))
         (missing (repl-connect-missing connection "repl-server/held")))
    (when missing
      (user-error "Errors do not hold the program there: %s" missing))
    (repl-connect--with-held
     connection
     (lambda (held)
       (cond
        ((null held) (message "%s" repl-connect--no-held))
        ((active-minibuffer-window)
         (message "Leave the minibuffer first, then M-x repl-connect-restarts"))
        ;; Nothing is read in a process filter.
        (t (run-at-time 0 nil #'repl-connect--pick connection held)))))))

(defun repl-connect--pick (connection held)
  "Read which of HELD at CONNECTION is meant, and how it is to go on."
  (let ((each (if (null (cdr held))
                  (car held)
                (repl-connect--held-named
                 held (repl-connect--read-annotated
                       "Held error" (mapcar (lambda (each)
                                              (cons (repl-connect--held-id each)
                                                    (repl-connect--held-words each)))
                                            (reverse held)))))))
    (repl-connect--show-held connection each)
    (repl-connect--choose-restart connection each)))

(defun repl-connect--choose-restart (connection held)
  "Read how HELD at CONNECTION is to go on, and have it go on."
  (let* ((ident (repl-connect--held-id held))
         (names (or (mapcar (lambda (name)
                              (cons name (repl-connect--restart-meaning held name)))
                            (repl-connect-texts held "restarts"))
                    (user-error "There is no way for it to go on")))
         (restart (repl-connect--read-annotated
                   (format "%s goes on by" (repl-connect-line ident)) names)))
    (repl-connect-restart connection ident restart (repl-connect--restart-value restart))))

(defun repl-connect--restart-value (restart)
  "Read code for the value that RESTART takes; return nil if it takes none."
  (when (or (equal restart "continue") (string-suffix-p "-value" restart))
    (read-string (format "%s, with the value of (code, or nothing): " restart))))

(defun repl-connect--read-annotated (prompt known)
  "Read with PROMPT one of the names of KNOWN, an alist of what they are.
The first is the default."
  (completing-read
   (format-prompt prompt (caar known))
   (lambda (string predicate action)
     (if (eq action 'metadata)
         `(metadata (display-sort-function . identity)
                    (annotation-function
                     . ,(lambda (name) (concat "  " (cdr (assoc name known))))))
       (complete-with-action action known string predicate)))
   nil t nil nil (caar known)))

;;;; The traceback

(defvar-local repl-connect--held nil
  "The error that this buffer shows: the connection and what is known of it.")

(defvar repl-connect-held-mode-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map (make-composed-keymap button-buffer-map special-mode-map))
    (define-key map "e" #'repl-connect-held-eval)
    (define-key map "c" #'repl-connect-held-choose)
    (define-key map "n" #'forward-button)
    (define-key map "p" #'backward-button)
    map)
  "The keys in the traceback of an error that holds the program.")

(define-derived-mode repl-connect-held-mode special-mode "Held"
  "The traceback of an error that holds the program.
\\{repl-connect-held-mode-map}")

(defun repl-connect--held-buffer (connection ident)
  "Return the buffer with the traceback of the error IDENT at CONNECTION."
  (seq-find (lambda (buffer)
              (pcase-let ((`(,its ,held) (buffer-local-value 'repl-connect--held buffer)))
                (and (eq its connection) (equal (repl-connect--held-id held) ident))))
            (buffer-list)))

(defun repl-connect--show-held (connection held)
  "Show the traceback of HELD at CONNECTION, with its frames and restarts."
  (let* ((ident (repl-connect--held-id held))
         (name (format "*repl held: %s*" (repl-connect-line ident)))
         (shown (repl-connect--held-buffer connection ident))
         (taken (get-buffer name))
         (other (car (and taken (buffer-local-value 'repl-connect--held taken)))))
    (with-current-buffer
        (repl-connect-view
         (cond (shown (buffer-name shown))
               ;; Other programs count their errors from h1 on too.
               ((repl-connect-open-p other) (generate-new-buffer-name name))
               (t name))
         #'repl-connect-held-mode
         (lambda () (repl-connect--insert-held connection held)))
      (setq repl-connect--held (list connection held)
            header-line-format
            " RET: go there or choose   e: evaluate in the frame   c: choose   q: leave it held"))))

(defun repl-connect--insert-held (connection held)
  "Insert what there is to show of HELD at CONNECTION."
  (insert (propertize (repl-connect--held-words held) 'font-lock-face 'error) "\n\n")
  (dolist (restart (repl-connect-texts held "restarts"))
    (insert "  ")
    (insert-text-button (repl-connect-line restart)
                        'action (lambda (_)
                                  (repl-connect-restart connection (repl-connect--held-id held)
                                                        restart
                                                        (repl-connect--restart-value restart)))
                        'help-echo "Go on like this")
    (insert "  " (repl-connect--restart-meaning held restart) "\n"))
  (insert "\n")
  (seq-do-indexed (lambda (frame number) (repl-connect--insert-frame connection frame number))
                  (seq-take (reverse (repl-connect-maps held "frames")) repl-connect--frames))
  (insert "\n" (propertize (repl-connect-clean (or (repl-connect-text held "err") ""))
                           'font-lock-face 'shadow)))

(defun repl-connect--insert-frame (connection frame number)
  "Insert a line about FRAME, the one of this NUMBER, of an error at CONNECTION."
  (let ((file (repl-connect-text frame "file"))
        (line (repl-connect-get frame "line"))
        (start (point)))
    (insert (format "  %2d  %s  " number (repl-connect-line (repl-connect-get frame "name"))))
    (when file
      (insert-text-button
       (repl-connect-line (format "%s:%s" file (or line "")))
       'action (lambda (_)
                 (repl-connect-errors-visit
                  (or (repl-connect-path-here file connection)
                      (user-error "%s is no file of this machine" (repl-connect-line file)))
                  (if (integerp line) line 1)))
       'help-echo "Visit this place"))
    (insert "\n")
    (put-text-property start (point) 'repl-connect-frame number)))

(defun repl-connect-held-choose ()
  "Choose how the program is to go on."
  (interactive)
  (apply #'repl-connect--choose-restart (or repl-connect--held (user-error "No error is here"))))

(defun repl-connect--frame-here ()
  "Return the number of the frame at point, 0 if there is none."
  (or (get-text-property (point) 'repl-connect-frame) 0))

(defun repl-connect-held-eval (code)
  "Evaluate CODE in the frame at point, the innermost if there is none."
  (interactive (list (read-string (format "Evaluate in frame %d: " (repl-connect--frame-here)))))
  (pcase-let ((`(,connection ,held) (or repl-connect--held (user-error "No error is here"))))
    (repl-connect--eval-in-frame connection (repl-connect--held-id held)
                                 (repl-connect--frame-here) code)))

(defun repl-connect--eval-in-frame (connection ident number code)
  "Evaluate CODE in frame NUMBER of the error IDENT at CONNECTION."
  (repl-connect-repl-eval connection code :more `(("repl-server/held" . ,ident)
                                                  ("repl-server/frame" . ,number))))

;;;; The commands

(defun repl-connect--held-command (connection text)
  "List the errors held at CONNECTION; show the one that TEXT means, if any."
  (repl-connect--with-some-held
   connection
   (lambda (held)
     (if (string-empty-p text)
         (repl-connect-show-table
          connection '("id" "failed" "when" "restarts" "error")
          (mapcar (lambda (each)
                    (list (repl-connect--held-id each) (repl-connect-get each "name")
                          (repl-connect-ago (repl-connect-get each "since"))
                          (string-join (repl-connect-texts each "restarts") " ")
                          (format "%s: %s" (repl-connect-get each "ex")
                                  (repl-connect-get each "message"))))
                  held))
       (when-let ((ident (repl-connect-meant connection text (mapcar #'repl-connect--held-id held)
                                             "held error")))
         (repl-connect--show-held connection (repl-connect--held-named held ident)))))))

(defun repl-connect--restart-command (connection argument)
  "Go on with what is held at CONNECTION; ARGUMENT is [ID] NAME [VALUE]."
  (repl-connect--with-named
   connection argument
   (lambda (each _ rest)
     (pcase-let ((names (repl-connect-texts each "restarts"))
                 (`(,name . ,value) (repl-connect--first-word rest)))
       (if (member name names)
           (repl-connect-restart connection (repl-connect--held-id each) name value)
         (repl-connect-tell connection "It has the restarts %s: ,restart [ID] NAME [VALUE]."
                            (repl-connect-line (string-join names ", "))))))))

(defun repl-connect--usual-restart (restart connection argument)
  "Go on by RESTART with what is held at CONNECTION; ARGUMENT is [ID] [VALUE]."
  (repl-connect--with-named
   connection argument
   (lambda (each named rest)
     (if (or named (string-empty-p argument) (equal restart "continue"))
         (repl-connect-restart connection (repl-connect--held-id each) restart rest)
       (repl-connect-tell connection "No error %s is held.  ,held lists them." argument)))))

(defun repl-connect--with-named (connection argument function)
  "Call FUNCTION, when it is time to choose, with an error held at CONNECTION.
It is the one whose id ARGUMENT begins with, else the newest.  FUNCTION
gets whether it was named too, and the rest of ARGUMENT."
  (repl-connect--when-idle
   connection
   (lambda ()
     (repl-connect--with-some-held
      connection
      (lambda (held)
        (pcase-let* ((`(,first . ,rest) (repl-connect--first-word argument))
                     (named (repl-connect--held-named held first)))
          (funcall function (or named (car (last held))) named (if named rest argument))))))))

(defun repl-connect--frame-command (connection argument)
  "Evaluate in a frame of what is held at CONNECTION: ARGUMENT is [ID] N CODE."
  (repl-connect--with-named
   connection argument
   (lambda (each _ rest)
     (pcase-let ((`(,number . ,code) (repl-connect--first-word rest)))
       (if (and (string-match-p "\\`[0-9]+\\'" number) (not (string-empty-p code)))
           (repl-connect--eval-in-frame connection (repl-connect--held-id each)
                                        (string-to-number number) code)
         (repl-connect-tell connection ",frame [ID] N CODE: say what to evaluate there; frame 0 \
is the innermost."))))))

(provide 'repl-connect-restarts)
;;; repl-connect-restarts.el ends here
