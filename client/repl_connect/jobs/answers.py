"""What a program has answered to a job, handed on to the dispatcher that keeps it."""

from __future__ import annotations

from repl_connect.bridge.guest import NO_UPSTREAM
from repl_connect.events import Event, Failed, NeedInput, Output, Value
from repl_server.dispatch.requests import Evaluation

__all__ = ["fail", "take", "withdrawn"]


def withdrawn(evaluation: Evaluation) -> bool:
    """Whether it was to be interrupted before it was sent: then it has ended."""
    if evaluation.interrupted:
        evaluation.finish("interrupted")
    return evaluation.finished


def take(evaluation: Evaluation, event: Event) -> None:
    """Hand on what the program has answered."""
    if isinstance(event, Output):
        evaluation.output(event.stream, event.text)
    elif isinstance(event, Value):
        evaluation.value(event.text, ns=event.namespace or "", truncated=event.truncated)
    elif isinstance(event, Failed):
        frames = [
            {key: value for key, value in frame._asdict().items() if value is not None}
            for frame in event.frames
        ]
        evaluation.error("", ex=event.type, message=event.message, frames=frames)
    elif isinstance(event, NeedInput):
        evaluation.need_input()
    elif event.lost:
        fail(evaluation, f"{event.problem} It was running: how it ended is not known.")
    elif event.problem is not None:
        fail(evaluation, event.problem, *sorted(event.statuses - {"done", "error"}))
    else:
        evaluation.finish(*sorted(event.statuses - {"done"}))


def fail(evaluation: Evaluation, problem: str, *statuses: str) -> None:
    """End it as failed, with a sentence as its error's text."""
    evaluation.finish("error", *(statuses or (NO_UPSTREAM,)), err=f"{problem.rstrip()}\n")
