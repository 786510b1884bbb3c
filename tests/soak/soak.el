;;; soak.el --- Evaluate for long inside Emacs  -*- lexical-binding: t; -*-

;;; Commentary:

;; tests/soak/edited.py runs this: it says how many evaluations there are to be, a line each time.

;;; Code:

(require 'cl-lib)
(require 'repl-connect)
(require 'repl-connect-evaluation)
(require 'repl-connect-repl)

(defvar soak-number 0 "How many evaluations there were.")

(defconst soak-block 25 "How many lines are typed before the value of the last one is awaited.")

(defun soak-until (condition)
  "Let Emacs work until the function CONDITION holds."
  (while (not (funcall condition))
    (accept-process-output nil 0.05)))

(defun soak-prompt-p (buffer)
  "Whether BUFFER ends in a prompt."
  (with-current-buffer buffer
    (string-suffix-p "> " (buffer-substring (max (point-min) (- (point-max) 2)) (point-max)))))

(defun soak-enter (buffer count)
  "Enter COUNT lines in BUFFER, and wait until there is a prompt after the last value."
  (with-current-buffer buffer
    (dotimes (_ count)
      (goto-char (point-max))
      (insert (format "%d + 1" (cl-incf soak-number)))
      (call-interactively #'repl-connect-return))
    (let ((end (format "%d" (1+ soak-number))))
      (soak-until (lambda ()
                    (and (soak-prompt-p buffer)
                         (save-excursion
                           (goto-char (point-max))
                           (search-backward end (max (point-min) (- (point) 200)) t))))))))

(defun soak-run (address)
  "Evaluate at ADDRESS as often as each line of standard input says."
  (let ((buffer-name (format "*repl: nrepl+unix:%s*" address)))
    (repl-connect (concat "nrepl+unix:" address))
    (soak-until (lambda () (and (get-buffer buffer-name) (soak-prompt-p buffer-name))))
    (let (line)
      (while (setq line (ignore-errors (read-string "")))
        (let ((left (string-to-number line)))
          (while (> left 0)
            (soak-enter (get-buffer buffer-name) (min left soak-block))
            (setq left (- left soak-block))))
        (princ "done\n")))))

;;; soak.el ends here
