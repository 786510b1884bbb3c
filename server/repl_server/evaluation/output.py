"""What an evaluation prints, on its way to its client.

`Output` is standard output and standard error of one thread. Printing only collects; a message goes
out when 64 Ki characters have come together, when the evaluation flushes or ends, and at the latest
some 30 ms after it was printed (`tick`, called by the server's own thread), so that a progress bar
without line ends is seen as it grows.

`Outlet` is one evaluation's way to its client, for threads and tasks that it starts. They have an
output of their own and keep it when the evaluation is done: what they print has its id.

A client that does not read: more than a mebibyte is not kept for it. Whoever prints waits for it,
`Room.patience` seconds; if it has read nothing in that time, output is dropped until it reads
again, and then it is told how much.
"""

from __future__ import annotations

import contextlib
import io
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from repl_server.dispatch.dispatcher import Client, Evaluation
    from repl_server.evaluation.interrupt import Door
    from repl_server.evaluation.standard_input import Input


__all__ = ["ErrStream", "OutStream", "Outlet", "Output", "Room", "Stream", "Ticking"]

_TOGETHER = 65_536
_LARGEST = 1_048_576
_QUIET = 0.01


class Room:
    """Whether a client reads what it is sent. A server whose clients may not has one that knows."""

    patience = 10.0
    """Seconds to wait for a client that reads nothing, before output to it is dropped."""

    def there_is(self, client: Client) -> bool:  # noqa: ARG002
        """Whether more may be sent to it now."""
        return True

    def tend(self, client: Client) -> None:
        """A lot is sent now, in this thread: what waits for the client is written in `wait`."""

    def leave(self, client: Client) -> None:
        """It goes on with something else."""

    def wait(self, client: Client, unless: Callable[[], bool]) -> bool:  # noqa: ARG002
        """Wait until there is, or it has gone, or `unless` holds; False: it reads nothing."""
        return True


class Ticking:
    """The outputs that may hold text nobody flushes. The server's own thread ticks them.

    `rouse` makes that thread look at `busy`, from any thread.
    """

    rouse: Callable[[], None]

    def __init__(self, guard: AbstractContextManager[object]) -> None:
        self.running: dict[Output, Evaluation] = {}
        """What evaluates, by its output. Written under the guard."""
        self._guard = guard
        self._printed: dict[Output, None] = {}

    @property
    def busy(self) -> bool:
        """Whether something is to be ticked."""
        return bool(self.running or self._printed)

    def note(self, output: Output) -> None:
        """What an evaluation has left behind has printed."""
        self._printed[output] = None
        self.rouse()

    def tick(self) -> bool:
        """Send what was printed some time ago. False: nobody prints."""
        with self._guard:
            for output, evaluation in list(self.running.items()):
                if evaluation.finished:
                    del self.running[output]
        for output in list(self.running):
            output.tick()
        for output in list(self._printed):
            del self._printed[output]
            output.tick()
            if output.printed:  # the client does not read
                self._printed[output] = None
        return self.busy


class Output:
    """Standard output and standard error of one thread, in the order they were printed."""

    __slots__ = (
        "__weakref__",
        "_door",
        "_dropped",
        "_lock",
        "_room",
        "_sent",
        "err",
        "evaluation",
        "out",
        "printed",
    )

    def __init__(
        self, room: Room, door: Door | None = None, ticking: Ticking | None = None
    ) -> None:
        self.evaluation: Evaluation | None = None
        # What was printed and not sent: standard output as it is, the rest with its name.
        self.printed: list[str | tuple[str, str]] = []
        self._room = room
        self._door = door
        self._lock = threading.Lock()
        self._sent = 0.0
        self._dropped = -1
        noted = None if ticking is None else ticking.note
        self.out = OutStream(self, noted)
        self.err = ErrStream(self, noted)

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.send()

    def send(self) -> None:
        """Send all that was printed so far, and say what was dropped; with the door closed."""
        if self.printed or self._dropped > 0:
            with self._lock:
                if self.printed:
                    self._send()
                if self.evaluation is not None:
                    self._tell(self.evaluation)  # it may have nothing more to print

    def tick(self) -> None:
        """Send what was printed, from another thread, unless its own is just doing so."""
        if self.printed and self._lock.acquire(blocking=False):
            try:
                if self._has_room():
                    self._send()
            finally:
                self._lock.release()

    def full(self) -> None:
        """Much was printed: send it, and wait if the client does not read."""
        with self._door_closed():
            self._full()

    def flushed(self) -> None:
        """The program has flushed: send at once if nothing was sent just now."""
        if self.printed and time.monotonic() - self._sent > _QUIET:
            with self._door_closed():
                self.tick()

    def _door_closed(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext() if self._door is None else self._door.closed()

    def _full(self) -> None:
        evaluation, door, room = self.evaluation, self._door, self._room
        if evaluation is None:
            self.printed.clear()
            return
        room.tend(evaluation.client)
        try:
            with self._lock:
                if self.printed:
                    self._send()
            if self._dropped < 0:
                unless = _never if door is None else lambda: door.wanted
                if not room.wait(evaluation.client, unless):
                    self._dropped = 0
        finally:
            room.leave(evaluation.client)

    def _has_room(self) -> bool:
        return self.evaluation is None or self._room.there_is(self.evaluation.client)

    def _send(self) -> None:
        """Make messages of what was printed. The lock is held."""
        printed = self.printed[:]
        del self.printed[: len(printed)]  # its thread may be printing meanwhile
        evaluation = self.evaluation
        if evaluation is None:
            return
        if self._dropped >= 0:
            if not self._has_room():
                self._dropped += sum(
                    len(text if isinstance(text, str) else text[1]) for text in printed
                )
                return
            self._tell(evaluation)
            self._dropped = -1
        self._sent = time.monotonic()
        try:
            text = "".join(printed)  # type: ignore[arg-type]
        except TypeError:
            for kind, part in _in_order(printed):
                _output(evaluation, kind, part)
        else:
            _output(evaluation, "out", text)

    def _tell(self, evaluation: Evaluation) -> None:
        """Say how much was dropped, if anything. The lock is held."""
        if self._dropped > 0:
            dropped, self._dropped = self._dropped, -1
            said = f"{dropped} characters of output were dropped here: the client did not read."
            evaluation.output("err", f"\n[{said}]\n")


def _in_order(printed: list[str | tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What was printed, one after the other, together as far as it went to the same file."""
    kind = "out"
    together: list[str] = []
    for item in printed:
        other, text = ("out", item) if isinstance(item, str) else item
        if other != kind and together:
            yield kind, "".join(together)
            together = []
        kind = other
        together.append(text)
    yield kind, "".join(together)


def _output(evaluation: Evaluation, kind: str, text: str) -> None:
    if len(text) <= _LARGEST:
        evaluation.output(kind, text)
    else:
        for start in range(0, len(text), _LARGEST):
            evaluation.output(kind, text[start : start + _LARGEST])


class Outlet:
    """One evaluation's way to its client, for the threads and tasks that it starts."""

    def __init__(
        self, evaluation: Evaluation, standard_input: Input, ticking: Ticking, room: Room
    ) -> None:
        self.evaluation = evaluation
        self.standard_input = standard_input
        self._ticking = ticking
        self._room = room
        self._outputs: weakref.WeakSet[Output] = weakref.WeakSet()

    def open(self) -> Output:
        """Standard output and standard error for one more thread."""
        output = Output(self._room, ticking=self._ticking)
        output.evaluation = self.evaluation
        self._outputs.add(output)
        return output

    def outlet(self) -> Outlet:
        """Itself: the threads of a thread have what it has."""
        return self

    def send(self) -> None:
        """Send what other threads have printed so far."""
        for output in list(self._outputs):
            output.send()


class Stream(io.TextIOBase):
    """Standard output or standard error of one thread that evaluates."""

    def __init__(self, name: str, output: Output, noted: Callable[[Output], None] | None) -> None:
        self.name = name
        self._output = weakref.ref(output)  # nothing goes round: what was printed is sent in time
        self._bytes: _Bytes | None = None
        self._noted = noted

    def flush(self) -> None:
        """Send what was printed; if the client does not read, later."""
        output = self._output()
        if output is not None:
            output.flushed()

    # The rest of what a text file has.

    encoding = "utf-8"
    errors = "surrogateescape"
    line_buffering = False
    mode = "w"

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

    def detach(self) -> Any:
        """The same as a file of bytes; this one stays in use."""
        return self.buffer

    def reconfigure(self, **_options: object) -> None:
        """Accepted, without effect: text is UTF-8, and sent soon anyway."""


class OutStream(Stream):
    """Standard output. `write` is a closure: `print` calls it twice a line, and it is most of what
    printing costs.
    """  # noqa: D205

    def __init__(self, output: Output, noted: Callable[[Output], None] | None) -> None:
        super().__init__("<stdout>", output, noted)
        self.write = self._writer(output.printed)  # type: ignore[method-assign]

    def _writer(self, printed: list[str | tuple[str, str]]) -> Callable[[str], int]:
        size = 0
        append, output = printed.append, self._output  # not this file, which has the closure
        noted = self._noted

        def write(text: str, /) -> int:
            """Print; sent soon."""
            nonlocal size
            if type(text) is not str:
                text = _checked(text)
            length = len(text)
            append(text)
            if noted is not None and len(printed) == 1:
                _first(output(), noted)
            size += length
            if size > _TOGETHER:
                size = 0
                _full(output())
            return length

        return write


class ErrStream(Stream):
    """Standard error. Little is printed to it, so it does without a closure, which is larger."""

    def __init__(self, output: Output, noted: Callable[[Output], None] | None) -> None:
        super().__init__("<stderr>", output, noted)
        self._printed = output.printed
        self._size = 0

    def write(self, text: str, /) -> int:
        """Print; sent soon."""
        text = _checked(text)
        self._printed.append(("err", text))
        if self._noted is not None and len(self._printed) == 1:
            _first(self._output(), self._noted)
        self._size += len(text)
        if self._size > _TOGETHER:
            self._size = 0
            _full(self._output())
        return len(text)


def _first(output: Output | None, noted: Callable[[Output], None]) -> None:
    """There is something to be sent, and nobody who looks."""
    if output is not None:
        noted(output)


def _full(output: Output | None) -> None:
    if output is not None:
        output.full()


class _Bytes(io.BufferedIOBase):
    """`sys.stdout.buffer`: bytes are passed on as they are, UTF-8 or not."""

    def __init__(self, stream: Stream) -> None:
        self.raw = self
        self.name = stream.name
        self._stream = stream

    def write(self, data: Any, /) -> int:
        given = bytes(data)
        self._stream.write(given.decode("utf-8", "surrogateescape"))
        return len(given)

    def flush(self) -> None:
        self._stream.flush()

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        self._stream.flush()


def _checked(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"write() argument must be str, not {type(text).__name__}")
    return str.__str__(text)


def _never() -> bool:
    return False
