"""A table whose rows have keys: told all its rows, it changes those cells that differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import ClassVar, Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Span, Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

__all__ = ["Heading", "KeyedTable", "Row"]

_ROW: Final = "row"  # the key of the one column
_MANY: Final = 50
"""More new and gone rows than that, and the table is filled anew, which is then faster."""


class Heading(NamedTuple):
    """A column: its title and its width in cells.

    A column with a `share` gets that part of the cells that are left, and no less than its width.
    A column of a `narrowest` above 0 is left out in tables that are narrower. What is too long is
    cut at its end, or, with `keeps_end`, as suits paths, at its beginning.
    """

    title: str
    width: int
    share: int = 0
    narrowest: int = 0
    keeps_end: bool = False


class Row(NamedTuple):
    """A row; its key stays the same when its cells change. Each cell has one style."""

    key: str
    cells: tuple[Text, ...]


class KeyedTable(DataTable[Text]):
    """Rows with a cursor, which stays on its row whatever comes and goes around it.

    Only a cursor on the first row of a table that has no focus stays there, on what is newest.

    For `DataTable` a row is one cell, put together here when it changes: it draws all cells that
    are to be seen again when one of them has changed, and that takes long.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Look at it"),
        Binding("home", "scroll_top", "First", show=False),
        Binding("end", "scroll_bottom", "Last", show=False),
    ]

    def __init__(self, *headings: Heading, id: str | None = None) -> None:  # noqa: A002
        super().__init__(cursor_type="row", cell_padding=0, id=id)
        self._headings = headings
        self._shown: dict[str, tuple[Text, ...]] = {}
        self._widths: dict[int, int] = {}
        self._width = 0

    @property
    def current(self) -> str | None:
        """The key of the row under the cursor; None in an empty table."""
        return next(islice(self._shown, self.cursor_row, None), None)

    @property
    def texts(self) -> list[tuple[str, ...]]:
        """The cells of all rows as they were given, whether there is room for them or not."""
        return [tuple(map(str, cells)) for cells in self._shown.values()]

    def cells_of(self, column: int) -> int:
        """How many cells wide a column is; 0 if there is no room for it."""
        return self._widths.get(column, 0)

    def fill(self, rows: Sequence[Row]) -> None:
        """Have these rows, in this order."""
        wanted = {row.key: row.cells for row in rows}
        if not self._widths:
            self._shown = wanted  # drawn when it gets its size
            return
        gone = [key for key in self._shown if key not in wanted]
        new = [key for key in wanted if key not in self._shown]
        if len(gone) + len(new) > _MANY:
            self._refill(wanted)
            return
        stay = self._stay
        for key in gone:
            self.remove_row(key)
            del self._shown[key]
        for key, cells in self._shown.items():
            if not _same(cells, wanted[key]):
                self.update_cell(key, _ROW, self._line(wanted[key]))
        for key in new:
            self.add_row(self._line(wanted[key]), key=key)
        ordered = not (gone or new) and list(wanted) == list(self._shown)
        if not ordered and list(wanted) != [*self._shown, *new]:
            places = {key: place for place, key in enumerate(wanted)}
            lines = {id(self.get_cell(key, _ROW)): place for key, place in places.items()}
            self.sort(_ROW, key=lambda line: lines[id(line)])
        self._shown = wanted
        if not ordered:
            self._put_cursor(stay)

    def on_resize(self, event: events.Resize) -> None:
        """Share the width out anew."""
        if event.size.width != self._width:
            self._width = event.size.width
            self._share()
            self._refill(self._shown, columns=True)

    def _refill(self, wanted: dict[str, tuple[Text, ...]], *, columns: bool = False) -> None:
        stay = self._stay
        self.clear(columns=columns)
        if columns:
            titles = tuple(Text(each.title) for each in self._headings)
            self.add_column(self._line(titles), width=self._width, key=_ROW)
        self._shown = wanted
        for key, cells in wanted.items():
            self.add_row(self._line(cells), key=key)
        self._put_cursor(stay)

    def _share(self) -> None:
        """Share the width out to the columns that there is room for."""
        width = self._width
        fitting = {
            number: each for number, each in enumerate(self._headings) if each.narrowest <= width
        }
        taken = sum(each.width + 1 for each in fitting.values())
        left = max(width - taken - self.styles.scrollbar_size_vertical, 0)
        shares = sum(each.share for each in fitting.values())
        self._widths = {
            number: each.width + (left * each.share // shares if each.share else 0)
            for number, each in fitting.items()
        }

    def _line(self, cells: tuple[Text, ...]) -> Text:
        """A row, each cell in its column's width."""
        parts: list[str] = []
        spans: list[Span] = []
        place = 0
        for number, width in self._widths.items():
            cell = cells[number]
            part = self._fitted(cell.plain, width, number, right=cell.justify == "right") + " "
            if cell.style:
                spans.append(Span(place, place + len(part), cell.style))
            parts.append(part)
            place += len(part)
        return Text("".join(parts), end="", no_wrap=True, spans=spans)

    def _fitted(self, text: str, width: int, number: int, *, right: bool) -> str:
        """A text in exactly so many cells."""
        excess = (len(text) if text.isascii() else cell_len(text)) - width
        if excess <= 0:
            return " " * -excess + text if right else text + " " * -excess
        if self._headings[number].keeps_end:
            return set_cell_size("…" + text[len(text) - width + 1 :], width)
        return set_cell_size(text, width - 1) + "…" if width else ""

    @property
    def _stay(self) -> str | None:
        """The key of the row that the cursor is to stay on; None for the first, whichever it is."""
        return self.current if self.has_focus or self.cursor_row else None

    def _put_cursor(self, key: str | None) -> None:
        if key is None:
            self.move_cursor(row=0)
        elif key in self._shown:
            self.move_cursor(row=self.get_row_index(key))


def _same(some: tuple[Text, ...], others: tuple[Text, ...]) -> bool:
    """Whether cells look the same. Each has one style."""
    return some is others or all(
        one.plain == other.plain and one.style == other.style
        for one, other in zip(some, others, strict=True)
    )
