"""A client's connection, from its first bytes until it is known who is to serve it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repl_connect.bridge.guest import refusal
from repl_connect.bridge.paced import PacedPeer
from repl_server.network.conversation import NreplConversation
from repl_server.network.gate import PATIENCE, Gate
from repl_server.network.log import say
from repl_server.network.refusal import refusal as refused_as
from repl_server.wire import Decoder, Message, RemoteProtocolError, encode

if TYPE_CHECKING:
    from repl_connect.bridge.bridge import Bridge
    from repl_connect.bridge.shared import Shared
    from repl_server.network.io_thread import Conversation

__all__ = ["Arrival"]


class Arrival:
    """What a client says is kept until the bridge `serve`s it, `relay`s it or `fail`s.

    With a `gate` it has to give the token first. `patient`: the end of what it says is not the end
    of what it wants to hear.
    """

    def __init__(
        self, peer: PacedPeer, bridge: Bridge, gate: Gate | None, *, patient: bool = False
    ) -> None:
        self.peer = peer
        self._bridge = bridge
        self._gate = gate
        self._gate_decoder = Decoder() if gate is not None else None
        self._patient = patient
        self._inner: Conversation | None = None
        self._nrepl: NreplConversation | None = None
        self._shared: Shared | None = None
        self._said = b""
        self._begun = False
        self._asked = False
        if gate is not None:
            bridge.thread.later(PATIENCE, self._lose_patience)

    def received(self, data: bytes) -> None:
        """Take what it says."""
        if self._inner is None:
            self._arrive(data)
            return
        if not data and self._patient and self._shared is not None and self._nrepl is not None:
            self.peer.lingers = True
            if not self._shared.pending(self._nrepl.client):
                self.peer.end()
        self._inner.received(data)

    def gone(self) -> None:
        """It has gone."""
        if self._inner is not None:
            self._inner.gone()
        else:
            self._bridge.forget(self)

    def one_too_many(self, most: int) -> None:
        """Refuse it."""
        self._send(
            {
                "status": ["done", "error", "protocol-error"],
                "err": f"{most} connections are open here, and no more are served: close one.\n",
            }
        )
        self.peer.end()

    # What the bridge decides.

    def serve(self, shared: Shared) -> None:
        """The REPL is adapted, and shared."""
        self._shared = shared
        self._nrepl = NreplConversation(self.peer, shared, None, self._bridge.thread.later)
        self._go_on(self._nrepl)

    def relay(self, inner: Conversation) -> None:
        """There is an nREPL server, and a connection of this client's own to it."""
        self._go_on(inner)

    def fail(self, why: str) -> None:
        """There is no connection to be had: say so to all it has asked."""
        self._asked = False
        decoder = Decoder()
        decoder.feed(self._said)
        try:
            while (message := decoder.next_message()) is not None:
                self._send(refusal(message, why))
            self._said = decoder.rest
        except RemoteProtocolError as error:
            self._protocol_error(error)
            return
        self.peer.resume()

    # Arriving.

    def _arrive(self, data: bytes) -> None:
        if not self._begun and data:
            self._begun = True
            if why := refused_as(data):
                say(why)
                self.peer.drop()
                return
        if self._gate is not None and self._gate_decoder is not None:
            data = self._through_gate(self._gate, self._gate_decoder, data)
        if data:
            self._said += data
            self.peer.pause()
            if not self._asked:
                self._asked = True
                self._bridge.want(self)

    def _through_gate(self, gate: Gate, decoder: Decoder, data: bytes) -> bytes:
        """What it says from the message on that has the token; nothing before it."""
        if not gate.takes(len(data)):
            self._shut(gate)
            return b""
        decoder.feed(data)
        admitted = b""
        try:
            while (message := decoder.next_message()) is not None:
                if gate.admits(message):
                    admitted += encode(message)
                    continue
                self._send(gate.answer(message))
                if gate.shut is not None:
                    self._shut(gate)
                    return b""
        except RemoteProtocolError as error:
            self._protocol_error(error)
            return b""
        if gate.open:
            self._gate_decoder = None
            return admitted + decoder.rest
        return b""

    def _go_on(self, inner: Conversation) -> None:
        self._inner = inner
        said, self._said = self._said, b""
        self.peer.resume()
        inner.received(said)

    def _send(self, message: Message) -> None:
        self.peer.outbox.send(encode(message))

    def _protocol_error(self, error: RemoteProtocolError) -> None:
        self._send({"status": ["done", "error", "protocol-error"], "err": f"{error}\n"})
        self.peer.end()

    def _shut(self, gate: Gate) -> None:
        say(gate.shut or "")
        self.peer.end()

    def _lose_patience(self) -> None:
        if self._gate is not None and not self._gate.open and not self.peer.is_gone:
            say("a client that did not give the token in time was refused")
            self.peer.drop()
