;;; forms-tests.el --- Which code is around point  -*- lexical-binding: t; -*-

;;; Commentary:

;; What is sent from a buffer; see cursor.el for the tables.

;;; Code:

(setq load-prefer-newer t)
(require 'ert)
(add-to-list 'load-path (file-name-directory (or load-file-name buffer-file-name)))
(require 'cursor)
(require 'repl-connect-languages)

;;;; The form before point

(defconst forms-tests-before
  '((lisps "(a b)¦" "(a b)")
    (lisps "(a (b c)¦ d)" "(b c)")
    (lisps "(a (b c) ¦ d)" "(b c)")
    (lisps "(a 'b¦)" "'b")
    (lisps "(a '(b c)¦)" "'(b c)")
    (lisps "(a `(b c)¦)" "`(b c)")
    (lisps "nam¦e more" "name")
    (lisps "(a \"text; (\"¦)" "\"text; (\"")
    (lisps "(a b) ; and so (¦" "(a b)")
    (lisps "(a b) ; a word¦" "(a b)")
    (lisps "(a b)\n; (c d)¦" "(c d)")
    (lisps "(a b)\n\n¦\n(c)" "(a b)")
    (lisps "(f \"(a ¦b)\")" "\"(a b)\"")
    (lisps "(f \"try (a b)¦ now\")" "(a b)")
    (lisps "(¦" nil)
    (lisps "¦(a)" nil)
    (lisps "¦" nil)
    (lisps ")¦" nil)
    (lisps "(a (b)¦" "(b)")
    (lisps "(λ \"日本\" (é)¦)" "(é)")
    (lisps "(a\r\n b)\r\n¦" "(a\r\n b)")
    (("guile" "racket") "(a #;(b c)¦)" "(b c)")
    (("guile" "racket") "(a `(b ,(c)¦))" "(c)")
    (("guile" "racket") "#:key¦" "#:key")
    (("guile" "racket") "#(1 2)¦" "#(1 2)")
    (("guile" "racket") "#vu8(1 2)¦" "#vu8(1 2)")
    (("guile" "racket") "#'(a)¦" "#'(a)")
    (("guile" "racket") "#t¦" "#t")
    (("guile" "racket") "(f #\\()¦" "(f #\\()")
    (("guile" "racket") "(f #| (g) |#¦)" "f")
    (("guile" "racket") "(a) #| (f)¦ |#" "(f)")
    ("racket" "(a [b c]¦)" "[b c]")
    ("racket" "#hash((a . 1))¦" "#hash((a . 1))")
    ("clojure" "(a #_(b c)¦)" "(b c)")
    ("clojure" "@(a b)¦" "@(a b)")
    ("clojure" "@a¦" "@a")
    ("clojure" "#'a/b¦" "#'a/b")
    ("clojure" "#(a %)¦" "#(a %)")
    ("clojure" "#{a b}¦" "#{a b}")
    ("clojure" "#\"re\\\"(\"¦" "#\"re\\\"(\"")
    ("clojure" "#:a{:b 1}¦" "#:a{:b 1}")
    ("clojure" "#?(:clj 1)¦" "#?(:clj 1)")
    ("clojure" "#inst \"2020\"¦" "#inst \"2020\"")
    ("clojure" "(f #js {:a 1}¦)" "#js {:a 1}")
    ("clojure" "(f ^:private ^{:a 1} g¦)" "^:private ^{:a 1} g")
    ("clojure" "(f ^String (g)¦)" "^String (g)")
    ("clojure" "`(a ~(b c)¦)" "(b c)")
    ("clojure" "`(a ~@b¦)" "b")
    ("clojure" "[1, 2],¦" "[1, 2]")
    ("clojure" "x'¦" "x'")
    ("clojure" "[\\( 1]¦" "[\\( 1]")
    ("clojure" ":a.b/c¦" ":a.b/c")
    ("sbcl" "(f #'car¦)" "#'car")
    ("sbcl" "#'(lambda (x) x)¦" "#'(lambda (x) x)")
    ("sbcl" "#+sbcl (a)¦" "#+sbcl (a)")
    ("sbcl" "(b) #-(or a b) (a)¦" "#-(or a b) (a)")
    ("sbcl" "#p\"/tmp\"¦" "#p\"/tmp\"")
    ("sbcl" "#:a¦" "#:a")
    ("sbcl" "#.(a)¦" "#.(a)")
    ("sbcl" "`(a ,@(b)¦)" "(b)")
    ("sbcl" "(f |a (b|)¦" "(f |a (b|)")
    ("python" "x = f(a,¦ b)  # c" "x = f(a, b)  # c")
    ("python" "if x:\n    a¦\n    b" "a")
    ("python" "if x:\n    a\n    b¦\nd" "b")
    ("python" "if¦ x:\n    a\n\n    b\nd" "if x:\n    a\n\n    b")
    ("python" "i¦f x:\n    a\nelse:\n    b\nd" "if x:\n    a\nelse:\n    b")
    ("python" "if x:\n    a\nel¦se:\n    b\nd" "if x:\n    a\nelse:\n    b")
    ("python" "try:\n    a\nexcept E:\n    b\nfinally:¦\n    c\n"
     "try:\n    a\nexcept E:\n    b\nfinally:\n    c")
    ("python" "a\n@de¦c\n@b(\n1)\n# c\ndef f():\n    a\nb" "@dec\n@b(\n1)\n# c\ndef f():\n    a")
    ("python" "a\n@dec\ndef f():¦\n    a\nb" "@dec\ndef f():\n    a")
    ("python" "x = [\n  1,¦\n  2,\n]\ny" "x = [\n  1,\n  2,\n]")
    ("python" "x = \"\"\"\nif ¦a:\n# b\n\n\"\"\"\ny" "x = \"\"\"\nif a:\n# b\n\n\"\"\"")
    ("python" "x = 1 + \\\n  2¦\ny" "x = 1 + \\\n  2")
    ("python" "def f():\n    a\n\n¦" "def f():\n    a")
    ("python" "def f():\n    a\n\n    ¦\nb" "a")
    ("python" "def f():\n    if a:\n        b\n    ¦\nb" "if a:\n        b")
    ("python" "def f():\n    a\n¦\n    b\n" "def f():\n    a\n\n    b")
    ("python" "a\n\n# text¦\nb" "a")
    ("python" "¦" nil)
    ("python" "# only¦\n" nil)
    ("python" "¦x = 1" "x = 1")
    ("python" "x = (1,\ndef f():¦\n    pass\n" "def f():\n    pass")
    ("python" "x = (1,¦\ndef f():\n    pass\n" "x = (1,")
    ("python" "def f():\n\tif x:\n\t\ta¦\n\tb" "a")
    ("python" "é = '日本'¦\n" "é = '日本'")
    ("python" "class C:\n    def f(self):¦\n        return 1\n\n    x = 2\n"
     "def f(self):\n        return 1")
    ("python" "async def f():¦\n    await x\n" "async def f():\n    await x")
    ("node" "let a = 1\nlet b = 2¦\nlet c" "let b = 2")
    ("node" "f(1); g(¦2); h(3)" "g(2);")
    ("node" "f(1)\n  .then(x¦ => x)\n  .catch(y)\ng()" "f(1)\n  .then(x => x)\n  .catch(y)")
    ("node" "function f(x) {\n  let y = 2¦\n  return x\n}" "let y = 2")
    ("node" "function f(x) {¦\n  return x\n}\nf()" "function f(x) {\n  return x\n}")
    ("node" "const a = {\n  b: 1,¦\n  c: 2\n}\nf()" "const a = {\n  b: 1,\n  c: 2\n}")
    ("node" "a // ¦b\nc" "a")
    ("node" "a\n¦\nc" "a")
    ("node" "let r = /[(`]/¦\nlet b" "let r = /[(`]/")
    ("node" "let t = `a\n;${b}¦\n`; c" "let t = `a\n;${b}\n`;")
    ("node" "f(¦" nil)
    ("node" "¦" nil)
    ("text" "one\n  two¦ \n" "two")
    ("text" "\n¦\n" nil))
  "Language, text, the form before point.")

(ert-deftest forms-tests-the-form-before-point ()
  (cursor-check forms-tests-before #'repl-connect-form-before-point))

;;;; Definitions

(defconst forms-tests-definitions
  '((lisps "(a (b¦ c) d)\n(e)" "(a (b c) d)")
    (lisps "(a)\n  (b (c))¦\n(d)" "(b (c))")
    (lisps "(a)\n¦\n(d)" "(a)")
    (lisps "(a)\n¦(d)" "(d)")
    (lisps "(a)¦(d)" "(d)")
    (lisps "(a) ; re¦mark" "(a)")
    (lisps "(a \"text\n(b ¦c)\n\")" "(a \"text\n(b c)\n\")")
    (lisps "(a ; x\n;\n; (b\n ¦c)\n" "(a ; x\n;\n; (b\n c)")
    (lisps "(a (b ¦c)" nil)
    (lisps "(a (b\n(c ¦d)\n(e)" "(c d)")
    (lisps "\n\n¦" nil)
    (lisps "¦" nil)
    (lisps "nam¦e" "name")
    (lisps "(a ¦)\r\n(b)" "(a )")
    ("guile" "#;(a ¦b)" "(a b)")
    ("clojure" "#_(a ¦b)" "(a b)")
    ("clojure" "(ns a)\n(comment\n  (f ¦(g))\n  (h))" "(f (g))")
    ("clojure" "(comment\n  (f (g))¦\n  (h))" "(f (g))")
    ("clojure" "(comment\n  (f (g))\n  x ¦)" "x")
    ("clojure" "(comment¦)" nil)
    ("clojure" "(commentary\n  (f¦))" "(commentary\n  (f))")
    ("clojure" "^:a (def ^:b c ¦1)" "^:a (def ^:b c 1)")
    ("sbcl" "#+sbcl\n(defun f () ¦1)" "#+sbcl\n(defun f () 1)")
    ("python" "a\n@dec\ndef f():\n    x¦\n\n    y\nb" "@dec\ndef f():\n    x\n\n    y")
    ("python" "# one¦\na\n" nil)
    ("python" "a\n\nb   ¦" "b")
    ("python" "class C:\n    def f(self):\n        if x:\n            ¦y\n    z = 1\nw"
     "class C:\n    def f(self):\n        if x:\n            y\n    z = 1")
    ("python" "if x:\n    a\nelse:\n    b¦\nc" "if x:\n    a\nelse:\n    b")
    ("python" "def f():\n    '''\ndef g():¦\n'''\n    x\n"
     "def f():\n    '''\ndef g():\n'''\n    x")
    ("python" "x = {\n'a': 1,¦\n}\n" "x = {\n'a': 1,\n}")
    ("python" "¦" nil)
    ("node" "if (a) {\n  b()¦\n}\nelse {\n  c()\n}\nd()" "if (a) {\n  b()\n}\nelse {\n  c()\n}")
    ("node" "function f(x) {\n  return x¦\n}\n\nf(1)" "function f(x) {\n  return x\n}")
    ("node" "let a = 1 +\n  2¦\nb" "let a = 1 +\n  2")
    ("node" "do {\n  a()¦\n}\nwhile (b)\nc" "do {\n  a()\n}\nwhile (b)")
    ("node" "a++\nb¦" "b")
    ("node" "f(¦" nil)
    ("text" "one¦" "one"))
  "Language, text, the definition at point.")

(ert-deftest forms-tests-the-definition-at-point ()
  (cursor-check forms-tests-definitions #'repl-connect-definition-at-point))

;;;; Text that is sent

(defconst forms-tests-class
  (concat "class C:\n    def f(self):\n        \"\"\"Says\n        something.\"\"\"\n"
          "        if self.x:\n\n            y = [\n        1,\n                2]\n"
          "# a remark at the margin\n            z = \"\"\"\n            kept\n\"\"\"\n"
          "        return z\n")
  "Python with all that an indentation can mean.")

(defun forms-tests-extract (text first last)
  "Return what is extracted of TEXT from FIRST to the end of LAST."
  (with-temp-buffer
    (insert text)
    (goto-char (point-min))
    (search-forward first)
    (let ((start (match-beginning 0)))
      (goto-char (1+ start))
      (search-forward last)
      (repl-connect-language-extract start (point) "python"))))

(ert-deftest forms-tests-python-loses-its-indentation ()
  (pcase-dolist
      (`(,first ,last ,expected)
       '(("y = [" "2]" "y = [\n1,\n    2]")
         ("z = " "\n\"\"\"" "z = \"\"\"\n            kept\n\"\"\"")
         ("        return" "z\n" "return z\n")
         ("self.x" ":" "self.x:")
         ("if self" "kept\n\"\"\""
          "if self.x:\n\n    y = [\n1,\n        2]\n# a remark at the margin
    z = \"\"\"\n            kept\n\"\"\"")))
    (should (equal expected (forms-tests-extract forms-tests-class first last))))
  (should (equal "b = 2\nc = 3\n"
                 (forms-tests-extract "if x:\n    a = 1; b = 2\n    c = 3\n" "b" "3\n")))
  (should (equal "if é:\n\ty\n" (forms-tests-extract "\tif é:\n\t\ty\n" "if" "y\n"))))

(ert-deftest forms-tests-what-cannot-be-cut-out-stays-as-it-is ()
  (dolist (text '("x = 1\ny = 2\n" "        x = 1\n    y = 2\n" "\tx = 1\n        y = 2\n"
                  "\n  \n# only\n" ""))
    (with-temp-buffer
      (insert text)
      (should (equal text (repl-connect-language-extract (point-min) (point-max) "python")))))
  (with-temp-buffer
    (insert (propertize "(a\n    (b)\n  (c))" 'face 'bold))
    (dolist (language '("guile" "clojure" "sbcl" "node" "text"))
      (let ((found (repl-connect-language-extract 4 13 language)))
        (should (equal-including-properties (buffer-substring-no-properties 4 13) found))))))

;;;; Odd buffers

(defun forms-tests-ask-all ()
  "Ask all that can be asked at point, and check that it is possible."
  (let ((point (point)))
    (dolist (function '(repl-connect-form-before-point repl-connect-definition-at-point
                        repl-connect-language-symbol-at-point))
      (let ((found (funcall function)))
        (when found
          (should (<= (point-min) (car found)))
          (should (< (car found) (cdr found)))
          (should (<= (cdr found) (point-max))))))
    (let ((call (repl-connect-call-at-point)))
      (should (or (null call) (and (stringp (car call)) (natnump (cdr call))))))
    (let ((namespace (repl-connect-buffer-namespace)))
      (should (or (null namespace) (stringp namespace))))
    (should (= point (point)))))

(ert-deftest forms-tests-whatever-the-text-something-is-found-or-nothing ()
  (let ((pieces ["(" ")" "[" "]" "{" "}" "\"" "'" "`" "#" ";" ";; " "#|" "|#" "#_" "#;" "\\" "\n"
                 "\n(" " " "    " "a" "def f():" "\ndef " "class C:" "'''" "\"\"\"" "@" "@d\n" ","
     ".b"
                 "if x:\n" "else:\n" "\\\n" "(in-package " "(ns " "(define-module (" "(comment "
                 "^" "${" "//" "/*" "*/" "=>" "function " "é" "\t" "\r\n" "\0" "#+" ":a" "日"])
        (_ (random "forms")))
    (dolist (record repl-connect-languages)
      (dotimes (_ 60)
        (with-temp-buffer
          (delay-mode-hooks (funcall (or (repl-connect-language-mode record) #'text-mode)))
          (setq repl-connect-language record)
          (dotimes (_ (random 25))
            (insert (aref pieces (random (length pieces)))))
          (let ((debug-on-error nil))
            (dotimes (_ 3)
              (goto-char (+ (point-min) (random (1+ (buffer-size)))))
              (forms-tests-ask-all))
            (let ((from (1+ (random (1+ (buffer-size))))))
              (narrow-to-region from (min (point-max) (+ from 8)))
              (goto-char (point-max))
              (forms-tests-ask-all))))))))

(ert-deftest forms-tests-a-narrowed-buffer-is-all-there-is ()
  (with-temp-buffer
    (scheme-mode)
    (insert "(a (b c) (d e))")
    (syntax-ppss (point-max))
    (narrow-to-region 4 9)
    (goto-char 6)
    (should (equal '(4 . 9) (repl-connect-definition-at-point)))
    (goto-char 9)
    (should (equal '(4 . 9) (repl-connect-form-before-point)))))

(ert-deftest forms-tests-a-call-far-above-is-not-found ()
  (with-temp-buffer
    (python-mode)
    (insert "f(1,\n" (make-string repl-connect-brackets-limit ?\n))
    (should-not (repl-connect-call-at-point))
    (goto-char 6)
    (should (equal '("f" . 1) (repl-connect-call-at-point)))))

(ert-deftest forms-tests-a-large-repl-is-looked-at-near-point ()
  (with-temp-buffer
    (setq repl-connect-language (repl-connect-language-named "guile"))
    (insert (make-string (* 3 repl-connect-language-copy-limit) ?x) "\n(a b)")
    (let ((end (point)))
      (insert "\n" (make-string (* 3 repl-connect-language-copy-limit) ?\())
      (goto-char end)
      (should (equal (cons (- end 5) end) (repl-connect-form-before-point))))))

(provide 'forms-tests)
;;; forms-tests.el ends here
