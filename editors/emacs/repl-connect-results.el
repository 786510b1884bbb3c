;;; repl-connect-results.el --- What stands beside the code  -*- lexical-binding: t; -*-

;;; Commentary:

;; Results at the end of the line that was sent, marks of what runs and of lines with errors, and
;; the light on what was sent.  All of it is overlays, which follow the text: a result is taken away
;; when what it is of is edited, or with the next command (`repl-connect-result-duration').
;;
;; And values put into the text: at point, or as a comment behind the code, where it replaces the
;; one that was put there before.  What was edited or closed meanwhile stays as it is, and that is
;; said.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-definitions)
(require 'repl-connect-evaluation)
(require 'repl-connect-languages)
(require 'repl-connect-output)

(defcustom repl-connect-result-duration 'command
  "How long a result stays beside the code.
It is taken away when the code is edited, in any case."
  :type '(choice (const :tag "Until the next command" command)
                 (const :tag "Until the code is edited" change)
                 (number :tag "Seconds"))
  :group 'repl-connect)

(defcustom repl-connect-show-result 'both
  "Where the result of code that was sent from a buffer is shown."
  :type '(choice (const :tag "Beside the code and in the echo area" both)
                 (const :tag "Beside the code" inline)
                 (const :tag "In the echo area" echo))
  :group 'repl-connect)

(defcustom repl-connect-insert 'point
  "Where a prefix argument (\\[universal-argument]) puts the value.
With two of them it is put at the other place."
  :type '(choice (const :tag "At point" point)
                 (const :tag "In a comment behind the code" comment))
  :group 'repl-connect)

(defcustom repl-connect-flash 0.3
  "Seconds that what was sent is lit up; nil for not at all."
  :type '(choice (const :tag "Not at all" nil) number)
  :group 'repl-connect)

(defface repl-connect-result '((t :inherit shadow))
  "Results beside the code; the value in them has its language's faces too."
  :group 'repl-connect-faces)

(defface repl-connect-result-error '((t :inherit error))
  "Errors beside the code."
  :group 'repl-connect-faces)

(defface repl-connect-error-line
  '((((supports :underline (:style wave))) :underline (:style wave :color "Red1"))
    (t :underline t :inherit error))
  "Lines in which an error has happened."
  :group 'repl-connect-faces)

(defface repl-connect-flash '((t :inherit highlight))
  "What was just sent."
  :group 'repl-connect-faces)

(defconst repl-connect-result--longest 1000
  "Characters of a line that are looked at.")

(defconst repl-connect-result--most-marks 100
  "Lines with errors that are marked in a buffer; the oldest go.")

;;;; Texts

(defun repl-connect-result--line (text)
  "Return the first line of TEXT that has something, with `…' if there is more."
  (let* ((text (string-trim (substring text 0 (min (length text) 20000)) "[ \t\r\n]+"))
         (line (substring text 0 (string-search "\n" text))))
    (when (> (length line) repl-connect-result--longest)
      (setq line (substring line 0 repl-connect-result--longest)))
    (concat line (and (< (length line) (length (string-trim-right text))) "…"))))

(defun repl-connect-result--room ()
  "Return the columns that there are behind point's line, in the narrowest window."
  (let ((used (save-excursion (end-of-line) (current-column)))
        (room nil))
    (dolist (window (get-buffer-window-list nil nil t))
      (let* ((width (max 1 (window-max-chars-per-line window)))
             (rest (- width 2 (if truncate-lines used (mod used width)))))
        (setq room (min rest (or room rest)))))
    (max (or room 80) 12)))

(defun repl-connect-result--face (text face)
  "Return TEXT with FACE where it has none."
  (let ((text (copy-sequence text)))
    (add-face-text-property 0 (length text) face t text)
    text))

(defun repl-connect-result-text (text kind language)
  "Return the first line of TEXT as it is shown for KIND; values are of LANGUAGE."
  (let ((line (repl-connect-clean (repl-connect-result--line text))))
    (pcase kind
      ('value (concat (repl-connect-result--face "=> " 'repl-connect-result)
                      (repl-connect-language-fontify line language)))
      ('error (repl-connect-result--face line 'repl-connect-result-error))
      (_ (repl-connect-result--face line 'repl-connect-result)))))

(defun repl-connect-result-echo (text)
  "Show TEXT in the echo area, cut to its width."
  (unless (eq repl-connect-show-result 'inline)
    (message "%s" (truncate-string-to-width text (max 12 (1- (frame-width))) nil nil "…"))))

;;;; Beside the code

(defun repl-connect-result--overlays (property &optional start end)
  "Return the overlays with PROPERTY from START to END of the current buffer."
  (seq-filter (lambda (each) (overlay-get each property))
              (save-restriction
                (widen)
                ;; What ends at a place is there too.
                (overlays-in (max (point-min) (1- (or start (point-min))))
                             (min (point-max) (1+ (or end (point-max))))))))

(defun repl-connect-result--until-edited (overlay)
  "Have OVERLAY taken away when its text was edited."
  (dolist (hook '(modification-hooks insert-in-front-hooks insert-behind-hooks))
    (overlay-put overlay hook (list (lambda (overlay after &rest _)
                                      (when after (delete-overlay overlay)))))))

(defun repl-connect-result--next-command ()
  "Take the results in this buffer away, since a command begins."
  (remove-hook 'pre-command-hook #'repl-connect-result--next-command t)
  (repl-connect-result--clear 'repl-connect-result))

(defun repl-connect-result--clear (property)
  "Take the overlays with PROPERTY away, except of what is not over."
  (dolist (each (repl-connect-result--overlays property))
    (unless (eq (overlay-get each 'repl-connect-result) 'pending)
      (delete-overlay each))))

(defun repl-connect-result-show (evaluation start end text kind)
  "Show TEXT behind the code of EVALUATION, which is from START to END, markers.
KIND is `value', `error', `note', or `pending' for what is not over.  It
replaces what is shown on that line, unless that was sent later.
Return the overlay, nil if nothing is shown."
  (when-let ((buffer (marker-buffer start)))
    (unless (and (eq repl-connect-show-result 'echo) (not (eq kind 'pending)))
      (with-current-buffer buffer
        (save-excursion
          (save-restriction
            (widen)
            (goto-char end)
            (when (and (bolp) (> end start))
              (forward-char -1))
            (let* ((from (line-beginning-position))
                   (to (line-end-position))
                   (sent (or (repl-connect-evaluation-started evaluation) 0))
                   (there (seq-filter (lambda (each) (<= from (overlay-end each) to))
                                      (repl-connect-result--overlays 'repl-connect-sent from to))))
              (unless (or (= start end) ; the code was deleted
                          (seq-some (lambda (each) (> (overlay-get each 'repl-connect-sent) sent))
                                    there))
                (mapc #'delete-overlay there)
                (repl-connect-result--put
                 (make-overlay (min start to) to nil t nil) sent kind
                 (repl-connect-result-text
                  text kind
                  (plist-get (repl-connect-evaluation-properties evaluation) :language)))))))))))

(defun repl-connect-result--put (overlay sent kind text)
  "Show TEXT of KIND behind OVERLAY, and return that.
It is about what was SENT then."
  (let ((shown (truncate-string-to-width (concat " " text) (repl-connect-result--room)
                                         nil nil "…")))
    ;; The cursor stays before it.
    (put-text-property 0 1 'cursor t shown)
    (overlay-put overlay 'after-string shown)
    (overlay-put overlay 'repl-connect-result kind)
    (overlay-put overlay 'repl-connect-sent sent)
    (overlay-put overlay 'evaporate t)
    (unless (eq kind 'pending)
      (repl-connect-result--until-edited overlay)
      (pcase repl-connect-result-duration
        ('command (add-hook 'pre-command-hook #'repl-connect-result--next-command nil t))
        ((and (pred numberp) seconds) (run-at-time seconds nil #'delete-overlay overlay))))
    overlay))

;;;; Lines with errors

(defun repl-connect-result-mark-error (position text)
  "Mark the line of POSITION, a marker, as one where the error TEXT was raised."
  (when-let ((buffer (marker-buffer position)))
    (with-current-buffer buffer
      (save-excursion
        (save-restriction
          (widen)
          (goto-char position)
          (let* ((start (progn (back-to-indentation) (point)))
                 (end (progn (end-of-line) (skip-chars-backward " \t") (max start (point)))))
            (repl-connect-result-unmark start end)
            (let ((overlay (make-overlay start end)))
              (overlay-put overlay 'repl-connect-error text)
              (overlay-put overlay 'face 'repl-connect-error-line)
              (overlay-put overlay 'help-echo
                           (truncate-string-to-width (repl-connect-clean text) 2000))
              (overlay-put overlay 'before-string
                           (propertize "!" 'display '(left-fringe exclamation-mark error)))
              (overlay-put overlay 'evaporate t)
              (repl-connect-result--until-edited overlay)))
          (let ((all (repl-connect-result--overlays 'repl-connect-error)))
            (when (> (length all) repl-connect-result--most-marks)
              (delete-overlay (car (last all))))))))))

(defun repl-connect-result-unmark (start end)
  "Forget the errors in the lines from START to END."
  (dolist (each (repl-connect-result--overlays 'repl-connect-error start end))
    (when (and (< (overlay-start each) (max end (1+ start)))
               (> (overlay-end each) start))
      (delete-overlay each))))

(defun repl-connect-clear-results ()
  "Take away all results and errors that are shown in this buffer."
  (interactive)
  (mapc #'repl-connect-result--clear '(repl-connect-result repl-connect-error)))

;;;; The light

(defun repl-connect-result-flash (start end)
  "Light up the text from START to END for a moment."
  (when (and repl-connect-flash (> repl-connect-flash 0))
    (let ((overlay (make-overlay start end)))
      (overlay-put overlay 'face 'repl-connect-flash)
      (overlay-put overlay 'priority 100)
      (overlay-put overlay 'evaporate t)
      (run-at-time repl-connect-flash nil #'delete-overlay overlay))))

;;;; Values put into the text

(defconst repl-connect-insertion--sign "=> "
  "What the first line of a value starts with in a comment.")

(defconst repl-connect-insertion--further "   "
  "What its further lines start with.")

(defconst repl-connect-insertion--lines 50
  "Lines of a value that are put into a comment.")

(defconst repl-connect-insertion--longest 1000
  "Characters of such a line.")

(defun repl-connect-insertion-place (argument)
  "Return where the value is to be put with the raw prefix ARGUMENT, or nil."
  (let ((other (if (eq repl-connect-insert 'point) 'comment 'point)))
    (cond ((null argument) nil)
          ((and (consp argument) (> (car argument) 4)) other)
          (t repl-connect-insert))))

(defun repl-connect-insertion-begin (place language)
  "Make sure that a value can be put at PLACE, if not nil, in code of LANGUAGE.
Return a marker of where point is."
  (when place
    (barf-if-buffer-read-only)
    (when (and (eq place 'comment)
               (not (repl-connect-language-comment-prefix language)))
      (user-error "How a comment is written in this language is not known here"))
    (copy-marker (point))))

(defun repl-connect-insertion-put (evaluation value cut)
  "Put VALUE, that of EVALUATION, where it was wanted; CUT if it is not all of it.
Return in words why not, or nil."
  (let* ((properties (repl-connect-evaluation-properties evaluation))
         (place (plist-get properties :insert))
         (at (plist-get properties :at))
         (start (plist-get properties :start))
         (end (plist-get properties :end))
         (buffer (and at (marker-buffer at))))
    (cond
     ((not buffer) "the buffer was closed meanwhile")
     ((buffer-local-value 'buffer-read-only buffer) "the buffer is read-only")
     ;; Emacs would ask whether to edit it all the same, and everything would have to wait.
     ((not (or (buffer-modified-p buffer) (verify-visited-file-modtime buffer)))
      "its file was changed on disk")
     ((null value) "there is no value")
     (cut "the value is not all of it, it was too long")
     (t
      (with-current-buffer buffer
        (save-excursion
          (save-restriction
            (widen)
            (if (not (equal (buffer-substring-no-properties start end)
                            (plist-get properties :text)))
                "the code was edited meanwhile"
              ;; What is being typed is undone by itself.
              (undo-boundary)
              (if (eq place 'comment)
                  (repl-connect-insertion--comment
                   start end (repl-connect-plain value)
                   (repl-connect-language-comment-prefix (plist-get properties :language)))
                (goto-char at)
                ;; Who has stayed at this place is behind it then.
                (insert-before-markers (repl-connect-plain value)))
              nil))))))))

(defun repl-connect-insertion--comment-p (start end)
  "Whether what is from START to END is a comment.
It is taken for one where the buffer's mode knows of none."
  (or (null comment-start)
      (and (not (nth 8 (save-excursion (syntax-ppss start))))
           (nth 4 (save-excursion (syntax-ppss end))))))

(defun repl-connect-insertion--earlier (comment indentation)
  "Return (START . END) of a value that was put behind point's line, or nil.
COMMENT starts a comment; INDENTATION is what the code's line starts with."
  (let ((sign (concat comment repl-connect-insertion--sign))
        (line-end (line-end-position))
        (found nil))
    (save-excursion
      ;; A statement may have the comment behind it already.
      (beginning-of-line)
      (while (and (not found) (search-forward sign line-end t))
        (when (repl-connect-insertion--comment-p (match-beginning 0) (match-end 0))
          (setq found (match-beginning 0))))
      (if found
          (progn
            (goto-char found)
            (skip-chars-backward " \t")
            (cons (point) line-end))
        (end-of-line)
        (let ((expected (concat indentation sign)) (from (point)) (to nil))
          (while (and (zerop (forward-line)) (bolp)
                      (looking-at-p (regexp-quote expected)))
            (setq to (line-end-position)
                  expected (concat indentation comment repl-connect-insertion--further)))
          (and to (cons from to)))))))

(defun repl-connect-insertion--comment (start end value comment)
  "Put VALUE behind the code from START to END, after COMMENT."
  (goto-char end)
  (when (and (bolp) (> end start))
    (forward-char -1))
  (let* ((indentation (save-excursion
                        (goto-char start)
                        (buffer-substring-no-properties
                         (line-beginning-position)
                         (progn (back-to-indentation) (point)))))
         (earlier (repl-connect-insertion--earlier comment indentation))
         (lines (mapcar (lambda (line)
                          (truncate-string-to-width line repl-connect-insertion--longest
                                                    nil nil "…"))
                        ;; To some languages the latter end a line as well, and a comment.
                        (split-string value "[\n\u2028\u2029]")))
         (more (- (length lines) repl-connect-insertion--lines)))
    (when (> more 0)
      (setq lines (append (seq-take lines repl-connect-insertion--lines)
                          (list (format "… %d more lines" more)))))
    (if earlier
        (progn (delete-region (car earlier) (cdr earlier))
               (goto-char (car earlier)))
      (end-of-line)
      (delete-horizontal-space))
    (if (null (cdr lines))
        (insert "  " comment repl-connect-insertion--sign (car lines))
      (let ((sign repl-connect-insertion--sign))
        (dolist (line lines)
          (insert "\n" indentation comment sign line)
          (setq sign repl-connect-insertion--further))))))

(provide 'repl-connect-results)
;;; repl-connect-results.el ends here
