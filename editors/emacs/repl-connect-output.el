;;; repl-connect-output.el --- Text in a REPL buffer  -*- lexical-binding: t; -*-

;;; Commentary:

;; Whatever is to be shown in a REPL buffer goes through one queue, so its order is that in which
;; it came.  A timer puts it into the buffer, above the prompt: what comes together goes in
;; together, and never so much at once that typing would be held up.  A program that prints faster
;; than that is not slowed: the oldest output that waits is dropped, and it is said how much.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'repl-connect-client)
(require 'repl-connect-escapes)
(require 'repl-connect-transcript)

(defconst repl-connect-output--pause 0.03
  "Seconds that output is gathered for.")
(defconst repl-connect-output--breath 0.005
  "Seconds for other things while there is more to be put in.")
(defconst repl-connect-output--turn 0.008
  "Seconds that putting things in may take at a time.")
(defconst repl-connect-output--slice 8000
  "Characters of output that are put in at once.")
(defconst repl-connect-output--waiting-limit 1000000
  "Characters of output that wait to be put in.")
(defconst repl-connect-output--weight 500
  "Characters that an entry counts for.")
(defconst repl-connect-output--moment 0.05
  "Seconds in which it turns out whether standard error is an error's text.")

(defvar-local repl-connect-output--queue nil
  "What is to be put into the buffer: entries, the oldest first.")
(defvar-local repl-connect-output--queue-end nil
  "The last cons of the queue.")
(defvar-local repl-connect-output--waiting 0
  "Characters of output in the queue; each entry counts for some more.")
(defvar-local repl-connect-output--timer nil
  "The timer that will put it there.")
(defvar repl-connect-flushed-hook nil
  "Run in a REPL buffer when something was put into it, or might have been.")

(cl-defstruct (repl-connect-output--entry (:copier nil))
  "What is to be put in: output of one SOURCE, or text of ours.
READY are texts in order, from character OFFSET of the first one on, and
FRESH those that came later, the last first; TIME is when the last of
them came, EVALUATION what has printed them.  With FUNCTION that is
called when it is its turn, with no arguments, to return the text.
DROPPED are the lines that it says were dropped."
  source ready fresh (offset 0) function time evaluation dropped)

;;;; Putting something on the queue

(defun repl-connect-output--add (connection entry)
  "Put ENTRY on the queue of the buffer of CONNECTION."
  (when (buffer-live-p (repl-connect-connection-buffer connection))
    (with-current-buffer (repl-connect-connection-buffer connection)
      (let ((end (list entry)))
        (if repl-connect-output--queue
            (setcdr repl-connect-output--queue-end end)
          (setq repl-connect-output--queue end))
        (setq repl-connect-output--queue-end end))
      (repl-connect-output--schedule repl-connect-output--pause))))

(defun repl-connect-output--schedule (seconds)
  "Put what waits into the current buffer in SECONDS, unless it is about to be."
  (unless repl-connect-output--timer
    (setq repl-connect-output--timer
          (run-at-time seconds nil #'repl-connect-output--tick (current-buffer)))))

(defun repl-connect-output--tick (buffer)
  "Do what the timer of BUFFER is for."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (setq repl-connect-output--timer nil)))
  (repl-connect-flush buffer))

(defun repl-connect-show (connection text &optional face)
  "Show TEXT with FACE in the REPL buffer of CONNECTION, soon, above the prompt.
It starts on a line of its own, unless it goes on with other such text."
  (let ((text (if (string-match-p repl-connect-escapes--control text)
                  (repl-connect-clean text)
                text)))
    (repl-connect-output--add
     connection
     (make-repl-connect-output--entry
      :source 'ours
      :function (lambda () (if face (propertize text 'font-lock-face face) text))))))

(defun repl-connect-note (connection format-string &rest arguments)
  "Say something in the REPL buffer of CONNECTION, on a line of its own.
FORMAT-STRING and ARGUMENTS are as for `format'."
  (repl-connect-show connection (concat "; " (apply #'format format-string arguments) "\n")
                     'repl-connect-note))

(defun repl-connect-show-output (connection stream text &optional evaluation late)
  "Show TEXT, printed to STREAM, in the buffer of CONNECTION.
STREAM is `out' or `err', a string.  EVALUATION has printed it, if that
is known; LATE says that none of this Emacs has, and marks it."
  (when (buffer-live-p (repl-connect-connection-buffer connection))
    (with-current-buffer (repl-connect-connection-buffer connection)
      (let ((last (and repl-connect-output--queue (car repl-connect-output--queue-end)))
            (source (repl-connect-output--source stream late)))
        (unless (and last (eq (repl-connect-output--entry-source last) source)
                     (eq (repl-connect-output--entry-evaluation last) evaluation))
          (setq last (make-repl-connect-output--entry :source source :evaluation evaluation))
          (repl-connect-output--add connection last)
          (cl-incf repl-connect-output--waiting repl-connect-output--weight))
        (push text (repl-connect-output--entry-fresh last))
        (setf (repl-connect-output--entry-time last) (float-time))
        (cl-incf repl-connect-output--waiting (length text))
        (when (> repl-connect-output--waiting repl-connect-output--waiting-limit)
          (repl-connect-output--drop))))))

(defun repl-connect-output--source (stream late)
  "Return the symbol for what is printed to STREAM; LATE as for showing it."
  (if (equal stream "err") (if late 'late-err 'err) (if late 'late-out 'out)))

(defun repl-connect-output--drop ()
  "Drop the oldest output that waits, until half of what may wait is left."
  (let ((lines 0) (kept nil) (at nil))
    (while (and repl-connect-output--queue
                (> repl-connect-output--waiting (/ repl-connect-output--waiting-limit 2)))
      (let ((entry (pop repl-connect-output--queue)))
        (cond
         ((repl-connect-output--entry-dropped entry)
          (cl-incf lines (repl-connect-output--entry-dropped entry)))
         ((repl-connect-output--entry-function entry) (push entry kept))
         (t
          (while (and (repl-connect-output--entry-more-p entry)
                      (> repl-connect-output--waiting (/ repl-connect-output--waiting-limit 2)))
            (cl-incf lines (repl-connect-output--lines
                            (repl-connect-output--entry-next entry most-positive-fixnum))))
          (setq at kept)
          (if (repl-connect-output--entry-more-p entry)
              (push entry repl-connect-output--queue)
            (cl-decf repl-connect-output--waiting repl-connect-output--weight))))))
    (let ((note (make-repl-connect-output--entry :source 'ours :dropped lines)))
      (setf (repl-connect-output--entry-function note)
            (lambda () (repl-connect-output--dropped-words note)))
      ;; Where the last of it was.
      (setq repl-connect-output--queue
            (append (reverse at) (list note)
                    (reverse (butlast kept (length at))) repl-connect-output--queue)
            repl-connect-output--queue-end (last repl-connect-output--queue)))))

(defun repl-connect-output--lines (text)
  "Return the number of newlines in TEXT."
  (let ((count 0) (at -1))
    (while (setq at (string-search "\n" text (1+ at)))
      (cl-incf count))
    count))

(defun repl-connect-output--dropped-words (note)
  "Return the words of NOTE about what was dropped."
  (let ((lines (repl-connect-output--entry-dropped note)))
    ;; What comes next begins within a line, most likely.
    (setq repl-connect-transcript--streams nil)
    (propertize (format "; … %s dropped here: they came faster than they could be shown.\n"
                        (if (= lines 1) "1 line was" (format "%d lines were" lines)))
                'font-lock-face 'repl-connect-note)))

(defun repl-connect-output--entry-more-p (entry)
  "Whether ENTRY has output that was not put in yet."
  (or (repl-connect-output--entry-ready entry) (repl-connect-output--entry-fresh entry)))

(defun repl-connect-output--entry-next (entry size)
  "Take a piece of output from ENTRY, of SIZE characters at most."
  (unless (repl-connect-output--entry-ready entry)
    (setf (repl-connect-output--entry-ready entry)
          (nreverse (repl-connect-output--entry-fresh entry))
          (repl-connect-output--entry-fresh entry) nil))
  (let* ((text (car (repl-connect-output--entry-ready entry)))
         (start (repl-connect-output--entry-offset entry))
         (end (if (> (- (length text) start) size) (+ start size) (length text))))
    (if (= end (length text))
        (progn (pop (repl-connect-output--entry-ready entry))
               (setf (repl-connect-output--entry-offset entry) 0))
      (setf (repl-connect-output--entry-offset entry) end))
    (cl-decf repl-connect-output--waiting (- end start))
    (if (and (= start 0) (= end (length text))) text (substring text start end))))

(defun repl-connect-output--entry-take-last (entry)
  "Take the last text that was added to ENTRY, nil if there is none any more."
  (unless (repl-connect-output--entry-fresh entry)
    (setf (repl-connect-output--entry-fresh entry)
          (nreverse (repl-connect-output--entry-ready entry))
          (repl-connect-output--entry-ready entry) nil))
  (when (repl-connect-output--entry-fresh entry)
    (let ((text (pop (repl-connect-output--entry-fresh entry))))
      (unless (repl-connect-output--entry-fresh entry)
        (setq text (substring text (repl-connect-output--entry-offset entry)))
        (setf (repl-connect-output--entry-offset entry) 0))
      (cl-decf repl-connect-output--waiting (length text))
      text)))

;;;; Putting it into the buffer

(defun repl-connect-flush (buffer)
  "Put what waits into BUFFER, as much as does not hold up anything else."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (when repl-connect-output--timer
        (cancel-timer repl-connect-output--timer)
        (setq repl-connect-output--timer nil))
      (let ((end (+ (float-time) repl-connect-output--turn)))
        (save-restriction
          (widen)
          (while (and repl-connect-output--queue
                      (not (repl-connect-output--undecided-p (car repl-connect-output--queue)))
                      (progn (repl-connect-output--take (car repl-connect-output--queue))
                             (< (float-time) end))))
          (repl-connect-transcript--truncate)
          (run-hooks 'repl-connect-flushed-hook)))
      (when repl-connect-output--queue
        (repl-connect-output--schedule
         (if (repl-connect-output--undecided-p (car repl-connect-output--queue))
             repl-connect-output--pause
           repl-connect-output--breath))))))

(defun repl-connect-output--undecided-p (entry)
  "Whether ENTRY, which is the next, may turn out to be the text of an error."
  (and (eq (repl-connect-output--entry-source entry) 'err)
       (null (cdr repl-connect-output--queue))
       (repl-connect-output--entry-evaluation entry)
       (not (repl-connect-evaluation-done (repl-connect-output--entry-evaluation entry)))
       (< (float-time) (+ (repl-connect-output--entry-time entry) repl-connect-output--moment))))

(declare-function repl-connect-evaluation-done "repl-connect-evaluation" t t)

(defun repl-connect-output--take (entry)
  "Put the first piece of ENTRY, the first of the queue, into the buffer."
  (let ((function (repl-connect-output--entry-function entry)))
    (if function
        (progn
          (pop repl-connect-output--queue)
          (repl-connect-demoted "showing something"
            (repl-connect-transcript--insert-ours (funcall function))))
      (let ((text "") (pieces nil) (size 0))
        (while (and (< size repl-connect-output--slice) (repl-connect-output--entry-more-p entry))
          (let ((piece (repl-connect-output--entry-next entry (- repl-connect-output--slice size))))
            (cl-incf size (length piece))
            (push piece pieces)))
        (setq text (if (cdr pieces) (apply #'concat (nreverse pieces)) (or (car pieces) "")))
        (unless (repl-connect-output--entry-more-p entry)
          (cl-decf repl-connect-output--waiting repl-connect-output--weight)
          (pop repl-connect-output--queue))
        (repl-connect-transcript--insert-output text (repl-connect-output--entry-source entry))))))

(provide 'repl-connect-output)
;;; repl-connect-output.el ends here
