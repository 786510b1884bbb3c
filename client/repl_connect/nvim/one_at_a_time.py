"""Questions of one kind, one at a time: who types asks faster than a program need answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

__all__ = ["OneAtATime"]

_PATIENCE: Final = 5.0  # seconds to wait for an answer before another question is asked


class OneAtATime:
    """Asks a question when the one before it was answered; of those that wait, only the newest.

    Nothing here waits: a question that is never answered is forgotten when the next one comes and
    `patience` seconds are over.
    """

    def __init__(
        self, *, patience: float = _PATIENCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience = patience
        self._clock = clock
        self._asked: object | None = None
        self._asked_at = 0.0
        self._waiting: tuple[Callable[[Callable[[], None]], None], Callable[[], None]] | None = None

    def ask(self, question: Callable[[Callable[[], None]], None], drop: Callable[[], None]) -> None:
        """Call `question`, now or later, with what it has to call when it is answered.

        `drop` is called instead if another question takes its place.
        """
        if self._asked is None or self._clock() - self._asked_at >= self._patience:
            self._drop_waiting()
            self._ask(question)
            return
        self._drop_waiting()
        self._waiting = (question, drop)

    def forget(self) -> None:
        """No answer will come any more: the link has gone."""
        self._asked = None
        self._drop_waiting()

    def _drop_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting[1]()

    def _ask(self, question: Callable[[Callable[[], None]], None]) -> None:
        asked = self._asked = object()
        self._asked_at = self._clock()

        def answered() -> None:
            if self._asked is not asked:
                return
            self._asked = None
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                self._ask(waiting[0])

        question(answered)
