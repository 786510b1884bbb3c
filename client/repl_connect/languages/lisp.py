"""What languages of brackets have in common: what their text is made of.

A dialect is a `Syntax`: the pattern of its tokens, and which names take a body. `tokens` reads a
text once, by that pattern, and all the rest is asked of what it found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from repl_connect.languages.language import Bracket, SyntaxProblem
from repl_connect.languages.tokens import CLOSERS, Token, pair, starting_before

__all__ = [
    "Scan",
    "Syntax",
    "brackets",
    "context",
    "find_error",
    "indent",
    "is_complete",
    "scan",
    "symbol_at",
    "symbol_before",
    "tokens",
    "uses",
]

_BRACKETS: Final = ("open", "close")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Syntax:
    """How a dialect writes things.

    `token` matches one token at a position; the name of the group that matched says what it is:

        open         its last character is the bracket
        close        one bracket
        whole        a string, a character or an odd name, from start to end
        name         the same, and it may be the head of a form
        prefix       something must follow (a quote, a datum comment)
        cut          a string or the like that the text's end cuts off
        comment      to the end of the line
        remark       a comment with an end of its own
        cut_remark   such a comment that the text's end cuts off
        block        the start of a nested block comment, which `block` then reads
        space        nothing
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
    quotes: frozenset[str] = frozenset("'`")
    """Prefixes that make what follows data."""
    unquotes: frozenset[str] = frozenset((",", ",@"))
    """Prefixes that make what follows code again."""
    discards: frozenset[str] = frozenset()
    """Prefixes that make what follows a comment."""
    calls: frozenset[str] = frozenset("(")
    """What opens a form that may be a call."""

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


class _Open:
    """A bracket that is open: where it is, and what has followed it so far.

    `plain` says that nothing stands before it that makes it data.
    """

    __slots__ = ("bracket", "first_argument", "head", "plain", "position", "things")

    def __init__(self, bracket: str, position: int, plain: bool) -> None:
        self.bracket = bracket
        self.position = position
        self.plain = plain
        self.head: str | None = None
        self.first_argument: int | None = None
        self.things = 0


class Scan:
    """What a text leaves open at its end.

    `wrong`: a bracket closes nothing, or not what is open; no further line mends that. `cut`: the
    end is inside of a string, a block comment or the like. `awaited`: a prefix still waits for its
    datum.
    """

    __slots__ = ("awaited", "cut", "opens", "wrong")

    def __init__(self) -> None:
        self.opens: list[_Open] = []
        self.wrong = False
        self.cut = False
        self.awaited = False


@lru_cache(maxsize=4)  # the same text is asked about by several at each key
def tokens(text: str, syntax: Syntax) -> list[Token]:
    """The tokens of a text, without spaces; the last one may be cut off by the text's end."""
    found: list[Token] = []
    position: int | None = 0
    while position is not None:
        position = _read(text, position, syntax, found)
    return found


def _read(text: str, position: int, syntax: Syntax, found: list[Token]) -> int | None:
    """Read tokens to the end of the next block comment, and say where that is; or to the end."""
    for match in syntax.token_pattern.finditer(text, position):
        kind = match.lastgroup or "space"
        if kind == "space":
            continue
        if kind in ("cut", "cut_remark"):
            found.append((kind, match.start(), len(text)))
            return None
        if kind == "block":
            end = _block_end(text, match.start(), syntax)
            if end < 0:
                found.append(("cut_remark", match.start(), len(text)))
                return None
            found.append(("remark", match.start(), end))
            return end
        found.append((kind, *match.span()))
    return None


def scan(text: str, syntax: Syntax) -> Scan:
    """Read a text to its end, or to the first bracket that is wrong."""
    found = Scan()
    prefixed = False
    for kind, start, end in tokens(text, syntax):
        if kind == "open":
            _note(found, None, start, text)
            found.opens.append(_Open(text[end - 1], end - 1, end - start == 1 and not prefixed))
        elif kind == "close":
            if not found.opens or CLOSERS[found.opens[-1].bracket] != text[start]:
                found.wrong = True
                return found
            found.opens.pop()
        elif kind in ("cut", "cut_remark"):
            found.cut = True
            return found
        elif kind in ("whole", "name"):
            _note(found, text[start:end] if kind == "name" else None, start, text)
        prefixed = kind == "prefix" or (prefixed and kind in ("comment", "remark"))
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
    if context(text, len(text), syntax) != "code":
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


def context(text: str, position: int, syntax: Syntax) -> str:
    """What a character typed at a position would be in: "code", "string" or "comment".

    A character literal counts as a string, and so does a name between bars.
    """
    token = starting_before(tokens(text, syntax), position)
    if token is None:
        return "code"
    kind, _, end = token
    if kind == "cut_remark" or (kind == "comment" and position <= end):
        return "comment"
    if kind == "remark" and position < end:
        return "comment"
    if kind == "cut" or (kind == "whole" and position < end):
        return "string"
    return "code"


@lru_cache(maxsize=4)  # `syntax` must be given in one way then: by name
def brackets(text: str, syntax: Syntax) -> list[Bracket]:
    """Every bracket of the code, with its partner."""
    return pair(text, [end - 1 for kind, _, end in tokens(text, syntax) if kind in _BRACKETS])


def uses(text: str, name: str, syntax: Syntax) -> list[tuple[int, int]]:
    """Where a name stands in the code and is not quoted there."""
    found = []
    quoted = False
    for kind, start, end in tokens(text, syntax):
        if kind == "name" and text[start:end] == name and not quoted:
            found.append((start, end))
        quoted = kind == "prefix" and text[end - 1] == "'"
    return found


def find_error(text: str, syntax: Syntax) -> SyntaxProblem | None:
    """The first bracket that closes nothing, or not what is open."""
    opens: list[int] = []
    for kind, start, end in tokens(text, syntax):
        if kind == "open":
            opens.append(end - 1)
        elif kind == "close":
            bracket = text[start]
            if not opens:
                return SyntaxProblem(start, f"{bracket} closes nothing")
            opener = opens.pop()
            closer = CLOSERS[text[opener]]
            if closer != bracket:
                line = text.count("\n", 0, opener) + 1
                where = f" in line {line}" if "\n" in text[opener:start] else ""
                words = f"{bracket} where {closer} has to close the {text[opener]}{where}"
                return SyntaxProblem(start, words)
    return None
