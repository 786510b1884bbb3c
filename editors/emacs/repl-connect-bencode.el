;;; repl-connect-bencode.el --- The bytes of nREPL messages  -*- lexical-binding: t; -*-

;;; Commentary:

;; Bencode, as nREPL has it (https://nrepl.org, "Transports").  In Lisp a dictionary is an alist
;; whose keys are strings, a list is a vector, an integer is an integer.  A string is text: its
;; bytes are UTF-8; those that are not stay what they are, as raw bytes.
;;
;; The decoder takes bytes as they come and never reads any twice: it keeps the containers that
;; are still open on a stack, and waits at the start of the first thing that is not whole yet.

;;; Code:

(require 'cl-lib)

(define-error 'repl-connect-bencode-error "Bad bencode")

(defconst repl-connect-bencode-limit (* 64 1024 1024)
  "Bytes that a message may have, unless a decoder is told otherwise.")

(defconst repl-connect-bencode-depth 100
  "How many containers may be open at once in a message.")

;;;; Encoding

(defun repl-connect-bencode-encode (object)
  "Return the bytes of OBJECT, a unibyte string.
OBJECT is a string, an integer, a vector or an alist with strings for
keys, which are sorted; nil is the empty dictionary."
  (let ((parts nil))
    (cl-labels
        ((text (string)
           (let ((bytes (encode-coding-string string 'utf-8-unix)))
             (push (number-to-string (length bytes)) parts)
             (push ":" parts)
             (push bytes parts)))
         (walk (value)
           (cond
            ((stringp value) (text value))
            ((integerp value) (push (format "i%de" value) parts))
            ((vectorp value)
             (push "l" parts)
             (mapc #'walk value)
             (push "e" parts))
            ((listp value)
             (push "d" parts)
             (dolist (entry (sort (copy-sequence value) #'repl-connect-bencode--before-p))
               (text (car entry))
               (walk (cdr entry)))
             (push "e" parts))
            (t (signal 'repl-connect-bencode-error
                       (list (format "there is no bencode for %S" value)))))))
      (walk object))
    (apply #'concat (nreverse parts))))

(defun repl-connect-bencode--before-p (one other)
  "Whether the key of ONE comes before that of OTHER, byte by byte."
  (string< (encode-coding-string (car one) 'utf-8-unix)
           (encode-coding-string (car other) 'utf-8-unix)))

;;;; Decoding

(cl-defstruct (repl-connect-bencode-decoder
               (:constructor repl-connect-bencode--decoder (buffer limit))
               (:copier nil))
  "What has come of a stream of messages and was not told yet."
  buffer             ; the bytes from the first thing on that is not whole yet
  limit              ; bytes that a message may have
  (size 0)          ; bytes of the message that is under way, which are read already
  (wanted 0)        ; bytes without which there is nothing to do
  (stack nil)       ; the open containers, innermost first: (TYPE KEY . ITEMS), ITEMS reversed
  (messages nil))   ; whole messages that nobody was told of yet

(defun repl-connect-bencode--work-buffer ()
  "Return a new buffer for bytes."
  (with-current-buffer (generate-new-buffer " *repl-connect bytes*" t)
    (set-buffer-multibyte nil)
    (buffer-disable-undo)
    (current-buffer)))

(defun repl-connect-bencode-decoder (&optional limit)
  "Return a decoder for one stream.
LIMIT is the number of bytes that a message may have."
  (repl-connect-bencode--decoder (repl-connect-bencode--work-buffer)
                                 (or limit repl-connect-bencode-limit)))

(defun repl-connect-bencode-close (decoder)
  "Forget all that DECODER has; it is of no use afterwards."
  (when (buffer-live-p (repl-connect-bencode-decoder-buffer decoder))
    (kill-buffer (repl-connect-bencode-decoder-buffer decoder)))
  (setf (repl-connect-bencode-decoder-messages decoder) nil))

(defun repl-connect-bencode-feed (decoder bytes function)
  "Take BYTES into DECODER; call FUNCTION with each message that is whole now.
The messages come in order, also if FUNCTION has more bytes taken in.
Signal `repl-connect-bencode-error', when the messages before have
been told, for bytes that are no message; nothing more can then come of
the stream."
  (when (buffer-live-p (repl-connect-bencode-decoder-buffer decoder))
    (let ((problem nil))
      (with-current-buffer (repl-connect-bencode-decoder-buffer decoder)
        (goto-char (point-max))
        (insert bytes)
        (goto-char (point-min))
        (condition-case error
            (when (>= (buffer-size) (repl-connect-bencode-decoder-wanted decoder))
              (repl-connect-bencode--read decoder))
          (repl-connect-bencode-error (setq problem error)))
        (delete-region (point-min) (point)))
      (while (repl-connect-bencode-decoder-messages decoder)
        (funcall function (pop (repl-connect-bencode-decoder-messages decoder))))
      (when problem
        (signal (car problem) (cdr problem))))))

(defun repl-connect-bencode--fail (format-string &rest arguments)
  "Signal that the bytes are no message; FORMAT-STRING and ARGUMENTS say why."
  (signal 'repl-connect-bencode-error (list (apply #'format format-string arguments))))

(defun repl-connect-bencode--read (decoder)
  "Read all of the current buffer that is whole, from point on, for DECODER."
  (let ((stack (repl-connect-bencode-decoder-stack decoder))
        (size (repl-connect-bencode-decoder-size decoder))
        (limit (repl-connect-bencode-decoder-limit decoder))
        (messages nil)
        (wanted 0)
        (more t)
        (start (point)))
    (unwind-protect
        (while more
          (let ((char (char-after))
                (value nil)
                (whole nil))
            (setq start (point))
            (cond
             ((null char) (setq more nil wanted 1))
             ((and (null stack) (not (memq char '(?d ?l ?e))))
              (repl-connect-bencode--fail "a message is a dictionary, and this starts with %S"
                                          (char-to-string char)))
             ((<= ?0 char ?9)
              (let ((length (repl-connect-bencode--length limit)))
                (cond
                 ((null length) (setq more nil wanted 0))
                 ((> length (- (point-max) (point)))
                  (setq more nil wanted (+ (- (point) start) length)))
                 (t
                  (setq value (buffer-substring-no-properties (point) (+ (point) length))
                        whole t)
                  (forward-char length)))))
             ((eq char ?i)
              (setq value (repl-connect-bencode--integer))
              (if value (setq whole t) (setq more nil)))
             ((or (eq char ?d) (eq char ?l))
              (forward-char)
              (when (and (null stack) (eq char ?l))
                (repl-connect-bencode--fail "a message is a dictionary, and this is a list"))
              (when (and (eq (caar stack) ?d) (null (cadar stack)))
                (repl-connect-bencode--fail "a key that is no string"))
              (push (cons char (cons nil nil)) stack)
              (when (> (length stack) repl-connect-bencode-depth)
                (repl-connect-bencode--fail "containers are %d deep" (length stack))))
             ((eq char ?e)
              (forward-char)
              (let ((frame (pop stack)))
                (cond
                 ((null frame) (repl-connect-bencode--fail "an end without a beginning"))
                 ((cadr frame) (repl-connect-bencode--fail "a key without a value"))
                 ;; The last entry is the first: of a key that comes twice it counts.
                 ((eq (car frame) ?d) (setq value (cddr frame)))
                 (t (setq value (vconcat (nreverse (cddr frame)))))))
              (setq whole t))
             (t (repl-connect-bencode--fail "what starts with %S" (char-to-string char))))
            (setq size (+ size (- (point) start)))
            (when (> (+ size wanted) limit)
              (repl-connect-bencode--fail "a message of more than %d bytes" limit))
            (if (not more)
                (progn (setq size (- size (- (point) start)))
                       (goto-char start))
              (when whole
                (cond
                 ((null stack)
                  (push value messages)
                  (setq size 0))
                 (t (repl-connect-bencode--add value (car stack))))))))
      (setf (repl-connect-bencode-decoder-stack decoder) stack
            (repl-connect-bencode-decoder-size decoder) size
            (repl-connect-bencode-decoder-wanted decoder) wanted
            (repl-connect-bencode-decoder-messages decoder)
            (nconc (repl-connect-bencode-decoder-messages decoder) (nreverse messages))))))

(defun repl-connect-bencode--add (value frame)
  "Put VALUE, whose strings are bytes, into FRAME."
  (when (stringp value)
    (setq value (decode-coding-string value 'utf-8-unix t)))
  (cond
   ((eq (car frame) ?l) (push value (cddr frame)))
   ((cadr frame)
    (push (cons (cadr frame) value) (cddr frame))
    (setf (cadr frame) nil))
   ((stringp value) (setf (cadr frame) value))
   (t (repl-connect-bencode--fail "a key that is no string"))))

(defun repl-connect-bencode--length (limit)
  "Return the length of the string at point, and go behind its colon.
Return nil if the colon has not come yet.  LIMIT is the most there may be."
  (let* ((start (point))
         (digits (skip-chars-forward "0-9" (min (point-max) (+ start 12)))))
    (cond
     ((and (eobp) (< digits 12)) nil)
     ((not (eq (char-after) ?:)) (repl-connect-bencode--fail "a length without a colon"))
     (t
      (let ((length (string-to-number (buffer-substring-no-properties start (point)))))
        (when (> length limit)
          (repl-connect-bencode--fail "a string of %d bytes, and %d are allowed" length limit))
        (forward-char)
        length)))))

(defun repl-connect-bencode--integer ()
  "Return the integer at point and go behind it; nil if it is not whole yet."
  (cond
   ((looking-at "i\\(-?[0-9]\\{1,40\\}\\)e")
    (goto-char (match-end 0))
    (string-to-number (match-string 1)))
   ((looking-at "i-?[0-9]\\{0,40\\}\\'") nil)
   (t (repl-connect-bencode--fail "a number that is none"))))

(provide 'repl-connect-bencode)
;;; repl-connect-bencode.el ends here
