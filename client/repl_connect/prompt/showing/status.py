"""What runs, and for how long: for the toolbar while it does."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Final

from prompt_toolkit.formatted_text import StyleAndTextTuples

from repl_connect.durations import duration

__all__ = ["Status"]

_INTERVAL: Final = 0.125  # seconds between two pictures of the spinner
_SPINNER: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_SPINNER: Final = "|/-\\"
_HIDDEN: Final = 0.25  # seconds for which nothing is shown: most evaluations end before


class Status:
    """What was sent and has not ended. `redraw` is called now and then while something runs.

    `unicode`: whether the terminal can show more than ASCII.
    """

    def __init__(
        self,
        redraw: Callable[[], None],
        *,
        unicode: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redraw = redraw
        self._spinner = _SPINNER if unicode else _PLAIN_SPINNER
        self._clock = clock
        self._tickets = itertools.count(1)
        self._started: dict[int, float] = {}
        self._first = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> int:
        """An evaluation was sent; a ticket for its end. The loop must be running."""
        now = self._clock()
        if not self._started:
            self._first = now
        ticket = next(self._tickets)
        self._started[ticket] = now
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_HIDDEN, self._tick)
        return ticket

    def end(self, ticket: int) -> float:
        """It has ended; the seconds it took, since the one before it ended."""
        now = self._clock()
        started = self._started.pop(ticket, now)
        elapsed = now - max(started, self._first)
        self._first = now  # the next one waited for this one
        if not self._started and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return elapsed

    def fragments(self, *, waits_for_input: bool = False) -> StyleAndTextTuples:
        """What to show in the toolbar; nothing if nothing runs, or not for long yet."""
        elapsed = self._clock() - self._first
        if not self._started or elapsed < _HIDDEN:
            return []
        if waits_for_input:
            shown: StyleAndTextTuples = [("class:toolbar.status", "waits for input")]
        else:
            picture = self._spinner[int(elapsed / _INTERVAL) % len(self._spinner)]
            shown = [
                ("class:toolbar.status", picture),
                ("class:toolbar.status", f" {duration(elapsed)}"),
            ]
        more = len(self._started) - 1
        if more:
            shown.append(("class:toolbar.status", f", {more} more wait{'' if more > 1 else 's'}"))
        return shown

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_INTERVAL, self._tick)
        self._redraw()
