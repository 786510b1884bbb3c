;;; cursor.el --- Tables of texts with a cursor  -*- lexical-binding: t; -*-

;;; Commentary:

;; In the tables of tests `¦' is point.  Each text is tried in a buffer with the language's mode,
;; and in one without, as a REPL's is.

;;; Code:

(require 'ert)
(require 'repl-connect-languages)

(defvar python-indent-guess-indent-offset)
(setq python-indent-guess-indent-offset nil)

(defconst cursor-lisps '("guile" "racket" "scheme" "clojure" "sbcl")
  "What `lisps' stands for in the tables.")

(defun cursor-ask (language text function &optional mode)
  "Return what FUNCTION returns at the point of TEXT in a buffer of LANGUAGE.
The buffer is in MODE."
  (with-temp-buffer
    (delay-mode-hooks (funcall (or mode #'fundamental-mode)))
    (setq repl-connect-language (repl-connect-language-named language))
    (insert text)
    (goto-char (point-min))
    (search-forward "¦")
    (delete-char -1)
    (let* ((point (point))
           (found (funcall function)))
      (should (= point (point)))
      (if (and (consp found) (integerp (car found)) (integerp (cdr found)))
          (buffer-substring-no-properties (car found) (cdr found))
        found))))

(defun cursor-check (table function)
  "Check that FUNCTION finds at each point of TABLE what it says."
  (let ((wrong nil))
    (pcase-dolist (`(,languages ,text . ,expected) table)
      (dolist (language (if (eq languages 'lisps) cursor-lisps (ensure-list languages)))
        (dolist (mode (delete-dups
                       (list nil (repl-connect-language-mode language))))
          (let ((found (cursor-ask language text function mode)))
            (unless (equal found (car expected))
              (push (list language mode text found (car expected)) wrong))))))
    (when wrong
      (ert-fail (format "%S" (nreverse wrong))))))

(provide 'cursor)
;;; cursor.el ends here
