"""A text in rows of a width, of which any can be had at once, however long text and lines are.

A row is a part of the text from one offset to another. Where each line begins is found once, in
what order rows follow once for each width; nothing is copied. A line of which all characters are
one cell wide is divided by counting; only others are measured, one after another, when they could
be wider than a row.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from itertools import accumulate
from typing import Final, NamedTuple

from rich.cells import get_character_cell_size

__all__ = ["MOST_MATCHES", "Matches", "PagedText", "Span"]

MOST_MATCHES: Final = 10_000
"""Places that one search finds at most."""

_TAB: Final = 8
_MAY_DIFFER: Final = re.compile(
    "[^ -~\xa0-\xac\xae-\u02ff\u0370-\u0482\u2010-\u2026\u2190-\u21ff\u2200-\u22ff\u2500-\u25fc]"
)
"""A character that may be wider or narrower than one cell; newlines are not looked at."""

_MEASURED: Final = 4_000_000
"""Characters whose widths are remembered, of all lines that had to be measured."""


class Span(NamedTuple):
    """A part of the text. `indent` below 0: so many cells of it are left of what is to be seen."""

    start: int
    end: int
    indent: int = 0


class Matches(NamedTuple):
    """Where a text stands, in order; `all_found` False if there are more places than that."""

    starts: list[int]
    length: int
    all_found: bool


class PagedText:
    """A text in rows: its lines, or (`wrap`) these in parts of so many cells.

    Tabs are widened to eight cells; offsets are of `text`, which is what is shown.
    """

    def __init__(self, text: str) -> None:
        self.text = text.removesuffix("\n").expandtabs(_TAB)
        lengths = list(map(len, self.text.split("\n")))
        self._starts = [0, *accumulate(map((1).__add__, lengths))]
        self._longest = max(lengths)
        self._narrow = self.text.isascii() or not _MAY_DIFFER.search(self.text.replace("\n", ""))
        self._width: int | None = None
        self._tops: list[int] | None = None
        self._breaks: dict[int, array[int]] = {}
        self._cells: dict[int, array[int]] = {}
        self._sizes = _Sizes()
        self._measured = 0
        self._widest: int | None = None

    @property
    def lines(self) -> int:
        """How many lines there are, at least one."""
        return len(self._starts) - 1

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.lines if self._tops is None else self._tops[-1]

    @property
    def widest(self) -> int:
        """Cells of the widest row."""
        if self._width is not None:
            return min(self._width, 2 * self._longest)
        if self._widest is None:
            self._widest = self._longest if self._narrow else self._widest_line()
        return self._widest

    def wrap(self, width: int | None) -> None:
        """Have rows of so many cells; of whole lines, if None."""
        self._width = width = None if width is None else max(width, 2)
        self._tops = None
        self._breaks.clear()
        if width is None or self._longest * (1 if self._narrow else 2) <= width:
            return
        starts = self._starts
        if self._narrow:
            lengths = map(int.__sub__, starts[1:], starts)  # each with its newline
            counts = [max((length + width - 2) // width, 1) for length in lengths]
        else:
            counts = [self._parts(line, width) for line in range(self.lines)]
        self._tops = [0, *accumulate(counts)]

    def row(self, number: int, left: int = 0, width: int | None = None) -> Span:
        """The part of the text that a row shows; of `width` cells from the cell `left` on."""
        line = self._line_of_row(number)
        start, end = self._ends(line)
        if self._tops is not None:
            part, width_of = number - self._tops[line], self._width or 1
            if (breaks := self._breaks.get(line)) is not None:
                return Span(start + breaks[part], start + breaks[part + 1])
            start += part * width_of
            return Span(start, min(start + width_of, end))
        if width is None:
            return Span(start, end)
        if self._is_narrow(start, end):
            first = min(start + left, end)
            return Span(first, min(first + width, end))
        cells = self._cells_of(line)
        first = min(bisect_right(cells, left) - 1, end - start)
        last = bisect_right(cells, left + width) - 1
        return Span(start + first, start + max(last, first), min(cells[first] - left, 0))

    def row_of(self, offset: int) -> int:
        """The row that a character stands in."""
        line = min(bisect_right(self._starts, offset) - 1, self.lines - 1)
        if self._tops is None:
            return line
        within = min(offset, self._ends(line)[1]) - self._starts[line]
        if (breaks := self._breaks.get(line)) is not None:
            part = bisect_right(breaks, within) - 1
            return self._tops[line] + min(part, len(breaks) - 2)
        part = within // (self._width or 1)
        return self._tops[line] + min(part, self._tops[line + 1] - self._tops[line] - 1)

    def line_of_row(self, number: int) -> int:
        """The line that a row is of, from 0."""
        return self._line_of_row(number)

    def cell_of(self, offset: int) -> int:
        """How many cells a character stands right of its line's first."""
        line = min(bisect_right(self._starts, offset) - 1, self.lines - 1)
        start, end = self._ends(line)
        if self._is_narrow(start, end):
            return offset - start
        return self._cells_of(line)[offset - start]

    def find(self, wanted: str) -> Matches:
        """Where a text stands; capitals matter only if it has some."""
        text = self.text
        if wanted == wanted.lower():
            text = text.lower()
            if len(text) != len(self.text):  # of some characters the small form is two
                text = self.text
        starts: list[int] = []
        place = text.find(wanted) if wanted else -1
        while place >= 0 and len(starts) < MOST_MATCHES:
            starts.append(place)
            place = text.find(wanted, place + len(wanted))
        return Matches(starts, len(wanted), place < 0)

    def _line_of_row(self, number: int) -> int:
        if self._tops is None:
            return min(number, self.lines - 1)
        return min(bisect_right(self._tops, number) - 1, self.lines - 1)

    def _ends(self, line: int) -> tuple[int, int]:
        """Where a line begins and ends."""
        return self._starts[line], self._starts[line + 1] - 1

    def _is_narrow(self, start: int, end: int) -> bool:
        return self._narrow or _MAY_DIFFER.search(self.text, start, end) is None

    def _parts(self, line: int, width: int) -> int:
        """How many rows a line has; where they begin is kept, unless they are to be counted."""
        start, end = self._ends(line)
        length = end - start
        if 2 * length <= width:
            return 1
        if self._is_narrow(start, end):
            return (length + width - 1) // width
        cells = self._cells_of(line)
        breaks = array("L", [0])
        while breaks[-1] < length:
            here = breaks[-1]
            following = bisect_right(cells, cells[here] + width, lo=here) - 1
            breaks.append(max(following, here + 1))
        self._breaks[line] = breaks
        return len(breaks) - 1

    def _cells_of(self, line: int) -> array[int]:
        """For each character of a line, and for its end, the cells before it."""
        found = self._cells.get(line)
        if found is None:
            start, end = self._ends(line)
            sizes = map(self._sizes.__getitem__, self.text[start:end])
            found = array("L", list(accumulate(sizes, initial=0)))
            self._measured += len(found)
            if self._measured > _MEASURED:
                self._cells.clear()
                self._measured = len(found)
            self._cells[line] = found
        return found

    def _widest_line(self) -> int:
        """Cells of the widest line; only those are measured that could be the widest."""
        widest = 0
        for line in range(self.lines):
            start, end = self._ends(line)
            if 2 * (end - start) > widest:
                widest = max(widest, sum(map(self._sizes.__getitem__, self.text[start:end])))
        return widest


class _Sizes(dict[str, int]):
    """The cells of characters, as far as they were asked for: faster than to ask each time."""

    def __missing__(self, character: str) -> int:
        size = self[character] = get_character_cell_size(character)
        return size
