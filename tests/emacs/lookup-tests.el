;;; lookup-tests.el --- What the program knows about names  -*- lexical-binding: t; -*-

;; Programs: python_server guile_program clojure_nrepl

;;; Code:

(require 'testing)
(require 'repl-connect)
(require 'repl-connect-lookup)

(defmacro lookup-tests-with (text &rest body)
  "Evaluate BODY in a source buffer with TEXT, connected to the program of this run."
  (declare (indent 1) (debug t))
  `(testing-afresh
     (testing-connect)
     (testing-visit ,text)
     (when (eq major-mode 'fundamental-mode)
       (repl-connect-clojure-text-mode))
     (repl-connect-lookup-setup)
     ,@body))

(defmacro lookup-tests-in (kind &rest body)
  "Evaluate BODY if the program of this run is of KIND."
  (declare (indent 1) (debug t))
  `(when (eq (testing-kind) ',kind)
     ,@body))

(defun lookup-tests-connection ()
  "Return the connection of this buffer."
  (repl-connect-current-connection))

(defun lookup-tests-complete ()
  "Complete at point as by the key, and return the text."
  (let ((this-command 'completion-at-point))
    (completion-at-point))
  (testing-text))

(defun lookup-tests-candidates (&optional command)
  "Return the candidates at point and their annotations, as COMMAND gets them."
  (let* ((this-command (or command 'completion-at-point))
         (found (repl-connect-completion-at-point)))
    (mapcar (lambda (candidate)
              (concat candidate
                      (funcall (plist-get (nthcdr 3 found) :annotation-function) candidate)))
            (nth 2 found))))

(defun lookup-tests-eldoc ()
  "Return what eldoc is told at point, awaited; its marked part in brackets."
  (let ((told nil))
    (should (repl-connect-eldoc (lambda (text &rest _) (setq told (list text)))))
    (testing-until told)
    (let ((line (car told)) (shown "") (from 0))
      (while (< from (length line))
        (let ((to (or (next-single-property-change from 'face line) (length line)))
              (marked (eq (get-text-property from 'face line)
                          'eldoc-highlight-function-argument)))
          (setq shown (concat shown (format (if marked "[%s]" "%s")
                                            (substring-no-properties line from to)))
                from to)))
      shown)))

(defun lookup-tests-evaluate (code)
  "Evaluate CODE and await its end."
  (let ((ended nil))
    (repl-connect-eval (lookup-tests-connection) code
                       :on-done (lambda (_ problem) (setq ended (list problem))))
    (testing-until ended)
    (should-not (car ended))))

(defun lookup-tests-write (file text)
  "Write TEXT to FILE and return its name."
  (let ((file (expand-file-name file)))
    (write-region text nil file nil 'quiet)
    file))

(defun lookup-tests-line ()
  "Return the line of point."
  (buffer-substring-no-properties (line-beginning-position) (line-end-position)))

(defmacro lookup-tests-refused (text &rest body)
  "Evaluate BODY, which signals a `user-error' that has TEXT in it."
  (declare (indent 1) (debug t))
  `(let ((said (cadr (should-error (progn ,@body) :type 'user-error))))
     (should (string-search ,text said))))

;;;; Completion

(ert-deftest lookup-completes-a-name-in-a-source-buffer ()
  (lookup-tests-with (concat "\n" (testing-word 'begun) "‸\n")
    (should (member 'repl-connect-completion-at-point completion-at-point-functions))
    (should (string-search (testing-word 'begun) (lookup-tests-complete)))
    (should (seq-some (lambda (each) (string-prefix-p (testing-word 'completed) each))
                      (lookup-tests-candidates)))))

(ert-deftest lookup-completes-in-the-repl ()
  (testing-with-repl nil
    (goto-char (point-max))
    (testing-type (testing-word 'begun))
    (testing-keys "TAB")
    (testing-until-shown (testing-word 'completed))))

(ert-deftest lookup-completes-in-the-repl-whatever-was-printed-above ()
  (testing-with-repl nil
    (repl-connect-show repl-connect--connection "one \" and ( and ''' more\n" 'default)
    (repl-connect-flush (current-buffer))
    (goto-char (point-max))
    (insert (testing-word 'begun))
    (should (seq-some (lambda (each) (string-prefix-p (testing-word 'completed) each))
                      (lookup-tests-candidates)))))

(ert-deftest lookup-completes-in-its-place-though-output-comes-meanwhile ()
  (testing-with-repl nil
    (goto-char (point-max))
    (insert (testing-word 'begun))
    (let* ((wait (symbol-function 'repl-connect-names-wait))
           (found
            (cl-letf (((symbol-function 'repl-connect-names-wait)
                       (lambda (connection &rest more)
                         (repl-connect-show connection "meanwhile\n" 'default)
                         (repl-connect-flush (current-buffer))
                         (apply wait connection more))))
              (repl-connect-completion-at-point))))
      (should (testing-in-buffer-p "meanwhile"))
      (should (equal (buffer-substring-no-properties (nth 0 found) (nth 1 found))
                     (testing-word 'begun))))))

(ert-deftest lookup-indents-where-only-blanks-are ()
  (testing-with-repl nil
    (goto-char (point-max))
    (insert (aref (testing-word 'lines) 0) "\n")
    (testing-keys "TAB")
    (should (> (current-column) 0))
    (insert (testing-word 'begun))
    (testing-keys "TAB")
    (testing-until-shown (testing-word 'completed))))

(ert-deftest lookup-completes-nothing-in-a-comment ()
  (dolist (comment (if (eq (testing-kind) 'python_server)
                       '("# %s‸")
                     '("; %s‸" "\"%s‸\"")))
    (lookup-tests-with (format comment (testing-word 'begun))
      (should-not (lookup-tests-candidates)))))

(ert-deftest lookup-says-what-a-candidate-is ()
  (lookup-tests-with (concat "\n" (testing-word 'completed) "‸\n")
    (let ((found (let ((this-command 'completion-at-point))
                   (repl-connect-completion-at-point))))
      (should (equal (plist-get (nthcdr 3 found) :exclusive) 'no))
      (should (seq-some (lambda (each) (string-search (concat (testing-word 'completed)
                                                              " function")
                                                      each))
                        (lookup-tests-candidates)))
      (let ((candidate (seq-find (lambda (each) (equal each (testing-word 'completed)))
                                 (nth 2 found))))
        (should (eq (funcall (plist-get (nthcdr 3 found) :company-kind) candidate) 'function))
        (with-current-buffer (funcall (plist-get (nthcdr 3 found) :company-doc-buffer) candidate)
          (should (testing-in-buffer-p candidate)))))))

(ert-deftest lookup-takes-the-styles-that-are-set ()
  (pcase-let ((`(,typed ,whole) (alist-get (testing-kind)
                                           '((python_server "sys.set_co_or‸"
                                                            "sys.set_coroutine_origin_\
tracking_depth")
                                             (guile_program "call-w-prom‸" "call-with-prompt")
                                             (clojure_nrepl "unchecked-mul-i‸"
                                                            "unchecked-multiply-int")))))
    (lookup-tests-with typed
      (lookup-tests-in python_server
        (lookup-tests-evaluate "import sys"))
      (let ((completion-styles '(basic)))
        (should-not (equal (lookup-tests-complete) whole)))
      (should (equal (lookup-tests-complete) whole)))))

(ert-deftest lookup-completes-what-a-server-makes-of-the-text ()
  (lookup-tests-in python_server
    (lookup-tests-with "sorted([1], ke‸)"
      (should (equal (lookup-tests-complete) "sorted([1], key=)")))
    (lookup-tests-with "table['nam‸']"
      (lookup-tests-evaluate "table = {'name of it': 1}")
      (should (equal (lookup-tests-complete) "table['name of it']")))
    (lookup-tests-with "sys.getrec‸sionlimit"
      (lookup-tests-evaluate "import sys")
      (should (equal (lookup-tests-complete) "sys.getrecursionlimit")))))

(ert-deftest lookup-asks-once-while-a-name-grows ()
  (lookup-tests-with (substring (testing-word 'begun) 0 -1)
    (goto-char (point-max))
    (should (lookup-tests-candidates))
    (let ((requests (repl-connect-connection-counter (lookup-tests-connection))))
      (insert (substring (testing-word 'begun) -1))
      (should (lookup-tests-candidates))
      (delete-char -1)
      (should (lookup-tests-candidates))
      (should (= requests (repl-connect-connection-counter (lookup-tests-connection)))))))

(ert-deftest lookup-knows-at-once-what-was-just-defined ()
  (lookup-tests-with "answ‸"
    (should-not (seq-filter (lambda (each) (string-prefix-p "answ0" each))
                            (lookup-tests-candidates)))
    (lookup-tests-evaluate (string-replace "answer" "answer0" (testing-word 'define)))
    (should (seq-some (lambda (each) (string-prefix-p "answer0" each))
                      (lookup-tests-candidates)))))

(ert-deftest lookup-completes-in-the-namespace-of-the-buffer ()
  (lookup-tests-in clojure_nrepl
    (lookup-tests-with "(ns clojure.string)\n(trim-newl‸"
      (should (equal (lookup-tests-candidates) '("trim-newline function"))))
    (lookup-tests-with "(ns no.such.namespace.here)\n(hash-ma‸"
      (should (equal (lookup-tests-candidates) '("hash-map function"))))))

(ert-deftest lookup-leaves-a-buffer-alone-that-has-no-connection ()
  (testing-afresh
    (testing-visit (concat (testing-word 'begun) "‸"))
    (repl-connect-lookup-setup)
    (should-not (repl-connect-completion-at-point))
    (should-not (repl-connect-eldoc #'ignore))
    (should-not (repl-connect-xref-backend))
    (lookup-tests-refused "M-x repl-connect" (repl-connect-documentation "name"))))

(ert-deftest lookup-asks-no-more-where-nothing-comes-back ()
  (lookup-tests-in python_server
    (testing-afresh
      (let* ((program (testing-start-program))
             (repl (testing-connect (testing-program-address program)))
             (connection (buffer-local-value 'repl-connect--connection repl)))
        (testing-visit "isinst‸")
        (repl-connect-lookup-setup)
        (signal-process (testing-program-pid program) 'STOP)
        (should-not (lookup-tests-candidates))
        (should (testing-said "no answer yet"))
        (insert "a")
        (should-not (lookup-tests-candidates))
        (insert "n")
        (let ((requests (repl-connect-connection-counter connection)))
          (should-not (lookup-tests-candidates))
          (should (= requests (repl-connect-connection-counter connection))))
        (delete-char -1)
        (signal-process (testing-program-pid program) 'CONT)
        (testing-until (null (repl-connect-names-pending (repl-connect-names-of connection))))
        ;; The late answers were not in vain.
        (let ((requests (repl-connect-connection-counter connection)))
          (should (equal (lookup-tests-complete) "isinstance"))
          (should (= requests (repl-connect-connection-counter connection))))))))

(ert-deftest lookup-waits-no-more-when-something-is-typed ()
  (lookup-tests-in python_server
    (lookup-tests-with "isinst‸"
      (let ((unread-command-events (list ?x)))
        (should-not (lookup-tests-candidates))
        (should-not (testing-said "no answer yet")))
      (should (zerop (repl-connect-names-missed
                      (repl-connect-names-of (lookup-tests-connection)))))
      (testing-until (lookup-tests-candidates)))))

(ert-deftest lookup-has-nothing-to-say-when-the-connection-is-lost ()
  (lookup-tests-in python_server
    (testing-afresh
      (let* ((program (testing-start-program))
             (repl (testing-connect (testing-program-address program)))
             (connection (buffer-local-value 'repl-connect--connection repl)))
        (testing-visit "isinst‸")
        (repl-connect-lookup-setup)
        (should (lookup-tests-candidates))
        (testing-kill-program program)
        (testing-until (not (repl-connect-open-p connection)))
        (should-not (lookup-tests-candidates))
        (should-not (repl-connect-eldoc #'ignore))
        (should-not (repl-connect-xref-backend))))))

;;;; Signatures

(defconst lookup-tests-calls
  '((python_server ("isinstance(1, ‸" "isinstance(obj, [class_or_tuple], /)")
                   ("sorted([1], reverse=‸" "sorted(iterable, /, *, key=None, [reverse=False])")
                   ("isinstance‸" "isinstance(obj, class_or_tuple, /)"))
    (guile_program ("(iota 10 ‸" "(iota count #:optional [start] step)")
                   ("(iota‸" "(iota count #:optional start step)")
                   ("(string-append \"a\" \"b\" ‸" "(string-append . [_])"))
    (clojure_nrepl ("(reduce + 0 ‸" "(reduce f val [coll])  +1")
                   ("(hash-map 1 2 ‸" "(hash-map & [keyvals])  +1")))
  "For each kind of program texts, and what eldoc says there.")

(ert-deftest lookup-shows-the-argument-at-point ()
  (pcase-dolist (`(,text ,shown) (alist-get (testing-kind) lookup-tests-calls))
    (lookup-tests-with text
      (should (equal (lookup-tests-eldoc) shown)))))

(ert-deftest lookup-asks-once-for-a-signature ()
  (pcase-let ((`(,text ,shown) (car (alist-get (testing-kind) lookup-tests-calls))))
    (lookup-tests-with text
      (should (equal (lookup-tests-eldoc) shown))
      (let ((requests (repl-connect-connection-counter (lookup-tests-connection))))
        (should (equal (lookup-tests-eldoc) shown))
        (should (= requests (repl-connect-connection-counter (lookup-tests-connection))))))))

(ert-deftest lookup-turns-eldoc-on-in-the-repl ()
  (testing-with-repl nil
    (should eldoc-mode)
    (goto-char (point-max))
    (pcase-let ((`(,text ,shown) (car (alist-get (testing-kind) lookup-tests-calls))))
      (insert (string-replace "‸" "" text))
      (should (equal (lookup-tests-eldoc) shown)))))

;;;; Documentation

(ert-deftest lookup-shows-documentation-of-the-name-at-point ()
  (lookup-tests-with (concat "\n" (testing-word 'documented) "‸\n")
    (repl-connect-documentation)
    (testing-until (get-buffer-window "*repl documentation*"))
    (with-current-buffer "*repl documentation*"
      (should (string-match-p (regexp-quote (testing-word 'documented)) (lookup-tests-line)))
      (should (testing-in-buffer-p (testing-word 'documentation)))
      (should buffer-read-only))))

(ert-deftest lookup-documentation-is-about-where-it-was-asked-for ()
  (testing-with-repl nil
    (let ((connection repl-connect--connection) (asked nil))
      (cl-letf (((symbol-function 'repl-connect-names-lookup)
                 (lambda (_ _ namespace _ function) (setq asked (cons namespace function)))))
        (let ((default-directory "/asked/here/"))
          (repl-connect-documentation--find connection '("f") "some.where"))
        (with-temp-buffer
          (setq default-directory "/elsewhere/")
          (funcall (cdr asked) '(("name" . "f"))))
        (with-current-buffer "*repl documentation*"
          (should (equal default-directory "/asked/here/"))
          (setq asked nil)
          (revert-buffer)
          (should (equal (car asked) "some.where")))))))

(ert-deftest lookup-says-that-nothing-is-known ()
  (lookup-tests-with "\n"
    (repl-connect-documentation "no-such-name-there")
    (testing-until-said "Nothing is known about no-such-name-there there")
    (lookup-tests-refused "Nothing is known about no-such-name-there there"
      (xref-backend-definitions 'repl-connect "no-such-name-there"))))

(ert-deftest lookup-goes-from-documentation-to-the-definition ()
  (lookup-tests-with "\n"
    (when-let ((name (alist-get (testing-kind) '((guile_program . "iota")
                                                 (clojure_nrepl . "reduce")))))
      (repl-connect-documentation name)
      (testing-until (get-buffer-window "*repl documentation*"))
      (with-current-buffer "*repl documentation*"
        (goto-char (point-min))
        (forward-button 1)
        (push-button))
      (set-buffer (window-buffer))
      (should (string-match-p (concat "(def[a-z*]* (?" name) (lookup-tests-line))))))

(ert-deftest lookup-lists-names-with-a-word-in-them ()
  (lookup-tests-with "\n"
    (repl-connect-apropos (testing-word 'begun))
    (testing-until (get-buffer-window "*repl apropos*"))
    (with-current-buffer "*repl apropos*"
      (should (testing-in-buffer-p (testing-word 'completed))))
    (repl-connect-apropos "no-such-name-there")
    (testing-until-said "No name with no-such-name-there is known there")))

;;;; Definitions

(ert-deftest lookup-goes-to-a-definition-and-back ()
  (when-let ((name (alist-get (testing-kind) '((guile_program . "iota")
                                               (clojure_nrepl . "reduce")))))
    (lookup-tests-with (format "\n  %s‸\n" name)
      (let ((source (current-buffer)))
        (should (equal (xref-backend-identifier-at-point (xref-find-backend)) name))
        (xref-find-definitions name)
        (should (string-match-p (concat "(def[a-z*]* (?" name) (lookup-tests-line)))
        (lookup-tests-in clojure_nrepl
          (should (string-match-p "\\`\\*repl source: clojure.*/clojure/core.clj\\*"
                                  (buffer-name)))
          (should buffer-read-only)
          ;; What it has is known too.
          (search-forward "coll-reduce")
          (should (string-prefix-p "(clojure.core.protocols/coll-reduce coll f)"
                                   (lookup-tests-eldoc))))
        (xref-pop-marker-stack)
        (should (eq (current-buffer) source))
        (should (equal (lookup-tests-line) (format "  %s" name)))))))

(ert-deftest lookup-goes-to-a-definition-that-has-moved ()
  (lookup-tests-in python_server
    (lookup-tests-with "zoo.zebra‸"
      (lookup-tests-write "zoo.py" "a = 1\n\n\ndef zebra():\n    return a\n")
      (lookup-tests-evaluate (format "import sys; sys.path.insert(0, %S); import zoo"
                                     default-directory))
      (lookup-tests-write "zoo.py" (concat (apply #'concat (make-list 20 "# more\n"))
                                           "zebra = 1\n\n\ndef zebra():\n    return a\n"))
      (xref-find-definitions "zoo.zebra")
      (should (equal (buffer-name) "zoo.py"))
      (should (equal (lookup-tests-line) "def zebra():")))))

(ert-deftest lookup-shows-the-source-of-a-file-that-is-not-here ()
  (lookup-tests-in python_server
    (lookup-tests-with "far.away‸"
      (lookup-tests-write "far.py" "def away(x):\n    return x\n")
      (lookup-tests-evaluate (format "import sys; sys.path.insert(0, %S); import far"
                                     default-directory))
      (cl-letf (((symbol-function 'repl-connect-elsewhere-p) #'always))
        (xref-find-definitions "far.away"))
      (should (equal (buffer-name) "*repl source: far.away*"))
      (should (equal (testing-text) "def away(x):\n    return x\n"))
      (should (derived-mode-p 'python-mode))
      (should buffer-read-only))))

(ert-deftest lookup-says-where-it-is-if-it-can-not-go-there ()
  (lookup-tests-with "\n"
    (when-let ((name (alist-get (testing-kind) '((python_server . "len")
                                                 (guile_program . "car")))))
      (lookup-tests-refused (format "Nothing is known of where %s is defined" name)
        (xref-find-definitions name)))))

(ert-deftest lookup-finds-names-by-apropos ()
  (lookup-tests-with "\n"
    (let ((found (xref-backend-apropos 'repl-connect (testing-word 'begun))))
      (should (seq-some (lambda (each)
                          (string-prefix-p (testing-word 'completed) (xref-item-summary each)))
                        found)))))

(ert-deftest lookup-completes-names-that-are-asked-for ()
  (lookup-tests-with "\n"
    (let ((table (xref-backend-identifier-completion-table 'repl-connect)))
      (should (member (testing-word 'completed)
                      (all-completions (testing-word 'begun) table))))
    (lookup-tests-in python_server
      (lookup-tests-evaluate "import sys")
      (should (member "sys.getrecursionlimit"
                      (all-completions "sys.getrec" (repl-connect-names-table
                                                     (lookup-tests-connection) nil)))))))

(provide 'lookup-tests)
;;; lookup-tests.el ends here
