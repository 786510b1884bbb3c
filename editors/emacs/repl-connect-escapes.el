;;; repl-connect-escapes.el --- Program output made safe to show  -*- lexical-binding: t; -*-

;;; Commentary:

;; A program writes for a terminal.  Of that its colours are kept, as faces; a carriage return
;; starts the line anew and a backspace takes a character back, as progress bars use them.  All
;; other control characters and escape sequences are dropped.  A sequence may be cut by the end of
;; what has come: what is held of it, and the present colours, are a stream's state.

;;; Code:

(require 'cl-lib)
(require 'ansi-color)

(defconst repl-connect-escapes--control "[\0-\b\v-\x1f\x7f\u0080-\u009f]"
  "Matches what is neither text nor newline nor tab.")
(defconst repl-connect-escapes--sgr "\\(?:\e\\[\\|\u009b\\)[0-9;:]*m"
  "Matches a change of colours.")
(defconst repl-connect-escapes--sequence
  (concat "\\(?:\e\\[\\|\u009b\\)[ -?]*[@-~]"
          "\\|\e[ -/]*[0-OQ-WYZ\\`-~]")
  "Matches any other sequence that has no text.")
(defconst repl-connect-escapes--part
  "\\(?:\\(?:\e\\[\\|\u009b\\)[ -?]*\\|\e[ -/]*\\|\r\\)\\'"
  "Matches what may be the beginning of a sequence, at the end of a text.")
(defconst repl-connect-escapes--string "\e[]PX^_]\\|[\u0090\u0098\u009d\u009e\u009f]"
  "Matches the beginning of a sequence with a text, such as a window's title.")
(defconst repl-connect-escapes--string-end "\a\\|\e\\\\\\|[\u009c\x18\x1a]"
  "Matches its end.")

(defconst repl-connect-escapes--longest-string 4096
  "Characters that the text of a sequence may have: it may lack its end.")
(defconst repl-connect-escapes--longest-part 200
  "Characters that a sequence may have otherwise.")

(cl-defstruct (repl-connect-escapes (:constructor repl-connect-escapes-state) (:copier nil))
  "What is known of a stream between two pieces of its text."
  (part "")                       ; the beginning of a sequence
  (skipped nil)                   ; characters of a sequence's text so far, if one is open
  (colours nil))                  ; as `ansi-color-context' has them

(defun repl-connect-escapes-reset (state)
  "Forget what STATE has, at the end of what is one piece."
  (setf (repl-connect-escapes-part state) ""
        (repl-connect-escapes-skipped state) nil
        (repl-connect-escapes-colours state) nil))

(defun repl-connect-escapes-clean (text state)
  "Return TEXT, the next of the stream with STATE, as it can be shown.
A \\r at its start says that the line which it goes on with is to be
erased, a number of \\b that so many characters before it are."
  (if (and (equal (repl-connect-escapes-part state) "")
           (not (repl-connect-escapes-skipped state))
           (not (repl-connect-escapes-colours state))
           (not (string-match-p repl-connect-escapes--control text)))
      text
    (let ((case-fold-search nil) (clean nil))
      (with-temp-buffer
        (setq buffer-undo-list t)
        (insert (repl-connect-escapes-part state) text)
        (setf (repl-connect-escapes-part state) "")
        (goto-char (point-min))
        (when (repl-connect-escapes-skipped state)
          (repl-connect-escapes--skip-string state))
        (setq clean (concat (repl-connect-escapes--clean-buffer state) (buffer-string))))
      (repl-connect-escapes--colour clean state))))

(defun repl-connect-escapes--clean-buffer (state)
  "Clean the buffer from point on; it is the next of a stream with STATE.
Return what is to be erased before it, as `repl-connect-escapes-clean'."
  (let ((erased ""))
    (while (re-search-forward repl-connect-escapes--control nil t)
      (goto-char (match-beginning 0))
      (cond
       ((looking-at repl-connect-escapes--sgr) (goto-char (match-end 0)))
       ((looking-at repl-connect-escapes--part)
        (when (< (- (point-max) (point)) repl-connect-escapes--longest-part)
          (setf (repl-connect-escapes-part state) (buffer-substring (point) (point-max))))
        (delete-region (point) (point-max)))
       ((looking-at repl-connect-escapes--string)
        (delete-region (point) (match-end 0))
        (setf (repl-connect-escapes-skipped state) 0)
        (repl-connect-escapes--skip-string state))
       ((looking-at repl-connect-escapes--sequence) (delete-region (point) (match-end 0)))
       ((looking-at "\r+\n") (delete-region (point) (1- (match-end 0))))
       ((eq (char-after) ?\r)
        (delete-char 1)
        (let* ((start (line-beginning-position))
               (colours (repl-connect-escapes--colours-between start (point))))
          (when (= start (point-min)) (setq erased "\r"))
          (delete-region start (point))
          (insert colours)))
       ((eq (char-after) ?\b)
        (delete-char 1)
        (cond
         ((looking-back repl-connect-escapes--sgr (line-beginning-position)))
         ((not (bolp)) (delete-char -1))
         ((and (bobp) (not (equal erased "\r"))) (setq erased (concat erased "\b")))))
       (t (delete-char 1))))
    erased))

(defun repl-connect-escapes--colours-between (start end)
  "Return all changing of colours between START and END."
  (save-excursion
    (goto-char start)
    (let ((found ""))
      (while (re-search-forward repl-connect-escapes--sgr end t)
        (setq found (concat found (match-string 0))))
      found)))

(defun repl-connect-escapes--skip-string (state)
  "Delete the text of a sequence that point is in; note in STATE if it is not all.
It ends at the end of the line, or after a number of characters, if
nothing else ends it."
  (let* ((start (point))
         (line-end (line-end-position))
         (limit (min line-end (+ start (- repl-connect-escapes--longest-string
                                          (repl-connect-escapes-skipped state))))))
    (cond
     ((re-search-forward repl-connect-escapes--string-end limit t)
      (setf (repl-connect-escapes-skipped state) nil))
     ((progn (skip-chars-forward "^\e" limit) (and (eq (char-after) ?\e) (< (1+ (point)) line-end)))
      (setf (repl-connect-escapes-skipped state) nil))
     ((< limit (point-max))
      (goto-char limit)
      (setf (repl-connect-escapes-skipped state) nil))
     (t
      (cl-incf (repl-connect-escapes-skipped state) (- (point) start))
      ;; It may be the beginning of its end.
      (when (eq (char-after) ?\e)
        (setf (repl-connect-escapes-part state) "\e"))
      (goto-char (point-max))))
    (delete-region start (point))))

(defun repl-connect-escapes--colour (text state)
  "Return TEXT in the colours that are in it, and before those of STATE."
  (if (not (or (repl-connect-escapes-colours state) (string-match-p "[\e\u009b]" text)))
      text
    (let ((ansi-color-context (repl-connect-escapes-colours state)))
      (prog1 (ansi-color-apply (replace-regexp-in-string "\u009b" "\e[" text t t))
        (setf (repl-connect-escapes-colours state) ansi-color-context)))))

(defun repl-connect-clean (text)
  "Return TEXT, all of it, with its colours as faces and no other controls."
  (let ((state (repl-connect-escapes-state)))
    (string-trim-left (repl-connect-escapes-clean text state) "[\r\b]+")))

(defun repl-connect-visible (text)
  "Return TEXT with its control characters shown as `^[' and the like."
  (if (not (string-match-p repl-connect-escapes--control text))
      text
    (replace-regexp-in-string
     repl-connect-escapes--control
     (lambda (found)
       (let ((code (aref found 0)))
         (if (< code 128) (string ?^ (logxor code 64)) (format "\\x%02x" code))))
     text t t)))

(provide 'repl-connect-escapes)
;;; repl-connect-escapes.el ends here
