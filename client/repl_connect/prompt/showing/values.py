"""Values as they are shown: the first part of a large one, and the way to the rest."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

from repl_connect.escapes import visible
from repl_connect.session import Value

__all__ = ["Shown", "ValueView", "as_lines", "write_file"]

_CHARACTERS: Final = 20_000
_SCREENS: Final = 3


class Shown(NamedTuple):
    """A part of a value to show, and a sentence about what is not shown; empty if nothing is."""

    text: str
    remark: str


class ValueView:
    """The last value, whole, and how much of it has been shown."""

    def __init__(self) -> None:
        self._last: Value | None = None
        self._position = 0

    def show(self, value: Value, *, rows: int, columns: int, lines: int = 0) -> Shown:
        """Take a new value; its first part, for a screen of this size.

        `lines` is how many rows of it are shown at once; 0 for three screens.
        """
        self._last = value
        self._position = 0
        return self._next(value, lines or rows * _SCREENS, columns)

    def more(self, *, rows: int, columns: int, lines: int = 0) -> Shown | None:
        """The next part of the last value; None if there is none."""
        if self._last is None or self._position >= len(self._last.text):
            return None
        return self._next(self._last, lines or rows * _SCREENS, columns)

    def value(self) -> Value:
        """The last value. Raises `LookupError` if there is none."""
        if self._last is None:
            raise LookupError("There is no value yet.")
        return self._last

    def save(self, path: str) -> str:
        """Write the whole of the last one, as it was sent, to a file; a sentence about it.

        Raises `OSError`, and `LookupError` if there is no value.
        """
        value = self.value()
        target = write_file(path, as_lines(value.text))
        cut = " (cut by the other side before it came)" if value.truncated else ""
        return f"{len(value.text):,} characters{cut} are in {target}."

    def _next(self, value: Value, rows: int, columns: int) -> Shown:
        text = value.text
        start = self._position
        end = _fitting(text, start, rows, max(columns, 1))
        self._position = end
        left = len(text) - end
        remarks = []
        if left:
            lines = text.count("\n", end)
            more = f"{left:,} more characters" + (f" in {lines + 1:,} lines" if lines else "")
            remarks.append(f"… {more}: ,more shows them, ,page all of it, ,save FILE keeps it.")
        if value.truncated:
            remarks.append(
                "The other side sent only the beginning of this value: "
                ",set printing.quota BYTES, and evaluate again."
            )
        return Shown(text=visible(text[start:end]), remark=" ".join(remarks))


def write_file(path: str, data: bytes) -> str:
    """Write data to a file whose path may begin with `~`; its path. Raises `OSError`.

    A pipe that nobody reads is an error, and not waited for.
    """
    target = os.path.expanduser(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK | os.O_CLOEXEC
    with open(os.open(target, flags, 0o666), "wb") as file:
        file.write(data)
    return target


def as_lines(text: str) -> bytes:
    """A value for a file or a program: UTF-8, with a newline at its end."""
    return (text if text.endswith("\n") else text + "\n").encode("utf-8", "replace")


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
