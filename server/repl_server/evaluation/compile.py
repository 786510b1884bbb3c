"""Source text to code that runs at its real place: the name, line and column the client gave."""

from __future__ import annotations

import itertools
import sys
from collections import OrderedDict
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


__all__ = [
    "COROUTINE",
    "Part",
    "Parts",
    "compile_expression",
    "compile_file",
    "compile_parts",
    "name_source",
    "new_name",
    "recompiled",
]

_PLAIN = ("Assign", "AugAssign", "AnnAssign", "Import", "ImportFrom", "Delete", "Assert", "Pass")
COROUTINE = 0x80
"""The flag of code that is to be awaited (`inspect.CO_COROUTINE`)."""

_TREE = 0x400  # ast.PyCF_ONLY_AST; `import ast` takes some milliseconds
_KEPT = 2_000
_count = itertools.count(1)
_kept: OrderedDict[str, None] = OrderedDict()


class Part:
    """One expression statement, or the statements up to the next one.

    `defines`: whether a function or a class may be defined in them. `flags`: what it was compiled
    with.
    """

    __slots__ = ("code", "defines", "flags", "is_expression", "tree")

    def __init__(self, code: CodeType, tree: Any, flags: int, *, is_expression: bool) -> None:
        self.flags = flags
        self.code = code
        self.tree = tree
        self.is_expression = is_expression
        self.defines = not is_expression and any(
            type(statement).__name__ not in _PLAIN for statement in tree.body
        )


Parts = list[Part]


def new_name() -> str:
    """A name for source text that is in no file."""
    return f"<repl-{next(_count)}>"


def name_source(name: str, source: str) -> None:
    """Keep the text of what is in no file, so that tracebacks and `inspect` can show it.

    The last 2,000 texts are kept.
    """
    import linecache

    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    _kept[name] = None
    while len(_kept) > _KEPT:
        linecache.cache.pop(_kept.popitem(last=False)[0], None)


def compile_expression(source: str, file: str, line: int, flags: int) -> CodeType | None:
    """The code of text that is one expression, or None; an error in it is for others to report."""
    if line > 1:
        source = "\n" * (line - 1) + source
    try:
        code: CodeType = compile(source, file, "eval", flags, dont_inherit=True)
        return code
    except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError):
        return None


def compile_parts(source: str, file: str, line: int, column: int, flags: int) -> tuple[Parts, int]:
    """The code of any number of statements, in order, and the flags of what they import from
    `__future__`. Nothing has run when this raises `SyntaxError`.
    """  # noqa: D205
    body = _statements(source, file, line, column, flags)
    flags |= _future(body)
    parts: Parts = []
    for is_expression, group in itertools.groupby(body, _is_expression):
        if is_expression:
            parts.extend(_expression(statement, file, flags) for statement in group)
        else:
            tree = _module(list(group))
            code = compile(tree, file, "exec", flags, dont_inherit=True)
            parts.append(Part(code, tree, flags, is_expression=False))
    return parts, flags


def compile_file(source: str | bytes, file: str, flags: int = 0) -> Parts:
    """The code of a whole file: all of it, then its last statement if that is an expression."""
    if isinstance(source, str):
        source = source.removeprefix("\ufeff")
    tree: Any = compile(source, file, "exec", _TREE | flags, dont_inherit=True)
    flags |= _future(tree.body)
    last = [tree.body.pop()] if tree.body and _is_expression(tree.body[-1]) else []
    code = compile(tree, file, "exec", flags, dont_inherit=True)
    parts = [Part(code, tree, flags, is_expression=False)]
    parts.extend(_expression(statement, file, flags) for statement in last)
    return parts


def recompiled(tree: Any, file: str, flags: int) -> CodeType:
    """The code of a part whose tree was changed."""
    code: CodeType = compile(tree, file, "exec", flags, dont_inherit=True)
    return code


def _statements(source: str, file: str, line: int, column: int, flags: int) -> list[Any]:
    """Parse text that may be a piece out of the middle of a file.

    It may be indented as a whole, and if the first line comes without its indentation (an editor
    sends from the first character on) `column` says what that was. Such text is parsed as the body
    of an `if`, which leaves lines and columns as they are, and strings over many lines too.
    """
    blank = source[: len(source) - len(source.lstrip())]
    if column <= 1 and not blank.rpartition("\n")[2]:
        return _parse("\n" * (line - 1) + source, file, flags)
    indented = " " * (column - 1) + source
    try:
        return _parse_indented(indented, file, line, flags)
    except SyntaxError as error:
        try:
            return _parse("\n" * (line - 1) + source, file, flags)
        except IndentationError:
            raise error from None


def _parse_indented(source: str, file: str, line: int, flags: int) -> list[Any]:
    head = "if 1:\n"
    if line > 1:
        return _body(_parse("\n" * (line - 2) + head + source, file, flags))
    import ast

    try:
        body = _body(_parse(head + source, file, flags))
    except SyntaxError as error:
        error.lineno = None if error.lineno is None else max(1, error.lineno - 1)
        error.end_lineno = None if error.end_lineno is None else max(1, error.end_lineno - 1)
        raise
    for statement in body:
        ast.increment_lineno(statement, -1)
    return body


def _body(tree: list[Any]) -> list[Any]:
    """What is in the block, which must be all there is: only its first line was indented by us."""
    if len(tree) != 1 or tree[0].orelse:
        raise IndentationError("unindent does not match the first line")
    return list(tree[0].body)


def _parse(source: str, file: str, flags: int) -> list[Any]:
    tree: Any = compile(source, file, "exec", flags | _TREE, dont_inherit=True)
    return list(tree.body)


def _is_expression(statement: Any) -> bool:
    return type(statement).__name__ == "Expr"


def _expression(statement: Any, file: str, flags: int) -> Part:
    import _ast

    tree = _ast.Expression(body=statement.value)
    code = compile(tree, file, "eval", flags, dont_inherit=True)
    return Part(code, tree, flags, is_expression=True)


def _module(statements: list[Any]) -> Any:
    import _ast

    return _ast.Module(body=statements, type_ignores=[])


def _future(statements: list[Any]) -> int:
    """The compiler flags of the `from __future__ import` among the statements."""
    flags = 0
    for statement in statements:
        if type(statement).__name__ == "ImportFrom" and statement.module == "__future__":
            future = sys.modules.get("__future__") or __import__("__future__")
            for alias in statement.names:
                flags |= getattr(future, alias.name).compiler_flag
    return flags
