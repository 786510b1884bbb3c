"""A text that scrolls: only the rows on the screen are drawn, so its length does not matter."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from repl_connect.dashboard.panels.paging import Matches, PagedText
from repl_connect.escapes import Sanitiser

__all__ = ["TextView"]

_NONE: Final = Matches([], 0, all_found=True)


class TextView(ScrollView, can_focus=True):
    """Shows a text of the other side's, without its control characters; it can be selected.

    It is told a text by `text`, whether long lines go on in the next row by `wraps`, and what to
    mark by `search`.
    """

    ALLOW_SELECT = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "scroll_home", "Top", show=False),
        Binding("G", "scroll_end", "End", show=False),
        Binding("space", "page_down", "Page down", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"text-view--match", "text-view--found"}
    DEFAULT_CSS: ClassVar[str] = """
    TextView {
        background: $surface; color: $foreground; overflow: auto auto; height: 1fr;
        scrollbar-size-vertical: 1;
        & > .text-view--match { background: $secondary-muted; color: $text; }
        & > .text-view--found { background: $accent; color: $text; text-style: bold; }
    }
    """

    def __init__(self, text: str = "", *, wraps: bool = True, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._text = text
        self._wraps = wraps
        self._paged = PagedText(_clean(text))
        self._matches = _NONE
        self._found: int | None = None

    @property
    def text(self) -> str:
        """The text as it was given."""
        return self._text

    @text.setter
    def text(self, text: str) -> None:
        self._text = text
        self._paged = PagedText(_clean(text))
        self._matches, self._found = _NONE, None
        self._lay_out()

    @property
    def shown(self) -> str:
        """The text as it is shown."""
        return self._paged.text

    @property
    def wraps(self) -> bool:
        """Whether a long line goes on in the next row."""
        return self._wraps

    @wraps.setter
    def wraps(self, wraps: bool) -> None:
        top = self._paged.row(self._top).start if self.is_mounted else 0
        self._wraps = wraps
        self._lay_out()
        self.scroll_to(0, self._paged.row_of(top), animate=False, force=True)

    @property
    def position(self) -> str:
        """Which lines are on the screen: `lines 1-20 of 100,000`."""
        paged, top = self._paged, self._top
        first = paged.line_of_row(top) + 1
        last = paged.line_of_row(min(top + max(self.size.height, 1), paged.rows) - 1) + 1
        if paged.lines == 1 and paged.rows > 1:
            return f"row {top + 1:,} of {paged.rows:,} of one line"
        which = f"line {first:,}" if first == last else f"lines {first:,}-{last:,}"
        return f"{which} of {paged.lines:,}"

    def search(self, wanted: str) -> str:
        """Mark where a text stands, go to the next place; tells how many there are, in words."""
        self._matches = self._paged.find(wanted)
        self._found = None
        if not self._matches.starts:
            self.refresh()
            return "not found" if wanted else ""
        offset = self._paged.row(self._top).start
        return self._go_to(bisect_left(self._matches.starts, offset))

    def search_on(self, step: int) -> str:
        """Go so many places on, or back; after the last comes the first."""
        if not self._matches.starts:
            return "not found" if self._matches.length else ""
        return self._go_to((self._found if self._found is not None else -1) + step)

    def render_line(self, y: int) -> Strip:
        """Draw one row of the screen."""
        left, top = self.scroll_offset
        width = self.scrollable_content_region.width
        number, style = top + y, self.rich_style
        if number >= self._paged.rows:
            return Strip.blank(width, style)
        span = self._paged.row(number, left, width)
        cuts = self._styled(number, span.start, span.end)
        text = self._paged.text
        segments = [
            Segment(text[here:there], style + more if more else style)
            for (here, more), (there, _) in pairwise(cuts)
            if there > here
        ]
        strip = Strip(segments)
        if span.indent < 0:  # half of a wide character is left of the screen
            strip = strip.crop(-span.indent)
        strip = strip.adjust_cell_length(width, style)
        return strip.apply_offsets(span.start - self._paged.row(number).start, number)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text that is selected, without the breaks that wrapping makes."""
        start = self._offset(selection.start) if selection.start is not None else 0
        end = self._offset(selection.end) if selection.end is not None else len(self.shown)
        return self.shown[start:end], "\n"

    def on_mount(self) -> None:
        """Divide the text into rows."""
        self._lay_out()

    def on_resize(self, _: events.Resize) -> None:
        """Divide it again."""
        offset = self._paged.row(min(self._top, self._paged.rows - 1)).start
        self._lay_out()
        if self._wraps and self._top:
            self.scroll_to(0, self._paged.row_of(offset), animate=False, force=True)

    def action_page_down(self) -> None:
        """Go a page down at once."""
        self.scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        """Go a page up at once."""
        self.scroll_page_up(animate=False)

    def action_scroll_home(self) -> None:
        """Go to the top at once."""
        self.scroll_home(animate=False)

    def action_scroll_end(self) -> None:
        """Go to the end at once."""
        self.scroll_end(animate=False, x_axis=False)

    def action_page_left(self) -> None:
        """Go a page left at once."""
        self.scroll_page_left(animate=False)

    def action_page_right(self) -> None:
        """Go a page right at once."""
        self.scroll_page_right(animate=False)

    @property
    def _top(self) -> int:
        return int(self.scroll_offset.y)

    def _lay_out(self) -> None:
        """Divide the text into rows of the width there is."""
        if not self.is_mounted:
            return
        width = self.container_size.width - self.styles.scrollbar_size_vertical
        self._paged.wrap(max(width, 1) if self._wraps else None)
        self.virtual_size = Size(0 if self._wraps else self._paged.widest, self._paged.rows)
        self.refresh()

    def _go_to(self, number: int) -> str:
        starts = self._matches.starts
        self._found = number = number % len(starts)
        offset = starts[number]
        row = self._paged.row_of(offset)
        height, width = self.size
        x = 0
        left = int(self.scroll_offset.x)
        if not self._wraps:
            cell = self._paged.cell_of(offset)
            x = left if left <= cell < left + height - 10 else max(cell - height // 2, 0)
        y = self._top if self._top <= row < self._top + width else max(row - width // 3, 0)
        self.scroll_to(x, y, animate=False, force=True)
        self.refresh()
        many = f"{len(starts):,}{'' if self._matches.all_found else ' and more'}"
        return f"{number + 1:,} of {many}"

    def _styled(self, number: int, start: int, end: int) -> list[tuple[int, Style | None]]:
        """Where in a part of the text another style begins; the last pair is its end."""
        cuts: list[tuple[int, Style | None]] = [(start, None)]
        selection = self.text_selection
        span = selection.get_span(number) if selection is not None else None
        if span is not None:
            first = self._paged.row(number).start
            marked = self.screen.get_component_rich_style("screen--selection")
            to = end if span[1] == -1 else min(first + span[1], end)
            cuts += [(min(max(first + span[0], start), end), marked), (to, None)]
        else:
            starts, length, _ = self._matches
            every = range(bisect_right(starts, start - length), bisect_left(starts, end))
            for each in every:
                kind = "found" if each == self._found else "match"
                marked = self.get_component_rich_style(f"text-view--{kind}")
                cuts += [(max(starts[each], start), marked)]
                cuts += [(min(starts[each] + length, end), None)]
        return [*cuts, (end, None)]

    def _offset(self, place: Offset) -> int:
        row = self._paged.row(min(place.y, self._paged.rows - 1))
        return min(row.start + place.x, row.end)


def _clean(text: str) -> str:
    sanitiser = Sanitiser(colours=False, shows_controls=True)
    return sanitiser.clean(text) + sanitiser.end()
