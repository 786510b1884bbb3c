;;; errors-tests.el --- Where an error was, from what is said of it  -*- lexical-binding: t; -*-

;;; Code:

(require 'testing)
(require 'repl-connect-errors)
(require 'repl-connect-comint)

(defun errors-tests-evaluation (message err &optional frames file line code type)
  "Return an evaluation that has failed with MESSAGE, ERR and FRAMES.
FRAMES are (NAME FILE LINE), innermost last; FILE, LINE and CODE are what was sent."
  (make-repl-connect-evaluation
   :file file :line line :code (or code "1\n2\n3") :errs (and err (list err))
   :failed `(("ex" . ,(or type "E"))
             ,@(and message `(("repl-server/message" . ,message)))
             ("repl-server/frames"
              . ,(vconcat (mapcar (lambda (frame)
                                    (seq-mapn #'cons '("name" "file" "line") frame))
                                  frames))))))

(defun errors-tests-line (message err &optional frames)
  "Return the line of an error in lines 10 to 12 of a file with MESSAGE, ERR and FRAMES."
  (repl-connect-error-line (errors-tests-evaluation message err frames "/p/a.x" 10)))

(ert-deftest the-line-is-that-of-the-innermost-frame-in-the-file ()
  (should (equal 3 (errors-tests-line "bad" "" '(("<module>" "/p/a.x" 12) ("f" "/p/a.x" 3)
                                                 ("g" "/q/b" 7)))))
  (should (equal nil (errors-tests-line "bad" "" '(("f" "lib/a.x" 7) ("g" nil 7)))))
  (should (equal 11 (errors-tests-line "bad" "" '(("f" "/p/a\0.x" 7) ("g" "/p/a.x" 11)))))
  (dolist (line (list 0 -1 (expt 2 70) "3"))
    (should-not (errors-tests-line "bad" "" `(("f" "/p/a.x" ,line))))))

(ert-deftest a-file-is-the-same-by-whatever-name-it-is-reached ()
  (make-directory "real")
  (make-symbolic-link "real" "link")
  (let ((sent (expand-file-name "link/a.x")))
    (dolist (name (list (expand-file-name "real/a.x") sent "a.x"))
      (should (equal 7 (repl-connect-error-line
                        (errors-tests-evaluation "bad" "" `(("f" ,name 7)) sent 1)))))))

(ert-deftest frames-of-earlier-code-without-a-file-do-not-count ()
  (should (equal 12 (repl-connect-error-line
                     (errors-tests-evaluation "bad" "" '(("<module>" "<repl-2>" 12)
                                                         ("f" "<repl-1>" 11))
                                              nil 10)))))

(ert-deftest the-line-is-read-from-the-text-else ()
  (pcase-dolist
      (`(,message ,err ,line)
       '(("expected ':' (a.x, line 11)" "  File \"/p/a.x\", line 11\n    if x\n" 11)
         ("/p/a.x:11:6: Unknown # object: \"#<\"" "" 11)
         ("Syntax error:\n/p/a.x:10:0: let: bad let in form (let ((x)) x)" "" 10)
         ("/p/a.x:12:3: read-syntax: bad syntax `#<`" "" 12)
         ("Syntax error compiling at (/p/a.x:11:3).\nUnable to resolve" "" 11)
         ("Syntax error reading source at (REPL:11:6).\nUnreadable form" "" 11)
         (nil "Execution error (ArithmeticException) at user/f (a.x:2).\nDivide\n" 2)
         (nil "Execution error (ArithmeticException) at user/f (REPL:40).\nDivide\n" nil)
         ("The form that begins on line 10 is not finished." "" 10)
         (nil "at (REPL:12:1).\nEOF while reading, starting at line 11\n" 11)
         ("bad character\n\n  Line: 2, Column: 5, File-Position: 9" "" 11)
         ("Wrong type" "Wrong type\n  at /p/a.x:10\n  in broken\n" 10)
         ("see /p/a.xy:11 or b/a.x:11" "" nil)
         ("nothing is said of it" "nor here" nil)))
    (ert-info ((format "%S %S" message err))
      (should (equal line (errors-tests-line message err))))))

(ert-deftest the-line-is-read-from-the-text-of-code-without-a-file ()
  (dolist (message '("expected ':' (<repl-3>, line 11)"
                     "#<unknown port>:11:6: Unknown # object: \"#<\""
                     "Syntax error:\nunknown file:11:0: let: bad let"
                     "repl:11:3: read-syntax: bad syntax `#<`"
                     "Syntax error compiling at (REPL:11:3).\nUnable"))
    (ert-info (message)
      (should (equal 11 (repl-connect-error-line
                         (errors-tests-evaluation message "" nil nil 10)))))))

(ert-deftest whatever-the-other-side-says-is-read-in-time ()
  (dolist (message (list (concat "begins on line " (make-string 5000 ?1))
                         (concat "/p/a.x:" (make-string 5000 ?1) ": bad")
                         (concat "x" (make-string 500000 ?\n) "y")
                         (apply #'concat (make-list 50000 "error "))
                         (concat "Error" (make-string 100000 ?\())))
    (should-not (errors-tests-line message ""))
    (should (< (length (repl-connect-error-words (errors-tests-evaluation message ""))) 4000))))

(ert-deftest many-lines-told-of-much-code-are-read-in-time ()
  (let ((message (apply #'concat (make-list 2000 "(REPL:9999999) "))))
    (should-not (repl-connect-error-line
                 (errors-tests-evaluation message "" nil nil 10 (make-string 4000000 ?\n))))))

(ert-deftest the-words-are-without-the-place ()
  (pcase-dolist
      (`(,type ,message ,err ,words)
       '(("class java.lang.ArithmeticException" nil
          "Execution error (ArithmeticException) at user/f (REPL:11).\nDivide by zero\n"
          "java.lang.ArithmeticException: Divide by zero")
         ("SyntaxError" "expected ':' (foo.py, line 11)" "" "SyntaxError: expected ':'")
         ("syntax-error" "Syntax error:\nunknown file:10:0: let: bad let" ""
          "syntax-error: let: bad let")
         ("E" "Package X does not exist.\n\n  Line: 2, Column: 1, File-Position: 7" ""
          "E: Package X does not exist.")
         ("KeyError" "'x'" "Traceback" "KeyError: 'x'")
         ("error" nil "" "error")))
    (should (equal words (repl-connect-error-words
                          (errors-tests-evaluation message err nil nil nil nil type))))))

;;;; Links in the text of a REPL buffer

(defmacro errors-tests-with-text (text &rest body)
  "Evaluate BODY in a REPL buffer with TEXT, whose places are links."
  (declare (indent 1) (debug t))
  `(testing-afresh
     (switch-to-buffer "repl")
     (repl-connect-comint-mode)
     (setq repl-connect--connection (repl-connect-connection--make :address "x.sock"))
     (let ((inhibit-read-only t))
       (insert ,text))
     (repl-connect-errors--link (point-min) (point-max))
     ,@body))

(defun errors-tests-links ()
  "Return the text of the links in this buffer."
  (let ((found nil) (from (point-min)))
    (while (setq from (text-property-not-all from (point-max) 'repl-connect-place nil))
      (let ((end (next-single-property-change from 'repl-connect-place nil (point-max))))
        (push (buffer-substring-no-properties from end) found)
        (setq from end)))
    (nreverse found)))

(ert-deftest places-in-files-that-are-there-are-links ()
  (let ((coding-system-for-write 'utf-8-unix)
        (file (expand-file-name "there.py")))
    (write-region "one\ntwo\nthree\n" nil file nil 'quiet)
    (errors-tests-with-text (format "  File \"%s\", line 2, in f
  at %s:3:2
at there.py:1
not File \"<stdin>\", line 1 nor <repl-3>:2 nor 12:30:45 nor /not/there.py:7
"
                                    file file)
      (should (equal (errors-tests-links)
                     (list (format "%s\", line 2" file) (concat file ":3:2") "there.py:1")))
      (goto-char (text-property-not-all (point-min) (point-max) 'repl-connect-place nil))
      (repl-connect-visit-link)
      (should (equal (file-name-nondirectory buffer-file-name) "there.py"))
      (should (equal (line-number-at-pos) 2)))))

(ert-deftest what-was-typed-is-no-link ()
  (write-region "" nil "typed.py" nil 'quiet)
  (errors-tests-with-text (propertize "typed.py:1 " 'font-lock-face 'comint-highlight-input)
    (should-not (errors-tests-links))))

(ert-deftest a-line-beyond-all-files-is-no-error-of-ours ()
  (let ((file (expand-file-name "short.py")))
    (write-region "one\n" nil file nil 'quiet)
    (errors-tests-with-text (concat file ":" (make-string 30 ?9))
      (goto-char (text-property-not-all (point-min) (point-max) 'repl-connect-place nil))
      (repl-connect-visit-link)
      (should (equal buffer-file-name file)))))

(ert-deftest a-place-without-a-link-is-said-to-be-none ()
  (errors-tests-with-text "nothing"
    (goto-char (point-min))
    (should-error (repl-connect-visit-link) :type 'user-error)
    (should-error (repl-connect-errors-next 1 t) :type 'user-error)))

;;; errors-tests.el ends here
