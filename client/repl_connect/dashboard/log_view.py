"""The lines of the log, drawn one by one: what is not on the screen costs nothing."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from repl_connect.dashboard.look import fitted
from repl_connect.dashboard.observing.log import LINES, Log
from repl_connect.dashboard.observing.records import LogLine
from repl_connect.dashboard.panels.messages import Inspect, Notice
from repl_connect.escapes import visible

__all__ = ["LogView"]

_NAME: Final = 14
_PREFIX: Final = 9 + _NAME + 1  # columns before the text: the time, the target
_HUES: Final = 6
_RUSHED: Final = 0.2  # seconds between two times that it is drawn, if whole screens of lines come


class LogView(ScrollView, can_focus=True):
    """The log, or what of it contains `text` and comes from `target`.

    It follows the newest line while it is at the end. Scrolled up it stays with what it shows, and
    counts what is new in `missed`. When more comes than it has place for, which nobody reads as it
    goes by, it is drawn five times a second, and a key is not held up by it.
    """

    class Moved(Message):
        """It follows, or has ceased to, or has other lines."""

    ALLOW_SELECT: ClassVar[bool] = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--time",
        "log--err",
        "log--event",
        "log--note",
        *(f"log--target-{number}" for number in range(_HUES)),
    }
    DEFAULT_CSS = """
    LogView {
        background: $surface;
        color: $foreground;
        overflow-y: scroll;
        overflow-x: auto;
        scrollbar-size: 0 1;
        & > .log--time { color: $text-muted; }
        & > .log--err { color: $text-error; }
        & > .log--event { color: $text-accent; }
        & > .log--note { color: $text-muted; text-style: italic; }
        & > .log--target-0 { color: $text-primary; }
        & > .log--target-1 { color: $text-success; }
        & > .log--target-2 { color: $text-warning; }
        & > .log--target-3 { color: $text-accent; }
        & > .log--target-4 { color: $text-secondary; }
        & > .log--target-5 { color: $text-error; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("end,G", "follow", "Newest", tooltip="Go to the newest line, and follow"),
        Binding("home,g", "oldest", "Oldest", show=False),
        Binding(
            "enter",
            "inspect",
            "Inspect",
            show=False,
            tooltip="Page through all lines that are shown",
        ),
        Binding(
            "y", "copy", "Copy", show=False, tooltip="Copy the selected text, or what is shown"
        ),
    ]
    BINDING_GROUP_TITLE = "Log"

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log
        self._lines: Sequence[LogLine] = ()
        self._read = 0
        self._width = 0
        self._hues: dict[str, int] = {}
        self._base = Style()
        self._taken = -_RUSHED
        self._waits = False
        self.follows = True
        self.missed = 0
        self.target: str | None = None
        self.text = ""

    @property
    def lines(self) -> Sequence[LogLine]:
        """The lines there are, oldest first."""
        return self._lines

    def choose(self, *, target: str | None, text: str) -> None:
        """Show only what comes from this target, and contains this text, whatever its case."""
        if (target, text) != (self.target, self.text):
            self.target, self.text = target, text
            self._lines = ()
            self._read = self._width = 0
            self._take()
            self.action_follow()

    def take_new(self) -> None:
        """Show what the log has got."""
        if self._log.last == self._read or self._waits:
            return
        left = self._taken + _RUSHED - time.monotonic()
        if left > 0 and self._log.last - self._read > self.size.height:
            self._waits = True
            self.set_timer(left, self._take_after_waiting)
            return
        self._taken = time.monotonic()
        top = self.scroll_offset.y
        first = self._lines[top].number if top < len(self._lines) else 0
        new = self._take()
        if not new:
            return
        if self.follows:
            self._to_end()
        else:
            self.missed += new
            self._stay_at(first)
        self.refresh()
        self.post_message(self.Moved())

    def text_of(self, lines: Sequence[LogLine]) -> str:
        """Lines as they are shown, for other places."""
        return "\n".join(f"{_time(line)} {line.target} {_shown(line)}" for line in lines)

    def render_lines(self, crop: Region) -> list[Strip]:
        """What of it is to be drawn again."""
        self._base = self.rich_style  # which costs more than the rest of a line
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        left, top = self.scroll_offset
        width = self.size.width
        style = self._base
        index = top + y
        if index >= len(self._lines):
            return Strip.blank(width, style)
        line = self._lines[index]
        strip = Strip(self._segments(line, index))
        return strip.crop_extend(left, left + width, style).apply_offsets(left, index)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text that the mouse has selected."""
        return selection.extract("\n".join(_whole(line) for line in self._lines)), "\n"

    def selection_updated(self, _: Selection | None) -> None:
        """Show the selection."""
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow at the end, and nowhere else."""
        super().watch_scroll_y(old_value, new_value)
        at_end = new_value >= self.max_scroll_y
        if at_end:
            self.missed = 0
        if at_end != self.follows:
            self.follows = at_end
            self.post_message(self.Moved())

    def on_resize(self) -> None:
        """Stay at the end."""
        if self.follows:
            self.call_after_refresh(self._stay_at_end)

    def action_follow(self) -> None:
        """Go to the newest line, and follow."""
        self.follows = True
        self.missed = 0
        self._to_end()
        self.refresh()
        self.post_message(self.Moved())

    def action_oldest(self) -> None:
        """Go to the oldest line."""
        self.scroll_to(y=0, animate=False)

    def action_inspect(self) -> None:
        """Show all lines in the pager."""
        of = f" of {self.target}" if self.target is not None else ""
        title = f"log{of}, {len(self._lines):,} lines"
        self.post_message(Inspect(title, self.text_of(self._lines)))

    def action_copy(self) -> None:
        """Copy the selected text, or the lines on the screen."""
        selected = self.screen.get_selected_text()
        top = self.scroll_offset.y
        on_screen = self._lines[top : top + self.size.height]
        self.app.copy_to_clipboard(selected or self.text_of(on_screen))
        what = "the selected text" if selected else f"{len(on_screen)} lines"
        self.post_message(Notice(f"Copied {what}, if the terminal allows that."))

    def _take_after_waiting(self) -> None:
        self._waits = False
        self.take_new()

    def _take(self) -> int:
        """Take what the log has got, and let go of the oldest; how many are new."""
        read, self._read = self._read, self._log.last
        if self.text:
            found = self._log.excerpt(self.target, read).containing(self.text)
            new, longest = len(found), max((len(line.text) for line in found), default=0)
            lines: Sequence[LogLine] = [*self._lines, *found][-LINES:] if found else self._lines
        else:
            lines = every = self._log.excerpt(self.target)
            new, longest = len(every) - every.index_from(read + 1), every.longest
        self._lines = lines
        # Control characters, and what is two columns wide, only make this an estimate.
        self._width = max(self._width, longest + _PREFIX) if lines else 0
        size = Size(self._width, len(lines))
        if size != self.virtual_size:
            # Its scrollbars are there or not whatever its size: no layout of the screen is needed.
            self.set_reactive(LogView.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
            self.vertical_scrollbar.window_size = self.size.height
        return new

    def _stay_at(self, number: int) -> None:
        """Have the line of that number at the top, or the next one if it is there no more."""
        index = bisect_left(self._lines, number, key=lambda line: line.number)
        if index != self.scroll_offset.y:
            self.set_reactive(LogView.scroll_y, float(index))
            self.set_reactive(LogView.scroll_target_y, float(index))
            self.vertical_scrollbar.position = index

    def _to_end(self) -> None:
        # Not later: it could then take back what a key has done meanwhile.
        self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    def _stay_at_end(self) -> None:
        if self.follows:  # it may have been scrolled since
            self._to_end()

    def _segments(self, line: LogLine, index: int) -> list[Segment]:
        base = self._base
        name = f"log--target-{self._hue(line.target)}"
        text = _shown(line)
        kind = f"log--{line.stream}"
        styled = kind in self.COMPONENT_CLASSES
        segments = [
            Segment(f"{_time(line)} ", self.get_component_rich_style("log--time")),
            Segment(f"{fitted(line.target, _NAME)} ", self.get_component_rich_style(name)),
            Segment(text, self.get_component_rich_style(kind) if styled else base),
        ]
        selection = self.text_selection
        span = selection.get_span(index) if selection is not None else None
        if span is None:
            return segments
        start, end = span
        chosen = self.screen.get_component_rich_style("screen--selection")
        whole = "".join(segment.text for segment in segments)
        end = len(whole) if end == -1 else end
        cuts = [cell_len(whole[:start]), cell_len(whole[:end])]
        before, inside, *after = Segment.divide(segments, [*cuts, cell_len(whole)])
        marked = [Segment(each.text, (each.style or base) + chosen) for each in inside]
        return [*before, *marked, *(each for part in after for each in part)]

    def _hue(self, target: str) -> int:
        return self._hues.setdefault(target, len(self._hues) % _HUES)


def _time(line: LogLine) -> str:
    return time.strftime("%H:%M:%S", time.localtime(line.at))


def _shown(line: LogLine) -> str:
    return visible(line.text).replace("\n", " ").expandtabs()


def _whole(line: LogLine) -> str:
    """A line as it is drawn."""
    return f"{_time(line)} {fitted(line.target, _NAME)} {_shown(line)}"
