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

import io
import sys
import threading
from collections import deque
from contextvars import ContextVar

from repl_server.evaluation.output import Outlet, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol, TextIO
else:
    Protocol = object

__all__ = [
    "ByContext",
    "Routed",
    "Source",
    "beneath",
    "bind",
    "by_context",
    "current",
    "install",
    "lead",
    "mark",
    "restore",
    "uninstall",
]

_NOTE = "_repl_server_source"
_FILES = "_repl_server_files"
_NAMES = ("stdin", "stdout", "stderr")
_KEPT = 300


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
            output: Output = thread[_FILES]
            self.lead(output.err if name == "stderr" else output.out)

    def lead(self, file: Any) -> None:
        """In this thread, be `file`."""
        own = self.__dict__
        own["file"] = file
        write = getattr(file, "write", None)
        if write is not None:
            own["write"] = write  # what else it has is asked for seldom, and kept nowhere

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


class _ContextOutlet(Protocol):
    """Where code of one context prints and reads."""

    @property
    def output(self) -> Output:
        """Its standard output and error."""

    @property
    def standard_input(self) -> Any:
        """Its standard input."""


current: ContextVar[_ContextOutlet | None] = ContextVar("repl_server", default=None)
"""The outlet of the context that runs: tasks of many clients take turns in one thread."""


class ByContext(io.TextIOBase):
    """One of the three standard files, each context's own; without an outlet, what it was before.

    Tasks inherit the context of who creates them, and so does `asyncio.to_thread`.
    """

    def __init__(self, name: str, before: Any) -> None:
        self.before = before
        self._name = name

    @property
    def file(self) -> Any:
        """What it is here and now."""
        outlet = current.get()
        if outlet is None:
            return self.before
        if self._name == "stdin":
            return outlet.standard_input
        return outlet.output.err if self._name == "stderr" else outlet.output.out

    def write(self, text: str, /) -> int:  # noqa: D102
        outlet = current.get()
        if outlet is None:
            file = self.before
        else:
            file = outlet.output.err if self._name == "stderr" else outlet.output.out
        written: int = file.write(text)
        return written

    def flush(self) -> None:  # noqa: D102
        self.file.flush()

    def read(self, size: int | None = -1, /) -> str:  # noqa: D102
        text: str = self.file.read(size)
        return text

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # noqa: D102
        text: str = self.file.readline(-1 if size is None else size)
        return text

    def close(self) -> None:
        """Nothing: neither is for a client to close."""

    def __getattribute__(self, name: str) -> Any:
        if name in _PASSED_ON:
            return getattr(self.file, name)
        return super().__getattribute__(name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __next__(self) -> str:  # type: ignore[override]
        line: str = next(self.file)
        return line


_PASSED_ON = frozenset(
    ("encoding", "errors", "fileno", "isatty", "newlines", "readable", "writable")
)


def by_context() -> None:
    """Make the three standard files each context's own."""
    for name in _NAMES:
        file = getattr(sys, name)
        if not isinstance(file, ByContext):
            routed = file if isinstance(file, Routed) else Routed(name, file)
            _put(name, ByContext(name, routed))


_kept: deque[object] = deque(maxlen=_KEPT)


def _put(name: str, file: Any) -> None:
    """Make it the standard file, and keep it and the one before.

    `print` uses the file without holding it. If another thread puts something else into `sys` at
    that moment, and the file is freed, the program crashes (Python before 3.14).
    """
    _kept.extend((getattr(sys, name), file))
    setattr(sys, name, file)


def lead(files: dict[str, Any]) -> dict[str, Any]:
    """Like `bind`, in a thread that is not this server's; gives what `lead` takes to undo it."""
    before = {
        name: file.__dict__["file"] if isinstance(file := getattr(sys, name), Routed) else file
        for name in _NAMES
    }
    bind(files)
    return before


def bind(files: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Make the three standard files `files` in this thread; gives the three that now lead there."""
    for name in _NAMES:
        routed = getattr(sys, name)
        if not isinstance(routed, Routed):
            routed = Routed(name, routed)
            _put(name, routed)
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


def mark(source: Source | None) -> Source | None:
    """Threads that this thread starts from now on get their outlet from `source`, if not None.

    Gives what it was before.
    """
    own = threading.current_thread().__dict__
    before: Source | None = own.pop(_NOTE, None)
    if source is not None:
        own[_NOTE] = source
    return before


def install() -> None:
    """A server starts."""
    global _servers, _start
    with _changing:
        _servers += 1
        if _servers == 1 and threading.Thread.start is not _start_noted:
            _start = threading.Thread.start
            threading.Thread.start = _start_noted  # type: ignore[method-assign]


def uninstall() -> bool:
    """A server ends; the last one puts everything back as it was, and is told that it is."""
    global _servers
    with _changing:
        _servers -= 1
        if _servers:
            return False
        if threading.Thread.start is _start_noted:
            threading.Thread.start = _start  # type: ignore[method-assign]
        restore()
    return True


def beneath(file: Any) -> Any:
    """What one of the standard files was before there was a server."""
    while isinstance(file, Routed | ByContext):
        file = file.__dict__["before"]
    return file


def restore() -> None:
    """Put the standard files back that were there before."""
    for name in _NAMES:
        _put(name, beneath(getattr(sys, name)))
