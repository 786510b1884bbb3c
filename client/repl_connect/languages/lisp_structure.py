"""The forms of a Lisp: moves and edits as paredit does them, and the call one is in."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from typing import Final

from repl_connect.languages import forms, lisp
from repl_connect.languages.forms import Form
from repl_connect.languages.language import Call, Edit, Structure
from repl_connect.languages.spans import span_at

__all__ = ["call_at", "code_at", "read", "statements", "structure"]

_NOT_CALLED: Final = frozenset('"\\:#|0123456789')


@lru_cache(maxsize=4)  # `syntax` must be given in one way then: by name
def read(text: str, syntax: lisp.Syntax) -> Form:
    """The tree of a text's forms. A prefix (a quote, a datum comment) belongs to what it is for.

    A bracket that closes nothing is left out.
    """
    partners = {each.position: each.partner for each in lisp.brackets(text, syntax=syntax)}
    root = inside = Form(None, 0, None, len(text))
    prefix: int | None = None
    for kind, start, end in lisp.tokens(text, syntax):
        if kind == "prefix":
            prefix = start if prefix is None else prefix
            continue
        if kind in ("open", "whole", "name", "cut"):
            form = Form(inside, start, end - 1 if kind == "open" else None, end)
            form.start = start if prefix is None else prefix
            if kind == "open":
                form.end = len(text)
                inside = form
        elif kind == "close":
            opening = partners[start]
            if opening is None:
                continue
            while inside.opening != opening and inside.parent is not None:
                inside.end = start  # never closed, but what is around it is
                inside = inside.parent
            inside.closing, inside.end = start, end
            inside = inside.parent or root
        if kind not in ("comment", "remark"):
            prefix = None
    return root


def statements(text: str, syntax: lisp.Syntax) -> list[tuple[int, int]]:
    """Where the top-level forms are, without those that a prefix makes comments."""
    return [
        (form.start, len(text[: form.end].rstrip()))
        for form in read(text, syntax=syntax).children
        if syntax.discards.isdisjoint(_prefixes(text, form, syntax))
    ]


def call_at(text: str, position: int, syntax: lisp.Syntax) -> Call | None:
    """The call that a position is in: the innermost list around that is not data."""
    found: Form | None = None
    data = False
    around = forms.container(read(text, syntax=syntax), position).around()
    for form in reversed(list(around)):
        for prefix in _prefixes(text, form, syntax):
            data = prefix in syntax.quotes or (data and prefix not in syntax.unquotes)
        if form.opening is None or not form.children:
            continue
        name = _name(text, form.children[0])
        if name and not data and text[form.lead : form.opening + 1] in syntax.calls:
            found = form
        data = data or name in ("quote", "quasiquote")
    return _call(text, found, position, syntax) if found is not None else None


def code_at(text: str, position: int, syntax: lisp.Syntax) -> tuple[int, int] | None:
    """The list that a position is in, on a bracket of, or just after; at the top level an atom too.

    Without the prefixes that make it a comment, or that mean something only in a template.
    """
    root = read(text, syntax=syntax)
    form: Form | None = forms.container(root, position)
    touching = forms.touching(root, position)
    if form is None or form is root:
        span = span_at(text, [(each.start, each.end) for each in root.children], position)
        form = next((each for each in root.children if span and each.start == span[0]), None)
    elif (
        touching is not None
        and touching.opening is not None
        and (position < touching.end or position != form.closing)
    ):
        form = touching
    if form is None:
        return None
    start = form.start
    if start < form.lead:
        for match in syntax.token_pattern.finditer(text, form.start, form.lead):
            if match[0] in syntax.discards or match[0] in syntax.unquotes:
                start = match.end()
        start += len(text[start : form.lead]) - len(text[start : form.lead].lstrip())
    return start, form.end


def structure(syntax: lisp.Syntax) -> Structure:
    """Moves and edits by the forms of a dialect."""
    found = forms.structure(partial(read, syntax=syntax))

    def wrap(text: str, position: int) -> Edit | None:
        if lisp.context(text, position, syntax) == "comment":
            return None
        return found.wrap(text, position)

    return replace(found, wrap=wrap)


def _prefixes(text: str, form: Form, syntax: lisp.Syntax) -> list[str]:
    """What stands before a form and belongs to it, comments left out."""
    if form.start == form.lead:
        return []
    matches = syntax.token_pattern.finditer(text, form.start, form.lead)
    return [match[0] for match in matches if match.lastgroup == "prefix"]


def _name(text: str, head: Form) -> str:
    """The name that a list starts with; empty if it starts with something else."""
    if head.opening is not None or head.start != head.lead or text[head.start] in _NOT_CALLED:
        return ""
    return text[head.start : head.end]


def _call(text: str, form: Form, position: int, syntax: lisp.Syntax) -> Call:
    head, *arguments = form.children
    # A name may still go on where the cursor touches its end; a string or a list is done there.
    done = [
        each
        for each in arguments
        if each.end < position or (each.end == position and text[each.end - 1] in ')]}"')
        if syntax.discards.isdisjoint(_prefixes(text, each, syntax))
    ]
    last = text[done[-1].start : done[-1].end] if done else ""
    keyword = last.lstrip("#:") if last.startswith((":", "#:")) else ""
    return Call(text[head.start : head.end], head.start, len(done), keyword or None)
