"""How things of the dashboard are put in few columns: round trips, states, names."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len, set_cell_size

from repl_connect.dashboard.observing.answer import AnswerState
from repl_connect.dashboard.observing.records import State
from repl_connect.durations import age

__all__ = ["ANSWER_KINDS", "STATE_KINDS", "fitted", "latency"]

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


def latency(seconds: float | None) -> str:
    """A round trip in at most seven columns: `0.4 ms`, `15 ms`, `1.2 s`; nothing for None."""
    if seconds is None:
        return ""
    milliseconds = seconds * 1000
    if milliseconds < 9.95:
        return f"{milliseconds:.1f} ms"
    return f"{milliseconds:.0f} ms" if milliseconds < 999.5 else age(seconds)


def fitted(text: str, width: int) -> str:
    """One line of exactly so many columns, cut with `…` if it is longer."""
    text = " ".join(text.split("\n"))
    if cell_len(text) > width:
        return set_cell_size(text, max(width - 1, 0)) + "…" if width > 0 else ""
    return set_cell_size(text, width)
