"""The bridge: what is at the other end is found out once, then clients are served or relayed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from functools import partial

from repl_connect.address import Address
from repl_connect.bridge.arrival import Arrival
from repl_connect.bridge.paced import PacedPeer
from repl_connect.bridge.reaching import Reached, reach_beside
from repl_connect.bridge.relay import Relayed
from repl_connect.bridge.shared import Shared
from repl_connect.channel import WireChannel
from repl_server.network.io_thread import IoThread
from repl_server.network.listen import Listener

__all__ = ["Bridge"]

_LAST_SECOND = 2.0


class Bridge:
    """Serves the REPL at `address` to the clients of a `listener`, and to those it is given.

    `dialect` forces what is spoken there. `eager`: connect at once, and keep the connection.
    `start` it and `close` it.
    """

    def __init__(
        self,
        address: Address,
        listener: Listener | None,
        *,
        dialect: str | None = None,
        eager: bool = False,
    ) -> None:
        self._address = address
        self._listener = listener
        self._dialect = dialect
        self._eager = eager
        self.thread = IoThread(listener, self._arrived, peer=PacedPeer)
        self._shared = Shared(self.thread, str(address), self._find, keep=eager)
        self._known: str | None = None  # "nrepl" or "adapted"
        self._finding = False
        self._wanting: list[Arrival] = []
        self._spare: socket.socket | None = None
        self._on_found: Callable[[str | None], None] | None = None

    def start(self, on_end: Callable[[], None]) -> None:
        """Serve from now on. `on_end` is called, in some thread, when it is over."""

        def wait() -> None:
            self.thread.thread.join()
            on_end()

        self.thread.start()
        threading.Thread(target=wait, name="bridge-end", daemon=True).start()

    @property
    def found_nrepl(self) -> bool:
        """Whether an nREPL server was there when it was last looked."""
        return self._known == "nrepl"

    def end_with_repl(self, then: Callable[[str], None]) -> None:
        """Let the clients go when the connection to the REPL is lost; `then` gets why."""
        self._shared.on_lost = then

    def find_now(self, then: Callable[[str | None], None]) -> None:
        """Connect; `then` gets None, or in words why it can't be done. In the bridge's thread."""
        self._on_found = then
        self.thread.soon(self._find)

    def adopt(self, stream: socket.socket, then: Callable[[], None]) -> None:
        """Serve one more client, whose stream this is; `then` is called when it has gone."""

        def converse(peer: PacedPeer) -> Arrival:
            return _LastArrival(peer, self, then)

        def adopt() -> None:
            self.thread.adopt(stream, "stdio", converse)

        self.thread.soon(adopt)

    def close(self) -> None:
        """Leave the REPL as it was found, and let the clients go."""
        self.thread.soon(self._shared.close)
        self.thread.soon(self._end_when_left)
        self.thread.thread.join(_LAST_SECOND)
        self.thread.close(_LAST_SECOND)
        if self._spare is not None:
            self._spare.close()
        if self._listener is not None:
            self._listener.close()

    # What arrivals ask for; in the bridge's thread, as all that follows.

    def want(self, arrival: Arrival) -> None:
        """A client has said something for the first time."""
        if self._known == "adapted":
            arrival.serve(self._shared)
        elif self._known == "nrepl":
            self._relay(arrival)
        else:
            self._wanting.append(arrival)
            self._find()

    def forget(self, arrival: Arrival) -> None:
        """A client has gone that was not served yet."""
        if arrival in self._wanting:
            self._wanting.remove(arrival)

    # Finding out.

    def _arrived(self, peer: PacedPeer) -> Arrival:
        gate = self._listener.gate() if self._listener is not None else None
        return Arrival(peer, self, gate)

    def _find(self) -> None:
        if not self._finding:
            self._finding = True
            reach_beside(
                self.thread,
                self._address,
                self._found,
                dialect=self._dialect,
                timing=self._shared,
            )

    def _found(self, reached: Reached | str) -> None:
        self._finding = False
        wanting, self._wanting = self._wanting, []
        then, self._on_found = self._on_found, None
        if isinstance(reached, str):
            self._known = None
            self._shared.unreachable(reached)
            for arrival in wanting:
                arrival.fail(reached)
        elif isinstance(reached.channel, WireChannel):
            self._known = "nrepl"
            self._shared.unreachable(
                f"{self._address}: there is an nREPL server now, and was another REPL: "
                "connect to the bridge again."
            )
            self._spare = reached.stream
            for arrival in wanting:
                self._relay(arrival)
            if self._spare is not None and not self._eager:
                self._spare.close()
                self._spare = None
        else:
            self._known = "adapted"
            self._shared.take(reached)
            for arrival in wanting:
                arrival.serve(self._shared)
        if then is not None:
            then(reached if isinstance(reached, str) else None)

    def _relay(self, arrival: Arrival) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            self._join(arrival, spare)
        else:
            then = partial(self._reached_for, arrival)
            reach_beside(self.thread, self._address, then, dialect="nrepl")

    def _reached_for(self, arrival: Arrival, reached: Reached | str) -> None:
        if isinstance(reached, str):
            self._known = None  # whatever listens there next may be something else
            arrival.fail(reached)
        elif arrival.peer.is_gone:
            reached.stream.close()
        else:
            self._join(arrival, reached.stream)

    def _join(self, arrival: Arrival, stream: socket.socket) -> None:
        server = self.thread.adopt(
            stream, str(self._address), lambda server: Relayed(server, arrival.peer)
        )
        assert isinstance(server, PacedPeer)
        arrival.relay(Relayed(arrival.peer, server))

    def _end_when_left(self) -> None:
        """When what was said on leaving is written, or a second is over."""
        mine = self._shared.leaving
        if mine is None or mine.is_gone:
            self.thread.close(0)
        else:
            self.thread.later(0.02, self._end_when_left)


class _LastArrival(Arrival):
    """The one client of standard input and output."""

    def __init__(self, peer: PacedPeer, bridge: Bridge, then: Callable[[], None]) -> None:
        super().__init__(peer, bridge, None, patient=True)
        self._then = then

    def gone(self) -> None:
        """It has gone, and nobody else will come."""
        super().gone()
        self._then()
