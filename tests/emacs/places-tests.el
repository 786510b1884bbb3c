;;; places-tests.el --- From an error to its place  -*- lexical-binding: t; -*-

;; Programs: python_server guile_program clojure_nrepl

;;; Code:

(require 'testing)
(require 'repl-connect)
(require 'repl-connect-mode)

(defun places-tests-code ()
  "Return a definition of `wrong', whose second line fails."
  (alist-get (testing-kind)
             '((python_server . "def wrong(n):\n    return [n / 0, None]\n")
               (guile_program . "(define (wrong n)\n  (list (/ n 0)))\n")
               (clojure_nrepl . "(defn wrong [n]\n  (list (/ n 0)))\n"))))

(defun places-tests-call ()
  "Return a call of it."
  (if (eq (testing-kind) 'python_server) "wrong(3)" "(wrong 3)"))

(defun places-tests-go (command)
  "Do COMMAND, and be where it leads to."
  (call-interactively command)
  (set-buffer (window-buffer)))

(defun places-tests-idle-p ()
  "Whether nothing runs any more."
  (not (repl-connect-connection-evaluations (repl-connect-current-connection))))

(defun places-tests-marks ()
  "Return the lines of this buffer that are marked."
  (delete-dups
   (mapcar (lambda (overlay) (line-number-at-pos (overlay-start overlay) t))
           (seq-filter (lambda (overlay) (overlay-get overlay 'repl-connect-error))
                       (overlays-in (point-min) (point-max))))))

(ert-deftest next-error-goes-to-the-line-where-it-is-by-now ()
  (testing-afresh
    (testing-connect)
    (let ((buffer (testing-visit (concat "\n" (places-tests-code) "\n" (places-tests-call) "\n"))))
      (repl-connect-mode 1)
      (repl-connect-eval-buffer)
      (testing-until (places-tests-marks))
      (goto-char (point-min))
      (insert "\n\n")
      (should (memq (car (places-tests-marks)) '(5 7)))
      (places-tests-go #'next-error)
      (should (eq (current-buffer) buffer))
      (should (equal (line-number-at-pos) (car (places-tests-marks)))))))

(ert-deftest next-error-goes-to-a-function-of-another-file ()
  ;; Clojure tells no frames of files beside the message.
  (unless (eq (testing-kind) 'clojure_nrepl)
    (testing-afresh
      (testing-connect)
      (let ((definition (testing-visit (concat "\n\n" (places-tests-code)))))
        (repl-connect-mode 1)
        (repl-connect-eval-buffer)
        (testing-until (places-tests-idle-p))
        (let ((call (testing-visit (concat (places-tests-call) "‸\n"))))
          (repl-connect-mode 1)
          (repl-connect-eval-last)
          (testing-until (places-tests-marks))
          (places-tests-go #'next-error)
          (should (eq (current-buffer) call))
          (places-tests-go #'previous-error)
          (should (eq (current-buffer) definition))
          (should (equal (line-number-at-pos) 4))
          (should-error (places-tests-go #'previous-error) :type 'user-error))))))

(ert-deftest code-without-a-file-has-places-in-its-buffer ()
  (testing-afresh
    (testing-connect)
    (switch-to-buffer "unsaved")
    (insert "\n\n" (testing-word 'sum) "\n" (testing-word 'fail) "\n")
    (setq repl-connect-language
          (repl-connect-connection-language (car repl-connect-connections)))
    (repl-connect-mode 1)
    (repl-connect-eval-region 3 (point-max))
    (testing-until (places-tests-marks))
    (goto-char (point-max))
    (places-tests-go #'next-error)
    (should (equal (buffer-name) "unsaved"))
    (should (equal (line-number-at-pos) (car (places-tests-marks))))
    ;; Guile says no line of what has no file: it is where the code begins.
    (should (equal (line-number-at-pos) (if (eq (testing-kind) 'guile_program) 3 4)))))

(ert-deftest a-buffer-that-is-gone-is-said-to-be ()
  (testing-afresh
    (testing-connect)
    (switch-to-buffer "unsaved")
    (insert (testing-word 'fail))
    (setq repl-connect-language
          (repl-connect-connection-language (car repl-connect-connections)))
    (repl-connect-eval-region (point-min) (point-max))
    (testing-until (places-tests-idle-p))
    (kill-buffer)
    (should-error (places-tests-go #'next-error) :type 'user-error)))

(ert-deftest a-place-in-the-repl-buffer-leads-there ()
  (testing-afresh
    (let ((repl (testing-connect))
          (source (testing-visit (concat "\n" (testing-word 'fail) "‸\n"))))
      (repl-connect-load-file buffer-file-name)
      (testing-until (places-tests-marks))
      (switch-to-buffer repl)
      (testing-until-shown (file-name-nondirectory (buffer-file-name source)))
      (jit-lock-fontify-now (point-min) (point-max))
      (goto-char (text-property-not-all (point-min) (point-max) 'repl-connect-place nil))
      (testing-keys "RET")
      (should (eq (window-buffer) source))
      (should (equal (line-number-at-pos) 2)))))

;;; places-tests.el ends here
