"""Evaluating code as a console does: a value for each expression, its own tracebacks."""

from __future__ import annotations
import __future__

import ast
import builtins
import linecache
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Protocol

__all__ = ["LAST_VALUE", "LastValue", "Show", "Sources", "describe", "evaluate"]

_FEATURES = 0
for _name in __future__.all_feature_names:
    _FEATURES |= getattr(__future__, _name).compiler_flag
_MOST_SOURCES = 500
_NOTHING = object()
_MOST_FRAMES = 100


class Show(Protocol):
    """Takes a value; `final`: of the last statement."""

    def __call__(self, value: Any, *, final: bool) -> None:
        """Show it."""


class Sources:
    """The source of what was typed, for tracebacks, until the client leaves."""

    def __init__(self) -> None:
        self._count = 0
        self._names: list[str] = []

    def name(self) -> str:
        """A file name for code that has none."""
        self._count += 1
        return f"<console-{self._count}>"

    def keep(self, name: str, code: str, line: int) -> None:
        """Remember code that no file has at that line."""
        if not name.startswith("<") and linecache.getlines(name):
            return
        lines = ["\n"] * (line - 1) + [each + "\n" for each in code.splitlines()]
        linecache.cache[name] = (len(code), None, lines, name)
        self._names.append(name)
        if len(self._names) > _MOST_SOURCES:
            linecache.cache.pop(self._names.pop(0), None)

    def forget(self) -> None:
        """Let go of all."""
        for name in self._names:
            linecache.cache.pop(name, None)
        self._names.clear()


def evaluate(
    code: str,
    namespace: dict[str, Any],
    show: Show,
    *,
    file: str,
    line: int,
    column: int,
    flags: Any,
    only_last: bool,
) -> None:
    """Run code; `show` gets the value of each expression, or of the last statement only.

    `flags` has `flags`, the compiler's, which `from __future__` adds to.
    """
    kept = flags.flags & _FEATURES
    if line == column == 1:
        try:  # one expression is what most are
            expression = compile(code, file, "eval", kept, True)
        except SyntaxError:
            pass
        else:
            show(eval(expression, namespace), final=True)
            return
    tree = compile("\n" * (line - 1) + code, file, "exec", kept | ast.PyCF_ONLY_AST, True)
    if column > 1:
        for node in ast.walk(tree):
            for name in ("", "end_"):
                if getattr(node, name + "lineno", None) == line:
                    offset = getattr(node, name + "col_offset") + column - 1
                    setattr(node, name + "col_offset", offset)
    for part, is_value, final in _parts(tree, only_last):
        compiled = compile(part, file, "eval" if is_value else "exec", kept, True)
        kept |= compiled.co_flags & _FEATURES
        flags.flags |= kept
        if is_value:
            show(eval(compiled, namespace), final=final)
        else:
            exec(compiled, namespace)


def _parts(tree: Any, only_last: bool) -> Iterator[tuple[Any, bool, bool]]:
    """What is run one after the other, whether its value is shown, whether it is the last."""
    held: list[ast.stmt] = []
    for number, statement in enumerate(tree.body):
        last = number == len(tree.body) - 1
        if isinstance(statement, ast.Expr) and (last or not only_last):
            if held:
                yield ast.Module(held, []), False, False
                held = []
            yield ast.Expression(statement.value), True, last
        else:
            held.append(statement)
    if held:
        yield ast.Module(held, []), False, False


class LastValue:
    """`_` in all namespaces, as a console has it, while there are users of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before: object = _NOTHING
        self._last: object = _NOTHING

    def begin(self) -> None:
        """One more user has come."""
        with self._lock:
            if not self._users:
                self._before = self._last = vars(builtins).get("_", _NOTHING)
            self._users += 1

    def remember(self, value: object) -> None:
        """Make it `_`."""
        self._last = vars(builtins)["_"] = value

    def end(self) -> None:
        """A user has left; after the last one `_` is what it was, if nobody else has set it."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            if vars(builtins).get("_", _NOTHING) is self._last:
                if self._before is _NOTHING:
                    vars(builtins).pop("_", None)
                else:
                    vars(builtins)["_"] = self._before
            self._before = self._last = _NOTHING


LAST_VALUE = LastValue()
"""That of the program."""


def describe(error: BaseException, own: str) -> dict[str, object]:
    """An error as the fields of its frame; `own` is the file name of our frames."""
    shown = error.__traceback__
    while shown is not None and shown.tb_frame.f_code.co_filename == own:
        shown = shown.tb_next
    name = type(error).__qualname__
    if isinstance(error, SystemExit):
        said = "" if error.code is None else f" with {error.code!r}"
        text = f"SystemExit: exit was called{said}; the program goes on.\n"
    else:
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, shown
        try:
            if isinstance(error, SyntaxError) and shown is None:
                lines = traceback.format_exception_only(type(error), error)
            else:
                lines = traceback.format_exception(type(error), error, shown)
            text = "".join(lines)
        except Exception as other:
            text = f"{name}: this error can't be shown: {type(other).__name__}\n"
    try:
        message = str(error)
    except Exception:
        message = "<its text can't be made>"
    return {"type": name, "message": message, "text": text, "frames": _frames(shown)}


def _frames(shown: TracebackType | None) -> list[list[str]]:
    frames = []
    while shown is not None:
        code = shown.tb_frame.f_code
        name = getattr(code, "co_qualname", code.co_name)
        frames.append([name, code.co_filename, str(shown.tb_lineno or 0)])
        shown = shown.tb_next
    return frames[-_MOST_FRAMES:]
