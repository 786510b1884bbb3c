"""The dashboard, and the line to a Python program fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from dashboard.stage import Stage, staged
from faults.counting import SECONDS
from faults.editing import Line, the_line_fails
from proofs import Prove

from repl_connect.dashboard.observing.answer import Answer
from repl_connect.dashboard.observing.records import State

T = TypeVar("T")


class _Dashboard:
    """A dashboard as the story has it, in a thread of its own."""

    def __init__(self) -> None:
        self._answers: list[Answer] = []
        self._stage: Stage
        self._loop: asyncio.AbstractEventLoop
        self._over: asyncio.Event
        self._ready = threading.Event()
        self._thread: threading.Thread

    def connect(self, address: str) -> None:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live(address)))
        self._thread.start()
        assert self._ready.wait(SECONDS)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()

    def send(self, code: str) -> None:
        self._answers += self._run(self._stage.send(code, ends=False))

    def until_value(self, value: str) -> None:
        self._run(self._stage.until(lambda: self._answers[-1].values == [value], value))
        self._run(self._stage.shows(value))

    def until_lost(self, times: int) -> None:
        self._run(
            self._stage.until(
                lambda: sum(each.state == "lost" for each in self._answers) == times, "lost"
            )
        )
        self._run(self._stage.shows("lost"))

    def until_connected(self) -> None:
        self._run(self._stage.state(0, State.UP))

    def answer_a_key(self) -> None:
        self._run(self._stage.press("f1"))
        self._run(self._stage.until(lambda: len(self._stage.app.screen_stack) == 2, "help"))
        self._run(self._stage.press("escape"))
        self._run(self._stage.until(lambda: len(self._stage.app.screen_stack) == 1, "no help"))

    async def _live(self, address: str) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with staged(address, size=(100, 30)) as self._stage:
            self._ready.set()
            await self._over.wait()
            self._stage.app.exit()

    def _run(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(SECONDS)


def test_the_dashboard_over_a_line_that_fails(directory: Path, between: Line, proof: Prove) -> None:
    dashboard = _Dashboard()
    try:
        the_line_fails(dashboard, "dashboard, Python server", directory, between, proof)
    finally:
        dashboard.close()
