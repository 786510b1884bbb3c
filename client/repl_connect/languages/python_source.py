"""What a Python text is made of: its atoms, brackets, calls and lines, also if it doesn't parse."""

from __future__ import annotations

import keyword
import re
from functools import lru_cache
from typing import Final, NamedTuple

from repl_connect.languages import forms
from repl_connect.languages.forms import Form
from repl_connect.languages.language import Call
from repl_connect.languages.python_tokens import brackets, tokens
from repl_connect.languages.tokens import CLOSERS, Token, starting_before

__all__ = ["Line", "Source", "call_at", "primary_start", "read"]

# None of these can stand in brackets: one that does says that they were never closed.
_STATEMENTS: Final = """
    assert break class continue def del global import nonlocal pass raise return try while with
"""
_NOT_IN_BRACKETS: Final = frozenset(_STATEMENTS.split())
_DOTTED: Final = r"(?:[^\W\d]\w*\s?\.\s?)*[^\W\d]\w*$"
_KEYWORD: Final = r"\s*([^\W\d]\w*)\s*=(?!=)"


class Line(NamedTuple):
    """A logical line: from its first token to its last, its indentation, and its first word."""

    start: int
    end: int
    indent: int
    word: str


class Source(NamedTuple):
    """What was read: atoms and brackets as a tree, and the logical lines."""

    root: Form
    lines: list[Line]


@lru_cache(maxsize=4)
def read(text: str) -> Source:
    """The atoms, brackets and logical lines of a text."""
    partners = {each.position: each.partner for each in brackets(text)}
    root = inside = Form(None, 0, None, len(text))
    lines: list[Line] = []
    first: Token | None = None
    end = 0
    for token in tokens(text):
        kind, start, stop = token
        if kind == "comment":
            continue
        if kind in ("newline", "joined"):
            if first is not None and inside is root and kind == "newline":
                lines.append(_line(text, first, end))
                first = None
            continue
        if kind == "name" and inside is not root and text[start:stop] in _NOT_IN_BRACKETS:
            while inside.parent is not None:
                inside.end = end
                inside = inside.parent
            if first is not None and "\n" in text[end:start]:
                lines.append(_line(text, first, end))
                first = None
        first = first or token
        end = stop
        if kind == "open":
            inside = Form(inside, start, start, len(text))
        elif kind == "close":
            inside = _closed(inside, partners[start], start)
        elif kind == "comma":
            inside.separators.append(start)
        elif kind != "operator":
            Form(inside, start, None, stop)
    if first is not None:
        lines.append(_line(text, first, end))
    return Source(root, lines)


def _line(text: str, first: Token, end: int) -> Line:
    blanks = text[text.rfind("\n", 0, first[1]) + 1 : first[1]]
    word = text[first[1] : first[2]]
    return Line(first[1], len(text[:end].rstrip()), len(blanks.expandtabs(8)), word)


def _closed(inside: Form, opening: int | None, position: int) -> Form:
    """Close the bracket that was opened there, and say what is around it."""
    form: Form | None = inside
    while form is not None and (form.opening is None or form.opening != opening):
        form = form.parent
    if form is None or form.parent is None:
        return inside
    while inside is not form and inside.parent is not None:
        inside.end = position  # never closed, but what is around it is
        inside = inside.parent
    form.closing, form.end = position, position + 1
    return form.parent


def primary_start(text: str, form: Form) -> int:
    """Where what a bracket belongs to starts (the name that is called); the bracket if nothing."""
    start = form.start
    siblings = form.parent.children if form.parent is not None else []
    for sibling in reversed(siblings[: siblings.index(form)] if siblings else []):
        between = text[sibling.end : start]
        if between.strip() != "." and (between or text[start] not in "(["):
            break
        if sibling.opening is None and keyword.iskeyword(text[sibling.start : sibling.end]):
            break
        start = sibling.start
    return start


def call_at(text: str, position: int) -> Call | None:
    """The call that a position is in; None if what is called isn't a name."""
    begin = _statement_start(text, position)
    token = starting_before(tokens(text), position)
    end = max(position, token[2]) if token is not None else position
    found = _call_in(text[begin:end], position - begin)
    return found._replace(start=found.start + begin) if found is not None else None


def _call_in(text: str, position: int) -> Call | None:
    for form in forms.container(read(text).root, position).around():
        opening = form.opening
        if opening is None or text[opening] != "(" or primary_start(text, form) == opening:
            continue
        line = text.rfind("\n", 0, opening) + 1
        match = re.search(_DOTTED, text[line:opening])
        if match is None:
            return None
        start = line + match.start()
        before = text[line:start].rstrip()
        if before.endswith(".") or re.search(r"\b(?:def|class)$", before):
            return None
        commas = [each for each in form.separators if each < position]
        given = re.match(_KEYWORD, text[(commas[-1] if commas else opening) + 1 : position])
        return Call(
            re.sub(r"\s", "", match[0]), start, len(commas), given[1] if given is not None else None
        )
    return None


def _statement_start(text: str, position: int) -> int:
    """Where the line starts that a position is in, or the first of those that brackets join."""
    begin = line = 0
    opened: list[str] = []
    for kind, start, end in tokens(text):
        if start >= position:
            break
        if kind == "newline":
            line = end
            begin = begin if opened else end
        elif kind == "open":
            opened.append(CLOSERS[text[start]])
        elif kind == "close":
            if text[start] in opened:
                while opened.pop() != text[start]:
                    pass
        elif kind == "name" and opened and text[start:end] in _NOT_IN_BRACKETS:
            opened.clear()
            begin = line
    return begin
