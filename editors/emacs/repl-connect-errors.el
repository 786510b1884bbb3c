;;; repl-connect-errors.el --- Where errors have happened  -*- lexical-binding: t; -*-

;;; Commentary:

;; Frames tell where an error has happened, where there are some; readers and compilers say it in
;; their text, each in its own way, and so do REPLs that tell no frames.  What is looked for in
;; texts is data: the regexps at the beginning.
;;
;; The places of the last error are what `next-error' goes through: it begins with the innermost
;; one in what was sent.  Places in the text of a REPL buffer are links; they are made when they
;; come into view, so that output which nobody looks at costs nothing.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-definitions)
(require 'repl-connect-evaluation)
(require 'repl-connect-output)

(defvar repl-connect--connection)

(defvar repl-connect-error-regexps
  '(("\\_<File \"\\([^\"\n]+\\)\", line \\([0-9]\\{1,9\\}\\)" 1 2)
    ("(\\([^ \t\n(),\"]+\\), line \\([0-9]\\{1,9\\}\\))" 1 2)
    ("\\(?:^\\|[ \t(\"'`[]\\)\\(\\(?:file://\\)?[^][ \t\n\"'`(),;:<>]+\\):\\([0-9]\\{1,9\\}\\)\
\\(?::\\([0-9]\\{1,9\\}\\)\\)?" 1 2 3))
  "How the text in a REPL buffer names places in files.
Each is (REGEXP FILE LINE COLUMN): the groups of the regexp that have
them; COLUMN may be missing.  Only files that are there become links.")

(defface repl-connect-link '((t :underline t))
  "Places in files that a REPL buffer shows."
  :group 'repl-connect-faces)

(defconst repl-connect-errors--frames 100
  "The innermost frames that count.")

(defconst repl-connect-errors--kept 20000
  "Characters of a text that are searched.")

(defconst repl-connect-errors--words 3000
  "Characters of an error in few words.")

(defconst repl-connect-errors--nameless
  "\\(?:REPL[0-9]*\\|repl\\|NO_SOURCE_\\(?:FILE\\|PATH\\)\\|unknown file\\|#<unknown port>\
\\|<[[:alnum:]_-]+>\\|\\[eval[0-9]*\\]\\)"
  "Matches what different REPLs call code that has no file.")

(defconst repl-connect-errors--relative
  "\n[ \t]*Line: \\([0-9]\\{1,9\\}\\), Column: [0-9]+, File-Position: [0-9]+[ \t\n]*\\'"
  "Matches a message of which the line is counted from where the code begins.")

(defconst repl-connect-errors--beginning
  "\\_<\\(?:begins \\(?:on\\|in\\)\\|starting at\\) line \\([0-9]\\{1,9\\}\\)\\_>"
  "Matches what says where the form begins that has no end.")

(defconst repl-connect-errors--only-place
  "\\`[[:alnum:]_ ]*[Ee]rror\\_>.*\\(?:(.*:[0-9]+)\\.\\|:\\)\\'"
  "Matches a first line that says no more than where it was.")

(defconst repl-connect-errors--place-first
  (concat "\\`\\(?:/[^ \t\n:]+\\|" repl-connect-errors--nameless
          "\\):[0-9]+\\(?::[0-9]+\\)?: ")
  "Matches a place before a message.")

(defconst repl-connect-errors--place-last " ([^ \t\n()]+, line [0-9]+)\\'"
  "Matches a place behind a message.")

;;;; Which line of it

(defun repl-connect-errors--first (evaluation)
  "Return the number of the first line of EVALUATION's code."
  (or (repl-connect-evaluation-line evaluation) 1))

(defun repl-connect-errors--last (evaluation)
  "Return the number of the last line of EVALUATION's code."
  (+ (repl-connect-errors--first evaluation)
     (repl-connect-output--lines (repl-connect-evaluation-code evaluation))))

(defun repl-connect-error-own-line-p (evaluation line)
  "Whether LINE is one of the code of EVALUATION."
  (<= (repl-connect-errors--first evaluation) line (repl-connect-errors--last evaluation)))

(defun repl-connect-errors--end-of (text)
  "Return the end of TEXT that is searched; TEXT may be nil."
  (let ((text (or text "")))
    (substring text (max 0 (- (length text) repl-connect-errors--kept)))))

(defun repl-connect-errors--message (evaluation)
  "Return the message of the error of EVALUATION, nil if only its output has it."
  (repl-connect-text (repl-connect-evaluation-failed evaluation) "repl-server/message"))

(defun repl-connect-errors--frames (evaluation)
  "Return the frames of the error of EVALUATION, the innermost last."
  (let ((frames (repl-connect-get (repl-connect-evaluation-failed evaluation)
                                  "repl-server/frames")))
    (and (vectorp frames)
         (last (seq-filter #'consp frames) repl-connect-errors--frames))))

(defun repl-connect-errors--line-of (frame)
  "Return the line of FRAME, nil if it is not known."
  (let ((line (repl-connect-get frame "line")))
    (and (integerp line) (< 0 line 100000000) line)))

(defun repl-connect-errors--names (file)
  "Return what FILE may be called where it was sent to."
  (delete-dups (list file (file-truename file) (file-name-nondirectory file))))

(defun repl-connect-errors--own-p (evaluation)
  "Return a predicate of frames: whether one is in the code of EVALUATION."
  (let ((file (repl-connect-evaluation-file evaluation)))
    (if file
        (let ((names (repl-connect-errors--names file)))
          (lambda (frame)
            (when-let ((name (repl-connect-text frame "file")))
              (or (member name names)
                  (and (string-prefix-p "/" name)
                       (not (file-remote-p name))
                       (member (file-truename name) names))))))
      ;; Each evaluation has a name of its own there: that of the outermost frame is this one's.
      (let* ((nameless (concat "\\`" repl-connect-errors--nameless "\\'"))
             (name (seq-some (lambda (frame)
                               (let ((name (repl-connect-text frame "file")))
                                 (and name (string-match-p nameless name) name)))
                             (repl-connect-errors--frames evaluation))))
        (lambda (frame)
          (and name (equal name (repl-connect-get frame "file"))))))))

;;;; The line of an error

(defun repl-connect-errors--place (file)
  "Return a regexp for a line in FILE, a regexp, however languages write it."
  (concat "\\(?:\\`\\|[^[:alnum:]_./-]\\)" file
          "\"?\\(?::\\|, line \\)\\([0-9]\\{1,9\\}\\)\\_>"))

(defun repl-connect-errors--all (regexp text)
  "Return the numbers that the first group of REGEXP matches in TEXT."
  (let ((from 0) (found nil))
    (while (string-match regexp text from)
      (push (string-to-number (match-string 1 text)) found)
      (setq from (match-end 0)))
    (nreverse found)))

(defun repl-connect-error-line (evaluation)
  "Return the line in what was sent that the error of EVALUATION is about, or nil."
  (save-match-data
    (let* ((case-fold-search nil)
           (file (repl-connect-evaluation-file evaluation))
           (message (repl-connect-errors--end-of
                     (repl-connect-errors--message evaluation)))
           (printed (repl-connect-errors--end-of (repl-connect-evaluation-err evaluation)))
           (texts (list message printed))
           (first (repl-connect-errors--first evaluation))
           (last (repl-connect-errors--last evaluation))
           (own-line (lambda (line) (and (<= first line last) line)))
           (own (repl-connect-errors--own-p evaluation)))
      (or (and (string-match repl-connect-errors--relative message)
               (funcall own-line (+ first (string-to-number (match-string 1 message)) -1)))
          (seq-some (lambda (frame)
                      (let ((line (repl-connect-errors--line-of frame)))
                        (and line (funcall own frame)
                             (or file (funcall own-line line))
                             line)))
                    (reverse (repl-connect-errors--frames evaluation)))
          (seq-some (lambda (text)
                      (seq-some own-line
                                (repl-connect-errors--all
                                 repl-connect-errors--beginning text)))
                    texts)
          (when file
            (let ((regexp (repl-connect-errors--place
                           (regexp-opt (repl-connect-errors--names file)))))
              (or (car (repl-connect-errors--all regexp message))
                  (car (last (repl-connect-errors--all regexp printed))))))
          (let ((regexp (repl-connect-errors--place repl-connect-errors--nameless)))
            (seq-some (lambda (text)
                        (car (last (seq-filter own-line
                                               (repl-connect-errors--all regexp text)))))
                      texts))))))

(defun repl-connect-error-best-line (evaluation)
  "Return the line of the error of EVALUATION, else the first that was sent."
  (or (repl-connect-error-line evaluation)
      (repl-connect-errors--first evaluation)))

(defun repl-connect-error-words (evaluation)
  "Return the error of EVALUATION in few words: its type and its message.
What only says where it was is left out.  What gives an error no message
has printed it: then what was printed is it."
  (save-match-data
    (let* ((case-fold-search nil)
           (reply (repl-connect-evaluation-failed evaluation))
           (type (string-remove-prefix "class " (or (repl-connect-text reply "ex") "error")))
           (all (string-trim-left (or (repl-connect-errors--message evaluation)
                                      (repl-connect-evaluation-err evaluation))))
           (text (string-trim-right
                  (if (> (length all) repl-connect-errors--words)
                      (concat (substring all 0 repl-connect-errors--words) "…")
                    all)))
           (text (string-trim-right
                  (replace-regexp-in-string repl-connect-errors--relative "" text)))
           (end (string-search "\n" text))
           (rest (if end (string-trim (substring text end)) "")))
      (when (and (not (string-empty-p rest)) (< end 1000)
                 (string-match-p repl-connect-errors--only-place (substring text 0 end)))
        (setq text rest))
      (dolist (regexp (list repl-connect-errors--place-first
                            repl-connect-errors--place-last))
        (setq text (replace-regexp-in-string regexp "" text)))
      (if (string-empty-p text) type (concat type ": " text)))))

;;;; Places

(defun repl-connect-errors--source (evaluation)
  "Return the buffer that EVALUATION was sent from, if it is still there."
  (let ((start (plist-get (repl-connect-evaluation-properties evaluation) :start)))
    (and start (marker-buffer start))))

(defun repl-connect-errors-position (evaluation line)
  "Return a marker of LINE, a line of what EVALUATION has sent, as it is by now.
Return nil if it was sent from nowhere, or its buffer is gone."
  (when-let ((buffer (repl-connect-errors--source evaluation)))
    (with-current-buffer buffer
      (save-excursion
        (save-restriction
          (widen)
          (goto-char (plist-get (repl-connect-evaluation-properties evaluation) :start))
          (forward-line (- line (repl-connect-errors--first evaluation)))
          (skip-chars-forward " \t")
          (point-marker))))))

(defvar-local repl-connect-errors--files nil
  "Files that code in this REPL buffer was from, the last first.")

(defvar-local repl-connect-errors--looked-up nil
  "A hash table: what names of files lead to, from here.")

(defvar-local repl-connect-errors--places nil
  "The places of the last error, the innermost first.
Each is (WHERE LINE TEXT): a marker or a file's name, a number, and what
to say of it.")

(defvar-local repl-connect-errors--index nil
  "Which of the places was visited last; nil for none.")

(defvar-local repl-connect-errors--start 0
  "Which of the places is to be visited first.")

(defun repl-connect-errors--file (name)
  "Return the file that NAME, told by the other side, is on this machine, or nil.
The current buffer is a REPL buffer."
  (unless (and repl-connect-errors--looked-up
               (< (hash-table-count repl-connect-errors--looked-up) 500))
    (setq repl-connect-errors--looked-up (make-hash-table :test #'equal)))
  (let ((known (gethash name repl-connect-errors--looked-up 'new)))
    (when (eq known 'new)
      (setq known
            (and repl-connect--connection
                 ;; A word with a number behind it is no file yet, and looking for it costs.
                 (string-match-p "[./]" name)
                 (not (string-match-p "[\0-\x1f]\\|\\`[0-9.]+\\'" name))
                 (or (repl-connect-path-here name repl-connect--connection t)
                     (seq-find (lambda (file) (string-suffix-p (concat "/" name) file))
                               repl-connect-errors--files))))
      (puthash name known repl-connect-errors--looked-up))
    known))

;; A buffer that was renamed meanwhile still is what was sent.
(defun repl-connect-errors--here (evaluation)
  "Return the file of this machine that the code of EVALUATION was from, or nil."
  (let ((source (repl-connect-errors--source evaluation))
        (file (repl-connect-evaluation-file evaluation)))
    (or (and source file (buffer-file-name (or (buffer-base-buffer source) source)))
        (and file (repl-connect-path-here
                   file (repl-connect-evaluation-connection evaluation) t)))))

(defun repl-connect-errors--place-of (frame evaluation own)
  "Return the place of FRAME, one of EVALUATION's, nil if it leads to no file here.
OWN says whether it is in what was sent."
  (when-let* ((line (repl-connect-errors--line-of frame))
              (name (repl-connect-text frame "file"))
              (where (or (and own (repl-connect-errors-position evaluation line))
                         (repl-connect-errors--file name))))
    (list where line (format "in %s" (or (repl-connect-text frame "name") "?")))))

(defun repl-connect-errors-failed (evaluation)
  "Take the places of the error of EVALUATION as those that `next-error' visits.
To be called when it has failed, in any buffer."
  (let* ((connection (repl-connect-evaluation-connection evaluation))
         (buffer (repl-connect-connection-buffer connection))
         (own-p (repl-connect-errors--own-p evaluation))
         (file (repl-connect-errors--here evaluation))
         (line (repl-connect-error-best-line evaluation))
         (where (or (repl-connect-errors-position evaluation line) file))
         (first nil) (places nil))
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (setq repl-connect-errors--looked-up nil)
        (when file
          (setq repl-connect-errors--files
                (seq-take (cons file (delete file repl-connect-errors--files)) 50)))
        (dolist (frame (reverse (repl-connect-errors--frames evaluation)))
          (let* ((own (funcall own-p frame))
                 (place (repl-connect-errors--place-of frame evaluation own)))
            (when place
              (when (and own (not first))
                (setq first (length places)))
              (push place places))))
        (setq places (nreverse places))
        ;; No frame tells where it was sent from.
        (when (and where (not first))
          (setq first (length places)
                places (append places (list (list where line
                                                  (repl-connect-error-words evaluation))))))
        (setq repl-connect-errors--places places
              repl-connect-errors--start (or first 0)
              repl-connect-errors--index nil)
        (when places
          (setq next-error-last-buffer buffer))))))

;;;; Going there

(defun repl-connect-errors-next (count reset)
  "Visit the place COUNT places further out in the last error.
With RESET, or the first time, begin with the innermost one in what was
sent.  This is the `next-error-function' of REPL buffers."
  (let* ((last (1- (length repl-connect-errors--places)))
         (fresh (or reset (null repl-connect-errors--index)))
         (index (if fresh
                    (+ repl-connect-errors--start (if (> count 0) (1- count) count))
                  (+ repl-connect-errors--index count))))
    (cond
     ((< last 0) (user-error "There was no error whose place is known"))
     ((> index last) (user-error "That was the outermost frame"))
     ((< index 0) (user-error "That was the innermost frame")))
    (setq repl-connect-errors--index index)
    (pcase-let ((`(,where ,line ,text) (nth index repl-connect-errors--places)))
      (repl-connect-errors-visit where line)
      (message "%s" (repl-connect-plain (car (split-string text "\n")))))))

(defun repl-connect-errors-visit (where line &optional column)
  "Show LINE of WHERE, and COLUMN of it, from 1, in a window and select that.
WHERE is a file's name, or a marker, which is gone to itself."
  (let ((buffer (cond ((markerp where) (marker-buffer where))
                      ((file-readable-p where) (find-file-noselect where))
                      (t (user-error "%s can't be read" where)))))
    (unless buffer
      (user-error "The buffer it was sent from is gone"))
    (pop-to-buffer buffer)
    (let ((position (save-excursion
                      (save-restriction
                        (widen)
                        (if (markerp where)
                            (goto-char where)
                          (goto-char (point-min))
                          (forward-line (1- line))
                          (if column
                              (forward-char (min (max 0 (1- column))
                                                 (- (line-end-position) (point))))
                            (skip-chars-forward " \t")))
                        (point)))))
      (unless (= position (point))
        (push-mark nil t))
      (unless (<= (point-min) position (point-max))
        (widen))
      (goto-char position))))

;;;; Links

(defvar repl-connect-link-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'repl-connect-visit-link)
    (define-key map [mouse-2] #'repl-connect-visit-link)
    (define-key map [follow-link] 'mouse-face)
    map)
  "The keys on a place that a REPL buffer shows.")

(defun repl-connect-visit-link (&optional event)
  "Go to the place in a file that point, or EVENT, is on."
  (interactive (list last-nonmenu-event))
  (let* ((end (and (mouse-event-p event) (event-end event)))
         (place (get-text-property (if end (posn-point end) (point)) 'repl-connect-place
                                   (and end (window-buffer (posn-window end))))))
    (if place
        (apply #'repl-connect-errors-visit place)
      (user-error "There is no place of a file here"))))

(defun repl-connect-errors--link (start end)
  "Make links of the places from START to END, which have come into view."
  (save-match-data
    (save-excursion
      (let* ((case-fold-search nil)
             (from (progn (goto-char start) (max (line-beginning-position) (- start 1000))))
             (to (progn (goto-char end) (min (line-end-position) (+ end 1000)))))
        (pcase-dolist (`(,regexp ,file ,line ,column) repl-connect-error-regexps)
          (goto-char from)
          (while (re-search-forward regexp to t)
            (repl-connect-errors--link-match file line column)))))))

(defun repl-connect-errors--link-match (file line column)
  "Make a link of the last match; its groups FILE, LINE and COLUMN have the place."
  (let ((start (match-beginning file)) (end (match-end (if (and column (match-end column))
                                                           column
                                                         line)))
        (number (string-to-number (match-string line)))
        (column (and column (match-string column))))
    (unless (or (get-text-property start 'repl-connect-place)
                (get-text-property start 'button)
                (repl-connect-errors--typed-p start))
      (when-let ((found (save-match-data
                          (repl-connect-errors--file (match-string-no-properties file)))))
        (add-text-properties
         start end
         (list 'repl-connect-place (list found number (and column (string-to-number column)))
               'mouse-face 'highlight
               'keymap repl-connect-link-map
               'help-echo "RET, mouse-2: go to this place"))
        (let ((property (if (get-text-property start 'face) 'face 'font-lock-face)))
          (put-text-property start end property
                             (append (list 'repl-connect-link)
                                     (let ((face (get-text-property start property)))
                                       (if (listp face) face (list face))))))))))

(defun repl-connect-errors--typed-p (position)
  "Whether what is at POSITION was typed into this REPL buffer."
  (let ((process (get-buffer-process (current-buffer)))
        (face (get-text-property position 'font-lock-face)))
    (or (memq 'comint-highlight-input (if (listp face) face (list face)))
        (and process (marker-position (process-mark process))
             (>= position (process-mark process))))))

(defun repl-connect-errors-setup ()
  "Make the places of errors in the current buffer, a REPL buffer, known to Emacs."
  (setq-local next-error-function #'repl-connect-errors-next)
  (jit-lock-register #'repl-connect-errors--link))

(provide 'repl-connect-errors)
;;; repl-connect-errors.el ends here
