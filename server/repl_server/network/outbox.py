"""What goes out to one client, without ever making another client wait.

Rule 1: nobody waits for a socket. Whoever sends writes what the socket takes at once; the rest
waits here, and the server's own thread writes it when the socket takes more.

Rule 2: replies can be held back for a moment, because more of them are about to come (`hold`): a
hundred evaluations sent at once are answered with a few writes. What is held goes with the next
`send`, when it is large, when it is a millisecond old and another one comes, or when the server's
thread looks in (`tick`).

Rule 3: a thread that can produce without end (an evaluation that prints) asks for room before it
goes on (`wait_for_room`). So a client that does not read stops its own evaluations, nothing else,
and what waits for it stays within bounds.

Rule 4: who waits for room writes (`tend`). If the server's thread did, it would want Python's lock
of the one that prints each time the client has read something.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket


__all__ = ["Outbox"]

_HELD = 0.001
_LARGE = 65_536
_TICK = 0.1


class Outbox:
    """What goes to one client, on its way. `send` may be called from any thread.

    `stalled` is called when the socket takes no more: `write` is to be called when it does.
    """

    # A server may have many clients, and most of them idle.
    __slots__ = (
        "_given_up",
        "_held",
        "_held_size",
        "_lock",
        "_queue",
        "_since",
        "_socket",
        "_stalled",
        "_tended",
        "closed",
        "is_stalled",
        "size",
    )

    def __init__(self, sock: socket.socket, stalled: Callable[[], None]) -> None:
        self.closed = False
        self.is_stalled = False
        self.size = 0  # bytes that wait for the client to read
        self._socket = sock
        self._stalled = stalled
        self._lock = threading.Lock()
        self._queue: list[bytes | memoryview] = []
        self._held: list[bytes] = []
        self._held_size = 0
        self._since = 0.0
        self._given_up = False
        self._tended = 0

    def send(self, data: bytes) -> None:
        """Write this, and what was held before. Never waits, never raises."""
        with self._lock:
            if self._held:
                self._held.append(data)
                data = self._release()
            self._write(data)

    def hold(self, data: bytes) -> None:
        """Like `send`, but another reply is about to come: they may go together."""
        with self._lock:
            now = time.monotonic()
            if not self._held:
                self._since = now
            self._held.append(data)
            self._held_size += len(data)
            if self._held_size > _LARGE or now - self._since > _HELD:
                self._write(self._release())

    def tick(self) -> None:
        """Send what is held."""
        if self._held:
            with self._lock:
                if self._held:
                    self._write(self._release())

    def write(self) -> None:
        """The socket takes more: write what waits."""
        with self._lock:
            queue = self._queue
            while queue and not self.closed:
                data = queue[0] if len(queue) == 1 else b"".join(queue)
                queue.clear()
                sent = self._take(data)
                self._given_up = self._given_up and not sent
                if sent < len(data) and not self.closed:
                    queue.append(memoryview(data)[sent:])
                    break
            self.is_stalled = bool(queue)

    def tend(self) -> None:
        """From now on this thread writes what waits, in `wait_for_room`, until it calls `leave`."""
        with self._lock:
            self._tended += 1

    def leave(self) -> None:
        """What still waits is for the server's thread to write."""
        with self._lock:
            self._tended -= 1
            if self.is_stalled and not self._tended and not self.closed:
                self._stalled()

    def wait_for_room(self, bound: int, unless: Callable[[], bool], patience: float) -> bool:
        """If more than `bound` bytes wait, write, and return True when it is half of that.

        True also when there is no sense in waiting: the client has gone, or `unless` holds. False
        when the client has read nothing for `patience` seconds, and from then on without waiting,
        until it reads again.
        """
        if self.size <= bound:
            return True
        if self._given_up and not self.closed:
            return False
        poller = select.poll()
        with self._lock:
            if self.closed:
                return True
            poller.register(self._socket, select.POLLOUT)
        before, since = self.size, time.monotonic()
        while self.size > bound // 2 and not self.closed and not unless():
            poller.poll(min(_TICK, patience) * 1000)
            self.write()
            if self.size < before:
                before, since = self.size, time.monotonic()
            elif time.monotonic() - since >= patience:
                self._given_up = True
                return False
        return True

    def close(self) -> None:
        """The client has gone: what waits is dropped, who waits goes on."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        self.closed = True
        self._stalled = _nothing
        self._queue.clear()
        self._held.clear()
        self.size = 0

    def _release(self) -> bytes:
        held, self._held = self._held, []
        self._held_size = 0
        return b"".join(held)

    def _write(self, data: bytes) -> None:
        """Write, or queue behind what waits. The lock is held."""
        if self.closed:
            return
        if self.is_stalled:
            self._queue.append(data)
            self.size += len(data)
            return
        self.size += len(data)
        sent = self._take(data)
        if sent < len(data) and not self.closed:
            self._queue.append(memoryview(data)[sent:])
            self.is_stalled = True
            if not self._tended:
                self._stalled()

    def _take(self, data: bytes | memoryview) -> int:
        """What the socket takes of it now. The lock is held."""
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self._close()
            return len(data)
        self.size -= sent
        return sent


def _nothing() -> None:
    pass
