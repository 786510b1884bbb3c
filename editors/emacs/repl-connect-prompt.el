;;; repl-connect-prompt.el --- The prompt, and input for the program  -*- lexical-binding: t; -*-

;;; Commentary:

;; As long as there is a connection the last line of a REPL buffer starts with a prompt; everything
;; else is put in above it.  While the program waits for input it is another one: what was being
;; typed is put aside, and comes back afterwards.

;;; Code:

(require 'comint)
(require 'repl-connect-evaluation)
(require 'repl-connect-languages)
(require 'repl-connect-output)

(defface repl-connect-prompt '((t :inherit comint-highlight-prompt))
  "The prompt."
  :group 'repl-connect-faces)
(defface repl-connect-input-prompt '((t :inherit (bold warning)))
  "The prompt while the program waits for input."
  :group 'repl-connect-faces)

(defvar-local repl-connect--connection nil
  "The connection of this REPL buffer.")
(defvar-local repl-connect-prompt--asking nil
  "The evaluation that waits for input, nil if none does.")
(defvar-local repl-connect-prompt--secret nil
  "Whether what it waits for is not to be shown.")
(defvar-local repl-connect-prompt--put-aside nil
  "What was being typed when an evaluation began to wait: (TEXT . OFFSET of point).")

(defun repl-connect-prompt--prompt-text ()
  "Return the prompt as it should be now, empty for none."
  (cond
   ((not (repl-connect-open-p repl-connect--connection)) "")
   (repl-connect-prompt--asking
    (propertize (if repl-connect-prompt--secret "secret input> " "input> ")
                'font-lock-face 'repl-connect-input-prompt))
   (t (propertize (repl-connect-visible
                   (replace-regexp-in-string
                    "\n" " "
                    (repl-connect-language-prompt
                     (repl-connect-connection-language repl-connect--connection)
                     (repl-connect-connection-namespace repl-connect--connection))
                    t t))
                  'font-lock-face 'repl-connect-prompt))))

(defun repl-connect-prompt--update-prompt ()
  "Make the prompt in the current buffer what it should be now."
  (let* ((text (repl-connect-prompt--prompt-text))
         ;; It starts a line even if what is above does not end one yet.
         (text (if (and repl-connect-transcript--open (not (equal text "")))
                   (concat (propertize "\n" 'font-lock-face 'default) text)
                 text))
         (start (marker-position repl-connect--prompt-start))
         (end (marker-position repl-connect--input-start))
         (process (get-buffer-process (current-buffer))))
    (unless (equal text (buffer-substring-no-properties start end))
      (let ((behind (and (>= (point) start) (- (point-max) (max (point) end)))))
        (repl-connect-transcript--quietly-change end
          (delete-region start end)
          (goto-char start)
          (insert (propertize text 'field 'output 'inhibit-line-move-field-capture t
                              'read-only t 'rear-nonsticky t
                              'front-sticky '(read-only field inhibit-line-move-field-capture)))
          (set-marker repl-connect--prompt-start start)
          (set-marker repl-connect--input-start (point)))
        (when behind
          (goto-char (- (point-max) behind)))))
    (when process
      (set-marker (process-mark process) repl-connect--input-start))))

(defun repl-connect--prompt (connection)
  "Show the prompt that CONNECTION has now, and what waits above it."
  (when (buffer-live-p (repl-connect-connection-buffer connection))
    (repl-connect-flush (repl-connect-connection-buffer connection))))

;;;; What is typed

(defun repl-connect-prompt--typed ()
  "Return what is typed, without properties."
  (buffer-substring-no-properties repl-connect--input-start (point-max)))

(defun repl-connect-prompt--replace-typed (text &optional offset)
  "Make TEXT what is typed.
Point is OFFSET characters behind its start then, or at its end."
  (let ((inhibit-read-only t)
        (follows (>= (point) repl-connect--input-start)))
    (save-excursion
      (delete-region repl-connect--input-start (point-max))
      (goto-char (point-max))
      (insert text))
    (dolist (window (get-buffer-window-list nil nil t))
      ;; Where it started amid what was typed, the prompt would not be seen.
      (when (> (window-start window) repl-connect--prompt-start)
        (set-window-start window repl-connect--prompt-start t))
      (when (>= (window-point window) repl-connect--input-start)
        (set-window-point window (if offset
                                     (+ repl-connect--input-start offset)
                                   (point-max)))))
    (when follows
      (goto-char (if offset (+ repl-connect--input-start offset) (point-max))))
    ;; To undo over this would bring back what was sent.
    (unless (eq buffer-undo-list t)
      (setq buffer-undo-list nil))))

(defun repl-connect-prompt--column ()
  "Return the column of the first character that is typed."
  (save-excursion
    (goto-char repl-connect--input-start)
    (let ((inhibit-field-text-motion t))
      (- (point) (line-beginning-position)))))

;;;; Input for the program

(defun repl-connect-prompt--ask-input (evaluation secret)
  "Ask in the REPL buffer for the input that EVALUATION waits for.
It is not to be shown if SECRET."
  (let* ((connection (repl-connect-evaluation-connection evaluation))
         (buffer (repl-connect-connection-buffer connection)))
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (unless repl-connect-prompt--asking
          (setq repl-connect-prompt--put-aside
                (cons (repl-connect-prompt--typed)
                      (and (>= (point) repl-connect--input-start)
                           (- (point) repl-connect--input-start))))
          (repl-connect-prompt--replace-typed ""))
        (setq repl-connect-prompt--asking evaluation
              repl-connect-prompt--secret secret)
        (repl-connect-flush buffer)
        (force-mode-line-update)
        (cond
         (secret (run-at-time 0 nil #'repl-connect-prompt--read-secret buffer evaluation))
         ((not (get-buffer-window buffer 'visible))
          (message "%s waits for input" (buffer-name buffer))))))))

(defun repl-connect-prompt--stop-asking (buffer &optional evaluation)
  "Ask for no more input in BUFFER, and bring back what was typed before.
With EVALUATION only if it is the one that waits."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (when (and repl-connect-prompt--asking
                 (or (null evaluation) (eq evaluation repl-connect-prompt--asking)))
        (setq repl-connect-prompt--asking nil
              repl-connect-prompt--secret nil)
        (pcase-let ((`(,text . ,offset) repl-connect-prompt--put-aside))
          (setq repl-connect-prompt--put-aside nil)
          (repl-connect-prompt--replace-typed text offset))
        (repl-connect-flush buffer)
        (force-mode-line-update)))))

(defun repl-connect-prompt--give (text shown)
  "Answer what waits for input with TEXT; SHOWN is put above for it."
  (let ((evaluation repl-connect-prompt--asking)
        (buffer (current-buffer)))
    (repl-connect-show
     repl-connect--connection
     (concat (propertize "input> " 'font-lock-face 'repl-connect-input-prompt)
             (repl-connect-visible shown) "\n"))
    (repl-connect-prompt--stop-asking buffer)
    (repl-connect-give-input evaluation text)))

(defun repl-connect-prompt--read-secret (buffer evaluation)
  "Read in the minibuffer what EVALUATION waits for in BUFFER, and don't show it.
While something else is read there, do nothing: RET in the buffer asks."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (cond
       ((not (eq evaluation repl-connect-prompt--asking)))
       ((active-minibuffer-window)
        (message "%s waits for secret input: RET there asks for it" (buffer-name buffer)))
       (t
        (let* ((inhibit-quit nil)
               (text (condition-case nil
                         (read-passwd (format "Secret input for %s: "
                                              (repl-connect-connection-address
                                               repl-connect--connection)))
                       (quit nil))))
          (when (and (buffer-live-p buffer)
                     (eq evaluation (buffer-local-value 'repl-connect-prompt--asking buffer)))
            (with-current-buffer buffer
              (if text
                  (repl-connect-prompt--give (concat text "\n") "(not shown)")
                (repl-connect-interrupt-evaluation repl-connect--connection evaluation))))))))))

(provide 'repl-connect-prompt)
;;; repl-connect-prompt.el ends here
