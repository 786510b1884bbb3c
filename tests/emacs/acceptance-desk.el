;;; acceptance-desk.el --- One Emacs for all that is done  -*- lexical-binding: t; -*-

;;; Commentary:

;; A deed is something that can be done, with all the ways to have it done: keys, and commands by
;; M-x.  Each way is tried with each kind of program.

;;; Code:

(require 'testing)
(require 'repl-connect)
(dolist (file (directory-files (file-name-directory (locate-library "repl-connect")) nil
                               "\\`repl-connect.*\\.el\\'"))
  (require (intern (file-name-sans-extension file))))

(setq xref-prompt-for-identifier nil)

(defvar acceptance-ways nil
  "All ways: keys, each a cons of what they are of and their name, and commands.")

(defvar acceptance-buffer nil "The REPL buffer.")

(defvar acceptance-way nil "The keys by which it is done this time.")

(defmacro acceptance-deed (name ways &rest body)
  "Define a test NAME that evaluates BODY once for each of WAYS.
WAYS is a plist: `:source', `:repl', `:list' and `:documentation' have
keys of buffers, `:comint' those of REPL buffers that are comint's own,
and `:commands' what is called by M-x.  In BODY `acceptance-do' goes the
way."
  (declare (indent 2) (debug t))
  (let ((all nil))
    (while ways
      (let ((of (pop ways)))
        (dolist (way (pop ways))
          (push (if (eq of :commands) way (cons of way)) all))))
    `(progn
       (setq acceptance-ways (append acceptance-ways ',all))
       (ert-deftest ,(intern (format "acceptance-%s" name)) ()
         (dolist (way ',(reverse all))
           (ert-info ((format "%s" way) :prefix "by: ")
             (setq acceptance-way (if (consp way)
                                      (kbd (cdr way))
                                    (vconcat (kbd "M-x") (symbol-name way) "\r")))
             (acceptance-begin)
             (testing-afresh
               ,@body
               (acceptance-idle))))))))

(defun acceptance-begin ()
  "Have an empty REPL buffer, with a connection where nothing runs."
  (unless (buffer-live-p acceptance-buffer)
    (setq acceptance-buffer (testing-connect)))
  (switch-to-buffer acceptance-buffer)
  (delete-other-windows)
  (acceptance-idle)
  (repl-connect-prompt--replace-typed "")
  (repl-connect-clear)
  (goto-char (point-max)))

(defun acceptance-do (&rest answers)
  "Go the way, and then type ANSWERS, each with RET."
  (execute-kbd-macro (apply #'vconcat acceptance-way
                            (mapcar (lambda (answer) (vconcat answer "\r")) answers))))

(defun acceptance-connection ()
  "Return the connection of all deeds."
  (buffer-local-value 'repl-connect--connection acceptance-buffer))

(defun acceptance-idle ()
  "Wait until nothing runs on the connection and all is shown."
  (testing-until (null (repl-connect-connection-evaluations (acceptance-connection))))
  (with-current-buffer acceptance-buffer
    (testing-until (null repl-connect-output--queue))))

(defun acceptance-define (value)
  "Return code that gives the variable of the tests VALUE, a number."
  (string-replace "7" (number-to-string value) (testing-word 'define)))

(defun acceptance-twice ()
  "Return the definition of a function, a list of lines."
  (let ((lines (seq-remove #'string-empty-p (testing-word 'lines))))
    (cons (car lines) (mapcar (lambda (line) (concat "  " line)) (cdr lines)))))

(defun acceptance-lines (&rest lines)
  "Return LINES as a text."
  (concat (string-join lines "\n") "\n"))

;;;; Source buffers

(defun acceptance-source (&rest lines)
  "Edit a file with LINES, the cursor where they have `‸', in the minor mode."
  (testing-visit (apply #'acceptance-lines lines))
  (setq-local repl-connect-language
              (repl-connect-connection-language (acceptance-connection)))
  (repl-connect-mode 1))

(defun acceptance-beside (&optional line)
  "Return what is shown beside LINE, or the current one; nil for nothing."
  (save-excursion
    (when line
      (goto-char (point-min))
      (forward-line (1- line)))
    (seq-some (lambda (overlay)
                (and (memq (overlay-get overlay 'repl-connect-result) '(value note error))
                     (= (overlay-end overlay) (line-end-position))
                     (string-trim (substring-no-properties (overlay-get overlay 'after-string)))))
              (overlays-in (point-min) (1+ (point-max))))))

(defun acceptance-until-value (value &optional line)
  "Wait until VALUE is shown beside LINE, or the current one."
  (testing-until (equal (acceptance-beside line) (concat "=> " value))))

(defun acceptance-evaluate (code)
  "Evaluate CODE, and wait for its end."
  (let ((ended nil))
    (repl-connect-eval (acceptance-connection) code
                       :on-done (lambda (_ problem) (setq ended (list problem))))
    (testing-until ended)
    (should-not (car ended))))

;;;; The REPL buffer

(defun acceptance-typed ()
  "Return what is typed at the prompt."
  (with-current-buffer acceptance-buffer
    (repl-connect-prompt--typed)))

(defun acceptance-enter (&rest lines)
  "Type LINES and RET after each, and wait until what they do is over."
  (dolist (line lines)
    (goto-char (point-max))
    (testing-type line)
    (testing-keys "RET")
    (acceptance-idle)))

(provide 'acceptance-desk)
;;; acceptance-desk.el ends here
