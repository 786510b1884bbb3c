;; What an evaluation reads, and what stops it.

(define (input-port c s)
  (define (take! bytes)
    ;; How many bytes were put into BYTES, eof, or #f when there is nothing.
    (atomically
     (define left (session-input s))
     (cond
       [(null? left) #f]
       [(eof-object? (car left)) (set-left/held! s (cdr left)) eof]
       [else
        (let* ([first (car left)]
               [size (min (bytes-length bytes) (bytes-length first))])
          (bytes-copy! bytes 0 first 0 size)
          (set-left/held! s (if (= size (bytes-length first))
                                (cdr left)
                                (cons (subbytes first size) (cdr left))))
          size)])))
  (define arrival (wrap-evt (semaphore-peek-evt (session-input-bell s)) (lambda (_) 0)))
  (define wait-for-it
    (poll-guard-evt
     (lambda (only-looks?)
       (unless (or only-looks? (session-asked? s))
         (set-session-asked?! s #t)
         (tell c "id" (own-evaluation) "kind" "need-input"))
       arrival)))
  (make-input-port 'stdin (lambda (bytes) (or (take! bytes) wait-for-it)) #f void))

(define (set-left/held! s left)
  (set-session-input! s left)
  (semaphore-try-wait? (session-input-bell s))
  (unless (null? left) (semaphore-post (session-input-bell s))))

(define (give-input c session-id text)
  (define s (hash-ref (connection-sessions c) session-id #f))
  (when s
    (define more (if (string=? text "") eof (string->bytes/utf-8 text)))
    (atomically
     (set-session-asked?! s #f)
     (set-left/held! s (append (session-input s) (list more))))))

(define (interrupt c id)
  ;; From the pump. What has not begun yet ends when it begins.
  (define now?
    (atomically
     (cond
       [(and (connection-current c) (or (not id) (eqv? id (connection-current c))))
        (set-connection-interrupted?! c #t)
        #t]
       [else (set-connection-withdrawn! c id) #f])))
  (when now? (break-thread (connection-thread c))))
