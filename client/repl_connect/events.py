"""What comes of what a session was asked: the events of an evaluation, and other answers.

Plain tuples with names: they are made by the thousand, and `repl-connect eval` has to start fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

__all__ = [
    "Candidate",
    "Description",
    "Done",
    "Event",
    "Failed",
    "Frame",
    "NeedInput",
    "Output",
    "Value",
]

_PROPER_NAMES: Final = {"clojure": "Clojure", "java": "Java", "nrepl": "nREPL", "python": "Python"}


class Value(NamedTuple):
    """One form's value, as printed by the other side.

    `label` is the name it has in the REPL's own history (Guile's `$1`), if it has one.
    """

    text: str
    namespace: str | None = None
    label: str | None = None
    truncated: bool = False


class Output(NamedTuple):
    """Something printed: `stream` is `out` or `err`.

    `late`: no evaluation of ours that still runs printed it (a thread left behind, the program).
    """

    stream: str
    text: str
    late: bool = False


class Frame(NamedTuple):
    """One call of a backtrace, as far as the other side told."""

    name: str
    file: str | None = None
    line: int | None = None


class Failed(NamedTuple):
    """The code raised an error. Its full text has come as `err` output before."""

    type: str
    message: str | None = None
    frames: tuple[Frame, ...] = ()


class NeedInput(NamedTuple):
    """The program waits for input: `Session.give_input`."""


class Done(NamedTuple):
    """The evaluation has ended.

    `problem` is a sentence when it never ran or its end is unknown (unknown namespace, connection
    lost); an error that the code raised is a `Failed` before.
    """

    statuses: frozenset[str]
    problem: str | None = None

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped on request."""
        return "interrupted" in self.statuses

    @property
    def lost(self) -> bool:
        """Whether the connection went before the end was told."""
        return "lost" in self.statuses


Event = Value | Output | Failed | NeedInput | Done


class Candidate(NamedTuple):
    """One completion: what would stand there, and what kind of thing it is."""

    text: str
    type: str | None = None
    namespace: str | None = None


class Description(NamedTuple):
    """What the other side said of itself: its ops, and versions of what runs there."""

    ops: frozenset[str]
    versions: Mapping[str, str]
    aux: Mapping[str, Any]

    @property
    def language(self) -> str:
        """`guile`, `clojure`, `python`, …: the language record to use; `text` if unknown."""
        for name in ("guile", "clojure", "babashka", "basilisp", "python", "sbcl", "racket"):
            if name in self.versions:
                return name
        return "text"

    @property
    def greeting(self) -> str:
        """In a few words, who it is: `Guile 3.0.8, cooperative, upgraded`."""
        told = self.aux.get("repl-connect/greeting")
        if isinstance(told, str):
            return told
        return ", ".join(
            f"{_PROPER_NAMES.get(name, name)} {version}".strip()
            for name, version in self.versions.items()
        )
