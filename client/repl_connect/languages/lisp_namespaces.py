"""Which namespace the text of a Lisp's file says its code is in.

The declaration that counts is the nearest one above. To find it, only the text up to its end is
read: usually the first few lines of a file, so that what is typed below costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from repl_connect.languages import lisp
from repl_connect.languages.forms import Form
from repl_connect.languages.lisp_structure import read

__all__ = ["CLOJURE", "COMMON_LISP", "GUILE", "Declarations", "namespace_at"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Declarations:
    """The forms of a dialect that declare a namespace; `name` reads it from their arguments."""

    name: Callable[[str, list[Form]], str | None]
    heads: tuple[str, ...]
    """Names, in lower case, of forms that put what follows them into a namespace."""
    containers: tuple[str, ...] = ()
    """Names of forms that put what is inside of them into one."""
    wrappers: frozenset[str] = frozenset()
    """Names of forms whose contents are top-level forms as well."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the start of what may be one; the group `name` is what it is called."""
        names = "|".join(map(re.escape, (*self.heads, *self.containers)))
        return re.compile(rf"[(\[]\s*(?P<name>{names})(?=[\s()\[\]^\"'#:|;])", re.IGNORECASE)


def namespace_at(
    text: str, position: int, syntax: lisp.Syntax, declarations: Declarations
) -> str | None:
    """The namespace that code which starts at a position is in; None if the text says none."""
    for match in reversed(list(declarations.pattern.finditer(text, 0, position))):
        name = match["name"].lower()
        ends = [position] if name in declarations.containers else _ends(text, match, position)
        for end in ends:
            form = _form(read(text[:end], syntax=syntax), match.start())
            if form is None or not _is_top_level(text, form, declarations):
                break
            if (form.closing is None) == (name in declarations.containers):
                found = declarations.name(text, form.children[1:])
                if found:
                    return found
    return None


def _ends(text: str, match: re.Match[str], position: int) -> Iterator[int]:
    """Where the text that has to be read may end: before the next bracket that starts a line."""
    end = text.find("\n(", match.end(), position)
    if end >= 0:
        yield end
    yield position


def _form(root: Form, opening: int) -> Form | None:
    """The form that a bracket opens, if it is one and nothing stands before it."""
    form = root
    while form.opening != opening:
        for child in form.children:
            if child.opening is not None and child.opening <= opening < child.end:
                form = child
                break
        else:
            return None
    return form if form.start == opening else None


def _is_top_level(text: str, form: Form, declarations: Declarations) -> bool:
    """Whether nothing is around it but what has the same effect there, or was never closed."""
    around = list(form.around())[1:]
    heads = (each.children[0] for each in around)
    if all(text[head.start : head.end].lower() in declarations.wrappers for head in heads):
        return True
    # By convention a bracket at the start of a line is at the top level: so where one is missing.
    at_start = text[form.start - 1] == "\n"
    return at_start and all(each.closing is None and each.start == each.lead for each in around)


def _clojure_name(text: str, arguments: list[Form]) -> str | None:
    """The first plain or quoted symbol: what has `^` before it is metadata."""
    for each in arguments:
        if each.opening is None and text[each.start : each.lead] in ("", "'"):
            name = text[each.lead : each.end]
            return None if name.startswith('"') else name
    return None


def _guile_name(text: str, arguments: list[Form]) -> str | None:
    """A list of symbols; a version at its end is left out."""
    if not arguments or arguments[0].opening is None or arguments[0].start < arguments[0].lead:
        return None
    names = [text[each.start : each.end] for each in arguments[0].children if each.opening is None]
    return f"({' '.join(names)})" if names else None


def _common_lisp_name(text: str, arguments: list[Form]) -> str | None:
    """A string, or the name of a symbol: in upper case but for what bars or backslashes keep."""
    if not arguments or arguments[0].opening is not None:
        return None
    if text[arguments[0].start : arguments[0].lead] not in ("", "'"):
        return None
    written = text[arguments[0].lead : arguments[0].end]
    if written.startswith('"'):
        return re.sub(r"\\(.)", r"\1", written[1:-1], flags=re.DOTALL)
    name = ""
    for match in re.finditer(_SYMBOL_PART, written):
        if match.lastgroup == "colon":
            name = ""  # before it was a package's name, or `#`
        else:
            kept = match["kept"] if match["kept"] is not None else match["single"]
            name += match[0].upper() if kept is None else kept
    return name


_SYMBOL_PART: Final = r"(?s)\|(?P<kept>[^|]*)\||\\(?P<single>.)|(?P<colon>:)|."

CLOJURE: Final = Declarations(
    name=_clojure_name, heads=("ns", "in-ns", "clojure.core/ns", "clojure.core/in-ns")
)
"""`(ns a.b …)`, `(in-ns 'a.b)`."""

GUILE: Final = Declarations(
    name=_guile_name, heads=("define-module",), containers=("define-library", "library")
)
"""`(define-module (a b) …)`; a library's body is in its module."""

COMMON_LISP: Final = Declarations(
    name=_common_lisp_name,
    heads=("in-package", "cl:in-package", "common-lisp:in-package"),
    wrappers=frozenset(("eval-when", "progn")),
)
"""`(in-package #:a)`, by whatever designator."""
