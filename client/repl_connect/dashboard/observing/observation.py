"""All targets of a dashboard: their connections, their log, what was asked of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from repl_connect.dashboard.observing.answer import Answer
from repl_connect.dashboard.observing.log import Log
from repl_connect.dashboard.observing.pacing import Pacing
from repl_connect.dashboard.observing.records import Change
from repl_connect.dashboard.observing.target import ObservedTarget, Shared
from repl_connect.settings import Settings
from repl_connect.targets import Target

__all__ = ["MOST_ANSWERED", "MOST_CONNECTING", "ROUNDS", "Observation"]

MOST_CONNECTING: Final = 16
"""Targets that are connected to at the same time; the others wait for their turn."""

ROUNDS: Final = 100
"""Forms whose answers are kept."""

MOST_ANSWERED: Final = 32 * 1024 * 1024
"""Characters of all answers that are kept: of more, the oldest rounds go."""

_COALESCED: Final = 0.05  # seconds in which changes are gathered
_BEAT: Final = 0.5


class Observation:
    """What goes on at many targets, on one asyncio loop, which nothing here holds up.

    `on_change` is told what there is news of, at most once in 50 ms. `answers` has a round for each
    form that was sent, the newest last: one answer for each target.
    """

    def __init__(self, targets: Sequence[Target], settings: Settings) -> None:
        self.log = Log()
        self.answers: list[list[Answer]] = []
        self.on_change: Callable[[frozenset[Change]], None] = lambda _: None
        self._changes: set[Change] = set()
        self._telling: asyncio.TimerHandle | None = None
        self._beating: asyncio.TimerHandle | None = None
        self._running = False
        gate = threading.Semaphore(MOST_CONNECTING)
        self._shared = Shared(settings, self.log, Pacing(), gate, self._changed)
        self.targets: list[ObservedTarget] = []
        for target in targets:
            self.add(target)

    def start(self) -> None:
        """Connect to all of them. The loop must be running."""
        self._running = True
        for observed in self.targets:
            observed.reconnect()
        self._beat()

    async def close(self) -> None:
        """Say goodbye to all of them."""
        self._running = False
        for handle in (self._beating, self._telling):
            if handle is not None:
                handle.cancel()
        self._beating = self._telling = None
        for observed in self.targets:
            observed.disconnect()
        self._shared.pacing.close()
        await asyncio.sleep(0)  # what was cancelled ends

    def add(self, target: Target) -> ObservedTarget:
        """Observe one more; the one that there is, if it has this name already."""
        for observed in self.targets:
            if observed.target.name == target.name:
                return observed
        observed = ObservedTarget(target, self._shared)
        self.targets.append(observed)
        if self._running:
            observed.reconnect()
            self._changed(Change.TARGETS)
        return observed

    def remove(self, observed: ObservedTarget) -> None:
        """Disconnect, and observe it no more. Its lines stay in the log."""
        if observed in self.targets:
            self.targets.remove(observed)
            observed.disconnect()
            self._changed(Change.TARGETS)

    def send(self, code: str, targets: Iterable[ObservedTarget]) -> list[Answer]:
        """Evaluate one form at these targets: a new round of answers."""
        return self.send_each((observed, code) for observed in targets)

    def send_each(self, forms: Iterable[tuple[ObservedTarget, str]]) -> list[Answer]:
        """Evaluate at each target a form of its own: a new round of answers."""
        answers = [observed.evaluate(code) for observed, code in forms]
        self.answers.append(answers)
        del self.answers[:-ROUNDS]
        self._changed(Change.ANSWERS)
        return answers

    def note(self, name: str, text: str) -> None:
        """Put a line of our own into the log."""
        self.log.note(name, text)
        self._changed(Change.LOG)

    def find(self, name: str) -> ObservedTarget | None:
        """The target of that name."""
        return next((each for each in self.targets if each.name == name), None)

    def _changed(self, change: Change) -> None:
        self._changes.add(change)
        if self._telling is None and self._running:
            self._telling = asyncio.get_running_loop().call_later(_COALESCED, self._tell)

    def _tell(self) -> None:
        self._telling = None
        changes, self._changes = frozenset(self._changes), set()
        if Change.ANSWERS in changes:
            self._limit_answers()
        self.on_change(changes)

    def _limit_answers(self) -> None:
        sizes = [sum(answer.size for answer in answers) for answers in self.answers]
        total = sum(sizes)
        while total > MOST_ANSWERED and len(self.answers) > 1:
            total -= sizes.pop(0)
            del self.answers[0]

    def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for observed in self.targets:
            observed.beat(now)
        if self.log.end_lines():
            self._changed(Change.LOG)
        self._beating = loop.call_later(_BEAT, self._beat)
