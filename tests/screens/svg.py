"""A terminal's screen as an SVG picture: text that can be selected, in the colours it had."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, unescape

from terminal import Terminal

__all__ = ["svg", "text_of"]

_WIDTH: Final = 8.4  # of a cell, in pixels, for a font of 14
_HEIGHT: Final = 18
_MARGIN: Final = 12
_BACKGROUND: Final = "#1e2127"
_FOREGROUND: Final = "#d6d9de"
_COLOURS: Final = {
    "black": "#1e2127",
    "red": "#ef7a85",
    "green": "#98c379",
    "brown": "#e5c07b",
    "blue": "#73b8f1",
    "magenta": "#d592e8",
    "cyan": "#6fc3cc",
    "white": "#d6d9de",
    "brightblack": "#8f97a6",
    "brightred": "#ff9aa2",
    "brightgreen": "#b5e08f",
    "brightbrown": "#ffd68a",
    "brightblue": "#98cdff",
    "brightmagenta": "#e9b3f7",
    "brightcyan": "#92dfe7",
    "brightwhite": "#ffffff",
}


_TEXT: Final = re.compile(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>(.*)</text>')


class _Look(NamedTuple):
    """What a run of cells has in common."""

    fg: str
    bg: str
    bold: bool
    underline: bool


def svg(terminal: Terminal, *, title: str) -> str:
    """The screen as it is now, without empty rows at its end. `title` is said to who can't see."""
    rows = _rows(terminal)
    columns = terminal.screen.columns
    width = columns * _WIDTH + 2 * _MARGIN
    height = len(rows) * _HEIGHT + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="6" fill="{_BACKGROUND}"/>',
        '<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" '
        'xml:space="preserve">',
    ]
    for number, row in enumerate(rows):
        parts += _row_parts(row, _MARGIN + number * _HEIGHT)
    return "\n".join([*parts, "</g>", "</svg>", ""])


def text_of(picture: str) -> list[str]:
    """The rows of text of such a picture, for comparing."""
    rows: dict[str, str] = {}
    for x, y, text in _TEXT.findall(picture):
        column = round((float(x) - _MARGIN) / _WIDTH)
        rows[y] = rows.get(y, "").ljust(column) + unescape(text)
    return list(rows.values())


def _rows(terminal: Terminal) -> list[list[tuple[int, str, _Look]]]:
    """Runs of cells of one look, by row: their column, text and look."""
    screen = terminal.screen
    cursor = (screen.cursor.y, screen.cursor.x)
    last = max([number for number, line in enumerate(terminal.lines) if line] + [cursor[0]])
    return [
        [
            (run[0][0], "".join(cell[1] for cell in run), look)
            for look, run in _runs(terminal, number, cursor)
        ]
        for number in range(last + 1)
    ]


def _runs(
    terminal: Terminal, number: int, cursor: tuple[int, int]
) -> Iterator[tuple[_Look, list[tuple[int, str]]]]:
    row = terminal.screen.buffer[number]
    cells = []
    for column in range(terminal.screen.columns):
        cell = row[column]
        fg, bg = _colour(cell.fg, _FOREGROUND), _colour(cell.bg, _BACKGROUND)
        if cell.reverse != ((number, column) == cursor):
            fg, bg = bg, fg
        look = _Look(fg, bg, bool(cell.bold), bool(cell.underscore))
        cells.append((look, (column, cell.data or "")))
    for look, run in groupby(cells, key=lambda cell: cell[0]):
        yield look, [cell for _, cell in run]


def _colour(name: str, otherwise: str) -> str:
    if name == "default":
        return otherwise
    return _COLOURS.get(name, f"#{name}")


def _row_parts(row: list[tuple[int, str, _Look]], top: float) -> Iterator[str]:
    for column, text, look in row:
        x = _MARGIN + column * _WIDTH
        if look.bg != _BACKGROUND:
            yield (
                f'<rect x="{x:.1f}" y="{top}" width="{len(text) * _WIDTH:.1f}" '
                f'height="{_HEIGHT}" fill="{look.bg}"/>'
            )
        shown = text.strip()
        if shown:
            x += (len(text) - len(text.lstrip())) * _WIDTH
            weight = ' font-weight="bold"' if look.bold else ""
            line = ' text-decoration="underline"' if look.underline else ""
            yield (
                f'<text x="{x:.1f}" y="{top + _HEIGHT - 5}" fill="{look.fg}"{weight}{line}>'
                f"{escape(shown)}</text>"
            )
