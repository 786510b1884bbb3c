"""repl-connect: get into a running program through its socket REPL."""

__version__ = "0.1.0"
