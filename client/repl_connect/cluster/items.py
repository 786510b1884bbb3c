"""One item of work as a Dask task, in a worker: evaluated once, or it is said that it was not.

Dask runs the tasks of a worker that was lost again, on another, without a word. So each item leaves
a mark with the scheduler before it is evaluated (its metadata, `repl-connect`, run, block, number).
Who finds a mark there knows that somebody has begun it before.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from repl_connect.cluster.evaluating import Evaluating
from repl_connect.cluster.repl import NAME, namespace_of
from repl_connect.cluster.scheduler import partner_name
from repl_connect.mapping.outcome import LOST, UNREACHABLE, Outcome

if TYPE_CHECKING:
    from distributed import Worker

__all__ = ["BLOCK", "OVER", "STOPPED", "Mark", "Terms", "mark_place", "run_item", "stop_items"]

BLOCK: Final = 20
"""The marks of so many items, one after the other, are kept together, and forgotten together."""

OVER: Final = "over"
"""What stands in the place of a block's marks when all its items have their outcomes, and in the
place of all of a run's when that has ended."""

STOPPED: Final = "It was stopped"
"""How the sentence about an item begins that was not run since its run was stopped."""


class Terms(NamedTuple):
    """What holds for all items of one run: its id, seconds for each, whether they may run again."""

    run: str
    timeout: float
    again: bool


class Mark(NamedTuple):
    """Who has begun an item, and the how manieth attempt that was, from 1."""

    worker: str
    attempt: int

    @classmethod
    def of(cls, told: object) -> Mark | None:
        """The mark as the scheduler has it, if there is one."""
        if isinstance(told, list | tuple) and len(told) == 2:
            return cls(str(told[0]), int(told[1]))
        return None

    def lost(self, why: str = "was lost") -> Outcome:
        """The outcome of an item whose worker `why`, as a sentence ends."""
        problem = f"{self.worker} had begun it and {why}: it may have run."
        return Outcome(self.worker, None, LOST, problem=problem, attempt=self.attempt)


def mark_place(run: str, number: int | None = None) -> list[str]:
    """Where an item's mark is among the scheduler's metadata, or those of all of a run."""
    return [NAME, run] if number is None else [NAME, run, str(number // BLOCK), str(number)]


def run_item(number: int, code: str, terms: Sequence[Any]) -> dict[str, Any]:
    """Evaluate the code of an item, as a task: the fields of its `Outcome`, without the item.

    An item that somebody has begun before is evaluated only if the terms allow it; else it is lost,
    with that worker's name as the partner.
    """
    from distributed import get_worker
    from distributed.utils import sync

    terms = Terms(*terms)
    worker = get_worker()
    me = partner_name(str(worker.name))
    evaluating = Evaluating(namespace_of(worker))
    with _lock:
        if terms.run in _stopped:
            return _not_run(me)
        _evaluating.setdefault(terms.run, set()).add(evaluating)
    try:
        try:
            before = sync(worker.loop, _begin, worker, number, me, terms)
        except _Over:
            return _not_run(me)
        if before is not None and not terms.again:
            return before.lost()._asdict()
        outcome = evaluating.run(me, code, terms.timeout)
    finally:
        with _lock:
            _evaluating[terms.run].discard(evaluating)
            if not _evaluating[terms.run]:
                del _evaluating[terms.run]
    return outcome._replace(attempt=before.attempt + 1 if before is not None else 1)._asdict()


def _not_run(me: str) -> dict[str, Any]:
    problem = f"{STOPPED} before it began."
    return Outcome(me, None, UNREACHABLE, problem=problem, attempt=0)._asdict()


def stop_items(run: str) -> None:
    """Interrupt the items of a run in this process, and begin none of them any more."""
    with _lock:
        _stopped.add(run)
        found = list(_evaluating.get(run, ()))
    for evaluating in found:
        evaluating.stop("It was interrupted")


async def _begin(worker: Worker, number: int, me: str, terms: Terms) -> Mark | None:
    """Leave a mark, unless there is one that forbids it; the one that was there.

    Raises `_Over`: a worker that hung may come to its items long after.
    """
    place = mark_place(terms.run, number)
    try:
        before = Mark.of(await worker.scheduler.get_metadata(keys=place, default=None))
    except TypeError:  # where the marks were there is a text
        raise _Over from None
    if before is None or terms.again:
        mine = Mark(me, 1 if before is None else before.attempt + 1)
        await worker.scheduler.set_metadata(keys=place, value=list(mine))
    return before


class _Over(Exception):
    """The run has ended without this item."""


_lock = threading.Lock()
_evaluating: dict[str, set[Evaluating]] = {}
_stopped: set[str] = set()
