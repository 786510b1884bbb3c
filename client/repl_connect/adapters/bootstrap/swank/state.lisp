;; What the requests are answered with, for all connections of this image.

(defpackage #:OUR-PACKAGE (:use #:common-lisp))
(in-package #:OUR-PACKAGE)

(defconstant +chunk+ 1000000
  "Characters in one message at most: one of 16 MiB or more can't be sent.")

(defvar *stack* '()
  "The numbers of the evaluations of this thread, innermost first.")
(defvar *holds* nil
  "Whether an error of the evaluation waits for somebody to choose a restart.")
(defvar *place* nil
  "The file and line of the form that is evaluated, if it has a file.")
(defvar *reading* nil
  "Whether the text itself is read, by functions that nobody wants to hear of.")
(defvar *last-value* '()
  "The text of the last value of the evaluation, and whether it was cut.")

(defun call-in-chunks (function text)
  "Call FUNCTION with the parts of TEXT, and whether there are more."
  (loop with length = (length text)
        for start from 0 by +chunk+
        for end = (min length (+ start +chunk+))
        do (funcall function
                    (if (<= length +chunk+) text (subseq text start end))
                    (< end length))
        while (< end length)))

(defun tell (text &rest about)
  "Send TEXT and, by the words in ABOUT, what it is."
  (swank::send-to-emacs (list :write-string text (cons :repl-connect about))))

(defun label (package)
  "The name of a package as people write it."
  (if (eq package (find-package '#:common-lisp-user)) "CL-USER" (package-name package)))
