"""What all adapters are: a channel with a dispatcher of its own, over the raw bytes of some REPL.

    requests ──> dispatcher ──> the adapter as its evaluator ──> bytes for the REPL
    replies  <── dispatcher <── the adapter                  <── bytes from the REPL

An adapter does no I/O. Until the REPL is ready (it has greeted, has taken its upgrade), requests
wait here. `attach` gives further clients their place beside the channel's own: that is all a bridge
needs.
"""

from __future__ import annotations

import codecs
import os
from collections import deque
from collections.abc import Collection, Mapping
from typing import Final

from repl_server.dispatch.dispatcher import (
    Bounds,
    Dispatcher,
    Evaluation,
    Handler,
    Request,
    Session,
)
from repl_server.dispatch.requests import Client, Send
from repl_server.dispatch.timing import Timing
from repl_server.wire import CLOSED, NEED_DATA, Idle, Message, RemoteProtocolError

__all__ = ["MOST_GREETING", "Adapter"]

MOST_GREETING: Final = 64 * 1024
"""Bytes of greeting and upgrade that are kept: to find the prompt, and to be shown in an error."""

_MOST_UNHEARD: Final = 1024 * 1024  # characters of output that are kept while there is no client
_NOT_KEPT: Final = "\n;;; What came after this while nobody was here was not kept.\n"
_MOST_UNEXPECTED: Final = 16 * 1024 * 1024  # bytes said before it is ready, beyond which it is not


class Adapter:
    """A `Channel`: nREPL on this side, the byte stream of a REPL of another kind on the other.

    A dialect's adapter defines `_take` (bytes have come), `quit` if leaving needs words, and
    the evaluator's methods it has ops for. It calls `_become_ready` once, `_stray` for output that
    belongs to no evaluation, and puts bytes for the REPL into `_outgoing`.
    """

    ops: Collection[str] = frozenset({"eval"})
    """What it answers of `eval load-file interrupt stdin completions lookup`, when it is ready."""

    def __init__(self, *, timing: Timing | None = None, bounds: Bounds | None = None) -> None:
        self._outgoing: list[bytes] = []
        self._events: deque[Message] = deque()
        self._ended = False
        self.half_closed = False
        """Whether the peer is to be told that no more will come from here."""
        self._timing = timing
        self._bounds = bounds
        self._ready: Dispatcher | None = None
        self._client: Client | None = None
        self._waiting: list[Message] = []
        self._queue: deque[Evaluation] = deque()
        """Evaluations that have not been sent to the REPL, which takes one at a time."""
        self._unheard: list[Message] = []
        self._unheard_size = 0
        self._stray_text = codecs.getincrementaldecoder("utf-8")("replace")
        self._junk = b""
        self._unexpected_bytes = 0

    @property
    def ready(self) -> bool:
        """Whether the REPL has answered as it should, so that clients can be served."""
        return self._ready is not None

    @property
    def dispatcher(self) -> Dispatcher:
        """Its sessions, clients and jobs. Only when it is `ready`."""
        assert self._ready is not None
        return self._ready

    @property
    def answers_itself(self) -> bool:
        """Whether there are replies now that no byte from the peer brought."""
        return bool(self._events)

    def attach(self, send: Send, *, address: str = "") -> Client:
        """One more client of the same REPL, only when it is `ready`; `dispatcher` serves it."""
        client = self.dispatcher.connect(send, address=address)
        self._tell_unheard(client)
        return client

    # The channel.

    def send(self, message: Mapping[str, object]) -> None:  # noqa: D102
        if self._ready is None:
            self._waiting.append(dict(message))
            return
        if self._client is None:
            self._client = self._ready.connect(self._events.extend)
            self._tell_unheard(self._client)
        self._ready.receive(self._client, dict(message))

    def data_to_send(self) -> bytes:  # noqa: D102
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        return data

    def receive_data(self, data: bytes) -> None:  # noqa: D102
        if data:
            self._take(data)
        else:
            self._ended = True

    def next_event(self) -> Message | Idle:  # noqa: D102
        while not self._events:
            if not self._advance():
                if not self._ended:
                    return NEED_DATA
                if not self.ready:
                    raise RemoteProtocolError("truncated", self._failure())
                return CLOSED
        return self._events.popleft()

    def quit(self) -> None:
        """Leave the REPL as it was found: what has to be said for that is in `data_to_send`."""

    # For the dialects.

    def _take(self, data: bytes) -> None:
        """Bytes have come; never empty."""
        raise NotImplementedError

    def _advance(self) -> bool:
        """Go on with one thing of what was taken; False: there is nothing whole left."""
        return False

    def _become_ready(self, offers: Mapping[str, Handler] | None = None) -> None:
        """From now on requests are answered; `ops` is final. `offers`: ops of its own beside it."""
        self._ready = Dispatcher(
            self,
            session_ids=lambda: os.urandom(16).hex(),
            timing=self._timing,
            bounds=self._bounds,
        )
        for op, handler in (offers or {}).items():
            self._ready.offer(op, handler)
        self._junk = b""
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self.send(message)

    def _withdrawn(self, evaluation: Evaluation) -> bool:
        """Whether it was to be interrupted before it was sent: then it has ended."""
        if evaluation not in self._queue:
            return False
        self._queue.remove(evaluation)
        evaluation.finish("interrupted")
        return True

    def _stray(self, data: bytes) -> None:
        """Output nobody asked for, from the program itself or from before us: all hear of it."""
        text = self._stray_text.decode(data)
        if text:
            self._tell({"out": text})

    def _tell(self, message: Message) -> None:
        """Send every client a message that answers no request; it waits for the first of them."""
        for client in list(self.dispatcher.clients):
            client.send([dict(message)])
        if not self.dispatcher.clients and self._unheard_size < _MOST_UNHEARD:
            self._unheard_size += sum(len(str(part)) for part in message.values())
            full = self._unheard_size >= _MOST_UNHEARD
            self._unheard += [message, {"err": _NOT_KEPT}] if full else [message]

    def _tell_unheard(self, client: Client) -> None:
        """Send what nobody has heard to the first who could."""
        unheard, self._unheard, self._unheard_size = self._unheard, [], 0
        if unheard:
            client.send(unheard)

    def _unexpected(self, data: bytes) -> None:
        """Keep what came before it was ready, as much as an error can show."""
        self._junk = (self._junk + data)[-MOST_GREETING:]
        self._unexpected_bytes += len(data)
        if self._unexpected_bytes > _MOST_UNEXPECTED:
            raise RemoteProtocolError("malformed", "it sends without end, and takes no upgrade")

    def _failure(self) -> str:
        """Why it did not become ready, in words that follow a colon."""
        said = self._junk.decode("utf-8", "replace").strip().splitlines()
        return "it did not take the upgrade" + (f": {said[0]}" if said else "")

    # The evaluator behind the dispatcher: what a dialect has no op for is never called.

    def describe(self) -> Mapping[str, object]:  # noqa: D102
        return {}

    def open_session(self, session: Session, parent: Session | None) -> None:  # noqa: D102
        pass

    def close_session(self, session: Session) -> None:  # noqa: D102
        pass

    def evaluate(self, evaluation: Evaluation) -> None:  # noqa: D102
        raise NotImplementedError

    def interrupt(self, evaluation: Evaluation) -> None:  # noqa: D102
        raise NotImplementedError

    def give_input(self, session: Session, text: str) -> bool:  # noqa: D102
        raise NotImplementedError

    def complete(self, request: Request) -> None:  # noqa: D102
        raise NotImplementedError

    def lookup(self, request: Request) -> None:  # noqa: D102
        raise NotImplementedError
