"""Values as they are shown: the first part of a large one, and the way to the rest."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from repl_connect.prompt.escapes import visible
from repl_connect.session import Value

__all__ = ["HIGHLIGHTED", "Shown", "ValueView"]

HIGHLIGHTED: Final = 20_000
"""Characters of a value that are coloured; lexing more of it would be felt."""

_CHARACTERS: Final = 20_000
_SCREENS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A part of a value to show, and a sentence about what is not shown; empty if nothing is."""

    text: str
    remark: str


class ValueView:
    """The last value, whole, and how much of it has been shown."""

    def __init__(self) -> None:
        self._value: Value | None = None
        self._position = 0

    def show(self, value: Value, *, rows: int, columns: int) -> Shown:
        """Take a new value; its first part, for a screen of this size."""
        self._value = value
        self._position = 0
        return self._next(rows * _SCREENS, columns)

    def more(self, *, rows: int, columns: int) -> Shown | None:
        """The next part; None if there is none."""
        if self._value is None or self._position >= len(self._value.text):
            return None
        return self._next(rows * _SCREENS, columns)

    def save(self, path: str) -> str:
        """Write the whole of it, as it was sent, to a file; a sentence about it.

        Raises `OSError`, and `LookupError` if there is no value.
        """
        if self._value is None:
            raise LookupError("There is no value yet.")
        text = self._value.text
        target = os.path.expanduser(path)
        with open(target, "w", encoding="utf-8", errors="replace") as file:
            file.write(text if text.endswith("\n") else text + "\n")
        cut = " (cut by the other side before it came)" if self._value.truncated else ""
        return f"{len(text):,} characters{cut} are in {target}."

    def _next(self, rows: int, columns: int) -> Shown:
        assert self._value is not None
        text = self._value.text
        start = self._position
        end = _fitting(text, start, rows, max(columns, 1))
        self._position = end
        left = len(text) - end
        remarks = []
        if left:
            lines = text.count("\n", end)
            more = f"{left:,} more characters" + (f" in {lines + 1:,} lines" if lines else "")
            remarks.append(f"… {more}: ,more shows them, ,save FILE keeps the whole.")
        if self._value.truncated:
            remarks.append("The other side sent only the beginning of this value.")
        return Shown(text=visible(text[start:end]), remark=" ".join(remarks))


def _fitting(text: str, start: int, rows: int, columns: int) -> int:
    """Where the part ends that has so many rows, and not too many characters."""
    limit = min(len(text), start + _CHARACTERS)
    position = start
    while position < limit and rows > 0:
        newline = text.find("\n", position, limit)
        end = limit if newline < 0 else newline + 1
        taken = max(1, -(-(end - position - (newline >= 0)) // columns))
        if taken > rows:
            return position + rows * columns
        rows -= taken
        position = end
    return position
