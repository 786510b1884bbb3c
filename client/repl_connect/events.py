"""What comes of what a session was asked: the events of an evaluation, and other answers.

Plain tuples with names: they are made by the thousand, and `repl-connect eval` has to start fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

__all__ = [
    "Candidate",
    "Completions",
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
    `held`: it tells of an error of the program that waits for somebody to choose a restart; its id.
    """

    stream: str
    text: str
    late: bool = False
    held: str | None = None


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
    """The program waits for input: `Session.give_input`. `secret`: do not show it."""

    secret: bool = False


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
    """One completion: what would stand there, what kind of thing it is, what it takes."""

    text: str
    type: str | None = None
    namespace: str | None = None
    arguments: str | None = None
    doc: str | None = None


class Completions(NamedTuple):
    """What could stand at the end of a text, in place of its last `replaces` characters."""

    candidates: tuple[Candidate, ...] = ()
    replaces: int = 0


_LANGUAGES: Final = ("guile", "clojure", "babashka", "basilisp", "python", "sbcl", "racket")


class Description(NamedTuple):
    """What the other side said of itself: its ops, and versions of what runs there.

    `assumed` is the language of one that does not tell.
    """

    ops: frozenset[str]
    versions: Mapping[str, str]
    aux: Mapping[str, Any]
    assumed: str = "text"

    @property
    def language(self) -> str:
        """`guile`, `clojure`, `python`, …: the language record to use; `text` if unknown."""
        told = self.aux.get("repl-connect/language")
        if isinstance(told, str) and told != "text":
            return told
        return next((name for name in _LANGUAGES if name in self.versions), self.assumed)

    @property
    def keeps_order(self) -> bool:
        """Whether evaluations that are sent together are known to run in that order: ours do."""
        return "repl-server" in self.versions or "repl-connect/language" in self.aux

    @property
    def is_lines(self) -> bool:
        """Whether it is no REPL: lines go there, lines come, and none answers another."""
        return bool(self.aux.get("repl-connect/lines"))

    @property
    def completes_text(self) -> bool:
        """Whether `completions` makes use of all the text before the cursor."""
        return self.aux.get("repl-server/prefix") == "text"

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
