"""Time, for rules that have no clock of their own: the server around them gives them one."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

__all__ = ["Alarm", "Timing"]


class Timing(Protocol):
    """The clock of the server around a dispatcher."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def wall(self) -> float:
        """Seconds since the epoch."""

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Call `action` once when so much time has passed, in any thread, without the guard."""


class Alarm:
    """Calls `action`, under the guard, at the earliest of the moments it was asked for.

    It is asked for the next one by then. However often that happens, one call is on its way: those
    that an earlier one has overtaken do nothing.
    """

    def __init__(
        self,
        timing: Timing,
        guard: AbstractContextManager[object],
        action: Callable[[], None],
    ) -> None:
        self._timing = timing
        self._guard = guard
        self._action = action
        self._moment = math.inf
        self._number = 0

    def at(self, moment: float) -> None:
        """Not later than at this moment, in the seconds of `Timing.monotonic`."""
        if moment >= self._moment:
            return
        self._moment = moment
        self._number += 1
        self._timing.later(
            max(0.0, moment - self._timing.monotonic()), partial(self._ring, self._number)
        )

    def _ring(self, number: int) -> None:
        with self._guard:
            if number == self._number:
                self._moment = math.inf
                self._action()
