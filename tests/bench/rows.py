"""One line of the result: ours, what it is held against, and how far it may be from that."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Row", "Skipped", "percentile", "times"]


class Row(NamedTuple):
    """One result. `ratio` is better when smaller, and is to stay under `limit`, if there is one.

    `ours` and `theirs` are in `unit`; `goal` is the ratio we would like to have. `reached` is where
    we are, when that is known to be over the limit: it is not to get worse than that.
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

    def within(self, slack: float = 1.0) -> bool:
        """Whether it is under its limit, or under so many times what it must not be worse than."""
        if self.limit is None:
            return True
        return self.ratio <= (self.limit if slack == 1 else slack * max(self.limit, self.reached))


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
    )


def percentile(samples: Sequence[float], part: float) -> float:
    """The value that so large a part of the samples is below."""
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * part))]
