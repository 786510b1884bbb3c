"""What a server tells of its clients, jobs and held errors, as rows. Nothing in it is trusted."""

from __future__ import annotations

from typing import Any, Final

from repl_connect.dashboard.observing.records import ClientRow, HeldRow, JobRow
from repl_connect.escapes import visible
from repl_connect.replies import line_number, maps_of

__all__ = ["MOST_ROWS", "client_rows", "held_rows", "job_row", "job_rows", "line_of", "short_id"]

MOST_ROWS: Final = 1_000
"""Rows of one kind that are kept of a target: the newest."""

_LONGEST: Final = 500  # characters of a field
_LONGEST_TRACEBACK: Final = 64 * 1024
_FRAMES: Final = 100
_RESTARTS: Final = 30


def client_rows(reply: dict[str, Any]) -> tuple[ClientRow, ...]:
    """Of the reply to `repl-server/clients`."""
    ours = reply.get("client")
    return tuple(
        ClientRow(
            id=line_of(each.get("client")),
            name=line_of(each.get("name")),
            version=line_of(each.get("version")),
            address=line_of(each.get("address")),
            since=_seconds(each.get("since")),
            sessions=len(sessions) if isinstance(sessions := each.get("sessions"), list) else 0,
            ours=ours is not None and each.get("client") == ours,
        )
        for each in _maps(reply.get("clients"))
    )


def job_rows(reply: dict[str, Any]) -> tuple[JobRow, ...]:
    """Of the reply to `repl-server/jobs`, in the order in which they were submitted."""
    return tuple(job_row(each) for each in _maps(reply.get("jobs")))


def job_row(job: dict[str, Any]) -> JobRow:
    """Of what is said of one job."""
    position = job.get("position")
    return JobRow(
        id=line_of(job.get("job")),
        state=line_of(job.get("state")),
        name=line_of(job.get("name")),
        code=visible(str(job.get("code") or "")[:_LONGEST]),
        client=line_of(job.get("client-name") or job.get("client")),
        submitted=_seconds(job.get("submitted")),
        started=_seconds(job.get("started")),
        ended=_seconds(job.get("ended")),
        position=position if isinstance(position, int) else None,
    )


def held_rows(reply: dict[str, Any]) -> tuple[HeldRow, ...]:
    """Of the reply to `repl-server/held`, the oldest first."""
    return tuple(
        HeldRow(
            id=line_of(each.get("id")),
            name=line_of(each.get("name")),
            since=_seconds(each.get("since")),
            error=": ".join(filter(None, (line_of(each.get(key)) for key in ("ex", "message")))),
            traceback=visible(str(each.get("err") or "")[:_LONGEST_TRACEBACK]),
            restarts=tuple(line_of(name) for name in _list(each.get("restarts"))[:_RESTARTS]),
            frames=tuple(_frame(frame) for frame in _maps(each.get("frames"))[-_FRAMES:]),
        )
        for each in _maps(reply.get("held"))
    )


def line_of(value: object) -> str:
    """Text of the other side's as one line without control characters; empty for None."""
    if value is None:
        return ""
    text = " ".join(visible(str(value)[: _LONGEST + 1]).split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def short_id(job: object) -> str:
    """A job's id without what all jobs of one run of a program have in common."""
    return line_of(job).rpartition("-")[2]


def _frame(frame: dict[str, Any]) -> str:
    """`step (sim.py:12)`."""
    name, file = line_of(frame.get("name")) or "?", line_of(frame.get("file"))
    line = line_number(frame.get("line"))
    place = ":".join(filter(None, (file, str(line or ""))))
    return f"{name} ({place})" if place else name


def _seconds(told: object) -> float | None:
    """Milliseconds since the epoch as seconds."""
    return told / 1000 if isinstance(told, int | float) and not isinstance(told, bool) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _maps(value: object) -> list[dict[str, Any]]:
    return maps_of(value)[-MOST_ROWS:]
