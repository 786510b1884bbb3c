"""What languages of brackets have in common: where their text is in the middle of something.

A dialect is a `Syntax`: the pattern of its tokens, and which names take a body. `scan` reads a text
once, by that pattern, and the rest is asked of what it found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

__all__ = ["Scan", "Syntax", "indent", "is_complete", "scan", "symbol_at", "symbol_before"]

_CLOSERS: Final[Mapping[str, str]] = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, kw_only=True)
class Syntax:
    """How a dialect writes things.

    `token` matches one token at a position; the name of the group that matched says what it is:

        open       its last character is the bracket
        close      one bracket
        whole      a string, character, comment or name, from start to end
        name       the same, and it may be the head of a form
        prefix     something must follow (a quote, a datum comment)
        cut        a string or the like that the text's end cuts off
        block      the start of a nested block comment, which `block` then reads
    """

    token: str
    block: str = ""
    """Matches the start (group `open`) or the end (group `close`) of a nested block comment."""
    symbol: str
    """One character that a name can have."""
    bodies: frozenset[str] = frozenset()
    """Heads whose forms are indented by two."""
    body_prefixes: tuple[str, ...] = ()
    """So are the forms of every head that starts with one of these."""

    # Compiled when first used: a client needs one language, and each costs milliseconds.

    @cached_property
    def token_pattern(self) -> re.Pattern[str]:
        """`token`, compiled."""
        return re.compile(self.token, re.VERBOSE | re.DOTALL)

    @cached_property
    def block_pattern(self) -> re.Pattern[str]:
        """`block`, compiled."""
        return re.compile(self.block)

    @cached_property
    def symbol_pattern(self) -> re.Pattern[str]:
        """`symbol`, compiled."""
        return re.compile(self.symbol)


@dataclass
class _Open:
    """A bracket that is open: where it is, and what has followed it so far."""

    bracket: str
    position: int
    plain: bool
    """Whether nothing stands before it that makes it data."""
    head: str | None = None
    first_argument: int | None = None
    things: int = 0


@dataclass
class Scan:
    """What a text leaves open at its end."""

    opens: list[_Open] = field(default_factory=list)
    wrong: bool = False
    """A bracket closes nothing, or not what is open: no further line mends that."""
    cut: bool = False
    """The end is inside of a string, a block comment or the like."""
    awaited: bool = False
    """A prefix still waits for its datum."""
    comment: bool = False
    """The end is inside of a comment that the line's end would close."""


def scan(text: str, syntax: Syntax) -> Scan:
    """Read a text to its end, or to the first bracket that is wrong."""
    found = Scan()
    position = 0
    prefixed = False
    while position < len(text):
        match = syntax.token_pattern.match(text, position)
        if match is None:
            position += 1
            continue
        kind = match.lastgroup
        end = match.end()
        if kind == "open":
            _note(found, None, position, text)
            found.opens.append(_Open(text[end - 1], end - 1, end - position == 1 and not prefixed))
        elif kind == "close":
            if not found.opens or _CLOSERS[found.opens[-1].bracket] != match[0]:
                found.wrong = True
                return found
            found.opens.pop()
        elif kind == "block":
            end = _block_end(text, position, syntax)
            if end < 0:
                found.cut = True
                return found
        elif kind == "cut":
            found.cut = True
            return found
        elif kind in ("whole", "name"):
            _note(found, match[0] if kind == "name" else None, position, text)
        found.comment = kind == "comment" and end == len(text)
        prefixed = kind == "prefix" or (prefixed and kind in ("space", "comment", "block"))
        position = end
    found.awaited = prefixed
    return found


def _note(found: Scan, name: str | None, position: int, text: str) -> None:
    """Count a thing inside of the innermost open bracket."""
    if not found.opens:
        return
    inside = found.opens[-1]
    inside.things += 1
    if inside.things == 1:
        inside.head = name
    elif inside.things == 2 and "\n" not in text[inside.position : position]:
        inside.first_argument = position


def _block_end(text: str, position: int, syntax: Syntax) -> int:
    """Where the block comment that starts here ends; -1 if the text ends first."""
    depth = 0
    for match in syntax.block_pattern.finditer(text, position):
        depth += 1 if match.lastgroup == "open" else -1
        if depth == 0:
            return match.end()
    return -1


def is_complete(text: str, syntax: Syntax) -> bool:
    """Whether nothing is left open, or something is wrong that no further line mends."""
    found = scan(text, syntax)
    return found.wrong or not (found.opens or found.cut or found.awaited)


def indent(text: str, syntax: Syntax) -> str:
    """The blanks that the next line starts with.

    A body is indented by two; arguments stand below the first one, elements below each other.
    """
    found = scan(text, syntax)
    if found.wrong or found.cut or not found.opens:
        return ""
    inside = found.opens[-1]
    column = inside.position - (text.rfind("\n", 0, inside.position) + 1)
    if inside.bracket != "(" or not inside.plain or inside.head is None:
        return " " * (column + 1)
    if inside.head in syntax.bodies or inside.head.startswith(syntax.body_prefixes or ("\0",)):
        return " " * (column + 2)
    if inside.first_argument is not None:
        return " " * (inside.first_argument - (text.rfind("\n", 0, inside.first_argument) + 1))
    return " " * (column + 1)


def symbol_before(text: str, syntax: Syntax) -> str:
    """The name that ends where the text ends; empty inside of strings and comments."""
    found = scan(text, syntax)
    if found.cut or found.comment:
        return ""
    start = len(text)
    while start and syntax.symbol_pattern.match(text[start - 1]):
        start -= 1
    return text[start:]


def symbol_at(text: str, position: int, syntax: Syntax) -> str:
    """The name around a position, or the head of the form around it."""
    start = end = position
    while start and syntax.symbol_pattern.match(text[start - 1]):
        start -= 1
    while end < len(text) and syntax.symbol_pattern.match(text[end]):
        end += 1
    if start < end:
        return text[start:end]
    opens = scan(text[:position], syntax).opens
    return (opens[-1].head or "") if opens else ""
