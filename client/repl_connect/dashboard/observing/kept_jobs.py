"""The jobs of a target whose server keeps none: a bridge in the background does, for all shells.

What is asked of it blocks, so that each question has a thread, which nobody waits for at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

from repl_connect.conversation.awaiting import beside
from repl_connect.dashboard.observing.records import JobRow
from repl_connect.dashboard.observing.rows import job_rows, short_id
from repl_connect.escapes import visible
from repl_connect.jobs.asking import Listed, cancel, listed, result_of
from repl_connect.jobs.desk import keeper_of, submitting_desk
from repl_connect.jobs.ident import JobId, place_of
from repl_connect.targets import Target

__all__ = ["KeptJobs"]

_SELDOM: Final = 5.0  # seconds between two looks
_THREAD: Final = "asking for jobs"
_OFTEN: Final = 1.0  # the same, while a job has not ended

_Told = TypeVar("_Told")


class KeptJobs:
    """What a bridge keeps for one target. `on_change` is called when `jobs` has changed."""

    def __init__(self, target: Target, on_change: Callable[[], None]) -> None:
        self.jobs: tuple[JobRow, ...] | None = None
        """In the order they were submitted; None if there is no such bridge."""
        self._target = target
        self._name = visible(target.name)
        self._on_change = on_change
        self._asking = False
        self._due = 0.0

    def beat(self, now: float) -> None:
        """Ask which jobs there are, if it is time."""
        if not self._asking and now >= self._due:
            self._asking, self._due = True, now + _SELDOM
            beside(self._list, self._took, name=_THREAD)

    def submit(self, code: str, namespace: str | None, on_answer: Callable[[str], None]) -> None:
        """Leave code with a bridge, which is started if need be; `on_answer` gets a sentence."""

        def leave() -> str:
            with submitting_desk(self._target, self._target.dialect, None) as desk:
                reply = desk.ask("submit", code=code, ns=namespace)
            ident = short_id(reply.get("job"))
            return f"{self._name}: job {ident} is left with a bridge in the background."

        self._ask(leave, on_answer, on_answer)

    def fetch(self, job: str, on_result: Callable[[dict[str, Any]], None]) -> None:
        """Ask for what a job has brought: nREPL's map, or one with a sentence as `problem`."""
        ident = JobId(place_of(self._target), job)
        self._ask(
            lambda: result_of(ident),
            on_result,
            lambda problem: on_result({"problem": problem}),
        )

    def cancel(self, job: str, on_answer: Callable[[str], None]) -> None:
        """End a job, or take it out of the queue; `on_answer` gets a sentence."""
        ident = JobId(place_of(self._target), job)

        def end() -> str:
            cancel(ident)
            return f"{self._name}: job {short_id(job)} is cancelled."

        self._ask(end, on_answer, on_answer)

    def _ask(
        self,
        act: Callable[[], _Told],
        on_told: Callable[[_Told], None],
        on_problem: Callable[[str], None],
    ) -> None:
        """Do something in a thread, and look soon after what has become of the jobs."""

        def done(told: _Told | Exception) -> None:
            self._due = 0.0
            if isinstance(told, Exception):
                on_problem(visible(str(told)))
            else:
                on_told(told)

        beside(act, done, name=_THREAD)

    def _list(self) -> Listed | None:
        """In a thread: None if nobody keeps any. Nothing is asked of the target itself."""
        return listed([self._target])[0] if keeper_of(self._target) is not None else None

    def _took(self, answer: Listed | Exception | None) -> None:
        self._asking = False
        if isinstance(answer, Exception) or (answer is not None and answer.problem is not None):
            return  # it has just ended, which the next look shows
        told = [job for _, job in reversed(answer.jobs)] if answer is not None else None
        jobs = job_rows({"jobs": told}) if told is not None else None
        if any(job.unfinished for job in jobs or ()):
            self._due = min(self._due, asyncio.get_running_loop().time() + _OFTEN)
        if jobs != self.jobs:
            self.jobs = jobs
            self._on_change()
