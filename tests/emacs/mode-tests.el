;;; mode-tests.el --- Sending code from source buffers  -*- lexical-binding: t; -*-

;; Programs: python_server guile_program clojure_nrepl

;;; Code:

(require 'testing)
(require 'repl-connect)
(require 'repl-connect-mode)

(random t)

(defvar mode-tests-buffer nil "The REPL buffer.")

(defmacro mode-tests-with (text &rest body)
  "Evaluate BODY in a source buffer with TEXT, connected to the program of this run."
  (declare (indent 1) (debug t))
  `(testing-afresh
     (setq mode-tests-buffer (testing-connect))
     (let ((repl-connect-flash nil))
       (testing-visit ,text)
       (repl-connect-mode 1)
       ,@body)))

(defun mode-tests-word (kinds)
  "Return what KINDS, an alist, has for the program of this run."
  (alist-get (testing-kind) kinds))

(defun mode-tests-beside (&optional line)
  "Return what is shown beside LINE, or the current one; nil for nothing."
  (save-excursion
    (when line
      (goto-char (point-min))
      (forward-line (1- line)))
    (seq-some (lambda (overlay)
                (and (overlay-get overlay 'repl-connect-result)
                     (= (overlay-end overlay) (line-end-position))
                     (string-trim (substring-no-properties (overlay-get overlay 'after-string)))))
              (overlays-in (point-min) (1+ (point-max))))))

(defun mode-tests-marked ()
  "Return the lines that are marked as those of errors."
  (sort (seq-keep (lambda (overlay)
                    (and (overlay-get overlay 'repl-connect-error)
                         (line-number-at-pos (overlay-start overlay) t)))
                  (save-restriction (widen) (overlays-in (point-min) (point-max))))
        #'<))

(unless (fboundp 'seq-keep)
  (defun seq-keep (function sequence)
    "Return what is not nil of FUNCTION's values for SEQUENCE."
    (delq nil (seq-map function sequence))))

;;;; Values

(ert-deftest the-value-of-the-form-before-point-is-shown-beside-it ()
  (mode-tests-with (concat (testing-word 'sum) "‸\n\n")
    (testing-keys "C-x C-e")
    (testing-until (equal (mode-tests-beside) "=> 42"))
    (should (testing-until-said "=> 42"))))

(ert-deftest a-definition-changes-the-program ()
  (mode-tests-with (concat "\n" (testing-word 'define) "‸\n\n" (testing-word 'read) "\n")
    (testing-keys "C-M-x")
    (testing-until (mode-tests-beside))
    (goto-char (point-max))
    (testing-keys "C-x C-e")
    (testing-until (equal (mode-tests-beside 4) "=> 7"))))

(ert-deftest what-is-printed-goes-to-the-repl-buffer-and-what-has-no-value-says-so ()
  (mode-tests-with (concat (testing-word 'print) "‸\n")
    (let ((windows (length (window-list))))
      (testing-keys "C-x C-e")
      (testing-until-shown "hello" mode-tests-buffer)
      (testing-until (mode-tests-beside))
      (should (= (length (window-list)) windows)))))

(ert-deftest the-result-goes-with-the-next-command ()
  (mode-tests-with (concat (testing-word 'sum) "‸\n\n")
    (testing-keys "C-x C-e")
    (testing-until (mode-tests-beside))
    (testing-keys "C-n")
    (should-not (mode-tests-beside 1))))

(ert-deftest the-result-goes-when-the-code-is-edited ()
  (mode-tests-with (concat (testing-word 'sum) "‸\n\n")
    (let ((repl-connect-result-duration 'change))
      (testing-keys "C-x C-e")
      (testing-until (mode-tests-beside))
      (testing-keys "C-n")
      (should (mode-tests-beside 1))
      (goto-char (1+ (point-min)))
      (insert " ")
      (should-not (mode-tests-beside 1)))))

(ert-deftest it-lands-beside-the-code-though-lines-were-put-in-above ()
  (mode-tests-with (concat (testing-word 'ask) "‸\n")
    (cl-letf (((symbol-function 'repl-connect-input--read)
               (lambda (&rest _)
                 (goto-char (point-min))
                 (insert "\n\n\n")
                 "blue")))
      (testing-keys "C-x C-e")
      (testing-until (equal (mode-tests-beside 4) (concat "=> " (testing-word 'asked)))))))

(ert-deftest several-values-are-counted ()
  (mode-tests-with (concat (testing-word 'sum) "\n" (testing-word 'sum) "\n")
    (mark-whole-buffer)
    (repl-connect-eval-region (point-min) (point-max))
    (testing-until (mode-tests-beside 2))
    (should (testing-until-said "(the last of 2 values)"))
    (repl-connect-show-value)
    (should (equal (testing-text "*repl value*") "42\n42\n"))))

(ert-deftest all-of-a-long-value-can-be-seen ()
  (mode-tests-with (concat (testing-word 'many) "‸\n")
    (testing-keys "C-x C-e")
    (testing-until (string-suffix-p "…" (or (mode-tests-beside) "")))
    (should (<= (string-width (mode-tests-beside)) (frame-width)))
    (testing-keys "C-c C-v")
    (should (testing-in-buffer-p "999" "*repl value*"))))

(ert-deftest a-long-value-is-shown-in-lines-that-emacs-can-show ()
  (mode-tests-with (concat (testing-word 'many) "‸\n")
    (testing-keys "C-x C-e")
    (testing-until (mode-tests-beside))
    (testing-until (not (equal (mode-tests-beside) "…")))
    (let ((repl-connect-line-limit 100))
      (repl-connect-show-value))
    (with-current-buffer "*repl value*"
      (goto-char (point-min))
      (while (not (eobp))
        (should (<= (- (line-end-position) (point)) 100))
        (forward-line)))))

(ert-deftest the-whole-buffer-is-sent-as-it-is-though-it-is-narrowed ()
  (mode-tests-with (concat (testing-word 'define) "\n" (testing-word 'read) "\n")
    (narrow-to-region (point-min) (line-end-position))
    (set-buffer-modified-p t)
    (repl-connect-eval-buffer)
    (widen)
    (testing-until (mode-tests-beside 2))))

(ert-deftest a-file-is-loaded-from-disk ()
  (mode-tests-with (concat (testing-word 'define) "\n")
    (repl-connect-load-file buffer-file-name)
    (testing-until (and repl-connect-sending--ended
                        (not (repl-connect-connection-evaluations
                              (repl-connect-current-connection)))))
    (goto-char (point-max))
    (insert (testing-word 'read))
    (testing-keys "C-x C-e")
    (testing-until (equal (mode-tests-beside 2) "=> 7"))))

(ert-deftest an-expression-can-be-read-in-the-minibuffer ()
  (mode-tests-with "\n"
    (repl-connect-eval-expression (testing-word 'sum))
    (should (testing-until-said "=> 42"))))

(ert-deftest what-was-sent-last-is-sent-again-as-it-is-by-now ()
  (mode-tests-with (concat (testing-word 'sum) "‸\n")
    (testing-keys "C-x C-e")
    (testing-until (equal (mode-tests-beside) "=> 42"))
    (goto-char (point-min))
    (search-forward "40")
    (replace-match "50")
    (goto-char (point-max))
    (repl-connect-eval-again)
    (testing-until (equal (mode-tests-beside 1) "=> 52"))))

(ert-deftest code-of-a-read-only-buffer-is-sent ()
  (mode-tests-with (concat (testing-word 'sum) "‸\n")
    (setq buffer-read-only t)
    (testing-keys "C-x C-e")
    (testing-until (equal (mode-tests-beside) "=> 42"))))

(ert-deftest a-buffer-may-be-killed-before-the-answer ()
  (mode-tests-with (concat (testing-word 'sum) "‸\n")
    (testing-keys "C-x C-e")
    (set-buffer-modified-p nil)
    (kill-buffer)
    (should (testing-until-said "=> 42"))))

(ert-deftest an-indirect-buffer-shows-its-own-results ()
  (mode-tests-with (concat (testing-word 'sum) "‸\n")
    (let ((base (current-buffer)))
      (switch-to-buffer (make-indirect-buffer base "indirect" t))
      (goto-char (line-end-position))
      (repl-connect-eval-last)
      (testing-until (equal (mode-tests-beside) "=> 42"))
      (with-current-buffer base
        (should-not (mode-tests-beside)))
      (kill-buffer))))

(ert-deftest a-cell-is-what-is-between-its-marks ()
  (let ((mark (mode-tests-word '((python_server . "# %%") (guile_program . ";; %%")
                                 (clojure_nrepl . ";; %%")))))
    (mode-tests-with (concat mark " one\n" (testing-word 'sum) "‸\n\n" mark " two\n"
                             (testing-word 'fail) "\n")
      (repl-connect-eval-cell)
      (testing-until (equal (mode-tests-beside 2) "=> 42"))
      (should-not (mode-tests-marked)))))

(ert-deftest a-line-and-a-paragraph-are-sent ()
  (mode-tests-with (concat "\n" (testing-word 'define) "\n" (testing-word 'read) "‸\n\n")
    (repl-connect-eval-paragraph)
    (testing-until (equal (mode-tests-beside 3) "=> 7"))
    (repl-connect-clear-results)
    (should-not (mode-tests-beside 3))
    (goto-char (point-min))
    (forward-line 2)
    (repl-connect-eval-line)
    (testing-until (equal (mode-tests-beside 3) "=> 7"))))

;;;; In the text

(ert-deftest a-prefix-argument-puts-the-value-at-point ()
  (mode-tests-with (concat (testing-word 'sum) "‸\n")
    (testing-keys "C-u C-x C-e")
    (testing-until (equal (testing-text) (concat (testing-word 'sum) "42\n")))
    (should (eolp))))

(ert-deftest two-put-it-into-a-comment-which-is-replaced-the-next-time ()
  (let ((text (concat (testing-word 'sum) "  "
                      (mode-tests-word '((python_server . "# ") (guile_program . ";; ")
                                         (clojure_nrepl . ";; ")))
                      "=> %s\n")))
    (mode-tests-with (concat (testing-word 'sum) "‸\n")
      (testing-keys "C-u C-u C-x C-e")
      (testing-until (equal (testing-text) (format text "42")))
      (goto-char (point-min))
      (search-forward "40")
      (replace-match "50")
      (goto-char (+ (point-min) (length (testing-word 'sum))))
      (testing-keys "C-u C-u C-x C-e")
      (testing-until (equal (testing-text) (string-replace "40" "50" (format text "52")))))))

(ert-deftest code-that-was-edited-meanwhile-stays-as-it-is ()
  (mode-tests-with (concat (testing-word 'ask) "‸\n")
    (cl-letf (((symbol-function 'repl-connect-input--read)
               (lambda (&rest _)
                 (goto-char (1+ (point-min)))
                 (insert " ")
                 "blue")))
      (testing-keys "C-u C-x C-e")
      (testing-until-said "The text stays as it is: the code was edited meanwhile"))))

(defun mode-tests-put (place value)
  "Put VALUE of the code before point at PLACE; return why that is not done."
  (repl-connect-insertion-put
   (make-repl-connect-evaluation
    :properties (list :insert place :at (point-marker)
                      :text (buffer-substring-no-properties 1 (point))
                      :language (car (split-string (symbol-name (testing-kind)) "_"))
                      :start (copy-marker 1) :end (point-marker)))
   value nil))

(ert-deftest a-value-in-a-comment-does-not-become-code ()
  (testing-afresh
    (let ((begun (mode-tests-word '((python_server . "#") (guile_program . ";")
                                    (clojure_nrepl . ";")))))
      (testing-visit "code‸\n")
      (should-not (mode-tests-put 'comment "one\rtwo\e[31m\u2028three\u2029four\u0085five"))
      (goto-char (point-min))
      (while (and (zerop (forward-line)) (not (eobp)))
        (should (looking-at-p begun)))
      (should-not (string-match-p "[\r\e\u2028\u2029\u0085]" (testing-text))))))

(ert-deftest a-value-that-was-put-in-is-undone-by-itself ()
  (testing-afresh
    (testing-visit "code‸\n")
    (insert "d")
    (should-not (mode-tests-put 'point "7"))
    (undo-boundary)
    (undo)
    (should (equal (testing-text) "coded\n"))))

(ert-deftest a-file-that-was-changed-on-disk-is-not-asked-about ()
  (testing-afresh
    (testing-visit "code‸\n")
    (set-file-times buffer-file-name 1000)
    (should (equal (mode-tests-put 'point "7") "its file was changed on disk"))
    (should (equal (testing-text) "code\n"))))

;;;; What does not go well

(ert-deftest an-error-is-shown-in-short-beside-the-code-and-in-full-in-the-repl-buffer ()
  (mode-tests-with (concat "\n" (testing-word 'fail) "‸\n")
    (testing-keys "C-x C-e")
    (testing-until (string-search (testing-word 'error) (or (mode-tests-beside) "")))
    (testing-until-shown (testing-word 'error) mode-tests-buffer)
    (should (equal (mode-tests-marked) '(2)))
    ;; What is sent again is not wrong any more, as far as is known.
    (delete-region (line-beginning-position) (line-end-position))
    (insert (testing-word 'sum))
    (testing-keys "C-x C-e")
    (testing-until (equal (mode-tests-beside) "=> 42"))
    (should-not (mode-tests-marked))))

(ert-deftest an-error-in-a-buffer-is-shown-beside-its-line ()
  (mode-tests-with (concat (testing-word 'sum) "\n" (testing-word 'fail) "\n"
                           (testing-word 'sum) "\n")
    (repl-connect-eval-buffer)
    (testing-until (string-search (testing-word 'error) (or (mode-tests-beside 2) "")))
    (should (equal (mode-tests-marked) '(2)))
    (should-not (mode-tests-beside 3))))

(ert-deftest what-runs-is-shown-and-can-be-interrupted ()
  (mode-tests-with (concat (testing-word 'forever) "‸\n\n")
    (goto-char (point-max))
    (repl-connect-eval-region (point-min) (point-max))
    (testing-until-shown "going" mode-tests-buffer)
    (testing-until
     (seq-some (lambda (overlay) (eq (overlay-get overlay 'repl-connect-result) 'pending))
               (overlays-in (point-min) (point-max))))
    (should (string-search ": running" (repl-connect-mode--lighter)))
    (testing-keys "C-c C-b")
    (testing-until-said "interrupted")))

(ert-deftest input-is-read-in-the-minibuffer ()
  (mode-tests-with (concat (testing-word 'ask) "‸\n")
    (cl-letf (((symbol-function 'read-from-minibuffer)
               (lambda (prompt &rest _)
                 (should (string-prefix-p "Input for " prompt))
                 "blue")))
      (testing-keys "C-x C-e")
      (testing-until (equal (mode-tests-beside) (concat "=> " (testing-word 'asked)))))))

(ert-deftest cancelled-input-interrupts-what-asked-for-it ()
  (mode-tests-with (concat (testing-word 'ask) "‸\n")
    (cl-letf (((symbol-function 'read-from-minibuffer) (lambda (&rest _) (signal 'quit nil))))
      (testing-keys "C-x C-e")
      (testing-until-said "interrupted"))))

(ert-deftest the-end-of-input-is-told ()
  (mode-tests-with (concat (testing-word 'ask) "‸\n")
    (cl-letf (((symbol-function 'read-from-minibuffer)
               (lambda (&rest _) (throw 'repl-connect-input-end t))))
      (testing-keys "C-x C-e")
      (let ((shown (testing-until (mode-tests-beside))))
        (setq shown (testing-until (and (not (equal (mode-tests-beside) "…"))
                                        (mode-tests-beside))))
        (should (string-match-p (mode-tests-word '((python_server . "EOFError")
                                                   (guile_program . "#<eof>")
                                                   (clojure_nrepl . "nil\\|EOF")))
                                shown))))))

(ert-deftest the-namespace-that-the-text-names-is-used ()
  (let ((head (mode-tests-word '((guile_program . "(define-module (ice-9 rdelim))")
                                 (clojure_nrepl . "(ns clojure.string)")))))
    ;; Python's server finds the module by the file.
    (when head
      (mode-tests-with (concat head "\n" (nth 2 (append (testing-word 'elsewhere) nil)) "‸\n")
        (testing-keys "C-x C-e")
        (testing-until (equal (mode-tests-beside) "=> 3"))))))

(ert-deftest a-namespace-that-is-not-there-yet-is-said-with-the-way-out ()
  (let* ((new (format "new%d" (random 1000000)))
         (head (mode-tests-word `((guile_program . ,(format "(define-module (not %s))" new))
                                  (clojure_nrepl . ,(format "(ns not.%s)" new))))))
    ;; Python's server finds the module by the file.
    (when head
      (mode-tests-with (concat head "\n" (testing-word 'sum) "‸\n")
        (testing-keys "C-x C-e")
        (testing-until-said "not")
        (testing-until (string-search "There is no" (or (mode-tests-beside) "")))
        (repl-connect-eval-buffer)
        (testing-until (not (repl-connect-connection-evaluations
                             (repl-connect-current-connection))))
        (testing-keys "C-x C-e")
        (testing-until (equal (mode-tests-beside) "=> 42"))))))

(ert-deftest the-module-of-a-file-is-not-that-of-the-prompt ()
  (when (eq (testing-kind) 'python_server) ; only there the server finds the module by the file
    (mode-tests-with "__import__('colorsys').__file__‸"
      (testing-keys "C-x C-e")
      (testing-until (mode-tests-beside))
      (let ((file (string-trim (testing-until-said "colorsys.py") "=> '" "'")))
        (erase-buffer)
        (insert "len(__name__ + str(ONE_THIRD)[:2])")
        (set-visited-file-name file t)
        (testing-keys "C-x C-e")
        (testing-until (equal (mode-tests-beside) "=> 10"))
        (should (equal (repl-connect-connection-namespace (repl-connect-current-connection))
                       "__main__"))
        (set-visited-file-name nil t)))))

;;;; What it is sent to

(ert-deftest a-definition-changes-what-the-loop-of-a-program-prints ()
  (when (eq (testing-kind) 'guile_program) ; it is the program with a loop
    (testing-afresh
      (let ((program (testing-start-program "guile_program")))
        (testing-connect (testing-program-address program))
        (testing-visit "(define *myglobal* 3)‸\n" "global.scm")
        (repl-connect-mode 1)
        (testing-keys "C-x C-e")
        (testing-until-global program 3)))))

(ert-deftest code-is-not-sent-where-another-language-is-spoken ()
  (mode-tests-with ""
    (testing-visit "fn main() {}\n" "file.el")
    (setq repl-connect-language
          (repl-connect-language-named
           (mode-tests-word '((python_server . "guile") (guile_program . "python")
                              (clojure_nrepl . "python")))))
    (let ((said (cadr (should-error (repl-connect-eval-buffer) :type 'user-error))))
      (should (string-search "repl-connect-use" said)))))

(ert-deftest the-mode-is-turned-on-by-connecting-only-if-that-is-wanted ()
  (dolist (wanted '(nil t))
    (testing-afresh
      (let ((repl-connect-mode-automatically wanted)
            (buffer (testing-visit (testing-word 'sum) (format "file%s.py" wanted))))
        (setq repl-connect-language
              (repl-connect-language-named
               (mode-tests-word '((python_server . "python") (guile_program . "guile")
                                  (clojure_nrepl . "clojure")))))
        (testing-connect)
        (should (eq wanted (buffer-local-value 'repl-connect-mode buffer)))))))


(ert-deftest a-lost-connection-is-said-beside-what-ran ()
  (when (eq (testing-kind) 'python_server) ; one kind is enough
    (testing-afresh
      (let ((program (testing-start-program))
            (repl-connect-reconnect-automatically nil))
        (testing-connect (testing-program-address program))
        (testing-visit (concat (testing-word 'forever) "\n"))
        (repl-connect-eval-region (point-min) (point-max))
        (testing-until (mode-tests-beside 2))
        (testing-kill-program program)
        (testing-until (equal (mode-tests-beside 2) "lost: how it ended is not known"))
        (should-error (repl-connect-eval-buffer) :type 'user-error)))))

;;;; The mode

(ert-deftest one-goes-to-the-repl-and-back ()
  (mode-tests-with (concat (testing-word 'sum) "‸\n")
    (let ((source (current-buffer)))
      (testing-keys "C-c C-z")
      (should (eq (current-buffer) mode-tests-buffer))
      (repl-connect-switch-to-repl)
      (should (eq (current-buffer) source)))))

(ert-deftest the-mode-line-says-where-code-goes ()
  (mode-tests-with ""
    (should (string-match-p "REPL\\[.+]" (repl-connect-mode--lighter)))
    (should-not (string-search "REPL[-]" (repl-connect-mode--lighter)))))

(ert-deftest without-a-connection-only-the-command-complains ()
  (testing-afresh
    (setq repl-connect-connections nil)
    (testing-visit (concat (testing-word 'sum) "‸\n"))
    (repl-connect-mode 1)
    (should (string-search "REPL[-]" (repl-connect-mode--lighter)))
    (dolist (command '(repl-connect-eval-last repl-connect-eval-definition
                                              repl-connect-eval-buffer repl-connect-interrupt-here))
      (should (string-search "M-x repl-connect"
                             (cadr (should-error (funcall command) :type 'user-error)))))
    (repl-connect-mode -1)))

;;; mode-tests.el ends here
