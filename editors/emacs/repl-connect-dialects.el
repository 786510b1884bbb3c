;;; repl-connect-dialects.el --- The record of each language  -*- lexical-binding: t; -*-

;;; Commentary:

;; A language is data, a property list: what of it is what, and which functions know its text.
;; What reads the records is in repl-connect-languages.el.

;;; Code:

(require 'repl-connect-brackets)
(require 'repl-connect-javascript)
(require 'repl-connect-lisp)
(require 'repl-connect-namespaces)
(require 'repl-connect-python)

;;;; Clojure's text, where no mode for it is installed

(define-derived-mode repl-connect-clojure-text-mode lisp-data-mode "Clojure"
  "Mode for Clojure's text where there is no `clojure-mode'."
  :interactive nil
  (setq-local font-lock-defaults
              '((("(\\(def[^ \t\r\n]*\\|ns\\)[ \t\r\n]+\\(?:^[^ ]+ +\\)*\\([^][(){} \t\r\n]+\\)"
                  (1 'font-lock-keyword-face) (2 'font-lock-function-name-face))
                 ("\\_<::?\\(?:\\sw\\|\\s_\\)+" . 'font-lock-constant-face))
                nil nil (("+-*/.<>=!?$%_&:" . "w"))))
  (setq-local lisp-indent-function #'repl-connect-dialects--indent-clojure)
  (setq-local indent-tabs-mode nil))

(defun repl-connect-dialects--indent-clojure (point state)
  "Indent at POINT with STATE as the function `lisp-indent-function' does.
Other brackets than round ones hold no call.  What starts with `def' is
a definition; from Emacs 29 on that function knows only those of Elisp."
  (let ((start (nth 1 state)))
    (cond ((not (eq (char-after start) ?\())
           (save-excursion
             (goto-char start)
             (1+ (current-column))))
          ((save-excursion (goto-char start) (looking-at-p "(def\\(?:\\sw\\|\\s_\\)"))
           (lisp-indent-defform state point))
          (t (lisp-indent-function point state)))))

(let ((table repl-connect-clojure-text-mode-syntax-table))
  (dolist (each '((?\[ . "(]") (?\] . ")[") (?{ . "(}") (?} . "){") (?, . " ")
                  (?~ . "'") (?^ . "'") (?@ . "'") (?# . "'") (?\' . "_ p") (?| . "_")))
    (modify-syntax-entry (car each) (cdr each) table)))

;;;; The records

(defconst repl-connect-languages
  (let* ((lisp
          (list :comment ";; " :visual t :indents t
                :complete #'repl-connect-lisp-complete-p
                :form #'repl-connect-lisp-form-before
                :definition #'repl-connect-lisp-definition
                :symbol-at #'repl-connect-lisp-symbol
                :call #'repl-connect-lisp-call))
         (scheme
          (append
           (list :family 'scheme :calls "([" :prompt "%s> " :unnamed "scheme"
                 :modes '(scheme-mode)
                 :text-modes '(scheme-mode)
                 :symbol "^][(){}\"'`;,| \t\r\n\f"
                 :prefix "#;\\|#?['`]\\|#?,@?\\|#[[:alnum:]&:]*"
                 :dropped "#;\\|#?,@?"
                 :awaits "#[;&]\\|#?['`]\\|#?,@?")
           lisp))
         (clojure
          (append
           (list :family 'clojure :prompt "%s=> " :unnamed "user"
                 :modes '(clojure-mode clojure-ts-mode repl-connect-clojure-text-mode)
                 :text-modes '(clojure-mode repl-connect-clojure-text-mode)
                 :symbol "^][(){}\"'`~@^\\\\;, \t\r\n\f"
                 :prefix (concat "#\\(?:['_^#]\\|\\?@?\\|:[^][(){} \t\r\n\"]*\\|[[:alnum:]]+\\)?"
                                 "\\|~@?\\|['`@^]")
                 :dropped "#_\\|~@?"
                 :awaits "#_\\|#'\\|~@?\\|#?\\^\\|['`@]"
                 :calls "(" :short t
                 :annotation "#?\\^\\|#[[:alpha:]]"
                 :container "(\\(?:clojure\\.core/\\)?comment\\_>"
                 :declares '("ns" "in-ns" "clojure.core/ns" "clojure.core/in-ns")
                 :reads #'repl-connect-namespaces-read-symbol)
           lisp))
         (common-lisp
          (append
           (list :family 'common-lisp :calls "(" :prompt "%s> " :unnamed "CL-USER"
                 :modes '(lisp-mode common-lisp-mode)
                 :text-modes '(lisp-mode)
                 :symbol "^()\"'`;,| \t\r\n\f"
                 :prefix "#[-+.]\\|#?'\\|`\\|,[@.]?\\|#[[:alnum:]:]*"
                 :dropped ",[@.]?"
                 :awaits "#[.]\\|#?'\\|`\\|,[@.]?"
                 :annotation "#[-+]"
                 :declares '("in-package" "cl:in-package" "common-lisp:in-package")
                 :wraps '("eval-when" "progn")
                 :reads #'repl-connect-namespaces-read-designator)
           lisp))
         (javascript
          (list :family 'javascript :comment "// " :prompt "> " :indents t
                :modes '(js-mode js-ts-mode js2-mode js-base-mode typescript-ts-mode)
                :text-modes '(js-mode)
                :complete #'repl-connect-javascript-complete-p
                :form #'repl-connect-javascript-form-before
                :definition #'repl-connect-javascript-definition
                :symbol-chars '("[:alnum:]_$.?" "[:alnum:]_$" "\\`[.?0-9]+")
                :called (list repl-connect-javascript-called
                             "catch\\|for\\|function\\*?\\|if\\|switch\\|while\\|with"
                             "function\\*?"))))
    (list
     (append '(:name "guile") (list :command #'repl-connect-lisp-command-p
                                    :declares '("define-module")
                                    :encloses '("define-library" "library")
                                    :reads #'repl-connect-namespaces-read-list)
             scheme)
     (append '(:name "scheme") scheme)
     (append (list :name "racket"
                   :modes '(racket-mode racket-hash-lang-mode)
                   :text-modes '(racket-mode scheme-mode)
                   :of-path #'repl-connect-namespaces-of-racket)
             scheme)
     (append '(:name "clojure") clojure)
     (append '(:name "babashka") clojure)
     (append '(:name "basilisp") clojure)
     (append '(:name "common-lisp") common-lisp)
     (append '(:name "sbcl") common-lisp)
     (list :name "python" :family 'python :comment "# " :prompt "%s> " :unnamed "__main__"
           :indents t
           :modes '(python-base-mode python-mode python-ts-mode)
           :text-modes '(python-mode)
           :complete #'repl-connect-python-complete-p
           :form #'repl-connect-python-form-before
           :definition #'repl-connect-python-definition
           :symbol-chars '("[:alnum:]_." "[:alnum:]_" "\\`[.0-9]+")
           :called (list repl-connect-python-called
                        (concat "and\\|assert\\|class\\|def\\|elif\\|for\\|if\\|in\\|is\\|lambda"
                                "\\|not\\|or\\|return\\|while\\|with\\|yield")
                         "class\\|def")
           :outdented #'repl-connect-python-outdented)
     (append '(:name "javascript") javascript)
     (append '(:name "node") javascript)
     (list :name "text" :prompt "> ")))
  "What is known of each language; text is what nothing is known of.
Each is a property list.  What a Lisp's entries mean is said in
repl-connect-lisp.el and repl-connect-namespaces.el; the others:

  :name        its name, as a server says it
  :family      languages of one family read each other's code
  :comment     what starts a comment, with the blank after it
  :prompt      the prompt, for a namespace; :unnamed is that for none
  :modes       major modes of files in it
  :text-modes  modes that can fontify and read a text of it, the best first
  :complete    whether the text of the current buffer can be sent
  :command     whether a text is a command of the REPL's own
  :indents     whether a text's next line is indented by the mode; with
               :visual from the column of the prompt on
  :form, :definition, :call, :symbol-at
               what is around point
  :symbol-chars  instead: characters before point, after it, and a regexp
               of what cannot start a symbol
  :called      instead: arguments of `repl-connect-brackets-call'
  :of-path     the namespace of a file
  :outdented   the buffer's text as code of its own")

(provide 'repl-connect-dialects)
;;; repl-connect-dialects.el ends here
