"""What the end of unfinished text is: a name, an attribute, a key, an argument, an import.

One scan from the start finds strings, comments and open brackets; where that leaves the cursor
inside a comment, or a string that is no key, nothing can be completed. Text that is wrong further
up is no hindrance.
"""

from __future__ import annotations

import functools
import re
from itertools import pairwise
from typing import Final, NamedTuple

from repl_server.inspection.chains import CHAIN, NAME

__all__ = ["LONGEST", "Call", "Imported", "Prefix", "read_prefix", "word_before"]

LONGEST: Final = 40_000
"""How many characters are read; of longer text only the last line is."""

_TOKEN = re.compile(
    r"""
      (?P<comment>\#[^\n]*)
    | (?P<word>\w+)
    | (?P<quotes>\"{3}|'{3}|["'])
    | (?P<joined>\\\n)
    | (?P<mark>[()\[\]{},;\n])
    """,
    re.VERBOSE,
)
_PREFIXES = frozenset(("r", "b", "u", "f", "br", "rb", "fr", "rf"))
_END = {
    '"': re.compile(r'(?:[^"\\\n]|\\.)*+"', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\n]|\\.)*+'", re.DOTALL),
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*+"""', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]|\\.|'(?!''))*+'''", re.DOTALL),
}
_FIELD = re.compile(r"\{\{|\}\}|[{}]")
_DOTTED = re.compile(rf"(?<!\w)(?:(?P<holder>{CHAIN})\s?\.\s?)?(?P<begun>(?:{NAME})?)\Z")
_SUBSCRIPT = re.compile(rf"(?<!\w)(?P<holder>{CHAIN})\[\Z")
_NUMBER = re.compile(r"\[(?P<begun>-?\d*)\Z")
_CALLEE = re.compile(rf"(?<!\w)(?P<callee>{CHAIN})\s?\Z")
_ENDS = (")", "]", "}", "'", '"')
_DEFINES = ("def", "class")
_LONGEST_NAME = 1_000
_ARGUMENT = re.compile(rf"\s*({NAME})\s*=(?!=)")
_COMMENT = re.compile(r"#[^\n]*")
_IMPORT = re.compile(r"\s*(?:import\s+(?:[\w.]+(?:\s+as\s+\w+)?\s*,\s*)*|from\s+)(\.*[\w.]*)\Z")
_FROM = re.compile(
    r"\s*from\s+(\.*[\w.]*)\s+import\s+(?:\(\s*)?(?:\w+(?:\s+as\s+\w+)?\s*,\s*)*(\w*)\Z"
)


class Call(NamedTuple):
    """The call whose brackets are open: what is called, and which arguments it has already."""

    callee: str
    given: tuple[str, ...]
    positional: int | None
    """How many arguments have no name; None if that is not known (`*rest`)."""


class Imported(NamedTuple):
    """An import statement: of `names` from `module`, or (None) of the module itself."""

    module: str
    names: str | None


class Prefix(NamedTuple):
    """What can be completed at the end of a text: `word`, as `holder` and what has `begun`."""

    word: str
    holder: str = ""
    begun: str = ""
    is_key: bool = False
    call: Call | None = None
    imported: Imported | None = None


class _Bracket(NamedTuple):
    start: int
    commas: list[int]


class _Scan(NamedTuple):
    """Where the end of the text is."""

    brackets: list[_Bracket]
    statement: int
    string: tuple[int, int] | None
    """Where the open string starts with its prefix and with its text, if one is open."""
    in_comment: bool


def word_before(text: str) -> str:
    """The end of the text that every candidate of `complete` replaces; empty if there are none."""
    prefix = read_prefix(text)
    return "" if prefix is None else prefix.word


@functools.lru_cache(maxsize=1)  # who completes a text also asks which word that replaces
def read_prefix(text: str) -> Prefix | None:
    """What stands at the end of the text, or None if nothing can be completed there."""
    if len(text) > LONGEST:
        text = text.rpartition("\n")[2][-LONGEST:]
    scan = _scan(text)
    if scan.in_comment:
        return None
    if scan.string is not None:
        start, body = scan.string
        if "f" in text[start:body].lower():
            field = _open_field(text[body:])
            return None if field is None else read_prefix(field)
        return _key(text, scan.brackets, start)
    statement = text[scan.statement :].replace("\\\n", "  ")
    if match := _FROM.match(statement):
        return Prefix(match[2], begun=match[2], imported=Imported(match[1], match[2]))
    if match := _IMPORT.match(statement):
        return Prefix(match[1], begun=match[1], imported=Imported(match[1], None))
    if scan.brackets and (match := _NUMBER.search(text, scan.brackets[-1].start)):
        found = _key(text, scan.brackets, match.start("begun"))
        if found is not None or match["begun"]:
            return found
    return _name(text, scan)


def _name(text: str, scan: _Scan) -> Prefix | None:
    line = max(text.rfind("\n") + 1, scan.statement, len(text) - _LONGEST_NAME)
    match = _DOTTED.search(text, line)
    if match is None:
        return None  # it ends in a number
    start, begun = match.start(), match["begun"]
    before = text[line:start].rstrip()
    if text[line:start].endswith(_ENDS) or _is_dot(before):
        return None
    if match["holder"]:
        return Prefix(match[0], holder=match["holder"], begun=begun)
    return Prefix(begun, begun=begun, call=_call(text, scan.brackets, start))


def _is_dot(before: str) -> bool:
    return before.endswith(".") and not before.endswith("...")


def _key(text: str, brackets: list[_Bracket], start: int) -> Prefix | None:
    """The key that begins at `start`, if that is in the brackets of a subscript."""
    if not brackets:
        return None
    bracket = brackets[-1].start
    if text[bracket + 1 : start].strip():
        return None
    match = _SUBSCRIPT.search(text, max(0, bracket - _LONGEST_NAME), bracket + 1)
    if match is None or _is_dot(text[: match.start()].rstrip()):
        return None
    holder = match["holder"]
    return Prefix(text[match.start() :], holder=holder, begun=text[start:], is_key=True)


def _call(text: str, brackets: list[_Bracket], word: int) -> Call | None:
    """The call in whose brackets a new argument begins at `word`."""
    if not brackets or text[brackets[-1].start] != "(":
        return None
    bracket = brackets[-1]
    cuts = [bracket.start, *bracket.commas]
    match = _CALLEE.search(text, max(0, bracket.start - _LONGEST_NAME), bracket.start)
    if match is None or _COMMENT.sub("", text[cuts[-1] + 1 : word]).strip():
        return None
    before = text[: match.start()].rstrip()
    if before.endswith(_DEFINES) or _is_dot(before):
        return None
    given: list[str] = []
    positional: int | None = 0
    for start, end in pairwise(cuts):
        argument = text[start + 1 : end]
        if named := _ARGUMENT.match(argument):
            given.append(named[1])
        elif argument.lstrip()[:1] == "*":
            positional = None
        elif positional is not None:
            positional += 1
    return Call(match["callee"], tuple(given), positional)


def _scan(text: str) -> _Scan:
    brackets: list[_Bracket] = []
    statement = position = 0
    in_comment = False
    prefix = -1
    """Where a word began that ends where the next token starts, if it can be a string's prefix."""
    while match := _TOKEN.search(text, position):
        start, position = match.span()
        group = match.lastgroup
        if group == "quotes":
            quotes = match["quotes"]
            end = _END[quotes].match(text, position)
            if end is None:
                newline = text.find("\n", position) if len(quotes) == 1 else -1
                if newline < 0 or text[newline - 1] == "\\":
                    before = text[prefix:start] if prefix >= 0 else ""
                    begin = prefix if before.lower() in _PREFIXES else start
                    return _Scan(brackets, statement, (begin, position), in_comment=False)
                position = newline
            else:
                position = end.end()
        elif group == "mark":
            mark = match["mark"]
            if mark in "([{":
                brackets.append(_Bracket(start, []))
            elif mark in ")]}":
                if brackets:
                    brackets.pop()
            elif brackets:
                if mark == ",":
                    brackets[-1].commas.append(start)
            elif mark != ",":
                statement = position
        in_comment = group == "comment" and position == len(text)
        next_to_quotes = group == "word" and text[position : position + 1] in ("'", '"')
        prefix = start if next_to_quotes else -1
    return _Scan(brackets, statement, None, in_comment)


def _open_field(text: str) -> str | None:
    """The text of the replacement field that an f-string's text leaves open."""
    opens: list[int] = []
    for match in _FIELD.finditer(text):
        if match[0] == "{" or (match[0] == "{{" and opens):
            opens.append(match.end())
        elif match[0] == "}" and opens:
            opens.pop()
    return text[opens[0] :] if opens else None
