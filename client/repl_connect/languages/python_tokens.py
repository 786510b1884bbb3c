"""Python's tokens: strings, comments, brackets and the rest, also where a text doesn't parse."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache, lru_cache
from typing import Final

from repl_connect.languages.language import Bracket
from repl_connect.languages.tokens import Token, pair, shared_prefix, starting_before

__all__ = ["brackets", "context", "tokens", "uses"]

_TOKEN: Final = r"""
      (?P<comment>\#[^\n]*)
    | (?P<string>(?P<prefix>\b[bfrtuBFRTU]{1,2})?(?:
          (?P<quotes>\"{3}|'{3})(?:[^\\]|\\.)*?(?P=quotes)
        | (?!\"{3}|'{3})(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')))
    | (?P<cut>(?:\b[bfrtuBFRTU]{1,2})?(?:\"{3}|'{3}))
    | (?P<half>(?:\b[bfrtuBFRTU]{1,2})?(?:"(?:[^"\\\n]|\\.)*|'(?:[^'\\\n]|\\.)*))
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<name>[^\W\d]\w*)
    | (?P<number>\d[\w.]*)
    | (?P<comma>,)
    | (?P<joined>\\\n)
    | (?P<newline>\n)
    | (?P<operator>[^\s\w])
"""


@cache
def _pattern() -> re.Pattern[str]:
    # Compiled when first used: it costs milliseconds, and the first prompt does without.
    return re.compile(_TOKEN, re.VERBOSE | re.DOTALL)


_last: tuple[str, list[Token]] = ("", [])
"""A text that was read, with its tokens: a key changes little of it."""


@lru_cache(maxsize=4)  # the same text is asked about by several at each key
def tokens(text: str) -> list[Token]:
    """The tokens of a text.

    A `string` is whole, a `half` one lacks its end on its line, a `cut` one until the text's end.
    """
    global _last
    known, found = _last
    # What ends before the first change is as it was; three characters make a long quote.
    same = shared_prefix(known, text) - 3
    found = found[: bisect_right(found, same, key=lambda token: token[2])]
    keep = bool(found) or len(text) >= len(known)  # not if it is a piece of that text
    for match in _pattern().finditer(text, found[-1][2] if found else 0):
        kind = match.lastgroup or ""
        if kind == "cut":
            found.append((kind, match.start(), len(text)))
            break
        found.append((kind, *match.span()))
    if keep:
        _last = text, found
    return found


def context(text: str, position: int) -> str:
    """What a character typed at a position would be in: "code", "string" or "comment"."""
    token = starting_before(tokens(text), position)
    if token is None:
        return "code"
    kind, _, end = token
    if kind == "comment" and position <= end:
        return "comment"
    if (
        kind == "cut"
        or (kind == "half" and position <= end)
        or (kind == "string" and position < end)
    ):
        return "string"
    return "code"


@lru_cache(maxsize=4)
def brackets(text: str) -> list[Bracket]:
    """Every bracket of the code, with its partner."""
    return pair(text, [start for kind, start, _ in tokens(text) if kind in ("open", "close")])


def uses(text: str, name: str) -> list[tuple[int, int]]:
    """Where a name stands in the code: not as an attribute, nor as a keyword of a call."""
    found = []
    before = ""
    after_open = False  # where a keyword may stand
    for kind, start, end in tokens(text):
        if kind in ("comment", "newline", "joined"):
            continue
        if kind == "name" and text[start:end] == name and before != ".":
            is_keyword = after_open and re.match(r"\s*=(?!=)", text[end:]) is not None
            if not is_keyword:
                found.append((start, end))
        before = text[start:end]
        after_open = before in ("(", ",")
    return found
