"""One end of an nREPL connection, without the connection: bytes in, messages out, and back.

Three verbs. `receive_data(data)` takes what a socket gave (empty bytes: the peer has ended its
stream); `next_event()` gives the next message, `NEED_DATA` when there is none yet, or `CLOSED`
after the end; `send(message)` gives the bytes to write. There is no state beyond the unread input:
nREPL lets either side send any message at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from repl_server.wire.bencode import Decoder, Message, encode
from repl_server.wire.errors import RemoteProtocolError
from repl_server.wire.limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


__all__ = ["CLOSED", "NEED_DATA", "Connection", "Idle"]


class Idle(Enum):
    """What `next_event` gives when there is no message."""

    NEED_DATA = auto()
    CLOSED = auto()


NEED_DATA: Final = Idle.NEED_DATA
CLOSED: Final = Idle.CLOSED


class Connection:
    """The wire: bencode messages over any byte stream. Either side, any transport."""

    __slots__ = ("_decoder", "_ended")

    def __init__(self, limits: Limits | None = None) -> None:
        self._decoder = Decoder(limits)
        self._ended = False

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer; `b""` says that there will be no more."""
        if data:
            self._decoder.feed(data)
        else:
            self._ended = True

    def next_event(self) -> Message | Idle:
        """The next message, `NEED_DATA`, or `CLOSED`.

        Raises `RemoteProtocolError` when the peer's bytes can't be read on; close the connection.
        """
        message = self._decoder.next_message()
        if message is not None:
            return message
        if not self._ended:
            return NEED_DATA
        if self._decoder.within_message:
            self._decoder = Decoder()
            raise RemoteProtocolError("truncated", "the stream ended in the middle of a message")
        return CLOSED

    def send(self, message: Mapping[str, object]) -> bytes:
        """The bytes that carry `message`. Raises `LocalProtocolError` if none can."""
        return encode(message)
