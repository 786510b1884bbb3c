"""A connection whose reading can be paused, and whose two directions can end one by one."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

from repl_server.network.io_thread import ROOM, IoThread, Peer

__all__ = ["PacedPeer"]

_RECEIVE: Final = 65_536
_LAST_WORDS: Final = 1.0
_IN, _OUT = 1, 4
_TCP_QUICKACK: Final = getattr(socket, "TCP_QUICKACK", None)


class PacedPeer(Peer):
    """A `Peer` for two connections that have to do with each other.

    - `pause` and `resume` reading from it.
    - `on_room` is called, once, when what waits for it to read has become little.
    - `lingers`: set when the client has said its last, so that it is not dropped for that: there
      are still answers to come.
    """

    __slots__ = ("_finishing", "_heard_all", "_paused", "_quickack", "_shut", "lingers", "on_room")

    def __init__(self, thread: IoThread, sock: socket.socket, address: str) -> None:
        super().__init__(thread, sock, address)
        self.lingers = False
        self.on_room: Callable[[], None] | None = None
        self._paused = False
        self._heard_all = False
        self._finishing = False
        self._shut = False
        self._quickack = _TCP_QUICKACK if sock.family != socket.AF_UNIX else None

    @property
    def is_full(self) -> bool:
        """Whether more waits for it to read than should."""
        return self.outbox.size > ROOM

    def read(self) -> None:
        """Take what has come, and pass it on."""
        try:
            data = self.socket.recv(_RECEIVE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.drop()
            return
        if self._quickack is not None and data:
            # Some servers write a reply in two parts, and the second waits for this; the kernel
            # takes it back after each use (tcp(7)).
            self.socket.setsockopt(socket.IPPROTO_TCP, self._quickack, 1)
        heard_all, self._heard_all = self._heard_all, not data
        if not self.ending and not heard_all:
            self.conversation.received(data)
        if self.is_gone:
            return
        if data:
            if self.is_full:
                self._look()
        elif self.lingers and not heard_all:
            self._look()
        elif self.outbox.is_stalled and not heard_all:
            self.end()  # it may still read
        else:
            self.drop()

    def write(self) -> None:
        """It reads: write on."""
        outbox = self.outbox
        outbox.write()
        if outbox.closed:
            self.drop()
            return
        self._shut_when_written()
        if not self.is_gone:
            self._look()
        if self.on_room is not None and outbox.size <= ROOM // 2:
            act, self.on_room = self.on_room, None
            act()

    def pause(self) -> None:
        """Read nothing from it for now: what it sends waits on its side."""
        self._paused = True
        self._look()

    def resume(self) -> None:
        """Read on."""
        self._paused = False
        if not self.is_gone:
            self._look()

    def finish(self) -> None:
        """Send what waits, and then the end of the stream; what it still says is heard."""
        self._finishing = True
        self._shut_when_written()

    def end(self) -> None:
        """Send what waits, however long it takes, and end the connection; it is heard no more."""
        self.ending = True
        self._paused = False
        self._shut_when_written()
        if not self.is_gone:
            self._look()

    def _shut_when_written(self) -> None:
        if not (self.ending or self._finishing) or self.outbox.is_stalled or self.is_gone:
            return
        if not self._shut:
            self._shut = True
            self._say_no_more()
        if self.ending and not self.is_gone:
            if self._heard_all:
                self.drop()
            else:
                self._thread.later(_LAST_WORDS, self.drop)

    def _write_later(self) -> None:
        if not self.is_gone:
            self._look()

    def _look(self) -> None:
        """Watch for what can be dealt with now."""
        events = _OUT if self.outbox.is_stalled else 0
        if not (self._paused or self._heard_all or self.outbox.size > 16 * ROOM):
            events |= _IN
        self._thread.watch(self.socket.fileno(), events)
