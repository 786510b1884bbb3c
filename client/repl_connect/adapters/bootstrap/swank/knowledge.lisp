;; What is known about names.

(defun documentation-of (symbol)
  (loop for kind in '(function variable type structure setf)
        for text = (ignore-errors (documentation symbol kind))
        when text return text))

(defun kind-of (symbol)
  (cond ((special-operator-p symbol) "special-form")
        ((macro-function symbol) "macro")
        ((fboundp symbol) "function")
        ((find-class symbol nil) "class")
        ((constantp symbol) "constant")
        ((boundp symbol) "var")))

(defun place-of (symbol name)
  "The file and line of the first definition that has them."
  (or #+sbcl
      (loop for kind in '(:function :macro :generic-function :variable :class :structure)
            thereis (ignore-errors (place-evaluated symbol kind)))
      (loop for (nil location) in (ignore-errors (swank:find-definitions-for-emacs name))
            thereis (ignore-errors (place-of-location location)))))

#+sbcl
(defun place-evaluated (symbol kind)
  "Where it is, if it was evaluated here with a file."
  (loop for source in (sb-introspect:find-definition-sources-by-name symbol kind)
        for plist = (sb-introspect:definition-source-plist source)
        for line = (getf plist 'line)
        when line return (list (getf plist :emacs-filename) line)))

(defun look-up (package name)
  "Keys and values of what is known about NAME as seen from PACKAGE."
  (let* ((*package* (or (find-namespace package) *package*))
         (swank::*buffer-package* *package*))
    (multiple-value-bind (symbol status) (ignore-errors (swank::parse-symbol name))
      (when status
        (let ((arguments (and (fboundp symbol) (ignore-errors
                                                (let ((*print-case* :downcase))
                                                  (swank:operator-arglist name package)))))
              (text (documentation-of symbol))
              (kind (kind-of symbol))
              (place (place-of symbol name)))
          (append (list "name" (string-downcase (symbol-name symbol)))
                  (when (symbol-package symbol)
                    (list "ns" (label (symbol-package symbol))))
                  (when kind (list "type" kind))
                  (when arguments (list "arglists-str" arguments))
                  (when text (list "doc" (cut text +message+)))
                  (when place (list "file" (first place) "line" (second place)))))))))

(defun complete (package prefix)
  "Lists of a name and its classification, as Swank's fuzzy completion has them."
  (let* ((package (or (find-namespace package) *package*))
         (swank::*buffer-package* package)
         (*package* package)
         (fuzzy (find-symbol "FUZZY-COMPLETIONS" "SWANK")))
    (if (and fuzzy (fboundp fuzzy))
        (loop for (name nil nil kind) in (first (funcall fuzzy prefix (package-name package)
                                                         :limit 400 :time-limit-in-msec 1500))
              collect (list name kind))
        (loop for name in (first (swank:simple-completions prefix (package-name package)))
              repeat 400
              collect (list name "")))))
