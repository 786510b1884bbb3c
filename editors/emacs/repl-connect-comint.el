;;; repl-connect-comint.el --- The REPL buffer  -*- lexical-binding: t; -*-

;;; Commentary:

;; A comint buffer whose process is the connection itself.  What comint does with the text of its
;; process is done by repl-connect-output.el, since what comes are messages; the history, moving
;; over prompts and the like are comint's.

;;; Code:

(require 'comint)
(require 'repl-connect-evaluation)
(require 'repl-connect-history)
(require 'repl-connect-languages)
(require 'repl-connect-output)
(require 'repl-connect-prompt)
(require 'repl-connect-repl)

(declare-function repl-connect-command-complete-p "repl-connect-commands")
(declare-function repl-connect-command-run "repl-connect-commands")
(declare-function repl-connect-command-completion "repl-connect-commands")
(declare-function repl-connect-errors-setup "repl-connect-errors")
(declare-function repl-connect-disconnect "repl-connect-reconnect")
(declare-function repl-connect-state-words "repl-connect-targets")

(autoload 'repl-connect-complete-or-indent "repl-connect-lookup" nil t)
(autoload 'repl-connect-documentation "repl-connect-documentation" nil t)
(autoload 'repl-connect-lookup-setup "repl-connect-lookup")
(autoload 'repl-connect-switch-to-repl "repl-connect-mode" nil t)

(defvar repl-connect-comint-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'repl-connect-return)
    (define-key map (kbd "M-RET") #'repl-connect-send-input)
    (define-key map (kbd "C-<return>") #'repl-connect-send-input)
    (define-key map (kbd "C-j") #'repl-connect-newline)
    (define-key map (kbd "TAB") #'repl-connect-complete-or-indent)
    (define-key map (kbd "C-d") #'repl-connect-delete-or-end)
    (define-key map (kbd "C-c C-c") #'repl-connect-interrupt)
    (define-key map (kbd "C-c C-\\") #'repl-connect-interrupt)
    (define-key map (kbd "C-c C-b") #'repl-connect-interrupt)
    (define-key map (kbd "C-c C-d") #'repl-connect-documentation)
    (define-key map (kbd "C-c C-z") #'repl-connect-switch-to-repl)
    (define-key map (kbd "C-c C-o") #'repl-connect-delete-output)
    (define-key map (kbd "C-c M-o") #'repl-connect-clear)
    (define-key map [remap comint-kill-input] #'repl-connect-kill-input)
    (define-key map [remap comint-accumulate] #'repl-connect-newline)
    (define-key map [remap comint-clear-buffer] #'repl-connect-clear)
    (define-key map [remap comint-delete-output] #'repl-connect-delete-output)
    (define-key map [remap comint-copy-old-input] #'repl-connect-copy-old-input)
    map)
  "The keys of a REPL buffer.")

(define-derived-mode repl-connect-comint-mode comint-mode "REPL"
  "Major mode for the REPL of a running program.
What is sent is evaluated there, one after the other; typing goes on
meanwhile.  What comes is put in above the prompt.

\\{repl-connect-comint-mode-map}"
  (setq repl-connect--prompt-start (point-max-marker)
        repl-connect--input-start (point-max-marker)
        mode-line-process '(:eval (repl-connect-repl--mode-line)))
  (setq-local mode-line-buffer-identification '(:eval (repl-connect-repl--identification))
              comint-input-sender #'repl-connect-comint--send-secret
              comint-get-old-input #'repl-connect-comint--old-input
              comint-prompt-read-only t
              comint-scroll-show-maximum-output nil
              scroll-conservatively 101
              indent-line-function #'repl-connect-comint--indent-line
              comment-start nil
              completion-at-point-functions nil)
  ;; Text has its faces when it is put in, so there is nothing for font-lock to look at.
  (unless (fboundp 'comint-fontify-input-mode)
    (setq-local font-lock-defaults nil))
  (add-hook 'repl-connect-flushed-hook #'repl-connect-prompt--update-prompt nil t)
  (add-hook 'kill-buffer-query-functions #'repl-connect-comint--kill-p nil t)
  (add-hook 'kill-buffer-hook #'repl-connect-comint--buffer-gone nil t)
  (require 'repl-connect-errors)
  (repl-connect-errors-setup)
  (repl-connect-lookup-setup)
  (require 'repl-connect-commands nil t)
  (when (fboundp 'repl-connect-command-completion)
    (add-hook 'completion-at-point-functions #'repl-connect-command-completion -10 t)))

(defun repl-connect-repl-buffer (connection)
  "Return the REPL buffer of CONNECTION, nil if it was killed."
  (let ((buffer (repl-connect-connection-buffer connection)))
    (and (buffer-live-p buffer) buffer)))

(defun repl-connect--take-process (connection)
  "Make the process of CONNECTION, which is open, that of its buffer."
  (with-current-buffer (repl-connect-connection-buffer connection)
    (let ((process (repl-connect-connection-process connection))
          (language (repl-connect-connection-language connection)))
      (set-process-buffer process (current-buffer))
      (set-marker (process-mark process) repl-connect--input-start)
      (setf (repl-connect-connection-on-output connection) #'repl-connect-repl-output)
      (setq repl-connect-transcript--streams nil
            repl-connect-language language)
      (repl-connect-history-load (repl-connect-language-name language))
      (repl-connect-comint--fontify-typed language))))

(defvar comint-indirect-setup-function)
(declare-function comint-fontify-input-mode "comint" t t)

(defun repl-connect-comint--fontify-typed (language)
  "Have what is typed in LANGUAGE fontified, if this Emacs can do that."
  (when-let ((mode (and (fboundp 'comint-fontify-input-mode)
                        (repl-connect-language-mode language))))
    (setq-local comint-indirect-setup-function
                (lambda ()
                  (delay-mode-hooks (funcall mode))
                  (add-function :before-while (local 'font-lock-fontify-region-function)
                                #'repl-connect-comint--short-lines-p)))
    (repl-connect-demoted "fontifying what is typed"
      (comint-fontify-input-mode 1))))

(defun repl-connect-comint--short-lines-p (start end &rest _)
  "Whether the lines from START to END are short enough to be fontified."
  (save-excursion
    (let ((inhibit-field-text-motion t))
      (repl-connect-language-short-lines-p
       (buffer-substring-no-properties (progn (goto-char start) (line-beginning-position))
                                       (progn (goto-char end) (line-end-position)))))))

;;;; Typing

(defun repl-connect-return ()
  "Send what is typed if it is complete, else start an indented line.
On something that was typed before, bring it down; on a button, push it."
  (interactive)
  (cond
   ((button-at (point)) (push-button (point)))
   ((< (point) repl-connect--input-start) (repl-connect-copy-old-input))
   (repl-connect-prompt--asking (repl-connect-send-input))
   ((repl-connect-comint--complete-p (repl-connect-prompt--typed))
    (repl-connect-send-input))
   (t (repl-connect-newline))))

(defun repl-connect-comint--complete-p (text)
  "Whether TEXT, which is typed, is to be sent by RET."
  (let ((command (and (string-prefix-p "," (string-trim-left text))
                      (require 'repl-connect-commands nil t)
                      (repl-connect-command-complete-p repl-connect--connection text))))
    (if command
        (eq command 'complete)
      (repl-connect-language-complete-p
       text (repl-connect-connection-language repl-connect--connection)))))

(defun repl-connect-newline ()
  "Start a line in what is typed, indented as the language does it."
  (interactive "*")
  (if (< (point) repl-connect--input-start)
      (repl-connect-return)
    (let ((blanks (repl-connect-comint--indentation (point))))
      (delete-region (point) (progn (skip-chars-forward " \t") (point)))
      (insert "\n" blanks))))

(defun repl-connect-comint--indentation (position)
  "Return the blanks for a line after what is typed before POSITION."
  (if repl-connect-prompt--asking
      ""
    (repl-connect-language-indentation
     (buffer-substring-no-properties repl-connect--input-start position)
     (repl-connect-connection-language repl-connect--connection)
     (repl-connect-prompt--column))))

(defun repl-connect-comint--indent-line ()
  "Indent the line if it is one of what is typed, and not the first."
  (let ((start (line-beginning-position)))
    (if (<= start repl-connect--input-start)
        'noindent
      (let ((blanks (repl-connect-comint--indentation (1- start))))
        (save-excursion (indent-line-to (length blanks)))
        (when (< (current-column) (current-indentation))
          (back-to-indentation))))))

(defun repl-connect-comint--old-input ()
  "Return the input that point is in, or the line if it is output."
  (cond
   ((>= (point) repl-connect--input-start) (repl-connect-prompt--typed))
   ((get-text-property (point) 'repl-connect-typed)
    (let ((end (or (next-single-property-change (point) 'repl-connect-typed) (point-max))))
      (buffer-substring-no-properties
       (previous-single-property-change end 'repl-connect-typed nil (point-min)) end)))
   (t (let ((inhibit-field-text-motion t))
        (buffer-substring-no-properties (line-beginning-position) (line-end-position))))))

(defun repl-connect-copy-old-input ()
  "Bring what point is on down to the prompt, behind what is typed there."
  (interactive)
  (let ((text (string-trim-right (repl-connect-comint--old-input)))
        (typed (repl-connect-prompt--typed)))
    (when (equal text "")
      (user-error "There is nothing on this line"))
    (goto-char (point-max))
    (insert (if (or (equal typed "") (string-suffix-p "\n" typed)) "" "\n") text)))

(defun repl-connect-delete-or-end (count)
  "Delete COUNT characters; on an empty line end the input, or leave.
If the program waits for input it is told that there is no more, else
the connection is closed, when that was confirmed; the buffer stays."
  (interactive "p")
  (cond
   ((not (and (= (point) (point-max) repl-connect--input-start))) (delete-char count))
   (repl-connect-prompt--asking (repl-connect-prompt--give "" "(end of input)"))
   ((not (repl-connect-open-p repl-connect--connection))
    (message "%s" (repl-connect-comint--no-words)))
   ((y-or-n-p (format "Disconnect from %s? "
                      (repl-connect-connection-address repl-connect--connection)))
    (repl-connect-disconnect repl-connect--connection))))

;;;; Sending

(defun repl-connect-comint--no-words ()
  "Return why nothing can be sent, and what can be done."
  (let ((connection repl-connect--connection))
    (cond
     ((null connection) "This buffer has no connection: M-x repl-connect makes one")
     ((eq (repl-connect-connection-state connection) 'connecting)
      (format "%s: not connected yet.  What is typed stays" (repl-connect-connection-address
                                                             connection)))
     (t (format "%s: %s.  What is typed stays; M-x repl-connect-reconnect connects again"
                (repl-connect-connection-address connection)
                (repl-connect-state-words connection))))))

(defun repl-connect-send-input ()
  "Send what is typed, complete or not."
  (interactive)
  (let ((text (repl-connect-prompt--typed))
        (connection repl-connect--connection))
    (cond
     ((and repl-connect-prompt--asking repl-connect-prompt--secret)
      (repl-connect-prompt--read-secret (current-buffer) repl-connect-prompt--asking))
     (repl-connect-prompt--asking (repl-connect-prompt--give (concat text "\n") text))
     ((repl-connect-comint--command text))
     ((not (repl-connect-open-p connection)) (message "%s" (repl-connect-comint--no-words)))
     (t
      (repl-connect-comint--accept text)
      (unless (and (string-blank-p text)
                   (repl-connect-language-mode (repl-connect-connection-language connection)))
        (repl-connect-repl-eval connection text))
      (repl-connect-flush (current-buffer))))))

(defun repl-connect-comint--command (text)
  "Run TEXT if it is a `,' command of ours; return whether it was."
  (when (and (string-prefix-p "," (string-trim-left text))
             (require 'repl-connect-commands nil t))
    (let* ((before repl-connect-output--queue-end)
           (typed (repl-connect-repl--echo text))
           (handled (repl-connect-command-run repl-connect--connection (string-trim text))))
      (if handled
          (progn (repl-connect-history-add text)
                 (when (buffer-live-p (repl-connect-connection-buffer repl-connect--connection))
                   (repl-connect-prompt--replace-typed "")
                   (repl-connect-flush (current-buffer))))
        (setq repl-connect-output--queue (delq typed repl-connect-output--queue)
              repl-connect-output--queue-end (if repl-connect-output--queue before nil)))
      handled)))

(defun repl-connect-comint--accept (text)
  "Put TEXT, which is typed, above the prompt, and remember it."
  (repl-connect-repl--echo text)
  (repl-connect-history-add text)
  (repl-connect-prompt--replace-typed "")
  (goto-char (point-max)))

(defun repl-connect-comint--send-secret (_process text)
  "Give TEXT, read by `comint-send-invisible', to what waits for input."
  (if repl-connect-prompt--asking
      (repl-connect-prompt--give (concat text "\n") "(not shown)")
    (user-error "Nothing waits for input, so nothing was sent")))

;;;; Clearing, killing

(defun repl-connect-kill-input ()
  "Kill what is typed before point."
  (interactive)
  (when (> (point) repl-connect--input-start)
    (kill-region repl-connect--input-start (point))))

(defun repl-connect-clear ()
  "Delete all that was shown in the REPL buffer."
  (interactive)
  (repl-connect-flush (current-buffer))
  (repl-connect-transcript--quietly-change (point-min)
    (delete-region (point-min) repl-connect--prompt-start))
  (setq repl-connect-transcript--open nil
        repl-connect-transcript--deleted-lines 0)
  (repl-connect-cuts-start-line)
  (repl-connect-prompt--update-prompt))

(defun repl-connect-delete-output ()
  "Delete what came since the last input."
  (interactive)
  (repl-connect-flush (current-buffer))
  (let ((start (marker-position comint-last-input-end)))
    (repl-connect-transcript--quietly-change start
      (delete-region start repl-connect--prompt-start))
    (setq repl-connect-transcript--open nil)
    (repl-connect-cuts-start-line)
    (repl-connect-note repl-connect--connection "output deleted")
    (repl-connect-flush (current-buffer))))

(defun repl-connect-comint--kill-p ()
  "Whether the current buffer may be killed: ask if it is busy."
  (let ((running (and repl-connect--connection
                      (repl-connect-open-p repl-connect--connection)
                      (repl-connect-connection-evaluations repl-connect--connection))))
    (or (null running)
        (yes-or-no-p (format "An evaluation runs in %s; kill the buffer and disconnect? "
                             (buffer-name))))))

(defun repl-connect-comint--buffer-gone ()
  "The current buffer is being killed: end what it has."
  (dolist (timer (list repl-connect-output--timer repl-connect-repl--clock))
    (when timer (cancel-timer timer)))
  (when repl-connect--connection
    (repl-connect-client-close repl-connect--connection)))

(provide 'repl-connect-comint)
;;; repl-connect-comint.el ends here
