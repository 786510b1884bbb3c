;; Completions and lookups, in the reader: they look at the image and evaluate nothing.

(defun kind-of (symbol)
  (cond
    ((keywordp symbol) "keyword")
    ((special-operator-p symbol) "special-form")
    ((macro-function symbol) "macro")
    ((fboundp symbol) "function")
    ((or (boundp symbol) (constantp symbol)) "variable")
    ((find-class symbol nil) "class")
    (t "symbol")))

(defun split-name (text)
  ;; The package part of a symbol's name, or nil; the rest; and whether it has two colons.
  (let ((colon (position #\: text)))
    (if (null colon)
        (values nil text nil)
        (let ((double (and (< (1+ colon) (length text)) (char= (char text (1+ colon)) #\:))))
          (values (subseq text 0 colon) (subseq text (+ colon (if double 2 1))) double)))))

(defun in-case-of (prefix text)
  ;; TEXT as somebody writes it who writes PREFIX.
  (if (some #'upper-case-p prefix) text (string-downcase text)))

(defun completions (package prefix)
  ;; name kind ...
  (let ((found (make-hash-table :test 'equal)))
    (multiple-value-bind (package-part name double) (split-name prefix)
      (let* ((start (string-upcase name))
             (head (subseq prefix 0 (- (length prefix) (length name))))
             (named (cond ((null package-part) package)
                          ((string= package-part "") (find-package "KEYWORD"))
                          (t (named-package package-part)))))
        (flet ((note (symbol)
                 (let ((text (symbol-name symbol)))
                   (when (and (eql 0 (search start text))
                              (string= text (string-upcase text))
                              (or (not (string= (kind-of symbol) "symbol"))
                                  (and (eq (symbol-package symbol) package)
                                       (null package-part))))
                     (setf (gethash (concatenate 'string head (in-case-of prefix text)) found)
                           (kind-of symbol))))))
          (cond
            ((null named))
            ((and package-part (not double)) (do-external-symbols (symbol named) (note symbol)))
            (t (do-symbols (symbol named) (note symbol)))))
        (when (and (null package-part) (plusp (length name)))
          (dolist (each (list-all-packages))
            (dolist (text (cons (package-name each) (package-nicknames each)))
              (when (eql 0 (search start text))
                (setf (gethash (concatenate 'string (in-case-of prefix text) ":") found)
                      "namespace")))))))
    (let ((names (sort (loop for name being the hash-keys of found collect name) #'string<)))
      (loop for name in names
            repeat *most-completions*
            collect name
            collect (gethash name found)))))

(defun existing-symbol (package text)
  ;; The symbol of that name and whether there is one; never makes it.
  (multiple-value-bind (package-part name) (split-name text)
    (let ((named (cond ((null package-part) package)
                       ((string= package-part "") (find-package "KEYWORD"))
                       (t (named-package package-part)))))
      (if named
          (find-symbol (if (and (> (length name) 1) (char= (char name 0) #\|))
                           (string-trim "|" name)
                           (string-upcase name))
                       named)
          (values nil nil)))))

(defun argument-list (symbol function)
  (let ((*package* (or (symbol-package symbol) *package*))
        (*print-case* :downcase)
        (*print-pretty* nil)
        (*print-length* nil))
    (or (ignore-errors
         (prin1-to-string
          (cons symbol
                (if (typep function 'generic-function)
                    (sb-mop:generic-function-lambda-list function)
                    (sb-kernel:%fun-lambda-list function)))))
        "")))

(defun look-up (package text)
  ;; key value ... of what is known about a name, or ().
  (multiple-value-bind (symbol there) (existing-symbol package text)
    (if (or (not there) (string= (kind-of symbol) "symbol"))
        '()
        (let* ((function (or (macro-function symbol)
                             (and (fboundp symbol)
                                  (not (special-operator-p symbol))
                                  (fdefinition symbol))))
               (place (cond
                        ((typep function 'generic-function)
                         (definition-place (sb-pcl::definition-source function)))
                        (function (function-place function))
                        ((find-class symbol nil)
                         (definition-place (sb-pcl::definition-source (find-class symbol))))
                        (t (definition-place
                            (sb-int:info :source-location :variable symbol))))))
          (list "arglists-str" (if function (argument-list symbol function) "")
                "doc" (or (documentation symbol 'function) (documentation symbol 'variable)
                          (documentation symbol 'type) "")
                "file" (first place)
                "line" (second place)
                "name" text
                "ns" (short-name (or (symbol-package symbol) package))
                "type" (kind-of symbol))))))

(defun tool (connection number session-id namespace work)
  (let* ((session (gethash session-id (connection-sessions connection)))
         (package (or (and (string/= namespace "") (named-package namespace))
                      (and session (session-package session))
                      (connection-package connection))))
    (tell connection "id" number
          "items" (handler-case (funcall work package) (error () '()))
          "kind" "answer")))
