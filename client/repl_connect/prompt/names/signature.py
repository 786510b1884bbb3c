"""Signatures as text (nREPL's `arglists-str`), read for their parameters.

Languages write them in two ways, told apart by what stands in them, not by who sent them: Python's
`(a, b=1, *rest)` with commas, and a Lisp's `(name a #:optional b . rest)` or `([x] [x & more])`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from prompt_toolkit.formatted_text import StyleAndTextTuples, fragment_list_width
from prompt_toolkit.utils import get_cwidth

from repl_connect.escapes import visible

__all__ = ["Parameter", "Signature", "read_signatures", "shown_signature"]

_OPENING: Final = "([{"
_CLOSING: Final = ")]}"
_LONGEST: Final = 2_000
_ANNOTATED: Final = re.compile(r"\*{0,2}\w+\s*(?::\s|=)")
_REST: Final = frozenset({"&", "&rest", "&body", "#:rest", "."})
_BY_NAME: Final = frozenset({"&key", "#:key"})
_OPTIONAL: Final = frozenset({"&optional", "#:optional", "#!optional"})
_MARKS: Final = _REST | _BY_NAME | _OPTIONAL | {"*", "/", "&allow-other-keys"}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter. `text` is how it is written; an empty `name` is a mark between parameters.

    `takes` is `one` argument, the `rest` of them, `name` for one given by name only, or `names`
    for any others given by name.
    """

    text: str
    name: str = ""
    takes: str = "one"


@dataclass(frozen=True, kw_only=True)
class Signature:
    """The parameters of a function, and what its language puts around and between them."""

    parameters: tuple[Parameter, ...]
    opening: str = "("
    between: str = " "
    closing: str = ")"

    def current(self, argument: int, keyword: str | None = None) -> int | None:
        """Which parameter an argument is for, by its place (from 0) or its name."""
        if keyword is not None:
            found: int | None = None
            for number, parameter in enumerate(self.parameters):
                if parameter.name and parameter.name == keyword:
                    return number
                if parameter.takes == "names":
                    found = number
            return found
        for number, parameter in enumerate(self.parameters):
            if not parameter.name:
                continue
            if parameter.takes == "rest" or (parameter.takes == "one" and argument == 0):
                return number
            if parameter.takes == "one":
                argument -= 1
        return None


def read_signatures(name: str, text: str) -> list[Signature]:
    """Read the ways that something can be called; `name` is what is called.

    Empty for a text that is none.
    """
    groups = _groups(visible(text[:_LONGEST]))
    if len(groups) == 1 and not _has_comma(groups[0]):
        inside = _words(groups[0][1:-1])
        if inside and all(word[0] == "[" for word in inside):  # ([x] [x y])
            return [_lisp("", word) for word in inside]
    return [_lisp(name, one) if _is_lisp(name, one) else _commas(one) for one in groups]


def shown_signature(
    name: str, signatures: list[Signature], argument: int, keyword: str | None, columns: int
) -> StyleAndTextTuples:
    """A line for the signature that fits the argument, which is marked; cut to the width."""
    if not signatures:
        return []
    fitting = next(
        (one for one in signatures if one.current(argument, keyword) is not None), signatures[0]
    )
    current = fitting.current(argument, keyword)
    others = len(signatures) - 1
    after = f"{fitting.closing}{f'  +{others}' if others else ''}"
    before = _before(fitting, visible(name))
    parts = [
        ("class:signature,signature.current" if number == current else "class:signature", each.text)
        for number, each in enumerate(fitting.parameters)
    ]
    room = columns - fragment_list_width(before) - get_cwidth(after)
    shown = _fitting(parts, current or 0, get_cwidth(fitting.between), room)
    line: StyleAndTextTuples = [*before]
    for number, part in enumerate(shown):
        if number:
            line.append(("class:signature", fitting.between))
        elif not before[-1][1].endswith(fitting.opening):
            line.append(("class:signature", " "))
        line.append(part)
    line.append(("class:signature", after))
    return line


def _before(signature: Signature, name: str) -> StyleAndTextTuples:
    called = ("class:signature,signature.name", name)
    if signature.between == ", ":
        return [called, ("class:signature", signature.opening)]
    return [("class:signature", signature.opening), called]


def _fitting(
    parts: list[tuple[str, str]], current: int, between: int, room: int
) -> list[tuple[str, str]]:
    """The parameters around the current one that there is room for, dots for the others."""

    def width(some: Iterable[tuple[str, str]]) -> int:
        return sum(get_cwidth(text) + between for _, text in some)

    if width(parts) <= room + between or not parts:
        return parts
    dots = ("class:signature", "…")

    def around(start: int, end: int) -> list[tuple[str, str]]:
        return [dots] * (start > 0) + parts[start:end] + [dots] * (end < len(parts))

    start, end = current, current + 1
    while True:
        if end < len(parts) and width(around(start, end + 1)) <= room + between:
            end += 1
        elif start > 0 and width(around(start - 1, end)) <= room + between:
            start -= 1
        else:
            break
    if width(around(start, end)) > room + between:  # not even the one: its first letters
        style, text = parts[current]
        return [(style, text[: max(room - 1, 1)] + "…")]
    return around(start, end)


def _commas(group: str) -> Signature:
    """Python's way: `(a, b: int = 1, /, *rest, key, **others)`."""
    parameters: list[Parameter] = []
    takes = "one"
    for part in _split(group[1:-1], ","):
        if part in _MARKS:
            takes = "name" if part == "*" else takes
            parameters.append(Parameter(text=part))
            continue
        stars = len(part) - len(part.lstrip("*"))
        found = re.match(r"\w*", part.lstrip("*"))
        known = found[0] if found else ""
        own = {1: "rest", 2: "names"}.get(stars, takes)
        parameters.append(Parameter(text=part, name=known or part, takes=own))
        takes = "name" if stars == 1 else takes
    return Signature(parameters=tuple(parameters), opening="(", between=", ")


def _lisp(name: str, group: str) -> Signature:
    """A Lisp's way: `(name a #:optional b #:key c . rest)`, `[x & more]`."""
    words = list(_words(group[1:-1]))
    if words and name and words[0] in (name, name.rpartition("/")[2]):
        del words[0]
    parameters: list[Parameter] = []
    takes = "one"
    for word in words:
        if word in _MARKS:
            takes = "rest" if word in _REST else "name" if word in _BY_NAME else "one"
            parameters.append(Parameter(text=word))
        else:
            plain = word.strip(_OPENING + _CLOSING).split(" ")[0] if word[0] in "([" else word
            parameters.append(Parameter(text=word, name=plain.lstrip("#:"), takes=takes))
    return Signature(parameters=tuple(parameters))


def _is_lisp(name: str, group: str) -> bool:
    inside = group[1:-1].strip()
    if _has_comma(group) or _ANNOTATED.match(inside) or inside[:1] == "*":
        return False
    return group[0] == "[" or inside == name or bool(inside and not inside.isidentifier())


def _has_comma(group: str) -> bool:
    return len(_split(group[1:-1], ",")) > 1


def _groups(text: str) -> list[str]:
    """The bracketed texts; what follows the first of them on its line, as `-> int`, is none."""
    stripped = text.strip()
    if not stripped:
        return []
    if stripped[0] not in "([":
        return [f"({stripped})"]
    found = []
    for word in _words(stripped):
        if word[0] not in "([":
            break
        found.append(word if word[-1] in _CLOSING else word + ")")
    return found


def _words(text: str) -> list[str]:
    """What blanks divide, outside of brackets and strings."""
    return _split(text, None)


def _split(text: str, separator: str | None) -> list[str]:
    parts: list[str] = []
    start = 0
    for position in _outside(text):
        if text[position].isspace() if separator is None else text[position] == separator:
            parts.append(text[start:position].strip())
            start = position + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _outside(text: str) -> Iterator[int]:
    """The positions that are in no bracket and no string."""
    depth = 0
    quote = ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote and text[position - 1] != "\\" else quote
        elif character == '"' or (character == "'" and text[position - 1 : position] in "= ("):
            quote = character
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif depth == 0:
            yield position
