;;; repl-connect-mode.el --- Minor mode of source buffers  -*- lexical-binding: t; -*-

;;; Commentary:

;; Keys that send code to the running program from a source buffer of any language, and show what
;; comes of it there.  To have it in all buffers of a language:
;;
;;   (add-hook 'scheme-mode-hook #'repl-connect-mode)

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-asking)
(require 'repl-connect-comint)
(require 'repl-connect-evaluation)
(require 'repl-connect-languages)
(require 'repl-connect-lookup)
(require 'repl-connect-output)
(require 'repl-connect-results)
(require 'repl-connect-sending)
(require 'repl-connect-targets)

(declare-function repl-connect "repl-connect")

(defcustom repl-connect-mode-automatically nil
  "Whether connecting turns `repl-connect-mode' on in buffers of files.
That is: in those which are open then, and whose code goes there.  For
later ones there are the hooks of their modes, `scheme-mode-hook' and
the like."
  :type 'boolean
  :group 'repl-connect)

;;;; Sending

(defun repl-connect-mode--send (span what argument)
  "Send SPAN, (START . END); without one say that there is no WHAT here.
ARGUMENT is the raw prefix argument, which has the value put into the text."
  (unless span
    (user-error "There is no %s here" what))
  (repl-connect-send (car span) (cdr span) (repl-connect-insertion-place argument)))

;;;###autoload
(defun repl-connect-eval-last (&optional argument)
  "Evaluate the form before point; in Python or JavaScript the statement at point.
With a prefix ARGUMENT put its value at point, with two of them into a
comment behind it; `repl-connect-insert' has it the other way round."
  (interactive "P")
  (repl-connect-mode--send (repl-connect-sending-as-code (repl-connect-form-before-point))
                           "form" argument))

;;;###autoload
(defun repl-connect-eval-definition (&optional argument)
  "Evaluate the top-level form, or statement, that point is in.
ARGUMENT is as for `repl-connect-eval-last'."
  (interactive "P")
  (repl-connect-mode--send (repl-connect-sending-as-code (repl-connect-definition-at-point))
                           "definition" argument))

;;;###autoload
(defun repl-connect-eval-region (start end &optional argument)
  "Evaluate the code from START to END, the region.
ARGUMENT is as for `repl-connect-eval-last'."
  (interactive "r\nP")
  (repl-connect-mode--send (cons start end) "region" argument))

(defun repl-connect-eval-line (&optional argument)
  "Evaluate the line that point is in.
ARGUMENT is as for `repl-connect-eval-last'."
  (interactive "P")
  (repl-connect-mode--send
   (cons (save-excursion (back-to-indentation) (point)) (line-end-position)) "line" argument))

(defun repl-connect-eval-paragraph (&optional argument)
  "Evaluate the lines around point, up to empty ones.
ARGUMENT is as for `repl-connect-eval-last'."
  (interactive "P")
  (repl-connect-mode--send
   (save-excursion
     (beginning-of-line)
     (unless (looking-at-p "[ \t]*$")
       (cons (save-excursion
               (if (re-search-backward "^[ \t]*\n" nil 'move) (match-end 0) (point)))
             (progn
               (re-search-forward "^[ \t]*$" nil 'move)
               (skip-chars-backward " \t\n")
               (point)))))
   "paragraph" argument))

(defun repl-connect-mode--cell ()
  "Return (START . END) of the cell that point is in, or nil."
  (when-let* ((comment (repl-connect-language-comment-prefix (repl-connect-sending-language)))
              (marker (format "^%s+[ \t]*%%%%.*" (regexp-quote (substring comment 0 1)))))
    (save-excursion
      (end-of-line)
      (let* ((above (re-search-backward marker nil t))
             (start (if above (line-end-position) (point-min)))
             (below (progn (goto-char start) (re-search-forward marker nil t)))
             (end (if below (match-beginning 0) (point-max))))
        (goto-char start)
        (when (and (or above below) (re-search-forward "[^ \t\r\n\f]" end t))
          ;; The first line's indentation says what that of the others is.
          (cons (line-beginning-position)
                (progn (goto-char end)
                       (skip-chars-backward " \t\r\n\f")
                       (point))))))))

(defun repl-connect-eval-cell (&optional argument)
  "Evaluate the cell that point is in: what is between two comments with `%%'.
Such are `# %%', `;; %%' and `// %%' at the start of a line.
ARGUMENT is as for `repl-connect-eval-last'."
  (interactive "P")
  (repl-connect-mode--send (repl-connect-mode--cell) "cell (between comments with %%)" argument))

;;;###autoload
(defun repl-connect-eval-buffer ()
  "Evaluate the whole text of the buffer, saved or not."
  (interactive)
  (repl-connect-send-buffer))

;;;###autoload
(defun repl-connect-load-file (file)
  "Evaluate FILE as it is on disk."
  (interactive
   (let ((file (buffer-file-name (buffer-base-buffer))))
     (list (read-file-name "Load file: " nil file t (and file (file-name-nondirectory file))))))
  (let ((file (expand-file-name file)))
    (comint-check-source file)
    (repl-connect-send-file file)))

(defun repl-connect-eval-expression (code)
  "Evaluate CODE, read in the minibuffer, in this buffer's namespace."
  (interactive (list (read-string "Evaluate: " nil 'repl-connect-expression-history)))
  (repl-connect-send-code code))

(defvar repl-connect-expression-history nil
  "What was given to `repl-connect-eval-expression'.")

(defun repl-connect-eval-again ()
  "Evaluate what was sent last once more: a piece of a buffer as it is by now."
  (interactive)
  (if repl-connect-sending--last
      (funcall repl-connect-sending--last)
    (user-error "Nothing was sent yet")))

(defun repl-connect-interrupt-here ()
  "Interrupt the evaluation on the connection of this buffer."
  (interactive)
  (repl-connect-interrupt (or (repl-connect-current-connection)
                              (repl-connect-current-connection-or-error))))

(defun repl-connect-show-value ()
  "Show the whole value of the code that was sent last, or all its values."
  (interactive)
  (let* ((evaluation (or repl-connect-sending--ended
                         (user-error "Nothing that was sent has ended yet")))
         (properties (repl-connect-evaluation-properties evaluation))
         (values (reverse (plist-get properties :values)))
         (language (plist-get properties :language)))
    (unless values
      (user-error "What was sent last has no value"))
    (repl-connect-view
     "*repl value*" #'special-mode
     (lambda ()
       (dolist (value values)
         (insert (repl-connect-language-fontify (repl-connect-clean value) language) "\n"))
       (when (plist-get properties :cut)
         (insert "… (cut by the other side: `repl-connect-value-limit')\n"))))))

;;;; To the REPL and back

(defvar repl-connect-mode)

;;;###autoload
(defun repl-connect-switch-to-repl ()
  "Go to the REPL buffer of this source buffer; from there, back.
Without a connection, offer to make one."
  (interactive)
  (if (derived-mode-p 'repl-connect-comint-mode)
      (repl-connect-switch-to-source)
    (let ((connection (repl-connect-current-connection))
          (source (current-buffer)))
      (if (not (and connection (repl-connect-repl-buffer connection)))
          (setq connection (call-interactively #'repl-connect))
        (pop-to-buffer (repl-connect-repl-buffer connection))
        (goto-char (point-max)))
      (when (and (repl-connect-connection-p connection) (repl-connect-repl-buffer connection))
        (with-current-buffer (repl-connect-repl-buffer connection)
          (setq repl-connect-source-buffer source))))))

(defun repl-connect-switch-to-source ()
  "Go from a REPL buffer back to the source buffer that was used with it last."
  (interactive)
  (let ((connection (or repl-connect--connection (user-error "This is no REPL buffer"))))
    (pop-to-buffer
     (if (buffer-live-p repl-connect-source-buffer)
         repl-connect-source-buffer
       (or (seq-find (lambda (buffer)
                       (and (buffer-local-value 'repl-connect-mode buffer)
                            (eq connection (with-current-buffer buffer
                                             (repl-connect-current-connection)))))
                     (buffer-list))
           (user-error "No buffer has `repl-connect-mode' and sends its code here"))))))

;;;; The mode

(defun repl-connect-mode--lighter ()
  "Return the text for the mode line: which connection is used, and how it is."
  (condition-case nil
      (let ((connection (repl-connect-current-connection)))
        (if (null connection)
            " REPL[-]"
          (let ((address (repl-connect-connection-address connection))
                (state (repl-connect-state-words connection)))
            (format " REPL[%s%s]"
                    (string-replace "%" "%%" (truncate-string-to-width
                                              (file-name-nondirectory
                                               (directory-file-name address))
                                              24 nil nil "…"))
                    (cond (state (concat ": " (string-replace "%" "%%" state)))
                          ((repl-connect-connection-evaluations connection) ": running")
                          (t ""))))))
    (error " REPL")))

(defvar repl-connect-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-x C-e") #'repl-connect-eval-last)
    (define-key map (kbd "C-c C-e") #'repl-connect-eval-last)
    (define-key map (kbd "C-M-x") #'repl-connect-eval-definition)
    (define-key map (kbd "C-c C-c") #'repl-connect-eval-definition)
    (define-key map (kbd "C-c C-r") #'repl-connect-eval-region)
    (define-key map (kbd "C-c C-k") #'repl-connect-eval-buffer)
    (define-key map (kbd "C-c C-l") #'repl-connect-load-file)
    (define-key map (kbd "C-c C-a") #'repl-connect-eval-again)
    (define-key map (kbd "C-c C-v") #'repl-connect-show-value)
    (define-key map (kbd "C-c C-z") #'repl-connect-switch-to-repl)
    (define-key map (kbd "C-c C-d") #'repl-connect-documentation)
    (define-key map (kbd "C-c C-b") #'repl-connect-interrupt-here)
    (define-key map (kbd "C-c M-:") #'repl-connect-eval-expression)
    (define-key map (kbd "C-c M-o") #'repl-connect-clear-results)
    map)
  "The keys of `repl-connect-mode'.")

;;;###autoload
(define-minor-mode repl-connect-mode
  "Send code of this buffer to the running program that it is connected to.

\\{repl-connect-mode-map}"
  :lighter (:eval (repl-connect-mode--lighter))
  :group 'repl-connect
  (if repl-connect-mode
      (repl-connect-lookup-setup)
    (repl-connect-lookup-remove)
    (repl-connect-clear-results)))

(defun repl-connect-mode--connected (connection)
  "Turn the mode on in the source buffers of CONNECTION, if that is wanted."
  (when (and repl-connect-mode-automatically (repl-connect-open-p connection))
    (dolist (buffer (buffer-list))
      (with-current-buffer buffer
        (when (and buffer-file-name
                   (not repl-connect-mode)
                   (repl-connect-language-of-buffer)
                   (eq (repl-connect-current-connection) connection))
          (repl-connect-mode 1))))))

(add-hook 'repl-connect-state-functions #'repl-connect-mode--connected)

(provide 'repl-connect-mode)
;;; repl-connect-mode.el ends here
