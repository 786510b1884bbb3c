;; Where things stand in their files.
;;
;; What we evaluate for a file carries in its debug information the file's name, the line on which
;; its outermost form begins, and that form's text, so that lines within it can be told. Of what was
;; loaded otherwise the file is searched.

(defun call-with-place (file line text thunk)
  ;; Evaluate in THUNK as what stands in FILE from LINE on.
  (progv
      '(sb-c::*source-namestring* sb-c::*source-plist*)
      (list file (list :repl-connect-line line :repl-connect-text text))
    (funcall thunk)))

(defun count-lines (text end)
  (count #\Newline text :end (min end (length text))))

(defun skip-blanks (text at)
  ;; Where the next form begins, behind white space and comments.
  (let ((end (length text)))
    (loop
      (cond
        ((>= at end) (return end))
        ((member (char text at) '(#\Space #\Tab #\Newline #\Return #\Page #\Linefeed)) (incf at))
        ((char= (char text at) #\;)
         (setf at (or (position #\Newline text :start at) end)))
        ((and (< (1+ at) end) (string= "#|" text :start2 at :end2 (+ at 2)))
         (let ((depth 0) (start at))
           (loop
             (cond
               ((>= (1+ at) end) (return-from skip-blanks start)) ; not finished: `read' says so
               ((string= "#|" text :start2 at :end2 (+ at 2)) (incf depth) (incf at 2))
               ((string= "|#" text :start2 at :end2 (+ at 2))
                (incf at 2)
                (when (zerop (decf depth)) (return)))
               (t (incf at))))))
        (t (return at))))))

(defun skip-form (text at)
  (let ((*read-suppress* t))
    (nth-value 1 (read-from-string text t nil :start at :preserve-whitespace t))))

(defun subform-start (text path)
  ;; Where the form stands that PATH leads to, a list of how many forms to skip in each.
  (let ((at (skip-blanks text 0)))
    (dolist (count path at)
      (unless (char= (char text at) #\() (return at))
      (setf at (skip-blanks text (1+ at)))
      (loop repeat count do (setf at (skip-blanks text (skip-form text at)))))))

(defun form-lines (text form-number)
  ;; Lines between the beginning of the form and that of its numbered subform.
  (if (eql form-number 0)
      0
      (or (ignore-errors
           (let* ((*package* *package*)
                  (form (let ((*read-eval* nil)) (read-from-string text)))
                  (translations (sb-di:form-number-translations form 0))
                  (path (rest (reverse (svref translations form-number))))
                  (start (skip-blanks text 0)))
             (- (count-lines text (subform-start text path)) (count-lines text start))))
          0)))

(defun file-text (file)
  (with-open-file (stream file :external-format '(:utf-8 :replacement #\?))
    (when (< (file-length stream) *longest-file*)
      (let* ((text (make-string (file-length stream)))
             (size (read-sequence text stream)))
        (subseq text 0 size)))))

(defun line-in-file (file index form-number)
  ;; The line of the form that is the INDEXth of a file, or of its subform.
  (or (ignore-errors
       (let ((text (file-text file)) (at 0))
         (loop repeat index do (setf at (skip-form text (skip-blanks text at))))
         (let ((start (skip-blanks text at)))
           (+ 1 (count-lines text start)
              (form-lines (subseq text start (skip-form text start)) form-number)))))
      0))

(defun place-in (namestring plist index form-number)
  ;; (file line), line 0 if it is not known.
  (let ((line (getf plist :repl-connect-line))
        (file (native-file namestring)))
    (cond
      ((null file) (list "" 0))
      (line (list file (+ line (form-lines (getf plist :repl-connect-text "") (or form-number 0)))))
      (index (list file (line-in-file file index (or form-number 0))))
      (t (list file 0)))))

(defun native-file (namestring)
  ;; The name of a file as the system has it, or nil.
  (cond
    ((null namestring) nil)
    ((zerop (or (search "SYS:" namestring) 1)) nil) ; SBCL's own, which is seldom installed
    (t (or (ignore-errors (sb-ext:native-namestring (translate-logical-pathname namestring)))
           namestring))))

(defun code-place (location)
  ;; (file line) of a code location.
  (or (ignore-errors
       (let ((source (sb-di:code-location-debug-source location)))
         (place-in (sb-c::debug-source-namestring source)
                   (sb-c::debug-source-plist source)
                   (ignore-errors (sb-di:code-location-toplevel-form-offset location))
                   (ignore-errors (sb-di:code-location-form-number location)))))
      (list "" 0)))

(defun function-place (function)
  (or (ignore-errors
       (code-place (sb-di:debug-fun-start-location
                    (sb-di:fun-debug-fun (sb-kernel:%fun-fun function)))))
      (list "" 0)))

(defun definition-place (location)
  ;; (file line) of what SBCL has noted of a variable, a class or a generic function.
  (or (and location
           (ignore-errors
            (place-in (sb-c:definition-source-location-namestring location)
                      (sb-c:definition-source-location-plist location)
                      (sb-c:definition-source-location-toplevel-form-number location)
                      (sb-c:definition-source-location-form-number location))))
      (list "" 0)))
