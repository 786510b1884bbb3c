"""Positions of Neovim (rows, and columns in bytes) in a text, and back."""

from __future__ import annotations

__all__ = ["offset_of", "place_of"]


def offset_of(text: str, row: int, column: int) -> int:
    """Where in the text a position is: rows from 0, columns in bytes of UTF-8. Clipped to it."""
    start = 0
    for _ in range(row):
        end = text.find("\n", start)
        if end < 0:
            return len(text)
        start = end + 1
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)]
    encoded = line.encode("utf-8", "surrogateescape")[:column]
    return start + len(encoded.decode("utf-8", "surrogateescape"))


def place_of(text: str, offset: int) -> tuple[int, int]:
    """The row and the column, in bytes, of a place in the text."""
    row = text.count("\n", 0, offset)
    start = text.rfind("\n", 0, offset) + 1
    return row, len(text[start:offset].encode("utf-8", "surrogateescape"))
