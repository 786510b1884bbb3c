"""What is told of jobs: what one has brought, as `eval` prints it, and tables of them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from repl_connect.durations import age
from repl_connect.escapes import visible
from repl_connect.events import Output, Value
from repl_connect.exit_codes import ExitCode
from repl_connect.jobs.ident import JobId
from repl_connect.plain_output import PlainOutput
from repl_connect.replies import ENDED
from repl_connect.tables import table_lines

__all__ = ["as_json", "exit_code_of", "print_result", "rows"]

_HEADER: Final = ("ID", "STATE", "WHEN", "FROM", "CODE")
_LONGEST_CODE: Final = 60  # characters in a table


def exit_code_of(job: Mapping[str, Any]) -> ExitCode:
    """The exit status for the state a job is in: it has not ended is as if it had been stopped."""
    state = job.get("state")
    if state == "finished":
        return ExitCode.OK
    return ExitCode.RAISED if state == "failed" else ExitCode.STOPPED


def as_json(ident: JobId, job: Mapping[str, Any]) -> str:
    """A job as an object on one line, in ASCII: its `id` here, and what is known of it there."""
    known = {key: value for key, value in job.items() if key not in ("id", "status", "session")}
    return json.dumps({"id": str(ident), "target": ident.place, **known}, default=_text)


def print_result(ident: JobId, job: Mapping[str, Any]) -> None:
    """What it has printed and its values; on standard error its errors, and all that is ours.

    What it printed comes first: how output and values were mixed is not kept.
    """
    show = PlainOutput(sys.stdout.buffer, sys.stderr.buffer)
    for stream in ("out", "err"):
        text = job.get(stream)
        if isinstance(text, str) and text:
            show.event(Output(stream, text))
    values = job.get("values")
    for value in values if isinstance(values, list) else ():
        show.event(Value(value if isinstance(value, str) else repr(value)))
    lost = job.get("repl-server/cut")
    if isinstance(lost, list) and lost:
        names = ", ".join(map(str, lost))
        show.note(f"repl-connect: not all of this was kept there: {visible(names)}.")
    words = _state_words(ident, job)
    if words:
        show.note(f"repl-connect: {words}")


def rows(jobs: Sequence[tuple[JobId, Mapping[str, Any]]]) -> list[str]:
    """A table of jobs, lines that begin with its header."""
    now = time.time()
    return table_lines([_HEADER, *(_cells(ident, job, now) for ident, job in jobs)])


def _cells(ident: JobId, job: Mapping[str, Any], now: float) -> tuple[str, ...]:
    code = " ".join(visible(str(job.get("name") or job.get("code") or "")).split())
    if len(code) > _LONGEST_CODE or (not job.get("name") and "code-length" in job):
        code = code[: _LONGEST_CODE - 1] + "…"
    who = job.get("client-name") or job.get("client") or ""
    cells = (str(ident), job.get("state"), _when(job, now), who)
    return (*(" ".join(visible(str(cell)).split()) for cell in cells), code)


def _when(job: Mapping[str, Any], now: float) -> str:
    state = job.get("state")
    if state == "queued":
        return f"behind {job['position']}" if "position" in job else "waits"
    if state == "running":
        return f"for {_ago(job.get('started', job.get('submitted')), now)}"
    return f"{_ago(job.get('ended'), now)} ago"


def _state_words(ident: JobId, job: Mapping[str, Any]) -> str:
    """How it stands with a job that brought no result, in a sentence; empty for one that has."""
    state = job.get("state")
    now = time.time()
    if state == "running":
        return f"{ident} still runs, for {_ago(job.get('started', job.get('submitted')), now)}."
    if state == "queued":
        behind = job.get("position")
        place = f", {behind} before it" if isinstance(behind, int) and behind else ""
        return f"{ident} has not begun yet{place}."
    if state == "cancelled":
        return f"{ident} was cancelled {_ago(job.get('ended'), now)} ago."
    error = job.get("error")
    if state == "failed" and not job.get("err"):
        kind = error.get("ex") if isinstance(error, dict) else None
        return f"{ident} has failed{f': {visible(str(kind))}' if kind else ''}."
    return "" if state in ENDED else f"{ident}: {visible(str(state))}."


def _ago(milliseconds: object, now: float) -> str:
    """The time since a moment, in its largest unit."""
    if not isinstance(milliseconds, int):
        return "?"
    return age(round(now - milliseconds / 1000), tenths=False)


def _text(value: object) -> object:
    """What JSON has not: bytes that are no UTF-8 (each of them a lone surrogate)."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return str(value)
