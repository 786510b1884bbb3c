"""A client and the nREPL server it talks to: bytes are copied, as they are, both ways."""

from __future__ import annotations

from repl_connect.bridge.paced import PacedPeer

__all__ = ["Relayed"]


class Relayed:
    """One direction: what comes from a connection goes to the `other`.

    If that does not read, this is not read either. The end of a stream is passed on, and the other
    direction goes on; when both have ended, or one connection breaks, both are over.
    """

    def __init__(self, peer: PacedPeer, other: PacedPeer) -> None:
        self._peer = peer
        self._other = other
        self._send = other.outbox.send

    def received(self, data: bytes) -> None:
        """Pass it on."""
        if not data:
            self._peer.lingers = not self._other.lingers
            self._other.finish()
            return
        self._send(data)
        if self._other.is_full:
            self._peer.pause()
            self._other.on_room = self._peer.resume

    def gone(self) -> None:
        """The other is told all that was said, then it is over as well."""
        if not self._other.is_gone:
            self._other.end()
