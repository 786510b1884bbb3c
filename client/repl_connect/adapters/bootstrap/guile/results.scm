;; Values and errors, as text.

;;; Printing values

(define (printed value quota)
  ;; The value as text, and whether it was cut.
  (define (plain text)
    (if (and quota (> (string-length text) quota))
        (values (substring text 0 quota) #t)
        (values text #f)))
  (cond
   ((or (number? value) (symbol? value) (boolean? value) (char? value) (null? value))
    (plain (object->string value)))
   ((and (string? value) (string-every plain-characters value))
    (plain (string-append "\"" value "\"")))
   ((not quota) (plain (object->string value)))
   (else
    (let* ((tag (make-prompt-tag "quota"))
           (left quota)
           (chunks '())
           (port (make-custom-binary-output-port
                  "value"
                  (lambda (bytes start count)
                    (let* ((size (min count left))
                           (chunk (make-bytevector size)))
                      (bytevector-copy! bytes start chunk 0 size)
                      (set! chunks (cons chunk chunks))
                      (set! left (- left size))
                      (when (< size count) (abort-to-prompt tag))
                      count))
                  #f #f #f)))
      (set-port-encoding! port "UTF-8")
      (let ((cut (call-with-prompt tag
                   (lambda () (write value port) (force-output port) #f)
                   (lambda (k) #t))))
        (values (bytevector->string (join (reverse chunks)) "UTF-8" 'substitute) cut))))))

(define (value-fields value quota)
  ;; What a frame says of a value.
  (let ((label (call-with-output-string
                (lambda (port)
                  (parameterize ((current-output-port port))
                    (run-hook before-print-hook value))))))
    (call-with-values (lambda () (printed value quota))
      (lambda (text cut)
        `(,@(if cut '("cut" 1) '())
          "label" ,(label-name label)
          "ns" ,(namespace-name (current-module))
          "value" ,text)))))

(define (label-name text)
  ;; "$1 = " -> "$1"
  (let ((end (string-index text #\space)))
    (if (and end (string-prefix? "$" text)) (substring text 0 end) "")))

;;; Errors

(define (stack-frames stack)
  ;; The frames that are the user's, (name file line) each, innermost last.
  (define (visible frame)
    (let ((source (frame-source frame))
          (name (frame-procedure-name frame)))
      (let ((file (and source (cadr source))))
        (and (not (and file (member file '("ice-9/eval.scm" "ice-9/boot-9.scm"))))
             (or name file)
             (list (if name (object->string name display) "")
                   (or file "")
                   (if source (+ 1 (caddr source)) 0))))))
  (let ((shown (filter-map visible (vector->list stack))))
    (reverse (if (> (length shown) most-frames) (take shown most-frames) shown))))

(define (innermost-frames stack)
  ;; As a vector, for Guile's debugger commands.
  (let ((frames (make-vector (if stack (min (stack-length stack) most-kept-frames) 0))))
    (let lp ((i 0))
      (when (< i (vector-length frames))
        (vector-set! frames i (stack-ref stack i))
        (lp (+ i 1))))
    frames))

(define (error-text key args)
  (let ((text (catch #t
                (lambda ()
                  (call-with-output-string
                   (lambda (port) (print-exception port #f key args))))
                (lambda _
                  (string-append "an error that can't be printed, of the kind "
                                 (object->string key))))))
    (string-trim-both text)))

(define exit-text
  "(exit) was called. It ends this evaluation, not the program and not this connection.")

(define (error-type key args)
  (cond
   ((and (eq? key '%exception) (pair? args) (record? (car args)))
    (object->string (record-type-name (record-type-descriptor (car args))) display))
   ((eq? key '%exception) "raise")
   (else (object->string key display))))

(define (send-error connection id key args frames place)
  (let ((text (if (eq? key 'quit) exit-text (error-text key args))))
    (critically connection
      (put-frame/held connection "frames" frames "id" id "kind" "error" "message" text
                      "place" place "type" (error-type key args)))))
