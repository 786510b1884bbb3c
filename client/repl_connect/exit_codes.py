"""What the process's exit status says. Scripts rely on these: they do not change."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """Exit statuses of every `repl-connect` command."""

    OK = 0
    RAISED = 1
    """The code raised an error, or the other side would not evaluate it."""
    USAGE = 2
    """The command line or an address was not understood, or a file could not be read."""
    NO_CONNECTION = 3
    """There was no connection, or it was lost."""
    STOPPED = 4
    """The time was up, or the evaluation was interrupted from elsewhere."""
    NREPL = 5
    """An nREPL server is there, which needs no bridge: the client can connect to it itself."""
    PARTIAL = 6
    """Of several targets, or several items, some were answered for and some were not."""
    INTERRUPTED = 130
    """Ctrl-C here (128 and SIGINT's number, as shells have it)."""
