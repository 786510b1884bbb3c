;;; testing.el --- What the ERT tests have in common  -*- lexical-binding: t; -*-

;;; Commentary:

;; A file FEATURE-tests.el is run by pytest (test_ert.py) in an Emacs of its own, with a home of
;; its own; the project in which it begins is `default-directory'.  With a line
;;
;;   ;; Programs: python_server guile_program
;;
;; it is run once for each of these kinds (tests/editors/programs.py), with a program that all
;; share: it is at `testing-address', and `testing-word' has what to say to it.  A test that ends
;; a program starts one of its own: `testing-start-program'.  A test is skipped (`ert-skip') only
;; for want of a program, which fails on CI; what a kind of program can't do is behind `when'.
;;
;; To run one file without pytest, and without a program:
;;   emacs -Q --batch -L editors/emacs -L tests/emacs -l ert -l testing -l FILE \
;;     -f ert-run-tests-batch-and-exit

;;; Code:

(require 'cl-lib)
(require 'ert)
(require 'json)
(require 'map)
(require 'seq)
(require 'subr-x)

(declare-function repl-connect "repl-connect")

(setq ert-batch-backtrace-right-margin 160)

(defvar testing-patience 20
  "Seconds that `testing-until' waits, unless told otherwise.")

;;;; The program of this run

(defun testing-variable (name)
  "Return the environment variable NAME, without which the test is skipped."
  (or (getenv name)
      (ert-skip (format "%s is not set: run it by pytest" name))))

(defun testing-address ()
  "Return where the program of this run listens."
  (testing-variable "REPL_CONNECT_TEST_ADDRESS"))

(defun testing-kind ()
  "Return what kind of program that is, a symbol."
  (intern (testing-variable "REPL_CONNECT_TEST_KIND")))

(defun testing-word (name)
  "Return what NAME (a symbol) stands for in the program's language.
See `Words' in tests/everywhere/words.py; there are `suffix', that of a
file, and `assign', which has the program's loop print 77, too."
  (let ((words (json-parse-string (testing-variable "REPL_CONNECT_TEST_WORDS")
                                  :object-type 'alist)))
    (or (alist-get name words)
        (error "There is no word %s" name))))

;;;; Waiting

(defmacro testing-until (condition &optional seconds)
  "Wait until CONDITION holds and return its value.
Fail with all that is shown when it does not within SECONDS."
  (declare (indent 0) (debug t))
  `(testing--until (lambda () ,condition) ',condition ,seconds))

(defun testing--until (function what seconds)
  "Wait until FUNCTION returns non-nil, SECONDS at most; WHAT is said of it."
  (let ((deadline (+ (float-time) (or seconds testing-patience)))
        (value nil))
    (while (not (setq value (funcall function)))
      (when (> (float-time) deadline)
        (ert-fail (format "not so: %S\n%s" what (testing-shown))))
      (accept-process-output nil 0.01))
    value))

(defun testing-until-shown (text &optional buffer seconds)
  "Wait until BUFFER, the current one if nil, has TEXT in it; SECONDS at most."
  (let ((buffer (or buffer (current-buffer))))
    (testing--until (lambda () (testing-in-buffer-p text buffer))
                    (format "%s shows %S" buffer text) seconds)))

(defun testing-in-buffer-p (text &optional buffer)
  "Whether BUFFER, the current one if nil, has TEXT in it."
  (with-current-buffer (or buffer (current-buffer))
    (save-excursion
      (save-restriction
        (widen)
        (goto-char (point-min))
        (let ((case-fold-search nil))
          (search-forward text nil t))))))

(defun testing-text (&optional buffer)
  "Return the text of BUFFER, the current one if nil, without properties."
  (with-current-buffer (or buffer (current-buffer))
    (save-restriction
      (widen)
      (buffer-substring-no-properties (point-min) (point-max)))))

(defvar testing-messages nil
  "What `message' has said in this test, the newest first.")

(defun testing--note-message (format-string &rest arguments)
  "Remember the message of FORMAT-STRING and ARGUMENTS."
  (when format-string
    (push (apply #'format-message format-string arguments) testing-messages)
    (when (nthcdr 500 testing-messages)
      (setcdr (nthcdr 400 testing-messages) nil))))

(advice-add 'message :before #'testing--note-message)

(defun testing-until-said (text &optional seconds)
  "Wait until a message has TEXT in it and return it; SECONDS at most."
  (testing--until (lambda () (testing-said text)) (format "a message with %S" text) seconds))

(defun testing-said (text)
  "Return the newest message that has TEXT in it, nil if none has."
  (seq-find (lambda (said) (string-search text said)) testing-messages))

(defun testing-shown ()
  "Return all that a user might see, for who reads of a test that failed."
  (concat
   (mapconcat (lambda (buffer)
                (let ((text (testing-text buffer)))
                  (format "-- %s%s\n%s" (buffer-name buffer)
                          (if (eq buffer (current-buffer)) " (current)" "")
                          (if (> (length text) 6000)
                              (concat "…" (substring text -6000))
                            text))))
              (seq-remove (lambda (buffer)
                            (or (string-prefix-p " " (buffer-name buffer))
                                (equal (buffer-name buffer) "*Messages*")
                                (zerop (buffer-size buffer))))
                          (buffer-list))
              "\n")
   (format "\n-- messages\n%s" (string-join (reverse (seq-take testing-messages 30)) "\n"))
   (format "\n-- processes\n%s"
           (mapconcat (lambda (process) (format "%s %s" process (process-status process)))
                      (process-list) "\n"))))

;;;; An Emacs in which nothing has happened

(defmacro testing-afresh (&rest body)
  "Evaluate BODY; end the processes, buffers and timers that it leaves.
If it fails, all that is shown is printed."
  (declare (indent 0) (debug t))
  `(testing--afresh (lambda () ,@body)))

(defun testing--afresh (function)
  "Call FUNCTION, and leave no trace of it."
  (let ((buffers (buffer-list))
        (processes (process-list))
        (timers (append timer-list timer-idle-list))
        (passed nil))
    (setq testing-messages nil)
    (unwind-protect
        (prog1 (save-window-excursion (funcall function))
          (setq passed t))
      (unless passed
        (princ (format "\n%s\n" (testing-shown)) #'external-debugging-output))
      (dolist (process (process-list))
        (unless (memq process processes)
          (set-process-query-on-exit-flag process nil)
          (delete-process process)))
      (dolist (buffer (buffer-list))
        (unless (memq buffer buffers)
          (when (buffer-live-p buffer)
            (with-current-buffer buffer
              (set-buffer-modified-p nil)
              (let ((kill-buffer-query-functions nil))
                (kill-buffer))))))
      (dolist (timer (append timer-list timer-idle-list))
        (unless (memq timer timers)
          (cancel-timer timer))))))

(defmacro testing-with-repl (address &rest body)
  "Evaluate BODY in the buffer of a new connection to ADDRESS, afresh.
ADDRESS nil is the program of this run."
  (declare (indent 1) (debug t))
  `(testing-afresh
     (switch-to-buffer (testing-connect ,address))
     ,@body))

(defun testing-connect (&optional address)
  "Connect to ADDRESS as a user does and return the buffer, when it has a prompt.
ADDRESS nil is the program of this run."
  (require 'repl-connect)
  (let ((name (format "*repl: %s*" (or address (testing-address)))))
    (save-window-excursion
      (repl-connect (or address (testing-address)))
      (let ((buffer (testing-until (get-buffer name))))
        (testing-until-prompt buffer)
        buffer))))

(defun testing-until-prompt (&optional buffer seconds)
  "Wait until BUFFER, the current one if nil, ends in a prompt; SECONDS at most."
  (let ((buffer (or buffer (current-buffer))))
    (testing--until (lambda () (string-suffix-p "> " (testing-text buffer)))
                    (format "a prompt in %s" buffer) seconds)))

(defun testing-keys (keys)
  "Type KEYS, in the notation of `kbd', in the selected window's buffer."
  (execute-kbd-macro (kbd keys)))

(defun testing-type (text)
  "Type TEXT, each character by its key, in the selected window's buffer."
  (execute-kbd-macro (vconcat text)))

(defun testing-visit (text &optional name)
  "Edit a new file of the project with TEXT in it, and return the buffer.
The cursor is where TEXT has `‸'.  NAME is the file's; without it, it is
one of the language of this run's program."
  (let ((file (expand-file-name (or name (concat (make-temp-name "file")
                                                 (testing-word 'suffix)))))
        (at (string-search "‸" text)))
    (let ((coding-system-for-write 'utf-8-unix))
      (write-region (if at (string-replace "‸" "" text) text) nil file nil 'quiet))
    (switch-to-buffer (find-file-noselect file))
    (when at
      (goto-char (1+ at)))
    (current-buffer)))

;;;; Programs of one's own

(cl-defstruct (testing-program (:copier nil))
  "A program that this test has started; END is the process that ends with it."
  address pid server)

(defun testing-start-program (&optional kind address)
  "Start a program of KIND (a string) for this test, at ADDRESS if not nil.
KIND is python_server if nil; only Python's can be told where to listen.
To be used in `testing-afresh', which ends it."
  (let* ((kind (or kind "python_server"))
         (directory (make-temp-file (expand-file-name "../run/p" default-directory) t))
         (buffer (generate-new-buffer (format " *serving %s*" kind)))
         (server (make-process
                  :name "serving" :buffer buffer :noquery t :connection-type 'pipe
                  :command (append (json-parse-string
                                    (testing-variable "REPL_CONNECT_TEST_SERVING")
                                    :array-type 'list)
                                   (list kind directory)
                                   (and address (list address))))))
    (let ((said (testing-next-line server 60)))
      (cond
       ((string-match "\\`at \\([0-9]+\\) \\(.*\\)\\'" said)
        (make-testing-program :address (match-string 2 said)
                              :pid (string-to-number (match-string 1 said))
                              :server server))
       ((string-prefix-p "missing" said) (ert-skip said))
       (t (error "No program %s: %s" kind said))))))

(defun testing-next-line (process &optional seconds)
  "Return and forget the next line that PROCESS has written to its buffer.
Wait for it, SECONDS at most."
  (with-current-buffer (process-buffer process)
    (testing--until (lambda ()
                      (or (testing-in-buffer-p "\n")
                          (and (not (process-live-p process)) (zerop (buffer-size))
                               (error "%s has ended" process))))
                    (format "a line of %s" process) seconds)
    (goto-char (point-min))
    (prog1 (buffer-substring (point) (line-end-position))
      (delete-region (point) (min (point-max) (1+ (line-end-position)))))))

(defun testing-kill-program (program)
  "End PROGRAM as `kill -9' does."
  (signal-process (testing-program-pid program) 'KILL))

(defun testing-until-global (program value)
  "Wait until the loop of PROGRAM prints its global with this VALUE."
  (let ((server (testing-program-server program)))
    (process-send-string server (format "%d\n" value))
    (should (equal (testing-next-line server 30) "seen"))))

(provide 'testing)
;;; testing.el ends here
