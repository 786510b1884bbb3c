"""Lines of the log as they came, many in a block, and made records when they are asked for.

Most of what a program prints without end is never looked at: it costs no record a line.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import overload

from repl_connect.dashboard.observing.records import LogLine

__all__ = ["Block", "Lines"]


class Block:
    """Lines that came together from one target and stream, its `origin`; one at least.

    `number` is the first one's, `longest` the length of the longest. Its texts never change, so
    that `Lines` can go on with those that the log drops: it does so by counting up `dropped`.
    """

    __slots__ = ("at", "dropped", "longest", "number", "origin", "texts")

    def __init__(
        self, number: int, at: float, origin: tuple[str, str], texts: Sequence[str]
    ) -> None:
        self.number = number
        self.at = at
        self.origin = origin
        self.texts = texts
        self.longest = max(map(len, texts))
        self.dropped = 0

    @property
    def last(self) -> int:
        """The number of its last line."""
        return self.number + len(self.texts) - 1

    def line(self, number: int) -> LogLine:
        """The line of that number."""
        text = self.texts[number - self.number]
        return LogLine(number, self.at, *self.origin, text)


class Lines(Sequence[LogLine]):
    """The lines of some blocks, oldest first, as they were when this was made.

    `after`: only those with numbers above it. `longest` is the longest line's length in characters,
    or that of one that was dropped.
    """

    def __init__(self, blocks: Iterable[Block], after: int = 0) -> None:
        self._blocks = list(blocks)
        self._begins = [max(each.number + each.dropped, after + 1) for each in self._blocks]
        self._ends = list(
            accumulate(
                block.last + 1 - begin
                for block, begin in zip(self._blocks, self._begins, strict=True)
            )
        )
        self.longest = max((each.longest for each in self._blocks), default=0)

    def __len__(self) -> int:
        """How many there are."""
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> LogLine: ...

    @overload
    def __getitem__(self, index: slice) -> list[LogLine]: ...

    def __getitem__(self, index: int | slice) -> LogLine | list[LogLine]:
        """One of them, or a list of some."""
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        at = bisect_right(self._ends, index)
        block = self._blocks[at]
        return block.line(block.last + 1 - (self._ends[at] - index))

    def index_from(self, number: int) -> int:
        """Where the first line with this number or a higher one is, or would be."""
        at = bisect_left(self._blocks, number, key=lambda block: block.last)
        if at == len(self._blocks):
            return len(self)
        before = self._ends[at - 1] if at else 0
        return before + max(number - self._begins[at], 0)

    def containing(self, text: str) -> list[LogLine]:
        """Those that contain this text, whatever its case."""
        wanted = text.lower()
        return [
            block.line(number)
            for block, begin in zip(self._blocks, self._begins, strict=True)
            for number in range(begin, block.last + 1)
            if wanted in block.texts[number - block.number].lower()
        ]

    def of_stream(self, stream: str) -> list[LogLine]:
        """Those of a stream, whatever their target."""
        return [
            block.line(number)
            for block, begin in zip(self._blocks, self._begins, strict=True)
            if block.origin[1] == stream
            for number in range(begin, block.last + 1)
        ]
