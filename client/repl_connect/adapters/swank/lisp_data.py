"""S-expressions as Lisp programs send each other: lists, strings, numbers, symbols.

No text is evaluated and nothing is interned. `nil` and the empty list are the same, `[]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

__all__ = ["MOST_DEEP", "Datum", "Symbol", "as_text", "read"]

MOST_DEEP: Final = 100
"""How deep lists are nested at most: writing one takes a call for each level."""


class Symbol(str):
    """A symbol, as it is written: `t`, `:return`, `swank:backtrace`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Symbol({str(self)!r})"


Datum: TypeAlias = "str | int | Symbol | list[Datum]"

_TOKEN: Final = re.compile(
    r"""\s+ | (?P<open>\() | (?P<close>\))
    | "(?P<string>[^"\\]*(?:\\.[^"\\]*)*)"
    | '
    | (?P<atom>(?:[^\s()"'|\\]|\\.|\|(?:[^|\\]|\\.)*\|)+)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,1000}\Z")


def read(text: str) -> Datum:
    """The one datum in a text. Raises `ValueError` if that is not what is in it.

    A quote is ignored, a dot is read as a symbol, and so is what has no syntax here.
    """
    done: list[Datum] = []
    lists = [done]
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"character {at} begins nothing that is known: {text[at : at + 20]!r}")
        at = token.end()
        kind = token.lastgroup
        if kind == "open":
            inner: list[Datum] = []
            lists[-1].append(inner)
            lists.append(inner)
            if len(lists) > MOST_DEEP:
                raise ValueError(f"lists are nested more than {MOST_DEEP} deep")
        elif kind == "close":
            if len(lists) == 1:
                raise ValueError("a list ends that has not begun")
            lists.pop()
        elif kind == "string":
            string = token["string"]
            lists[-1].append(_ESCAPED.sub(r"\1", string) if "\\" in string else string)
        elif kind == "atom":
            lists[-1].append(_atom(token["atom"]))
    if len(lists) > 1 or len(done) != 1:
        raise ValueError("a list does not end" if len(lists) > 1 else f"{len(done)} data, not one")
    return done[0]


def _atom(text: str) -> Datum:
    if _INTEGER.match(text):
        return int(text)
    return [] if text.lower() == "nil" else Symbol(text)


def as_text(datum: str | int | Sequence[object] | None) -> str:
    """How a datum is written: `None` and `False` as `nil`, `True` as `t`, any sequence as a list.

    Raises `TypeError` for what is no datum.
    """
    if isinstance(datum, Symbol):
        return datum
    if isinstance(datum, str):
        return '"' + datum.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if datum is None or datum is False:
        return "nil"
    if datum is True:
        return "t"
    if isinstance(datum, int):
        return str(datum)
    if not isinstance(datum, Sequence) or isinstance(datum, bytes):
        raise TypeError(f"{datum!r} can't be written as Lisp data")
    return "(" + " ".join(map(as_text, datum)) + ")" if datum else "nil"  # type: ignore[arg-type]
