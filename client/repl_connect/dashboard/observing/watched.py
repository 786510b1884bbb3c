"""What is watched of a target: code, and the values it has had."""

from __future__ import annotations

import math
import re
from collections import deque
from typing import Final

from repl_connect.dashboard.observing.records import Sample
from repl_connect.escapes import visible

__all__ = ["LONGEST_SAMPLE", "SAMPLES", "Watched", "number_of"]

LONGEST_SAMPLE: Final = 2_000
"""Characters of a value that are kept."""

SAMPLES: Final = 300
"""Values that are kept of each watch."""

_NUMBER: Final = re.compile(
    r"[-+]?(\d[\d_]*(\.\d*)?|\.\d+)(e[-+]?\d+)?(?:/(\d+))?[NM]?", re.IGNORECASE
)


class Watched:
    """Code that is evaluated each `every` seconds.

    `problem` is why there is no newer value (an error, no connection), or None. `cut` tells that
    the last value was longer than what is kept of it.
    """

    def __init__(self, code: str, every: float) -> None:
        self.code = code
        self.every = every
        self.samples: deque[Sample] = deque(maxlen=SAMPLES)
        self.problem: str | None = None
        self.cut = False
        self.request: str | None = None
        """The request that watches on the other side, while there is one."""
        self.due = 0.0
        """On the loop's clock: when it is to be evaluated, where the other side does not watch."""

    @property
    def last(self) -> Sample | None:
        """The newest value, if there is one."""
        return self.samples[-1] if self.samples else None

    def add(self, at: float, text: str, *, cut: bool = False) -> None:
        """Take a value, as the other side printed it."""
        self.cut = cut or len(text) > LONGEST_SAMPLE
        shown = visible(text[:LONGEST_SAMPLE])
        self.samples.append(Sample(at, shown, None if self.cut else number_of(shown)))
        self.problem = None


def number_of(text: str) -> float | None:
    """The number that a printed value is: of Python, Lisp, Clojure, JavaScript; None if none."""
    text = text.strip()
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    divisor = match[4]
    digits = text.rstrip("NM").replace("_", "")
    try:
        value = (
            float(digits.partition("/")[0]) / float(divisor)
            if divisor is not None
            else float(digits)
        )
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return value if math.isfinite(value) else None
