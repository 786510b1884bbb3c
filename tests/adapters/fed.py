"""An adapter with nothing at its other end but a test, which plays the REPL byte by byte."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from repl_connect.adapters.adapter import Adapter
from repl_connect.adapters.upgraded import UpgradedAdapter
from repl_server.wire import Message, encode

__all__ = ["Fed"]

A = TypeVar("A", bound=Adapter)


class Fed(Generic[A]):
    """Bytes to the adapter; what it `sent` to the REPL, and its `replies` to the client, back."""

    def __init__(self, adapter: A) -> None:
        self.adapter = adapter
        self.replies: list[Message] = []
        self.sent = b""
        self.take()

    @property
    def marker(self) -> bytes:
        """What its frames begin with."""
        assert isinstance(self.adapter, UpgradedAdapter)
        return f"\x1e{self.adapter.nonce};".encode()

    def feed(self, data: bytes) -> None:
        """The REPL says this."""
        self.adapter.receive_data(data)
        self.take()

    def take(self) -> None:
        """Gather what came of it."""
        while isinstance(event := self.adapter.next_event(), dict):
            self.replies.append(event)
        self.sent += self.adapter.data_to_send()

    def ask(self, **message: Any) -> None:
        """A client asks this; `_` in a key stands for `-`."""
        self.adapter.send({key.replace("_", "-"): value for key, value in message.items()})
        self.take()

    def framed(self, **fields: Any) -> bytes:
        """A frame, as the upgraded REPL sends it."""
        return self.marker + encode(fields)

    def frame(self, **fields: Any) -> None:
        """The REPL sends it."""
        self.feed(self.framed(**fields))

    def to(self, ident: str) -> list[Message]:
        """The replies to one request."""
        return [reply for reply in self.replies if reply.get("id") == ident]

    def out(self, ident: str | None = None) -> str:
        """What was printed for one request; for none, what is nobody's."""
        return "".join(reply.get("out", "") for reply in self.replies if reply.get("id") == ident)
