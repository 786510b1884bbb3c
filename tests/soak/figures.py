"""What processes hold, sampled while they are used, and how much it has grown."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from bench.processes import memory

__all__ = ["QUARTERS", "WARM", "Held", "Soak", "Use", "held", "soaked"]

QUARTERS: Final = 4
WARM: Final = 0.02
"""The part of a run that comes before the first sample, on top of it."""

_MOST_WAITED: Final = 60.0
_PAUSE: Final = 0.05
_MEGA: Final = 1_000_000


class Held(NamedTuple):
    """What one process holds. `own` is memory that it alone has (`Private_Dirty`), in bytes."""

    own: int
    resident: int
    threads: int
    descriptors: int
    sessions: int = 0


class Use(NamedTuple):
    """How a process is used, a part at a time.

    `part(evaluations, connections)` does so much, and returns when all of it was answered;
    `sample()` says what the process holds. The last sample is taken when threads, descriptors and
    sessions are as at the first one, or have not become so in a minute.
    """

    part: Callable[[int, int], None]
    sample: Callable[[], Held]
    warm: int = 2_500
    """Evaluations before the first sample, at least: what is kept of the last ones is there."""


class Soak(NamedTuple):
    """What came of one run: a sample after the warm-up and one after each quarter."""

    name: str
    evaluations: int
    connections: int
    seconds: float
    samples: tuple[Held, ...]
    note: str = ""

    @property
    def grown(self) -> int:
        """Bytes of its own from the first sample to the last."""
        return self.samples[-1].own - self.samples[0].own

    @property
    def grown_late(self) -> int:
        """The same for the second half of the run."""
        return self.samples[-1].own - self.samples[QUARTERS // 2].own

    @property
    def leaves_nothing(self) -> bool:
        """Whether threads, descriptors and sessions are at the end what they were before."""
        first, last = self.samples[0], self.samples[-1]
        return first[2:] == last[2:]

    def cells(self) -> tuple[str, ...]:
        """It as a row of the table: see `HEAD` in run.py."""
        own = " ".join(f"{each.own / _MEGA:.1f}" for each in self.samples)
        # Half of the work was done between the middle and the end.
        late = self.grown_late / max(1, (self.evaluations or self.connections) / 2)
        first, last = self.samples[0], self.samples[-1]
        counts = (
            f"{first[which]} → {last[which]}" if first[which] != last[which] else f"{last[which]}"
            for which in (2, 3, 4)
        )
        return (
            self.name,
            f"{self.evaluations:,}",
            f"{self.connections:,}",
            f"{self.seconds:,.0f}",
            own,
            f"{late:+.1f}",
            *counts,
        )


def held(pid: int, sessions: int = 0) -> Held:
    """What a process holds now."""
    return Held(
        memory(pid, "Private_Dirty"),
        memory(pid),
        len(os.listdir(f"/proc/{pid}/task")),
        len(os.listdir(f"/proc/{pid}/fd")),
        sessions,
    )


def soaked(name: str, use: Use, evaluations: int, connections: int, note: str = "") -> Soak:
    """Use it so often, and sample it."""
    part = max(use.warm, int(evaluations * WARM)) if evaluations else 0
    use.part(part, max(20, int(connections * WARM)) if connections else 0)
    samples = [_quiet(use)]
    seconds = 0.0
    for quarter in range(QUARTERS):
        begun = time.monotonic()
        use.part(
            _share(evaluations, quarter),
            _share(connections, quarter),
        )
        seconds += time.monotonic() - begun
        samples.append(_settled(use, samples[0]) if quarter == QUARTERS - 1 else use.sample())
    return Soak(name, evaluations, connections, seconds, tuple(samples), note)


def _share(count: int, quarter: int) -> int:
    return count * (quarter + 1) // QUARTERS - count * quarter // QUARTERS


def _quiet(use: Use) -> Held:
    """A sample when those who have gone have left nothing: one session at most, no change."""
    deadline = time.monotonic() + _MOST_WAITED
    before, sample = None, use.sample()
    while (sample.sessions > 1 or sample[2:] != before) and time.monotonic() < deadline:
        before = sample[2:]
        time.sleep(_PAUSE)
        sample = use.sample()
    return sample


def _settled(use: Use, first: Held) -> Held:
    deadline = time.monotonic() + _MOST_WAITED
    while (sample := use.sample())[2:] != first[2:] and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    return sample
