"""The forms of JavaScript for moves and edits: names, literals, and what is in brackets."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from repl_connect.languages.forms import Form
from repl_connect.languages.javascript_tokens import brackets, tokens

__all__ = ["read", "statements"]

_GOING_ON: Final = frozenset(("catch", "else", "finally", "in", "instanceof", "of"))
_BEGINNING: Final = frozenset(("!", "++", "--", "...", "~"))


@lru_cache(maxsize=4)
def read(text: str) -> Form:
    """The tree of a text's forms. A bracket that closes nothing is left out."""
    partners = {each.position: each.partner for each in brackets(text)}
    root = inside = Form(None, 0, None, len(text))
    for kind, start, end in tokens(text):
        if kind == "open":
            inside = Form(inside, start, start, len(text))
        elif kind in ("name", "string", "half", "cut"):
            Form(inside, start, None, end)
        elif kind == "operator" and text[start] == ",":
            inside.separators.append(start)
        elif kind == "close" and partners[start] is not None:
            while inside.opening != partners[start] and inside.parent is not None:
                inside.end = start  # never closed, but what is around it is
                inside = inside.parent
            inside.closing, inside.end = start, end
            inside = inside.parent or root
    return root


def statements(text: str, is_complete: Callable[[str], bool]) -> list[tuple[int, int]]:
    """Where the top-level statements are: each ends at a `;`, or at a line's end where it can."""
    found: list[tuple[int, int]] = []
    depth = end = 0
    start: int | None = None
    for kind, position, stop in tokens(text):
        if kind in ("comment", "remark", "cut-remark"):
            continue
        token = text[position:stop]
        if (
            start is not None
            and depth == 0
            and "\n" in text[end:position]
            and not _goes_on(kind, token, text[start:end])
            and is_complete(text[start:end])
        ):
            found.append((start, end))
            start = None
        start = position if start is None else start
        end = stop
        if kind in ("open", "close"):
            depth = max(0, depth + (1 if kind == "open" else -1))
        elif token == ";" and kind == "operator" and depth == 0:
            found.append((start, end))
            start = None
    return found if start is None else [*found, (start, end)]


def _goes_on(kind: str, token: str, before: str) -> bool:
    """Whether what begins a line belongs to what is before it."""
    if kind == "operator":
        return token not in _BEGINNING
    return token in _GOING_ON or (token == "while" and before.startswith("do"))
