"""How things of the dashboard are put in few columns: times, states, names."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len, set_cell_size

from repl_connect.dashboard.observing.answer import AnswerState
from repl_connect.dashboard.observing.records import State

__all__ = ["ANSWER_KINDS", "STATE_KINDS", "duration", "fitted", "latency"]

STATE_KINDS: Final = {
    State.CONNECTING: "waiting",
    State.UP: "good",
    State.BUSY: "working",
    State.SILENT: "doubtful",
    State.LOST: "bad",
    State.FAILED: "bad",
    State.CLOSED: "waiting",
}
"""What a state is like: the word in the style class that gives it its colour."""

ANSWER_KINDS: Final = {
    AnswerState.RUNNING: "working",
    AnswerState.NEEDS_INPUT: "doubtful",
    AnswerState.OK: "good",
    AnswerState.RAISED: "bad",
    AnswerState.INTERRUPTED: "doubtful",
    AnswerState.LOST: "bad",
    AnswerState.UNREACHABLE: "bad",
}
"""The same for the states of answers."""


def duration(seconds: float) -> str:
    """How long something took or runs: `0.02 s`, `12 s`, `3 min`, `2.0 h`."""
    if seconds < 9.95:
        return f"{seconds:.2f} s" if seconds < 0.995 else f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5970 else f"{seconds / 3600:.1f} h"


def latency(seconds: float | None) -> str:
    """A round trip in at most seven columns: `0.4 ms`, `15 ms`, `1.2 s`; nothing for None."""
    if seconds is None:
        return ""
    milliseconds = seconds * 1000
    if milliseconds < 9.95:
        return f"{milliseconds:.1f} ms"
    return f"{milliseconds:.0f} ms" if milliseconds < 999.5 else duration(seconds)


def fitted(text: str, width: int) -> str:
    """One line of exactly so many columns, cut with `…` if it is longer."""
    text = " ".join(text.split("\n"))
    if cell_len(text) > width:
        return set_cell_size(text, max(width - 1, 0)) + "…" if width > 0 else ""
    return set_cell_size(text, width)
