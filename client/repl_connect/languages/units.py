"""What one sends of a file: a form, a cell, a line and so on, found from a position in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from repl_connect.languages.cells import cell_at
from repl_connect.languages.language import Language
from repl_connect.languages.spans import span_at, without_blanks

__all__ = ["UNITS", "unit_at"]


def unit_at(language: Language, text: str, position: int, unit: str) -> tuple[int, int] | None:
    """Where the unit that a position is in starts and ends; None if there is none.

    `unit` is one of `UNITS`; `KeyError` if it isn't. A form that has a position beside it on the
    line counts, one that is not finished doesn't.
    """
    return UNITS[unit](language, text, min(max(position, 0), len(text)))


def _form(language: Language, text: str, position: int) -> tuple[int, int] | None:
    return _whole(language, text, language.code_at(text, position))


def _root(language: Language, text: str, position: int) -> tuple[int, int] | None:
    return _whole(language, text, span_at(text, language.statements(text), position))


def _whole(language: Language, text: str, span: tuple[int, int] | None) -> tuple[int, int] | None:
    """The span, if every bracket that opens in it is closed."""
    if span is None or any(
        each.partner is None and span[0] <= each.position < span[1] and text[each.position] in "([{"
        for each in language.brackets(text)
    ):
        return None
    return span


def _cell(language: Language, text: str, position: int) -> tuple[int, int] | None:
    return cell_at(text, position, language.comment_prefix)


def _word(language: Language, text: str, position: int) -> tuple[int, int] | None:
    name = language.symbol_at(text, position)
    start = text.rfind(name, max(0, position - len(name)), position + len(name)) if name else -1
    return (start, start + len(name)) if start >= 0 else None


def _line(_language: Language, text: str, position: int) -> tuple[int, int] | None:
    end = text.find("\n", position)
    return without_blanks(text, text.rfind("\n", 0, position) + 1, len(text) if end < 0 else end)


def _paragraph(_language: Language, text: str, position: int) -> tuple[int, int] | None:
    blank = re.compile(r"^[^\S\n]*$", re.MULTILINE)
    start = 0
    for match in blank.finditer(text):
        if match.start() <= position <= match.end():
            return None
        if match.start() > position:
            return without_blanks(text, start, match.start())
        start = match.end()
    return without_blanks(text, start, len(text))


def _buffer(_language: Language, text: str, _position: int) -> tuple[int, int] | None:
    return without_blanks(text, 0, len(text))


UNITS: Final[Mapping[str, Callable[[Language, str, int], tuple[int, int] | None]]] = {
    "form": _form,
    "root": _root,
    "cell": _cell,
    "word": _word,
    "line": _line,
    "paragraph": _paragraph,
    "buffer": _buffer,
}
"""What is sent. `form` is the innermost list or statement, `root` the one at the top level."""
