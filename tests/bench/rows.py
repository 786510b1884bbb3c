"""One line of the result: ours, what it is held against, and how far it may be from that.

And figures: single numbers, ours and other programs', for the table of targets.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final, NamedTuple

__all__ = ["BARE", "LEAST", "OURS", "Figure", "Row", "Skipped", "blocks", "percentile", "times"]

OURS: Final = "repl-connect"
BARE: Final = "floor"
LEAST: Final = "least Python"
"""What `least.py` is called: no server for anybody, but what none in Python can go below."""


class Figure(NamedTuple):
    """One number, in the unit of its metric, which is a name in `targets.TARGETS`.

    `value` is None where there is none; then `note` says why. `machine` is how much slower than the
    machine of the targets this one was, if that was measured beside it.
    """

    metric: str
    value: float | None
    who: str = OURS
    note: str = ""
    machine: float | None = None


class Row(NamedTuple):
    """One result. `ratio` is better when smaller, and is to stay under `limit`, if there is one.

    `ours` and `theirs` are in `unit`; `goal` is the ratio we would like to have. `reached` is where
    we are, when that is known to be over the limit: it is not to get worse than that. `p99` is the
    99th percentile, where `ours` and `theirs` are medians.
    """

    name: str
    ours: float
    theirs: float
    against: str
    ratio: float
    limit: float | None
    goal: float | None = None
    unit: str = "µs"
    note: str = ""
    reached: float = 0.0
    p99: float | None = None
    their_p99: float | None = None
    figures: tuple[Figure, ...] = ()

    def within(self, slack: float = 1.0) -> bool:
        """Whether it is under its limit, or under so many times what it must not be worse than."""
        if self.limit is None:
            return True
        return self.ratio <= (self.limit if slack == 1 else slack * max(self.limit, self.reached))


_ENOUGH: Final = 200
"""Of fewer samples a 99th percentile is the slowest."""


class Skipped(Exception):
    """A program that is needed is not there; the text says which."""


def times(
    name: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    against: str,
    limit: float | None,
    *,
    goal: float | None = None,
    note: str = "",
    reached: float = 0.0,
    figures: Sequence[Figure] = (),
) -> Row:
    """A row of two lists of seconds, of their medians."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    return Row(
        name,
        mine * 1e6,
        other * 1e6,
        against,
        mine / other,
        limit,
        goal,
        note=note,
        reached=reached,
        p99=percentile(ours, 0.99) * 1e6 if len(ours) >= _ENOUGH else None,
        their_p99=percentile(theirs, 0.99) * 1e6 if len(theirs) >= _ENOUGH else None,
        figures=tuple(figures),
    )


def percentile(samples: Sequence[float], part: float) -> float:
    """The value that so large a part of the samples is below."""
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * part))]


def blocks(samples: Sequence[float], size: int) -> list[Sequence[float]]:
    """The samples of each turn, of those of all."""
    return [samples[start : start + size] for start in range(0, len(samples), size)]
