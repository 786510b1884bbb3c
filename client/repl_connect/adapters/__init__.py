"""Adapters: each an nREPL server, inside this process, for a REPL that speaks something else."""
