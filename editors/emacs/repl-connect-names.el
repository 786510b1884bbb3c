;;; repl-connect-names.el --- Asking about names  -*- lexical-binding: t; -*-

;;; Commentary:

;; The two questions about names, `completions' and `lookup', which the other side answers beside
;; whatever runs if it can.  A program that serves between the turns of its loop may answer late or
;; not at all, so nothing here waits for long: a deadline, and anything typed, end it.  After two
;; missed deadlines in a row nothing is asked any more before something came back.  A late answer is
;; kept: who asks the same again gets it at once.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'repl-connect-definitions)
(require 'repl-connect-output)
(require 'repl-connect-prompt)
(require 'repl-connect-targets)

(defconst repl-connect-names--lost 10
  "Seconds after which no answer to a question is expected.")

(defconst repl-connect-names--fresh 10
  "Seconds that an answer is taken for true.")

(defconst repl-connect-names--most 200
  "Names of a connection that it is remembered what is known of.")

(defconst repl-connect-names--cut 400
  "An answer of so many candidates may not have all of them.")

(cl-defstruct (repl-connect-names (:copier nil))
  "What is under way and known about the names of a connection.
PENDING are questions without an answer, the newest first, LAST is the
newest that has one, MISSED how many deadlines were missed since anything
came back.  THERE are namespaces that the other side knows something of,
KNOWN maps (NAMESPACE . NAME) to (TIME MOMENT . INFO), where a moment is
what `repl-connect-names--moment' returns.  COUNT requests were sent for
all this.  While one is LOOKING a name up for eldoc, NEXT is a function
that asks about the next.  It is forgotten when PROCESS is another."
  process pending last (missed 0) there (known (make-hash-table :test #'equal)) (count 0)
  looking next)

(cl-defstruct (repl-connect-names--question (:copier nil))
  "A question for completions, ASKED at a time and at a MOMENT.
The ANSWER is (CANDIDATES . REPLACES): strings, which stand for the last
REPLACES characters of TEXT."
  text namespace asked moment answer)

(defun repl-connect-names-of (connection)
  "Return what is known about the names of CONNECTION."
  (let ((names (repl-connect-property connection :names))
        (process (repl-connect-connection-process connection)))
    (unless (and names (eq (repl-connect-names-process names) process))
      (setq names (make-repl-connect-names :process process))
      (repl-connect-put connection :names names))
    names))

(defun repl-connect-names--moment (connection)
  "Return what is another value once more was asked of CONNECTION, or has ended.
That may be an evaluation, which may define names."
  (cons (- (repl-connect-connection-counter connection)
           (repl-connect-names-count (repl-connect-names-of connection)))
        (length (repl-connect-connection-evaluations connection))))

(defun repl-connect-names--fresh-p (connection time moment)
  "Whether what CONNECTION has told at TIME, at MOMENT, may still be true."
  (and (< (- (float-time) time) repl-connect-names--fresh)
       (equal moment (repl-connect-names--moment connection))))

;;;; Whom, and where

(defun repl-connect-names-connection (&rest ops)
  "Return the connection to ask about names of the current buffer, or nil.
It takes requests and answers one of OPS."
  (let ((connection (repl-connect-current-connection)))
    (and (repl-connect-open-p connection)
         (seq-some (lambda (op) (repl-connect-supports-p connection op)) ops)
         connection)))

(defun repl-connect-names-namespace (connection)
  "Return the namespace that names at point are to be looked up in, or nil.
Nil means the one that CONNECTION is in."
  (unless (derived-mode-p 'repl-connect-comint-mode)
    (or (repl-connect-buffer-namespace)
        ;; Such a server knows a module by its file.
        (and buffer-file-name
             (repl-connect-get (repl-connect-get (repl-connect-connection-description connection)
                                                 "versions")
                               "repl-server")
             (repl-connect-path-there buffer-file-name connection)))))

(defun repl-connect-names-ask (connection message key namespace function)
  "Send MESSAGE on CONNECTION; call FUNCTION with what the reply has under KEY.
It is asked in NAMESPACE, and if nothing is known there, in that of
CONNECTION: servers differ in how they say that there is no such
namespace.  FUNCTION gets the symbol `none' if there is no answer."
  (let ((names (repl-connect-names-of connection))
        (found nil))
    (cl-incf (repl-connect-names-count names))
    (repl-connect-tool-request
     connection message
     (lambda (reply)
       (setq found (append found reply))
       (when (repl-connect-last-p reply)
         (let ((value (repl-connect-get found key)))
           (cond
            ((seq-intersection (repl-connect-statuses reply) '("lost" "timeout"))
             (funcall function 'none nil))
            ((and (seq-empty-p value) namespace
                  (not (member namespace (repl-connect-names-there names))))
             (repl-connect-names-ask connection message key nil function))
            (t
             (when (and namespace (not (seq-empty-p value)))
               (cl-pushnew namespace (repl-connect-names-there names) :test #'equal))
             (funcall function value found))))))
     :timeout repl-connect-names--lost :namespace namespace)))

(defun repl-connect-names-wait (connection seconds function)
  "Wait until the value of FUNCTION is non-nil and return it.
Return nil after SECONDS, if CONNECTION is lost, or if something is typed."
  (let ((deadline (+ (float-time) seconds))
        (value nil))
    (while (and (not (setq value (funcall function)))
                (repl-connect-open-p connection)
                (< (float-time) deadline)
                (not (input-pending-p)))
      (accept-process-output (repl-connect-connection-process connection)
                             (max 0.001 (min 0.02 (- deadline (float-time))))))
    value))

;;;; Completions

(defun repl-connect-names-takes-text-p (connection)
  "Whether CONNECTION completes names by all the text before them."
  (equal (repl-connect-aux connection "repl-server/prefix") "text"))

(defun repl-connect-names-completions (connection text symbol namespace seconds)
  "Return what could stand at the end of TEXT; nil if not known in SECONDS.
It is (CANDIDATES . REPLACES): strings with the property
`repl-connect-candidate', a map, for the last REPLACES characters of
TEXT.  SYMBOL is the end of TEXT that seems to be a name; NAMESPACE is
where, nil for that of CONNECTION."
  (or (repl-connect-names--refined connection text namespace)
      (when-let ((question (repl-connect-names--question connection text symbol namespace)))
        (or (repl-connect-names-wait connection seconds
                                     (lambda ()
                                       (repl-connect-names--question-answer question)))
            (unless (input-pending-p)
              (cl-incf (repl-connect-names-missed (repl-connect-names-of connection)))
              nil)))))

(defun repl-connect-names--refined (connection text namespace)
  "Return what follows from the last answer of CONNECTION for TEXT in NAMESPACE.
Return nil if that can't be told from it."
  (when-let* ((last (repl-connect-names-last (repl-connect-names-of connection)))
              (answer (repl-connect-names--question-answer last))
              (asked (repl-connect-names--question-text last)))
    (and (equal namespace (repl-connect-names--question-namespace last))
         (repl-connect-names--fresh-p connection (repl-connect-names--question-asked last)
                                      (repl-connect-names--question-moment last))
         (string-prefix-p asked text)
         (let ((typed (substring text (length asked))))
           (and (or (string-empty-p typed)
                    (and (length< (car answer) repl-connect-names--cut)
                         (string-match-p "\\`[[:alnum:]_-]+\\'" typed)
                         ;; A name has begun to be typed where none was before.
                         (> (cdr answer) 0)))
                (cons (car answer) (+ (cdr answer) (length typed))))))))

(defun repl-connect-names--question (connection text symbol namespace)
  "Return the question for completions of TEXT on CONNECTION; ask it if need be.
Return nil if nothing is to be asked now, since nothing comes back.
SYMBOL and NAMESPACE are as for `repl-connect-names-completions'."
  (let* ((names (repl-connect-names-of connection))
         (pending (repl-connect-names-pending names)))
    (or (seq-find (lambda (each)
                    (and (equal text (repl-connect-names--question-text each))
                         (equal namespace (repl-connect-names--question-namespace each))))
                  pending)
        (unless (and pending (or (>= (repl-connect-names-missed names) 2)
                                 (length> pending 2)))
          (let ((question (make-repl-connect-names--question
                           :text text :namespace namespace :asked (float-time))))
            (repl-connect-names-ask
             connection
             (if (repl-connect-supports-p connection "completions")
                 `(("op" . "completions")
                   ("prefix" . ,(if (repl-connect-names-takes-text-p connection) text symbol))
                   ("extra-metadata" . ["arglists"]))
               ;; How older servers call it.
               `(("op" . "complete") ("prefix" . ,symbol) ("symbol" . ,symbol)))
             "completions" namespace
             (lambda (value reply)
               (setf (repl-connect-names--question-moment question)
                     (repl-connect-names--moment connection))
               (repl-connect-names--answered names question value reply (length symbol))))
            ;; Not before: where too much is waited for already, it can't be asked.
            (push question (repl-connect-names-pending names))
            question)))))

(defun repl-connect-names--answered (names question value reply symbol)
  "Keep VALUE, from REPLY, as the answer to QUESTION in NAMES.
It replaces SYMBOL characters unless it says how many."
  (setf (repl-connect-names-pending names) (delq question (repl-connect-names-pending names)))
  (unless (eq value 'none)
    (let ((replaces (repl-connect-get reply "repl-server/replaces"))
          (last (repl-connect-names-last names)))
      (setf (repl-connect-names-missed names) 0
            (repl-connect-names--question-answer question)
            (cons (delq nil (mapcar #'repl-connect-names--candidate value))
                  (if (natnump replaces) replaces symbol)))
      (when (or (null last) (<= (repl-connect-names--question-asked last)
                                (repl-connect-names--question-asked question)))
        ;; It is as old as its answer.
        (setf (repl-connect-names--question-asked question) (float-time)
              (repl-connect-names-last names) question)))))

(defun repl-connect-names--candidate (map)
  "Return the candidate of MAP as a string; nil for what can't be inserted."
  (let ((text (and (listp map) (repl-connect-text map "candidate"))))
    (and text
         (not (string-match-p "[[:cntrl:]]" text))
         (propertize text 'repl-connect-candidate map))))

(defun repl-connect-names-table (connection namespace)
  "Return a completion table of names that CONNECTION knows in NAMESPACE."
  (completion-table-dynamic
   (lambda (begun)
     (when (and (repl-connect-open-p connection)
                (or (repl-connect-supports-p connection "completions")
                    (repl-connect-supports-p connection "complete"))
                (or (not (string-empty-p begun)) (repl-connect-names-takes-text-p connection)))
       (pcase (repl-connect-names-completions connection begun begun namespace 1)
         (`(,candidates . ,replaces)
          (let ((before (substring begun 0 (max 0 (- (length begun) replaces)))))
            (mapcar (lambda (candidate) (concat before candidate)) candidates))))))))

;;;; Lookup

(defun repl-connect-names-lookup (connection name namespace source function)
  "Ask CONNECTION about NAME in NAMESPACE; call FUNCTION with nREPL's map.
That is nil if nothing is, and `none' if there is no answer.  With SOURCE
the source is asked for too."
  (repl-connect-names-ask
   connection
   `(("op" . "lookup") ("sym" . ,name) ,@(and source '(("repl-server/source" . 1))))
   "info" namespace
   (lambda (info _)
     (let ((info (if (vectorp info) nil info))
           (known (repl-connect-names-known (repl-connect-names-of connection))))
       (unless (or (eq info 'none) source)
         (when (>= (hash-table-count known) repl-connect-names--most)
           (clrhash known))
         (puthash (cons namespace name)
                  (cons (float-time) (cons (repl-connect-names--moment connection) info))
                  known))
       (funcall function info)))))

(defun repl-connect-names-known-info (connection name namespace)
  "Return (INFO) if it was told lately what CONNECTION knows of NAME in NAMESPACE.
Return nil if it has to be asked."
  (pcase (gethash (cons namespace name)
                  (repl-connect-names-known (repl-connect-names-of connection)))
    (`(,time ,moment . ,info)
     (and (repl-connect-names--fresh-p connection time moment) (list info)))))

(defun repl-connect-names-lookup-now (connection name namespace source seconds)
  "Return what CONNECTION knows of NAME in NAMESPACE, within SECONDS.
Return `none' if there is no answer by then.  With SOURCE ask for its
source too."
  (let ((answer (and (not source) (repl-connect-names-known-info connection name namespace))))
    (unless answer
      (repl-connect-names-lookup connection name namespace source
                                 (lambda (info) (setq answer (list info))))
      (repl-connect-names-wait connection seconds (lambda () answer)))
    (if answer (car answer) 'none)))

;;;; Names at point

(defmacro repl-connect-names-in-code (&rest body)
  "Evaluate BODY with the buffer narrowed to what is code around point.
That is the input in a REPL.  Return nil if point is in no code."
  (declare (indent 0) (debug t))
  (let ((start (make-symbol "start")))
    `(let ((,start (repl-connect-names-code-start)))
       (when (and ,start (>= (point) ,start))
         (save-restriction
           (narrow-to-region ,start (point-max))
           ,@body)))))

(defun repl-connect-names-code-start ()
  "Return where the code begins that point is in: the input in a REPL."
  (cond ((not (derived-mode-p 'repl-connect-comint-mode)) (point-min))
        ;; What is typed is read by the program.
        (repl-connect-prompt--asking nil)
        (repl-connect--input-start
         (let ((start (marker-position repl-connect--input-start)))
           (if (fboundp 'repl-connect-command-code-start)
               (repl-connect-command-code-start start)
             start)))))

(defun repl-connect-names-at-point ()
  "Return the name at point and that of the call around it, those there are.
What a REPL shows is looked at too, a line of it."
  (let ((start (repl-connect-names-code-start))
        (inhibit-field-text-motion t))
    (save-restriction
      (if (and start (>= (point) start))
          (narrow-to-region start (point-max))
        (narrow-to-region (line-beginning-position) (line-end-position)))
      (let ((symbol (repl-connect-language-symbol-at-point t))
            (call (repl-connect-call-at-point)))
        (seq-uniq
         (delete ""
                 (delq nil (list (and symbol
                                      (string-trim (buffer-substring-no-properties
                                                    (car symbol) (cdr symbol))
                                                   "[.]+" "[.]+"))
                                 (car call)))))))))

(defun repl-connect-names-read (prompt connection)
  "Read a name with PROMPT, with those that CONNECTION knows as completions."
  (let ((name (string-trim
               (completing-read prompt
                                (repl-connect-names-table
                                 connection (repl-connect-names-namespace connection))
                                nil nil nil 'repl-connect-names-history))))
    (if (string-empty-p name) (user-error "No name was given") name)))

(defvar repl-connect-names-history nil
  "Names that were asked about.")

(provide 'repl-connect-names)
;;; repl-connect-names.el ends here
