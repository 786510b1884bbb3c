;;; repl-connect-signatures.el --- What a function takes, as a line  -*- lexical-binding: t; -*-

;;; Commentary:

;; nREPL tells the arguments of a function as text, and languages write them in two ways.  Those are
;; told apart by what stands in them, not by who sent them: Python's (a, b=1, *rest) with commas,
;; and a Lisp's (name a #:optional b . rest) or ([x] [x & more]).

;;; Code:

(require 'cl-lib)
(require 'eldoc)
(require 'seq)
(require 'subr-x)

(defconst repl-connect-signatures--longest 2000
  "Characters of a signature that are read.")

(defconst repl-connect-signatures--marks
  '(("&" . rest) ("&rest" . rest) ("&body" . rest) ("#:rest" . rest) ("." . rest)
    ("&key" . name) ("#:key" . name)
    ("&optional" . one) ("#:optional" . one) ("#!optional" . one)
    ("*" . name) ("/" . one) ("&allow-other-keys" . one))
  "What stands between parameters, and what those that follow it take.")

(cl-defstruct (repl-connect-signature (:copier nil))
  "One way to call something.
PARAMETERS are lists (TEXT NAME TAKES); NAME is nil for a mark between
parameters, TAKES one of `one' (argument), `rest' (all that follow),
`name' (one that is given by its name) and `names' (all such).  COMMAS
says whether commas are between them."
  parameters commas)

;;;; Reading

(defun repl-connect-signatures-read (name text)
  "Return the signatures in TEXT, of what is called NAME; nil if it has none."
  (let* ((text (string-trim (substring text 0 (min (length text)
                                                   repl-connect-signatures--longest))))
         (groups (repl-connect-signatures--groups text))
         (inside (and groups (null (cdr groups))
                      (not (repl-connect-signatures--commas-p (car groups)))
                      (repl-connect-signatures--split (substring (car groups) 1 -1)))))
    (if (and inside (seq-every-p (lambda (word) (eq (aref word 0) ?\[)) inside))
        (mapcar (lambda (word) (repl-connect-signatures--lisp "" word)) inside)
      (mapcar (lambda (group)
                (if (repl-connect-signatures--lisp-p name group)
                    (repl-connect-signatures--lisp name group)
                  (repl-connect-signatures--python group)))
              groups))))

(defun repl-connect-signatures--groups (text)
  "Return the texts in brackets that TEXT begins with."
  (cond
   ((string-empty-p text) nil)
   ((not (memq (aref text 0) '(?\( ?\[))) (list (format "(%s)" text)))
   (t (mapcar (lambda (word) (if (memq (aref word (1- (length word))) '(?\) ?\] ?}))
                                 word
                               (concat word ")")))
              (seq-take-while (lambda (word) (memq (aref word 0) '(?\( ?\[)))
                              (repl-connect-signatures--split text))))))

(defun repl-connect-signatures--split (text &optional separator)
  "Return the parts of TEXT between SEPARATOR, or between blanks.
What is in brackets or strings is not divided."
  (let ((depth 0) (quote nil) (start 0) (parts nil))
    (dotimes (position (length text))
      (let ((char (aref text position))
            (before (and (> position 0) (aref text (1- position)))))
        (cond
         (quote (when (and (eq char quote) (not (eq before ?\\))) (setq quote nil)))
         ((or (eq char ?\") (and (eq char ?\') (memq before '(?= ?\s ?\())))
          (setq quote char))
         ((memq char '(?\( ?\[ ?{)) (cl-incf depth))
         ((memq char '(?\) ?\] ?})) (cl-decf depth))
         ((and (<= depth 0)
               (if separator (eq char separator) (memq char '(?\s ?\t ?\n ?\r))))
          (push (substring text start position) parts)
          (setq start (1+ position))))))
    (push (substring text start) parts)
    (delete "" (mapcar #'string-trim (nreverse parts)))))

(defun repl-connect-signatures--commas-p (group)
  "Whether what is in the brackets of GROUP has commas in it."
  (cdr (repl-connect-signatures--split (substring group 1 -1) ?,)))

(defun repl-connect-signatures--lisp-p (name group)
  "Whether GROUP is written in a Lisp's way; NAME is what is called."
  (let ((inside (string-trim (substring group 1 -1))))
    (not (or (repl-connect-signatures--commas-p group)
             (string-match-p "\\`\\*\\{0,2\\}[[:alnum:]_]+[ \t]*\\(?::[ \t]\\|=\\)\\|\\`\\*" inside)
             (and (not (eq (aref group 0) ?\[))
                  (not (equal inside name))
                  (string-match-p "\\`\\(?:[[:alpha:]_][[:alnum:]_]*\\)?\\'" inside))))))

(defun repl-connect-signatures--python (group)
  "Return the signature of GROUP: (a, b: int = 1, /, *rest, **others)."
  (let ((takes 'one) (found nil))
    (dolist (part (repl-connect-signatures--split (substring group 1 -1) ?,))
      (let* ((mark (assoc part repl-connect-signatures--marks))
             (plain (string-trim-left part "\\*+"))
             (stars (- (length part) (length plain))))
        (if mark
            (push (list part nil nil) found)
          (push (list part
                      (if (string-match "\\`[[:alnum:]_]+" plain) (match-string 0 plain) part)
                      (pcase stars (1 'rest) (2 'names) (_ takes)))
                found))
        (when (or (= stars 1) (equal part "*"))
          (setq takes 'name))))
    (make-repl-connect-signature :parameters (nreverse found) :commas t)))

(defun repl-connect-signatures--lisp (name group)
  "Return the signature of GROUP, NAME first: (name a #:key b . rest)."
  (let ((words (repl-connect-signatures--split (substring group 1 -1)))
        (takes 'one) (found nil))
    (when (and words (not (equal name ""))
               (member (car words) (list name (car (last (split-string name "/"))))))
      (pop words))
    (dolist (word words)
      (let ((mark (assoc word repl-connect-signatures--marks)))
        (if mark
            (progn (push (list word nil nil) found)
                   (setq takes (cdr mark)))
          (push (list word
                      (string-trim-left
                       (if (memq (aref word 0) '(?\( ?\[))
                           (or (car (split-string word "[][(){} \t\n]+" t)) "")
                         word)
                       "[#:]+")
                      takes)
                found))))
    (make-repl-connect-signature :parameters (nreverse found))))

;;;; Showing

(defun repl-connect-signatures--current (signature argument keyword)
  "Return which parameter of SIGNATURE an argument is for, a number, or nil.
ARGUMENT is its place, from 0, KEYWORD the name it is given by, or nil."
  (let* ((parameters (repl-connect-signature-parameters signature))
         (named (lambda (parameter) (and (nth 1 parameter) (equal (nth 1 parameter) keyword))))
         (takes (lambda (parameter)
                  (and (nth 1 parameter)
                       (pcase (nth 2 parameter)
                         ('rest t)
                         ('one (< (cl-decf argument) 0)))))))
    (if keyword
        (or (cl-position-if named parameters)
            (cl-position 'names parameters :key #'caddr))
      (and argument (cl-position-if takes parameters)))))

(defun repl-connect-signatures-shown (name signatures &optional argument keyword columns)
  "Return a line for the one of SIGNATURES of NAME that fits the argument.
That is the one at place ARGUMENT or with the name KEYWORD, and is
marked; both may be nil.  The line is cut to COLUMNS if not nil.  Return
nil if there are no SIGNATURES."
  (when signatures
    (let* ((fitting (or (and (or argument keyword)
                             (seq-find (lambda (each)
                                         (repl-connect-signatures--current each argument keyword))
                                       signatures))
                        (car signatures)))
           (current (repl-connect-signatures--current fitting argument keyword))
           (commas (repl-connect-signature-commas fitting))
           (called (propertize name 'face 'font-lock-function-name-face))
           (parts (seq-map-indexed
                   (lambda (parameter number)
                     (if (eql number current)
                         (propertize (car parameter)
                                     'face 'eldoc-highlight-function-argument)
                       (car parameter)))
                   (repl-connect-signature-parameters fitting)))
           (before (if commas (concat called "(")
                     (concat "(" called (and parts " "))))
           (after (concat ")" (and (cdr signatures)
                                   (format "  +%d" (1- (length signatures))))))
           (between (if commas ", " " ")))
      (concat before
              (string-join (if columns
                               (repl-connect-signatures--fit
                                parts (or current 0) (length between)
                                (- columns (string-width before) (string-width after)))
                             parts)
                           between)
              after))))

(defun repl-connect-signatures--fit (parts current between room)
  "Return those PARTS around number CURRENT that there is ROOM for.
There are dots for the others.  BETWEEN columns are between them."
  (cl-flet* ((around (start end)
               (append (and (> start 0) '("…")) (seq-subseq parts start end)
                       (and (< end (length parts)) '("…"))))
             (fits (start end)
               (<= (apply #'+ (mapcar (lambda (part) (+ between (string-width part)))
                                      (around start end)))
                   (+ room between))))
    (if (or (null parts) (fits 0 (length parts)))
        parts
      (let ((start current) (end (1+ current)) (grows t))
        (while grows
          (cond ((and (< end (length parts)) (fits start (1+ end))) (cl-incf end))
                ((and (> start 0) (fits (1- start) end)) (cl-decf start))
                (t (setq grows nil))))
        (if (fits start end)
            (around start end)
          (list (truncate-string-to-width (nth current parts) (max 2 room) nil nil "…")))))))

(provide 'repl-connect-signatures)
;;; repl-connect-signatures.el ends here
