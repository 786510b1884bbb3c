"""What is watched of all targets: live values, and how they went."""

from __future__ import annotations

import math
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from repl_connect.dashboard.observing.observation import Observation
from repl_connect.dashboard.observing.records import Change
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.dashboard.observing.watched import Watched
from repl_connect.dashboard.panels.dialogs import FormDialog, Question, TargetQuestion
from repl_connect.dashboard.panels.panel import MOST_ROWS, Panel
from repl_connect.dashboard.panels.table import Heading, Row
from repl_connect.dashboard.panels.wording import spark

__all__ = ["WatchesPanel"]

_SPARK = 4  # the column's number
_SHORTEST = 0.05  # seconds between two turns


class WatchesPanel(Panel):
    """Code that is evaluated again and again, with its last value and its numbers as a line."""

    SHOWS = Panel.SHOWS | {Change.WATCHES}
    HEADINGS = (
        Heading("target", 8, 1, keeps_end=True),
        Heading("code", 10, 2),
        Heading("value", 10, 3),
        Heading("every", 6, 0, 60),
        Heading("so far", 10, 2),
    )
    EMPTY = "No watches. w adds one: code whose value you want to see as it changes."
    NOUN = "watch"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "add", "Watch"),
        Binding("delete,backspace", "remove", "Remove it", key_display="del"),
    ]

    def __init__(self, observation: Observation, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(observation, id=id)
        self._watches: dict[str, tuple[ObservedTarget, Watched]] = {}

    def rows(self) -> list[Row]:
        """All watches, target by target."""
        every = [(each, watched) for each in self.observation.targets for watched in each.watches]
        self._watches = {f"{each.name}\0{id(watched)}": (each, watched) for each, watched in every}
        self.total = len(every)
        shown = list(self._watches.items())[:MOST_ROWS]
        return [Row(key, self._cells(*pair)) for key, pair in shown]

    def open_row(self, key: str) -> None:
        """Show the last value whole, and those before it."""
        observed, watched = self._watches[key]
        lines = [watched.code, f"each {watched.every:g} s", ""]
        if watched.problem:
            lines += [watched.problem, ""]
        lines += [sample.text for sample in reversed(watched.samples)]
        self.inspect(
            f"{watched.code} of {observed.name}",
            "\n".join(lines),
            cut=watched.cut,
            rest=f"A watch keeps the beginning of a value; repl-connect eval {observed.name} "
            "brings all of it.",
        )

    def action_add(self) -> None:
        """Ask for code, and how often, and of whom."""
        targets = self.observation.targets
        if not targets:
            self.tell("There is no target to watch.", problem=True)
            return
        which = TargetQuestion(targets, self.chosen())
        questions = [
            *which.questions,
            Question("Code", multiline=True),
            Question("Every so many seconds", "1", check=_interval_problem),
        ]

        def add(answers: tuple[str, ...] | None) -> None:
            if answers is not None:
                *names, code, every = answers
                for each in which.meant(names):
                    each.watch(code, float(every))
                self.show(self.SHOWS)

        self.app.push_screen(FormDialog("Watch", questions), add)

    def action_remove(self) -> None:
        """End the watch under the cursor."""
        pair = self._watches.get(self.table.current or "")
        if pair is not None:
            observed, watched = pair
            observed.unwatch(watched)
            self.show(self.SHOWS)

    def _cells(self, observed: ObservedTarget, watched: Watched) -> tuple[Text, ...]:
        last = watched.samples[-1] if watched.samples else None
        if watched.problem:
            value = self.cell(watched.problem, "bad")
        elif last is None:
            value = self.cell("waits for its first", "muted")
        else:
            value = self.cell(last.text)
        width = self.table.cells_of(_SPARK)
        numbers = [sample.number for sample in list(watched.samples)[-max(width, 1) :]]
        return (
            self.cell(observed.name, "accent"),
            self.cell(watched.code),
            value,
            self.cell(f"{watched.every:g} s", "muted"),
            self.cell(spark(numbers, width), "good"),
        )


def _interval_problem(text: str) -> str | None:
    """Why a text is no time between two turns; None if it is one."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    return None if _SHORTEST <= seconds < math.inf else f"Seconds, from {_SHORTEST} on: 0.5, 2, 60."
