"""The table of targets: how each is, and which of them what one types goes to."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message

from repl_connect.dashboard.bindings import OPEN
from repl_connect.dashboard.look import STATE_KINDS, latency
from repl_connect.dashboard.observing.observation import Observation
from repl_connect.dashboard.observing.records import Change
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.dashboard.panels.table import Heading, KeyedTable, Row
from repl_connect.dashboard.panels.wording import one_line, spark

__all__ = ["TargetsTable"]

_TREND: Final = 7
_HEADINGS: Final = (
    Heading("", 2),
    Heading("target", 12, 3),
    Heading("state", 23, 2),
    Heading("language", 11),
    Heading("who", 3),
    Heading("jobs", 4),
    Heading("latency", 7),
    Heading("", _TREND + 1),
)
_SHOWN: Final = frozenset((Change.TARGETS, Change.STATE, Change.CLIENTS, Change.JOBS, Change.HELD))


class TargetsTable(KeyedTable):
    """A row for each target. Those that are marked, or the one under the cursor, are `chosen`."""

    class Chosen(Message):
        """Others are chosen than before, or the cursor is at another."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"target--{kind}" for kind in {*STATE_KINDS.values(), "muted"}),
    }
    DEFAULT_CSS = """
    TargetsTable {
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        background: $surface;
        & > .target--good { color: $text-success; }
        & > .target--working { color: $text-accent; }
        & > .target--doubtful { color: $text-warning; }
        & > .target--bad { color: $text-error; }
        & > .target--waiting { color: $text-muted; }
        & > .target--muted { color: $text-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", tooltip="Mark the target, or mark it no more"),
        Binding("a", "mark_all", "All", tooltip="Mark all targets, or none"),
        Binding("o", "app.open", "Open", tooltip=OPEN),
        Binding("enter", "app.focus('command')", "Command", show=False, tooltip="Type a form"),
        Binding("j,down", "cursor_down", "Down", show=False),
        Binding("k,up", "cursor_up", "Up", show=False),
    ]
    BINDING_GROUP_TITLE = "Targets"

    def __init__(self, observation: Observation) -> None:
        super().__init__(*_HEADINGS, id="targets")
        self._observation = observation
        self._marked: set[str] = set()
        self._styles: dict[str, Style] = {}

    def on_mount(self) -> None:
        """Show the targets there are."""
        self.show(_SHOWN)

    @property
    def under_cursor(self) -> ObservedTarget | None:
        """The target that the cursor is at; None if there is no target."""
        current = self.current
        return self._observation.find(current) if current is not None else None

    @property
    def chosen(self) -> list[ObservedTarget]:
        """Where a form goes: the marked targets, or the one under the cursor."""
        here = self.under_cursor
        marked = [each for each in self._observation.targets if each.name in self._marked]
        return marked or ([here] if here is not None else [])

    def show(self, changes: frozenset[Change]) -> None:
        """Show what has changed, cell by cell."""
        if changes & _SHOWN:
            targets = self._observation.targets
            self.fill([Row(each.name, self._cells(each)) for each in targets])
        if Change.TARGETS in changes:
            self._marked &= {each.name for each in self._observation.targets}
            self.post_message(self.Chosen())

    def move_to(self, target: ObservedTarget) -> None:
        """Put the cursor at a target."""
        self.move_cursor(row=self._observation.targets.index(target))

    def action_mark(self) -> None:
        """Mark the target under the cursor, or mark it no more, and go on to the next."""
        here = self.under_cursor
        if here is not None:
            self._marked ^= {here.name}
            self._marks_changed()
            self.action_cursor_down()

    def action_mark_all(self) -> None:
        """Mark all; none, if all are marked."""
        every = {each.name for each in self._observation.targets}
        self._marked = set() if self._marked == every else every
        self._marks_changed()

    def on_data_table_row_highlighted(self) -> None:
        """The cursor has moved."""
        self.post_message(self.Chosen())

    def notify_style_update(self) -> None:
        """Take the colours of another theme."""
        super().notify_style_update()
        self._styles.clear()
        if self.is_mounted:
            self.show(_SHOWN)

    def _marks_changed(self) -> None:
        self.show(_SHOWN)
        self.post_message(self.Chosen())

    def _cells(self, target: ObservedTarget) -> tuple[Text, ...]:
        kind = STATE_KINDS[target.state]
        held = len(target.held or ())
        language = target.language.name
        mark = "✓" if target.name in self._marked else " "
        clients, jobs = target.clients, target.jobs
        others = sum(not each.ours for each in clients) if clients is not None else None
        unfinished = sum(each.unfinished for each in jobs or ())
        return (
            self._cell(f"{mark}●", kind),
            self._cell(target.name, style="bold" if mark == "✓" else ""),
            self._cell(
                f"{held} held: 6 shows it" if held else target.words, "bad" if held else kind
            ),
            self._cell("" if language == "text" else language),
            self._cell("-" if others is None else str(others), right=True),
            self._cell("-" if jobs is None else str(unfinished), right=True),
            self._cell(latency(target.latency), right=True),
            self._cell(" " + spark(target.latencies, _TREND), "muted"),
        )

    def _cell(
        self, text: str, kind: str = "", *, style: Style | str = "", right: bool = False
    ) -> Text:
        if kind:
            style = self._style(kind)
        justify: Literal["right", "left"] = "right" if right else "left"
        line = one_line(text) + (" " if right else "")
        return Text(line, style, justify=justify, overflow="ellipsis", no_wrap=True, end="")

    def _style(self, kind: str) -> Style:
        found = self._styles.get(kind)
        if found is None:
            style = self.get_component_rich_style(f"target--{kind}")
            found = self._styles[kind] = Style(color=style.color)
        return found
