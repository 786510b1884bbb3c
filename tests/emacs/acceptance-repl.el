;;; acceptance-repl.el --- Deeds in the REPL buffer  -*- lexical-binding: t; -*-

;;; Commentary:

;; Typing, sending, the history; with comint's keys, too.

;;; Code:

(require 'acceptance-desk)

(acceptance-deed sending-what-is-typed
    (:repl ("RET" "M-RET" "C-<return>") :commands (repl-connect-return repl-connect-send-input))
  (testing-type (testing-word 'sum))
  (acceptance-do)
  (testing-until-shown "42\n")
  (acceptance-idle)
  (should (equal (acceptance-typed) "")))

(acceptance-deed a-further-line
    (:repl ("RET" "C-j") :comint ("C-c SPC") :commands (repl-connect-newline repl-connect-return))
  (testing-type (testing-word 'incomplete))
  (acceptance-do)
  (should (string-match-p "\n *\\'" (acceptance-typed)))
  (testing-type (testing-word 'rest))
  (let ((typed (acceptance-typed)))
    (testing-keys "RET")
    (testing-until-shown (concat (testing-word 'finished) "\n"))
    (acceptance-enter (testing-word 'sum))
    (testing-keys "M-p M-p")
    (should (equal (acceptance-typed) typed))))

(acceptance-deed indenting-a-line
    (:repl ("TAB") :commands (repl-connect-complete-or-indent))
  (testing-type (testing-word 'incomplete))
  (testing-keys "C-j")
  (let ((column (current-column)))
    (delete-horizontal-space)
    (acceptance-do)
    (should (= (current-column) column))))

(acceptance-deed interrupting
    (:repl ("C-c C-c" "C-c C-b" "C-c C-\\") :commands (repl-connect-interrupt))
  (insert (testing-word 'forever))
  (testing-keys "M-RET")
  (testing-until-shown "\ngoing")
  (acceptance-do)
  (testing-until-shown "; interrupted")
  (acceptance-enter (testing-word 'sum))
  (testing-until-shown "42\n"))

(acceptance-deed the-end-of-input
    (:repl ("C-d") :commands (repl-connect-delete-or-end))
  (goto-char (point-max))
  (testing-type (testing-word 'ask))
  (testing-keys "RET")
  (testing-until-shown "input> ")
  (acceptance-do)
  (testing-until-shown "(end of input)")
  (acceptance-idle))

(acceptance-deed deleting-a-character
    (:repl ("C-d") :comint ("<delete>" "<kp-delete>") :commands (repl-connect-delete-or-end))
  (testing-type "ab")
  (testing-keys "C-b")
  (acceptance-do)
  (should (equal (acceptance-typed) "a")))

(acceptance-deed leaving-only-if-it-is-meant
    (:repl ("C-d") :commands (repl-connect-delete-or-end))
  (setq acceptance-way (vconcat acceptance-way "n"))
  (acceptance-do)
  (should (repl-connect-open-p (acceptance-connection))))

(acceptance-deed killing-what-is-typed
    (:comint ("C-c C-u") :commands (repl-connect-kill-input))
  (testing-type "one two")
  (acceptance-do)
  (should (equal (acceptance-typed) ""))
  (testing-keys "C-y")
  (should (equal (acceptance-typed) "one two")))

(acceptance-deed an-earlier-input-once-more
    (:repl ("RET") :comint ("C-c RET" "<mouse-2>")
     :commands (repl-connect-copy-old-input repl-connect-return))
  (acceptance-enter (testing-word 'sum))
  (testing-until-shown "42\n")
  (search-backward (testing-word 'sum))
  (when (equal acceptance-way (kbd "<mouse-2>"))
    (setq acceptance-way `[(mouse-2 ,(posn-at-point))]))
  (acceptance-do)
  (should (equal (acceptance-typed) (testing-word 'sum))))

(acceptance-deed deleting-the-last-output
    (:repl ("C-c C-o") :commands (repl-connect-delete-output))
  (acceptance-enter (testing-word 'sum) (testing-word 'print))
  (testing-until-shown "hello\n")
  (acceptance-do)
  (testing-until-shown "output deleted")
  (should-not (testing-in-buffer-p "hello\n"))
  (should (testing-in-buffer-p "42\n")))

(acceptance-deed an-empty-buffer
    (:repl ("C-c M-o") :commands (repl-connect-clear))
  (acceptance-enter (testing-word 'print))
  (testing-until-shown "hello\n")
  (testing-type "kept")
  (acceptance-do)
  (should (string-match-p "\\`[^\n]+[>] kept\\'" (testing-text))))

(acceptance-deed a-place-of-an-error
    (:commands (repl-connect-visit-link))
  (acceptance-source "" "" (testing-word 'fail))
  (let ((source (current-buffer))
        (name (file-name-nondirectory buffer-file-name)))
    (testing-keys "C-c C-k")
    (testing-until-shown name acceptance-buffer)
    (acceptance-idle)
    (pop-to-buffer acceptance-buffer)
    (jit-lock-fontify-now)
    (goto-char (point-max))
    (search-backward name)
    (dolist (way (list acceptance-way (kbd "RET")))
      (select-window (get-buffer-window acceptance-buffer))
      (execute-kbd-macro way)
      (should (eq (window-buffer) source))
      (should (= (line-number-at-pos) 3)))))

;;;; What comint has

(acceptance-deed what-was-sent-before
    (:comint ("M-p" "C-<up>"))
  (acceptance-enter (testing-word 'print) (testing-word 'sum))
  (acceptance-do)
  (should (equal (acceptance-typed) (testing-word 'sum))))

(acceptance-deed what-was-sent-after-it
    (:comint ("M-n" "C-<down>"))
  (acceptance-enter (testing-word 'print) (testing-word 'sum))
  (testing-keys "M-p M-p")
  (should (equal (acceptance-typed) (testing-word 'print)))
  (acceptance-do)
  (should (equal (acceptance-typed) (testing-word 'sum))))

(acceptance-deed what-was-sent-and-begins-like-this
    (:comint ("C-c M-r"))
  (acceptance-enter (testing-word 'print) (testing-word 'sum))
  (testing-type (substring (testing-word 'print) 0 3))
  (acceptance-do)
  (should (equal (acceptance-typed) (testing-word 'print))))

(acceptance-deed what-was-sent-after-it-and-begins-like-this
    (:comint ("C-c M-s"))
  (acceptance-enter (testing-word 'sum) (testing-word 'print) (testing-word 'sum))
  (testing-type (substring (testing-word 'print) 0 3))
  (testing-keys "C-c M-r")
  (acceptance-do)
  (should (equal (acceptance-typed) (testing-word 'print))))

(acceptance-deed searching-what-was-sent
    (:comint ("M-r"))
  (acceptance-enter (testing-word 'print) (testing-word 'sum))
  (acceptance-do "hel")
  (should (equal (acceptance-typed) (testing-word 'print))))

(acceptance-deed what-was-sent-next
    (:comint ("C-c C-x"))
  (acceptance-enter (testing-word 'print) (testing-word 'sum))
  (testing-keys "M-p M-p RET")
  (acceptance-idle)
  (acceptance-do)
  (should (equal (acceptance-typed) (testing-word 'sum))))

(acceptance-deed a-list-of-what-was-sent
    (:comint ("C-c C-l"))
  (acceptance-enter (testing-word 'print))
  (execute-kbd-macro (vconcat acceptance-way " ")) ; the space takes the list away again
  (should (testing-in-buffer-p (testing-word 'print) " *Input History*")))

(acceptance-deed the-last-argument
    (:comint ("C-c ."))
  (acceptance-enter (testing-word 'sum))
  (acceptance-do)
  (should (string-match-p "2)?\\'" (acceptance-typed))))

(acceptance-deed the-prompts-above
    (:comint ("C-c C-p"))
  (acceptance-enter (testing-word 'print) (testing-word 'sum))
  (acceptance-do)
  (should (looking-at-p (regexp-quote (testing-word 'sum))))
  (acceptance-do)
  (should (looking-at-p (regexp-quote (testing-word 'print)))))

(acceptance-deed the-prompts-below
    (:comint ("C-c C-n"))
  (acceptance-enter (testing-word 'print) (testing-word 'sum))
  (testing-keys "C-c C-p C-c C-p")
  (acceptance-do)
  (should (looking-at-p (regexp-quote (testing-word 'sum)))))

(acceptance-deed the-start-of-what-is-typed
    (:comint ("C-c C-a"))
  (testing-type "one two")
  (acceptance-do)
  (should (= (point) repl-connect--input-start)))

(acceptance-deed the-end-of-the-output
    (:comint ("C-c C-e"))
  (acceptance-enter (testing-word 'sum))
  (goto-char (point-min))
  (acceptance-do)
  (should (= (point) (point-max))))

(acceptance-deed the-start-of-the-last-output
    (:comint ("C-c C-r" "C-M-l"))
  (acceptance-enter (testing-word 'print))
  (acceptance-do)
  (should (looking-at-p "hello\n")))

(acceptance-deed the-last-output-in-a-file
    (:comint ("C-c C-s"))
  (acceptance-enter (testing-word 'sum) (testing-word 'print))
  (let ((file (make-temp-name "output")))
    (acceptance-do file)
    (should (string-prefix-p "hello\n" (with-temp-buffer
                                         (insert-file-contents file)
                                         (buffer-string))))))

(acceptance-deed killing-a-word
    (:comint ("C-c C-w"))
  (testing-type "one two")
  (acceptance-do)
  (should (equal (acceptance-typed) "one ")))

(provide 'acceptance-repl)
;;; acceptance-repl.el ends here
