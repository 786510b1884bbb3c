"""Whether what was printed is what a document shows. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["PASSING", "VARYING", "difference"]

VARYING: Final[Sequence[tuple[str, str]]] = (
    (r"(?<![\w.])\d+\.\d+\.\d+(?![\d.])", "VERSION"),
    (r"(?<![\w.])\d+(?:\.\d+)? (?:ms|s)\b", "TIME"),
    (r"(?<=:)[0-9a-f]{6}-\d+\b", "JOB"),
    (r"(?<=repl-server/)\d+(?=\.sock)", "PID"),
    (r"/run/user/\d+", "RUNTIME"),
    (r"(?<=127\.0\.0\.1:)\d+", "PORT"),
    (r" {2,}", "  "),  # a column is as wide as its widest cell
)
"""What is another each time: a pattern, and what it stands for on both sides.

Beside that `…` in a document stands for anything within a line.
"""

PASSING: Final = re.compile(r"Connecting to \S+ …|\d+(?:\.\d+)? (?:ms|s)|")
"""Lines of a prompt that documents leave out: empty ones, and how long an evaluation took."""


def difference(shown: Iterable[str], printed: Iterable[str], *, ordered: bool = True) -> str:
    """What differs, for who reads it; empty if nothing does.

    Blanks at the ends of lines, and empty lines at the end, count for nothing; nor does the order
    of lines, if it is not `ordered`.
    """
    wanted, got = (_steady(lines) for lines in (shown, printed))
    if not ordered:
        wanted, got = sorted(wanted), sorted(got)
    if len(wanted) == len(got) and all(map(_fits, wanted, got)):
        return ""
    return "\n".join(["The document shows:", *wanted, "What came:", *got])


def _fits(shown: str, printed: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in shown.split("…"))
    return shown == printed or re.fullmatch(pattern, printed) is not None


def _steady(lines: Iterable[str]) -> list[str]:
    steady = []
    for line in lines:
        for pattern, name in VARYING:
            line = re.sub(pattern, name, line.rstrip())  # noqa: PLW2901
        steady.append(line)
    while steady and not steady[-1]:
        steady.pop()
    return steady
