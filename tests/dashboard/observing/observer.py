"""An observation on a loop of its own, run from blocking tests until something is so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from repl_connect.dashboard.observing.answer import Answer
from repl_connect.dashboard.observing.observation import Observation
from repl_connect.dashboard.observing.records import Change, State
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.settings import Settings
from repl_connect.targets import Target, target_of

__all__ = ["Observer"]

T = TypeVar("T")

LONG = 60.0


class Observer:
    """Observes these addresses, or targets. `told` are the changes it was told of."""

    def __init__(self, *targets: str | Target, **connection: object) -> None:
        given = {f"connection.{name}": value for name, value in connection.items()}
        found = [target_of(each) if isinstance(each, str) else each for each in targets]
        self.runner = asyncio.Runner()
        self.observation = Observation(found, Settings(given))
        self.observation.on_change = self._told
        self.told: list[frozenset[Change]] = []
        self._news = asyncio.Event()
        self.runner.run(self._start())

    async def _start(self) -> None:
        self.observation.start()

    def __enter__(self) -> Observer:
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.run(self.observation.close())
        self.runner.close()

    @property
    def target(self) -> ObservedTarget:
        """The first."""
        return self.observation.targets[0]

    def until(self, condition: Callable[[], object]) -> None:
        """Run the loop until it is told of a change after which this is so."""
        self.runner.run(self._until(condition))

    def until_up(self) -> None:
        """Run the loop until all are connected."""
        self.until(lambda: all(each.state is State.UP for each in self.observation.targets))

    def do(self, action: Callable[[], T]) -> T:
        """Call something on the loop."""

        async def call() -> T:
            return action()

        return self.runner.run(call())

    def words(self, target: ObservedTarget | None = None) -> str:
        """A target's state in words; the first one's."""
        return self.do(lambda: (target or self.target).words)

    def send(self, code: str, targets: Sequence[ObservedTarget] | None = None) -> list[Answer]:
        """Send a form to all, or to these, and wait until all have answered."""
        wanted = self.observation.targets if targets is None else targets
        answers = self.do(lambda: self.observation.send(code, wanted))
        self.until(lambda: all(answer.ended for answer in answers))
        return answers

    def logged(self, target: ObservedTarget | None = None, stream: str | None = None) -> list[str]:
        """The texts in the log."""
        lines = self.observation.log.lines(target=target.name if target is not None else None)
        return [line.text for line in lines if stream in (None, line.stream)]

    async def _until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(LONG):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def _told(self, changes: frozenset[Change]) -> None:
        self.told.append(changes)
        self._news.set()
