;; What runs inside an SBCL image while a client is connected. Sent once per image, kept in a package
;; of its own, where nothing of the user's is. `attach` serves one connection, in the thread whose
;; REPL it was called from.
;;
;; Three threads have a part in one connection:
;;
;; - The evaluating thread is the REPL's own. It runs `evaluate` and nothing else of ours.
;; - The reader reads requests. Evaluations it passes on; interrupts, input, completions and lookups
;;   it answers itself, so they never wait for an evaluation.
;; - The writer sends output that has gathered, a moment after the first character of it.
;;
;; In an SBCL without threads the evaluating thread does it all, one thing after the other.
;;
;; This file is evaluated once: what must have one identity. The others hold procedures only. They
;; are first interpreted, which is quick to begin with, and then compiled in a thread of its own.
;;
;; A request is a netstring count and that many netstrings: "3:" "4:eval" "1:7" ... A frame is the
;; marker (RS, a nonce of this connection, ";") and one bencoded map. Nobody can forge a frame who
;; does not know the nonce; what is outside of frames is output that nobody asked for.

;;; Limits

(defparameter *buffer-size* 8192)         ; characters of output in one frame
(defparameter *outbox-size* 65536)        ; bytes that wait, beyond which who prints them sends them
(defparameter *moment* 0.01)              ; seconds that output gathers
(defparameter *most-completions* 500)
(defparameter *most-frames* 50)           ; frames of a backtrace that are sent
(defparameter *most-looked-at* 5000)      ; that are looked through for them
(defparameter *longest-file* 2000000)     ; bytes of a file that is searched for a definition
(defparameter *longest-value* 10000000)   ; characters of a value that nobody asked to be cut
(defparameter *longest-message* 20000)    ; characters of an error's message

;;; A connection

(defstruct (connection (:copier nil) (:predicate nil))
  mark                              ; what every frame begins with, as octets
  in out                            ; its file descriptors
  streams                           ; the REPL's own output, for what it still holds
  package                           ; where its sessions begin
  threads                           ; whether it has threads of its own
  (lock (sb-thread:make-mutex :name "repl-connect"))      ; of all below
  (wire (sb-thread:make-mutex :name "repl-connect wire")) ; who sends
  (bell (sb-thread:make-waitqueue)) ; rung for the writer, and who waits for input
  (request-bell (sb-thread:make-waitqueue)) ; for the evaluating thread
  (sessions (make-hash-table :test 'equal))
  (outbox '())                      ; whole frames, newest first
  (waiting 0)                       ; their bytes
  (open nil)                        ; the stream whose text is not yet made a frame
  (dead nil)
  thread                            ; the evaluating one
  (current nil)                     ; number of the running evaluation
  (withdrawn nil)                   ; number of one interrupted before it began
  (requests '())                    ; evaluations not begun, in order
  (buffer (make-array 65536 :element-type '(unsigned-byte 8))) ; what was read
  (at 0)
  (end 0))

(defstruct (session (:copier nil) (:predicate nil))
  package
  (history (list nil nil nil nil nil nil nil nil nil nil))
  (input nil)                       ; its stream
  (answers '()))                    ; what was typed for it and not read, "" for the end

(defparameter *history* '(- + ++ +++ * ** *** / // ///))

;; What an evaluation is left with. Each is thrown to its connection.
(defstruct (failure (:copier nil)) type message frames place)

;; The evaluation of a thread: its number.
(defvar *evaluation* nil)

;; Whether it is the user's code that runs, not the reader or the printer.
(defvar *running* nil)

;;; What evaluations print to and read from

(defclass output-stream (sb-gray:fundamental-character-output-stream)
  ((connection :initarg :connection :reader stream-connection)
   (evaluation :initarg :evaluation :reader stream-evaluation)
   (name :initarg :name :reader stream-name)
   (text :initform nil :accessor stream-text)
   (size :initform 0 :accessor stream-size)
   (column :initform 0 :accessor stream-column)))

(defclass input-stream (sb-gray:fundamental-character-input-stream)
  ((connection :initarg :connection :reader stream-connection)
   (session :initarg :session :reader stream-session)
   (text :initform nil :accessor stream-text)
   (at :initform 0 :accessor stream-at)))

;; Takes as much of a value's text as was asked for, then throws to itself.
(defclass cut-stream (sb-gray:fundamental-character-output-stream)
  ((left :initarg :left :accessor stream-left)
   (text :initform (make-string-output-stream) :reader stream-text)
   (column :initform 0 :accessor stream-column)))

(defmacro critically (connection &body body)
  ;; With the connection's lock held and interrupts put off.
  `(sb-sys:without-interrupts
     (sb-thread:with-mutex ((connection-lock ,connection)) ,@body)))

(defun ring (connection)
  (sb-thread:condition-broadcast (connection-bell connection)))

(defun ring-for-request (connection)
  (sb-thread:condition-notify (connection-request-bell connection)))

;; Our procedures are compiled by whoever is connected when it is time: see requests.lisp.
(defvar *compile-lock* (sb-thread:make-mutex :name "repl-connect compiling"))
