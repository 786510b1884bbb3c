"""The token for servers that ask for one, from the environment."""

from __future__ import annotations

import os

from repl_connect.errors import UsageError

__all__ = ["token"]

_LONGEST_FILE = 4_096


def token() -> str | None:
    """`REPL_CONNECT_TOKEN`, or what the file `REPL_CONNECT_TOKEN_FILE` holds; None if neither is.

    Raises `UsageError` if the file can't be read.
    """
    given = os.environ.get("REPL_CONNECT_TOKEN")
    if given:
        return given
    path = os.environ.get("REPL_CONNECT_TOKEN_FILE")
    if not path:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(_LONGEST_FILE).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"The token can't be read from {path}: {why}.") from None
