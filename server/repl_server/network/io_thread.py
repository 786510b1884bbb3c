"""The one thread of a server that moves bytes: it accepts, reads, writes on, and keeps the time.

It waits for no client: sockets do not block, and what a client does not read waits in its `Outbox`.
What it reads it gives to the connection's `Conversation`, whatever that speaks:

    class Echo:
        def __init__(self, peer: Peer) -> None:
            self.peer = peer

        def received(self, data: bytes) -> None:
            self.peer.send(data)

        def gone(self) -> None:
            pass

    IoThread(listen("./echo.sock"), Echo).start()

With a `Relay` other threads take its place for a while: "the server's thread" is then the one that
leads.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from repl_server.network.listen import Listener, may_connect
from repl_server.network.log import say
from repl_server.network.outbox import Outbox
from repl_server.network.relay import Relay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol
else:
    Protocol = object

__all__ = ["ROOM", "Conversation", "IoThread", "Peer"]

ROOM = 1_048_576
"""Bytes that may wait for a client to read, before what could go on without end is to wait."""

_ROOM_FOR_ANSWERS = 16 * ROOM
_RECEIVE = 65_536
_TICK = 0.03
_MOST = 1_000
_LAST_WORDS = 1.0
_IN, _OUT = 1, 4  # POLLIN and POLLOUT, EPOLLIN and EPOLLOUT


class Conversation(Protocol):
    """What is said over one connection. Called in the server's own thread; must not take long.

    May also have `one_too_many(most)`, called for a connection beyond the most there may be, to say
    so and end it. Without it, such a connection is just ended.
    """

    def received(self, data: bytes) -> None:
        """The client has sent these bytes; none: it will send no more, and is dropped after it."""

    def gone(self) -> None:
        """The connection is over. Called once."""


class _Over:
    """What is said over a connection that is over."""

    def received(self, data: bytes) -> None:
        """Nothing."""

    def gone(self) -> None:
        """Nothing."""


_OVER: Conversation = _Over()


class IoThread:
    """The connections of one listening socket, and the thread that serves them.

    Without a `listener` there are only those that are handed over with `adopt`. `converse` makes
    the conversation of a new connection, `peer` the connection itself. `busy` says whether `tick`
    is to be called every 30 ms; it is asked after each message, and `tick` says whether to go on.
    `relay`: who else may serve them.
    Its clock and timers are the dispatcher's `Timing`.
    """

    def __init__(
        self,
        listener: Listener | None,
        converse: Callable[[Any], Conversation],
        *,
        busy: Callable[[], object] = bool,
        tick: Callable[[], bool] = bool,
        peer: Callable[[IoThread, socket.socket, str], Peer] | None = None,
        relay: Relay | None = None,
    ) -> None:
        self.peers: dict[int, Peer] = {}
        """Who is connected, by file descriptor."""
        self._listening = listener.socket if listener is not None else None
        self._converse = converse
        self._peer = peer or Peer
        self._busy = busy
        self._tick = tick
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._soon: deque[Callable[[], None]] = deque()
        self._awake = False
        self._closed = False
        self._ticks_at: float | None = None
        self._before: dict[int, int] = {}
        self._relay = relay or Relay()
        self._relay.turn = self._turn
        self._poller, self._scale = _poller()
        self._out_of_sleep, self._into_sleep = os.pipe()
        os.set_blocking(self._into_sleep, False)
        os.set_blocking(self._out_of_sleep, False)
        if self._listening is not None:
            self._listening.setblocking(False)
        self.thread = threading.Thread(target=self._run, name="repl-server", daemon=True)

    def start(self) -> None:
        """Serve from now on."""
        self._poller.register(self._out_of_sleep, _IN)
        if self._listening is not None:
            self._poller.register(self._listening.fileno(), _IN)
        self.thread.start()

    def close(self, seconds: float) -> None:
        """End the thread and all connections; waits for it so long, if called from another one."""
        self._closed = True
        self._rouse()
        if threading.current_thread() is not self.thread:
            self.thread.join(seconds)

    def forget(self) -> None:
        """In the child after a fork: the connections are the parent's, the thread is not there."""
        self._closed = True
        self._relay.forget()
        for peer in self.peers.values():
            peer.outbox.closed = True
            peer.socket.close()
        self._let_go()

    # What the dispatcher asks of time.

    @staticmethod
    def monotonic() -> float:
        """Seconds, of a clock that only goes on."""
        return time.monotonic()

    @staticmethod
    def wall() -> float:
        """Seconds since the epoch."""
        return time.time()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Call `action` in this thread, after so many seconds."""
        import heapq  # a millisecond, which not every program has use for

        due = time.monotonic() + seconds
        self.soon(lambda: heapq.heappush(self._timers, (due, next(self._numbers), action)))

    def soon(self, action: Callable[[], None]) -> None:
        """Call `action` in this thread, now or soon."""
        if self._relay.leads_here():
            action()
        else:
            self._soon.append(action)
            self._rouse()

    def _rouse(self) -> None:
        if not self._awake:
            self._awake = True
            with contextlib.suppress(OSError):
                os.write(self._into_sleep, b".")

    # The thread.

    def _run(self) -> None:
        try:
            self._relay.serve(lambda: self._closed)
        finally:
            self._end()

    def _turn(self, most: float | None) -> bool:
        """Wait for what comes, `most` seconds at most, and serve it. False: nothing has come."""
        if self._closed:
            return False
        timeout = None if most is None else most * self._scale
        if self._ticks_at is not None or self._timers:
            timeout = self._until_due(timeout)
        try:
            events = self._poller.poll(timeout)
        except OSError:
            self._closed = True
            return False
        if len(events) > 1:
            # Those who were served longest ago are served first: who is in no last time's list has
            # come just after it. The system has an order of its own.
            before = self._before
            events.sort(key=lambda event: before.get(event[0], -1))
            self._before = {event[0]: place for place, event in enumerate(events)}
        peers = self.peers
        for descriptor, event in events:
            found = peers.get(descriptor)
            if found is not None:
                if event & _OUT:
                    found.write()
                if event & ~_OUT:
                    found.read()
            elif descriptor == self._out_of_sleep:
                self._look_up()
            elif self._listening is not None and descriptor == self._listening.fileno():
                self._accept()
        if self._ticks_at is not None or self._timers or self._busy():
            self._keep_time()
        return bool(events)

    def _until_due(self, most: float | None) -> float:
        """How long to sleep; in the poller's unit."""
        until = self._ticks_at
        if self._timers and (until is None or self._timers[0][0] < until):
            until = self._timers[0][0]
        assert until is not None
        left = max(0.0, (until - time.monotonic()) * self._scale)
        return left if most is None else min(left, most)

    def _keep_time(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            self._next_timer()()
        if self._ticks_at is None:
            self._ticks_at = now + _TICK
        elif now >= self._ticks_at:
            goes_on = self._tick()
            for peer in self.peers.values():
                peer.outbox.tick()
            self._ticks_at = now + _TICK if goes_on else None

    def _next_timer(self) -> Callable[[], None]:
        import heapq

        return heapq.heappop(self._timers)[2]

    def _look_up(self) -> None:
        self._awake = False
        with contextlib.suppress(BlockingIOError):
            os.read(self._out_of_sleep, 64)
        while self._soon:
            self._soon.popleft()()

    def _accept(self) -> None:
        assert self._listening is not None
        try:
            sock, address = self._listening.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if not self._closed:  # no descriptors left: some will be
                say(f"no connection can be accepted just now: {error}")
                number = self._listening.fileno()
                self._poller.unregister(number)
                self.later(0.2, lambda: self._poller.register(number, _IN))
            return
        try:
            is_unix = not isinstance(address, tuple)
            if is_unix and not may_connect(sock):
                say("a connection of another user was refused")
                sock.close()
                return
            peer = self._adopt(sock, _shown(address), self._converse, is_unix=is_unix)
        except OSError as error:
            say(f"a connection could not be served: {error}")
            sock.close()
            return
        if len(self.peers) > _MOST:
            refuse = getattr(peer.conversation, "one_too_many", None)
            peer.end() if refuse is None else refuse(_MOST)
        else:
            peer.read()  # most clients have asked for something by now

    def _end(self) -> None:
        for peer in list(self.peers.values()):
            peer.drop()
        self._let_go()

    def _let_go(self) -> None:
        for descriptor in (self._out_of_sleep, self._into_sleep):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        if hasattr(self._poller, "close"):
            self._poller.close()

    # What its connections ask of it.

    def adopt(
        self, sock: socket.socket, address: str, converse: Callable[[Any], Conversation]
    ) -> Peer:
        """Serve one more connection, whoever made it. Called in this thread. Raises `OSError`."""
        return self._adopt(sock, address, converse, is_unix=sock.family == socket.AF_UNIX)

    def _adopt(
        self,
        sock: socket.socket,
        address: str,
        converse: Callable[[Any], Conversation],
        *,
        is_unix: bool,
    ) -> Peer:
        sock.setblocking(False)
        if not is_unix:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = self._peer(self, sock, address)
        peer.conversation = converse(peer)
        self.peers[sock.fileno()] = peer
        self._poller.register(sock.fileno(), _IN)
        return peer

    def watch(self, descriptor: int, events: int) -> None:
        """From now on look for these events of a connection."""
        with contextlib.suppress(OSError, KeyError, ValueError):
            self._poller.modify(descriptor, events)

    def forget_peer(self, descriptor: int) -> None:
        """A connection is over."""
        with contextlib.suppress(OSError, KeyError, ValueError):
            self._poller.unregister(descriptor)
        self.peers.pop(descriptor, None)


class Peer:
    """One connection. `send` may be called from any thread; the rest is the server's thread's.

    `address` is where it comes from, as text.
    """

    __slots__ = (
        "_gone",
        "_thread",
        "address",
        "conversation",
        "ending",
        "outbox",
        "send",
        "socket",
    )

    conversation: Conversation

    def __init__(self, thread: IoThread, sock: socket.socket, address: str) -> None:
        self.address = address
        self.socket = sock
        self.outbox = Outbox(sock, self._stalled)
        self.send = self.outbox.send
        self.ending = False
        self._thread = thread
        self._gone = False

    def read(self) -> None:
        """Take what the client sent, and pass it on."""
        try:
            data = self.socket.recv(_RECEIVE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.drop()
            return
        if not self.ending:
            self.conversation.received(data)
        if not data:
            self._let_go(shut=False)
        elif self.outbox.size > _ROOM_FOR_ANSWERS:
            self._thread.watch(self.socket.fileno(), _OUT)

    def write(self) -> None:
        """The client reads: write on."""
        outbox = self.outbox
        outbox.write()
        if outbox.closed:
            self.drop()
        elif self.ending and not outbox.is_stalled:
            self._thread.watch(self.socket.fileno(), _IN)
            self._say_no_more()
        elif outbox.size <= _ROOM_FOR_ANSWERS:
            self._thread.watch(self.socket.fileno(), _IN | _OUT if outbox.is_stalled else _IN)

    def end(self) -> None:
        """End the connection; the client has a second to read what was sent."""
        self.ending = True
        self._thread.later(_LAST_WORDS, self.drop)
        if not self.outbox.is_stalled:
            self._say_no_more()

    def drop(self) -> None:
        """The connection is over."""
        self._let_go(shut=True)

    def _let_go(self, *, shut: bool) -> None:
        """End it. `shut`: the client has not ended it, and is to know."""
        if self._gone:
            return
        self._gone = True
        self._thread.forget_peer(self.socket.fileno())
        self.outbox.close()
        self.conversation.gone()
        self.conversation = _OVER  # which knew this; so both are freed at once
        if shut:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    @property
    def is_gone(self) -> bool:
        """Whether the connection is over."""
        return self._gone

    def _say_no_more(self) -> None:
        """What the client still sends is read and dropped: else it could not read the reason."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop()

    def _stalled(self) -> None:
        """The socket is full; from whichever thread has written."""
        self._thread.soon(self._write_later)

    def _write_later(self) -> None:
        if not self._gone:
            full = self.outbox.size > _ROOM_FOR_ANSWERS
            self._thread.watch(self.socket.fileno(), _OUT if full else _IN | _OUT)


def _poller() -> tuple[Any, float]:
    """What tells which sockets are ready, and how many of its units of time a second has."""
    if hasattr(select, "epoll"):
        return select.epoll(), 1.0
    return select.poll(), 1000.0


def _shown(address: object) -> str:
    """The peer of a TCP connection as text; a Unix socket's has no name."""
    if isinstance(address, tuple):
        host, port = address[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return "unix"
