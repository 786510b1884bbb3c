;;; lint.el --- what is wrong with files, a line each  -*- lexical-binding: t; -*-

;;; Commentary:

;; emacs -Q --batch -l lint.el -f lint-docstrings FILE...
;; emacs -Q --batch -l lint.el -f lint-package FILE...

;;; Code:

(require 'checkdoc)

(defvar package-lint-main-file)
(declare-function package-lint-buffer "package-lint")

(defconst lint-accepted
  '("Package should have a Homepage or URL header."
    ;; What Debian 12 has does not know that Emacs 28 was released.
    "This makes the package uninstallable in all released Emacs versions.")
  "What package-lint may say: the project has no page yet.")

(defun lint--say (file line text)
  "Print TEXT, about LINE of FILE."
  (message "%s:%s: %s" (file-name-nondirectory file) line text))

(defun lint-docstrings ()
  "Print what checkdoc says of the files on the command line, and leave."
  (dolist (file command-line-args-left)
    (with-current-buffer (find-file-noselect file)
      (let ((checkdoc-create-error-function
             (lambda (text start _end &optional _unfixable)
               (lint--say file (line-number-at-pos (or start (point-min))) text)
               nil)))
        (checkdoc-current-buffer t))))
  (kill-emacs))

(defun lint-package ()
  "Print what package-lint says of the files on the command line, and leave."
  (require 'package-lint)
  (setq package-lint-main-file "repl-connect.el")
  (dolist (file command-line-args-left)
    (with-current-buffer (find-file-noselect file)
      (pcase-dolist (`(,line ,_ ,_ ,text) (package-lint-buffer))
        (unless (member text lint-accepted)
          (lint--say file line text)))))
  (kill-emacs))

(provide 'lint)
;;; lint.el ends here
