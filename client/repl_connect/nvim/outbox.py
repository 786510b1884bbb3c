"""What is on its way to Neovim: a few messages at a time, and never more than it can show."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

from repl_connect.nvim.messages import Message, Printed, Taken

__all__ = ["Outbox"]

_MOMENT: Final = 0.02  # seconds from one batch with output to the next
_ON_THE_WAY: Final = 2  # batches that were sent and not received yet
_KEPT: Final = 512 * 1024  # characters of output that wait for their turn
_BATCH: Final = 16 * 1024  # characters of output in one batch, about
_RUNS: Final = 1000  # pieces of output that are of another stream than the one before
_SMALL: Final = 200  # messages in one batch
_CROWDED: Final = 4 * 1024 * 1024  # characters of other messages that wait: read no more then
_WEIGHT: Final = 4096  # characters that a message counts for, beside its text


class _Run:
    """Output of one stream of one evaluation, as much as came together."""

    def __init__(self, first: Printed) -> None:
        self.source = (first.connection, first.evaluation, first.stream)
        self.pieces = deque([first.text])

    def take(self, size: int) -> str:
        """Up to so many characters."""
        taken = []
        while self.pieces and size > 0:
            piece = self.pieces.popleft()
            if len(piece) > size:
                self.pieces.appendleft(piece[size:])
                piece = piece[:size]
            taken.append(piece)
            size -= len(piece)
        return "".join(taken)

    def skip_line(self) -> int:
        """Drop the rest of the first line, if it has an end; how many characters that were."""
        start, newline, rest = self.pieces[0].partition("\n")
        if not newline:
            return 0
        self.pieces.popleft()
        if rest:
            self.pieces.appendleft(rest)
        return len(start) + 1


class Outbox:
    """Takes messages, and gives them to `send` in batches. Call `received` for each of those.

    While Neovim is busy, output waits; beyond 512 KiB the oldest of it is dropped, and it is said
    how many lines. No other message is ever dropped: when too many of them wait, `hold(True)` is
    called, for nothing more to be read until `hold(False)`.
    """

    def __init__(
        self, send: Callable[[list[dict[str, Any]]], None], hold: Callable[[bool], None]
    ) -> None:
        self._send = send
        self._hold = hold
        self._held = False
        self._queue: deque[Message | _Run] = deque()
        self._runs = 0
        self._waiting = 0  # characters of output
        self._weight = 0  # of the other messages
        self._dropped: dict[int, int] = {}  # lines, by connection
        self._on_the_way = 0
        self._taken = 0  # requests
        self._taken_told = 0
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0  # when output may be sent again

    def put(self, message: Message) -> None:
        """Send it, in a moment. The loop must be running."""
        if isinstance(message, Printed):
            self._put_output(message)
        else:
            self._queue.append(message)
            self._weight += _weight(message)
            if not self._held and self._weight > _CROWDED:
                self._held = True
                self._hold(True)
        self._schedule(prompt=not isinstance(message, Printed))

    def take_request(self) -> None:
        """Tell Neovim that one more request was taken."""
        self._taken += 1
        self._schedule()

    def received(self) -> None:
        """Neovim has taken a batch."""
        self._on_the_way = max(0, self._on_the_way - 1)
        self._schedule()

    def _schedule(self, *, prompt: bool = False) -> None:
        """Send in a moment; now, if something waits that is no output, which there is little of."""
        if self._on_the_way >= _ON_THE_WAY or not (self._queue or self._taken > self._taken_told):
            return
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if not prompt or self._timer.when() <= loop.time():
                return
            self._timer.cancel()
        now = loop.time()
        self._timer = loop.call_at(now if prompt else max(now, self._due), self._flush)

    def _put_output(self, message: Printed) -> None:
        last = self._queue[-1] if self._queue else None
        source = (message.connection, message.evaluation, message.stream)
        if isinstance(last, _Run) and last.source == source:
            last.pieces.append(message.text)
        else:
            self._queue.append(_Run(message))
            self._runs += 1
        self._waiting += len(message.text)
        if self._waiting > _KEPT or self._runs > _RUNS:
            self._drop()

    def _drop(self) -> None:
        """Drop the oldest output until there is room, and some for what comes next."""
        kept: deque[Message | _Run] = deque()
        while self._queue and (self._waiting > _KEPT // 2 or self._runs > _RUNS // 2):
            first = self._queue.popleft()
            if not isinstance(first, _Run):
                kept.append(first)
                continue
            lines = 0
            while first.pieces and (self._waiting > _KEPT // 2 or self._runs > _RUNS // 2):
                piece = first.pieces.popleft()
                self._waiting -= len(piece)
                lines += piece.count("\n")
            if first.pieces:
                skipped = first.skip_line()
                self._waiting -= skipped
                lines += skipped > 0
            if first.pieces:
                kept.append(first)
            else:
                self._runs -= 1
            connection = first.source[0]
            self._dropped[connection] = self._dropped.get(connection, 0) + max(1, lines)
        self._queue.extendleft(reversed(kept))

    def _flush(self) -> None:
        self._timer = None
        batch: list[dict[str, Any]] = []
        if self._taken > self._taken_told:
            self._taken_told = self._taken
            batch.append(Taken(requests=self._taken).as_map())
        batch += [_dropped(*each) for each in self._dropped.items()]
        self._dropped.clear()
        room = _BATCH
        while self._queue and room > 0 and len(batch) < _SMALL:
            first = self._queue[0]
            if not isinstance(first, _Run):
                batch.append(first.as_map())
                self._queue.popleft()
                weight = _weight(first)
                self._weight -= weight
                room -= weight - _WEIGHT
                continue
            text = first.take(room)
            room -= len(text)
            self._waiting -= len(text)
            connection, evaluation, stream = first.source
            printed = Printed(
                connection=connection, evaluation=evaluation, stream=stream, text=text
            )
            batch.append(printed.as_map())
            if not first.pieces:
                self._queue.popleft()
                self._runs -= 1
        if batch:
            self._on_the_way += 1
            if any(each["kind"] == "output" for each in batch):
                self._due = asyncio.get_running_loop().time() + _MOMENT
        if self._held and self._weight < _CROWDED // 4:
            self._held = False
            self._hold(False)
        self._schedule()
        if not batch:
            return
        try:
            self._send(batch)
        except Exception:  # so it will never be received
            self.received()
            raise


def _weight(message: Message) -> int:
    texts = (getattr(message, each.name) for each in fields(message))
    return _WEIGHT + sum(len(text) for text in texts if isinstance(text, str))


def _dropped(connection: int, lines: int) -> dict[str, Any]:
    were = "1 line was" if lines == 1 else f"{lines} lines were"
    text = f"… {were} dropped here: they came faster than they could be shown.\n"
    return Printed(connection=connection, stream="note", text=text).as_map()
