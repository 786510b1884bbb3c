"""Texts with the cursor in them, for tables that can be read: `(a |b)`."""

from __future__ import annotations

from repl_connect.languages import Language, language_named
from repl_connect.languages.language import Structure

__all__ = ["marked", "place", "structure", "unmarked"]


def unmarked(text: str) -> tuple[str, int]:
    """The text without its cursor, and where that was."""
    position = text.index("|")
    return text[:position] + text[position + 1 :], position


def marked(text: str, position: int) -> str:
    """The text with the cursor in it."""
    return text[:position] + "|" + text[position:]


def place(text: str, position: int | None) -> str | None:
    """Where a move went; None if it went nowhere."""
    return None if position is None else marked(text, position)


def structure(language: str) -> Structure:
    """A language's moves and edits."""
    found: Language = language_named(language)
    assert found.structure is not None
    return found.structure
