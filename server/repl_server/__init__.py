"""repl_server: a socket REPL that a Python program keeps alive inside itself."""
