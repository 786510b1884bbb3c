"""What a target tells of itself: who is connected, its jobs, the errors that hold it, its topics.

Where there is `repl-server/subscribe` each event is told, and lists are asked for when an event
says that they have changed. Where there is a list of jobs without events (telephone), it is asked
for while one of them has not ended. What a server has no op for is None.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from repl_connect.conversation.conversation import Conversation
from repl_connect.dashboard.observing.records import Change, ClientRow, HeldRow, JobRow
from repl_connect.dashboard.observing.rows import (
    MOST_ROWS,
    client_rows,
    held_rows,
    job_row,
    job_rows,
    line_of,
    short_id,
)
from repl_connect.link import Link
from repl_connect.replies import is_last, refusal_of, statuses_of

__all__ = ["Reports"]

_GAP: Final = 0.25  # seconds from one list to the next
_POLL: Final = 3.0  # seconds, where there are no events
_TOPIC_CHARACTERS: Final = 4_000
_KINDS: Final = ("clients", "jobs", "errors")
_OPS: Final = {
    Change.CLIENTS: "repl-server/clients",
    Change.JOBS: "repl-server/jobs",
    Change.HELD: "repl-server/held",
}


class Reports:
    """What one target has told, as rows.

    `on_change` is called with what has changed, `on_event` with a line for each event, `on_heard`
    with how many characters have come.
    """

    def __init__(
        self,
        conversation: Conversation,
        *,
        on_change: Callable[[Change], None],
        on_event: Callable[[str], None],
        on_heard: Callable[[int], None],
    ) -> None:
        self._conversation = conversation
        self._on_change = on_change
        self._on_event = on_event
        self._on_heard = on_heard
        self._lists = {
            change: _List(conversation, op, self._took(change)) for change, op in _OPS.items()
        }
        self._ours: object = None
        self._subscribed = False
        self._poll_due = 0.0
        self.clients: tuple[ClientRow, ...] | None = None
        self.jobs: tuple[JobRow, ...] | None = None
        self.held: tuple[HeldRow, ...] | None = None

    def attach(self, link: Link) -> None:
        """Subscribe, and ask for what there is."""
        session = link.session
        self._ours, self._subscribed = None, False
        if session.supports("repl-server/subscribe"):
            self._subscribed = True
            events = [kind for kind in _KINDS if _supports(link, kind)]
            message = {"op": "repl-server/subscribe", "events": events, "topics": ["*"]}
            with self._conversation.guarded():
                session.request(message, self._told)
            for change in _OPS:
                self.refresh(change)
            return
        self.refresh(Change.JOBS)
        # Held errors are not asked for: an adapter takes that as the wish to have our own held.
        if session.supports(_OPS[Change.HELD]):
            self.held = ()
            self._on_change(Change.HELD)

    def lost(self) -> None:
        """The connection is gone: nothing is told any more."""
        for each in self._lists.values():
            each.lost()
        self.clients = self.jobs = self.held = None
        for change in _OPS:
            self._on_change(change)

    def beat(self, now: float) -> None:
        """Ask for the jobs, where nothing is told of them, while one has not ended."""
        if self._subscribed or not self.jobs or now < self._poll_due:
            return
        if any(job.unfinished for job in self.jobs):
            self._poll_due = now + _POLL
            self.refresh(Change.JOBS)

    def refresh(self, change: Change) -> None:
        """Ask for a list anew, soon."""
        self._lists[change].ask()

    def _took(self, change: Change) -> Callable[[dict[str, Any]], None]:
        def take(reply: dict[str, Any]) -> None:
            if change is Change.CLIENTS:
                self.clients = client_rows(reply)
            elif change is Change.JOBS:
                self.jobs = job_rows(reply)
            else:
                self.held = held_rows(reply)
            self._on_change(change)

        return take

    def _told(self, reply: dict[str, Any]) -> None:
        if "repl-server/event" not in reply:
            if "repl-server/subscribed" in statuses_of(reply):
                self._ours = reply.get("client")
            elif "error" in statuses_of(reply):
                self._on_event(f"It tells no events: {line_of(refusal_of(reply, 'refused it'))}")
            return
        kind, text = reply["repl-server/event"], reply.get("text")
        self._on_heard(len(text) if isinstance(text, str) else 0)
        words = _words_of(reply)
        if kind == "clients":
            self.refresh(Change.CLIENTS)
            if reply.get("client") == self._ours:
                words = ""
        elif kind == "jobs":
            self._changed_job(reply)
        elif kind == "errors":
            self.refresh(Change.HELD)
        if words:
            self._on_event(words)
        dropped = reply.get("repl-server/dropped")
        if isinstance(dropped, int):
            self._on_event(f"{dropped:,} events before this one were not sent: too many at once.")

    def _changed_job(self, event: dict[str, Any]) -> None:
        """Take a job as the event tells it; the others may have moved up behind it."""
        row = job_row(event)
        jobs = list(self.jobs or ())
        place = next((index for index, job in enumerate(jobs) if job.id == row.id), None)
        if place is None:
            jobs.append(row)
        else:
            jobs[place] = row
        self.jobs = tuple(jobs[-MOST_ROWS:])
        self._on_change(Change.JOBS)
        if row.state != "queued":
            self.refresh(Change.JOBS)


class _List:
    """One list of a target's: asked for once at a time, and not too often."""

    def __init__(
        self, conversation: Conversation, op: str, take: Callable[[dict[str, Any]], None]
    ) -> None:
        self._conversation = conversation
        self._op = op
        self._take = take
        self._asked_of: Link | None = None
        self._again = False
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def ask(self) -> None:
        loop = asyncio.get_running_loop()
        if self._asked_of is not None:
            self._again = True
        elif self._timer is None:
            self._timer = loop.call_at(max(self._due, loop.time()), self._send)

    def lost(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._asked_of, self._again, self._due = None, False, 0.0

    def _send(self) -> None:
        self._timer = None
        link = self._conversation.link
        if link is None or not link.session.supports(self._op):
            return
        self._asked_of = link
        self._due = asyncio.get_running_loop().time() + _GAP

        def replied(reply: dict[str, Any]) -> None:
            if self._asked_of is not link or not is_last(reply):
                return
            self._asked_of = None
            if "error" not in statuses_of(reply):
                self._take(reply)
            if self._again:
                self._again = False
                self.ask()

        with self._conversation.guarded():
            link.session.request({"op": self._op}, replied)


def _supports(link: Link, kind: str) -> bool:
    op = {"clients": "clients", "jobs": "jobs", "errors": "held"}[kind]
    return link.session.supports(f"repl-server/{op}")


def _words_of(event: dict[str, Any]) -> str:
    """An event as a line."""
    match event.get("repl-server/event"):
        case "topic":
            text = str(event.get("text") or "")
            return f"{line_of(event.get('topic'))}: {text[:_TOPIC_CHARACTERS]}"
        case "clients" if event.get("name"):  # who never says a name only looks whether it is there
            what = "left" if event.get("what") == "left" else "joined"
            return f"client {line_of(event.get('client'))} {line_of(event.get('name'))} {what}"
        case "jobs":
            code = line_of(event.get("name") or event.get("code"))
            return f"job {short_id(event.get('job'))} {line_of(event.get('state'))}: {code}"
        case "errors" if event.get("what") == "ended":
            return f"error {line_of(event.get('held'))} ended: {line_of(event.get('restart'))}"
        case "errors":
            told = ": ".join(filter(None, (line_of(event.get(key)) for key in ("ex", "message"))))
            return f"error {line_of(event.get('held'))} holds it: {told}"
    return ""
