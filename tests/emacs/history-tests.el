;;; history-tests.el --- What was typed, kept in files  -*- lexical-binding: t; -*-

;;; Code:

(require 'testing)
(require 'repl-connect-history)

(defmacro history-tests-with-files (&rest body)
  "Evaluate BODY with a new directory of history files."
  (declare (indent 0) (debug t))
  `(testing-afresh
     (let ((repl-connect-history-directory (make-temp-file "history" t)))
       (unwind-protect
           (progn ,@body)
         (delete-directory repl-connect-history-directory t)))))

(defun history-tests-buffer (&optional directory)
  "Return a buffer like one of an Emacs of its own that works in DIRECTORY."
  (with-current-buffer (generate-new-buffer "history")
    (comint-mode)
    (when directory
      (setq default-directory directory))
    (repl-connect-history-load "python")
    (current-buffer)))

(defun history-tests-add (buffer &rest texts)
  "Enter TEXTS in BUFFER, and have them written."
  (with-current-buffer buffer
    (mapc #'repl-connect-history-add texts)
    (repl-connect-history-save)))

(defun history-tests-entries (buffer)
  "Return the entries that BUFFER has, the newest first."
  (with-current-buffer buffer
    (ring-elements comint-input-ring)))

(ert-deftest history-tests-entries-come-back-whole ()
  (history-tests-with-files
    (history-tests-add (history-tests-buffer) "one" "def f():\n    return \"λ\\n\"\n")
    (should (equal (history-tests-entries (history-tests-buffer))
                   '("def f():\n    return \"λ\\n\"" "one")))))

(ert-deftest history-tests-two-emacsen-add-to-one-file ()
  (history-tests-with-files
    (let ((one (history-tests-buffer))
          (other (history-tests-buffer)))
      (history-tests-add one "first")
      (history-tests-add other "second")
      (history-tests-add one "third"))
    (should (equal (history-tests-entries (history-tests-buffer)) '("third" "second" "first")))))

(ert-deftest history-tests-a-file-that-is-being-written-is-waited-for ()
  (history-tests-with-files
    (let* ((buffer (history-tests-buffer))
           (file (buffer-local-value 'repl-connect-history--file buffer))
           (lock (concat file ".lock")))
      (make-directory lock t)
      (with-current-buffer buffer
        (repl-connect-history-add "patient"))
      (repl-connect-history--save-in buffer)
      (should-not (file-exists-p file))
      (delete-directory lock)
      (testing-until (file-exists-p file))
      (should (equal (history-tests-entries (history-tests-buffer)) '("patient"))))))

(ert-deftest history-tests-each-project-and-entry-by-itself ()
  (history-tests-with-files
    (let ((there (make-temp-file "elsewhere" t)))
      (history-tests-add (history-tests-buffer) "here" "again" "here" " with a blank before" "")
      (should-not (history-tests-entries (history-tests-buffer (file-name-as-directory there))))
      (should (equal (history-tests-entries (history-tests-buffer)) '("here" "again"))))))

(ert-deftest history-tests-files-are-private-and-bounded ()
  (history-tests-with-files
    (let ((repl-connect-history-size 3))
      (apply #'history-tests-add (history-tests-buffer) '("1" "2" "3" "4" "5"))
      (should (equal (history-tests-entries (history-tests-buffer)) '("5" "4" "3")))
      (let ((files (directory-files repl-connect-history-directory t "\\`[^.]")))
        (should (= (length files) 1))
        (should (= (file-modes (car files)) #o600))
        (should (= (file-modes repl-connect-history-directory) #o700))))))

(ert-deftest history-tests-damage-is-skipped ()
  (history-tests-with-files
    (let ((buffer (history-tests-buffer)))
      (history-tests-add buffer "good")
      (write-region "#.(oops)\n\"cut off\n\"also good\"\n" nil
                    (buffer-local-value 'repl-connect-history--file buffer) t 'quiet))
    (should (equal (history-tests-entries (history-tests-buffer)) '("also good" "good")))))

(provide 'history-tests)
;;; history-tests.el ends here
