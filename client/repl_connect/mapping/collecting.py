"""What comes of one evaluation, collected to an outcome: bounded, and what is missing is said."""

from __future__ import annotations

from typing import Final

from repl_connect.mapping.outcome import INTERRUPTED, LOST, OK, RAISED, REFUSED, Outcome
from repl_connect.session import Done, Event, Failed, Output, Value

__all__ = ["KEPT", "Collected"]

KEPT: Final = 1024 * 1024
"""Characters that are kept of all values of an evaluation, of its output and of its errors each."""


class _Text:
    """Texts that came one after the other, the first `KEPT` characters of them."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.came = 0
        self._room = KEPT

    def add(self, text: str) -> None:
        """Keep what there is room for."""
        self.came += len(text)
        if self._room > 0:
            self.pieces.append(text[: self._room])
            # What a list needs for each piece counts too: a flood may come in single characters.
            self._room -= len(text) + 8

    @property
    def whole(self) -> str:
        """What is kept."""
        return "".join(self.pieces)

    @property
    def kept(self) -> int:
        """How many characters that is."""
        return sum(map(len, self.pieces))


class Collected:
    """Takes the events of an evaluation; `outcome` when it has ended, or is given up."""

    def __init__(self) -> None:
        self.done: Done | None = None
        self._failed: Failed | None = None
        self._values = _Text()
        self._streams = {"out": _Text(), "err": _Text()}
        self._cut = False

    def add(self, event: Event) -> None:
        """One more event."""
        if isinstance(event, Value):
            self._cut = self._cut or event.truncated
            self._values.add(event.text)
        elif isinstance(event, Output):
            self._streams.get(event.stream, self._streams["out"]).add(event.text)
        elif isinstance(event, Failed):
            self._failed = event
        elif isinstance(event, Done):
            self.done = event

    def outcome(self, partner: str, *, stopped: str = "", problem: str = "") -> Outcome:
        """What came of it. Without an end it counts as lost.

        If it was stopped from here, `problem` says why, and `stopped` is the state of what was.
        """
        outcome = self._as_it_ended(partner)
        if problem and (self.done is None or outcome.state in (RAISED, INTERRUPTED)):
            return outcome._replace(state=stopped, problem=problem)
        return outcome

    def _as_it_ended(self, partner: str) -> Outcome:
        state, problem = self._end()
        missing = [
            f"{words} {text.came:,} characters, of which only the first {text.kept:,} are kept"
            for words, text in (
                ("Its values have", self._values),
                ("It printed", self._streams["out"]),
                ("It printed as errors", self._streams["err"]),
            )
            if text.came > text.kept
        ]
        if self._cut and self._values.came <= KEPT:
            missing.append(f"A value is longer than {KEPT:,} characters, and was cut there")
        if missing:
            advice = "Write such a lot to a file over there."
            problem = " ".join([problem, *(f"{each}." for each in missing), advice]).strip()
        return Outcome(
            partner,
            None,
            state,
            tuple(self._values.pieces),
            self._streams["out"].whole,
            self._streams["err"].whole,
            problem,
        )

    def _end(self) -> tuple[str, str]:
        done = self.done
        if done is None or done.lost:
            return LOST, (done.problem if done is not None else None) or ""
        if self._failed is not None:
            parts = (self._failed.type, self._failed.message)
            return RAISED, ": ".join(part for part in parts if part)
        if done.problem is not None:
            return REFUSED, done.problem
        if done.interrupted:
            return INTERRUPTED, "It was interrupted there."
        return OK, ""
