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
import sys
import warnings
from collections.abc import Mapping
from typing import Final

from repl_connect.languages import python_tokens
from repl_connect.languages.language import Call, Language, Structure, SyntaxProblem

__all__ = ["PYTHON", "RECORDS"]

# Compiled when first used: the first prompt does without.
_SYMBOL_BEFORE: Final = r"(?:[^\W\d]\w*\s?\.\s?)*(?:[^\W\d]\w*)?$"
_SQUARE: Final = r"\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*\]"
_PARAMETERS: Final = rf"^([ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w+)({_SQUARE})"
_TYPE: Final = rf"^([ \t]*type)[ \t](\w+)((?:{_SQUARE})?)(?=[ \t]*=[^=])"
_EXCEPT: Final = r"^[ \t]*except\*?[ \t]+[\w.]+(?:[ \t]*,[ \t]*[\w.]+)+[ \t]*:"
_TEMPLATE: Final = r"\b[tT](?=[\"'])"
_LEAVES: Final = r"(?:return|raise|break|continue|pass)\b"
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


def _may_end_in_value(text: str) -> bool:
    tree = _parse(text)
    if not isinstance(tree, ast.Module) or not tree.body:
        return True
    last = tree.body[-1]
    if isinstance(last, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    # An expression in a block has one where it is run as at Python's own prompt.
    return isinstance(last, ast.Expr | ast.Match) or hasattr(last, "body")


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
            older = _as_older(text)
            return error if older == text else _parse(older)


def _as_older(text: str) -> str:
    """The text with what newer Pythons than this one allow replaced, at the same positions.

    The program may be run by another Python: what only this one doesn't know is no error.
    """
    if sys.version_info < (3, 12):
        text = re.sub(_PARAMETERS, lambda match: match[1] + " " * len(match[2]), text, flags=re.M)
        text = re.sub(
            _TYPE, lambda match: f"{match[1]}_{match[2]}" + " " * len(match[3]), text, flags=re.M
        )
    if sys.version_info < (3, 14):
        text = re.sub(_EXCEPT, lambda match: match[0].replace(",", "|"), text, flags=re.M)
        text = re.sub(_TEMPLATE, "f", text)
    return text


def _has_newer_strings(text: str) -> bool:
    """Whether an f-string seems to end in its braces: before 3.12 they couldn't have its quotes."""
    if sys.version_info >= (3, 12):
        return False
    return any(
        text.count("{", start, end) != text.count("}", start, end)
        for kind, start, end in python_tokens.tokens(text)
        if kind in ("string", "half", "cut") and text[start : start + 2].strip("rR")[:1] in "fFtT"
    )


def _find_error(text: str) -> SyntaxProblem | None:
    error = _parse(text)
    if not isinstance(error, SyntaxError) or error.lineno is None:
        return None
    if error.msg.startswith("f-string") or _has_newer_strings(text):
        return None  # what may stand in an f-string depends on the version, the program's is to say
    ends = [match.end() for match in re.finditer("\r\n|\r|\n", text)]
    start = [0, *ends][min(error.lineno - 1, len(ends))]
    position = start + max((error.offset or 1) - 1, 0)
    return SyntaxProblem(min(position, len(text)), error.msg)


def _tree(text: str) -> ast.Module:
    flags = _compiler.flags | ast.PyCF_ONLY_AST
    tree = compile(text, "<prompt>", "exec", flags, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def _open_brackets(text: str) -> list[int] | None:
    """Where the brackets are that the text leaves open; None if it ends in a long string."""
    opens: list[int] = []
    for kind, start, _ in python_tokens.tokens(text):
        if kind == "cut":
            return None
        if kind == "open":
            opens.append(start)
        elif kind == "close" and opens:
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
    first = text[_line_start(text) :]
    blanks = _blanks(first.partition("\n")[0])
    if line.rstrip().endswith((":", "\\")):
        return blanks + _STEP
    if re.match(_LEAVES, first.lstrip()):
        return blanks[: -len(_STEP)]
    return blanks


def _line_start(text: str) -> int:
    """Where the last line starts; with what it continues, in brackets or a string, if it does."""
    start = depth = 0
    for kind, _, end in python_tokens.tokens(text):
        if kind in ("open", "close"):
            depth = max(0, depth + (1 if kind == "open" else -1))
        elif kind == "newline" and not depth:
            start = end
    return start


def _without_comment(line: str) -> str:
    for kind, start, _ in python_tokens.tokens(line):
        if kind == "comment":
            return line[:start]
    return line


def _blanks(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _symbol_before(text: str) -> str:
    line = text.rpartition("\n")[2]
    if python_tokens.context(text, len(text)) != "code":
        return ""
    match = re.search(_SYMBOL_BEFORE, line)
    found = match[0] if match else ""
    return "" if found[:1].isspace() else found


def _symbol_at(text: str, position: int) -> str:
    after = re.match(r"\w*", text[position:])
    found = _symbol_before(text[:position] + (after[0] if after else ""))
    if found:
        return found.rstrip(".")
    opens = _open_brackets(text[:position])
    if opens:  # inside of a call's brackets: what is called
        return _symbol_before(text[: opens[-1]])
    return ""


# What reads forms is loaded when first asked for: the first prompt does without.


def _call_at(text: str, position: int) -> Call | None:
    from repl_connect.languages import python_source

    return python_source.call_at(text, position)


def _statements(text: str) -> list[tuple[int, int]]:
    from repl_connect.languages import python_structure

    return python_structure.statements(text)


def _code_at(text: str, position: int) -> tuple[int, int] | None:
    from repl_connect.languages import python_structure

    return python_structure.code_at(text, position)


def _extracted(text: str, start: int, end: int) -> str:
    from repl_connect.languages import python_excerpt

    return python_excerpt.extracted(text, start, end)


def _modules(path: str) -> tuple[str, ...]:
    """Every dotted name that the path may mean: which one it is depends on `sys.path`."""
    if not path.endswith(".py"):
        return ()
    names = path.removesuffix(".py").removesuffix("/__init__").split("/")
    start = len(names)
    while start and names[start - 1].isidentifier():
        start -= 1
    return tuple(".".join(names[index:]) for index in range(start, len(names)))


def _literal(text: str) -> str:
    return ascii(text)


def _structure() -> Structure:
    from repl_connect.languages import python_structure

    return python_structure.structure()


PYTHON = Language(
    name="python",
    suffix=".py",
    lexer="python3",
    comment_prefix="# ",
    is_complete=_is_complete,
    indent=_indent,
    symbol_before=_symbol_before,
    symbol_at=_symbol_at,
    pairs={"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"},
    context=python_tokens.context,
    brackets=python_tokens.brackets,
    find_error=_find_error,
    call_at=_call_at,
    statements=_statements,
    may_end_in_value=_may_end_in_value,
    code_at=_code_at,
    extracted=_extracted,
    namespaces_of_path=_modules,
    uses=python_tokens.uses,
    text_literal=_literal,
    load_structure=_structure,
    display_namespace=lambda namespace: f"{namespace or '__main__'}> ",
)
"""Python 3."""

RECORDS: Final[Mapping[str, Language]] = {PYTHON.name: PYTHON}
"""Those of this module, by name."""
