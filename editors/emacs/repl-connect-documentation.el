;;; repl-connect-documentation.el --- What is known about a name  -*- lexical-binding: t; -*-

;;; Commentary:

;; The documentation of a name in a buffer of its own, and the names that have a word in them.
;; Both are asked for without waiting: the buffer appears when the answer has come.

;;; Code:

(require 'button)
(require 'subr-x)
(require 'tabulated-list)
(require 'repl-connect-names)
(require 'repl-connect-signatures)

(defconst repl-connect-documentation--longest 20000
  "Characters of documentation that are shown.")

(defconst repl-connect-documentation--most 500
  "Candidates that a server answers at most, as far as is known.")

(defun repl-connect-documentation--connection (op)
  "Return the connection to ask OP; signal a `user-error' if there is none."
  (let ((connection (repl-connect-current-connection-or-error)))
    (unless (repl-connect-supports-p connection op)
      (user-error "The other side has no op %s: it can't tell about names" op))
    connection))

;;;; One name

(defvar-local repl-connect-documentation--shown nil
  "What this buffer is about: (NAME NAMESPACE INFO CONNECTION).")

(defvar repl-connect-documentation-mode-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map (make-composed-keymap button-buffer-map special-mode-map))
    (define-key map (kbd "s") #'repl-connect-documentation-source)
    (define-key map (kbd "C-c C-d") #'repl-connect-documentation)
    map)
  "The keys of a buffer with documentation.")

(define-derived-mode repl-connect-documentation-mode special-mode "REPL-Doc"
  "What a running program knows about a name.

\\{repl-connect-documentation-mode-map}"
  (setq-local revert-buffer-function
              (lambda (&rest _)
                (pcase-let ((`(,name ,namespace . ,_) repl-connect-documentation--shown))
                  (repl-connect-documentation--find
                   (repl-connect-documentation--connection "lookup") (list name) namespace)))))

;;;###autoload
(defun repl-connect-documentation (&optional name)
  "Show what the running program knows about NAME.
Interactively that is the name at point, or else that of the call around
it.  With a prefix argument, or without any, it is asked for."
  (interactive
   (list (when (or current-prefix-arg (not (repl-connect-names-at-point)))
           (repl-connect-names-read "Documentation of: "
                                    (repl-connect-documentation--connection "lookup")))))
  (let ((connection (repl-connect-documentation--connection "lookup"))
        (names (if name (list name) (repl-connect-names-at-point))))
    (unless names
      (user-error "There is no name at point"))
    (repl-connect-documentation--find connection names
                                      (repl-connect-names-namespace connection))))

(defun repl-connect-documentation--find (connection names namespace)
  "Show the first of NAMES of which something is known on CONNECTION, in NAMESPACE."
  (let ((directory default-directory))
    (repl-connect-names-lookup
     connection (car names) namespace nil
     (lambda (info)
       ;; The answer comes in whatever buffer is current then.
       (let ((default-directory directory))
         (cond
          ((eq info 'none)
           (message "%s" (repl-connect-documentation--no-answer connection (car names))))
          (info
           (let ((buffer (repl-connect-documentation-buffer
                          connection (car names) namespace info)))
             (when-let ((window (display-buffer buffer)))
               (set-window-start window (with-current-buffer buffer (point-min))))))
          ((cdr names) (repl-connect-documentation--find connection (cdr names) namespace))
          (t (message "Nothing is known about %s there" (car names)))))))))

(defun repl-connect-documentation--no-answer (connection name)
  "Return in words that CONNECTION has told nothing of NAME in time."
  (format "%s: no answer about %s: is the program busy?"
          (repl-connect-connection-address connection) name))

(defun repl-connect-documentation-buffer (connection name namespace info)
  "Return a buffer with INFO, which CONNECTION has told about NAME in NAMESPACE."
  (let ((buffer (get-buffer-create "*repl documentation*"))
        (directory default-directory))
    (with-current-buffer buffer
      (repl-connect-documentation-mode)
      (setq default-directory directory
            repl-connect-documentation--shown (list name namespace info connection)
            repl-connect--chosen connection
            repl-connect-language (repl-connect-connection-language connection))
      (let ((inhibit-read-only t))
        (erase-buffer)
        (repl-connect-documentation--insert connection name info)
        (goto-char (point-min)))
      (set-buffer-modified-p nil))
    buffer))

(defun repl-connect-documentation--insert (connection name info)
  "Insert what is known about NAME: INFO, from CONNECTION."
  (let* ((told (lambda (&rest keys)
                 (seq-some (lambda (key)
                             (when-let ((text (repl-connect-text info key)))
                               (string-trim (repl-connect-plain text))))
                           keys)))
         (shown (or (funcall told "name") (repl-connect-plain name)))
         (arguments (repl-connect-documentation-arguments info))
         (signatures (and arguments (repl-connect-signatures-read shown arguments)))
         (kind (funcall told "type"))
         (namespace (funcall told "ns"))
         (text (or (funcall told "doc" "docstring") ""))
         (place (repl-connect-definition-place info)))
    (if signatures
        (dolist (signature signatures)
          (insert (repl-connect-language-fontify
                   (substring-no-properties
                    (repl-connect-signatures-shown shown (list signature)))
                   (repl-connect-connection-language connection))
                  "\n"))
      (insert (propertize shown 'face 'bold) "\n"))
    (when (or kind namespace)
      (insert (propertize (string-join
                           (delq nil (list kind (and namespace (concat "of " namespace)))) " ")
                          'face 'shadow)
              "\n"))
    (unless (string-empty-p text)
      (insert "\n"
              (if (length> text repl-connect-documentation--longest)
                  (concat (substring text 0 repl-connect-documentation--longest)
                          "\n… The rest is left out.")
                text)
              "\n"))
    (when place
      (insert "\n")
      (insert-text-button place 'follow-link t 'help-echo "Go to the definition"
                          'action (lambda (_) (repl-connect-documentation-source)))
      (insert "\n"))))

(defun repl-connect-documentation-arguments (info)
  "Return as text what INFO, or a candidate's map, has about arguments, or nil."
  (let ((list (repl-connect-get info "arglists")))
    (when-let ((text (cond ((repl-connect-text info "arglists-str"))
                           ((vectorp list)
                            (string-join (seq-filter #'stringp list) " "))
                           ((stringp list) list))))
      (and (not (string-blank-p text)) (repl-connect-plain text)))))

(defun repl-connect-documentation-source ()
  "Go to the definition of what this documentation is about."
  (interactive)
  (pcase repl-connect-documentation--shown
    (`(,name ,namespace ,info ,connection)
     (let ((definition (repl-connect-definition-of name info connection)))
       (when (repl-connect-definition-problem definition)
         ;; Perhaps the other side has the text.
         (setq definition (repl-connect-definition-look-up connection name namespace)))
       (repl-connect-definition-visit definition)))
    (_ (user-error "There is no documentation here"))))

(defun repl-connect-definition-look-up (connection name namespace)
  "Return where NAME is defined, according to CONNECTION, in NAMESPACE.
Signal a `user-error' if it does not, within two seconds."
  (unless (and (repl-connect-open-p connection) (repl-connect-supports-p connection "lookup"))
    (user-error "%s can't tell about names now" (repl-connect-connection-address connection)))
  (let ((info (repl-connect-names-lookup-now connection name namespace t 2)))
    (cond
     ((eq info 'none)
      (user-error "%s" (repl-connect-documentation--no-answer connection name)))
     ((null info) (user-error "Nothing is known about %s there" name))
     (t (repl-connect-definition-of name info connection)))))

;;;; Names with a word in them

(define-derived-mode repl-connect-apropos-mode tabulated-list-mode "REPL-Apropos"
  "Names that a running program has."
  (setq tabulated-list-format [("Name" 32 t) ("Kind" 10 t) ("Arguments" 0 nil)]
        tabulated-list-padding 1)
  (tabulated-list-init-header))

;;;###autoload
(defun repl-connect-apropos (word)
  "Show the names of the running program that have WORD in them.
Where the other side has no search of its own, the names one can complete
are looked through: with math.sq those in math."
  (interactive (list (read-string "Names with: ")))
  (let ((connection (repl-connect-current-connection-or-error)))
    (repl-connect-apropos-find
     connection word
     (lambda (matches whole)
       (cond
        ((eq matches 'none)
         (message "%s" (repl-connect-documentation--no-answer connection word)))
        ((null matches)
         (message "No name with %s is known there%s" word
                  (if whole "" (format ", among the first %d"
                                       repl-connect-documentation--most))))
        (t (repl-connect-apropos--show connection word matches whole)))))))

(defun repl-connect-apropos-find (connection word function)
  "Ask CONNECTION for the names with WORD; call FUNCTION with them.
They are lists (NAME KIND REST); `none' if there is no answer.  The
second argument is whether those are all."
  (let* ((apropos (repl-connect-supports-p connection "apropos"))
         (dot (string-match "[^.]*\\'" word))
         (start (substring word 0 dot))
         (part (regexp-quote (substring word dot))))
    (unless (or apropos (repl-connect-supports-p connection "completions"))
      (user-error "The other side has no op apropos, nor completions: it can't tell about names"))
    (repl-connect-names-ask
     connection
     (if apropos
         `(("op" . "apropos") ("query" . ,word))
       `(("op" . "completions") ("extra-metadata" . ["arglists"])
         ("prefix" . ,(if (or (not (string-empty-p start))
                              (repl-connect-names-takes-text-p connection))
                          start
                        ;; One that completes names only has to be told how they begin.
                        word))))
     (if apropos "apropos-matches" "completions") nil
     (lambda (value _)
       (if (eq value 'none)
           (funcall function value nil)
         (let ((matches
                (mapcar (lambda (map)
                          (list (or (repl-connect-text map (if apropos "name" "candidate")) "")
                                (or (repl-connect-text map "type") "")
                                (or (if apropos (repl-connect-text map "doc")
                                      (repl-connect-documentation-arguments map))
                                    "")))
                        value))
               (case-fold-search t))
           (if apropos
               (funcall function matches t)
             (funcall function
                      (seq-filter (lambda (match)
                                    (string-match-p
                                     part (car (last (split-string (car match) "\\.")))))
                                  matches)
                      (length< value repl-connect-documentation--most)))))))))

(defun repl-connect-apropos--show (connection word matches whole)
  "Show MATCHES, the names of CONNECTION with WORD in them; WHOLE if these are all."
  (with-current-buffer (get-buffer-create "*repl apropos*")
    (repl-connect-apropos-mode)
    (setq repl-connect--chosen connection
          tabulated-list-entries
          (mapcar (lambda (match)
                    (pcase-let ((`(,name ,kind ,rest)
                                 (mapcar (lambda (text)
                                           (replace-regexp-in-string
                                            "[[:space:]]+" " " (repl-connect-plain text)))
                                         match)))
                      (list name (vector (list name 'follow-link t
                                               'action (lambda (_)
                                                         (repl-connect-documentation name)))
                                         kind rest))))
                  matches))
    (tabulated-list-print)
    (goto-char (point-min))
    (display-buffer (current-buffer)))
  (unless whole
    (message "Looked for %s among the first %d names only" word
             repl-connect-documentation--most)))

(provide 'repl-connect-documentation)
;;; repl-connect-documentation.el ends here
