;; Where things are: lines of files.

(defvar *most-read* 10000000
  "Characters of a file that are read to find a line.")

(defun line-of-position (file position)
  "The line of the character at POSITION, from 1 on; nil if the file can't be read."
  (ignore-errors
   (with-open-file (stream file #+sbcl :external-format #+sbcl '(:utf-8 :replacement #\?))
     (loop with line = 1
           repeat (min (1- position) *most-read*)
           for character = (read-char stream nil)
           while character
           do (when (char= character #\Newline) (incf line))
           finally (return line)))))

(defun place-of-location (location)
  "The file and line of one of Swank's source locations, or nil."
  (when (eq (first location) :location)
    (let* ((parts (rest location))
           (file (second (or (assoc :file (remove-if-not #'consp parts))
                             (assoc :buffer (remove-if-not #'consp parts)))))
           (line (second (assoc :line (remove-if-not #'consp parts))))
           (position (second (assoc :position (remove-if-not #'consp parts)))))
      (when (and (stringp file) (or line position))
        (setf line (or line (line-of-position file position)))
        (when line
          (list file line))))))

;; In the language's terms `eval` knows no files; SBCL can be told of them.

#+sbcl
(defun place-in-text (source &optional location)
  "The file and line of what was evaluated here, given its debug source; at LOCATION in its code."
  (let* ((plist (sb-c::debug-source-plist source))
         (line (getf plist 'line)))
    (when line
      (list (getf plist :emacs-filename)
            (+ line (if location (line-in-text location (getf plist :emacs-string)) 0))))))

#+sbcl
(defun line-in-text (location text)
  "How many lines into the TEXT of a form it is; 0 if that can't be told."
  (or (ignore-errors
       (handler-bind ((warning (lambda (condition)
                                 (declare (ignore condition))
                                 (return-from line-in-text 0))))
         ;; What is evaluated is the body of a function without arguments.
         (let* ((before "(lambda () ")
                (whole (concatenate 'string before text ")"))
                (offset (swank/sbcl::string-source-position location whole)))
           (count #\Newline text :end (max 0 (min (- offset (length before)) (length text)))))))
      0))

(defun call-with-place (function file line text)
  "Call FUNCTION; what it defines is remembered to be in LINE of FILE, where the system can."
  (declare (ignorable file line text))
  (let ((variable #+sbcl (find-symbol "*SOURCE-PLIST*" "SB-C")))
    (if (and file variable)
        (progv (list variable)
            (list (list :emacs-buffer file :emacs-filename file :emacs-string text
                        :emacs-position 1 'line line))
          (funcall function))
        (funcall function))))
