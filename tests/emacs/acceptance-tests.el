;;; acceptance-tests.el --- Every key and command does its thing  -*- lexical-binding: t; -*-

;; Programs: python_server python_loop guile_program clojure_nrepl clojure_socket

;;; Commentary:

;; The deeds are in acceptance-source.el and its like, with all the ways to have them done.  Here
;; these are compared with what the keymaps and the package have.

;;; Code:

(require 'acceptance-desk)
(require 'acceptance-source)
(require 'acceptance-repl)
(require 'acceptance-connections)

(defconst acceptance-elsewhere
  '((repl-connect-held-choose . "restarts-tests.el")
    (repl-connect-held-eval . "restarts-tests.el")
    (repl-connect-input-end . "mode-tests.el")
    (repl-connect-menu-repl . "menu-tests.el")
    (repl-connect-menu-source . "menu-tests.el"))
  "Commands that need something else than these programs, and where they are tried.")

(defun acceptance-keys (map &optional prefix)
  "Return the keys in MAP, without its parent, as text; all begin with PREFIX."
  (let ((keys nil))
    (map-keymap-internal
     (lambda (event binding)
       (let ((key (vconcat prefix (vector event))))
         (cond
          ((memq event '(menu-bar remap)))
          ((keymapp binding) (setq keys (append (acceptance-keys binding key) keys)))
          (binding (push (key-description key) keys)))))
     (if (symbolp map) (indirect-function map) map))
    (seq-difference keys '("<follow-link>"))))

(defun acceptance-own-keys (map)
  "Return the keys of MAP itself."
  (let ((own (copy-keymap map)))
    (set-keymap-parent own nil)
    (mapcar (lambda (key) (string-replace "ESC " "M-" key)) (acceptance-keys own))))

(defun acceptance-of (kind)
  "Return the ways of KIND."
  (seq-uniq (delq nil (mapcar (lambda (way) (and (eq (car-safe way) kind) (cdr way)))
                              acceptance-ways))))

(defun acceptance-tried (there tried)
  "Check that what is THERE, which is something, is among what is TRIED."
  (should there)
  (should-not (seq-difference there tried)))

(ert-deftest acceptance-every-key-is-tried ()
  (acceptance-tried (acceptance-own-keys repl-connect-mode-map) (acceptance-of :source))
  (acceptance-tried (append (acceptance-own-keys repl-connect-comint-mode-map)
                            (acceptance-own-keys comint-mode-map))
                    (append (acceptance-of :repl) (acceptance-of :comint)))
  (acceptance-tried (acceptance-own-keys repl-connect-list-mode-map) (acceptance-of :list))
  (pcase-dolist (`(,kind . ,map) `((:source . ,repl-connect-mode-map)
                                   (:repl . ,repl-connect-comint-mode-map)
                                   (:comint . ,comint-mode-map)
                                   (:list . ,repl-connect-list-mode-map)))
    (dolist (key (seq-difference (acceptance-of kind) '("M-." "C-M-i")))
      (should (commandp (lookup-key map (kbd (string-replace "C-u " "" key))))))))

(ert-deftest acceptance-every-command-is-tried ()
  (let ((there nil))
    (mapatoms (lambda (symbol)
                (when (and (commandp symbol)
                           (string-match-p "\\`repl-connect" (symbol-name symbol))
                           (or (eq symbol 'repl-connect-mode)
                               (not (string-suffix-p "-mode" (symbol-name symbol)))))
                  (push symbol there))))
    (acceptance-tried there (append (seq-filter #'symbolp acceptance-ways)
                                    (mapcar (lambda (key)
                                              (lookup-key repl-connect-list-mode-map (kbd key)))
                                            (acceptance-of :list))
                                    (mapcar #'car acceptance-elsewhere)))
    (should-not (seq-difference (mapcar #'car acceptance-elsewhere) there))))

(provide 'acceptance-tests)
;;; acceptance-tests.el ends here
