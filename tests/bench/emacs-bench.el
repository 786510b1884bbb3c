;;; emacs-bench.el --- What is measured inside Emacs  -*- lexical-binding: t; -*-

;;; Commentary:

;; tests/bench/emacs_bench.py loads this into an Emacs in tmux.

;;; Code:

(require 'comint)

(defvar bench-buffer nil "The buffer in which something is awaited.")
(defvar bench-end nil "The text that it ends in then.")
(defvar bench-timer nil "The timer that looks.")
(defvar bench-begun nil "When the waiting began.")
(defvar bench-last nil "When the timer ran last, and the processor time until then.")
(defvar bench-gap nil "The longest time between two runs of the timer.")
(defvar bench-work nil "The longest processor time between two runs of the timer.")

(defun bench-await (buffer end file)
  "Begin to wait until BUFFER has END near its end; write what that took to FILE."
  (setq bench-buffer buffer
        bench-end end
        bench-begun (float-time)
        bench-last (cons bench-begun (float-time (get-internal-run-time)))
        bench-gap 0.0
        bench-work 0.0
        bench-timer (run-at-time 0 0.01 #'bench-look file))
  t)

(defun bench-look (file)
  "Note how long this timer has not run; in the end write what was noted to FILE."
  (let ((now (float-time))
        (used (float-time (get-internal-run-time))))
    (setq bench-gap (max bench-gap (- now (car bench-last)))
          bench-work (max bench-work (- used (cdr bench-last)))
          bench-last (cons now used))
    (when (with-current-buffer bench-buffer
            (save-excursion
              (goto-char (point-max))
              (search-backward bench-end (max (point-min) (- (point) 1000)) t)))
      (cancel-timer bench-timer)
      (write-region (format "%f %f %f" (- now bench-begun) bench-gap bench-work)
                    nil (concat file "~") nil 'quiet)
      (rename-file (concat file "~") file))))

(defvar bench-gathered nil "What has come for `bench-plain', the last first.")

(defun bench-plain (socket end file)
  "Have a plain comint buffer show what comes from SOCKET up to END.
It is gathered for 30 ms at a time.  Write what that took to FILE, as
`bench-await' does."
  (let ((buffer (generate-new-buffer "*plain*"))
        (read-process-output-max 65536))
    (switch-to-buffer buffer)
    (delete-other-windows)
    (comint-mode)
    (setq buffer-undo-list t
          bench-gathered nil)
    (bench-await buffer end file)
    (let ((process (make-network-process :name "plain" :buffer buffer :family 'local
                                         :service socket :coding 'utf-8-unix :noquery t
                                         :filter #'bench-gather)))
      (set-marker (process-mark process) (point-max)))
    t))

(defun bench-gather (process text)
  "Have PROCESS's buffer show TEXT, with what comes in the next 30 ms."
  (unless bench-gathered
    (run-at-time 0.03 nil (lambda ()
                            (let ((texts (nreverse bench-gathered)))
                              (setq bench-gathered nil)
                              (comint-output-filter process (apply #'concat texts))))))
  (push text bench-gathered))

(defun bench-keys (count)
  "Return the seconds that each of COUNT keys takes, until the screen shows it.
When they take too long there are fewer."
  (let ((until (+ (float-time) 5))
        (found nil))
    (goto-char (point-max))
    (redisplay t)
    (while (and (< (length found) count)
                (< (float-time) until))
      (let ((begun (float-time))
            (last-command-event ?a))
        (run-hooks 'pre-command-hook)
        (call-interactively #'self-insert-command)
        (run-hooks 'post-command-hook)
        (redisplay t)
        (push (- (float-time) begun) found)))
    (delete-char (- (length found)))
    (mapconcat #'number-to-string found " ")))

(provide 'emacs-bench)
;;; emacs-bench.el ends here
