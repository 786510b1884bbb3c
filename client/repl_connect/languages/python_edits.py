"""Edits by Python's forms: elements between commas in brackets; elsewhere statements and blocks.

Brackets move over elements only where the text stays a list of elements; else nothing is done.
"""

from __future__ import annotations

import keyword
import re
from itertools import pairwise
from typing import Final

from repl_connect.languages import forms
from repl_connect.languages.forms import Form
from repl_connect.languages.language import Edit
from repl_connect.languages.python_source import primary_start, read
from repl_connect.languages.python_structure import Statement, around, statement_at
from repl_connect.languages.python_tokens import context, tokens

__all__ = [
    "barf_backward",
    "barf_forward",
    "raise_form",
    "slurp_backward",
    "slurp_forward",
    "splice",
    "wrap",
]

_MARK: Final = r"\*{1,2}|[^\W\d]\w*\s*=(?!=)\s*"


class _List:
    """The closed brackets around a position, and their elements: starts and ends without blanks."""

    def __init__(self, text: str, form: Form, opening: int, closing: int) -> None:
        self.form = form
        self.opening = opening
        self.closing = closing
        self.elements: list[tuple[int, int]] = []
        bounds = [opening, *form.separators, closing]
        for before, after in pairwise(bounds):
            part = text[before + 1 : after]
            start = before + 1 + len(part) - len(part.lstrip())
            if part.strip():
                self.elements.append((start, start + len(part.strip())))
        self.is_plain = len(self.elements) == len(form.separators) + 1 or not (
            self.elements or form.separators
        )


def _list(text: str, form: Form | None) -> _List | None:
    """The elements of a bracket; None if it isn't closed, or has a comment in it."""
    if form is None or form.opening is None or form.closing is None:
        return None
    for kind, start, _ in tokens(text):
        if kind == "comment" and form.start < start < form.end:
            return None
    return _List(text, form, form.opening, form.closing)


def _inside(text: str, position: int) -> _List | None:
    """The elements of the bracket around that may be changed: no comma stands at its end."""
    found = _list(text, forms.container(read(text).root, position))
    return found if found is not None and found.is_plain else None


def _nested(text: str, position: int, side: int) -> tuple[_List, _List, int] | None:
    """The brackets around, those around them, and which of their elements has the first at its end.

    `side` 0 asks for that element's start, 1 for its end.
    """
    inside = _inside(text, position)
    outside = _list(text, inside.form.parent) if inside is not None else None
    if inside is None or outside is None:
        return None
    edge = inside.closing + 1 if side else inside.opening
    sides = [element[side] for element in outside.elements]
    return (inside, outside, sides.index(edge)) if edge in sides else None


def slurp_forward(text: str, position: int) -> Edit | None:
    """Take the element after the brackets around, in the brackets around those, into them."""
    found = _nested(text, position, 1)
    if found is None:
        return None
    inside, outside, index = found
    if index + 1 == len(outside.elements):
        return None
    start, end = outside.elements[index + 1]
    after = text[inside.closing] + text[end:]
    if not inside.elements:
        before = text[: inside.opening + 1]
        return Edit(before + text[start:end] + after, len(before))
    return Edit(text[: inside.closing] + text[inside.closing + 1 : end] + after, position)


def slurp_backward(text: str, position: int) -> Edit | None:
    """Take the element before the brackets around, in the brackets around those, into them."""
    found = _nested(text, position, 0)
    if found is None:
        return None
    inside, outside, index = found
    if not index:
        return None
    start, end = outside.elements[index - 1]
    before = text[:start] + text[inside.opening]
    if not inside.elements:
        before += text[start:end]
        return Edit(before + text[inside.closing :], len(before))
    return Edit(before + text[start : inside.opening] + text[inside.opening + 1 :], position)


def barf_forward(text: str, position: int) -> Edit | None:
    """Put the last element of the brackets around, in others, behind them."""
    found = _nested(text, position, 1)
    if found is None or not found[0].elements:
        return None
    inside = found[0]
    closer, rest = text[inside.closing], text[inside.closing + 1 :]
    start, end = inside.elements[-1]
    if len(inside.elements) == 1:
        before = text[: inside.opening + 1] + closer + ", "
        moved = len(before) + min(max(position - start, 0), end - start)
        return Edit(before + text[start:end] + rest, moved)
    kept = inside.elements[-2][1]
    moved = min(position, end) + 1 if position > kept else position
    return Edit(text[:kept] + closer + text[kept:end] + rest, moved)


def barf_backward(text: str, position: int) -> Edit | None:
    """Put the first element of the brackets around, in others, before them."""
    found = _nested(text, position, 0)
    if found is None or not found[0].elements:
        return None
    inside = found[0]
    opener = text[inside.opening]
    start, end = inside.elements[0]
    before = text[: inside.opening]
    moved = len(before) + min(max(position - start, 0), end - start)
    if len(inside.elements) == 1:
        return Edit(f"{before}{text[start:end]}, {opener}{text[inside.closing :]}", moved)
    kept = inside.elements[1][0]
    before += text[start:kept] + opener
    if position >= kept:
        moved = len(before) + position - kept
    return Edit(before + text[kept:], moved)


def raise_form(text: str, position: int) -> Edit | None:
    """Replace the brackets around, and what they call, by an element; or a block by a statement."""
    root = read(text).root
    form = forms.container(root, position)
    if form is root:
        return _raise_statement(text, position)
    inside = _list(text, form)
    if inside is None:
        return None
    found = next((each for each in inside.elements if each[0] <= position <= each[1]), None)
    start = primary_start(text, form)
    if found is None or re.search(r"\b(?:def|class)\s*$", text[:start]):
        return None
    if text[inside.opening] == "{" and ":" in text[found[0] : found[1]]:
        return None
    mark = re.match(_MARK, text[found[0] : found[1]])
    first = found[0] + (mark.end() if mark is not None else 0)
    moved = start + max(position - first, 0)
    return Edit(text[:start] + text[first : found[1]] + text[form.end :], moved)


def _raise_statement(text: str, position: int) -> Edit | None:
    block: Statement | None = around(text, position)
    statement = statement_at(text, position)
    if statement is None and block is not None:
        statement, block = block, block.parent
    if statement is None or block is None or block.parent is None:
        return None
    return _instead(text, block, statement.start, statement.end, position)


def _instead(text: str, block: Statement, start: int, end: int, position: int) -> Edit:
    """Replace a block by some of its lines, as far to the left as it was."""
    amount = _column(text, start) - _column(text, block.start)
    moved = block.start + position - start
    parts = []
    at = start
    while at < end:
        stop = text.find("\n", at, end) + 1 or end
        line = text[at:stop]
        if at != start and context(text, at) != "string":
            blanks = min(len(line) - len(line.lstrip(" \t")), amount)
            line = line[blanks:]
            if at <= position:
                moved -= min(blanks, position - at)
        parts.append(line)
        at = stop
    new = text[: block.start] + "".join(parts) + text[block.end :]
    return Edit(new, min(max(moved, block.start), block.start + len("".join(parts))))


def _column(text: str, position: int) -> int:
    return position - (text.rfind("\n", 0, position) + 1)


def splice(text: str, position: int) -> Edit | None:
    """Take away the brackets around, if nothing is called by them; or a block's own line."""
    root = read(text).root
    form = forms.container(root, position)
    if form is root:
        block = around(text, position)
        if block.parent is None or len(block.heads) > 1:
            return None
        return _instead(text, block, block.body[0].start, block.end, position)
    inside = _list(text, form)
    if inside is None or primary_start(text, form) != form.start:
        return None
    inner = text[inside.opening + 1 : inside.closing]
    return Edit(text[: form.start] + inner + text[form.end :], position - 1)


def wrap(text: str, position: int) -> Edit | None:
    """Put round brackets around what touches the position, with its dots and calls."""
    if context(text, position) == "comment":
        return None
    form = forms.touching(read(text).root, position)
    if form is None or (form.opening is None and keyword.iskeyword(text[form.start : form.end])):
        return Edit(text[:position] + "()" + text[position:], position + 1)
    siblings = form.parent.children if form.parent is not None else [form]
    end = form.end
    for sibling in siblings[siblings.index(form) + 1 :]:
        between = text[end : sibling.start]
        if between.strip() != "." and (between or text[sibling.start] not in "(["):
            break
        end = sibling.end
        form = sibling
    start = primary_start(text, form)
    if not form.is_whole:
        return None
    return Edit(text[:start] + "(" + text[start:end] + ")" + text[end:], position + 1)
