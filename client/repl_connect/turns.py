"""Evaluations on their way, and whose turn it is.

Most servers evaluate what a session is sent in the order in which it comes. Clojure's nREPL gives
each message a thread of its own, so of two that come together the second may be the first. To
servers that don't say they keep the order an evaluation goes when those before it have ended.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from repl_connect.events import Done, Event, Failed

__all__ = ["Evaluation", "Turns"]


class Evaluation:
    """One `eval` on its way: its id, its session once it was sent, whether and how it ended."""

    def __init__(self, ident: str, code: str, on_event: Callable[[Event], None]) -> None:
        self.id = ident
        self.code = code
        self.on_event = on_event
        self.session: str | None = None
        self.done: Done | None = None
        self.failed: Failed | None = None
        self.interrupting = False


class Turns:
    """For each session the evaluation that was sent, and those that wait until it has ended."""

    def __init__(self) -> None:
        self._lines: dict[str | None, deque[tuple[Evaluation, Callable[[], None]]]] = {}

    def take(self, evaluation: Evaluation, send: Callable[[], None]) -> None:
        """Call `send` when all that came before it in its session has ended; now if it has."""
        line = self._lines.setdefault(evaluation.session, deque())
        line.append((evaluation, send))
        if len(line) == 1:
            send()

    def waits(self, evaluation: Evaluation) -> bool:
        """Whether it was not sent yet."""
        line = self._lines.get(evaluation.session)
        return line is not None and any(each is evaluation for each, _ in list(line)[1:])

    def ended(self, evaluation: Evaluation) -> None:
        """It has ended, or is not to be sent any more: the next one goes."""
        line = self._lines.get(evaluation.session)
        if line is None or all(each is not evaluation for each, _ in line):
            return
        was_first = line[0][0] is evaluation
        rest = deque(each for each in line if each[0] is not evaluation)
        if not rest:
            del self._lines[evaluation.session]
            return
        self._lines[evaluation.session] = rest
        if was_first:
            rest[0][1]()

    def clear(self) -> None:
        """Nothing that waits is sent any more."""
        self._lines.clear()
