"""Where a target's jobs are asked for: the program itself if it has jobs, else its keeper."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from repl_connect.connect import CONNECT_TIMEOUT, connect
from repl_connect.dialects import dialect_named
from repl_connect.errors import (
    ConnectError,
    ConnectionLost,
    NotListening,
    ReplConnectError,
    UsageError,
)
from repl_connect.exit_codes import ExitCode
from repl_connect.jobs.ident import JobId, place_of
from repl_connect.jobs.keepers import Keeper, keeper_for, started_keeper
from repl_connect.link import Link
from repl_connect.replies import is_last, refusal_of, statuses_of
from repl_connect.targets import Target
from repl_server.wire import Message

__all__ = [
    "NOT_LISTENING",
    "REACH",
    "Desk",
    "JobRefused",
    "NoAnswer",
    "UnknownJob",
    "desk_of",
    "keeper_of",
    "submitting_desk",
]

REACH: Final = "repl-connect/reach"
"""The op of a keeper that connects, or says why that can't be done."""

NOT_LISTENING: Final = "repl-connect/not-listening"
"""The status that says that nobody listens there, or not yet."""

_SUBMIT: Final = "repl-server/submit"
_ANSWER: Final = 15.0  # seconds for an answer: some cooperative servers poll seldom
_UNKNOWN: Final = "repl-server/unknown-job"

_Made = TypeVar("_Made")


class JobRefused(ReplConnectError):
    """The other side would not do it: the job has ended, the queue is full."""


class UnknownJob(UsageError):
    """There is no job of this id, or it is not kept any more."""


class NoAnswer(ReplConnectError):
    """It has not answered in time."""

    exit_code = ExitCode.STOPPED


class Desk:
    """A connection to what has the jobs of the target at `place`. Close it, or use `with`.

    `kept`: that is a keeper, since the program itself has no jobs.
    """

    def __init__(self, link: Link, target: Target, *, kept: bool) -> None:
        self.place = place_of(target)
        self.kept = kept
        self._link = link
        self._name = self.place
        if target.partner is not None:
            self._name += f" ({target.address})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._link.close()

    def ident(self, job: object) -> JobId:
        """The id of a job here, by which it is known anywhere."""
        return JobId(self.place, str(job))

    def ask(self, op: str, *, seconds: float = 0.0, **fields: Any) -> Message:
        """The reply to an op for jobs; `seconds` is how long it may wait before it answers.

        Raises `UnknownJob`, `JobRefused`, `NoAnswer`, `ConnectionLost`.
        """
        message = {key: value for key, value in fields.items() if value is not None}
        reply = self._ask({"op": f"repl-server/{op}", **message}, seconds + _ANSWER)
        statuses = statuses_of(reply)
        if _UNKNOWN in statuses:
            why = refusal_of(reply, "knows no such job")
            if self.kept:
                why = f"The bridge that keeps its jobs knows no job {fields.get('job')} (any more)."
            raise UnknownJob(f"{self._name}: {why}")
        if "error" in statuses:
            raise JobRefused(f"{self._name}: {refusal_of(reply, 'refused it')}")
        return reply

    def reach(self) -> None:
        """Have a keeper connect. Raises `ConnectError` if it can't, of the kind `connect` does."""
        reply = self._ask({"op": REACH}, CONNECT_TIMEOUT + _ANSWER)
        statuses = statuses_of(reply)
        if "error" in statuses:
            kind = NotListening if NOT_LISTENING in statuses else ConnectError
            raise kind(refusal_of(reply, "can't be connected to"))

    def _ask(self, message: Message, timeout: float) -> Message:
        replies: list[Message] = []
        self._link.session.request(message, replies.append)
        try:
            answered = self._link.run_until(lambda: bool(replies) and is_last(replies[-1]), timeout)
        except ConnectionLost:
            if not self.kept:
                raise
            raise ConnectionLost(
                f"{self._name}: the bridge that keeps its jobs has ended, with their results."
            ) from None
        if not answered:
            raise NoAnswer(
                f"{self._name}: no answer in {timeout:g} seconds. It may be busy with an "
                "evaluation, or its loop may not poll."
            )
        return replies[-1]


def desk_of(target: Target, timeout: float = CONNECT_TIMEOUT) -> Desk | None:
    """Where the jobs of a target are; None if nothing keeps any. Raises `ConnectError`.

    Nothing is started.
    """
    keeper = keeper_of(target)
    if keeper is not None:
        return _at_keeper(keeper, target)
    if _has_none(target.dialect):
        return None
    return _at_program(target, target.dialect, timeout)


def keeper_of(target: Target) -> Keeper | None:
    """Who keeps its jobs, whatever dialect that one was told; None if there is nobody."""
    return keeper_for(target.address, target.dialect) or keeper_for(target.address)


def submitting_desk(target: Target, dialect: str | None, wait: float | None) -> Desk:
    """Where a job for a target can be left: a keeper is started if need be, and it is said.

    `wait`: for how many seconds to try again while nobody listens. Raises `ConnectError`.
    """
    keeper = keeper_for(target.address, dialect)
    if keeper is None and not _has_none(dialect):
        desk = _when_up(lambda: _at_program(target, dialect, CONNECT_TIMEOUT), target, wait)
        if desk is not None:
            return desk
    desk = _at_keeper(keeper or started_keeper(target.address, dialect), target)
    try:
        _when_up(desk.reach, target, wait)  # what is not there is better said now
    except BaseException:
        desk.close()
        raise
    return desk


def _when_up(make: Callable[[], _Made], target: Target, wait: float | None) -> _Made:
    if wait is None:
        return make()
    from repl_connect.waiting import connect_when_up

    return connect_when_up(make, wait, str(target.address))


def _has_none(dialect: str | None) -> bool:
    """Whether what speaks this can't have jobs of its own."""
    return dialect is not None and not dialect_named(dialect).native


def _at_program(target: Target, dialect: str | None, timeout: float) -> Desk | None:
    link = connect(target.address, dialect=dialect, tool=False, timeout=timeout)
    if link.session.supports(_SUBMIT):
        return Desk(link, target, kept=False)
    link.close()
    return None


def _at_keeper(keeper: Keeper, target: Target) -> Desk:
    try:
        link = connect(keeper.socket, dialect="nrepl", tool=False)
    except ConnectError as error:
        raise ConnectError(f"The bridge that keeps jobs for {target.name}: {error}") from None
    return Desk(link, target, kept=True)
