;;; repl-connect-lookup.el --- Names of the running program in a buffer  -*- lexical-binding: t; -*-

;;; Commentary:

;; Completion, signatures in the echo area (eldoc), and the way to definitions (xref), for REPL
;; buffers and source buffers alike: `repl-connect-lookup-setup' in such a buffer.
;;
;; Menus that open by themselves call `repl-connect-completion-at-point' at every key: it returns
;; nil at once where there is nobody to ask, and never raises an error.

;;; Code:

(require 'cl-lib)
(require 'eldoc)
(require 'seq)
(require 'subr-x)
(require 'xref)
(require 'repl-connect-documentation)
(require 'repl-connect-names)
(require 'repl-connect-signatures)

(defcustom repl-connect-completion-deadline 0.3
  "Seconds that Emacs waits for completions; anything typed ends it too.
An answer that comes later is there when it is asked for once more."
  :type 'number
  :group 'repl-connect)

(defconst repl-connect-completion--longest 16000
  "Characters before point that completions are asked with.")

(defconst repl-connect-completion--kinds
  '(("argument" . variable) ("attribute" . field) ("class" . class) ("field" . field)
    ("function" . function) ("import" . module) ("key" . value) ("keyword" . keyword)
    ("local" . variable) ("macro" . macro) ("method" . method) ("module" . module)
    ("namespace" . module) ("ns" . module) ("package" . module) ("property" . property)
    ("special-form" . keyword) ("static-field" . field) ("static-method" . method)
    ("syntax" . macro) ("type" . class) ("var" . variable) ("variable" . variable))
  "What menus with symbols call the types of candidates.")

(defvar repl-connect-completion-commands
  '(completion-at-point complete-symbol indent-for-tab-command c-indent-line-or-region
    company-complete company-complete-common company-manual-begin
    repl-connect-complete-or-indent)
  "Commands by which completion is asked for, where it does not open by itself.")

(defconst repl-connect-lookup--hooks
  '((completion-at-point-functions . repl-connect-completion-at-point)
    (eldoc-documentation-functions . repl-connect-eldoc)
    (xref-backend-functions . repl-connect-xref-backend))
  "The hooks by which Emacs asks about names, and what answers there.")

(defun repl-connect-lookup-setup ()
  "Have names in this buffer completed, explained and found by the running program."
  (pcase-dolist (`(,hook . ,function) repl-connect-lookup--hooks)
    (add-hook hook function nil t))
  ;; Where eldoc has been without a function, it has not turned itself on.
  (when (and global-eldoc-mode (not eldoc-mode))
    (eldoc-mode 1)))

(defun repl-connect-lookup-remove ()
  "Undo `repl-connect-lookup-setup' in this buffer."
  (pcase-dolist (`(,hook . ,function) repl-connect-lookup--hooks)
    (remove-hook hook function t)))

;;;; Completion

(defun repl-connect-completion-at-point ()
  "Complete what is before point with names of the running program.
For `completion-at-point-functions'."
  (ignore-errors
    (save-match-data
      (when-let ((connection (repl-connect-names-connection "completions" "complete")))
        (pcase (repl-connect-names-in-code
                 (repl-connect-completion--before-point connection))
          (`(,text ,symbol ,after)
           (repl-connect-completion--complete
            connection (repl-connect-names-namespace connection) text symbol after)))))))

(defun repl-connect-completion--asked-for-p ()
  "Whether completion was asked for, and does not open by itself."
  (memq this-command repl-connect-completion-commands))

(defun repl-connect-completion--context ()
  "Return `string' or `comment' if point is in one, else nil."
  (when-let ((language (repl-connect-language-of-buffer)))
    (car (repl-connect-language--there
          language
          (lambda ()
            (let ((state (repl-connect-brackets-state)))
              (cond ((nth 3 state) 'string) ((nth 4 state) 'comment))))))))

(defun repl-connect-completion--before-point (connection)
  "Return (TEXT SYMBOL AFTER) for completion at point, or nil for none.
TEXT is what is before point, as far as CONNECTION is to know it, SYMBOL
the part of the name at point that is, and AFTER how long the rest is."
  (let* ((takes-text (repl-connect-names-takes-text-p connection))
         (context (repl-connect-completion--context))
         (bounds (unless (eq context 'comment)
                   (repl-connect-language-symbol-at-point t)))
         (symbol (if bounds (buffer-substring-no-properties (car bounds) (point)) ""))
         (text (if takes-text (repl-connect-completion--text) symbol)))
    (and (if takes-text (not (eq context 'comment)) (null context))
         (or takes-text (not (string-empty-p symbol)))
         (or (repl-connect-completion--asked-for-p)
             (string-match-p "\\`[^0-9]" symbol)
             (and (eq context 'string) (string-match-p "[[:alnum:]\"'_.]\\'" text)))
         (list text symbol (if (or (null bounds) (eq context 'string))
                               0
                             (- (cdr bounds) (point)))))))

(defun repl-connect-completion--text ()
  "Return the text before point, from the start of a piece of code on."
  (save-excursion
    (let ((end (point))
          (limit (- (point) repl-connect-completion--longest)))
      (goto-char (max limit (point-min)))
      (when (> limit (point-min))
        (re-search-forward "^[^] \t\r\n)}]" end 'move)
        (beginning-of-line))
      (buffer-substring-no-properties (if (= (point) end) (max limit (point-min)) (point)) end))))

(defun repl-connect-completion--complete (connection namespace text symbol after)
  "Return what `completion-at-point-functions' are to, for TEXT before point.
CONNECTION is asked, for NAMESPACE; SYMBOL and AFTER are as
`repl-connect-completion--before-point' has them."
  ;; While an answer is awaited output may come in above: positions are worth nothing before.
  (let* ((deadline (+ (float-time) repl-connect-completion-deadline))
         (ask (lambda (text symbol)
                (repl-connect-names-completions connection text symbol namespace
                                                (- deadline (float-time)))))
         (answer (funcall ask text symbol))
         (word (and answer (<= (cdr answer) (length text))
                    (substring text (- (length text) (cdr answer)))))
         (properties (repl-connect-completion--properties connection namespace)))
    (cond
     ((null answer)
      (when (and (repl-connect-completion--asked-for-p) (not (input-pending-p)))
        (message "%s: no answer yet.  Once it has come, the same key shows it."
                 (repl-connect-connection-address connection)))
      nil)
     ((null word) nil)
     ((seq-some (lambda (candidate)
                  (string-prefix-p word candidate completion-ignore-case))
                (car answer))
      `(,(- (point) (length word))
        ,(repl-connect-completion--end after (car answer))
        ,(car answer) :exclusive no ,@properties))
     ;; As st-ap for string-append: by the completion styles, of what begins with the first part.
     ((and (repl-connect-completion--asked-for-p)
           (string-match "\\`\\(?:.*\\.\\)?[^-_/:.]+\\(?3:[-_/:].*\\)" word))
      (let* ((left (- (match-end 3) (match-beginning 3)))
             (candidates
              (car (funcall ask (substring text 0 (- left))
                            (substring symbol 0 (max 0 (- (length symbol) left)))))))
        (when (completion-try-completion word candidates nil (length word))
          ;; If others were asked as well, this would have to begin with what is there.
          `(,(- (point) (length word)) ,(+ (point) after) ,candidates ,@properties)))))))

(defun repl-connect-completion--end (after candidates)
  "Return where what CANDIDATES replace ends; AFTER is how much of a name follows.
A key may come with the quote and the bracket that are there already."
  (if (and (zerop after)
           (looking-at "[\"']]?")
           (seq-every-p (lambda (candidate) (string-suffix-p (match-string 0) candidate))
                        candidates))
      (match-end 0)
    (+ (point) after)))

;;;; What menus show

(defun repl-connect-completion--map (candidate)
  "Return what the other side has said of CANDIDATE."
  (and (not (string-empty-p candidate))
       (get-text-property 0 'repl-connect-candidate candidate)))

(defun repl-connect-completion--arguments (candidate)
  "Return in one line what CANDIDATE takes, or nil."
  (when-let ((arguments (repl-connect-documentation-arguments
                         (repl-connect-completion--map candidate))))
    (replace-regexp-in-string "[[:space:]]+" " " arguments)))

(defun repl-connect-completion--annotation (candidate)
  "Return what to show behind CANDIDATE: its kind, and what it takes."
  (let ((words (string-join
                (delq nil (list (when-let ((kind (repl-connect-text
                                                  (repl-connect-completion--map candidate)
                                                  "type")))
                                  (repl-connect-plain kind))
                                (repl-connect-completion--arguments candidate)))
                " ")))
    (if (string-empty-p words)
        ""
      (concat " " (truncate-string-to-width words 60 nil nil "…")))))

(defun repl-connect-completion--properties (connection namespace)
  "Return the properties of completions that are CONNECTION's, in NAMESPACE."
  (let ((look-up (lambda (candidate)
                   (and (repl-connect-open-p connection)
                        (repl-connect-supports-p connection "lookup")
                        (let ((info (ignore-errors
                                      (repl-connect-names-lookup-now
                                       connection (substring-no-properties candidate) namespace
                                       nil 0.5))))
                          (and (consp info) info))))))
    (list :annotation-function #'repl-connect-completion--annotation
          :company-kind
          (lambda (candidate)
            (cdr (assoc (repl-connect-text (repl-connect-completion--map candidate) "type")
                        repl-connect-completion--kinds)))
          :company-docsig
          (lambda (candidate)
            (when-let ((arguments (repl-connect-completion--arguments candidate)))
              (repl-connect-signatures-shown
               (substring-no-properties candidate)
               (repl-connect-signatures-read candidate arguments))))
          :company-doc-buffer
          (lambda (candidate)
            (when-let ((info (funcall look-up candidate)))
              (repl-connect-documentation-buffer connection (substring-no-properties candidate)
                                                 namespace info)))
          :company-location
          (lambda (candidate)
            (when-let ((info (funcall look-up candidate)))
              (let ((definition (repl-connect-definition-of candidate info connection)))
                (cond
                 ((repl-connect-definition-file definition)
                  (cons (repl-connect-definition-file definition)
                        (repl-connect-definition-line definition)))
                 ((repl-connect-definition-text definition)
                  (let ((marker (repl-connect-definition-marker definition)))
                    (cons (marker-buffer marker) (marker-position marker)))))))))))

(defun repl-connect-complete-or-indent ()
  "Complete at point; indent the line instead if only blanks are before it.
The first line of what is typed is never indented."
  (interactive)
  (let ((start (repl-connect-names-code-start)))
    (if (and start
             (> (line-beginning-position) start)
             (string-blank-p (buffer-substring (line-beginning-position) (point))))
        (indent-according-to-mode)
      (completion-at-point))))

;;;; Eldoc

(defun repl-connect-eldoc (callback &rest _)
  "Call CALLBACK with the signature of the call around point, or what its name is.
For `eldoc-documentation-functions'."
  (ignore-errors
    (save-match-data
      (when-let ((connection (repl-connect-names-connection "lookup")))
        (pcase (repl-connect-names-in-code (repl-connect-eldoc--at-point))
          (`(,name . ,argument)
           (repl-connect-eldoc--tell connection name (repl-connect-names-namespace connection)
                                     argument callback)))))))

(defun repl-connect-eldoc--at-point ()
  "Return (NAME INDEX KEYWORD) for a call, (NAME) for a name at point, or nil.
KEYWORD is the name by which the argument at point is given, or nil."
  (let* ((call (repl-connect-call-at-point))
         (symbol (repl-connect-language-symbol-at-point))
         (name (and symbol (buffer-substring-no-properties (car symbol) (cdr symbol)))))
    (cond
     ;; In a Lisp the name may still be typed.
     ((and call (not (and (equal name (car call)) (eq (char-before (car symbol)) ?\())))
      (list (car call) (cdr call) (repl-connect-eldoc--keyword-at-point)))
     (name (list name)))))

(defun repl-connect-eldoc--keyword-at-point ()
  "Return by which name the argument at point is given, or nil."
  (let ((limit (max (point-min) (- (point) 200))))
    (and (or (looking-back "[(,][ \t\n]*\\([[:alnum:]_]+\\)=[^](){}[,=]*" limit)
             (looking-back "[ \t\n]#?:\\([^][(){}\", \t\n]+\\)[ \t\n]+[^][(){} \t\n]*" limit))
         (match-string-no-properties 1))))

(defun repl-connect-eldoc--tell (connection name namespace argument callback)
  "Call CALLBACK with a line about NAME, as CONNECTION knows it in NAMESPACE.
ARGUMENT is a list of the place and the name of the argument at point.
Return non-nil if CALLBACK was or may be called.  Of questions that wait
for the answer to another one, the newest is asked."
  (let* ((names (repl-connect-names-of connection))
         (buffer (current-buffer))
         (point (point))
         (tell (lambda (info)
                 (when (and (consp info) (buffer-live-p buffer))
                   (with-current-buffer buffer
                     (when (= point (point))
                       (funcall callback (repl-connect-eldoc--line name info argument)))))))
         (known (repl-connect-names-known-info connection name namespace))
         (ask (lambda ()
                (repl-connect-names-lookup
                 connection name namespace nil
                 (lambda (info)
                   (let ((next (repl-connect-names-next names)))
                     (setf (repl-connect-names-looking names) nil
                           (repl-connect-names-next names) nil)
                     (when (and next (repl-connect-open-p connection))
                       (funcall next)))
                   (funcall tell info)))
                ;; Not before: where too much is waited for already, it can't be asked.
                (setf (repl-connect-names-looking names) t))))
    (cond
     (known (funcall tell (car known)))
     ((repl-connect-names-looking names) (setf (repl-connect-names-next names) ask))
     (t (funcall ask)))
    t))

(defun repl-connect-eldoc--line (name info argument)
  "Return a line about NAME, of which INFO is known, or nil.
It is a signature with ARGUMENT marked, a list of its place and its name."
  (let ((arguments (repl-connect-documentation-arguments info))
        (name (repl-connect-plain name)))
    (cond
     (arguments
      (repl-connect-signatures-shown name (repl-connect-signatures-read name arguments)
                                     (car argument) (cadr argument)
                                     (max 20 (1- (window-width (minibuffer-window))))))
     ((null argument)
      (when-let ((words (delq nil (list (repl-connect-text info "type")
                                        (car (split-string (or (repl-connect-text info "doc") "")
                                                           "\n" t "[ \t]+"))))))
        (format "%s: %s" (propertize name 'face 'font-lock-variable-name-face)
                (repl-connect-plain (string-join words "  "))))))))

;;;; Xref

(cl-defstruct (repl-connect-location (:copier nil))
  "Where NAME is defined, as an xref location: a DEFINITION, or where to ask for it."
  name definition connection)

(defun repl-connect-location--definition (location)
  "Return the definition of LOCATION, asked for if it is not known yet."
  (or (repl-connect-location-definition location)
      (setf (repl-connect-location-definition location)
            (repl-connect-definition-look-up (repl-connect-location-connection location)
                                             (repl-connect-location-name location) nil))))

(cl-defmethod xref-location-marker ((location repl-connect-location))
  "Return a marker at LOCATION."
  (repl-connect-definition-marker (repl-connect-location--definition location)))

(cl-defmethod xref-location-group ((location repl-connect-location))
  "Return under what LOCATION is listed."
  (let ((definition (repl-connect-location-definition location)))
    (if definition
        (or (repl-connect-definition-file definition) (repl-connect-definition-title definition))
      (repl-connect-connection-address (repl-connect-location-connection location)))))

(cl-defmethod xref-location-line ((location repl-connect-location))
  "Return the line of LOCATION, as far as it is known."
  (when-let ((definition (repl-connect-location-definition location)))
    (repl-connect-definition-line definition)))

(defun repl-connect-xref-backend ()
  "Return `repl-connect' if the running program can be asked about names.
For `xref-backend-functions'."
  (and (ignore-errors (repl-connect-names-connection "lookup"))
       'repl-connect))

(cl-defmethod xref-backend-identifier-at-point ((_backend (eql 'repl-connect)))
  "Return the name at point."
  (car (repl-connect-names-at-point)))

(cl-defmethod xref-backend-identifier-completion-table ((_backend (eql 'repl-connect)))
  "Return a completion table of the names that the program has."
  (let ((connection (repl-connect-documentation--connection "lookup")))
    (repl-connect-names-table connection (repl-connect-names-namespace connection))))

(cl-defmethod xref-backend-definitions ((_backend (eql 'repl-connect)) identifier)
  "Return where IDENTIFIER is defined; signal a `user-error' if that is not known."
  (let* ((connection (repl-connect-documentation--connection "lookup"))
         (identifier (substring-no-properties identifier))
         (definition (repl-connect-definition-look-up
                      connection identifier (repl-connect-names-namespace connection))))
    (when (repl-connect-definition-problem definition)
      (user-error "%s" (repl-connect-definition-problem definition)))
    (list (xref-make identifier
                     (make-repl-connect-location
                      :name identifier :definition definition :connection connection)))))

(cl-defmethod xref-backend-apropos ((_backend (eql 'repl-connect)) pattern)
  "Return the names that have PATTERN in them."
  (let ((connection (repl-connect-documentation--connection "lookup"))
        (answer nil))
    (repl-connect-apropos-find connection pattern
                               (lambda (matches _) (setq answer (list matches))))
    (repl-connect-names-wait connection 2 (lambda () answer))
    (when (member answer '(nil (none)))
      (user-error "%s" (repl-connect-documentation--no-answer connection pattern)))
    (mapcar (lambda (match)
              (xref-make (string-trim (repl-connect-plain (string-join match "  ")))
                         (make-repl-connect-location :name (car match) :connection connection)))
            (car answer))))

(provide 'repl-connect-lookup)
;;; repl-connect-lookup.el ends here
