"""What all targets print, and what happens there, in one log of lines."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Iterator
from typing import Final

from repl_connect.dashboard.observing.lines import Block, Lines
from repl_connect.dashboard.observing.records import LogLine
from repl_connect.escapes import Sanitiser, visible

__all__ = ["LINES", "LONGEST_LINE", "Log"]

LINES: Final = 10_000
"""Lines that are kept, of all targets together."""

LONGEST_LINE: Final = 2_000
"""Characters that are kept of a line."""

_LONGEST_NOTE: Final = LONGEST_LINE + 1000  # characters, before spaces are made one
_STALE: Final = 0.5  # seconds after which a line is shown although its end has not come
_AT_ONCE: Final = 100  # lines that are dropped of a target before it is looked who has most


class Log:
    """Numbered lines, from 1 on; `last` is the newest's number.

    When there are too many, the oldest of the target that has most are dropped, so that one that
    prints without end drives out its own lines and not those of the others. `dropped` says how
    many were.
    """

    def __init__(self) -> None:
        self.last = 0
        self.dropped = 0
        self._kept: dict[str, _Kept] = {}
        self._count = 0
        self._open: dict[tuple[str, str], _OpenLine] = {}

    def lines(self, after: int = 0, target: str | None = None, limit: int = LINES) -> list[LogLine]:
        """The newest lines with numbers above `after`, oldest first; `limit` of them at most."""
        found = self.excerpt(target, after)
        return found[max(len(found) - limit, 0) :]

    def excerpt(self, target: str | None = None, after: int = 0) -> Lines:
        """The lines that there are now, without a record for each."""
        chosen = [each for name, each in self._kept.items() if target in (None, name)]
        blocks = [block for each in chosen for block in each.newer(after)]
        blocks.sort(key=lambda block: block.number)
        return Lines(blocks, after)

    def print(self, target: str, stream: str, text: str, *, clean: bool = False) -> None:
        """Take the next part of a stream: text of the other side's, or `clean` already."""
        opened = self._open.get((target, stream))
        if opened is None:
            opened = self._open[target, stream] = _OpenLine()
        if not clean:
            text = opened.sanitiser.clean(text)
        whole, newline, rest = text.rpartition("\n")
        if newline:
            lines = whole.split("\n")
            first, omitted = opened.take()
            lines[0] = first + lines[0]
            self._add(target, stream, lines, omitted)
        if rest:
            opened.add(rest)

    def note(self, target: str, text: str, *, stream: str = "note") -> None:
        """Add a line of our own, or an event."""
        self.end_lines(target)
        shown = " ".join(visible(text[:_LONGEST_NOTE]).split())
        self._add(target, stream, [shown], max(len(text) - _LONGEST_NOTE, 0))

    def end_lines(self, target: str | None = None) -> bool:
        """Show lines that have not ended: a target's, or those of all that are old enough."""
        now = time.monotonic()
        shown = False
        for (name, stream), opened in self._open.items():
            due = name == target or (target is None and now - opened.since >= _STALE)
            if opened.text and due:
                text, omitted = opened.take()
                self._add(name, stream, [text], omitted)
                shown = True
        return shown

    def forget_streams(self, target: str) -> None:
        """The connection has ended: its streams begin anew."""
        self.end_lines(target)
        for key in [key for key in self._open if key[0] == target]:
            del self._open[key]

    def _add(self, target: str, stream: str, texts: list[str], omitted: int = 0) -> None:
        """Add lines; of the first, `omitted` characters are not there."""
        if len(texts) > LINES:
            self.dropped += len(texts) - LINES
            self.last += len(texts) - LINES
            texts, omitted = texts[-LINES:], 0
        block = Block(self.last + 1, time.time(), (target, stream), texts)
        if omitted or block.longest > LONGEST_LINE:
            texts = [_cut(texts[0], omitted), *(_cut(text, 0) for text in texts[1:])]
            block = Block(block.number, block.at, block.origin, texts)
        self._kept.setdefault(target, _Kept()).add(block)
        self.last += len(texts)
        self._count += len(texts)
        while (excess := self._count - LINES) > 0:
            most = max(self._kept.values(), key=lambda lines: lines.count)
            dropped = most.drop(min(excess, _AT_ONCE))
            self._count -= dropped
            self.dropped += dropped


class _Kept:
    """The lines of one target, oldest first."""

    def __init__(self) -> None:
        self.count = 0
        self._blocks: deque[Block] = deque()

    def add(self, block: Block) -> None:
        self._blocks.append(block)
        self.count += len(block.texts)

    def newer(self, after: int) -> Iterator[Block]:
        """The blocks with lines above that number, newest first."""
        return itertools.takewhile(lambda block: block.last > after, reversed(self._blocks))

    def drop(self, most: int) -> int:
        """Drop so many of the oldest lines, or fewer; how many it were."""
        block = self._blocks[0]
        dropped = min(most, len(block.texts) - block.dropped)
        block.dropped += dropped
        if block.dropped == len(block.texts):
            self._blocks.popleft()
        self.count -= dropped
        return dropped


class _OpenLine:
    """The line of a stream whose end has not come."""

    def __init__(self) -> None:
        self.sanitiser = Sanitiser(colours=False, shows_controls=True)
        self.text = ""
        self.since = 0.0
        self._omitted = 0

    def add(self, text: str) -> None:
        if not self.text:
            self.since = time.monotonic()
        room = max(LONGEST_LINE - len(self.text), 0)
        self.text += text[:room]
        self._omitted += max(len(text) - room, 0)

    def take(self) -> tuple[str, int]:
        """What there is of it, and how many characters are not there; it begins anew."""
        taken = self.text, self._omitted
        self.text, self._omitted = "", 0
        return taken


def _cut(text: str, omitted: int) -> str:
    more = len(text) - LONGEST_LINE + omitted
    if more <= 0:
        return text
    return f"{text[:LONGEST_LINE]}… ({more:,} more characters were not kept)"
