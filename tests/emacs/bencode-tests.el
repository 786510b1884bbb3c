;;; bencode-tests.el --- The codec, on what all codecs share  -*- lexical-binding: t; -*-

;;; Commentary:

;; See tests/wire/golden_files.py for what is in tests/wire/golden.

;;; Code:

(require 'cl-lib)
(require 'ert)
(require 'json)
(require 'seq)
(require 'repl-connect-bencode)

(defconst bencode-tests-directory
  (expand-file-name "../wire/golden" (file-name-directory (or load-file-name buffer-file-name)))
  "Where the recorded exchanges are.")

;;;; Reading them

(defun bencode-tests-said (name)
  "Return what was said in the exchange NAME: alists with symbols for keys.
The bytes of each are a unibyte string; messages are as they are decoded."
  (let* ((json-object-type 'alist)
         (json-key-type 'string)
         (json-array-type 'vector)
         (file (expand-file-name (concat name ".json") bencode-tests-directory)))
    (mapcar (lambda (row)
              (let ((row (bencode-tests-text row)))
                `((bytes . ,(encode-coding-string (cdr (assoc "bytes" row)) 'latin-1))
                  (messages . ,(append (cdr (assoc "messages" row)) nil))
                  (as-written . ,(and (null (assoc "canonical" row))
                                      (null (assoc "malformed" row))))
                  (malformed . ,(and (assoc "malformed" row) t)))))
            (cdr (assoc "said" (json-read-file file))))))

(defun bencode-tests-text (value)
  "Return VALUE with raw bytes in the place of surrogate escapes."
  (cond
   ((stringp value)
    (if (string-match-p "[\udc80-\udcff]" value)
        (apply #'string (mapcar (lambda (char)
                                  (if (<= #xdc80 char #xdcff)
                                      (unibyte-char-to-multibyte (- char #xdc00))
                                    char))
                                value))
      value))
   ((vectorp value) (vconcat (mapcar #'bencode-tests-text value)))
   ((consp value) (mapcar (lambda (entry)
                            (cons (bencode-tests-text (car entry))
                                  (bencode-tests-text (cdr entry))))
                          value))
   (t value)))

(defun bencode-tests-same-p (one other)
  "Whether ONE and OTHER are the same message: keys have no order."
  (cond
   ((and (consp one) (consp other))
    (and (= (length one) (length (seq-uniq (mapcar #'car other))))
         (seq-every-p (lambda (entry)
                        (let ((there (assoc (car entry) other)))
                          (and there (bencode-tests-same-p (cdr entry) (cdr there)))))
                      one)))
   ((and (vectorp one) (vectorp other))
    (and (= (length one) (length other))
         (cl-every #'bencode-tests-same-p one other)))
   (t (equal one other))))

(defun bencode-tests-decode (&rest chunks)
  "Return the messages of CHUNKS, and whether they end in a mistake."
  (let ((decoder (repl-connect-bencode-decoder))
        (messages nil)
        (malformed nil))
    (unwind-protect
        (condition-case nil
            (dolist (chunk chunks)
              (repl-connect-bencode-feed decoder chunk (lambda (it) (push it messages))))
          (repl-connect-bencode-error (setq malformed t)))
      (repl-connect-bencode-close decoder))
    (list (nreverse messages) malformed)))

(defun bencode-tests-check (said &rest chunks)
  "Fail unless CHUNKS are the messages of SAID."
  (pcase-let ((`(,messages ,malformed) (apply #'bencode-tests-decode chunks)))
    (unless (and (eq malformed (alist-get 'malformed said))
                 (= (length messages) (length (alist-get 'messages said)))
                 (cl-every #'bencode-tests-same-p (alist-get 'messages said) messages))
      (ert-fail (list :chunks chunks :malformed malformed :messages messages
                      :expected (alist-get 'messages said))))))

(defun bencode-tests-exchange (name)
  "Check the exchange NAME: cut in two, in small pieces, and written."
  (dolist (said (bencode-tests-said name))
    (let* ((bytes (alist-get 'bytes said))
           (size (length bytes)))
      (cl-loop for at from 0 to size by (1+ (/ size 200))
               do (bencode-tests-check said (substring bytes 0 at) (substring bytes at)))
      (dolist (step (if (> size 50000) '(100 4096) '(1 3)))
        (apply #'bencode-tests-check said
               (cl-loop for at from 0 below size by step
                        collect (substring bytes at (min size (+ at step))))))
      (when (alist-get 'as-written said)
        (should (equal (mapconcat #'repl-connect-bencode-encode (alist-get 'messages said) "")
                       bytes))))))

;;;; The tests

(ert-deftest bencode-an-exchange-with-python ()
  (bencode-tests-exchange "python_server"))

(ert-deftest bencode-an-exchange-with-guile-behind-a-bridge ()
  (bencode-tests-exchange "guile_program"))

(ert-deftest bencode-an-exchange-with-clojure ()
  (bencode-tests-exchange "clojure_nrepl"))

(ert-deftest bencode-what-is-rare ()
  (bencode-tests-exchange "edges"))

(ert-deftest bencode-of-a-key-that-comes-twice-the-last-value-counts ()
  (bencode-tests-exchange "duplicates"))

(ert-deftest bencode-what-is-large ()
  (bencode-tests-exchange "large"))

(ert-deftest bencode-what-is-no-message ()
  (bencode-tests-exchange "malformed"))

(ert-deftest bencode-every-exchange-is-tried ()
  (should (equal (mapcar #'file-name-base
                         (directory-files bencode-tests-directory nil "\\.json\\'"))
                 '("clojure_nrepl" "duplicates" "edges" "guile_program" "large" "malformed"
                   "python_server"))))

(ert-deftest bencode-what-is-written-are-bytes ()
  (let ((written (repl-connect-bencode-encode '(("b" . "é") ("a" . [1 "x" nil])))))
    (should (equal written "d1:ali1e1:xdee1:b2:\303\251e"))
    (should-not (multibyte-string-p written))))

(ert-deftest bencode-what-has-no-form-is-an-error ()
  (dolist (value '(1.5 symbol [t] (("a" . 1.0))))
    (should-error (repl-connect-bencode-encode (list (cons "v" value)))
                  :type 'repl-connect-bencode-error)))

(ert-deftest bencode-a-message-has-a-limit ()
  (let ((decoder (repl-connect-bencode-decoder 100))
        (bytes (repl-connect-bencode-encode `(("out" . ,(make-string 50 ?x)))))
        (found 0))
    (dotimes (_ 5)                      ; the limit is each message's
      (repl-connect-bencode-feed decoder bytes (lambda (_) (setq found (1+ found)))))
    (should (= found 5))
    (should-error (repl-connect-bencode-feed decoder "d3:out101:" #'ignore)
                  :type 'repl-connect-bencode-error)))

(ert-deftest bencode-an-error-of-the-listener-loses-no-message ()
  (let ((decoder (repl-connect-bencode-decoder))
        (bytes (mapconcat (lambda (n) (repl-connect-bencode-encode `(("n" . ,n)))) '(1 2 3) ""))
        (seen nil))
    (should-error (repl-connect-bencode-feed decoder bytes
                                             (lambda (message)
                                               (push (cdar message) seen)
                                               (error "Oops"))))
    (repl-connect-bencode-feed decoder "" (lambda (message) (push (cdar message) seen)))
    (should (equal seen '(3 2 1)))))

(provide 'bencode-tests)
;;; bencode-tests.el ends here
