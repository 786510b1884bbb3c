"""Tables and facts as styled text, cut to the terminal's width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Final

from prompt_toolkit.utils import get_cwidth

from repl_connect.escapes import visible

__all__ = ["MOST_ROWS", "beginning", "cut", "facts", "line_of", "table"]

MOST_ROWS: Final = 200
"""Of a table; how many more there are is said."""

_WIDEST: Final = 36  # cells of a column that is not the last, and not more than half the terminal
_NARROWEST: Final = 8  # cells left to the last one
_LONGEST_LINE: Final = 2_000
_LINES: Final = 60
_CHARACTERS: Final = 4_000


def line_of(text: object) -> str:
    """Text of the other side's as one line without control characters; empty for None."""
    if text is None:
        return ""
    return " ".join(visible(str(text)[:_LONGEST_LINE]).split())


def cut(text: str, cells: int) -> str:
    """The text, ended with … if it is wider than so many cells."""
    if get_cwidth(text) <= cells:
        return text
    width, kept = 0, []
    for char in text:
        width += get_cwidth(char)
        if width > cells - 1:
            break
        kept.append(char)
    return "".join(kept) + "…"


def table(
    columns: int, heads: Sequence[str], rows: Sequence[Sequence[object]]
) -> list[tuple[str, str]]:
    """Rows under their heads, each on a line of at most `columns` cells; `MOST_ROWS` of them."""
    cells = [[line_of(cell) for cell in row] for row in rows[:MOST_ROWS]]
    widest = max(min(_WIDEST, columns // 2), _NARROWEST)
    widths = [
        min(max(get_cwidth(row[column]) for row in (list(heads), *cells)), widest)
        for column in range(len(heads))
    ]
    widths[-1] = max(columns - 1 - sum(width + 2 for width in widths[:-1]), _NARROWEST)
    fragments = [("class:heading", _row(heads, widths, columns))]
    fragments += [("", _row(row, widths, columns)) for row in cells]
    if len(rows) > MOST_ROWS:
        fragments.append(("class:note", f"… {len(rows) - MOST_ROWS} more\n"))
    return fragments


def facts(columns: int, pairs: Iterable[tuple[str, object]]) -> list[tuple[str, str]]:
    """Names and what there is to say of each, wrapped; those with nothing to say are left out."""
    told = [(name, line_of(text)) for name, text in pairs]
    told = [(name, text) for name, text in told if text]
    indent = max((len(name) for name, _ in told), default=0) + 2
    if columns < 3 * indent:  # too narrow for two columns
        indent = 2
    fragments: list[tuple[str, str]] = []
    for name, text in told:
        width = max(columns - 1 - indent, _NARROWEST)
        first, *rest = textwrap.wrap(text, width, break_on_hyphens=False) or [""]
        if len(name) >= indent:
            fragments += [("class:label", name), ("", "\n" + " " * indent + first + "\n")]
        else:
            fragments += [("class:label", name.ljust(indent)), ("", first + "\n")]
        fragments += [("", " " * indent + line + "\n") for line in rest]
    return fragments


def beginning(text: str, rest: str, *, whole: bool = False) -> tuple[str, str]:
    """The first lines of a text of the other side's, and how to get what is left out of it.

    `rest` says so after the number of characters: `,result 1 page shows all`. `whole`: all lines.
    """
    if whole:
        return visible(text), ""
    kept = "".join(text[:_CHARACTERS].splitlines(keepends=True)[:_LINES])
    left = len(text) - len(kept)
    return visible(kept), f"… {left:,} more characters: {rest}." if left else ""


def _row(cells: Sequence[str], widths: Sequence[int], columns: int) -> str:
    padded = []
    for cell, width in zip(cells, widths, strict=True):
        shown = cut(cell, width)
        padded.append(shown + " " * (width - get_cwidth(shown)))
    return cut("  ".join(padded).rstrip(), max(columns - 1, 1)) + "\n"
