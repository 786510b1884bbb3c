"""What all panels are: a table of what all targets tell, or a sentence when they tell nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, Literal

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import DataTable, Static

from repl_connect.dashboard.observing.observation import Observation
from repl_connect.dashboard.observing.records import Change
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.dashboard.panels.messages import Inspect, Notice
from repl_connect.dashboard.panels.table import Heading, KeyedTable, Row
from repl_connect.dashboard.panels.wording import counted, one_line

__all__ = ["MOST_ROWS", "Look", "Panel"]

MOST_ROWS: Final = 200
"""Rows of one panel; what is left out is counted below them."""

Look = Literal["plain", "muted", "good", "busy", "bad", "accent"]
"""What a cell's colour says."""

_LOOKS: Final = ("muted", "good", "busy", "bad", "accent")


class Panel(Vertical):
    """A table of rows of all targets. `show` is told what changed, and does nothing while hidden.

    Subclasses say which changes concern them (`SHOWS`), their columns (`HEADINGS`), what is written
    in place of an empty table (`EMPTY`), and make the `rows`.
    """

    SHOWS: ClassVar[frozenset[Change]] = frozenset({Change.TARGETS, Change.STATE})
    HEADINGS: ClassVar[tuple[Heading, ...]] = ()
    EMPTY: ClassVar[str] = ""
    NOUN: ClassVar[str] = "row"
    UNTOLD: ClassVar[str] = ""
    """What is said of targets that do not tell such things; `{}` is how many those are."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"panel--{look}" for look in _LOOKS}
    DEFAULT_CSS: ClassVar[str] = """
    Panel {
        height: 1fr;
        & > KeyedTable { height: 1fr; background: $surface; scrollbar-size-vertical: 1; }
        & > .panel--empty { height: 1fr; padding: 1 2; color: $text-muted; }
        & > .panel--foot { height: auto; max-height: 2; padding: 0 1; color: $text-muted; }
        & > .panel--foot.-none { display: none; }
        & > .panel--muted { color: $text-muted; }
        & > .panel--good { color: $text-success; }
        & > .panel--busy { color: $text-warning; }
        & > .panel--bad { color: $text-error; }
        & > .panel--accent { color: $text-accent; }
    }
    """

    def __init__(self, observation: Observation, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.observation = observation
        self.chosen: Callable[[], Sequence[ObservedTarget]] = tuple
        """The targets that the user has chosen elsewhere."""
        self.total = 0
        self.now = 0.0
        self.table = KeyedTable(*self.HEADINGS)
        self._empty = _Empty(Text(self.EMPTY), classes="panel--empty")
        self._foot = Static("", classes="panel--foot")
        self._looks: dict[str, Style] = {}
        self._known: dict[str, tuple[object, tuple[Text, ...]]] = {}
        self._made: dict[str, tuple[object, tuple[Text, ...]]] = {}
        self.table.display = False

    def compose(self) -> ComposeResult:
        """The table, what stands in its place, what is below; below them a subclass's own."""
        yield self.table
        yield self._empty
        yield from self.more()
        yield self._foot

    def more(self) -> Sequence[Widget]:
        """Widgets of a subclass, between the table and the line at the foot."""
        return ()

    def on_mount(self) -> None:
        """Show what is known, and then how long ago things happened each second."""
        self.set_interval(1.0, self._tick)
        self._fill()

    def on_show(self, _: events.Show) -> None:
        """Show what has changed while this was hidden."""
        self._fill()

    def notify_style_update(self) -> None:
        """Take the colours of another theme."""
        super().notify_style_update()
        self._looks.clear()
        self._known.clear()
        if self.is_mounted:
            self._fill()

    def focus_rows(self) -> None:
        """Give the keys to the table, or to what stands in its place."""
        (self.table if self.table.display else self._empty).focus()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the row that Enter was pressed on."""
        event.stop()
        if event.row_key.value is not None:
            self.open_row(event.row_key.value)

    def show(self, changes: frozenset[Change]) -> None:
        """Show what has changed, as far as it is of this panel."""
        if changes & self.SHOWS and self._is_seen:
            self._fill()

    def rows(self) -> list[Row]:
        """What the table is to show: `MOST_ROWS` of the rows, whose number is put into `total`."""
        raise NotImplementedError

    def untold(self) -> int:
        """How many targets do not tell what is shown here."""
        return 0

    def open_row(self, key: str) -> None:
        """Show more of the row with this key."""

    def filled(self) -> None:
        """Called after the table was filled."""

    def cell(self, text: str, look: Look = "plain", *, right: bool = False) -> Text:
        """A cell with a text of the other side's, as one line."""
        style = self._look(look) if look != "plain" else ""
        return Text(one_line(text), style, justify="right" if right else "left", end="")

    def row(self, key: str, fact: object, make: Callable[[], tuple[Text, ...]]) -> Row:
        """The row of this key. Its cells are made again only if the fact they tell has changed."""
        known = self._known.get(key)
        cells = known[1] if known is not None and known[0] == fact else make()
        self._made[key] = (fact, cells)
        return Row(key, cells)

    def inspect(self, title: str, text: str, *, cut: bool = False, rest: str = "") -> None:
        """Have a text shown in the inspector."""
        self.post_message(Inspect(one_line(title), text, cut=cut, rest=rest))

    def tell(self, sentence: str, *, problem: bool = False) -> None:
        """Have a sentence told to the user."""
        self.post_message(Notice(sentence, "error" if problem else "information"))

    def unable(self, op: str) -> int:
        """How many targets are connected and do not have this op."""
        targets = self.observation.targets
        return sum(each.connected and not each.supports(op) for each in targets)

    @property
    def _is_seen(self) -> bool:
        return self.is_mounted and all(
            node.display for node in self.ancestors_with_self if isinstance(node, Widget)
        )

    def _tick(self) -> None:
        if self._is_seen:
            self._fill()

    def _fill(self) -> None:
        self.now = time.time()
        self._made = {}
        rows = self.rows()
        self._known = self._made
        self.table.fill(rows)
        had_focus = self.table.has_focus or self._empty.has_focus
        if self.table.display != bool(rows):
            self.table.display, self._empty.display = bool(rows), not rows
            if had_focus:
                self.focus_rows()
        notes = []
        if self.total > len(rows):
            notes.append(f"The first {len(rows)} of {counted(self.total, self.NOUN)}.")
        if untold := self.untold():
            notes.append(self.UNTOLD.format(counted(untold, "target")))
        self._foot.update(Text(" ".join(notes)))
        self._foot.set_class(not notes, "-none")
        self.filled()

    def _look(self, look: str) -> Style:
        found = self._looks.get(look)
        if found is None:
            style = self.get_component_rich_style(f"panel--{look}")
            found = self._looks[look] = Style(color=style.color)
        return found


class _Empty(Static, can_focus=True):
    """What stands in place of an empty table; it has the focus then, so that the keys work."""
