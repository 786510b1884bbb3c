"""Runs code in a namespace and gives its values as text. Knows nothing of threads or sockets.

What is sent in between goes through the callbacks of a `Run`. Everything in here runs with the door
open: an interrupt can come at any instruction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from repl_server.compile import (
    Parts,
    compile_expression,
    compile_file,
    compile_parts,
    name_source,
    new_name,
)
from repl_server.history import History, mentions

__all__ = ["Run", "cut"]


class Run:
    """One piece of code on its way.

    `shown` takes the text of each value but the last, which `evaluate` and `load` return (None if
    there is none: the last statement is no expression, or its value is None).
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        history: History,
        shown: Callable[[str], None],
        flags: int = 0,
    ) -> None:
        self.flags = flags
        self.source = ""
        self.file = ""
        self._namespace = namespace
        self._history = history
        self._shown = shown
        self._in_no_file = False

    def evaluate(self, source: str, file: str | None, line: int, column: int) -> str | None:
        """Run statements, one value for each that is an expression."""
        self._in_no_file = file is None
        self.file = name = new_name() if file is None else file
        self.source = source
        history = mentions(source)
        if (
            column <= 1
            and not history
            and (code := compile_expression(source, name, line, self.flags))
        ):
            if file is None and "lambda" in source:
                name_source(name, source)
            value = eval(code, self._namespace)
            if value is None:
                return None
            self._history.value(value)
            return repr(value)
        if file is None:
            name_source(name, "\n" * (line - 1) + " " * (column - 1) + source)
        parts, self.flags = compile_parts(source, name, line, column, self.flags)
        return self._run(parts, every=True, history=history)

    def load(self, source: str | bytes, file: str) -> str | None:
        """Run a whole file; only its last value counts."""
        self.file = file
        return self._run(compile_file(source, file), every=False, history=False)

    def note_source(self) -> None:
        """Make the source's text known to tracebacks, before one is made."""
        if self._in_no_file and self.source:
            name_source(self.file, self.source)
            self._in_no_file = False

    def _run(self, parts: Parts, *, every: bool, history: bool) -> str | None:
        namespace = self._namespace
        last: str | None = None
        for part in parts:
            if last is not None and every:
                self._shown(last)
            last = None
            code = part.code
            if history:
                mode = "eval" if part.is_expression else "exec"
                code = (
                    self._history.compiled(part.tree, mode, self.file, self.flags, namespace)
                    or code
                )
            value = eval(code, namespace)
            if part.is_expression and value is not None:
                self._history.value(value)
                last = repr(value)
        return last


def cut(text: str, most: int | None) -> tuple[str, bool]:
    """The text in no more than so many bytes, and whether something is missing."""
    if most is None or most < 0 or len(text) * 4 <= most:
        return text, False
    data = text.encode("utf-8", "surrogatepass")
    if len(data) <= most:
        return text, False
    return data[:most].decode("utf-8", "ignore"), True
