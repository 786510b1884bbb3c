"""Connecting again after a connection was lost: with growing pauses, visibly, stoppable."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from repl_connect.conversation.awaiting import link_from
from repl_connect.conversation.connecting import Connect
from repl_connect.errors import ReplConnectError
from repl_connect.link import Link

__all__ = ["Reconnection"]

_FIRST_PAUSE: Final = 0.5
_GIVE_UP: Final = 3600.0  # seconds


class Reconnection:
    """Makes a new link, by itself or when asked to.

    `on_link` gets the new link. `on_failure` gets why it could not be made: once for each
    different reason, and when it gives up, which is after an hour. `on_change` is called when
    `state` may be worded differently. `remedy` is a sentence: how one more attempt is asked for.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        remedy: str,
        on_link: Callable[[Link], None],
        on_failure: Callable[[str], None],
        on_change: Callable[[], None],
    ) -> None:
        self._connect = connect
        self._remedy = remedy
        self._on_link = on_link
        self._on_failure = on_failure
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._due = 0.0

    @property
    def active(self) -> bool:
        """Whether it is about to connect, or is at it."""
        return self._task is not None

    @property
    def state(self) -> str:
        """What it is doing, in a few words; empty if nothing."""
        if self._task is None:
            return ""
        left = self._due - asyncio.get_running_loop().time()
        return f"connecting again in {left:.0f} s" if left >= 0.5 else "connecting again"

    def start(self, resume: str | None, *, longest: float, once: bool = False) -> None:
        """Begin; if it has begun, try at once.

        `resume` is the session to take up again. `longest` is the longest pause, in seconds.
        `once`: only one attempt, whose failure is told.
        """
        if self._task is not None:
            self._hurry.set()
            return
        self._task = asyncio.get_running_loop().create_task(
            self._run(resume, longest=longest, once=once)
        )
        self._on_change()

    def stop(self) -> None:
        """Connect no more. What an attempt under way still opens is closed."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._on_change()

    async def _run(self, resume: str | None, *, longest: float, once: bool) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        pause = 0.0 if once else _FIRST_PAUSE
        told = ""
        while True:
            await self._rest(min(pause, longest))
            try:
                link = await link_from(self._connect, resume)
            except Exception as error:  # whatever it was, the next attempt is due
                words = str(error) if isinstance(error, ReplConnectError) else repr(error)
                if words != told or once:
                    told = words
                    self._on_failure(told)
            else:
                self._task = None
                self._on_link(link)
                return
            if once or loop.time() - begun > _GIVE_UP:
                self._task = None
                if not once:
                    self._on_failure(f"Gave up connecting again. {self._remedy}")
                self._on_change()
                return
            pause = max(_FIRST_PAUSE, pause * 2)

    async def _rest(self, seconds: float) -> None:
        """Wait, saying for how long, until the time is over or somebody can't wait."""
        loop = asyncio.get_running_loop()
        self._hurry.clear()
        self._due = loop.time() + seconds
        while (left := self._due - loop.time()) > 0:
            self._on_change()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), min(left, 1.0))
                break
        self._due = 0.0
        self._on_change()
