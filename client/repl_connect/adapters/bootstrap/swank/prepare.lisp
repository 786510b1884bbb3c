;; Swank's own REPL for this connection; who this is, and whether our functions are there.
(cl:progn
  (cl:dolist (module '(:swank-repl :swank-arglists :swank-fuzzy))
    (cl:ignore-errors (swank:swank-require module)))
  ;; Output comes in this connection, not in one of its own that somebody would have to open.
  (cl:progv (cl:list (cl:intern "*USE-DEDICATED-OUTPUT-STREAM*" "SWANK-REPL")) '(nil)
    (cl:funcall (cl:intern "CREATE-REPL" "SWANK-REPL") nil :coding-system "utf-8-unix"))
  (cl:list (swank:connection-info)
           (cl:and (cl:find-package "OUR-PACKAGE") (cl:find-symbol "INSTALLED" "OUR-PACKAGE") t)))
