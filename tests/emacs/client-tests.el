;;; client-tests.el --- Sessions, requests and evaluations  -*- lexical-binding: t; -*-

;;; Commentary:

;; The other side is a server in this Emacs, which says what each test wants it to, byte by byte.

;;; Code:

(require 'testing)
(require 'repl-connect-evaluation)

(defvar client-tests--streams nil
  "The server's ends of its connections, the newest first.")
(defvar client-tests--heard nil
  "The messages that the server has got, the newest first.")
(defvar client-tests--chunk nil
  "How many bytes the server sends at once; nil: each message as a whole.")

(defun client-tests--say (stream &rest messages)
  "Send MESSAGES on STREAM, in chunks of `client-tests--chunk' bytes."
  (let* ((bytes (mapconcat #'repl-connect-bencode-encode messages ""))
         (size (or client-tests--chunk (max 1 (length bytes)))))
    (dolist (chunk (seq-partition bytes size))
      (process-send-string stream chunk)
      ;; So that it is read as a chunk of its own.
      (when client-tests--chunk
        (accept-process-output nil 0.0005)))))

(defun client-tests--reply (request &rest fields)
  "Return a reply to REQUEST with FIELDS, an alist."
  `(("id" . ,(repl-connect-get request "id"))
    ,@(when-let ((session (repl-connect-get request "session")))
        `(("session" . ,session)))
    ,@fields))

(defun client-tests--answer (stream request answers)
  "Answer REQUEST on STREAM: by ANSWERS (op -> function), or as any server does."
  (let* ((op (repl-connect-get request "op"))
         (own (cdr (assoc op answers))))
    (cond
     (own (funcall own stream request))
     ((equal op "describe")
      (client-tests--say
       stream (client-tests--reply request
                                   '("ops" . (("clone") ("eval") ("interrupt") ("ls-sessions")
                                              ("completions")))
                                   '("aux" . (("current-ns" . "ünder")))
                                   '("status" . ["done"]))))
     ((equal op "clone")
      (client-tests--say
       stream (client-tests--reply request
                                   `("new-session" . ,(format "s%d" (length client-tests--heard)))
                                   '("status" . ["done"]))))
     ((equal op "eval")
      (client-tests--say
       stream
       (client-tests--reply request '("out" . "häßlich 世界\n"))
       (client-tests--reply request `("value" . ,(repl-connect-get request "code"))
                            '("ns" . "elsewhere"))
       (client-tests--reply request '("status" . ["done"])))))))

(defun client-tests--serve (answers)
  "Start a server that answers by ANSWERS; return the path of its socket."
  (let ((path (make-temp-name (expand-file-name "../run/c" default-directory)))
        (decoders nil))
    (setq client-tests--streams nil client-tests--heard nil)
    (make-network-process
     :name "server" :server t :family 'local :service path :coding 'binary :noquery t
     :log (lambda (_server stream _)
            (push stream client-tests--streams)
            (push (cons stream (repl-connect-bencode-decoder)) decoders))
     :filter (lambda (stream bytes)
               (repl-connect-bencode-feed
                (alist-get stream decoders) bytes
                (lambda (request)
                  (push request client-tests--heard)
                  (client-tests--answer stream request answers)))))
    path))

(defun client-tests--open (path &rest arguments)
  "Open a connection to the socket at PATH with ARGUMENTS and return it."
  (let ((connection (repl-connect-connection--make :address path))
        (failed nil))
    (apply #'repl-connect-client-open
           (make-network-process :name "client" :family 'local :service path :noquery t)
           connection
           :on-failed (lambda (_ words kind) (setq failed (cons kind words)))
           arguments)
    (testing-until (or failed (repl-connect-open-p connection)))
    (or failed connection)))

(defmacro client-tests-with (variable answers &rest body)
  "Evaluate BODY with VARIABLE a connection to a server that answers by ANSWERS."
  (declare (indent 2))
  `(testing-afresh
     (let ((,variable (client-tests--open (client-tests--serve ,answers))))
       ,@body)))

(defun client-tests--evaluate (connection code)
  "Evaluate CODE on CONNECTION; return what was told of it, in order."
  (let ((told nil) (done nil))
    (repl-connect-eval connection code
                       :on-value (lambda (_ text _) (push text told))
                       :on-output (lambda (_ stream text _) (push (list stream text) told))
                       :on-failed (lambda (_ reply) (push (repl-connect-get reply "ex") told))
                       :on-done (lambda (_ problem) (setq done t) (push problem told)))
    (testing-until done)
    (nreverse told)))

(ert-deftest client-opens-two-sessions ()
  (client-tests-with connection nil
    (should (equal (repl-connect-connection-namespace connection) "ünder"))
    (should (repl-connect-connection-session connection))
    (should (repl-connect-connection-tool-session connection))
    (should-not (equal (repl-connect-connection-session connection)
                       (repl-connect-connection-tool-session connection)))
    (should (repl-connect-supports-p connection "completions"))
    (should-not (repl-connect-supports-p connection "load-file"))))

(ert-deftest client-takes-messages-in-any-pieces ()
  (dolist (size '(1 2 3 7 nil))
    (let ((client-tests--chunk size))
      (client-tests-with connection nil
        (should (equal (client-tests--evaluate connection "λ")
                       '(("out" "häßlich 世界\n") "λ" nil)))
        (should (equal (repl-connect-connection-namespace connection) "elsewhere"))))))

(ert-deftest client-goes-on-after-an-error-in-a-callback ()
  (client-tests-with connection nil
    (let ((debug-on-error nil) (values 0))
      (dotimes (_ 3)
        (repl-connect-eval connection "1"
                           :on-output (lambda (&rest _) (error "In output"))
                           :on-value (lambda (&rest _) (cl-incf values) (error "In value"))
                           :on-done (lambda (&rest _) (car 1))))
      (testing-until (null (repl-connect-connection-evaluations connection)))
      (should (= values 3))
      (should (testing-said "In output"))
      (should (repl-connect-open-p connection))
      (should (equal (cadr (client-tests--evaluate connection "2")) "2")))))

(ert-deftest client-goes-on-when-a-callback-waits-for-an-answer ()
  (client-tests-with connection
      `(("completions" . ,(lambda (stream request)
                            (client-tests--say
                             stream (client-tests--reply request '("completions" . [])
                                                         '("status" . ["done"]))))))
    (let ((order nil))
      (dolist (code '("1" "2"))
        (repl-connect-eval
         connection code
         :on-value (lambda (_ text _)
                     (push text order)
                     (push (and (repl-connect-request-sync
                                 connection '(("op" . "completions") ("prefix" . "a")))
                                'answered)
                           order))))
      (testing-until (= (length order) 4))
      (should (equal (seq-filter #'stringp (reverse order)) '("1" "2")))
      (should-not (memq nil order)))))

(ert-deftest client-tells-several-values-and-errors-in-order ()
  (client-tests-with connection
      `(("eval" . ,(lambda (stream request)
                     (client-tests--say
                      stream
                      (client-tests--reply request '("value" . "1"))
                      (client-tests--reply request '("value" . "2"))
                      (client-tests--reply request '("err" . "boom"))
                      (client-tests--reply request '("ex" . "E")
                                           '("status" . ["eval-error"]))
                      (client-tests--reply request '("status" . ["done"]))))))
    (should (equal (client-tests--evaluate connection "x") '("1" "2" ("err" "boom") "E" nil)))))

(ert-deftest client-shows-what-no-evaluation-printed ()
  (client-tests-with connection nil
    (let ((told nil))
      (setf (repl-connect-connection-on-output connection)
            (lambda (_ stream text _) (push (list stream text) told)))
      (client-tests--say (car client-tests--streams) '(("out" . "late") ("id" . "nobody")))
      (testing-until told)
      (should (equal told '(("out" "late")))))))

(ert-deftest client-interrupts-what-has-not-begun-there-once-it-has ()
  (let* ((asked 0)
         (eval nil)
         (interrupt (lambda (stream request)
                      (setq asked (1+ asked))
                      (client-tests--say
                       stream (client-tests--reply
                               request `("status" . ,(if (= asked 1)
                                                         ["session-idle" "done"]
                                                       ["done"]))))
                      (when (= asked 2)
                        (client-tests--say
                         stream (client-tests--reply
                                 eval '("status" . ["interrupted" "done"])))))))
    (client-tests-with connection
        `(("eval" . ,(lambda (_ request) (setq eval request)))
          ("interrupt" . ,interrupt))
      (let ((told 'nothing)
            (evaluation (repl-connect-eval connection "1")))
        (repl-connect-interrupt-evaluation connection evaluation
                                           (lambda (words) (setq told words)))
        (testing-until (repl-connect-evaluation-done evaluation))
        (should (equal told nil))
        (should (= asked 2))))))

(ert-deftest client-gives-up-a-request-at-its-time ()
  (client-tests-with connection '(("completions" . ignore))
    (let ((statuses nil))
      (repl-connect-tool-request connection '(("op" . "completions"))
                                 (lambda (reply) (setq statuses (repl-connect-statuses reply)))
                                 :timeout 0.05)
      (testing-until statuses)
      (should (member "timeout" statuses))
      (should (zerop (hash-table-count (repl-connect-connection-requests connection))))
      (should-not (repl-connect-request-sync connection '(("op" . "completions"))
                                             :timeout 0.05)))))

(ert-deftest client-stops-waiting-when-something-is-typed ()
  (client-tests-with connection '(("completions" . ignore))
    (let ((unread-command-events (list ?a)))
      (should-not (repl-connect-request-sync connection '(("op" . "completions"))
                                             :timeout 600)))))

(ert-deftest client-refuses-more-requests-than-may-wait ()
  (client-tests-with connection '(("eval" . ignore))
    (let ((asked 0))
      (should-error (while (<= asked repl-connect-most-requests)
                      (repl-connect-eval connection "1")
                      (cl-incf asked))
                    :type 'user-error)
      (should (= asked repl-connect-most-requests))
      (should (= (length (repl-connect-connection-evaluations connection)) asked)))))

(ert-deftest client-ends-what-was-under-way-when-the-connection-is-lost ()
  (client-tests-with connection '(("eval" . ignore))
    (let ((told nil) (lost nil))
      (setf (repl-connect-connection-on-lost connection)
            (lambda (_ reason evaluations) (push (cons reason evaluations) lost)))
      (dotimes (_ 2)
        (repl-connect-eval connection "1"
                           :on-done (lambda (evaluation problem)
                                      (push (cons (repl-connect-evaluation-done evaluation)
                                                  problem)
                                            told))))
      (delete-process (car client-tests--streams))
      (testing-until lost)
      (should (= (length told) 2))
      (should (member "lost" (caar told)))
      (should (string-match-p "not known" (cdar told)))
      (should (equal (mapcar #'cdr lost) '(2)))
      (should-not (repl-connect-open-p connection))
      (should-not (buffer-live-p (repl-connect-bencode-decoder-buffer
                                  (repl-connect-connection-decoder connection)))))))

(defun client-tests--codes ()
  "Return the code that the server was sent, in order."
  (delq nil (mapcar (lambda (request) (repl-connect-get request "code"))
                    (reverse client-tests--heard))))

(ert-deftest client-sends-evaluations-one-by-one-where-the-order-is-not-kept ()
  (client-tests-with connection '(("eval" . ignore))
    (let ((ended nil))
      (dolist (code '("1" "2" "3" "4"))
        (repl-connect-eval connection code
                           :on-done (lambda (evaluation _) (push evaluation ended))))
      (testing-until (equal (client-tests--codes) '("1")))
      (repl-connect-interrupt-evaluation
       connection (nth 1 (repl-connect-connection-evaluations connection)))
      (should (equal (repl-connect-evaluation-done (car ended)) '("done" "interrupted")))
      (client-tests--say (car client-tests--streams)
                         (client-tests--reply (car client-tests--heard) '("status" . ["done"])))
      (testing-until (equal (client-tests--codes) '("1" "3")))
      (delete-process (car client-tests--streams))
      (testing-until (= (length ended) 4))
      (should (equal (mapcar #'repl-connect-evaluation-code (reverse ended))
                     '("2" "1" "3" "4")))
      (should (member "lost" (repl-connect-evaluation-done (car ended))))
      (should (equal (client-tests--codes) '("1" "3"))))))

(ert-deftest client-sends-evaluations-at-once-where-the-order-is-kept ()
  (client-tests-with connection
      `(("eval" . ignore)
        ("describe" . ,(lambda (stream request)
                         (client-tests--say
                          stream (client-tests--reply
                                  request '("ops" . ["clone" "eval"])
                                  '("versions" . (("repl-server" . "0.1.0")))
                                  '("status" . ["done"]))))))
    (dolist (code '("1" "2" "3"))
      (repl-connect-eval connection code))
    (testing-until (equal (client-tests--codes) '("1" "2" "3")))))

(ert-deftest client-keeps-the-end-of-what-was-printed-as-errors ()
  (let ((evaluation (make-repl-connect-evaluation)))
    (dotimes (number 20000)
      (repl-connect--keep-err evaluation (format "%d\n" number)))
    (let ((err (repl-connect-evaluation-err evaluation)))
      (should (= (length err) 20000))
      (should (string-suffix-p "\n19998\n19999\n" err)))
    (should (< (repl-connect-evaluation-errs-size evaluation) 40001))))

(ert-deftest client-loses-a-connection-whose-bytes-are-no-message ()
  (client-tests-with connection nil
    (let ((lost nil))
      (setf (repl-connect-connection-on-lost connection)
            (lambda (_ reason _) (setq lost reason)))
      (process-send-string (car client-tests--streams) "GNU Guile 3.0.8\n")
      (testing-until lost)
      (should (string-match-p "no nREPL" lost)))))

(ert-deftest client-says-what-is-there-when-it-speaks-no-nrepl ()
  (testing-afresh
    (let ((failed (client-tests--open
                   (client-tests--serve
                    `(("describe" . ,(lambda (stream _)
                                       (process-send-string stream "GNU Guile 3.0.8\n> "))))))))
      (should (eq (car failed) 'no-bencode))
      (should (string-match-p "GNU Guile" (cdr failed))))))

(ert-deftest client-fails-when-the-other-side-ends-or-says-nothing ()
  (testing-afresh
    (should (eq (car (client-tests--open
                      (client-tests--serve
                       `(("describe" . ,(lambda (stream _) (delete-process stream)))))))
                'ended))
    (should (eq (car (client-tests--open (client-tests--serve '(("describe" . ignore)))
                                         :timeout 0.05))
                'timeout))))

(ert-deftest client-takes-up-a-session-that-is-still-there ()
  (testing-afresh
    (let* ((sessions (lambda (stream request)
                       (client-tests--say
                        stream (client-tests--reply request '("sessions" . ["old" "other"])
                                                    '("status" . ["done"])))))
           (path (client-tests--serve `(("ls-sessions" . ,sessions))))
           (resumed (client-tests--open path :resume "old"))
           (fresh (client-tests--open path :resume "gone")))
      (should (equal (repl-connect-connection-session resumed) "old"))
      (should (repl-connect-connection-resumed resumed))
      (should-not (equal (repl-connect-connection-session fresh) "gone"))
      (should-not (repl-connect-connection-resumed fresh)))))

(ert-deftest client-gives-its-token-only-to-who-asks-for-it ()
  (let* ((asks (lambda (stream request)
                 (client-tests--say
                  stream
                  (if (equal (repl-connect-get request "repl-server/token") "secret")
                      (client-tests--reply request '("ops" . ["eval"]) '("status" . ["done"]))
                    (client-tests--reply
                     request '("status" . ["done" "error" "repl-server/unauthorized"]))))))
         (process-environment (cons "REPL_CONNECT_TOKEN=secret" process-environment)))
    (client-tests-with connection `(("describe" . ,asks))
      (should (repl-connect-open-p connection)))
    (client-tests-with connection nil
      (should (repl-connect-open-p connection))
      (should-not (seq-some (lambda (request) (assoc "repl-server/token" request))
                            client-tests--heard)))
    (setenv "REPL_CONNECT_TOKEN")
    (testing-afresh
      (let ((failed (client-tests--open (client-tests--serve `(("describe" . ,asks))))))
        (should (eq (car failed) 'refused))
        (should (string-match-p "REPL_CONNECT_TOKEN" (cdr failed)))))))

(ert-deftest client-says-goodbye ()
  (client-tests-with connection nil
    (let ((session (repl-connect-connection-session connection)))
      (repl-connect-client-close connection)
      (should (eq (repl-connect-connection-state connection) 'closed))
      (testing-until (seq-find (lambda (request)
                                 (and (equal (repl-connect-get request "op") "close")
                                      (equal (repl-connect-get request "session") session)))
                               client-tests--heard)))))

(provide 'client-tests)
;;; client-tests.el ends here
