;;; manual.el --- The tables of the manual, made from the package  -*- lexical-binding: t; -*-

;;; Commentary:

;; emacs -Q --batch -L editors/emacs -l tests/emacs/manual.el -f manual-print FILE
;;
;; prints FILE with its tables made anew; they are between comments, `<!-- NAME: ... -->' and
;; `<!-- end of NAME -->'.

;;; Code:

(require 'cl-lib)
(require 'help-fns)
(require 'seq)
(require 'subr-x)

(defconst manual-package
  (file-name-directory (locate-library "repl-connect"))
  "Where the package is.")

(defvar repl-connect-commands)

(defconst manual-elsewhere
  (rx (or "-list-" "-held-" "-menu-" "-comint-" "-transient" "-visit-link" "-input-end" "-newline"
          "-return" "-complete-or-indent" "-delete-or-end" "-copy-old-input" "-send-input"
          "-documentation-source" (seq "-mode" eos)))
  "What is in the names of commands that have their place at keys, or in menus, only.")

(defconst manual-maps
  '(("keys_repl" . repl-connect-comint-mode-map)
    ("keys_source" . repl-connect-mode-map)
    ("keys_list" . repl-connect-list-mode-map))
  "Tables of keys, and their maps.")

(defun manual-load ()
  "Load all of the package."
  (setq text-quoting-style 'grave)
  (dolist (file (directory-files manual-package nil "\\`repl-connect.*\\.el\\'"))
    (require (intern (file-name-sans-extension file)))))

(defun manual-words (text)
  "Return the first sentence or line of TEXT, a docstring, as Markdown."
  (let ((line (car (split-string (substitute-command-keys (or text "")) "\n"))))
    (string-replace
     "|" "\\|"
     (replace-regexp-in-string "[`‘]\\([^'’`]+\\)['’]" "`\\1`" (string-trim-right line "[.]")))))

(defun manual-row (&rest cells)
  "Return a line of a table with CELLS."
  (format "| %s |\n" (string-join cells " | ")))

(defun manual-table (head rows)
  "Return a table of ROWS, lists of cells, below HEAD."
  (concat "\n" (apply #'manual-row head)
          (apply #'manual-row (mapcar (lambda (_) "---") head))
          (mapconcat (lambda (cells) (apply #'manual-row cells)) rows "")
          "\n"))

(defun manual-ours-p (symbol)
  "Whether SYMBOL is one of the package's that users may know of."
  (and (string-match-p "\\`repl-connect\\(-[^-]\\|\\'\\)" (symbol-name symbol))
       (not (string-search "--" (symbol-name symbol)))))

(defun manual-symbols (predicate)
  "Return our symbols for which PREDICATE holds, in their order."
  (let ((found nil))
    (mapatoms (lambda (symbol)
                (when (and (manual-ours-p symbol) (funcall predicate symbol))
                  (push symbol found))))
    (sort found (lambda (one other) (string< (symbol-name one) (symbol-name other))))))

(defun manual-keys (map)
  "Return a row for each command that MAP itself has keys for."
  (let ((rows nil)
        (own (copy-keymap map)))
    (set-keymap-parent own nil)
    (cl-labels
        ((walk (keys binding)
           (cond
            ((keymapp binding)
             (map-keymap-internal
              (lambda (event next)
                (unless (memq event '(menu-bar remap))
                  (walk (vconcat keys (vector event)) next)))
              (if (symbolp binding) (symbol-function binding) binding)))
            ((and (symbolp binding) (commandp binding))
             (let ((row (assq binding rows))
                   (key (format "`%s`" (string-replace
                                        "ESC " "M-" (key-description keys)))))
               (if row
                   (setcdr row (cons key (cdr row)))
                 (push (list binding key) rows)))))))
      (walk [] own))
    (mapcar (lambda (row)
              (list (string-join (sort (cdr row) #'string<) ", ")
                    (manual-words (documentation (car row)))))
            (sort rows (lambda (one other) (string< (cadr one) (cadr other)))))))

(defun manual-commands ()
  "Return a row for each command that has a meaning everywhere."
  (mapcar (lambda (symbol)
            (list (format "`%s`" symbol) (manual-words (documentation symbol))))
          (manual-symbols
           (lambda (symbol)
             (and (commandp symbol)
                  (or (memq symbol '(repl-connect-mode repl-connect-list-connections))
                      (not (string-match-p manual-elsewhere
                                           (symbol-name symbol)))))))))

(defun manual-comma-commands ()
  "Return a row for each command that is typed with a comma in front."
  (seq-mapcat
   (pcase-lambda (`(,title . ,commands))
     (cons (list (format "**%s**" title) "")
           (mapcar
            (lambda (command)
              (let ((argument (plist-get command :argument))
                    (names (append (plist-get command :names) (plist-get command :others))))
                (list (concat (mapconcat (lambda (name) (format "`,%s`" name)) names ", ")
                              (and argument (concat " " (string-replace "|" "\\|" argument))))
                      (concat (string-replace "|" "\\|" (plist-get command :doc))
                              (when-let ((others (plist-get command :others)))
                                (format " (%s only where the REPL has no commands)"
                                        (mapconcat (lambda (name) (format "`,%s`" name))
                                                   others ", ")))))))
            commands)))
   repl-connect-commands))

(defun manual-options ()
  "Return a row for each option."
  (mapcar (lambda (symbol)
            (list (format "`%s`" symbol)
                  (format "`%S`" (default-value symbol))
                  (manual-words (documentation-property symbol 'variable-documentation))))
          (manual-symbols #'custom-variable-p)))

(defun manual-made (name)
  "Return the table NAME."
  (pcase name
    ("commands" (manual-table '("`M-x`" "") (manual-commands)))
    ("comma" (manual-table '("" "") (manual-comma-commands)))
    ("options" (manual-table '("option" "default" "") (manual-options)))
    (_ (manual-table '("key" "")
                     (manual-keys (symbol-value (cdr (assoc name manual-maps))))))))

(defun manual-print ()
  "Print the file on the command line, with its tables made anew."
  (manual-load)
  (with-temp-buffer
    (let ((coding-system-for-read 'utf-8-unix)
          (coding-system-for-write 'utf-8-unix))
      (insert-file-contents (pop command-line-args-left))
      (while (re-search-forward "^<!-- \\([a-z_]+\\): .*-->\n" nil t)
        (let ((start (point)))
          (re-search-forward (format "^<!-- end of %s -->" (match-string 1)))
          (let ((name (match-string-no-properties 0)))
            (goto-char (match-beginning 0))
            (delete-region start (point))
            (insert (manual-made (substring name (length "<!-- end of ") -4))))))
      (princ (buffer-string)))))

(provide 'manual)
;;; manual.el ends here
