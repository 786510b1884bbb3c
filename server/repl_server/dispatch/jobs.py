"""Jobs: code that a client leaves here to be evaluated, and comes back for.

They run one after the other, first in, first out, each in a session of its own:

    queued ──> running ──> finished      its value is there
       │          ├──────> failed        an error ended it
       └──────────┴──────> cancelled     somebody asked for it

Nobody needs to stay connected for it, and every client can read every job. What has ended is kept
for a while: `JobBounds` says how much of it and how long; the oldest goes first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from repl_server.dispatch.requests import Client, Request, Session
from repl_server.dispatch.timing import Alarm, Timing
from repl_server.dispatch.transcript import Recorded, Transcript, head, recorded_message, weight

if TYPE_CHECKING:
    from repl_server.dispatch.dispatcher import Dispatcher

__all__ = ["STATES", "JobBounds", "Jobs"]

STATES: Final = ("queued", "running", "finished", "failed", "cancelled")
"""What a job can be; the last three are for good."""

_LONGEST_WAIT: Final = 60.0
_CODE_SHOWN: Final = 200
_NAME: Final = 200
_OVERHEAD: Final = 1_024


class JobBounds(NamedTuple):
    """How much is taken on and kept.

    - `queued`, `ended`: how many jobs that wait, and how many that are over.
    - `output_bytes`, `value_bytes`: what is kept of one job's output, and of its values.
    - `all_bytes`: of all jobs together, with the code of those that wait.
    - `seconds`: how long one that is over is kept.
    - `waiting`: how many requests may wait for the end of jobs.
    """

    queued: int = 1_000
    ended: int = 1_000
    output_bytes: int = 1_048_576
    value_bytes: int = 1_048_576
    all_bytes: int = 67_108_864
    seconds: int = 3_600
    waiting: int = 1_000


class _Job:
    """One job. Times are milliseconds since the epoch."""

    def __init__(self, ident: str, request: Request, submitted: int, bounds: JobBounds) -> None:
        self.id = ident
        self.message = recorded_message(request, value_bytes=bounds.value_bytes)
        self.client = {"client": request.client.id, "client-name": request.client.name}
        self.name = head(request.text("name") or "", _NAME)
        self.code = self.message["code"][:_CODE_SHOWN]
        self.code_length = len(self.message["code"])
        self.state = "queued"
        self.submitted = submitted
        self.started: int | None = None
        self.ended: int | None = None
        self.forget_at = 0.0
        self.transcript = Transcript(
            output_bytes=bounds.output_bytes, value_bytes=bounds.value_bytes
        )
        self.evaluation: Recorded | None = None
        self.weight = _OVERHEAD + weight(self.message)

    def summary(self) -> dict[str, object]:
        """What a list of jobs says of it, its place in the queue aside."""
        found = {
            "job": self.id,
            "name": self.name or None,
            "state": self.state,
            "code": self.code,
            "code-length": self.code_length if self.code_length > _CODE_SHOWN else None,
            **self.client,
            "submitted": self.submitted,
            "started": self.started,
            "ended": self.ended,
        }
        return {key: value for key, value in found.items() if value is not None}


class _Wait(NamedTuple):
    """A request for a result that is not there yet, and until when it waits."""

    job: _Job
    request: Request
    until: float


class Jobs:
    """The jobs of one dispatcher, and the ops they are reached by. Called under the guard.

    `announce` is told of every change of a job's state.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        timing: Timing,
        bounds: JobBounds,
        announce: Callable[[str, Mapping[str, object]], None],
    ) -> None:
        self.ops: dict[str, Callable[[Request], None]] = {
            "repl-server/submit": self._submit,
            "repl-server/result": self._result,
            "repl-server/jobs": self._jobs,
            "repl-server/cancel": self._cancel,
        }
        self._dispatcher = dispatcher
        self._timing = timing
        self._bounds = bounds
        self._announce = announce
        self._all: dict[str, _Job] = {}
        """In the order they came."""
        self._queue: deque[_Job] = deque()
        self._running: _Job | None = None
        self._ended: deque[_Job] = deque()
        """In the order they ended."""
        self._open_bytes = 0
        self._ended_bytes = 0
        self._waits: list[_Wait] = []
        self._alarm = Alarm(timing, dispatcher.guard, self._look)
        # A job of an earlier start of the program must not be taken for one of this.
        self._start = f"{int(timing.wall() * 10) & 0xFFFFFF:06x}"
        self._last = 0
        self._advancing = False
        self._closed = False

    def left(self, client: Client) -> None:
        """A client has gone: what it submitted stays, it waits for nothing any more."""
        self._waits = [wait for wait in self._waits if wait.request.client is not client]

    def session_closed(self, session: Session) -> None:
        """Nothing: a job has a session of its own."""

    def close(self) -> None:
        """The server ends: what waits is cancelled, what runs is stopped."""
        self._closed = True
        while self._queue:
            self._end(self._queue.popleft(), "cancelled")
        if self._running is not None and self._running.evaluation is not None:
            session = self._running.evaluation.session
            assert session is not None
            self._dispatcher.end_session(session)

    # The ops.

    def _submit(self, request: Request) -> None:
        code = request.message.get("code")
        if not isinstance(code, str):
            request.refuse("no-code", "repl-server/submit needs `code`, as text.")
            return
        if self._closed:
            request.refuse("repl-server/closing", "This server is about to end.")
            return
        if len(self._queue) >= self._bounds.queued:
            request.refuse(
                "queue-full",
                f"{self._bounds.queued} jobs wait here already: cancel some, or submit it later.",
            )
            return
        job = _Job(f"{self._start}-{self._last + 1}", request, self._now(), self._bounds)
        if self._open_bytes + job.weight > self._bounds.all_bytes:
            request.refuse("queue-full", "The code of the jobs that wait fills what there is.")
            return
        self._last += 1
        self._all[job.id] = job
        self._open_bytes += job.weight
        self._queue.append(job)
        self._look()
        request.reply({"job": job.id, "position": self._position(job), "status": ["done"]})
        self._tell(job)
        self._advance()

    def _result(self, request: Request) -> None:
        job = self._find(request)
        if job is None:
            return
        seconds = request.seconds("wait")
        if seconds is None and "wait" in request.message:
            request.refuse("invalid-field", "`wait` must be seconds, from 0 to 60.")
        elif not seconds or job.ended is not None:
            self._answer(request, job)
        elif len(self._waits) >= self._bounds.waiting:
            request.refuse(
                "repl-server/too-many-waits",
                f"{self._bounds.waiting} requests wait for jobs already: ask without `wait`.",
            )
        else:
            until = self._timing.monotonic() + min(seconds, _LONGEST_WAIT)
            self._waits.append(_Wait(job, request, until))
            self._alarm.at(until)

    def _jobs(self, request: Request) -> None:
        self._look()
        state = request.message.get("state")
        if state not in (None, "", *STATES):
            request.refuse("invalid-field", f"`state` is one of {', '.join(STATES)}.")
            return
        positions = {
            job.id: number for number, job in enumerate(self._queue, int(self._running is not None))
        }
        found = []
        for job in self._all.values():
            if not state or job.state == state:
                summary = job.summary()
                if job.id in positions:
                    summary["position"] = positions[job.id]
                found.append(summary)
        request.reply({"jobs": found, "status": ["done"]})

    def _cancel(self, request: Request) -> None:
        job = self._find(request)
        if job is None:
            return
        if job.ended is not None:
            request.refuse(
                "repl-server/already-ended", f"Job {job.id} has ended: {job.state}.", job=job.id
            )
        elif job.evaluation is None:
            self._queue.remove(job)
            self._end(job, "cancelled")
            request.reply({"job": job.id, "state": job.state, "status": ["done"]})
        else:
            job.evaluation.interrupts = [*job.evaluation.interrupts, request]
            self._dispatcher.evaluator.interrupt(job.evaluation)

    def _find(self, request: Request) -> _Job | None:
        """The job meant; if there is none, the request is refused."""
        self._look()
        ident = request.text("job")
        if ident is None:
            request.refuse("invalid-field", "Say which `job`: the id that `submit` answered.")
            return None
        job = self._all.get(ident)
        if job is None:
            start, _, number = ident.rpartition("-")
            known = start == self._start and number.isdecimal() and len(number) < 20
            request.refuse(
                "repl-server/unknown-job",
                f"Job {ident[:40]} has ended and is not kept any more."
                if known and 0 < int(number) <= self._last
                else f"There is no job {ident[:40]} in this run of the program.",
            )
        return job

    def _answer(self, request: Request, job: _Job) -> None:
        fields = job.summary() | job.transcript.fields()
        if job.state == "queued":
            fields["position"] = self._position(job)
        request.reply({**fields, "status": ["done"]})

    def _position(self, job: _Job) -> int:
        """How many jobs are to end before it begins."""
        return self._queue.index(job) + (self._running is not None)

    # What happens to jobs.

    def _advance(self) -> None:
        """Run the next, if none runs. Those that end at once are no recursion."""
        if self._advancing:
            return
        self._advancing = True
        try:
            while self._running is None and self._queue:
                self._run(self._queue.popleft())
        finally:
            self._advancing = False

    def _run(self, job: _Job) -> None:
        dispatcher = self._dispatcher
        self._running = job
        session = Session(f"job-{job.id.rpartition('-')[2]}", ephemeral=True)
        job.evaluation = evaluation = Recorded(
            dispatcher, job.message, session, job.transcript, lambda: self._over(job)
        )
        job.state = "running"
        job.started = self._now()
        self._tell(job)
        dispatcher.evaluator.open_session(session, None)
        session.running = evaluation
        dispatcher.evaluator.evaluate(evaluation)

    def _over(self, job: _Job) -> None:
        """Its evaluation has ended."""
        transcript = job.transcript
        if "interrupted" in transcript.statuses:
            state = "cancelled"
        else:
            state = "failed" if transcript.failed else "finished"
        self._running = None
        self._end(job, state)
        self._advance()

    def _end(self, job: _Job, state: str) -> None:
        job.state = state
        job.ended = self._now()
        job.forget_at = self._timing.monotonic() + self._bounds.seconds
        job.message, job.evaluation = {}, None
        job.transcript.ended = True
        self._open_bytes -= job.weight
        job.weight = _OVERHEAD + job.transcript.weight
        self._ended_bytes += job.weight
        self._ended.append(job)
        self._tell(job)
        waits, self._waits = self._waits, []
        for wait in waits:
            if wait.job is job:
                self._answer(wait.request, job)
            else:
                self._waits.append(wait)
        self._look()

    def _look(self) -> None:
        """Answer who has waited long enough, forget what is too old or too much."""
        now = self._timing.monotonic()
        waits, self._waits = self._waits, []
        for wait in waits:
            if wait.until <= now:
                self._answer(wait.request, wait.job)
            else:
                self._waits.append(wait)
        bounds = self._bounds
        while self._ended and (
            len(self._ended) > bounds.ended
            or self._open_bytes + self._ended_bytes > bounds.all_bytes
            or self._ended[0].forget_at <= now
        ):
            job = self._ended.popleft()
            del self._all[job.id]
            self._ended_bytes -= job.weight
        if self._ended:
            self._alarm.at(self._ended[0].forget_at)
        if self._waits:
            self._alarm.at(min(wait.until for wait in self._waits))

    def _tell(self, job: _Job) -> None:
        self._announce("jobs", job.summary())

    def _now(self) -> int:
        return int(self._timing.wall() * 1_000)
