;;; languages-tests.el --- What is known of each language  -*- lexical-binding: t; -*-

;;; Commentary:

;; Records, and what is asked of a text: whether it is complete, how it goes on, its faces.

;;; Code:

(setq load-prefer-newer t)
(require 'ert)
(require 'repl-connect-languages)

(defvar python-indent-guess-indent-offset)
(setq python-indent-guess-indent-offset nil)

(defconst languages-tests-complete
  '(("guile"
     "" "   " "1" "(a)" "; a comment (" "#| a #| nested |# comment ( |#" "#;(a b) c"
     "(a #;b)" "#\\(" "(list #\\( #\\) #\\space #\\x41)" "#{odd (name}#" "|odd (name|"
     "\"a (string \\\" with quotes\"" "'a" "#'a" "`(a ,b ,@c)" "#(1 2)" "#vu8(1 2)" "[a b]"
     "(a]" "a)" ")(" "(define (f x)\n  (* x 2))" ",bt" ",m (game world)" ",time (f 1)"
     ",help" "#:keyword" "#t" "#!eof" "(a ; comment )\n)")
    ("racket"
     "{a}" "#rx\"(\"" "#\\(" "#px#\"(\"" "#&1" "(λ (x) x)")
    ("scheme"
     "(a)" "|a (b|" "#\\(" "#|(|#")
    ("sbcl"
     "(a)" "#'car" "#\\(" "#+sbcl (a)" "`(,a ,@b)" "|a (|" "#(1 2)" "#p\"(\"")
    ("clojure"
     "(a)" "[1 2]" "#{1 2}" "{:a 1}" "\"a (\"" "#\"(\"" "\\(" "\\newline" "#(+ % 1)" "@a"
     "#'a" "a'" "#_(a) b" "#?(:clj 1)" "#:a{:b 1}" "; (" "(a, b)" "^String x" "(a]"
     "#inst \"2020\"")
    ("python"
     "" "  " "1 + 1" "# a comment" "x = 1; y = 2" "a = 1\nb = 2" "def f():\n    return 1\n"
     "def f():\n    return 1\n    " "def f():\n    return 1\nf()" "if 1: 2\n"
     "for i in range(3):\n    if i:\n        print(i)\n\n" "try:\n    1\nexcept E:\n    2\n"
     "if 1:\n    2\nelse:\n    3\n" "x = [1,\n     2]" "\"\"\"a\nb\"\"\"" "a = '''('''"
     "1 + \\\n2" "await f()" "async with a as b:\n    pass\n" "1 +" ")" "\"abc"
     "  indented = 1" "x = '('" "@decorate\ndef f():\n    pass\n"
     "match x:\n    case 1:\n        pass\n" "return 1" "if 1: 2" "def f(): pass")
    ("node"
     "" "1 + 1" "// a comment (" "/* a ( */ 1" "let a = 1; a++" "f(\n1)" "({a: 1})" "'('"
     "`a ${f(`(`)} (`" "/[(/]/.test(a)" "a / b / c" "return /(/" "a.in"
     "do { a() } while (b)" "if (a) b()" "function f() {\n  return 1\n}" "'abc" ")" "(a]")
    ("text"
     "" "(" "hello"))
  "Texts that can be sent.")

(defconst languages-tests-incomplete
  '(("guile"
     "(a" "(a) (b" "(a [b" "\"a" "\"a \\\"" "#| a" "#| #| |#" "#{a" "|a" "'" "`(a ," "#;"
     "(a) #;" "(a #;(b) ;c)" "#(1" "#\\" ",time (f" "(a #\\)" "'(a . b")
    ("racket"
     "{a" "#rx\"(" "#&")
    ("sbcl"
     "(a" "#'")
    ("clojure"
     "(a" "[1" "#{1" "{:a" "\"a" "#\"a" "#(" "#_" "@" "'" "#?(:clj" "#:a{" "[\\]")
    ("python"
     "x = (" "f(1," "[\n" "def f():" "def f():\n    1" "def f():\n" "class A:" "@decorate"
     "\"\"\"a" "\"\"\"a\n\n" "1 + \\" "try:\n    1\n" "if 1:\n    2\nelse:" "f('''"
     "x = {\n\n" "match x:" "lambda: (" "if 1:\n    2\nelse: 3" "try: 1")
    ("node"
     "f(" "({a: [" "`a" "`a ${f(" "`a ${`b`" "/* a" "a +" "a &&" "x =>" "a." "f(1," "if (a)"
     "while (f(a))" "if (a) b(); else" "const" "function f() {\n  return 1"))
  "Texts that may go on.")

(defun languages-tests-wrong (table predicate)
  "Return what of TABLE does not satisfy PREDICATE."
  (cl-loop for (language . texts) in table
           nconc (cl-loop for text in texts
                          unless (funcall predicate text language)
                          collect (list language text))))

(ert-deftest languages-tests-what-is-whole-is-sent ()
  (should (equal nil (languages-tests-wrong languages-tests-complete
                                            #'repl-connect-language-complete-p))))

(ert-deftest languages-tests-what-may-go-on-is-not-sent ()
  (should (equal nil (languages-tests-wrong
                      languages-tests-incomplete
                      (lambda (text language)
                        (not (repl-connect-language-complete-p text language)))))))

(ert-deftest languages-tests-commands-are-guiles ()
  (should (repl-connect-language-command-p ",bt" "guile"))
  (should-not (repl-connect-language-command-p ",(a)" "guile"))
  (should-not (repl-connect-language-command-p ",@a" "guile"))
  (should-not (repl-connect-language-command-p "(a ,b)" "guile"))
  (should-not (repl-connect-language-command-p ",bt" "racket")))

(defconst languages-tests-indentations
  '(("guile" "(define (f x)" 2) ("guile" "(let ((a 1)" 6) ("guile" "(let loop ((i 0))" 2)
    ("guile" "(f a" 3) ("guile" "(f" 1) ("guile" "(a (b c" 6)
    ("guile" "(a)" 0) ("guile" "(a \"b" 0) ("guile" "(a]" 0)
    ("clojure" "(defn f [x]" 2) ("clojure" "(def x" 5)
    ("clojure" "{:a 1" 1) ("clojure" "[1" 1) ("sbcl" "(defun f (x)" 2)
    ("python" "def f():" 4) ("python" "def f():  # a comment:" 4) ("python" "    if x:" 8)
    ("python" "def f():\n    return 1" 0) ("python" "def f():\n    if x:\n        pass" 4)
    ("python" "def f():\n    a = 1" 4) ("python" "f(" 4) ("python" "f(a," 2)
    ("python" "x = '#:'" 0) ("python" "\"\"\"a:" 0)
    ("node" "function f() {\n  return `{" 0) ("node" "f(1)" 0)
    ("text" "hello" 0))
  "Language, text, and how many blanks a line after it starts with.")

(ert-deftest languages-tests-the-next-line-is-indented ()
  (pcase-dolist (`(,language ,text ,width) languages-tests-indentations)
    (should (equal (list language text width)
                   (list language text
                         (length (repl-connect-language-indentation text language))))))
  (should (< 0 (length (repl-connect-language-indentation "function f() {" "node")))))

(ert-deftest languages-tests-lisps-are-aligned-to-the-prompt ()
  (should (equal 9 (length (repl-connect-language-indentation "(define (f)" "guile" 7))))
  (should (equal 0 (length (repl-connect-language-indentation "(f)" "guile" 7))))
  (should (equal 4 (length (repl-connect-language-indentation "if x:" "python" 7)))))

(ert-deftest languages-tests-texts-get-faces ()
  (dolist (each '(("python" "def f(): pass" 0) ("guile" "(define (f) 1)" 1)
                  ("clojure" "(defn f [x] 1)" 1) ("racket" "(define (f) 1)" 1)
                  ("sbcl" "(defun f () 1)" 1) ("node" "function f() {}" 0)))
    (pcase-let ((`(,language ,text ,position) each))
      (let ((found (repl-connect-language-fontify text language)))
        (should (equal text (substring-no-properties found)))
        (should (get-text-property position 'face found))
        (should-not (text-property-not-all 0 (length found) 'syntax-table nil found))))))

(ert-deftest languages-tests-what-cannot-have-faces-is-left-alone ()
  (let ((long (make-string (1+ repl-connect-language-fontify-limit) ?x)))
    (dolist (language '("python" "guile"))
      (should (eq long (repl-connect-language-fontify long language)))))
  (let ((line (concat "x = 1\n" (make-string (1+ repl-connect-language-fontify-line-limit) ?y))))
    (should (eq line (repl-connect-language-fontify line "python"))))
  (should (equal "" (repl-connect-language-fontify "" "python")))
  (let ((text "def f(): pass"))
    (should (eq text (repl-connect-language-fontify text "text")))
    (should (eq text (repl-connect-language-fontify text nil)))))

(ert-deftest languages-tests-the-users-hooks-are-for-files ()
  (let* ((ran nil)
         (hook (lambda () (setq ran t)))
         (hooks '(python-mode-hook prog-mode-hook after-change-major-mode-hook
                                   change-major-mode-after-body-hook)))
    (when-let ((buffer (get-buffer " *repl-connect python-mode*")))
      (kill-buffer buffer))
    (unwind-protect
        (progn
          (dolist (each hooks) (add-hook each hook))
          (repl-connect-language-fontify "def f(): pass" "python")
          (repl-connect-language-complete-p "def f(): pass" "python"))
      (dolist (each hooks) (remove-hook each hook)))
    (should-not ran)))

(ert-deftest languages-tests-a-mode-that-cannot-start-does-no-harm ()
  (cl-letf (((symbol-function 'python-mode) (lambda () (error "Not today")))
            (text "x = ("))
    (when-let ((buffer (get-buffer " *repl-connect python-mode*")))
      (kill-buffer buffer))
    (should (eq text (repl-connect-language-fontify text "python")))
    (should (repl-connect-language-complete-p text "python"))
    (should (equal "" (repl-connect-language-indentation text "python")))
    (should-not (get-buffer " *repl-connect python-mode*"))))

(ert-deftest languages-tests-whatever-the-text-nothing-is-raised ()
  (dolist (record repl-connect-languages)
    (dolist (text (list "" "\0" "\xd800" (make-string 10 ?é) (make-string 500 ?\()
                        (make-string 500 ?\[) "\e[31m" "(\r\n)\r\n" "\t(\t" "\3777"))
      (should (memq (repl-connect-language-complete-p text record) '(t nil)))
      (should (stringp (repl-connect-language-indentation text record)))
      (should (equal-including-properties
               text (substring-no-properties (repl-connect-language-fontify text record)))))))

(ert-deftest languages-tests-the-match-data-stays ()
  (string-match "b\\(c\\)" "abcd")
  (repl-connect-language-fontify "(define x \"a\")" "guile")
  (repl-connect-language-complete-p "def f(): pass" "python")
  (should (equal '(1 3 2 3) (match-data))))

;;;; Records

(defun languages-tests-named (record)
  "Return the name of RECORD, nil for nil."
  (and record (repl-connect-language-name record)))

(ert-deftest languages-tests-a-server-says-what-it-speaks ()
  (dolist (each '((nil "text")
                  ((("versions" ("python" . "3.11"))) "python")
                  ((("versions" ("java" ("major" . "17")) ("clojure" ("major" . 1)))) "clojure")
                  ((("aux" ("repl-connect/language" . "guile")) ("versions" ("python" . "3")))
                   "guile")
                  ((("aux" ("repl-connect/language" . "klingon"))) "text")
                  ((("versions" . 3)) "text")
                  ((("versions" ("nrepl" . "1"))) "text")))
    (should (equal (cadr each)
                   (languages-tests-named
                    (or (repl-connect-language-of-description (car each)) "text"))))))

(ert-deftest languages-tests-every-name-has-a-whole-record ()
  (dolist (name '("guile" "scheme" "racket" "clojure" "babashka" "basilisp" "common-lisp" "sbcl"
                  "python" "javascript" "node"))
    (let ((record (repl-connect-language-named name)))
      (should (equal name (repl-connect-language-name record)))
      (should (repl-connect-language-mode record))
      (should (repl-connect-language-comment-prefix record))
      (should (string-suffix-p "> " (repl-connect-language-prompt record nil)))))
  (should (equal "a.b=> " (repl-connect-language-prompt "clojure" "a.b")))
  (should (equal "user=> " (repl-connect-language-prompt "clojure" nil)))
  (should (equal "(a b)> " (repl-connect-language-prompt "guile" "(a b)")))
  (should (equal "> " (repl-connect-language-prompt "text" "a%s")))
  (should (equal "text" (languages-tests-named (repl-connect-language-named "klingon")))))

(ert-deftest languages-tests-a-mode-says-what-is-written ()
  (dolist (each '((scheme-mode "guile") (lisp-mode "common-lisp") (python-mode "python")
                  (js-mode "javascript") (text-mode nil) (fundamental-mode nil)
                  (emacs-lisp-mode nil)))
    (with-temp-buffer
      (funcall (car each))
      (should (equal (cadr each) (languages-tests-named (repl-connect-language-of-buffer))))))
  (dolist (each '((clojure-mode "clojure") (clojure-ts-mode "clojure") (racket-mode "racket")
                  (python-ts-mode "python") (js-ts-mode "javascript")))
    (should (equal (cadr each)
                   (languages-tests-named (repl-connect-language-of-mode (car each)))))))

(ert-deftest languages-tests-code-goes-to-its-relations-only ()
  (should (eq 'same (repl-connect-languages-agree "guile" "guile")))
  (should (eq 'akin (repl-connect-languages-agree "guile" "racket")))
  (should (eq 'akin (repl-connect-languages-agree "clojure" "babashka")))
  (should (eq 'akin (repl-connect-languages-agree "common-lisp" "sbcl")))
  (should (eq 'akin (repl-connect-languages-agree nil "sbcl")))
  (should (eq 'akin (repl-connect-languages-agree "python" "text")))
  (should-not (repl-connect-languages-agree "guile" "clojure"))
  (should-not (repl-connect-languages-agree "python" "guile")))

(provide 'languages-tests)
;;; languages-tests.el ends here
