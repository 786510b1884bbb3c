"""Where a thing is defined, and the text of its definition."""

from __future__ import annotations

import linecache
import os
import re
import stat
import sys
import types
from typing import Any, Final

from repl_server.inspection.names import class_text, entry, is_a, own
from repl_server.inspection.signature import innermost

__all__ = ["LONGEST_SOURCE", "place", "source"]

LONGEST_SOURCE: Final = 65_536
"""How many characters of source text are given."""

_LARGEST_FILE = 8_000_000


def place(found: Any) -> dict[str, object]:
    """`file`, `line` and `column` of its definition, from 1, as far as known.

    The line and column of a class are found in its file's text; where there is none, the line is
    that of the first method.
    """
    found = innermost(found)
    if is_a(found, types.FunctionType):
        return _with_column(_file_of(found), found.__code__.co_firstlineno)
    if is_a(found, types.ModuleType):
        file = own(found).get("__file__")
        return {"file": file, "line": 1, "column": 1} if type(file) is str else {}
    if is_a(found, type):
        return _class_place(found)
    return {}


def source(found: Any) -> tuple[str, bool]:
    """The text of its definition, 64 KiB at most, and whether something is missing.

    Empty where the text is not known, or is not (any more) what was defined.
    """
    found = innermost(found)
    at = place(found)
    file, line = at.get("file"), at.get("line")
    if not isinstance(file, str) or not isinstance(line, int):
        return "", False
    lines, is_cut = _at_most(_lines(file)[line - 1 :])
    if not is_a(found, types.ModuleType):
        import inspect

        try:
            block = inspect.getblock(lines)
        except Exception:  # the text ends within it, or can't be read as Python
            block = lines if is_cut else []
        is_cut = is_cut and len(block) == len(lines)
        lines = block if _name_in_text(found) in "".join(block) else []
    return "".join(lines)[:LONGEST_SOURCE], bool(lines) and is_cut


def _at_most(lines: list[str]) -> tuple[list[str], bool]:
    """As many of the lines as may be given, and whether that are not all."""
    size = 0
    for number, line in enumerate(lines, 1):
        size += len(line)
        if size > LONGEST_SOURCE:
            return lines[:number], True
    return lines, False


def _name_in_text(found: Any) -> str:
    if is_a(found, type):
        return class_text(found, "__name__")
    name: str = found.__code__.co_name
    return "lambda" if name == "<lambda>" else name


def _with_column(file: str, line: int) -> dict[str, object]:
    lines = _lines(file)
    if not 0 < line <= len(lines):
        return {"file": file, "line": line}
    text = lines[line - 1]
    return {"file": file, "line": line, "column": len(text) - len(text.lstrip()) + 1}


def _file_of(function: types.FunctionType) -> str:
    """The file of its code; of a module that is built into Python, the one it was built from."""
    file = function.__code__.co_filename
    if file.startswith("<frozen "):
        known = entry(function.__globals__, "__file__")
        return known if type(known) is str else file
    return file


def _class_place(found: type) -> dict[str, object]:
    """A class remembers no line before Python 3.13: its methods do, and the text."""
    stored = own(found)
    file, first = _of_methods(found, stored)
    name = re.escape(class_text(found, "__name__"))
    pattern = re.compile(rf"\s*class\s+{name}\b")
    if file is None:
        module = dict.get(sys.modules, class_text(found, "__module__"))
        file = own(module).get("__file__") if is_a(module, types.ModuleType) else None
    line = stored.get("__firstlineno__")
    if type(file) is str and type(line) is not int:
        line = _line_of(pattern, _lines(file))
    if line is None and first is None:
        for text_name in list(linecache.cache)[::-1]:
            if text_name.startswith("<repl-"):
                line = _line_of(pattern, _lines(text_name))
                if line is not None:
                    file = text_name
                    break
    if type(file) is not str:
        return {}
    line = first if line is None else line
    return {"file": file} if type(line) is not int else _with_column(file, line)


def _of_methods(found: type, stored: dict[str, Any]) -> tuple[str | None, int | None]:
    """The file and the first line of the functions that are defined in the class."""
    name, module = class_text(found, "__qualname__"), class_text(found, "__module__")
    codes = [
        function.__code__
        for function in map(innermost, stored.values())
        if is_a(function, types.FunctionType)
        and function.__qualname__ == f"{name}.{function.__name__}"
        and not function.__code__.co_filename.startswith("<string")  # made by a decorator
        and entry(function.__globals__, "__name__") == module
    ]
    if not codes:
        return None, None
    file = codes[0].co_filename
    return file, min(code.co_firstlineno for code in codes if code.co_filename == file)


def _line_of(pattern: re.Pattern[str], lines: list[str]) -> int | None:
    return next((number for number, text in enumerate(lines, 1) if pattern.match(text)), None)


def _lines(file: str) -> list[str]:
    """The lines of a file, or of a text that was evaluated; none of what is no plain file."""
    linecache.checkcache(file)
    if len(linecache.cache.get(file, ())) != 4:  # else its lines are known already
        try:
            status = os.stat(file)
        except (OSError, ValueError):
            return []
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_FILE:
            return []
    return linecache.getlines(file)
