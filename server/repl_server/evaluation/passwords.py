"""`getpass` in an evaluation asks the client, as `input` does, and not the program's terminal."""

from __future__ import annotations

import getpass
import sys

from repl_server.evaluation.routing import ByContext, Routed
from repl_server.evaluation.standard_input import Input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO


__all__ = ["ask_the_client", "ask_the_terminal"]

_getpass = getpass.getpass


def ask_the_client() -> None:
    """From now on code that a client evaluates asks that client; all else asks where it did."""
    global _getpass
    if getpass.getpass is not _getpass_here:
        _getpass = getpass.getpass
        getpass.getpass = _getpass_here


def ask_the_terminal() -> None:
    """All code asks where it did."""
    if getpass.getpass is _getpass_here:
        getpass.getpass = _getpass


def _getpass_here(prompt: str = "Password: ", stream: TextIO | None = None) -> Any:
    source: Any = sys.stdin
    if isinstance(source, ByContext):
        source = source.file
    if isinstance(source, Routed):
        source = source.__dict__["file"]
    if not isinstance(source, Input):
        return _getpass(prompt, stream)
    print(prompt, end="", flush=True)
    line = source.read_secret()
    if not line:
        raise EOFError
    return line.rstrip("\n")


_getpass_here.__name__ = _getpass_here.__qualname__ = "getpass"
_getpass_here.__doc__ = _getpass.__doc__
