"""`sys.stdout`, `sys.stderr` and `sys.stdin` that lead each thread to its own.

While a server runs, the three are `Routed`: in a thread that evaluates they are the client's, in a
thread that an evaluation has started they are that client's too, and in every other thread they are
what they were before. Nothing is swapped when an evaluation begins or ends, so the program's own
output can't get to a client, nor a client's into the program's.

A `Routed` is a thread-local object; `print` finds the thread's own `write` in it without a line of
Python. If the program (or a test runner) puts something else into `sys.stdout`, the next evaluation
puts a new `Routed` in front of that.

How a thread knows who started it: `threading.Thread.start` is wrapped, for as long as a server
runs, to note the outlet of the evaluation that calls it on the new thread. Threads made by
`_thread.start_new_thread` directly, and work given to threads that run already (an executor, an
event loop), print where those threads print.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, Protocol, TextIO

from repl_server.output import Outlet

__all__ = ["Routed", "Source", "bind", "install", "mark", "restore", "uninstall"]

_NOTE = "_repl_server_source"
_FILES = "_repl_server_files"
_NAMES = ("stdin", "stdout", "stderr")


class Source(Protocol):
    """Where a thread's outlet is to be asked for."""

    def outlet(self) -> Outlet:
        """The outlet for what is started now."""


class Routed(threading.local):
    """One of the three standard files, each thread's own."""

    def __init__(self, name: str, before: TextIO) -> None:
        # Runs once in every thread that uses it.
        self.__dict__["before"] = before
        thread = threading.current_thread().__dict__
        source = thread.get(_NOTE)
        if not isinstance(source, Outlet):
            self.lead(before)
        elif name == "stdin":
            self.lead(source.standard_input)
        else:
            if _FILES not in thread:
                thread[_FILES] = source.open()
            self.lead(thread[_FILES][name == "stderr"])

    def lead(self, file: Any) -> None:
        """In this thread, be `file`."""
        own = self.__dict__
        own["file"] = file
        for method in ("write", "flush", "readline", "read"):
            found = getattr(file, method, None)
            if found is not None:
                own[method] = found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["file"], name)

    def __iter__(self) -> Any:
        return iter(self.__dict__["file"])

    def __next__(self) -> Any:
        return next(self.__dict__["file"])

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.__dict__["file"].flush()

    def __repr__(self) -> str:
        return repr(self.__dict__["file"])


def bind(files: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Make the three standard files `files` in this thread; gives the three that now lead there."""
    for name in _NAMES:
        routed = getattr(sys, name)
        if not isinstance(routed, Routed):
            routed = Routed(name, routed)
            setattr(sys, name, routed)
        routed.lead(files[name])
    return sys.stdin, sys.stdout, sys.stderr


_servers = 0
_changing = threading.Lock()
_start = threading.Thread.start


def _start_noted(self: threading.Thread) -> None:
    source: Source | None = threading.current_thread().__dict__.get(_NOTE)
    if source is not None and not self.name.startswith("repl-server-"):
        self.__dict__[_NOTE] = source.outlet()
    _start(self)


def mark(source: Source) -> None:
    """Threads that this thread starts from now on get their outlet from `source`."""
    threading.current_thread().__dict__[_NOTE] = source


def install() -> None:
    """A server starts."""
    global _servers, _start
    with _changing:
        _servers += 1
        if _servers == 1 and threading.Thread.start is not _start_noted:
            _start = threading.Thread.start
            threading.Thread.start = _start_noted  # type: ignore[method-assign]


def uninstall() -> None:
    """A server ends; the last one puts everything back as it was."""
    global _servers
    with _changing:
        _servers -= 1
        if _servers:
            return
        if threading.Thread.start is _start_noted:
            threading.Thread.start = _start  # type: ignore[method-assign]
        restore()


def restore() -> None:
    """Put the standard files back that were there before."""
    for name in _NAMES:
        routed = getattr(sys, name)
        while isinstance(routed, Routed):
            routed = routed.__dict__["before"]
        setattr(sys, name, routed)
