"""What an evaluation prints, on its way to its client.

`Stream` is a text file for one thread. Printing only collects; a message goes out when 64 Ki
characters have come together, when the evaluation flushes or ends, and at the latest some 30 ms
after the first character (`Flusher`), so that a progress bar without line ends is seen as it grows.

`Outlet` is one evaluation's way to its client. Threads that the evaluation starts have streams of
their own on the same outlet, and keep it when the evaluation is done: what they print has its id.
"""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repl_server.dispatcher import Client, Evaluation
    from repl_server.interrupt import Door
    from repl_server.standard_input import Input

__all__ = ["Flusher", "Outlet", "Room", "Stream"]

_TOGETHER = 65_536
_LARGEST = 1_048_576
_TICK = 0.03
_LINGER = 30


class Room:
    """Whether a client reads what it is sent. A server that can wait has one that does."""

    def there_is(self, client: Client) -> bool:  # noqa: ARG002
        """Whether more may be sent to it now."""
        return True

    def wait(self, client: Client, unless: Callable[[], bool]) -> None:
        """Wait until there is, or the client has gone, or `unless` holds."""


class Flusher:
    """Sends what was printed and not flushed, some 30 ms after it was printed.

    Its thread runs from the first output on. It sleeps without waking when nothing has been printed
    for a second.
    """

    def __init__(self) -> None:
        self._noted: deque[Stream] = deque()
        self._wake = threading.Lock()
        self._wake.acquire()
        self._asleep = True
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def note(self, stream: Stream) -> None:
        """From now on this stream holds text."""
        self._noted.append(stream)
        if self._asleep:
            self._rouse()

    def stop(self) -> None:
        """End the thread."""
        self._stopped = True
        self._rouse()

    def _rouse(self) -> None:
        with self._starting:
            if self._thread is None:
                if self._stopped:
                    return
                self._thread = threading.Thread(
                    target=self._run, name="repl-server-output", daemon=True
                )
                self._asleep = False
                self._thread.start()
            elif self._asleep:
                self._asleep = False
                self._wake.release()

    def _run(self) -> None:
        idle = 0
        tick = threading.Event()
        while not self._stopped:
            tick.wait(_TICK)
            idle = 0 if self._noted else idle + 1
            for _ in range(len(self._noted)):
                stream = self._noted.popleft()
                if not stream.flush_if_room():
                    self._noted.append(stream)
            if idle > _LINGER:
                with self._starting:
                    if self._noted or self._stopped:
                        continue
                    self._asleep = True
                self._wake.acquire()
                idle = 0


class Outlet:
    """One evaluation's way to its client, for the thread that evaluates and those it starts."""

    def __init__(self, evaluation: Evaluation, standard_input: Input, flusher: Flusher, room: Room):
        self.evaluation = evaluation
        self.standard_input = standard_input
        self._flusher = flusher
        self._room = room
        self._streams: list[Stream] = []

    def open(self) -> tuple[Stream, Stream]:
        """Standard output and standard error for one more thread."""
        out = Stream("out", self._flusher, self._room)
        err = Stream("err", self._flusher, self._room, first=out)
        out.evaluation = err.evaluation = self.evaluation
        self._streams = [stream for stream in self._streams if stream.used]
        self._streams += [out, err]
        return out, err

    def outlet(self) -> Outlet:
        """Itself: the threads of a thread have what it has."""
        return self

    def flush(self) -> None:
        """Send what other threads have printed so far."""
        for stream in self._streams:
            stream.emit()


class Stream(io.TextIOBase):
    """Standard output or standard error of one thread that evaluates."""

    def __init__(
        self,
        kind: str,
        flusher: Flusher,
        room: Room,
        *,
        door: Door | None = None,
        first: Stream | None = None,
    ) -> None:
        self.evaluation: Evaluation | None = None
        self._kind = kind
        self._flusher = flusher
        self._room = room
        self._door = door
        self._first = first
        self._parts: list[str] = []
        self._size = 0
        self._lock = threading.Lock()
        self._bytes: _Bytes | None = None

    def write(self, text: str, /) -> int:
        """Print; sent soon."""
        if type(text) is not str and not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        parts = self._parts
        if not parts:
            self._begin()
        parts.append(text)
        self._size += len(text)
        if self._size > _TOGETHER:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Send what was printed; waits while the client does not read."""
        if not self._parts:
            return
        if self._door is None:
            self.emit()
            self._wait()
        else:
            with self._door.closed():
                self.emit()
                self._wait()

    def emit(self) -> None:
        """Send what was printed, without waiting."""
        parts = self._parts
        if not parts:
            return
        if self._first is not None:
            self._first.emit()
        with self._lock:
            self._size = 0
            taken = parts[:]
            del parts[: len(taken)]  # a thread that prints meanwhile appends to the same list
            text = "".join(taken)
            if self.evaluation is not None and text:
                for start in range(0, len(text), _LARGEST):
                    self.evaluation.output(self._kind, text[start : start + _LARGEST])

    def flush_if_room(self) -> bool:
        """Send what was printed if the client reads; False if it does not."""
        if self.evaluation is not None and not self._room.there_is(self.evaluation.client):
            return False
        self.emit()
        return True

    @property
    def used(self) -> bool:
        """Whether there is something in it still."""
        return bool(self._parts)

    def _begin(self) -> None:
        if self._door is None:
            self._flusher.note(self)
        else:
            with self._door.closed():
                self._flusher.note(self)

    def _wait(self) -> None:
        if self.evaluation is not None:
            door = self._door
            self._room.wait(self.evaluation.client, _never if door is None else lambda: door.wanted)

    # The rest of what a text file has.

    encoding = "utf-8"
    errors = "surrogateescape"
    line_buffering = False
    mode = "w"

    @property
    def name(self) -> str:  # noqa: D102
        return f"<std{self._kind}>"

    @property
    def buffer(self) -> io.BufferedIOBase:
        """The same as a file of bytes."""
        if self._bytes is None:
            self._bytes = _Bytes(self)
        return self._bytes

    def writable(self) -> bool:  # noqa: D102
        return True

    def close(self) -> None:
        """Flush: the client's output is not for the program to close."""
        self.flush()

    def reconfigure(self, **_options: object) -> None:
        """Accepted, without effect: text is UTF-8, and sent soon anyway."""


class _Bytes(io.BufferedIOBase):
    """`sys.stdout.buffer`: bytes are passed on as they are, UTF-8 or not."""

    def __init__(self, stream: Stream) -> None:
        self.raw = self
        self._stream = stream

    def write(self, data: object, /) -> int:
        given = bytes(data)  # type: ignore[call-overload]
        self._stream.write(given.decode("utf-8", "surrogateescape"))
        return len(given)

    def flush(self) -> None:
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.flush()


def _never() -> bool:
    return False
