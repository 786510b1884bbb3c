"""Who is connected to the targets, who comes and goes, and what the programs tell."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import RichLog

from repl_connect.dashboard.observing.observation import Observation
from repl_connect.dashboard.observing.records import Change, ClientRow, LogLine
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.dashboard.panels.panel import MOST_ROWS, Look, Panel
from repl_connect.dashboard.panels.table import Heading, Row
from repl_connect.dashboard.panels.wording import one_line
from repl_connect.durations import age

__all__ = ["PresencePanel"]

_EVENTS: Final = 500  # lines that are kept
_NAME: Final = 20  # characters of a target's name in front of them


class PresencePanel(Panel):
    """Clients above; below, joins, leaves and what the programs publish."""

    SHOWS = Panel.SHOWS | {Change.CLIENTS, Change.LOG}
    HEADINGS = (
        Heading("target", 8, 1, keeps_end=True),
        Heading("client", 12, 2),
        Heading("since", 6),
        Heading("sessions", 8, 0, 40),
        Heading("from", 10, 2, 60),
    )
    EMPTY = "Nobody is connected that is known of. Clients are shown as they come and go."
    NOUN = "client"
    UNTOLD = "{} without presence: the server does not tell who is connected."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "events", "Events"),
    ]
    DEFAULT_CSS: ClassVar[str] = """
    PresencePanel > RichLog {
        height: 2fr; min-height: 3; border-top: solid $accent; background: $surface;
    }
    """

    def __init__(self, observation: Observation, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(observation, id=id)
        self._events = RichLog(max_lines=_EVENTS, wrap=True, min_width=20)
        self._events.border_title = "Events"
        self._last = 0
        self._clients: dict[str, tuple[ObservedTarget, ClientRow]] = {}

    def more(self) -> Sequence[Widget]:
        """The events."""
        return (self._events,)

    def rows(self) -> list[Row]:
        """All clients, target by target."""
        every = [(each, row) for each in self.observation.targets for row in each.clients or ()]
        self._clients = {f"{each.name}\0{row.id}": (each, row) for each, row in every}
        self.total = len(self._clients)
        shown = list(self._clients.items())[:MOST_ROWS]
        return [self._row(key, *pair) for key, pair in shown]

    def untold(self) -> int:
        """Targets whose servers do not tell."""
        return self.unable("repl-server/clients")

    def open_row(self, key: str) -> None:
        """Show all that is known of a client."""
        observed, client = self._clients[key]
        since = time.strftime("%F %T", time.localtime(client.since)) if client.since else "unknown"
        lines = [
            f"{client.name or 'unnamed'} {client.version}".strip(),
            f"id        {client.id}",
            f"from      {client.address}",
            f"since     {since}",
            f"sessions  {client.sessions}",
        ]
        self.inspect(f"Client {client.id} of {observed.name}", "\n".join(lines))

    def filled(self) -> None:
        """Add what has happened since the last time."""
        log = self.observation.log
        if log.last == self._last:
            return
        news = log.excerpt(after=self._last).of_stream("event")
        self._last = log.last
        for line in news[-_EVENTS:]:
            self._events.write(self._event(line))

    def action_events(self) -> None:
        """Give the keys to the events, to scroll them; Tab goes back."""
        self._events.focus()

    def _event(self, line: LogLine) -> Text:
        at = time.strftime("%T", time.localtime(line.at))
        name = line.target if len(line.target) <= _NAME else f"…{line.target[-_NAME + 1 :]}"
        return Text.assemble(
            self.cell(f"{at} ", "muted"),
            self.cell(f"{name} ", "accent"),
            one_line(line.text),
        )

    def _row(self, key: str, observed: ObservedTarget, row: ClientRow) -> Row:
        since = age(self.now - row.since) if row.since is not None else ""
        return self.row(key, (row, since), lambda: self._cells(observed, row, since))

    def _cells(self, observed: ObservedTarget, row: ClientRow, since: str) -> tuple[Text, ...]:
        name = f"{row.name or 'unnamed'} {row.version}".strip()
        return (
            self.cell(observed.name, "accent"),
            self.cell("this dashboard" if row.ours else name, _look_of(row)),
            self.cell(since, "muted"),
            self.cell(str(row.sessions), right=True),
            self.cell(row.address, "muted"),
        )


def _look_of(row: ClientRow) -> Look:
    return "muted" if row.ours else "plain"
