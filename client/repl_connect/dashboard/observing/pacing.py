"""How much each target may bring, so that none holds the screen, nor the others.

A target that has brought more than its share is not read from until that is paid for by time: its
program is then held back by its own writes. What is counted is characters, and something for each
message, which costs time too. Those that wait are read again one at a time, with other work of the
loop in between. To read as much as all together may bring, in the smallest messages, takes about a
sixth of a processor.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Final

from repl_connect.conversation.conversation import Conversation

__all__ = ["Pacing", "Share"]

_BURST: Final = 64 * 1024  # characters that may come at once
_RATE: Final = 64 * 1024 / 0.05  # characters a second of one target
_TOTAL_RATE: Final = 3 * 1024 * 1024  # characters a second of all that have to wait
_MESSAGE: Final = 600  # characters that take as long as what each message takes
_RECENT: Final = 1.0  # seconds
_GAP: Final = 0.003  # seconds from one that is read again to the next


class Share:
    """One target's part. `waiting`: it is not read from for now."""

    def __init__(self, pacing: Pacing, conversation: Conversation) -> None:
        self.waiting = False
        self._pacing = pacing
        self._conversation = conversation
        self._debt = 0.0
        self._at = 0.0
        self._waited = -_RECENT

    @property
    def waits_often(self) -> bool:
        """Whether it has waited in the last second."""
        return self.waiting or asyncio.get_running_loop().time() - self._waited < _RECENT

    def spend(self, characters: int) -> None:
        """So much has come, in one message."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        rate = min(_RATE, _TOTAL_RATE / (self._pacing.waiting + 1))
        self._debt = max(0.0, self._debt - (now - self._at) * rate) + characters + _MESSAGE
        self._at = now
        if self._debt > _BURST and not self.waiting:
            self.waiting = True
            self._conversation.pause()
            self._pacing.wait(self, now + (self._debt - _BURST / 2) / rate)

    def go_on(self) -> None:
        """Read again: it is paid for, or the connection is another."""
        if self.waiting:
            self.waiting = False
            self._waited = asyncio.get_running_loop().time()
            self._conversation.resume()

    def begin_anew(self) -> None:
        """There is a new connection, or none: nothing is owed."""
        self._debt = 0.0
        self.go_on()
        self._waited = -_RECENT


class Pacing:
    """The targets that wait to be read again, by when they may be."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Share]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    def wait(self, share: Share, until: float) -> None:
        """Let it go on at this time of the loop's clock, or soon after."""
        heapq.heappush(self._queue, (until, next(self._numbers), share))
        if self._timer is None or self._queue[0][2] is share:
            self._plan(0.0)

    def close(self) -> None:
        """Nobody goes on any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._queue.clear()

    def _plan(self, gap: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(max(self._queue[0][0], loop.time() + gap), self._next)

    def _next(self) -> None:
        self._timer = None
        _, _, share = heapq.heappop(self._queue)
        share.go_on()
        if self._queue:
            self._plan(_GAP)
