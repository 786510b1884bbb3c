"""Python.

Enter on a simple statement submits it. A compound statement takes lines until an empty one, as in
Python's own REPL; so pasted or recalled text with several statements is complete where it ends in a
simple one. What the parser says is wrong, and no further line can mend, is complete, so that the
error is shown.
"""

from __future__ import annotations

import ast
import codeop
import re
import warnings
from typing import Final

from repl_connect.languages.language import Language

__all__ = ["PYTHON"]

_TOKEN: Final = re.compile(
    r"""
      (?P<comment>\#[^\n]*)
    | (?P<long>(?P<quotes>\"{3}|'{3})(?:[^\\]|\\.)*?(?P=quotes))
    | (?P<cut>\"{3}|'{3})
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    """,
    re.VERBOSE | re.DOTALL,
)
_SYMBOL_BEFORE: Final = re.compile(r"(?:[^\W\d]\w*\s?\.\s?)*(?:[^\W\d]\w*)?$")
_SYMBOL_AFTER: Final = re.compile(r"\w*")
_LEAVES: Final = re.compile(r"(?:return|raise|break|continue|pass)\b")
_STEP: Final = "    "

_compiler = codeop.Compile()
_compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def _is_complete(text: str) -> bool:
    if not text.strip():
        return True
    lines = text.split("\n")
    state = _parse(text)
    if state is None:
        return False
    if not isinstance(state, ast.Module) or not state.body:
        return True
    last = state.body[-1]
    if not hasattr(last, "body") and not isinstance(last, ast.Match):
        return True
    return len(lines) > 1 and not lines[-1].strip()


def _parse(text: str) -> ast.Module | SyntaxError | None:
    """The tree, or what is wrong, or None if more has to come."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _tree(text)
        except (OverflowError, ValueError, MemoryError, RecursionError):
            return SyntaxError("can't be parsed here")
        except SyntaxError as error:
            if _open_brackets(text) is None or "incomplete input" in str(error.msg):
                return None
            try:
                _tree(text + "\n")
            except SyntaxError as again:
                if "incomplete input" in str(again.msg):
                    return None
            return error


def _tree(text: str) -> ast.Module:
    flags = _compiler.flags | ast.PyCF_ONLY_AST
    tree = compile(text, "<prompt>", "exec", flags, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def _open_brackets(text: str) -> list[int] | None:
    """Where the brackets are that the text leaves open; None if it ends in a long string."""
    opens: list[int] = []
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "cut":
            return None
        if match.lastgroup == "open":
            opens.append(match.start())
        elif match.lastgroup == "close" and opens:
            opens.pop()
    return opens


def _indent(text: str) -> str:
    opens = _open_brackets(text)
    if opens is None:
        return ""
    if opens:
        start = opens[-1]
        column = start - (text.rfind("\n", 0, start) + 1)
        rest = _without_comment(text[start + 1 :].split("\n", 1)[0])
        if rest.strip():
            return " " * (column + 1)
        line = text[text.rfind("\n", 0, start) + 1 : start]
        return _blanks(line) + _STEP
    line = _without_comment(text.rpartition("\n")[2])
    blanks = _blanks(line)
    words = line.strip()
    if words.endswith(":"):
        return blanks + _STEP
    if _LEAVES.match(words):
        return blanks[: -len(_STEP)]
    return blanks


def _without_comment(line: str) -> str:
    for match in _TOKEN.finditer(line):
        if match.lastgroup == "comment":
            return line[: match.start()]
    return line


def _blanks(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _symbol_before(text: str) -> str:
    line = text.rpartition("\n")[2]
    if _open_brackets(text) is None or _without_comment(line) != line:
        return ""
    match = _SYMBOL_BEFORE.search(line)
    found = match[0] if match else ""
    return "" if found[:1].isspace() else found


def _symbol_at(text: str, position: int) -> str:
    after = _SYMBOL_AFTER.match(text, position)
    found = _symbol_before(text[:position] + (after[0] if after else ""))
    if found:
        return found.rstrip(".")
    opens = _open_brackets(text[:position])
    if opens:  # inside of a call's brackets: what is called
        return _symbol_before(text[: opens[-1]])
    return ""


PYTHON = Language(
    name="python",
    lexer="python3",
    comment_prefix="# ",
    is_complete=_is_complete,
    indent=_indent,
    symbol_before=_symbol_before,
    symbol_at=_symbol_at,
    display_namespace=lambda namespace: f"{namespace or '__main__'}> ",
)
"""Python 3."""
