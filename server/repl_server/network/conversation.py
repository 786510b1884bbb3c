"""nREPL over one connection: bytes to messages, the token asked for, messages to the dispatcher."""

from __future__ import annotations

from collections.abc import Callable

from repl_server.evaluation.output import Room
from repl_server.network.gate import PATIENCE, Gate
from repl_server.network.io_thread import ROOM, Peer
from repl_server.network.log import say
from repl_server.network.refusal import refusal
from repl_server.wire import (
    Connection,
    Idle,
    LocalProtocolError,
    Message,
    RemoteProtocolError,
    encode,
    encode_value,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from repl_server.dispatch.dispatcher import Client, Send
else:
    Protocol = object


__all__ = ["NreplConversation", "PeerRoom", "Receiver"]


class Receiver(Protocol):
    """What clients talk to: a `Dispatcher`, or what stands for one."""

    def connect(self, send: Send, *, address: str = "") -> Client:
        """A client has come; `send` takes its replies."""

    def receive(self, client: Client, message: Message) -> None:
        """Take one message from it."""

    def disconnect(self, client: Client) -> None:
        """It has gone."""


class NreplConversation:
    """One client's messages, and their answers.

    `later` calls something after so many seconds: a client has ten to give the token, if there is a
    `gate`.
    """

    __slots__ = (
        "_begun",
        "_dispatcher",
        "_gate",
        "_hold",
        "_peer",
        "_send",
        "_wire",
        "client",
    )

    def __init__(
        self,
        peer: Peer,
        dispatcher: Receiver,
        gate: Gate | None,
        later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self._peer = peer
        self._send = peer.outbox.send
        self._hold = peer.outbox.hold
        self._dispatcher = dispatcher
        self._gate = gate
        self._wire = Connection()
        self._begun = False
        self.client = client = dispatcher.connect(self.send, address=peer.address)
        client.hold = self.hold
        client.room = self._has_room
        client.state = peer
        if gate is not None:
            later(PATIENCE, self._lose_patience)

    def send(self, messages: list[Message]) -> None:
        """Send replies. From any thread; never waits, never raises."""
        self._send(_encoded(messages))

    def hold(self, messages: list[Message]) -> None:
        """Like `send`, but more are about to come, and may go with them."""
        self._hold(_encoded(messages))

    def received(self, data: bytes) -> None:
        """Pass on the messages in what was read."""
        if not self._begun and data:
            self._begun = True
            if why := refusal(data):
                say(why)
                self._peer.drop()
                return
        wire, gate = self._wire, self._gate
        if gate is not None and not gate.takes(len(data)):
            self._shut(gate)
            return
        receive, client, next_event = self._dispatcher.receive, self.client, wire.next_event
        try:
            wire.receive_data(data)
            while not isinstance(event := next_event(), Idle):
                if gate is None or gate.admits(event):
                    receive(client, event)
                else:
                    self.send([gate.answer(event)])
                    if gate.shut is not None:
                        self._shut(gate)
                        return
        except RemoteProtocolError as error:
            if error.reason != "truncated":
                self._refuse(str(error))

    def gone(self) -> None:
        """The client has gone."""
        self._dispatcher.disconnect(self.client)

    def one_too_many(self, most: int) -> None:
        """Refuse the connection."""
        self._refuse(f"{most} connections are open here, and no more are served: close one.")

    def _refuse(self, text: str) -> None:
        self.send([{"status": ["done", "error", "protocol-error"], "err": text + "\n"}])
        self._peer.end()

    def _has_room(self) -> bool:
        return self._peer.outbox.size <= ROOM

    def _shut(self, gate: Gate) -> None:
        """End the connection of a client without the token."""
        say(gate.shut or "")
        self._peer.end()

    def _lose_patience(self) -> None:
        if self._gate is not None and not self._gate.open and not self._peer.is_gone:
            say("a client that did not give the token in time was refused")
            self._peer.drop()


class PeerRoom(Room):
    """Whether clients read: known to their outboxes.

    Where whoever prints may wait (`patience` is long), he does as soon as he is faster.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._bound = 0 if patience >= 1 else ROOM

    def there_is(self, client: Client) -> bool:
        """Whether more may be sent to it now."""
        return client.room()

    def wait(self, client: Client, unless: Callable[[], bool]) -> bool:
        """Wait until there is, or it has gone, or `unless` holds; False: it reads nothing."""
        peer = client.state
        if not isinstance(peer, Peer):
            return True
        return peer.outbox.wait_for_room(self._bound, unless, self.patience)

    def tend(self, client: Client) -> None:
        """Write what waits for it, in `wait`."""
        if isinstance(client.state, Peer):
            client.state.outbox.tend()

    def leave(self, client: Client) -> None:
        """Others write what waits."""
        if isinstance(client.state, Peer):
            client.state.outbox.leave()


def _encoded(messages: list[Message]) -> bytes:
    try:
        if len(messages) == 1:
            return encode(messages[0])
        if len(messages) == 2 and (data := encode_value(messages[0], messages[1])) is not None:
            return data
        return b"".join([encode(message) for message in messages])
    except LocalProtocolError as error:
        return b"".join([_encode_or_say(message, error) for message in messages])


def _encode_or_say(message: Message, error: LocalProtocolError) -> bytes:
    try:
        return encode(message)
    except LocalProtocolError:
        said: Message = {key: message[key] for key in ("id", "session") if key in message}
        said["status"] = ["done", "error", "server-error"]
        said["err"] = f"The server made a reply that can't be sent: {error}\n"
        return encode(said)
