#lang racket/base
;; A program with Racket's REPL on a TCP port: a thread for each connection, one namespace for all.
;; Arguments: the port, and how the ports are buffered: none (prompts are seen), or block.
(require racket/tcp racket/string)

(define-values (port mode)
  (let ([arguments (current-command-line-arguments)])
    (values (string->number (vector-ref arguments 0)) (string->symbol (vector-ref arguments 1)))))
(define namespace (make-base-namespace))
(define all (make-custodian))

(define (threads)
  ;; How many threads serve connections.
  (let count ([custodian all])
    (for/sum ([managed (custodian-managed-list custodian (current-custodian))])
      (cond [(thread? managed) 1] [(custodian? managed) (count managed)] [else 0]))))

(define main (current-custodian))
(parameterize ([current-namespace namespace])
  (namespace-require 'racket)
  (eval '(module game racket/base (define secret 42) (define (score) 7) (provide score)))
  (eval '(require 'game))
  (namespace-set-variable-value!
   'threads (lambda () (parameterize ([current-custodian main]) (threads)))))

(define listener (tcp-listen port 5 #t "127.0.0.1"))
(let accept ()
  (define own (make-custodian all))
  (define-values (in out)
    (parameterize ([current-custodian own]) (tcp-accept listener)))
  (file-stream-buffer-mode out mode)
  (parameterize ([current-custodian own])
    (thread
     (lambda ()
       (parameterize ([current-input-port in]
                      [current-output-port out]
                      [current-error-port out]
                      [current-namespace namespace]
                      [exit-handler (lambda (v) (custodian-shutdown-all own))])
         (read-eval-print-loop)
         (custodian-shutdown-all own)))))
  (accept))
