"""One client of a REPL that is shared: what it has asked and waits for, where stray output goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from repl_connect.bridge.paced import PacedPeer
from repl_connect.replies import ENDED
from repl_server.dispatch.requests import Client
from repl_server.wire import Message

if TYPE_CHECKING:
    from repl_connect.bridge.shared import Shared

__all__ = ["NO_UPSTREAM", "Guest", "refusal"]

NO_UPSTREAM: Final = "repl-connect/no-upstream"
"""The status of what could not be answered because there is no connection to the REPL."""

_EVALUATES: Final = ("eval", "load-file")  # no set: a client may send an op that has no hash


class Guest:
    """A client. `inner` is what the adapter knows it by, while there is a connection."""

    def __init__(self, client: Client, shared: Shared) -> None:
        self.client = client
        self.inner: Client | None = None
        self.pending: dict[Any, list[Message]] = {}
        """What it was not answered yet, by the id (which several may have), the oldest first."""
        self._shared = shared
        self._last: Message | None = None

    @property
    def peer(self) -> PacedPeer:
        """Its connection."""
        peer: PacedPeer = self.client.state
        return peer

    def asked(self, message: Message) -> None:
        """It has sent this."""
        ident = message.get("id")
        if not isinstance(ident, str | int):
            ident = None
        self.pending.setdefault(ident, []).append(message)
        if message.get("op") in _EVALUATES and ident is not None:
            self._last = _address(message)

    def deliver(self, messages: list[Message]) -> None:
        """Send replies, and what answers no request: with the id of its last evaluation.

        nREPL has it so for the output of what an evaluation left behind. Before it has evaluated
        anything, such output is not sent: clients can't place what has no id.
        """
        replies: list[Message] = []
        for message in messages:
            if "status" in message:
                if "done" in message["status"]:
                    self._answered(message.get("id"))
                if message.get("state") in ENDED and "job" in message:
                    self._shared.fetched(message["job"])
            elif "id" not in message and "session" not in message:
                if self._last is None:
                    continue
                message = {**message, **self._last}  # noqa: PLW2901
            replies.append(message)
        if not replies:
            return
        self.client.send(replies)
        peer = self.peer
        if peer.is_full and peer.on_room is None:
            self._shared.wait_for(self)
        elif peer.lingers and not self.pending:
            peer.end()

    def tell(self, message: Message, text: str) -> None:
        """Say something with what is answered to an evaluation."""
        if message.get("op") in _EVALUATES:
            self.client.send([_address(message) | {"err": text}])

    def refuse_all(self, why: str) -> None:
        """End all that it waits for."""
        pending, self.pending = self.pending, {}
        asked = [message for messages in pending.values() for message in messages]
        self.client.send([refusal(message, why) for message in asked])
        if self.peer.lingers:
            self.peer.end()

    def _answered(self, ident: str | int | None) -> None:
        messages = self.pending.get(ident)
        if messages:
            del messages[0]
            if not messages:
                del self.pending[ident]


def refusal(message: Message, why: str) -> Message:
    """The last reply to a request that can't be answered."""
    return _address(message) | {"err": f"{why}\n", "status": ["done", "error", NO_UPSTREAM]}


def _address(message: Message) -> Message:
    return {
        key: message[key] for key in ("id", "session") if isinstance(message.get(key), str | int)
    }
