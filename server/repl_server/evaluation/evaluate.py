"""Runs code in a namespace and gives its values as text. Knows nothing of threads or sockets.

What is sent in between goes through the callbacks of a `Run`. Everything in here runs with the door
open: an interrupt can come at any instruction.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Generator

from repl_server.evaluation.compile import (
    COROUTINE,
    Parts,
    compile_expression,
    compile_file,
    compile_parts,
    name_source,
    new_name,
    recompiled,
)
from repl_server.evaluation.history import History, mentions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


__all__ = ["TOP_LEVEL_AWAIT", "Run", "Steps", "Stopped"]

TOP_LEVEL_AWAIT = 0x2000
"""The compiler flag (`ast.PyCF_ALLOW_TOP_LEVEL_AWAIT`) that lets code await outside a function."""

Steps = Generator[Coroutine["Any", "Any", "Any"], "Any", "str | None"]
"""Code on its way: it gives what is to be awaited, takes the outcome, and returns the last text."""


class Stopped(Exception):
    """The code raised `StopIteration`, which does not come out of a generator as it is."""

    def __init__(self, error: StopIteration) -> None:
        super().__init__(error)
        self.error = error


class Run:
    """One piece of code on its way.

    `shown` takes the text of each value but the last, which is what the code ends with (None if
    there is none: the last statement is no expression, or its value is None). `said` takes what is
    to be said about a redefinition. `local` are the local variables, of code that is evaluated in a
    frame.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        history: History,
        text: Callable[[object], str],
        *,
        shown: Callable[[str], None],
        said: Callable[[str], None] | None = None,
        flags: int = 0,
        local: dict[str, Any] | None = None,
    ) -> None:
        self.flags = flags
        self.source = ""
        self.file = ""
        self._namespace = namespace
        self._local = namespace if local is None else local
        self._history = history
        self._text = text
        self._shown = shown
        self._said = said
        self._in_no_file = False
        self._line = 1

    def expression(self, source: str, file: str | None, line: int, column: int) -> Any:
        """The code of text that is one expression and nothing special; else None."""
        self._in_no_file = in_no_file = file is None or not os.path.exists(file)
        self._line = line
        self.file = name = new_name() if file is None else file
        self.source = source
        if column > 1 or mentions(source):
            return None
        code = compile_expression(source, name, line, self.flags)
        if code is not None and in_no_file and "lambda" in source:
            name_source(name, "\n" * (line - 1) + source)
        return code

    def evaluate(self, source: str, file: str | None, line: int, column: int) -> Steps:
        """Run statements, one value for each that is an expression."""
        code = self.expression(source, file, line, column)
        if code is not None:
            try:
                value = eval(code, self._namespace, self._local)
            except StopIteration as error:
                raise Stopped(error) from None
            if code.co_flags & COROUTINE:
                value = yield value
            if value is None:
                return None
            self._history.value(value)
            return self._text(value)
        if self._in_no_file:
            name_source(self.file, "\n" * (line - 1) + " " * (column - 1) + source)
        parts, flags = compile_parts(source, self.file, line, column, self.flags)
        self.flags = flags
        return (yield from self._run(parts, every=True, history=mentions(source)))

    def load(self, source: str | bytes, file: str) -> Steps:
        """Run a whole file; only its last value counts."""
        self.file = file
        if isinstance(source, str) and not os.path.exists(file):
            name_source(file, source)
        parts = compile_file(source, file, self.flags & TOP_LEVEL_AWAIT)
        return (yield from self._run(parts, every=False, history=False))

    def is_of(self, source: str, file: str) -> None:
        """What is run came from here."""
        self.source, self.file, self._in_no_file = source, file, True

    def note_source(self) -> None:
        """Make the source's text known to tracebacks, before one is made."""
        if self._in_no_file and self.source:
            name_source(self.file, "\n" * (self._line - 1) + self.source)
            self._in_no_file = False

    def _run(self, parts: Parts, *, every: bool, history: bool) -> Steps:
        namespace, local = self._namespace, self._local
        last: str | None = None
        for part in parts:
            if last is not None and every:
                self._shown(last)
            last = None
            code = part.code
            redefinition = None
            if part.defines and self._said is not None and local is namespace:
                from repl_server.redefinition import redefine

                redefinition = redefine.prepare(part.tree, namespace)
            if redefinition is not None:
                code = recompiled(part.tree, self.file, part.flags)
            if history:
                mode = "eval" if part.is_expression else "exec"
                code = (
                    self._history.compiled(part.tree, mode, self.file, part.flags, namespace)
                    or code
                )
            if redefinition is not None:
                code = redefinition.into(code)
            try:
                value = eval(code, namespace, local)
                if code.co_flags & COROUTINE:
                    value = yield value
            except StopIteration as error:
                raise Stopped(error) from None
            finally:
                if redefinition is not None and self._said is not None:
                    for note in redefinition.finish():
                        self._said(note + "\n")
            if part.is_expression and value is not None:
                self._history.value(value)
                last = self._text(value)
        return last
