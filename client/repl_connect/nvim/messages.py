"""What the host tells Neovim: each message becomes a map, with its `kind` and what is known.

Of a dataclass they have what is used: making the rest would take a good part of the host's start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

__all__ = [
    "Answer",
    "Asked",
    "Connected",
    "Disconnected",
    "Ended",
    "Errored",
    "Held",
    "Message",
    "Named",
    "Note",
    "Printed",
    "Reconnecting",
    "Same",
    "Span",
    "Taken",
    "Valued",
]


@dataclass(kw_only=True, eq=False, repr=False)
class Message:
    """One message. Fields that are None are left out."""

    kind: ClassVar[str]

    def as_map(self) -> dict[str, Any]:
        """What is sent."""
        shape: dict[str, Any] = {"kind": self.kind}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                shape[field.name] = value
        return shape


@dataclass(kw_only=True, eq=False, repr=False)
class Connected(Message):
    """There is a link. `resumed`: the session that was asked for, or was there before, goes on.

    `filetypes` are those whose code fits there, `own` the ones of exactly its language, in which
    a comment starts with `comment_prefix`.
    """

    kind = "connected"
    connection: int
    name: str
    greeting: str
    language: str
    own: tuple[str, ...]
    filetypes: tuple[str, ...]
    comment_prefix: str
    dialect: str
    namespace: str | None
    session: str
    resumed: bool
    again: bool
    advice: str | None = None


@dataclass(kw_only=True, eq=False, repr=False)
class Disconnected(Message):
    """There is no link: it was lost, could not be made (`failed`), or was given up on request."""

    kind = "disconnected"
    connection: int
    text: str
    failed: bool = False
    wanted: bool = False


@dataclass(kw_only=True, eq=False, repr=False)
class Same(Message):
    """The connection is to where another one is already, which takes its place."""

    kind = "same"
    connection: int
    other: int


@dataclass(kw_only=True, eq=False, repr=False)
class Reconnecting(Message):
    """How far it is with connecting again; empty if it is at it no more."""

    kind = "reconnecting"
    connection: int
    state: str


@dataclass(kw_only=True, eq=False, repr=False)
class Named(Message):
    """The namespace that the session is in now."""

    kind = "namespace"
    connection: int
    namespace: str


@dataclass(kw_only=True, eq=False, repr=False)
class Note(Message):
    """A sentence for the user. `level` is `info`, `warn` or `error`."""

    kind = "note"
    text: str
    level: str = "info"
    connection: int | None = None


@dataclass(kw_only=True, eq=False, repr=False)
class Span(Message):
    """What is being evaluated of the buffer: rows from 0, columns in bytes, the end exclusive.

    `comment_prefix` is what a comment starts with in the language of the buffer, maybe nothing.
    """

    kind = "span"
    evaluation: int
    row: int
    column: int
    end_row: int
    end_column: int
    code: str
    comment_prefix: str


@dataclass(kw_only=True, eq=False, repr=False)
class Printed(Message):
    """Output; without an evaluation it belongs to none. The stream `note` is a sentence of ours."""

    kind = "output"
    connection: int
    stream: str
    text: str
    evaluation: int | None = None


@dataclass(kw_only=True, eq=False, repr=False)
class Valued(Message):
    """A value, as text. `cut`: it is longer than what was sent."""

    kind = "value"
    evaluation: int
    text: str
    label: str | None = None
    cut: bool = False


@dataclass(kw_only=True, eq=False, repr=False)
class Errored(Message):
    """The code raised an error. Each frame has a `name`, and `file` and `line` if they are known.

    `line` is the place in the file that was sent from, counted from 1, if it can be told; `offset`
    is how many lines it is below the first one that was sent. A frame in that file has one too.
    """

    kind = "error"
    evaluation: int
    type: str
    message: str
    frames: tuple[Mapping[str, Any], ...]
    line: int | None = None
    offset: int | None = None


@dataclass(kw_only=True, eq=False, repr=False)
class Asked(Message):
    """The program waits for input. `secret`: it is not to be shown."""

    kind = "input"
    connection: int
    evaluation: int
    secret: bool


@dataclass(kw_only=True, eq=False, repr=False)
class Held(Message):
    """An error holds the program until somebody chooses how to go on.

    `before`: it did so already when the connection was made.
    """

    kind = "held"
    connection: int
    held: str
    text: str
    evaluation: int | None = None
    before: bool = False


@dataclass(kw_only=True, eq=False, repr=False)
class Ended(Message):
    """The evaluation has ended: `ok`, `error`, `interrupted`, `lost`, or `refused` (never run).

    `problem` is a sentence. Without `valued` the last form has no value: any that came is an
    earlier one's.
    """

    kind = "done"
    evaluation: int
    status: str
    problem: str | None = None
    valued: bool = True


@dataclass(kw_only=True, eq=False, repr=False)
class Answer(Message):
    """The answer to a request of this number."""

    kind = "answer"
    request: int
    result: Any


@dataclass(kw_only=True, eq=False, repr=False)
class Taken(Message):
    """So many requests were taken since the host was started."""

    kind = "taken"
    requests: int
