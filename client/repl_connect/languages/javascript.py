"""JavaScript, as Node's REPL reads it.

Enter submits what can be a whole: no bracket, template or comment is open, and it does not end in
what wants something after it (an operator, the head of a loop).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from repl_connect.languages import javascript_tokens
from repl_connect.languages.javascript_tokens import tokens
from repl_connect.languages.language import Call, Language, Structure, SyntaxProblem

__all__ = ["JAVASCRIPT", "NODE", "RECORDS"]

_SYMBOL_BEFORE: Final = r"(?:[^\W\d][\w$]*|\$[\w$]*)?(?:\??\.[\w$]*)*$"
_STEP: Final = "  "
_HEADS: Final = frozenset(("if", "for", "while", "with"))
_WANTING: Final = frozenset(
    (
        *("else", "do", "new", "typeof", "void", "delete", "in", "of", "instanceof", "await"),
        *("throw", "const", "let", "var", "class", "function", "extends", "try", "finally"),
        *("case", "import"),
    )
)


def _is_complete(text: str) -> bool:
    found = [token for token in tokens(text) if token[0] not in ("comment", "remark")]
    if any(kind == "half" for kind, _, _ in found) or _find_error(text) is not None:
        return True  # wrong for good: the error is shown
    if any(kind in ("cut", "cut-remark") for kind, _, _ in tokens(text)):
        return False
    brackets = javascript_tokens.brackets(text)
    if any(each.partner is None for each in brackets):
        return False
    if not found:
        return True
    kind, start, end = found[-1]
    if kind == "operator":
        return text[start:end] in (";", "++", "--", ":") or text[start:end] not in _OPERATORS
    if kind == "name":
        before = found[-2] if len(found) > 1 else ("", 0, 0)
        is_property = text[before[1] : before[2]] in (".", "?.")
        return text[start:end] not in _WANTING or is_property
    return not _is_head(text, found)


_OPERATORS: Final = frozenset((*"+-*/%=<>!&|^~?.,", "=>", "&&", "||", "??", "?.", "...", "**"))


def _is_head(text: str, found: list[javascript_tokens.Token]) -> bool:
    """Whether it ends in the brackets after `if` and such, whose statement is to come."""
    if found[-1][0] != "close" or text[found[-1][1]] != ")":
        return False
    partner = javascript_tokens.brackets(text)[-1].partner
    before = [token for token in found if partner is not None and token[2] <= partner]
    if not before or text[before[-1][1] : before[-1][2]] not in _HEADS:
        return False
    # The end of `do … while (…)` wants nothing after it.
    return len(before) < 2 or text[before[-2][1] : before[-2][2]] != "}"


def _find_error(text: str) -> SyntaxProblem | None:
    for each in javascript_tokens.brackets(text):
        if each.partner is None and text[each.position] in ")]}":
            return SyntaxProblem(each.position, f"unmatched '{text[each.position]}'")
    return None


def _indent(text: str) -> str:
    if javascript_tokens.context(text, len(text)) == "string":
        return ""
    opens = [each for each in javascript_tokens.brackets(text) if each.partner is None]
    opens = [each for each in opens if text[each.position] in "([{"]
    if not opens:
        return ""
    line = text[text.rfind("\n", 0, opens[-1].position) + 1 :].split("\n", 1)[0]
    return line[: len(line) - len(line.lstrip())] + _STEP


def _symbol_before(text: str) -> str:
    if javascript_tokens.context(text, len(text)) != "code":
        return ""
    match = re.search(_SYMBOL_BEFORE, text.rpartition("\n")[2])
    found = match[0] if match else ""
    return "" if found.startswith((".", "?")) else found


def _symbol_at(text: str, position: int) -> str:
    after = re.match(r"[\w$]*", text[position:])
    found = _symbol_before(text[:position] + (after[0] if after else ""))
    if found:
        return found.rstrip("?.")
    call = _call_at(text, position)
    return call.name if call is not None else ""


def _call_at(text: str, position: int) -> Call | None:
    around = [
        each.position
        for each in javascript_tokens.brackets(text)
        if text[each.position] in "([{"
        and each.position < position
        and (each.partner is None or position <= each.partner)
    ]
    for opening in reversed(around):
        name = _symbol_before(text[:opening]) if text[opening] == "(" else ""
        if name and name not in _HEADS:
            return Call(name, opening - len(name), _argument(text, opening, position), None)
    return None


def _argument(text: str, opening: int, position: int) -> int:
    """How many commas there are between a bracket and a position, those in brackets left out."""
    depth = count = 0
    for kind, start, _ in tokens(text):
        if not opening < start < position:
            continue
        if kind in ("open", "close"):
            depth += 1 if kind == "open" else -1
        elif text[start] == "," and not depth:
            count += 1
    return count


def _statements(text: str) -> list[tuple[int, int]]:
    from repl_connect.languages import javascript_structure

    return javascript_structure.statements(text, _is_complete)


def _code_at(text: str, position: int) -> tuple[int, int] | None:
    from repl_connect.languages.spans import span_at

    return span_at(text, _statements(text), position)


def _literal(text: str) -> str:
    import json

    return json.dumps(text)  # in ASCII, which is JavaScript too


def _structure() -> Structure:
    from repl_connect.languages import forms
    from repl_connect.languages.javascript_structure import read

    return forms.structure(read)


JAVASCRIPT = Language(
    name="javascript",
    suffix=".js",
    lexer="javascript",
    comment_prefix="// ",
    is_complete=_is_complete,
    indent=_indent,
    symbol_before=_symbol_before,
    symbol_at=_symbol_at,
    pairs={"(": ")", "[": "]", "{": "}", '"': '"', "'": "'", "`": "`"},
    context=javascript_tokens.context,
    brackets=javascript_tokens.brackets,
    find_error=_find_error,
    call_at=_call_at,
    statements=_statements,
    code_at=_code_at,
    uses=javascript_tokens.uses,
    text_literal=_literal,
    load_structure=_structure,
)
"""JavaScript."""

NODE = replace(JAVASCRIPT, name="node")
"""The same, as Node names itself."""

RECORDS: Final[Mapping[str, Language]] = {each.name: each for each in (JAVASCRIPT, NODE)}
"""Those of this module, by name."""
