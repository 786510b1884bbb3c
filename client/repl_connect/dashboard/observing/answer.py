"""What one target answers to one form, as it comes."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from repl_connect.escapes import Sanitiser, visible
from repl_connect.events import Done, Event, Failed, NeedInput, Output, Value

if TYPE_CHECKING:
    from repl_connect.dashboard.observing.target import ObservedTarget
    from repl_connect.turns import Evaluation

__all__ = ["LARGEST_ANSWER", "Answer", "AnswerState"]

LARGEST_ANSWER: Final = 1024 * 1024
"""Characters that are kept of an answer: its values and what was printed, together."""


class AnswerState(StrEnum):
    """How far an answer is. What is not `RUNNING` or `NEEDS_INPUT` has ended."""

    RUNNING = "running"
    NEEDS_INPUT = "needs-input"
    OK = "ok"
    RAISED = "raised"
    INTERRUPTED = "interrupted"
    LOST = "lost"
    """The connection went before the end: how it ended is not known."""
    UNREACHABLE = "unreachable"
    """It was not sent, for there was no connection; or it was refused."""


class Answer:
    """One form, sent to one target.

    `began` is the time since the epoch, `seconds` how long it has run so far, or ran. `problem` is
    a sentence, where it did not end by itself. `cut`: more came than `LARGEST_ANSWER`. `secret`:
    the input it waits for is not to be shown.
    """

    def __init__(self, target: ObservedTarget, code: str) -> None:
        self.target = target
        self.code = code
        self.state = AnswerState.RUNNING
        self.problem: str | None = None
        self.secret = False
        self.cut = False
        self.began = time.time()
        self.size = 0
        """Characters that are kept."""
        self.evaluation: Evaluation | None = None
        self._begun = time.monotonic()
        self._took: float | None = None
        self._parts: list[tuple[str, str]] = []
        self._sanitisers = {
            stream: Sanitiser(colours=False, shows_controls=True) for stream in ("out", "err")
        }

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self._took is not None

    @property
    def seconds(self) -> float:
        """How long it has run so far, or ran."""
        return self._took if self._took is not None else time.monotonic() - self._begun

    @property
    def values(self) -> list[str]:
        """The printed values, in order."""
        return [text for kind, text in self._parts if kind == "value"]

    @property
    def out(self) -> str:
        """What it printed."""
        return self._printed("out")

    @property
    def err(self) -> str:
        """What it printed as errors, with the text of the error that ended it."""
        return self._printed("err")

    @property
    def parts(self) -> list[tuple[str, str]]:
        """All of it in order of arrival: (`out`, `err` or `value`, text)."""
        return list(self._parts)

    @property
    def text(self) -> str:
        """All of it in order of arrival, each value on lines of its own."""
        pieces: list[str] = []
        for kind, text in self._parts:
            if kind == "value" and pieces and not pieces[-1].endswith("\n"):
                pieces.append("\n")
            pieces.append(text + "\n" if kind == "value" else text)
        return "".join(pieces)

    def take(self, event: Event) -> str:
        """Take what has come of the evaluation; returns what of it can be shown as output."""
        match event:
            case Output(stream=stream, text=text):
                shown = self._sanitisers[stream].clean(text)
                self._keep(stream, shown)
                self._goes_on()
                return shown
            case Value(text=text, truncated=truncated):
                self._keep("value", visible(text[: LARGEST_ANSWER + 1]))
                self.cut = self.cut or truncated
                self._goes_on()
            case NeedInput(secret=secret):
                self.state, self.secret = AnswerState.NEEDS_INPUT, secret
            case Failed():
                self.problem = visible(": ".join(filter(None, (event.type, event.message))))
            case Done():
                self._end(event)
        return ""

    def fail(self, problem: str) -> None:
        """It is not sent, for this reason."""
        self.state, self.problem = AnswerState.UNREACHABLE, problem
        self._took = 0.0

    def _goes_on(self) -> None:
        if self.state is AnswerState.NEEDS_INPUT:
            self.state = AnswerState.RUNNING

    def _end(self, done: Done) -> None:
        self._took = time.monotonic() - self._begun
        raised = self.problem is not None
        if done.lost:
            self.state = AnswerState.LOST
        elif done.interrupted:
            self.state = AnswerState.INTERRUPTED
        elif raised or "eval-error" in done.statuses:
            self.state = AnswerState.RAISED
        elif done.problem is not None:
            self.state = AnswerState.UNREACHABLE
        else:
            self.state = AnswerState.OK
        if done.problem is not None:
            self.problem = visible(done.problem)

    def _printed(self, stream: str) -> str:
        return "".join(text for kind, text in self._parts if kind == stream)

    def _keep(self, kind: str, text: str) -> None:
        room = LARGEST_ANSWER - self.size
        if len(text) > room:
            self.cut = True
            text = text[:room]
        if not text and kind != "value":
            return
        self.size += len(text)
        if kind != "value" and self._parts and self._parts[-1][0] == kind:
            last = self._parts[-1][1]
            if len(last) < _PIECE:  # so that a million short writes are not a million pieces
                self._parts[-1] = (kind, last + text)
                return
        if room > 0:
            self._parts.append((kind, text))


_PIECE: Final = 16 * 1024
