;;; repl-connect-cuts.el --- What is too long to show  -*- lexical-binding: t; -*-

;;; Commentary:

;; Of a long line, a large value or a long error a part is shown, and a button that shows the rest.
;; What such buttons hold is bounded too: of what is older the rest is forgotten.

;;; Code:

(require 'cl-lib)
(require 'button)
(require 'subr-x)

(defcustom repl-connect-line-limit (if (< emacs-major-version 29) 10000 nil)
  "Characters of a line of output that are shown; the rest is behind a button.
Nil: all of them.  Emacs 28 gets slow where longer lines are shown."
  :type '(choice (const :tag "All" nil) natnum)
  :group 'repl-connect)

(defcustom repl-connect-rest-limit 16000000
  "Characters of long lines and values that are kept behind a buffer's buttons.
Those of the oldest are forgotten first."
  :type 'natnum
  :group 'repl-connect)

(defface repl-connect-button '((t :inherit button))
  "Buttons that show what was cut."
  :group 'repl-connect-faces)

(cl-defstruct (repl-connect-rest (:copier nil))
  "What a button shows: PIECES of text, the last first, of SIZE characters.
LANGUAGE is what they are written in, NAME what they are.  MORE is a
remark about what is missing."
  (pieces nil) (size 0) language (name "line") more)

(defvar-local repl-connect-cuts--rests nil
  "What the buttons of this buffer hold, the newest first.")
(defvar-local repl-connect-cuts--size 0
  "Characters of that.")
(defvar-local repl-connect-cuts--column 0
  "Characters that the last line has.")
(defvar-local repl-connect-cuts--open nil
  "What the last line is cut into, if it is.")

(declare-function repl-connect-language-fontify "repl-connect-languages")

(define-button-type 'repl-connect-rest
  'action #'repl-connect-cuts--show
  'face 'repl-connect-button
  'font-lock-face 'repl-connect-button
  'follow-link t
  'help-echo "RET, mouse-1: show all of it")

(defun repl-connect-cuts-button (label rest)
  "Return LABEL as the text of a button for REST, and keep that."
  (push rest repl-connect-cuts--rests)
  (repl-connect-cuts--count (repl-connect-rest-size rest))
  (make-text-button (copy-sequence label) nil 'type 'repl-connect-rest
                    'repl-connect-rest rest))

(defun repl-connect-cuts--count (size)
  "Take SIZE more characters into account; forget the oldest if they are too many."
  (cl-incf repl-connect-cuts--size size)
  (when (> repl-connect-cuts--size repl-connect-rest-limit)
    (let ((kept 0) (rests repl-connect-cuts--rests) (last nil))
      (while (and rests (or (null last) (< kept (/ repl-connect-rest-limit 2))))
        (cl-incf kept (repl-connect-rest-size (car rests)))
        (setq last rests rests (cdr rests)))
      (when last (setcdr last nil))
      (dolist (each rests)
        (setf (repl-connect-rest-pieces each) nil
              (repl-connect-rest-size each) 0
              (repl-connect-rest-more each) "It is too long ago: this is kept no more.  \
(`repl-connect-rest-limit' is how much is.)"))
      (setq repl-connect-cuts--size kept))))

(defun repl-connect-cuts--add (rest text)
  "Add TEXT to REST, up to a limit."
  (if (> (+ (repl-connect-rest-size rest) (length text)) (/ repl-connect-rest-limit 2))
      (setf (repl-connect-rest-more rest) "There was more, which was not kept.")
    (push text (repl-connect-rest-pieces rest))
    (cl-incf (repl-connect-rest-size rest) (length text))
    (repl-connect-cuts--count (length text))))

(defun repl-connect-cuts-start-line ()
  "Note that a line is to begin now."
  (setq repl-connect-cuts--column 0
        repl-connect-cuts--open nil))

(defun repl-connect-cuts-lines (text)
  "Return TEXT, to be put behind the last line, with its long lines cut."
  (let ((limit repl-connect-line-limit))
    (if (or (null limit)
            (and (null repl-connect-cuts--open)
                 (<= (+ repl-connect-cuts--column (length text)) limit)))
        (let* ((length (length text))
               (at (1- length)))
          (while (and (>= at 0) (not (eq (aref text at) ?\n)))
            (setq at (1- at)))
          (setq repl-connect-cuts--column
                (if (< at 0) (+ repl-connect-cuts--column length) (- length at 1)))
          text)
      (let ((start 0) (parts nil))
        (while (< start (length text))
          (let* ((newline (string-search "\n" text start))
                 (end (or newline (length text)))
                 (room (- limit repl-connect-cuts--column)))
            (cond
             (repl-connect-cuts--open
              (repl-connect-cuts--add repl-connect-cuts--open (substring text start end)))
             ((<= (- end start) room)
              (push (substring text start end) parts)
              (cl-incf repl-connect-cuts--column (- end start)))
             (t
              (let ((rest (make-repl-connect-rest))
                    (end-shown (+ start (max room 0))))
                (push (substring text start end-shown) parts)
                (push (repl-connect-cuts-button "[… the rest of this line]" rest) parts)
                (repl-connect-cuts--add rest (substring text end-shown end))
                (setq repl-connect-cuts--open rest))))
            (when newline
              (push (substring text newline (1+ newline)) parts)
              (repl-connect-cuts-start-line))
            (setq start (1+ end))))
        (apply #'concat (nreverse parts))))))

(defun repl-connect-cuts--show (button)
  "Show what BUTTON stands for in a buffer of its own."
  (let* ((rest (button-get button 'repl-connect-rest))
         (text (apply #'concat (reverse (repl-connect-rest-pieces rest)))))
    (with-current-buffer (get-buffer-create (format "*repl %s*" (repl-connect-rest-name rest)))
      (let ((inhibit-read-only t))
        (special-mode)
        (setq-local truncate-lines nil)
        (erase-buffer)
        (insert (if (repl-connect-rest-language rest)
                    (repl-connect-language-fontify text (repl-connect-rest-language rest))
                  text))
        (repl-connect-cuts-break-lines)
        (when (repl-connect-rest-more rest)
          (repl-connect-cuts--remark (repl-connect-rest-more rest)))
        (goto-char (point-min)))
      (pop-to-buffer (current-buffer)))))

(defun repl-connect-cuts-break-lines ()
  "Break the lines of the current buffer that Emacs can't show well.
That is said on top of it."
  (when repl-connect-line-limit
    (let ((broken nil))
      (goto-char (point-min))
      (while (not (eobp))
        (if (<= (- (line-end-position) (point)) repl-connect-line-limit)
            (forward-line)
          (forward-char repl-connect-line-limit)
          (insert "\n")
          (setq broken t)))
      (when broken
        (repl-connect-cuts--remark (format "Here a line ends after %d characters at most."
                                           repl-connect-line-limit))))))

(defun repl-connect-cuts--remark (words)
  "Say WORDS on top of the current buffer."
  (goto-char (point-min))
  (insert (propertize (concat words "\n") 'face 'shadow 'font-lock-face 'shadow)))

(provide 'repl-connect-cuts)
;;; repl-connect-cuts.el ends here
