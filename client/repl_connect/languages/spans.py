"""Pieces of a text, as a start and an end: which one a position belongs to."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["span_at", "without_blanks"]


def span_at(text: str, spans: Iterable[tuple[int, int]], position: int) -> tuple[int, int] | None:
    """The one that a position is in, of some that follow each other.

    Else the one that ends before it on the same line, else the one that starts after it there.
    """
    before = after = None
    for start, end in spans:
        if end > position:
            after = start, end
            break
        before = start, end
    if after is not None and after[0] <= position:
        return after
    if before is not None and "\n" not in text[before[1] : position]:
        return before
    return after if after is not None and "\n" not in text[position : after[0]] else None


def without_blanks(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A piece of a text without the blanks and empty lines around it; None if nothing is left."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return (start, start + len(piece.strip())) if piece.strip() else None
