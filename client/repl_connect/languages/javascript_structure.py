"""The forms of JavaScript for moves and edits: names, literals, and what is in brackets."""

from __future__ import annotations

from functools import lru_cache

from repl_connect.languages.forms import Form
from repl_connect.languages.javascript_tokens import brackets, tokens

__all__ = ["read"]


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
