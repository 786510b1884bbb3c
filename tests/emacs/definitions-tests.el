;;; definitions-tests.el --- Signatures, paths and archives  -*- lexical-binding: t; -*-

;;; Code:

(require 'testing)
(require 'repl-connect-definitions)
(require 'repl-connect-signatures)

;;;; Signatures

(defconst definitions-tests-signatures
  '(;; NAME TEXT ARGUMENT KEYWORD SHOWN
    ("f" "(a, b=1, *rest)" 1 nil "f(a, [b=1], *rest)")
    ("f" "(a, b=1, *rest)" 7 nil "f(a, b=1, [*rest])")
    ("f" "(a, /, *, key=None, **others)" nil "key" "f(a, /, *, [key=None], **others)")
    ("f" "(a, /, *, key=None, **others)" nil "x" "f(a, /, *, key=None, [**others])")
    ("f" "(a, /, *, key=None)" 1 nil "f(a, /, *, key=None)")
    ("f" "(x: int = (1, 2), y: str = ', ') -> int" 1 nil "f(x: int = (1, 2), [y: str = ', '])")
    ("f" "(self)" 0 nil "f([self])")
    ("f" "()" 0 nil "f()")
    ("f" "(f a #:optional b . rest)" 0 nil "(f [a] #:optional b . rest)")
    ("f" "(f a #:optional b . rest)" 5 nil "(f a #:optional b . [rest])")
    ("f" "(f a #:key (b 1) c)" nil "c" "(f a #:key (b 1) [c])")
    ("f" "(f a #:key (b 1) c)" nil "b" "(f a #:key [(b 1)] c)")
    ("n/f" "([x] [x & more])" 0 nil "(n/f [x])  +1")
    ("n/f" "([x] [x & more])" 3 nil "(n/f x & [more])  +1")
    ("f" "([{:keys [a b]} c])" 0 nil "(f [{:keys [a b]}] c)")
    ("f" "([])" 0 nil "(f)")
    ("f" "" 0 nil nil))
  "Signatures as they are told, and shown at an argument.")

(ert-deftest definitions-signatures-are-read-as-their-languages-write-them ()
  (pcase-dolist (`(,name ,text ,argument ,keyword ,shown) definitions-tests-signatures)
    (let* ((line (repl-connect-signatures-shown name (repl-connect-signatures-read name text)
                                                argument keyword))
           (at (and line (text-property-any 0 (length line) 'face
                                            'eldoc-highlight-function-argument line)))
           (end (and at (next-single-property-change at 'face line (length line)))))
      (should (equal (if at
                         (concat (substring line 0 at) "[" (substring line at end) "]"
                                 (substring line end))
                       line)
                     shown)))))

(ert-deftest definitions-signatures-are-cut-around-the-argument ()
  (let ((signatures (repl-connect-signatures-read
                     "call" "(first, second, third, fourth, fifth)")))
    (should (equal (substring-no-properties
                    (repl-connect-signatures-shown "call" signatures 3 nil 34))
                   "call(…, third, fourth, fifth)"))
    (dolist (columns '(5 12 20 30 40))
      (should (<= (string-width (repl-connect-signatures-shown "call" signatures 2 nil columns))
                  (max columns 9))))))

(ert-deftest definitions-signatures-of-any-text-raise-no-error ()
  (dolist (text '("(" ")" "((" "[" "(]" "\"" "('" "(a, 'b" "#" "," "(,)" "( . )" "([[[" "\\"))
    (should (listp (repl-connect-signatures-read "f" text)))))

;;;; Paths

(defun definitions-tests-connection (&optional address)
  "Return a connection to ADDRESS, which it never had."
  (repl-connect-connection--make :address (or address "./socket")))

(defun definitions-tests-file (name &optional text)
  "Write TEXT into the file NAME of the project and return its full name."
  (let ((file (expand-file-name name)))
    (make-directory (file-name-directory file) t)
    (write-region (or text "text\n") nil file nil 'quiet)
    file))

(ert-deftest definitions-paths-are-those-here ()
  (let ((file (definitions-tests-file "src/deep/one two.py"))
        (connection (definitions-tests-connection)))
    (should (equal (repl-connect-path-here file connection) file))
    (should (equal (repl-connect-path-here (concat "file:" (string-replace " " "%20" file))
                                           connection)
                   file))
    (should-not (repl-connect-path-here (concat file "x") connection))
    (let ((default-directory (file-name-directory file)))
      (should (equal (repl-connect-path-here "deep/one two.py" connection) file)))
    (should-not (repl-connect-path-here "deeper/one.py" connection))))

(ert-deftest definitions-paths-are-unquoted-only-where-they-are-urls ()
  (let ((file (definitions-tests-file "100%25 é.py"))
        (connection (definitions-tests-connection)))
    (should (equal (repl-connect-path-here file connection) file))
    (should (equal (repl-connect-path-here
                    (concat "file:" (string-replace " " "%20" (string-replace "%" "%25" file)))
                    connection)
                   file))))

(ert-deftest definitions-paths-on-another-machine-are-not-asked-for-quickly ()
  (let ((default-directory "/ssh:nowhere:/srv/")
        (connection (definitions-tests-connection)))
    (cl-letf (((symbol-function 'file-regular-p) (lambda (_) (error "Asked"))))
      (should (equal (repl-connect-path-here "/srv/a.py" connection t) "/ssh:nowhere:/srv/a.py"))
      (should-not (repl-connect-path-here "a.py" connection t)))))

(ert-deftest definitions-paths-of-another-machine-are-mapped ()
  (let* ((file (definitions-tests-file "app/main.py"))
         (app (file-name-directory file))
         (near (definitions-tests-connection))
         (far (definitions-tests-connection "ssh://box/srv/socket"))
         (repl-connect-paths `(("/srv/app/" . ,app)
                               ("ssh://box/srv/socket" ("/opt/" . ,app)))))
    (should (equal (repl-connect-path-here "/srv/app/main.py" near) file))
    (should (equal (repl-connect-path-there file near) "/srv/app/main.py"))
    (should-not (repl-connect-path-here "/opt/main.py" near))
    (should (equal (repl-connect-path-here "/opt/main.py" far) file))
    ;; Its files are not those here, whatever they are called.
    (should-not (repl-connect-path-here file far))
    (should (equal (repl-connect-path-here file near) file))))

(ert-deftest definitions-paths-do-not-lead-to-a-machine-that-only-the-other-side-names ()
  (let ((file-name-handler-alist
         (cons (cons "\\`/\\(?:ssh\\|sudo\\):" (lambda (&rest _) (error "Connected")))
               file-name-handler-alist)))
    (should-not (repl-connect-path-here "/ssh:evil:/x.py" (definitions-tests-connection)))
    (should (repl-connect-definition-problem
             (repl-connect-definition-of "x" '(("file" . "/sudo::/x.py") ("line" . 1))
                                         (definitions-tests-connection))))))

;;;; Archives

(ert-deftest definitions-archives-are-read ()
  (let ((default-directory (file-name-as-directory (make-temp-file "zip" t)))
        (long (mapconcat #'number-to-string (number-sequence 1 5000) "é\n")))
    (definitions-tests-file "a/one.clj" long)
    (definitions-tests-file "one.clj" "short")
    (should (zerop (call-process "python3" nil nil nil "-m" "zipfile" "-c" "x y.jar"
                                 "a/" "one.clj")))
    (let ((archive (expand-file-name "x y.jar"))
          (connection (definitions-tests-connection)))
      (should (equal (repl-connect-archive-member archive "a/one.clj" 100000) long))
      (should (equal (repl-connect-archive-member archive "one.clj" 100000) "short"))
      (should-not (repl-connect-archive-member archive "a/one.clj" 1000))
      (should-not (repl-connect-archive-member archive "two.clj" 1000))
      (should-not (repl-connect-archive-member (concat archive "x") "one.clj" 1000))
      (should-not (repl-connect-archive-member (expand-file-name "one.clj") "one.clj" 1000))
      (dolist (path (list (format "jar:file:%s!/one.clj" (string-replace " " "%20" archive))
                          (concat archive "/one.clj")))
        (let ((found (repl-connect-definition-of "f" `(("file" . ,path) ("line" . 3))
                                                 connection)))
          (should (equal (repl-connect-definition-text found) "short"))
          (should (equal (repl-connect-definition-title found) "x y.jar/one.clj"))
          (should (= (repl-connect-definition-line found) 3)))))))

(ert-deftest definitions-without-a-file-say-what-to-do ()
  (let ((connection (definitions-tests-connection)))
    (should (string-search "`repl-connect-paths'"
                           (repl-connect-definition-problem
                            (repl-connect-definition-of
                             "f" '(("file" . "/no/such.py") ("line" . 3)) connection))))
    (should (equal (repl-connect-definition-text
                    (repl-connect-definition-of
                     "f" '(("file" . "/no/such.py") ("line" . 3)
                           ("source" . "def f(): \e[31mred\e[0m\n"))
                     connection))
                   "def f(): red\n"))
    (dolist (info '(nil (("file" . "<stdin>")) (("file" . "NO_SOURCE_PATH") ("line" . 1))
                        (("file" . [])) (("line" . -3) ("file" . 5))))
      (should (string-search "Nothing is known of where f"
                             (repl-connect-definition-problem
                              (repl-connect-definition-of "f" info connection)))))))

(provide 'definitions-tests)
;;; definitions-tests.el ends here
