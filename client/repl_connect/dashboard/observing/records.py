"""What is known of a target, as plain records. Times are seconds since the epoch."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from repl_connect.replies import ENDED

__all__ = ["Change", "ClientRow", "HeldRow", "JobRow", "LogLine", "Sample", "State"]


class State(StrEnum):
    """How a target is, in one word."""

    CONNECTING = "connecting"
    """A connection is being made; there was none before."""
    UP = "up"
    BUSY = "busy"
    """It evaluates for us, or it computes and has not answered for some seconds."""
    SILENT = "silent"
    """It is connected, and has not answered for some seconds."""
    LOST = "lost"
    """The connection was there and is gone; it is made again."""
    FAILED = "failed"
    """No connection could be made; it is tried again."""
    CLOSED = "closed"
    """The user has ended the connection, and it is not made again."""


class Change(StrEnum):
    """What there may be news of."""

    TARGETS = "targets"
    """Targets were added or removed."""
    STATE = "state"
    """A state, a latency, a language or a namespace."""
    CLIENTS = "clients"
    JOBS = "jobs"
    WATCHES = "watches"
    HELD = "held"
    LOG = "log"
    ANSWERS = "answers"


class ClientRow(NamedTuple):
    """Somebody who is connected to a target. `ours`: this dashboard."""

    id: str
    name: str
    version: str
    address: str
    since: float | None
    sessions: int
    ours: bool


class JobRow(NamedTuple):
    """A job of a target's. `position`: how many are to end before it begins, while it is queued."""

    id: str
    state: str
    name: str
    code: str
    client: str
    submitted: float | None
    started: float | None
    ended: float | None
    position: int | None

    @property
    def unfinished(self) -> bool:
        """Whether it waits or runs."""
        return self.state not in ENDED


class HeldRow(NamedTuple):
    """An error that holds a program. `frames` are lines, innermost last."""

    id: str
    name: str
    since: float | None
    error: str
    traceback: str
    restarts: tuple[str, ...]
    frames: tuple[str, ...]


class Sample(NamedTuple):
    """One value of a watch; `number` if it is one."""

    at: float
    text: str
    number: float | None


class LogLine(NamedTuple):
    """A line of the log. `stream`: `out` or `err`, which it printed; `event`; `note`, our words."""

    number: int
    at: float
    target: str
    stream: str
    text: str
