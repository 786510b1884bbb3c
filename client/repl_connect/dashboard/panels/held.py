"""Programs that an error holds: where it happened, and how they are to go on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, Static

from repl_connect.dashboard.observing.observation import Observation
from repl_connect.dashboard.observing.records import Change, HeldRow
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.dashboard.panels.dialogs import ChoiceDialog, FormDialog, Question
from repl_connect.dashboard.panels.panel import MOST_ROWS, Panel
from repl_connect.dashboard.panels.table import Heading, Row
from repl_connect.dashboard.panels.text_view import TextView
from repl_connect.dashboard.panels.wording import one_line
from repl_connect.durations import age

__all__ = ["HeldPanel"]

_WITH_VALUE: Final = frozenset({"continue"})
"""The restarts that take an expression, whose value the failed call then returns."""

_MEANINGS: Final = {
    "retry": "call it again, as it is by now",
    "continue": "go on after it, with a value if you give one",
    "abort": "raise the error in the program",
}


class HeldPanel(Panel):
    """Held errors, the oldest first; below, the traceback of the one under the cursor."""

    SHOWS = Panel.SHOWS | {Change.HELD}
    HEADINGS = (
        Heading("target", 8, 1, keeps_end=True),
        Heading("what", 8, 1),
        Heading("for", 6),
        Heading("error", 16, 4),
    )
    EMPTY = (
        "No program is held. One that guards its loop (in Python: with server.continuable()) waits "
        "here after an error, until someone says how it is to go on."
    )
    NOUN = "held error"
    UNTOLD = "{} without held errors: the server has no such op."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "choose", "Go on…"),
    ]
    DEFAULT_CSS: ClassVar[str] = """
    HeldPanel {
        & > KeyedTable { height: auto; max-height: 30%; min-height: 2; }
        & > TextView { height: 1fr; border-top: solid $error; background: $surface; }
        & > .held--restarts { height: auto; max-height: 3; padding: 0 1; color: $text-warning; }
    }
    """

    def __init__(self, observation: Observation, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(observation, id=id)
        self._traceback = TextView()
        self._restarts = Static("", classes="held--restarts")
        self._held: dict[str, tuple[ObservedTarget, HeldRow]] = {}

    def more(self) -> Sequence[Widget]:
        """The traceback, and how one can go on."""
        return (self._traceback, self._restarts)

    def rows(self) -> list[Row]:
        """All held errors, the oldest first."""
        every = [(each, held) for each in self.observation.targets for held in each.held or ()]
        every.sort(key=lambda pair: pair[1].since or 0.0)
        self._held = {f"{each.name}\0{held.id}": (each, held) for each, held in every}
        self.total = len(self._held)
        shown = list(self._held.items())[:MOST_ROWS]
        return [Row(key, self._cells(*pair)) for key, pair in shown]

    def filled(self) -> None:
        """Show the traceback that belongs to the cursor."""
        pair = self._current
        self._traceback.display = self._restarts.display = pair is not None
        if pair is None:
            return
        _, held = pair
        if self._traceback.text != (text := held.traceback or "\n".join(held.frames)):
            self._traceback.text = text
            self._traceback.scroll_end(animate=False)
        self._restarts.update(Text(f"m: {', '.join(map(one_line, held.restarts))}"))

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """The cursor has moved to another error."""
        event.stop()
        self.filled()

    def untold(self) -> int:
        """Targets whose servers hold no errors."""
        return self.unable("repl-server/held")

    def open_row(self, key: str) -> None:
        """Show the traceback in the inspector."""
        observed, held = self._held[key]
        self.inspect(f"{held.name} of {observed.name}", held.traceback or "\n".join(held.frames))

    def action_choose(self) -> None:
        """Ask how the program is to go on."""
        pair = self._current
        if pair is None:
            return
        observed, held = pair
        choices = [
            (each, f"{each}: {_MEANINGS[each]}" if each in _MEANINGS else each)
            for each in held.restarts
        ]

        def chosen(restart: str | None) -> None:
            if restart is not None:
                self._go_on(observed, held, restart)

        dialog = ChoiceDialog(f"How is {observed.name} to go on?", choices, held.error)
        self.app.push_screen(dialog, chosen)

    def _go_on(self, observed: ObservedTarget, held: HeldRow, restart: str) -> None:
        choose = partial(observed.restart, held.id, restart)
        if restart not in _WITH_VALUE:
            choose(None, self.tell)
            return

        def valued(answers: tuple[str, ...] | None) -> None:
            if answers is not None:
                choose(answers[0] or None, self.tell)

        question = Question("Value of the failed call, an expression; empty: none", required=False)
        self.app.push_screen(FormDialog(f"{restart} {held.name}", [question]), valued)

    @property
    def _current(self) -> tuple[ObservedTarget, HeldRow] | None:
        return self._held.get(self.table.current or "")

    def _cells(self, observed: ObservedTarget, held: HeldRow) -> tuple[Text, ...]:
        return (
            self.cell(observed.name, "accent"),
            self.cell(held.name),
            self.cell(age(self.now - held.since) if held.since is not None else "", "muted"),
            self.cell(held.error, "bad"),
        )
