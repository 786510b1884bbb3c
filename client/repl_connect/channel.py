"""A channel carries nREPL messages both ways over bytes that somebody else reads and writes.

There are two kinds: the wire (the peer speaks nREPL itself), and an adapter (the peer is some other
REPL, and the channel is an nREPL server for it). Nothing above a channel knows which it has, and
neither does any I/O: a blocking loop, an asyncio one and a test with a recorded transcript drive
the same code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from repl_server.wire import Connection, Idle, Limits, Message

__all__ = ["CLIENT_LIMITS", "Channel", "WireChannel"]

CLIENT_LIMITS = Limits(message_bytes=1 << 30, items=5_000_000)
"""What a client takes in one message: 1 GiB, since a value that was asked for may be large."""


class Channel(Protocol):
    """Messages in and out, bytes in and out."""

    @property
    def answers_itself(self) -> bool:
        """Whether `send` has made replies that no bytes from the peer are needed for."""

    @property
    def half_closed(self) -> bool:
        """Whether no more bytes will come for the peer: it may be told so, and be read on."""

    def send(self, message: Mapping[str, object]) -> None:
        """Take a request. Raises `LocalProtocolError` if it can't be written."""

    def data_to_send(self) -> bytes:
        """What is to be written to the peer now; each byte is given once."""

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer; `b""` says that its stream has ended."""

    def next_event(self) -> Message | Idle:
        """The next reply, `NEED_DATA`, or `CLOSED`.

        Raises `RemoteProtocolError` when the peer's bytes can't be read on.
        """

    def quit(self) -> None:
        """Nobody will use it any more: what is to be said for that is in `data_to_send`."""


class WireChannel:
    """The peer speaks nREPL."""

    answers_itself = False
    half_closed = False

    def __init__(self, limits: Limits = CLIENT_LIMITS) -> None:
        self._connection = Connection(limits)
        self._outgoing: list[bytes] = []

    def send(self, message: Mapping[str, object]) -> None:  # noqa: D102
        self._outgoing.append(self._connection.send(message))

    def data_to_send(self) -> bytes:  # noqa: D102
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        return data

    def receive_data(self, data: bytes) -> None:  # noqa: D102
        self._connection.receive_data(data)

    def next_event(self) -> Message | Idle:  # noqa: D102
        return self._connection.next_event()

    def quit(self) -> None:  # noqa: D102
        pass
