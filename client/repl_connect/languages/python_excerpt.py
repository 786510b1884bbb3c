"""A piece out of the middle of a Python text, as code that can be compiled on its own.

The indentation that the piece has as a whole is taken away, line by line, as a compiler sees lines:
one that goes on in a string stays as it is. Nothing else changes, nor does the number of lines. A
piece that starts in the middle of a line has the indentation of that line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from repl_connect.languages.python_tokens import tokens

__all__ = ["extracted"]

_BLANKS: Final = " \t\f"


def extracted(text: str, start: int, end: int) -> str:
    """The piece without its indentation; as it is, if that would not leave what it means."""
    line_start = text.rfind("\n", 0, start) + 1
    before = text[line_start:start]
    blanks = _blanks(before)
    piece = text[start:end]
    piece = blanks + (piece if blanks == before else piece.lstrip(_BLANKS))
    lines = list(_lines(piece))
    indentation = next((_blanks(line) for line, kind in lines if kind == "code"), "")
    if not indentation or any(
        kind == "code" and not line.startswith(indentation) for line, kind in lines
    ):
        return text[start:end]
    return "\n".join(
        line if kind == "string" else line[_shared(line, indentation) :] for line, kind in lines
    )


def _blanks(line: str) -> str:
    return line[: len(line) - len(line.lstrip(_BLANKS))]


def _shared(line: str, indentation: str) -> int:
    """How much of an indentation a line starts with."""
    count = 0
    while count < min(len(line), len(indentation)) and line[count] == indentation[count]:
        count += 1
    return count


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Each line, and what its indentation is.

    "code" where it says to which block a statement belongs, "string" where it is part of a string,
    "free" where it means nothing: in brackets, after a backslash, before a comment.
    """
    kinds: dict[int, str] = {}
    depth = 0
    fresh = True
    for kind, start, stop in tokens(text):
        if kind == "newline":
            fresh = True
            continue
        if fresh:
            line = text.rfind("\n", 0, start) + 1
            kinds.setdefault(line, "free" if kind == "comment" or depth else "code")
            fresh = False
        if kind in ("string", "half", "cut"):
            for position in range(start, stop):
                if text[position] == "\n":
                    kinds[position + 1] = "string"
        elif kind in ("open", "close"):
            depth = max(0, depth + (1 if kind == "open" else -1))
    position = 0
    for each in text.split("\n"):
        yield each, kinds.get(position, "free")
        position += len(each) + 1
