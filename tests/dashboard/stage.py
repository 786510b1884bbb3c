"""The dashboard for tests: the real app on real servers, its keys, and what its screen shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual.geometry import Region
from textual.keys import _character_to_key, key_to_character
from textual.pilot import Pilot

from repl_connect.dashboard.app import Dashboard
from repl_connect.dashboard.observing.answer import Answer
from repl_connect.dashboard.observing.records import State
from repl_connect.settings import Settings
from repl_connect.targets import Target, target_of

__all__ = ["Stage", "play", "staged"]

_LONG = 20.0  # seconds until a test that waits has failed


class Stage:
    """One dashboard that runs without a terminal."""

    def __init__(self, app: Dashboard, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> str:
        """What is shown, without the blanks at the ends of lines."""
        with self.app._context():  # a widget that is just taken away can't say whose it is
            strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    def part(self, selector: str) -> str:
        """What is shown of a widget, as it is on the screen."""
        region: Region = self.app.screen_stack[0].query_one(selector).region
        lines = self.screen.split("\n")[region.y : region.bottom]
        return "\n".join(line[region.x : region.right].rstrip() for line in lines)

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        deadline = time.monotonic() + _LONG
        while not condition():
            assert time.monotonic() < deadline, f"not so: {what}\n{self.screen}"
            await asyncio.sleep(0.02)

    async def shows(self, *texts: str) -> None:
        for text in texts:
            await self.until(lambda text=text: text in self.screen, f"shows {text!r}")  # type: ignore[misc]

    async def press(self, *keys: str) -> None:
        """Press keys, and come back when they have been handled.

        `Pilot.press` waits after each until the process is idle: in one that has servers too that
        may take a second.
        """
        for name in keys:
            key = _character_to_key(name) if len(name) == 1 and not name.isalnum() else name
            character = name if len(name) == 1 else key_to_character(key)
            self.app.post_message(events.Key(key, character))
        await self.pilot._wait_for_screen()
        await self.until(lambda: self.app.keys_are_done or not self.app.is_running, "keys are done")
        await self.pilot._wait_for_screen()

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def send(self, code: str, *, ends: bool = True, goes: bool = True) -> list[Answer]:
        """Type a form at the command line; the answers, when all have ended."""
        before = len(self.app.observation.answers)
        await self.press("colon")
        self.app.screen.query_one("#command").text = code  # type: ignore[attr-defined]
        self.app.screen.query_one("#command").move_cursor((99, 999))  # type: ignore[attr-defined]
        await self.press("enter")
        if not goes:
            return []
        await self.until(lambda: len(self.app.observation.answers) > before, "a form was sent")
        answers = self.app.observation.answers[-1]
        if ends:
            await self.until(lambda: all(each.ended for each in answers), "it has ended")
            await self.pilot.pause(0.1)
        return answers

    async def state(self, number: int, *states: State) -> None:
        """Wait until a target is in one of these states."""
        targets = self.app.observation.targets
        await self.until(
            lambda: len(targets) > number and targets[number].state in states,
            f"target {number} is {states}",
        )


@asynccontextmanager
async def staged(
    *targets: str | Target,
    size: tuple[int, int] = (80, 24),
    settings: Settings | None = None,
    up: int = -1,
    **how: Any,
) -> AsyncIterator[Stage]:
    """A dashboard of these targets, once the first `up` of them (all, if not said) are there."""
    chosen = [target_of(each) if isinstance(each, str) else each for each in targets]
    app = Dashboard(chosen, settings, **how)
    async with app.run_test(size=size, notifications=True) as pilot:
        stage = Stage(app, pilot)
        for number in range(len(chosen) if up < 0 else up):
            await stage.state(number, State.UP)
        yield stage


def play(story: Coroutine[Any, Any, None]) -> None:
    """Run a test's story."""
    asyncio.run(story)
