"""The tokens of JavaScript, as far as brackets, strings and comments need them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from repl_connect.languages.language import Bracket
from repl_connect.languages.tokens import Token, pair, starting_before

__all__ = ["Token", "brackets", "context", "tokens", "uses"]

_TOKEN: Final = r"""
      (?P<space>\s+)
    | (?P<comment>//[^\n]*|\A\#![^\n]*)
    | (?P<remark>/\*.*?\*/)
    | (?P<cut>/\*)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<half>"(?:[^"\\\n]|\\.)*|'(?:[^'\\\n]|\\.)*)
    | (?P<template>`)
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<name>\#?[\w$]+)
    | (?P<operator>=>|\+\+|--|&&|\|\||\?\?|\?\.|\.\.\.|\*\*|.)
    """
_REGEX: Final = r"/(?![*/])(?:[^\\/\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*"
_WORDS_BEFORE_REGEX: Final = frozenset(
    (
        *("return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "do", "else"),
        *("instanceof", "yield", "await"),
    )
)


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compiled when first used: the first prompt may do without."""
    return re.compile(_TOKEN, re.VERBOSE | re.DOTALL), re.compile(_REGEX)


@lru_cache(maxsize=4)  # the same text is asked about by several at each key
def tokens(text: str) -> list[Token]:
    """The tokens of a text, without blanks.

    A `string` is whole (also a template with what is in its braces, and a regular expression), a
    `half` one lacks its end on its line, a `cut` one until the text's end, as a `cut-remark` does.
    """
    pattern, regex = _patterns()
    found: list[Token] = []
    last: tuple[str, str] = ("operator", "")
    position = 0
    while (match := pattern.match(text, position)) is not None:
        kind, (start, end) = match.lastgroup or "", match.span()
        if kind == "template":
            closed = _template_end(text, start)
            kind, end = ("cut", len(text)) if closed is None else ("string", closed)
        elif kind == "cut":
            kind, end = "cut-remark", len(text)
        elif match[0] == "/" and _begins_regex(*last) and (whole := regex.match(text, start)):
            kind, end = "string", whole.end()
        position = end
        if kind == "space":
            continue
        found.append((kind, start, end))
        if kind not in ("comment", "remark"):
            last = kind, text[start:end]
    return found


def _begins_regex(kind: str, before: str) -> bool:
    """Whether a slash after this token is no division."""
    if kind == "name":
        return before in _WORDS_BEFORE_REGEX
    return kind == "open" or (kind == "operator" and before not in ("++", "--"))


def _template_end(text: str, start: int) -> int | None:
    """Where a template ends, with the templates in its braces; None if it does not."""
    inside: list[str] = []
    position = start
    while position < len(text):
        each = text[position]
        in_text = inside[-1:] == ["`"]
        if each == "\\":
            position += 1
        elif each == "`":
            if in_text:
                inside.pop()
                if not inside:
                    return position + 1
            else:
                inside.append("`")
        elif in_text:
            if text.startswith("${", position):
                inside.append("{")
                position += 1
        elif each == "{":
            inside.append("{")
        elif each == "}":
            inside.pop()
        elif each in "\"'":
            end = position + 1
            while end < len(text) and text[end] not in (each, "\n"):
                end += 2 if text[end] == "\\" else 1
            position = end
        position += 1
    return None


def context(text: str, position: int) -> str:
    """What a character typed at a position would be in: "code", "string" or "comment"."""
    token = starting_before(tokens(text), position)
    if token is None:
        return "code"
    kind, _, end = token
    if kind == "cut-remark" or position < end or (kind in ("comment", "half") and position == end):
        if kind in ("comment", "remark", "cut-remark"):
            return "comment"
        return "string" if kind in ("string", "half", "cut") else "code"
    return "string" if kind == "cut" else "code"


@lru_cache(maxsize=4)
def brackets(text: str) -> list[Bracket]:
    """Every bracket of the code, with its partner."""
    return pair(text, [start for kind, start, _ in tokens(text) if kind in ("open", "close")])


def uses(text: str, name: str) -> list[tuple[int, int]]:
    """Where a name stands in the code: not as a property, nor as a key of an object."""
    code = [each for each in tokens(text) if each[0] not in ("comment", "remark")]
    words = ["", *(text[start:end] for _, start, end in code), ""]
    return [
        (start, end)
        for index, (kind, start, end) in enumerate(code, 1)
        if kind == "name"
        and words[index] == name
        and words[index - 1] not in (".", "?.")
        and not (words[index - 1] in ("{", ",") and words[index + 1] == ":")
    ]
