"""The jobs of all targets, and what they brought."""

from __future__ import annotations

import heapq
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType

from repl_connect.dashboard.observing.observation import Observation
from repl_connect.dashboard.observing.records import Change, JobRow
from repl_connect.dashboard.observing.rows import short_id
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.dashboard.panels.dialogs import FormDialog, Question, TargetQuestion
from repl_connect.dashboard.panels.panel import MOST_ROWS, Look, Panel
from repl_connect.dashboard.panels.table import Heading, Row
from repl_connect.durations import age, duration

__all__ = ["JobsPanel", "job_text"]

_LOOKS: Final[dict[str, Look]] = {
    "running": "busy",
    "finished": "good",
    "failed": "bad",
}


class JobsPanel(Panel):
    """All jobs, the newest first; Enter shows what one has brought so far."""

    SHOWS = Panel.SHOWS | {Change.JOBS}
    HEADINGS = (
        Heading("state", 9),
        Heading("target", 8, 1, keeps_end=True),
        Heading("when", 9),
        Heading("code", 12, 4),
        Heading("id", 6, 1, 60),
        Heading("of", 8, 1, 80),
    )
    EMPTY = (
        "No jobs. s leaves code with a program: it runs it by itself, "
        "also when nobody is connected."
    )
    NOUN = "job"
    UNTOLD = "{} without own jobs: a bridge keeps those that you submit."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "submit", "Submit a job"),
        Binding("delete,backspace", "cancel", "Cancel it", key_display="del"),
    ]

    def __init__(self, observation: Observation, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(observation, id=id)
        self._jobs: dict[str, tuple[ObservedTarget, JobRow]] = {}

    def rows(self) -> list[Row]:
        """The newest `MOST_ROWS` jobs."""
        every = [
            (each, job) for each in self.observation.targets for job in reversed(each.jobs or ())
        ]
        self.total = len(every)
        newest = heapq.nlargest(MOST_ROWS, every, key=lambda pair: pair[1].submitted or 0.0)
        self._jobs = {f"{each.name}\0{job.id}": (each, job) for each, job in newest}
        return [self._row(key, *pair) for key, pair in self._jobs.items()]

    def untold(self) -> int:
        """Targets whose servers keep no jobs."""
        return self.unable("repl-server/jobs")

    def open_row(self, key: str) -> None:
        """Ask for what the job has brought, and show it."""
        observed, job = self._jobs[key]
        title = f"Job {short_id(job.id)} of {observed.name}"

        def show(reply: dict[str, Any]) -> None:
            if problem := reply.get("problem"):
                self.tell(str(problem), problem=True)
                return
            text, cut = job_text(reply, job)
            rest = "No more of it was kept: there is a limit to what a job may bring."
            self.inspect(title, text, cut=cut, rest=rest)

        observed.fetch(job.id, show)

    def action_submit(self) -> None:
        """Ask for code, and for whom it is."""
        able = [each for each in self.observation.targets if each.connected]
        if not able:
            self.tell("No target is connected that a job could be left with.", problem=True)
            return
        which = TargetQuestion(able, self.chosen())
        questions = [*which.questions, Question("Code", multiline=True)]

        def submit(answers: tuple[str, ...] | None) -> None:
            if answers is not None:
                *names, code = answers
                for each in which.meant(names):
                    each.submit(code, self.tell)

        self.app.push_screen(FormDialog("Submit a job", questions), submit)

    def action_cancel(self) -> None:
        """Cancel the job under the cursor."""
        pair = self._jobs.get(self.table.current or "")
        if pair is not None:
            observed, job = pair
            observed.cancel(job.id, self.tell)

    def _row(self, key: str, observed: ObservedTarget, job: JobRow) -> Row:
        when = self._when(job)
        return self.row(key, (job, when), lambda: self._cells(observed, job, when))

    def _cells(self, observed: ObservedTarget, job: JobRow, when: str) -> tuple[Text, ...]:
        return (
            self.cell(job.state, _LOOKS.get(job.state, "muted")),
            self.cell(observed.name, "accent"),
            self.cell(when, "muted"),
            self.cell(job.name or job.code),
            self.cell(short_id(job.id), "muted"),
            self.cell(job.client, "muted"),
        )

    def _when(self, job: JobRow) -> str:
        """Its place in the queue, how long it has run, or how long ago it ended."""
        if job.state == "queued":
            return f"behind {job.position}" if job.position else "next"
        if job.ended is not None:
            since = self.now - job.ended
            return "now" if since < 1 else f"{age(since)} ago"
        return age(self.now - job.started) if job.started is not None else ""


def job_text(reply: dict[str, Any], job: JobRow) -> tuple[str, bool]:
    """What a job has brought, as `repl-server/result` tells it; and whether some of it is missing.

    The error's traceback is in `err`.
    """
    begun, ended = reply.get("started"), reply.get("ended")
    took = ""
    if isinstance(begun, int) and isinstance(ended, int):
        took = f" after {duration((ended - begun) / 1000)}"
    parts = [f"{reply.get('state')}{took}\n\n{reply.get('code') or job.code}\n"]
    length = reply.get("code-length")
    if isinstance(length, int):
        parts[0] += f"… ({length:,} characters)\n"
    for title, text in (("printed", reply.get("out")), ("errors", reply.get("err"))):
        if isinstance(text, str) and text:
            parts.append(f"── {title} ──\n{text}")
    values = reply.get("values")
    if isinstance(values, list) and values:
        parts.append("── values ──\n" + "\n".join(str(each) for each in values))
    text = "\n".join(part if part.endswith("\n") else part + "\n" for part in parts)
    return text, bool(reply.get("repl-server/cut"))
