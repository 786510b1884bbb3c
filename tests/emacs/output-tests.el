;;; output-tests.el --- What is shown in a REPL buffer, and how  -*- lexical-binding: t; -*-

;;; Code:

(require 'testing)
(require 'repl-connect)
(require 'repl-connect-values)

(defmacro output-tests-with-buffer (&rest body)
  "Evaluate BODY in a REPL buffer whose `connection' is open, and leads nowhere."
  (declare (indent 0) (debug t))
  `(testing-afresh
     (switch-to-buffer (generate-new-buffer "*repl: test*"))
     (repl-connect-comint-mode)
     (let ((connection (repl-connect-connection--make
                        :address "test" :buffer (current-buffer) :state 'open
                        :language (repl-connect-language-named "python")
                        :namespace "__main__")))
       (setq repl-connect--connection connection)
       (output-tests-flush)
       ,@body)))

(defun output-tests-flush ()
  "Show all that waits."
  (repl-connect-flush (current-buffer))
  (testing-until (null repl-connect-output--queue)))

(defun output-tests-print (&rest texts)
  "Show each of TEXTS as printed by an evaluation, one after the other."
  (dolist (text texts)
    (repl-connect-show-output repl-connect--connection "out" text 'evaluation)
    (output-tests-flush)))

(defun output-tests-above ()
  "Return what is above the prompt."
  (buffer-substring-no-properties (point-min) repl-connect--prompt-start))

(ert-deftest output-tests-escapes-are-dropped-and-colours-kept ()
  (dolist (case '((("plain\n") "plain\n")
                  (("a\e[31mb\e[0mc") "abc")
                  (("\e[3" "1mred") "red")
                  (("\e]0;title\ax") "x")
                  (("\e]0;ti" "tle\e" "\\x") "x")
                  (("\e]0;never closed\nnext") "\nnext")
                  (("\e[2J\e[Hx\e(B" "\e7y") "xy")
                  (("bell\a nul\0 del\x7f") "bell nul del")
                  (("a\r\nb\r" "\nc") "a\nb\nc")
                  (("\u009b31mz\u0085") "z")
                  (("ab\b\bcd") "cd")))
    (let ((state (repl-connect-escapes-state)))
      (should (equal (mapconcat (lambda (text) (repl-connect-escapes-clean text state))
                                (car case) "")
                     (cadr case)))))
  (let* ((state (repl-connect-escapes-state))
         (first (repl-connect-escapes-clean "\e[31mred" state))
         (second (repl-connect-escapes-clean "red\e[0mnot" state)))
    (should (get-text-property 0 'font-lock-face first))
    (should (equal (get-text-property 0 'font-lock-face first)
                   (get-text-property 0 'font-lock-face second)))
    (should-not (get-text-property 4 'font-lock-face second))))

(ert-deftest output-tests-an-escape-without-end-swallows-little ()
  (let ((state (repl-connect-escapes-state)))
    (repl-connect-escapes-clean (concat "\e]0;" (make-string 3000 ?x)) state)
    (should (string-suffix-p "yy" (repl-connect-escapes-clean (make-string 3000 ?y) state)))
    (should (equal (repl-connect-escapes-clean "seen\n" state) "seen\n"))))

(ert-deftest output-tests-a-line-can-be-written-again ()
  (output-tests-with-buffer
    (output-tests-print "before\n" "10%" "\r20%" "\r100%\n" "a|" "\b/" "\b-\n")
    (should (equal (output-tests-above) "before\n100%\na-\n"))))

(ert-deftest output-tests-a-line-goes-on-above-the-prompt ()
  (output-tests-with-buffer
    (output-tests-print "Loading... ")
    (should (equal (testing-text) "Loading... \n__main__> "))
    (output-tests-print "done\n")
    (should (equal (testing-text) "Loading... done\n__main__> "))
    (output-tests-print "no end")
    (repl-connect-note connection "said")
    (output-tests-flush)
    (should (equal (testing-text) "Loading... done\nno end\n; said\n__main__> "))))

(ert-deftest output-tests-the-prompt-cannot-be-changed ()
  (output-tests-with-buffer
    (should-error (delete-char -1) :type 'text-read-only)
    (goto-char (point-min))
    (should-error (insert "x") :type 'text-read-only)
    (goto-char (point-max))
    (insert "code")
    (beginning-of-line)
    (should (= (point) repl-connect--input-start))))

(ert-deftest output-tests-point-stays-where-one-reads ()
  (output-tests-with-buffer
    (output-tests-print "one\ntwo\n")
    (goto-char (point-min))
    (forward-line 1)
    (let ((place (point)))
      (output-tests-print "three\n")
      (should (= (point) place)))
    (goto-char (point-max))
    (insert "ab")
    (backward-char)
    (output-tests-print "four\n")
    (should (looking-at "b\\'"))))

(ert-deftest output-tests-typing-can-be-undone-after-output ()
  (output-tests-with-buffer
    (buffer-enable-undo)
    (insert "first")
    (undo-boundary)
    (insert " second")
    (undo-boundary)
    (output-tests-print "a line\nanother\n")
    (delete-char -3)
    (undo-boundary)
    (output-tests-print "more\n")
    (let ((last-command nil)) (undo))
    (should (equal (testing-text) "a line\nanother\nmore\n__main__> first second"))
    (let ((last-command 'undo)) (undo))
    (should (equal (testing-text) "a line\nanother\nmore\n__main__> first"))))

(ert-deftest output-tests-background-output-is-marked ()
  (output-tests-with-buffer
    (repl-connect-repl-output connection "out" "one\ntwo\n" nil)
    (output-tests-print "ours\n")
    (should (equal (output-tests-above) "[bg] one\n[bg] two\nours\n"))
    (repl-connect-repl-output connection "out" "three" nil)
    (output-tests-print "ours\n")
    (should (string-suffix-p "[bg] three\nours\n" (output-tests-above)))))

(ert-deftest output-tests-a-long-line-is-cut-with-a-button ()
  (output-tests-with-buffer
    (let ((repl-connect-line-limit 100))
      (output-tests-print (make-string 60 ?a) (make-string 60 ?b) "c" "d\nshort\n")
      (should (equal (output-tests-above)
                     (concat (make-string 60 ?a) (make-string 40 ?b)
                             "[… the rest of this line]\nshort\n")))
      (goto-char (point-min))
      (search-forward "[…")
      (testing-keys "RET")
      (should (string-suffix-p (concat (make-string 20 ?b) "cd") (testing-text "*repl line*"))))))

(ert-deftest output-tests-what-buttons-hold-is-bounded ()
  (output-tests-with-buffer
    (let ((repl-connect-line-limit 10)
          (repl-connect-rest-limit 1000))
      (dotimes (_ 30)
        (output-tests-print (concat (make-string 110 ?x) "\n")))
      (should (<= repl-connect-cuts--size 1000))
      (goto-char (point-min))
      (search-forward "[…")
      (testing-keys "RET")
      (should (testing-in-buffer-p "kept no more" "*repl line*")))))

(ert-deftest output-tests-a-large-value-is-cut-with-a-button ()
  (output-tests-with-buffer
    (let ((text (mapconcat #'number-to-string (number-sequence 1 500) "\n")))
      (repl-connect-show-value-text connection text)
      (output-tests-flush)
      (should (testing-in-buffer-p "100\n[… 1,600 more characters in 400 lines]"))
      (should (equal (repl-connect-last-value connection) text))
      (goto-char (point-min))
      (search-forward "[…")
      (testing-keys "RET")
      (should (testing-in-buffer-p "\n500" "*repl value*")))))

(ert-deftest output-tests-a-large-value-is-cut-once-though-it-is-a-long-line ()
  (output-tests-with-buffer
    (let ((repl-connect-value-length 100)
          (repl-connect-line-limit 100))
      (repl-connect-show-value-text connection (make-string 150 ?x)
                                    '(("repl-connect/label" . "$1")))
      (output-tests-flush)
      (should (equal (output-tests-above)
                     (concat "$1 = " (make-string 95 ?x) "\n[… 55 more characters]\n"))))))

(ert-deftest output-tests-a-value-cut-there-is-said ()
  (output-tests-with-buffer
    (repl-connect-show-value-text
     connection "[1, 2" '(("repl-connect/label" . "$1")
                          ("status" . ["nrepl.middleware.print/truncated"])))
    (output-tests-flush)
    (should (testing-in-buffer-p "$1 = [1, 2\n; The other side sent only the beginning"))))

(ert-deftest output-tests-control-characters-of-values-are-visible ()
  (output-tests-with-buffer
    (repl-connect-show-value-text connection "a\e[31mb\rc")
    (output-tests-flush)
    (should (equal (output-tests-above) "a^[[31mb^Mc\n"))))

(ert-deftest output-tests-a-long-error-is-folded ()
  (output-tests-with-buffer
    (let ((evaluation (make-repl-connect-evaluation :connection connection))
          (text (mapconcat (lambda (number) (format "frame %d\n" number))
                           (number-sequence 1 100) "")))
      (repl-connect-show-output connection "err" text evaluation)
      (repl-connect-show-failure connection evaluation '(("ex" . "Error")))
      (output-tests-flush)
      (goto-char (point-min))
      (search-forward "frame 50")
      (should (invisible-p (1- (point))))
      (search-backward "[… 81 more lines]")
      (testing-keys "RET")
      (should-not (testing-in-buffer-p "[…"))
      (search-forward "frame 50")
      (should-not (invisible-p (1- (point))))
      (should (equal (output-tests-above) text))
      (should (equal (repl-connect-last-error connection) text)))))

(ert-deftest output-tests-an-error-without-text-is-told-of ()
  (output-tests-with-buffer
    (repl-connect-show-failure connection (make-repl-connect-evaluation :connection connection)
                               '(("ex" . "class Foo") ("message" . "of bar")))
    (output-tests-flush)
    (should (equal (output-tests-above) "class Foo: of bar\n"))))

(ert-deftest output-tests-too-much-at-once-is-dropped-and-said ()
  (output-tests-with-buffer
    (dotimes (number 15000)
      (repl-connect-show-output connection "out" (format "line %d %80s\n" number "") 'evaluation))
    (should (<= repl-connect-output--waiting repl-connect-output--waiting-limit))
    (output-tests-flush)
    (should (string-match "\\`; … \\([0-9]+\\) lines were dropped here" (output-tests-above)))
    (let ((dropped (string-to-number (match-string 1 (output-tests-above)))))
      (should (testing-in-buffer-p (format "\nline %d " dropped)))
      (should-not (testing-in-buffer-p (format "\nline %d " (1- dropped))))
      (should (testing-in-buffer-p "\nline 14999 ")))
    (should (= repl-connect-output--waiting 0))))

(ert-deftest output-tests-the-buffer-is-bounded ()
  (output-tests-with-buffer
    (let ((repl-connect-buffer-size 10000))
      (insert "typed")
      (dotimes (number 500)
        (output-tests-print (format "line %d %80s\n" number "")))
      (should (< (buffer-size) 12000))
      (should (string-match "\\`; … \\([0-9]+\\) lines were deleted here" (testing-text)))
      (should (string-match (format "\n\\(line %s .*\\)" (match-string 1 (testing-text)))
                            (testing-text)))
      (should (string-suffix-p "> typed" (testing-text))))))

(ert-deftest output-tests-clearing-leaves-the-prompt ()
  (output-tests-with-buffer
    (output-tests-print "some\nlines")
    (insert "typed")
    (testing-keys "C-c M-o")
    (should (equal (testing-text) "__main__> typed"))
    (output-tests-print "next\n")
    (should (equal (testing-text) "next\n__main__> typed"))))

(ert-deftest output-tests-durations-in-words ()
  (should (equal (mapcar #'repl-connect-duration '(0.08 2.34 65 7380))
                 '("80 ms" "2.3 s" "1 min 05 s" "2 h 03 min"))))

(provide 'output-tests)
;;; output-tests.el ends here
