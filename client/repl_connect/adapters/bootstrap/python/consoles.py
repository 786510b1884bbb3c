"""Finding the console that a connection is served by, and how it is read and written."""

from __future__ import annotations

import builtins
import dis
import inspect
import io
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["Console", "find_console"]


class Console:
    """A connection as its console has it.

    - `read` gives one line, without its end; None if nobody but the console can read.
    - `write` writes text at once.
    - `anywhere`: whether both work in threads of ours too.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        read: Callable[[], str] | None,
        write: Callable[[str], None],
        flags: Any,
        *,
        anywhere: bool,
    ) -> None:
        self.namespace = namespace
        self.read = read
        self.write = write
        self.flags = flags
        self.anywhere = anywhere


class _Flags:
    """What `from __future__` has switched on, where the console does not keep that."""

    flags = 0


def find_console(frame: FrameType) -> Console:
    """The console that has called this frame: one of `code`, Python's own, or any other."""
    outer: FrameType | None = frame
    while outer is not None:
        found = outer.f_locals.get("self")
        if _is_console(found):
            return _of_code(found)
        last, outer = outer, outer.f_back
    if last is frame and frame.f_code.co_filename == "<stdin>":
        return _of_python(frame)
    return _of_any(frame)


def _is_console(found: Any) -> bool:
    return (
        all(callable(getattr(found, name, None)) for name in ("raw_input", "push", "write"))
        and isinstance(getattr(found, "locals", None), dict)
        and not inspect.iscoroutinefunction(found.raw_input)
        and not inspect.iscoroutinefunction(found.push)
    )


def _of_code(console: Any) -> Console:
    streams = (sys.stdout, sys.stderr, getattr(console, "file", None))

    def write(text: str) -> None:
        console.write(text)
        for stream in streams:
            flush = getattr(stream, "flush", None)
            if flush is not None:
                flush()

    compiler = getattr(getattr(console, "compile", None), "compiler", None)
    return Console(
        console.locals,
        lambda: str(console.raw_input("")),
        write,
        compiler if hasattr(compiler, "flags") else _Flags(),
        anywhere=_anywhere(console.raw_input, sys.stdin)
        and _anywhere(console.write, sys.stdout, sys.stderr, getattr(console, "file", None)),
    )


def _anywhere(method: Any, *streams: Any) -> bool:
    """Whether a method of a console does the same in any thread.

    Standard streams may have been replaced by what tells threads apart; a real stream does not.
    """
    if all(isinstance(each, io.IOBase) for each in streams if each is not None):
        return True
    code = getattr(method, "__code__", None)
    if code is None:
        return False
    used = {each.argval for each in dis.get_instructions(code) if "GLOBAL" in each.opname}
    return not used & {"sys", "print", "input"}


def _of_python(frame: FrameType) -> Console:
    """`python -i`, whose standard streams are the connection; it reads on after us."""
    stdin, stdout = sys.stdin, sys.stdout

    def read() -> str:
        line = stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    def write(text: str) -> None:
        stdout.write(text)
        stdout.flush()

    return Console(frame.f_globals, read, write, _Flags(), anywhere=True)


def _of_any(frame: FrameType) -> Console:
    """Nothing is known of it: it evaluates a line, and shows what its own `print` prints."""
    namespace = frame.f_globals
    own = namespace.get("print", builtins.print)

    def write(text: str) -> None:
        own(text, end="", flush=True)

    return Console(namespace, None, write, _Flags(), anywhere=False)
