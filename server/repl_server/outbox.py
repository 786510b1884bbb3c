"""What goes out to one client, without ever making another client wait.

Rule 1: nothing here is written while the guard is held. Replies made under it are queued, and
written when it is released (`Guard.later`).

Rule 2: whoever sends writes what the socket takes at once and goes on. What it does not take waits
in the queue for a writer thread, which a connection gets when it needs one for the first time.

Rule 3: a thread that can produce without end (an evaluation that prints) asks for room before it
goes on (`wait_for_room`). So a client that does not read stops its own evaluations, nothing else,
and what waits for it stays within bounds.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType

from repl_server.wire import LocalProtocolError, Message, encode

__all__ = ["Guard", "Outbox"]

_AT_ONCE = getattr(socket, "MSG_DONTWAIT", 0)


class Guard:
    """A re-entrant lock; what is put off with `later` while it is held runs once it is released."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0
        self._depth = 0
        self._later: list[Callable[[], None]] = []

    def __enter__(self) -> None:
        me = threading.get_ident()
        if self._owner != me:
            self._lock.acquire()
            self._owner = me
        self._depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if self._depth:
            return
        later = self._later
        if later:
            self._later = []
        self._owner = 0
        self._lock.release()
        for action in later:
            action()

    @property
    def held(self) -> bool:
        """Whether this very thread holds it."""
        return self._owner == threading.get_ident()

    def later(self, action: Callable[[], None]) -> None:
        """Do this when the guard, which is held, is released. It must not raise."""
        self._later.append(action)


class Outbox:
    """The replies to one client, on their way. `send` may be called from any thread."""

    def __init__(self, sock: socket.socket, guard: Guard, *, name: str) -> None:
        self.closed = False
        self._socket = sock
        self._guard = guard
        self._name = name
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._queue: list[bytes | memoryview] = []
        self._size = 0
        self._writing = False
        self._stalled = False
        self._writer: threading.Thread | None = None

    @property
    def size(self) -> int:
        """Bytes that wait for the client to read."""
        return self._size

    def send(self, messages: list[Message]) -> None:
        """Queue replies, and write what the socket takes at once. Never waits, never raises."""
        try:
            data = b"".join([encode(message) for message in messages])
        except LocalProtocolError as error:
            data = b"".join(_encode_or_say(message, error) for message in messages)
        with self._lock:
            if self.closed:
                return
            self._size += len(data)
            if self._writing:
                self._queue.append(data)
                return
            self._writing = True
            held = self._guard.held
            if held:
                self._queue.append(data)
        if held:
            self._guard.later(self._write)
        else:
            self._write(data)

    def wait_for_room(self, bound: int, unless: Callable[[], bool]) -> None:
        """If more than `bound` bytes wait, return when it is half of that, or there is no sense in
        waiting: the client has gone, or `unless` holds.
        """  # noqa: D205
        if self._size <= bound:
            return
        with self._lock:
            while self._size > bound // 2 and not self.closed and not unless():
                self._changed.wait(0.1)

    def finish(self, seconds: float) -> None:
        """Let the client read what waits, for so long at most, before it is closed."""
        with self._lock:
            self._changed.wait_for(lambda: not self._size or self.closed, seconds)

    def close(self) -> None:
        """The client has gone: what waits is dropped, who waits goes on."""
        with self._lock:
            self.closed = True
            self._queue.clear()
            self._size = 0
            self._changed.notify_all()

    def _write(self, first: bytes | None = None) -> None:
        """Write `first` and what is queued, until the socket takes no more.

        `_writing` is this thread's.
        """
        data: bytes | memoryview | None = first
        if data is None:
            with self._lock:
                data = self._take()
        while data is not None:
            try:
                sent = self._socket.send(data, _AT_ONCE)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                self.close()
                sent = len(data)
            with self._lock:
                self._size = max(0, self._size - sent)
                if sent == len(data) or self.closed:
                    data = self._take()
                    continue
                self._queue.insert(0, memoryview(data)[sent:])
                self._stalled = True
                if self._writer is None:
                    self._writer = threading.Thread(
                        target=self._write_blocking, name=f"{self._name}-writer", daemon=True
                    )
                    start = self._writer
                else:
                    self._changed.notify_all()
                    return
            start.start()
            return

    def _take(self) -> bytes | memoryview | None:
        """All that is queued, or None and the end of writing. The lock is held."""
        if not self._queue:
            self._writing = False
            return None
        data = self._queue[0] if len(self._queue) == 1 else b"".join(self._queue)
        self._queue.clear()
        return data

    def _write_blocking(self) -> None:
        """The writer thread: takes over when the socket is full, until the queue is empty."""
        while True:
            with self._lock:
                while not self._stalled and not self.closed:
                    self._changed.wait()
                if self.closed:
                    self._writing = False
                    return
            while (data := self._next_stalled()) is not None:
                view = memoryview(data)
                while view:
                    try:
                        sent = self._socket.send(view)
                    except OSError:
                        self.close()
                        break
                    view = view[sent:]
                    with self._lock:
                        self._size = max(0, self._size - sent)
                        self._changed.notify_all()

    def _next_stalled(self) -> bytes | memoryview | None:
        with self._lock:
            if not self._queue:
                self._writing = self._stalled = False
                return None
            return self._queue.pop(0)


def _encode_or_say(message: Message, error: LocalProtocolError) -> bytes:
    try:
        return encode(message)
    except LocalProtocolError:
        said: Message = {key: message[key] for key in ("id", "session") if key in message}
        said["status"] = ["done", "error", "server-error"]
        said["err"] = f"The server made a reply that can't be sent: {error}\n"
        return encode(said)
