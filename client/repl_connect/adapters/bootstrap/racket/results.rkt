;; Values and errors, as text.

;;; Values: as the REPL's own printer shows them.

(define (printed value quota)
  ;; The text, and whether it was cut.
  (define text (open-output-bytes))
  (define port
    (cond
      [quota
       (define left quota)
       (make-output-port
        'value always-evt
        (lambda (bytes start end never-waits? breakable?)
          (cond
            [(= start end) 0]
            [(zero? left) (abort-current-continuation quota-tag)]
            [else
             (define size (min left (- end start)))
             (write-bytes bytes text start (+ start size))
             (set! left (- left size))
             size]))
        void)]
      [else text]))
  (define cut?
    (call-with-continuation-prompt
     (lambda ()
       (parameterize ([current-output-port port]) ((current-print) value))
       #f)
     quota-tag
     (lambda () #t)))
  (define shown (bytes->string/utf-8 (get-output-bytes text) #\uFFFD))
  (define size (string-length shown))
  (values (if (and (positive? size) (char=? (string-ref shown (sub1 size)) #\newline))
              (substring shown 0 (sub1 size))
              shown)
          cut?))

(define quota-tag (make-continuation-prompt-tag 'quota))

(define (send-value c id ns value quota)
  ;; Nothing is sent of what the printer shows nothing of.
  (define-values (text cut?) (printed value quota))
  (unless (string=? text "")
    (apply put c (append (if cut? '("cut" "1") '())
                         (list "id" id "kind" "value" "ns" ns "value" text)))))

;;; Errors

(define (user-frames e)
  ;; Of an exception, (name . srcloc) each, innermost first, those inside of the evaluation.
  (define context
    (if (exn? e) (continuation-mark-set->context (exn-continuation-marks e)) '()))
  (let next ([left context] [count 0])
    (cond
      [(or (null? left) (= count most-frames) (ours? (cdar left))) '()]
      [else (cons (car left) (next (cdr left) (add1 count)))])))

(define (ours? place)
  ;; As the launching form has named the source of this module.
  (and place (eq? (srcloc-source place) 'repl-connect)))

(define (frame-fields entry)
  (define place (cdr entry))
  (define source (and place (srcloc-source place)))
  (list (if (car entry) (symbol->string (car entry)) "")
        (cond [(path? source) (path->string source)] [(string? source) source] [else ""])
        (or (and place (srcloc-line place)) 0)))

(define (error-type e)
  (if (exn? e)
      (substring (symbol->string (vector-ref (struct->vector e) 0)) (string-length "struct:"))
      "raise"))

(define (error-message e)
  (if (exn? e)
      (exn-message e)
      (string-append "uncaught exception: "
                     ((error-value->string-handler) e (error-print-width)))))

(define (error-text e message)
  ;; As the REPL shows it, without the frames of ours.
  (define text (open-output-string))
  (parameterize ([current-error-port text])
    ((error-display-handler) message e))
  (define shown
    (regexp-replace* #rx"(\n  context[.][.][.]:)?\n   repl-connect:.*$" (get-output-string text) ""))
  (if (regexp-match? #rx"\n$" shown) shown (string-append shown "\n")))

(define (send-error c id e)
  (define frames (user-frames e))
  (define message (error-message e))
  (tell c
        "frames" (map frame-fields (reverse frames))
        "id" id
        "kind" "error"
        "message" message
        "text" (error-text e message)
        "type" (error-type e)))
