"""Jobs from the command line: left with a program by one shell, collected from another.

A program whose server has jobs keeps them itself. For every other there is a keeper: a process of
ours in the background, which runs the jobs there over connections of its own, and keeps what they
bring.

    submit ──> Desk ──> the program itself          repl_server, telephone
      ID  <──      └──> a keeper ──> the program    Guile, Clojure, SBCL, Node, other nREPL servers
"""
