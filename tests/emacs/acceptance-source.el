;;; acceptance-source.el --- Deeds in source buffers  -*- lexical-binding: t; -*-

;;; Commentary:

;; Sending code, what is shown of it, and what is known about names.

;;; Code:

(require 'acceptance-desk)

(acceptance-deed the-form-before-point
    (:source ("C-x C-e" "C-c C-e") :commands (repl-connect-eval-last))
  (acceptance-source (testing-word 'fail) (concat (testing-word 'sum) "‸") (testing-word 'fail))
  (acceptance-do)
  (acceptance-until-value "42" 2))

(acceptance-deed the-definition-around-point
    (:source ("C-M-x" "C-c C-c") :commands (repl-connect-eval-definition))
  (let ((sum (testing-word 'sum)))
    (acceptance-source (testing-word 'fail)
                       (concat (substring sum 0 3) "‸" (substring sum 3))
                       (testing-word 'fail))
    (acceptance-do)
    (acceptance-until-value "42" 2)))

(acceptance-deed the-region
    (:source ("C-c C-r") :commands (repl-connect-eval-region))
  (acceptance-evaluate (acceptance-define 7))
  (acceptance-source (concat "‸" (acceptance-define 9)) (testing-word 'read) (testing-word 'fail))
  (testing-keys "C-SPC C-n C-n")
  (acceptance-do)
  (acceptance-until-value "9" 2))

(acceptance-deed the-line
    (:commands (repl-connect-eval-line))
  (acceptance-source (testing-word 'fail) (concat "‸" (testing-word 'sum)) (testing-word 'fail))
  (acceptance-do)
  (acceptance-until-value "42" 2))

(acceptance-deed the-paragraph
    (:commands (repl-connect-eval-paragraph))
  (acceptance-source (testing-word 'fail) "" (concat "‸" (acceptance-define 8))
                     (testing-word 'read) "" (testing-word 'fail))
  (acceptance-do)
  (acceptance-until-value "8" 4))

(acceptance-deed the-cell
    (:commands (repl-connect-eval-cell))
  (let ((mark (concat (repl-connect-language-comment-prefix
                       (repl-connect-connection-language (acceptance-connection)))
                      "%%")))
    (acceptance-source (testing-word 'fail) mark (acceptance-define 5)
                       (concat (testing-word 'read) "‸") mark (testing-word 'fail))
    (acceptance-do)
    (acceptance-until-value "5" 4)))

(acceptance-deed the-buffer-as-it-is
    (:source ("C-c C-k") :commands (repl-connect-eval-buffer))
  (acceptance-source (acceptance-define 10))
  (erase-buffer)
  (insert (acceptance-lines (acceptance-define 11) (testing-word 'read)))
  (acceptance-do)
  (testing-until-said "=> ")
  (acceptance-idle)
  (should (buffer-modified-p))
  (testing-keys "C-x C-e")
  (acceptance-until-value "11" 2))

(acceptance-deed the-file-on-disk
    (:source ("C-c C-l") :commands (repl-connect-load-file))
  (acceptance-source (acceptance-define 12))
  (erase-buffer)
  (insert (acceptance-define 13) "\n")
  ;; The default is the file of the buffer; no, it is not to be saved first.
  (setq acceptance-way (vconcat acceptance-way "\rn"))
  (acceptance-do)
  (testing-until repl-connect-sending--ended)
  (acceptance-idle)
  (insert (testing-word 'read))
  (testing-keys "C-x C-e")
  (acceptance-until-value "12"))

(acceptance-deed an-expression
    (:source ("C-c M-:") :commands (repl-connect-eval-expression))
  (acceptance-source "")
  (acceptance-do (testing-word 'sum))
  (testing-until-said "=> 42"))

(acceptance-deed the-same-again
    (:source ("C-c C-a") :commands (repl-connect-eval-again))
  (acceptance-source "" (concat (testing-word 'sum) "‸"))
  (testing-keys "C-x C-e")
  (acceptance-until-value "42" 2)
  (goto-char (point-min))
  (search-forward "40")
  (replace-match "50")
  (goto-char (point-min))
  (acceptance-do)
  (acceptance-until-value "52" 2))

(acceptance-deed a-value-in-the-text
    (:source ("C-u C-x C-e" "C-u C-M-x"))
  (acceptance-source (concat (testing-word 'sum) "‸"))
  (acceptance-do)
  (testing-until (equal (testing-text) (concat (testing-word 'sum) "42\n"))))

(acceptance-deed a-value-in-a-comment
    (:source ("C-u C-u C-c C-e" "C-u C-u C-c C-c"))
  (acceptance-source (concat (testing-word 'sum) "‸"))
  (acceptance-do)
  (testing-until (string-match-p "  [#;/]+ => 42\n\\'" (testing-text))))

(acceptance-deed interrupting-code-of-a-buffer
    (:source ("C-c C-b") :commands (repl-connect-interrupt-here))
  (acceptance-source (testing-word 'forever))
  (testing-keys "C-c C-k")
  (testing-until-shown "going" acceptance-buffer)
  (acceptance-do)
  (acceptance-idle)
  (testing-until-said "interrupted")
  (erase-buffer)
  (insert (testing-word 'sum))
  (testing-keys "C-x C-e")
  (acceptance-until-value "42"))

(acceptance-deed the-whole-value
    (:source ("C-c C-v") :commands (repl-connect-show-value))
  (acceptance-source (concat (testing-word 'many) "‸"))
  (testing-keys "C-x C-e")
  (testing-until (acceptance-beside))
  (acceptance-do)
  (testing-until-shown "999" (get-buffer "*repl value*")))

(acceptance-deed no-more-results
    (:source ("C-c M-o") :commands (repl-connect-clear-results))
  (let ((repl-connect-result-duration 'change))
    (acceptance-source (concat (testing-word 'fail) "‸"))
    (testing-keys "C-x C-e")
    (testing-until (acceptance-beside))
    (acceptance-do)
    (should-not (acceptance-beside))
    (should-not (seq-some (lambda (overlay) (overlay-get overlay 'repl-connect-error))
                          (overlays-in (point-min) (point-max))))))

(acceptance-deed to-the-repl-and-back
    (:source ("C-c C-z") :repl ("C-c C-z") :commands (repl-connect-switch-to-repl))
  (acceptance-source "")
  (let ((source (current-buffer)))
    (acceptance-do)
    (should (eq (window-buffer) acceptance-buffer))
    (acceptance-do)
    (should (eq (window-buffer) source))))

(acceptance-deed back-to-the-source
    (:commands (repl-connect-switch-to-source))
  (acceptance-source (concat (testing-word 'sum) "‸"))
  (let ((source (current-buffer)))
    (testing-keys "C-x C-e")
    (acceptance-until-value "42")
    (pop-to-buffer acceptance-buffer)
    (acceptance-do)
    (should (eq (window-buffer) source))))

(acceptance-deed at-one-key-from-the-menu
    (:commands (repl-connect-menu repl-connect-transient))
  (acceptance-source "")
  (setq acceptance-way (vconcat acceptance-way "z"))
  (acceptance-do)
  (should (eq (window-buffer) acceptance-buffer)))

(acceptance-deed the-mode-itself
    (:commands (repl-connect-mode))
  (acceptance-source (concat (testing-word 'sum) "‸"))
  (repl-connect-mode -1)
  (acceptance-do)
  (should repl-connect-mode)
  (testing-keys "C-x C-e")
  (acceptance-until-value "42")
  (acceptance-do)
  (should-not repl-connect-mode)
  (should-not (acceptance-beside)))

(ert-deftest acceptance-the-next-error-is-in-its-line ()
  (acceptance-begin)
  (testing-afresh
    (acceptance-source "" "" (concat (testing-word 'fail)))
    (testing-keys "C-c C-k")
    (testing-until-said (testing-word 'error))
    (acceptance-idle)
    (goto-char (point-min))
    (let ((source (current-buffer)))
      (testing-keys "C-x `")
      (should (eq (window-buffer) source))
      (should (= (line-number-at-pos) 3)))))

;;;; Names

(acceptance-deed documentation
    (:source ("C-c C-d") :repl ("C-c C-d") :commands (repl-connect-documentation))
  (if (assoc acceptance-way (mapcar (lambda (way) (list (kbd (cdr way))))
                                    (seq-filter #'consp acceptance-ways)))
      (acceptance-source "")
    (goto-char (point-max)))
  (insert (testing-word 'documented))
  (acceptance-do)
  (testing-until (get-buffer "*repl documentation*"))
  (testing-until-shown (testing-word 'documentation) (get-buffer "*repl documentation*")))

(acceptance-deed documentation-of-a-name-that-is-typed
    (:source ("C-c C-d") :repl ("C-c C-d") :commands (repl-connect-documentation))
  (acceptance-do (testing-word 'documented))
  (testing-until (get-buffer "*repl documentation*"))
  (testing-until-shown (testing-word 'documentation) (get-buffer "*repl documentation*")))

(acceptance-deed from-documentation-to-the-definition
    (:documentation ("s") :commands (repl-connect-documentation-source))
  (apply #'acceptance-source "" (acceptance-twice))
  (let ((source (current-buffer)))
    (testing-keys "C-c C-k")
    (testing-until repl-connect-sending--ended)
    (acceptance-idle)
    (goto-char (point-max))
    (insert (testing-word 'twice))
    (search-backward "twice")
    (testing-keys "C-c C-d")
    (select-window (testing-until (get-buffer-window "*repl documentation*")))
    (acceptance-do)
    (should (eq (window-buffer) source))
    (should (= (line-number-at-pos) 2))))

(acceptance-deed names-with-a-word
    (:commands (repl-connect-apropos))
  (acceptance-do (testing-word 'completed))
  (testing-until (get-buffer "*repl apropos*"))
  (should (testing-in-buffer-p (testing-word 'completed) (get-buffer "*repl apropos*"))))

(acceptance-deed the-definition-of-a-name
    (:source ("M-.") :repl ("M-."))
  (apply #'acceptance-source "" (acceptance-twice))
  (let ((source (current-buffer)))
    (testing-keys "C-c C-k")
    (testing-until repl-connect-sending--ended)
    (acceptance-idle)
    (pop-to-buffer acceptance-buffer)
    (goto-char (point-max))
    (insert (testing-word 'twice))
    (search-backward "twice")
    (let ((from (point)))
      (acceptance-do)
      (should (eq (window-buffer) source))
      (should (= (line-number-at-pos) 2))
      (testing-keys "M-,")
      (should (eq (window-buffer) acceptance-buffer))
      (should (= (point) from)))))

(acceptance-deed completion
    (:source ("C-M-i") :repl ("TAB" "C-M-i") :commands (repl-connect-complete-or-indent))
  (insert (testing-word 'begun))
  (acceptance-do)
  (should (or (testing-in-buffer-p (testing-word 'completed))
              (testing-in-buffer-p (testing-word 'completed) "*Completions*"))))

(acceptance-deed completion-in-a-source-buffer
    (:source ("C-M-i"))
  (acceptance-source "")
  (insert (testing-word 'begun))
  (acceptance-do)
  (should (or (testing-in-buffer-p (testing-word 'completed))
              (testing-in-buffer-p (testing-word 'completed) "*Completions*"))))

(provide 'acceptance-source)
;;; acceptance-source.el ends here
