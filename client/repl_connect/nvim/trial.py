"""In order, although it is not known yet where what comes first is to be evaluated."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

__all__ = ["Trial"]


class Trial:
    """Lets actions wait while an evaluation is tried that may have to be sent once more.

    What is sent behind it would overtake it else.
    """

    def __init__(self) -> None:
        self._owner: object | None = None
        self._waiting: deque[Callable[[], None]] = deque()

    def run(self, action: Callable[[], None]) -> None:
        """Do it now, or when the trial under way has ended."""
        if self._owner is None:
            action()
        else:
            self._waiting.append(action)

    def begin(self, owner: object) -> None:
        """From now on others wait for this one."""
        self._owner = owner

    def end(self, owner: object) -> None:
        """It need not be sent again. Nothing happens if its trial has ended before."""
        if self._owner is not owner:
            return
        self._owner = None
        while self._waiting and self._owner is None:
            self._waiting.popleft()()
