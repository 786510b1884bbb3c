"""What is asked of jobs by their ids, and of many targets at once which jobs they have."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from repl_connect.address import HttpAddress
from repl_connect.errors import ReplConnectError
from repl_connect.jobs.desk import Desk, NoAnswer, UnknownJob, desk_of, keeper_of
from repl_connect.jobs.ident import JobId, place_of
from repl_connect.jobs.keepers import keepers
from repl_connect.places import address_of, listener_of
from repl_connect.replies import ENDED, maps_of
from repl_connect.targets import Target, partner_names, target_of
from repl_server.network.records import records
from repl_server.wire import Message

__all__ = ["Listed", "cancel", "known_targets", "listed", "result_of"]

_LONGEST_WAIT: Final = 60.0  # seconds that one request may wait
_AT_ONCE: Final = 16  # targets that are asked at the same time


class Listed(NamedTuple):
    """The jobs of one target, the newest first; or in a sentence why it could not be asked.

    `tells` is False for a server that has jobs and does not say which.
    """

    place: str
    jobs: tuple[tuple[JobId, dict[str, Any]], ...] = ()
    problem: str | None = None
    tells: bool = True


def result_of(ident: JobId, wait: float = 0.0) -> Message:
    """How far a job is, and what it has brought; waits so many seconds for its end.

    Raises `UnknownJob`, `ConnectError`, `ConnectionLost`.
    """
    deadline = time.monotonic() + wait
    with _desk(ident) as desk:
        while True:
            left = min(_LONGEST_WAIT, max(0.0, deadline - time.monotonic()))
            seconds = f"{left:.3f}" if left else None
            reply = desk.ask("result", seconds=left, job=ident.job, wait=seconds)
            if reply.get("state") in ENDED or time.monotonic() >= deadline:
                return reply


def cancel(ident: JobId) -> None:
    """End a job. Raises as `result_of`, and `JobRefused` if it can't be done."""
    with _desk(ident) as desk:
        try:
            desk.ask("cancel", job=ident.job)
        except NoAnswer:
            raise NoAnswer(
                f"{ident} was asked to end and has not yet: it may be where nothing can stop it. "
                "`repl-connect result` says how far it is."
            ) from None


def known_targets() -> list[Target]:
    """Who may have jobs: partners, bridges that keep some, and this machine's Python servers."""
    found = [target_of(f"@{name}") for name in partner_names()]
    theirs = {keeper.socket for each in found if (keeper := keeper_of(each)) is not None}
    others = (each for each in keepers() if each.socket not in theirs)
    found += [Target(each.address, each.dialect) for each in others]
    known = {listener_of(each.address) for each in found}
    for record in records():
        address = address_of(record)
        if record.mode != "bridge" and listener_of(address) not in known:
            found.append(Target(address))
    return found


def listed(targets: Sequence[Target]) -> list[Listed]:
    """The jobs of each target, in the order they are given; asked side by side."""
    found: dict[int, Listed] = {}
    turns = threading.Semaphore(_AT_ONCE)

    def ask(number: int, target: Target) -> None:
        with turns:
            found[number] = _listed(target)

    # Daemons: none is waited for when the user has had enough.
    threads = [
        threading.Thread(target=ask, args=each, name="asking for jobs", daemon=True)
        for each in enumerate(targets)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[number] for number in range(len(targets))]


def _listed(target: Target) -> Listed:
    place = place_of(target)
    try:
        desk = desk_of(target)
        if desk is None:
            return Listed(place)
        with desk:
            told = desk.ask("jobs").get("jobs")
    except ReplConnectError as error:
        problem = str(error)
        if target.partner is not None:  # it is known by its name
            words = problem.removeprefix(f"{target.address}: ")
            problem = f"{target.name} ({target.address}): {words}"
        return Listed(place, problem=problem)
    if isinstance(target.address, HttpAddress):
        return Listed(place, tells=False)
    jobs = reversed(maps_of(told))
    return Listed(place, tuple((desk.ident(job.get("job")), job) for job in jobs))


def _desk(ident: JobId) -> Desk:
    target = ident.target
    desk = desk_of(target)
    if desk is None:
        raise UnknownJob(
            f"{ident}: {target.address} keeps no jobs, and the bridge that kept some for it has "
            "ended, with their results."
        )
    return desk
