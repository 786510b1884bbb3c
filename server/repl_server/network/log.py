"""The server's log: single lines on the program's standard error."""

from __future__ import annotations

import contextlib
import sys

__all__ = ["say"]

_LONGEST = 500


def say(text: str) -> None:
    """Write one line, cut at 500 characters; what can't be printed is escaped. Never raises."""
    line = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text[:_LONGEST])
    with contextlib.suppress(Exception):
        from repl_server.evaluation.routing import beneath

        file = beneath(sys.stderr)  # in this thread it may be a client's
        file.write(f"repl-server: {line}{'…' if len(text) > _LONGEST else ''}\n")
        file.flush()
