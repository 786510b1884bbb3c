"""The record that tells a front end all it needs to know of a language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Language"]


def _always(_: str) -> bool:
    return True


def _never(_: str) -> bool:
    return False


def _no_indent(_: str) -> str:
    return ""


def _no_namespace(_: str | None) -> str:
    return "> "


def _word_before(text: str) -> str:
    start = len(text)
    while start and not text[start - 1].isspace():
        start -= 1
    return text[start:]


def _word_at(text: str, position: int) -> str:
    end = position
    while end < len(text) and not text[end].isspace():
        end += 1
    return _word_before(text[:end])


@dataclass(frozen=True, kw_only=True)
class Language:
    """What a front end knows of a language. Nothing here is evaluated, nothing asks the REPL.

    The defaults are those of plain text: each line is complete in itself.
    """

    name: str
    lexer: str | None = None
    """Pygments' alias of its lexer; None for no highlighting."""
    comment_prefix: str = ""
    is_complete: Callable[[str], bool] = _always
    """Whether the text can be sent: whole forms, or an error that no further line can mend."""
    indent: Callable[[str], str] = _no_indent
    """The blanks that the line after this text starts with."""
    symbol_before: Callable[[str], str] = _word_before
    """The end of the text that a completion would replace; empty if there is nothing."""
    symbol_at: Callable[[str, int], str] = _word_at
    """The name around a position of the text; empty if there is none."""
    display_namespace: Callable[[str | None], str] = _no_namespace
    """The prompt for a namespace, with the blank at its end."""
    is_meta_command: Callable[[str], bool] = _never
    """Whether the text is a command of the REPL's own, to be sent as it is (Guile's `,bt`)."""
    meta_commands: str = ""
    """A line about those commands for the help; empty if there are none."""
