"""Who is connected, and telling those who want to know what happens here.

A subscription is a request that stays open: every event is a message with its id. A client that
does not read gets no more of them until it does; how many it has missed is said in the next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from repl_server.dispatch.requests import Client, Evaluation, Request, Session
from repl_server.dispatch.transcript import head
from repl_server.wire import Message

if TYPE_CHECKING:
    from repl_server.dispatch.dispatcher import Dispatcher

__all__ = ["KINDS", "MOST_SUBSCRIPTIONS", "Presence"]

KINDS: Final = ("clients", "evaluations", "jobs", "errors")
"""What can be subscribed to, topics aside."""

MOST_SUBSCRIPTIONS: Final = 100
"""Of one client."""

_MOST_TOPICS: Final = 1_000
_CODE_BYTES: Final = 65_536
_TEXT_BYTES: Final = 1_048_576


class _Subscription:
    """One request to be told. It observes a session if it asks for evaluations."""

    def __init__(self, request: Request, kinds: Collection[str], topics: Collection[str]) -> None:
        self.request = request
        self.kinds = frozenset(kinds)
        self.topics = frozenset(topics)
        self.open = True
        self.missed = 0

    def tell(self, kind: str, fields: Mapping[str, object]) -> None:
        """Send an event, if the client reads. May be called from any thread, without the guard."""
        if not self.open:
            return
        if not self.request.client.room():
            self.missed += 1
            return
        self.request.reply({"repl-server/event": kind, **fields, **self.dropped()})

    def dropped(self) -> dict[str, object]:
        """How many events were not sent since the last one that was, if any."""
        missed, self.missed = self.missed, 0
        return {"repl-server/dropped": missed} if missed else {}

    # As an observer of evaluations. Not under the guard: their threads may have locks that others
    # wait for under the guard.

    def begun(self, evaluation: Evaluation) -> None:
        """It runs now: say what it is, and whose."""
        code = head(evaluation.code, _CODE_BYTES)
        fields: dict[str, object] = {"what": "begun", **_whose(evaluation), "code": code}
        if len(code) < len(evaluation.code):
            fields["repl-server/cut"] = ["code"]
        for key in ("op", "ns", "file", "file-path", "line", "column"):
            if (key != "file" or not evaluation.is_file) and key in evaluation.message:
                fields[key] = evaluation.message[key]
        self.tell("evaluations", fields)

    def replied(self, evaluation: Evaluation, replies: Sequence[Message]) -> None:
        """Its client was sent these."""
        for reply in replies:
            # Within a map of its own: its status is not the subscription's.
            what = "ended" if "done" in reply.get("status", ()) else "reply"
            self.tell("evaluations", {"what": what, **_whose(evaluation), "reply": reply})


class Presence:
    """The clients of one dispatcher, what they have subscribed to, and the ops of both.

    Called under the guard.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.ops: dict[str, Callable[[Request], None]] = {
            "repl-server/clients": self._clients,
            "repl-server/subscribe": self._subscribe,
            "repl-server/unsubscribe": self._unsubscribe,
        }
        self._dispatcher = dispatcher
        self._open: list[_Subscription] = []

    def announce(self, kind: str, fields: Mapping[str, object]) -> None:
        """Tell who has subscribed to this kind of event."""
        for subscription in self._open:
            if kind in subscription.kinds:
                subscription.tell(kind, fields)

    def publish(self, topic: str, text: str) -> None:
        """Tell who has subscribed to this topic, or to all of them (`*`)."""
        fields: dict[str, object] | None = None
        for subscription in self._open:
            if topic in subscription.topics or "*" in subscription.topics:
                if fields is None:
                    kept = head(text, _TEXT_BYTES)
                    fields = {"topic": topic, "text": kept}
                    if len(kept) < len(text):
                        fields["repl-server/cut"] = ["text"]
                subscription.tell("topic", fields)

    def joined(self, client: Client) -> None:
        """A client has come."""
        self.announce("clients", {"what": "joined", **_described(client)})

    def named(self, client: Client) -> None:
        """A client has said what it is called."""
        self.announce("clients", {"what": "named", **_described(client)})

    def left(self, client: Client) -> None:
        """A client has gone, and its subscriptions with it."""
        for subscription in [each for each in self._open if each.request.client is client]:
            self._forget(subscription)
        self.announce("clients", {"what": "left", **_described(client)})

    def session_closed(self, session: Session) -> None:
        """Subscriptions to its evaluations end with it."""
        for subscription in list(self._open):
            if subscription in session.observers:
                self._end(subscription, "session-closed")

    def close(self) -> None:
        """The server ends: so do all subscriptions."""
        for subscription in list(self._open):
            self._end(subscription)

    # The ops.

    def _clients(self, request: Request) -> None:
        sessions: dict[Client, list[str]] = {}
        for session in self._dispatcher.sessions.values():
            for client in session.clients:
                sessions.setdefault(client, []).append(session.id)
        found = [
            {**_described(client), "sessions": sessions.get(client, [])}
            for client in self._dispatcher.clients
        ]
        request.reply({"clients": found, "client": request.client.id, "status": ["done"]})

    def _subscribe(self, request: Request) -> None:
        kinds, topics = _texts(request, "events"), _texts(request, "topics")
        if kinds is None or topics is None or not (kinds or topics) or len(topics) > _MOST_TOPICS:
            request.refuse("invalid-field", "Say which `events` or `topics`, as lists of text.")
            return
        unknown = [kind for kind in kinds if kind not in KINDS]
        if unknown:
            request.refuse(
                "invalid-field",
                f"There are no events {unknown[0][:40]!r}; there are {', '.join(KINDS)}.",
            )
            return
        session = request.session
        if "evaluations" in kinds and session is None:
            request.refuse("session-ephemeral", "Say of which session: `session`.")
            return
        mine = [each for each in self._open if each.request.client is request.client]
        if request.id is None or any(each.request.id == request.id for each in mine):
            request.refuse(
                "invalid-field", "A subscription needs an `id` that no other of yours has."
            )
            return
        if len(mine) >= MOST_SUBSCRIPTIONS:
            request.refuse(
                "repl-server/too-many-subscriptions",
                f"You have {MOST_SUBSCRIPTIONS} subscriptions already: end some.",
            )
            return
        subscription = _Subscription(request, kinds, topics)
        request.reply({"client": request.client.id, "status": ["repl-server/subscribed"]})
        self._open.append(subscription)
        if "evaluations" in kinds and session is not None:
            session.observers = (*session.observers, subscription)
            if session.running is not None:
                subscription.begun(session.running)

    def _unsubscribe(self, request: Request) -> None:
        wanted = request.message.get("subscription")
        for subscription in self._open:
            if subscription.request.client is request.client and subscription.request.id == wanted:
                self._end(subscription)
                request.reply({"status": ["done"]})
                return
        request.refuse(
            "repl-server/unknown-subscription",
            "You have no such subscription (any more): `subscription` is the id of its request.",
        )

    def _end(self, subscription: _Subscription, *statuses: str) -> None:
        self._forget(subscription)
        subscription.request.reply({"status": ["done", *statuses], **subscription.dropped()})

    def _forget(self, subscription: _Subscription) -> None:
        subscription.open = False
        self._open.remove(subscription)
        session = subscription.request.session
        if session is not None:
            session.observers = tuple(
                each for each in session.observers if each is not subscription
            )


def _texts(request: Request, key: str) -> list[str] | None:
    """A field that is a list of texts, or one text; none if it is absent, None if it is neither."""
    found = request.message.get(key, [])
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        return None
    return found


def _whose(evaluation: Evaluation) -> dict[str, object]:
    found: dict[str, object] = {"client": evaluation.client.id}
    if evaluation.id is not None:
        found["evaluation"] = evaluation.id
    return found


def _described(client: Client) -> dict[str, object]:
    found = {
        "client": client.id,
        "name": client.name,
        "version": client.version,
        "address": client.address,
        "since": int(client.since * 1_000),
    }
    return {key: value for key, value in found.items() if value is not None}
