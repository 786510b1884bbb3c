"""telephone, a job server in Common Lisp that speaks HTTP, as an nREPL server in this process."""
