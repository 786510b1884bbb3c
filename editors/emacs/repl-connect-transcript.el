;;; repl-connect-transcript.el --- What stands above the prompt  -*- lexical-binding: t; -*-

;;; Commentary:

;; How text gets into a REPL buffer: above the prompt and what is being typed there, while neither
;; point, nor windows that show something further up, nor what can be undone are disturbed.  Output
;; of programs goes on with its last line; everything else starts one.  The buffer is bounded.

;;; Code:

(require 'cl-lib)
(require 'font-lock)
(require 'subr-x)
(require 'repl-connect-client)
(require 'repl-connect-cuts)
(require 'repl-connect-escapes)

(defgroup repl-connect-faces nil
  "How things look."
  :group 'repl-connect)

(defface repl-connect-output '((t nil))
  "What the program prints.")
(defface repl-connect-stderr '((t :inherit warning))
  "What the program prints on standard error.")
(defface repl-connect-background '((t :inherit shadow :slant italic))
  "What is printed by no evaluation of this Emacs.")
(defface repl-connect-value '((t :inherit font-lock-constant-face))
  "Values.")
(defface repl-connect-label '((t :inherit font-lock-variable-name-face))
  "The names that a REPL gives to values.")
(defface repl-connect-error '((t :inherit error :weight normal))
  "Errors.")
(defface repl-connect-note '((t :inherit shadow))
  "What repl-connect itself says.")

(defcustom repl-connect-buffer-size 2000000
  "Characters that a REPL buffer keeps; what is older is deleted."
  :type 'natnum
  :group 'repl-connect)

(defvar-local repl-connect--prompt-start nil
  "Where the prompt starts, and what is shown ends: a marker.")
(defvar-local repl-connect--input-start nil
  "Where the prompt ends and what is typed starts: a marker.")
(defvar-local repl-connect-transcript--open nil
  "Whose line the last one is, if it is not finished: a source, or `ours'.")
(defvar-local repl-connect-transcript--streams nil
  "The states of streams that programs have printed to, an alist.")
(defvar-local repl-connect-transcript--deleted-lines 0
  "Lines that were deleted at the beginning of the buffer.")

;;;; Changing the buffer

(defmacro repl-connect-transcript--quietly-change (position &rest body)
  "Change the buffer at POSITION by BODY, as if it had always been so.
Point and the windows' points stay where they are in the text, and what
was typed can still be undone."
  (declare (indent 1) (debug t))
  (let ((from (make-symbol "from")) (size (make-symbol "size")))
    `(let ((,from ,position) (,size (buffer-size)))
       (let ((inhibit-read-only t) (buffer-undo-list t) (modified (buffer-modified-p)))
         (save-excursion ,@body)
         (restore-buffer-modified-p modified))
       (repl-connect-transcript--shift-undo ,from (- (buffer-size) ,size)))))

(defun repl-connect-transcript--shift-undo (from delta)
  "Let what can be undone behind FROM be undone DELTA characters further down."
  (unless (or (eq buffer-undo-list t) (zerop delta))
    (dolist (entry buffer-undo-list)
      (pcase entry
        (`(,(and beg (pred integerp)) . ,(and end (pred integerp)))
         (when (>= beg from)
           (setcar entry (+ beg delta))
           (setcdr entry (+ end delta))))
        (`(,(pred stringp) . ,(and at (pred integerp)))
         (when (>= (abs at) from)
           (setcdr entry (if (< at 0) (- at delta) (+ at delta)))))
        (`(nil ,_ ,_ ,(and beg (pred integerp)) . ,(and end (pred integerp)))
         (when (>= beg from)
           (setcdr (nthcdr 2 entry) (cons (+ beg delta) (+ end delta)))))))
    ;; Positions alone are where point was.
    (setq buffer-undo-list
          (mapcar (lambda (entry)
                    (if (and (integerp entry) (>= entry from)) (+ entry delta) entry))
                  buffer-undo-list))))

(defun repl-connect-transcript--insert (text &optional typed)
  "Put TEXT into the current buffer, above the prompt; it is output unless TYPED."
  (let* ((place (marker-position repl-connect--prompt-start))
         (follows (>= (point) place))
         (empty (= place repl-connect--input-start))
         (process (get-buffer-process (current-buffer)))
         (behind (and follows (- (point-max) (point)))))
    (repl-connect-transcript--quietly-change place
      (goto-char place)
      (insert text)
      (unless typed
        (add-text-properties place (point)
                             '(field output inhibit-line-move-field-capture t rear-nonsticky t
                                     front-sticky (field inhibit-line-move-field-capture))))
      (set-marker repl-connect--prompt-start (point))
      (when empty
        (set-marker repl-connect--input-start (point))
        (when process (set-marker (process-mark process) (point)))))
    (when follows
      (goto-char (- (point-max) behind)))))

;;;; Output, and text of ours

(defconst repl-connect-transcript--source-faces
  '((out . repl-connect-output) (err . repl-connect-stderr)
    (late-out . repl-connect-background) (late-err . (repl-connect-stderr repl-connect-background)))
  "The faces of what is printed.")

(defun repl-connect-transcript--insert-output (text source)
  "Put TEXT of SOURCE in, above the prompt."
  (let* ((state (or (alist-get source repl-connect-transcript--streams)
                    (setf (alist-get source repl-connect-transcript--streams)
                          (repl-connect-escapes-state))))
         (text (repl-connect-escapes-clean text state))
         (late (memq source '(late-out late-err)))
         (start 0))
    (when (and repl-connect-transcript--open
               (or (eq repl-connect-transcript--open 'ours)
                   (not (eq (and late t)
                            (and (memq repl-connect-transcript--open '(late-out late-err)) t)))))
      (repl-connect-transcript--finish-line))
    (while (and (< start (length text)) (memq (aref text start) '(?\r ?\b)))
      (when repl-connect-transcript--open
        (repl-connect-transcript--erase (if (eq (aref text start) ?\b) 1 most-positive-fixnum)
                                        late))
      (cl-incf start))
    (when (> start 0)
      (setq text (substring text start)))
    (unless (equal text "")
      (let ((open (not (eq (aref text (1- (length text))) ?\n))))
        (when late
          (setq text (repl-connect-transcript--marked text (null repl-connect-transcript--open))))
        (repl-connect-transcript--insert
         (repl-connect-transcript--faced (repl-connect-cuts-lines text)
                                         (alist-get source repl-connect-transcript--source-faces)))
        (setq repl-connect-transcript--open (and open source))))))

(defun repl-connect-transcript--faced (text face)
  "Give FACE to TEXT where it has none."
  (if (text-property-not-all 0 (length text) 'font-lock-face nil text)
      (let ((text (copy-sequence text)))
        (font-lock-append-text-property 0 (length text) 'font-lock-face face text)
        text)
    (propertize text 'font-lock-face face)))

(defun repl-connect-transcript--marked (text at-start)
  "Mark the lines of TEXT as printed by no evaluation; AT-START: the first, too."
  (let ((whole (string-suffix-p "\n" text)))
    (concat (and at-start "[bg] ")
            (replace-regexp-in-string "\n" "\n[bg] " (if whole (substring text 0 -1) text) t t)
            (and whole "\n"))))

(defun repl-connect-transcript--insert-ours (text)
  "Put TEXT of ours in, on lines of its own."
  (when (and repl-connect-transcript--open (not (eq repl-connect-transcript--open 'ours)))
    (repl-connect-transcript--finish-line))
  (unless (member text '(nil ""))
    (repl-connect-transcript--insert (repl-connect-cuts-lines text))
    (setq repl-connect-transcript--open (and (not (string-suffix-p "\n" text)) 'ours))))

(defun repl-connect-transcript--finish-line ()
  "End the last line if it is not finished."
  (when repl-connect-transcript--open
    (setq repl-connect-transcript--open nil)
    (repl-connect-cuts-start-line)
    (repl-connect-transcript--insert "\n")))

(defun repl-connect-transcript--erase (count late)
  "Delete COUNT characters of the unfinished line, which is marked if LATE."
  (let* ((end (marker-position repl-connect--prompt-start))
         (start (save-excursion (goto-char end) (let ((inhibit-field-text-motion t))
                                                  (line-beginning-position))))
         (first (max (- end count) (+ start (if (and late (< count end)) 5 0)))))
    (when (< first end)
      (repl-connect-transcript--quietly-change first
        (delete-region first end))
      (setq repl-connect-cuts--column (- first start)
            repl-connect-cuts--open nil)
      (when (= first start)
        (setq repl-connect-transcript--open nil)))))

(defun repl-connect-transcript--truncate ()
  "Delete the beginning of the buffer if it is too large."
  (let ((shown (marker-position repl-connect--prompt-start)))
    (when (> shown (+ repl-connect-buffer-size (/ repl-connect-buffer-size 10) 500))
      (save-excursion
        (let* ((inhibit-field-text-motion t)
               (first (progn (goto-char (- shown repl-connect-buffer-size))
                             (forward-line 1)
                             (min (point) shown))))
          (cl-incf repl-connect-transcript--deleted-lines
                   (- (count-lines (point-min) first)
                      (if (> repl-connect-transcript--deleted-lines 0) 1 0)))
          (repl-connect-transcript--quietly-change (point-min)
            (delete-region (point-min) first)
            (goto-char (point-min))
            (insert (propertize
                     (format "; … %d lines were deleted here: `repl-connect-buffer-size' \
is what is kept.\n"
                             repl-connect-transcript--deleted-lines)
                     'font-lock-face 'repl-connect-note 'field 'output
                     'inhibit-line-move-field-capture t 'rear-nonsticky t))))))))

(provide 'repl-connect-transcript)
;;; repl-connect-transcript.el ends here
