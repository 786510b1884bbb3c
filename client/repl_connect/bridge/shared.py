"""One REPL that is adapted, shared by all clients: its one connection, and when there is one.

    idle ──a client's request──> connecting ──greeted, upgraded──> ready
      ^                              │                               │
      └──────── no connection ───────┴── lost, or nobody left ───────┘

Rule 1: it is connected while somebody wants it. A client that has asked nothing does not count. A
job does, while it waits or runs, and until somebody has fetched its result (or it is forgotten);
so does a session that is kept for a client that was lost.

Rule 2: every request is answered. Those that wait when there is no connection to be had, or when it
is lost, end with an error that says so; the next one connects again. Sessions of a connection that
was lost are opened anew under their old ids.

Rule 3: a client that does not read makes the REPL wait, but not for long: then it is dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from repl_connect.adapters.adapter import Adapter
from repl_connect.bridge.guest import Guest
from repl_connect.bridge.paced import PacedPeer
from repl_connect.bridge.reaching import Reached
from repl_connect.connect import CONNECT_TIMEOUT
from repl_connect.link import unreadable
from repl_server.dispatch.requests import Client, Send, Session
from repl_server.network.io_thread import IoThread
from repl_server.network.log import say
from repl_server.wire import CLOSED, Idle, Message, ProtocolError

__all__ = ["Shared"]

_PATIENCE: Final = 10.0  # seconds that others wait for a client that does not read
_LOOK: Final = 1.0  # seconds between looks at jobs that nobody is there to wait for
_MOST_LOST: Final = 1_000  # sessions of lost connections that are remembered
_UNREAD: Final = 64 * 1024 * 1024  # bytes for a REPL that does not read, beyond which it is lost


class Shared:
    """What clients talk to, as if it were a dispatcher.

    `find` connects, and then calls `take` or `unreachable`. `keep`: the connection is kept when
    nobody wants it. It is the adapter's `Timing`. All is called in the bridge's one thread.
    """

    def __init__(
        self, thread: IoThread, name: str, find: Callable[[], None], *, keep: bool = False
    ) -> None:
        self.name = name
        self.monotonic = thread.monotonic
        self.wall = thread.wall
        self._thread = thread
        self._find = find
        self._keep = keep
        self._guests: dict[Client, Guest] = {}
        self._waiting: deque[tuple[Guest, Message]] = deque()
        self._connecting = False
        self._adapter: Adapter | None = None
        self._peer: PacedPeer | None = None
        self.leaving: PacedPeer | None = None
        """The connection that was last let go of; it may still be told so."""
        self.on_lost: Callable[[str], None] | None = None
        """With it a lost connection is not made again: it is called, and the clients are let go."""
        self._lost_sessions: dict[str, None] = {}
        self._fetched: set[str] = set()
        self._has_submitted = False
        self._looking = False
        self._numbers = 0

    # What clients say.

    def connect(self, send: Send, *, address: str = "") -> Client:
        """A client has come. Nothing is connected for that."""
        self._numbers += 1
        client = Client(send, ident=f"b{self._numbers}", address=address)
        self._guests[client] = Guest(client, self)
        return client

    def receive(self, client: Client, message: Message) -> None:
        """Take one message."""
        guest = self._guests[client]
        guest.asked(message)
        if message.get("op") == "repl-server/submit":
            self._has_submitted = True
        adapter = self._adapter
        if adapter is not None and adapter.ready:
            self._dispatch(adapter, guest, message)
            self._go_on()
            return
        self._waiting.append((guest, message))
        guest.peer.pause()
        if not self._connecting and adapter is None:
            self._connecting = True
            self._find()

    def disconnect(self, client: Client) -> None:
        """A client has gone."""
        guest = self._guests.pop(client)
        guest.peer.on_room = None
        self._read_upstream()
        self._waiting = deque(each for each in self._waiting if each[0] is not guest)
        if self._adapter is not None and guest.inner is not None:
            self._adapter.dispatcher.disconnect(guest.inner)
            self._go_on()
        self._leave_if_unwanted()

    def pending(self, client: Client) -> bool:
        """Whether it has asked what is not answered yet."""
        guest = self._guests.get(client)
        return guest is not None and bool(guest.pending)

    # What the REPL says.

    def take(self, reached: Reached) -> None:
        """It is connected: by now it has perhaps greeted."""
        assert isinstance(reached.channel, Adapter)
        self._connecting = True
        self._adapter = adapter = reached.channel
        peer = self._thread.adopt(reached.stream, self.name, lambda peer: _Connection(self, peer))
        assert isinstance(peer, PacedPeer)
        self._peer = peer

        def too_late() -> None:
            if self._adapter is adapter and not adapter.ready:
                self._lost(f"{self.name}: it took no upgrade in {CONNECT_TIMEOUT:g} seconds.")

        self._thread.later(CONNECT_TIMEOUT, too_late)
        self._go_on()

    def unreachable(self, why: str) -> None:
        """There is no connection to be had."""
        self._connecting = False
        waiting, self._waiting = self._waiting, deque()
        for guest, _ in waiting:
            guest.refuse_all(why)
            guest.peer.resume()

    def heard(self, peer: PacedPeer, data: bytes) -> None:
        """Take bytes from the REPL; none: it has ended the connection."""
        adapter = self._adapter
        if adapter is not None and peer is self._peer:
            self._guarded(lambda: adapter.receive_data(data))
            self._go_on()

    def gone(self, peer: PacedPeer) -> None:
        """A connection is over: this one, or one that was let go of before."""
        if peer is self._peer:
            self._lost(f"{self.name}: the connection was lost.")

    def close(self) -> None:
        """The bridge ends: leave the REPL as it was found."""
        if self._adapter is not None:
            for guest in self._guests.values():
                if guest.inner is not None:
                    self._adapter.dispatcher.disconnect(guest.inner)
                    guest.inner = None
            self._leave()

    # The adapter's clock.

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Call it in the bridge's thread, and send what came of it."""

        def act() -> None:
            self._guarded(action)
            self._go_on()

        self._thread.later(seconds, act)

    # Back-pressure.

    def wait_for(self, guest: Guest) -> None:
        """Read no more from the REPL until this client has read what it was sent."""
        if self._peer is None:
            return
        self._peer.pause()
        before = guest.peer.outbox.size

        def look() -> None:
            nonlocal before
            if guest.peer.on_room is None:
                return
            size = guest.peer.outbox.size
            if size >= before:
                say(f"a client that did not read for {_PATIENCE:g} seconds was dropped")
                guest.peer.drop()
            else:
                before = size
                self._thread.later(_PATIENCE, look)

        guest.peer.on_room = self._read_upstream
        self._thread.later(_PATIENCE, look)

    def _read_upstream(self) -> None:
        """Read on from the REPL, if it need not wait for another client."""
        waits = any(guest.peer.on_room for guest in self._guests.values())
        if self._peer is not None and not waits:
            self._peer.resume()

    # In between.

    def _dispatch(self, adapter: Adapter, guest: Guest, message: Message) -> None:
        dispatcher = adapter.dispatcher
        if guest.inner is None:

            def send(replies: list[Message]) -> None:
                if self._adapter is adapter:  # its timers may outlive the connection
                    guest.deliver(replies)

            guest.inner = adapter.attach(send, address=guest.client.address)
            guest.inner.room = guest.client.room
        session = message.get("session")
        if isinstance(session, str) and session in self._lost_sessions:
            del self._lost_sessions[session]
            opened = Session(session)
            self._guarded(lambda: adapter.open_session(opened, None))
            dispatcher.sessions[session] = opened
            guest.tell(
                message, f"{self.name} was connected to again: what this session had is gone.\n"
            )
        inner = guest.inner
        self._guarded(lambda: dispatcher.receive(inner, message))

    def _go_on(self) -> None:
        """Deal with what the REPL has said, and send it what is for it."""
        adapter, peer = self._adapter, self._peer
        if adapter is None or peer is None:
            return
        if not self._guarded(lambda: self._read_on(adapter)):
            return
        if self._connecting and adapter.ready:
            self._connecting = False
            waiting, self._waiting = self._waiting, deque()
            for guest, message in waiting:
                self._dispatch(adapter, guest, message)
                guest.peer.resume()
            if self._adapter is not adapter:
                return
            self._leave_if_unwanted()
        data = adapter.data_to_send()
        if data and not peer.is_gone:
            peer.outbox.send(data)
            if peer.outbox.size > _UNREAD:
                self._lost(f"{self.name}: it does not read what it is sent.")
        if adapter.half_closed:
            peer.finish()

    def _read_on(self, adapter: Adapter) -> None:
        while not isinstance(event := adapter.next_event(), Idle):
            pass  # no client of ours is the adapter's own
        if event is CLOSED:
            self._lost(f"{self.name}: the other side closed the connection.")

    def _guarded(self, act: Callable[[], object]) -> bool:
        """Do it; whatever an adapter raises ends its connection, and nothing else."""
        adapter = self._adapter
        try:
            act()
        except (ProtocolError, MemoryError) as error:
            self._lost(unreadable(self.name, error))
        except Exception as error:
            say(f"a fault of the adapter for {self.name}: {error!r}")
            self._lost(f"{self.name}: the adapter failed: {error!r}.")
        return self._adapter is adapter

    def _lost(self, why: str) -> None:
        """All that was asked ends with an error; the next request connects again."""
        adapter, peer = self._adapter, self._peer
        self._adapter = self._peer = None
        if adapter is not None and adapter.ready:
            self._remember(adapter.dispatcher.sessions)
            adapter.dispatcher.clients.clear()
        if self.on_lost is not None:
            self.on_lost(why)
        for guest in self._guests.values():
            if self.on_lost is not None:
                guest.peer.end()
            elif guest.inner is not None:
                guest.inner = None
                guest.refuse_all(why)
                if adapter is not None and adapter.half_closed:  # a client waits for this end
                    guest.peer.end()
        self._fetched.clear()
        if peer is not None:
            peer.drop()
        self.unreachable(why)

    def _remember(self, sessions: Mapping[str, Session]) -> None:
        for ident, session in sessions.items():
            if not session.ephemeral:
                self._lost_sessions[ident] = None
        while len(self._lost_sessions) > _MOST_LOST:
            del self._lost_sessions[next(iter(self._lost_sessions))]

    # Leaving.

    def fetched(self, job: str) -> None:
        """Somebody has the result of a job that has ended."""
        self._fetched.add(job)

    def _leave_if_unwanted(self) -> None:
        adapter = self._adapter
        if adapter is None or not adapter.ready or self._keep or self._waiting:
            return
        if any(guest.inner is not None for guest in self._guests.values()):
            return
        if not adapter.dispatcher.sessions and not self._has_jobs(adapter):
            self._leave()
        elif not self._looking:
            self._looking = True
            self._thread.later(_LOOK, self._look_again)

    def _look_again(self) -> None:
        self._looking = False
        self._leave_if_unwanted()

    def _has_jobs(self, adapter: Adapter) -> bool:
        """Whether a job waits, runs, or has a result that nobody has seen."""
        if not self._has_submitted:
            return False
        replies: list[Message] = []
        adapter.dispatcher.receive(Client(replies.extend), {"op": "repl-server/jobs"})
        jobs: list[dict[str, Any]] = replies[0].get("jobs", []) if replies else []
        return any(job["job"] not in self._fetched for job in jobs)

    def _leave(self) -> None:
        """Let go of the REPL as it was found."""
        adapter, peer = self._adapter, self._peer
        assert adapter is not None
        assert peer is not None
        self._guarded(lambda: adapter.dispatcher.close() if adapter.ready else None)
        self._guarded(adapter.quit)
        if self._adapter is adapter:
            self._adapter = self._peer = None
            self._connecting = False
            self._fetched.clear()
            self._lost_sessions.clear()
            self.leaving = peer
            peer.outbox.send(adapter.data_to_send())
            peer.end()


class _Connection:
    """The conversation with the REPL over one connection, which may end when there is another."""

    def __init__(self, shared: Shared, peer: PacedPeer) -> None:
        self._shared = shared
        self._peer = peer

    def received(self, data: bytes) -> None:
        """Take what it says."""
        self._shared.heard(self._peer, data)

    def gone(self) -> None:
        """It is over."""
        self._shared.gone(self._peer)
