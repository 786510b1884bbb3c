"""Texts of the other side, in the few cells that a table has for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from repl_connect.escapes import visible

__all__ = ["counted", "one_line", "spark"]

_LONGEST: Final = 1000  # characters of one cell; a table shows at most its own width of them
_BLOCKS: Final = "▁▂▃▄▅▆▇█"


def one_line(text: str) -> str:
    """A text as one line without control characters, at most 1000 characters of it."""
    cut = visible(text[: _LONGEST + 1])
    line = cut.strip("\n").replace("\n", "⏎").replace("\t", " ")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def counted(number: int, noun: str) -> str:
    """`1 job`, `2 jobs`, `5,000 jobs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def spark(numbers: Iterable[float | None], width: int) -> str:
    """The last numbers as a row of blocks, one each; a gap where there is no number."""
    shown = list(numbers)[-width:] if width > 0 else []
    there = [each for each in shown if each is not None]
    if not there:
        return ""
    low, high = min(there), max(there)
    top = len(_BLOCKS) - 1
    step = high / top - low / top  # in this order, so that it can't be infinite

    def block(each: float | None) -> str:
        if each is None:
            return " "
        return _BLOCKS[round(top * ((each / top - low / top) / step))] if step else _BLOCKS[3]

    return "".join(map(block, shown))
