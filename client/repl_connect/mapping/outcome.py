"""What was to be done with a program, or with one item of work, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

__all__ = [
    "INTERRUPTED",
    "LOST",
    "OK",
    "RAISED",
    "REFUSED",
    "STATES",
    "TIMEOUT",
    "UNREACHABLE",
    "Item",
    "Outcome",
    "as_json",
]

OK: Final = "ok"
"""It was evaluated; `values` has what the forms' values are."""
RAISED: Final = "raised"
"""The code raised an error."""
TIMEOUT: Final = "timeout"
"""Its time was up: it was interrupted, and given up if it did not end. It may have run in part."""
INTERRUPTED: Final = "interrupted"
"""By Ctrl-C here, or by somebody there. It may have run in part."""
LOST: Final = "lost"
"""It was sent, and then the connection went: it may have run."""
UNREACHABLE: Final = "unreachable"
"""It was never sent: nobody was there to take it."""
REFUSED: Final = "refused"
"""It was never run: it can't be said in that language, or the other side would not take it."""

STATES: Final[Mapping[str, str]] = {
    OK: "ok",
    RAISED: "raised",
    TIMEOUT: "timed out",
    INTERRUPTED: "interrupted",
    LOST: "lost",
    UNREACHABLE: "not run",
    REFUSED: "refused",
}
"""What can come of it, and how that is said to people."""


class Item(NamedTuple):
    """One line of the input: its number, from 0, and its text without the line's end.

    Bytes that are no UTF-8 are surrogate escapes (PEP 383).
    """

    number: int
    text: str


class Outcome(NamedTuple):
    """What came of the code at one partner, or of one item of work.

    `partner` is the partner's name; empty for an item that nobody was given. `state` is one of
    `STATES`. `problem` says in a sentence what went wrong, empty if nothing did. `seconds` is the
    time from sending to the end. `attempt` is how often the item was given to somebody, this time
    included; 0 for what was never sent.
    """

    partner: str
    item: Item | None
    state: str
    values: tuple[str, ...] = ()
    out: str = ""
    err: str = ""
    problem: str = ""
    seconds: float = 0.0
    attempt: int = 1


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome as an object of `map --json`; `item` and `number` only if there is an item."""
    shape: dict[str, Any] = {"partner": outcome.partner}
    if outcome.item is not None:
        shape |= {"item": outcome.item.text, "number": outcome.item.number}
    return {
        **shape,
        "state": outcome.state,
        "values": list(outcome.values),
        "out": outcome.out,
        "err": outcome.err,
        "problem": outcome.problem,
        "seconds": round(outcome.seconds, 6),
        "attempt": outcome.attempt,
    }
