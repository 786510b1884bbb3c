"""What a dispatcher deals with: clients, their sessions, their requests, and evaluations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from repl_server.wire import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from repl_server.dispatch.dispatcher import Dispatcher
else:
    Protocol = object


__all__ = ["Client", "Evaluation", "Observer", "Request", "Send", "Session"]

Send = Callable[[list[Message]], None]
"""Takes replies, in order, to be written to the client together."""


class Client:
    """One connected peer. `send` may be called from any thread and must not raise.

    - `hold` is `send` for replies that others of the same client are about to follow: they may wait
      a moment, so that many go out together.
    - `address`: where it comes from, as text (`"unix pid 123"`, `"127.0.0.1:4242"`).
    - `since`: when it came, in seconds since the epoch; 0 if nobody knows.
    - `room`: whether it reads what it is sent; asked before what it can do without. May be called
      from any thread.
    - `state` is the server's own; the dispatcher never looks at it.
    """

    __slots__ = (
        "__weakref__",
        "address",
        "hold",
        "id",
        "name",
        "room",
        "send",
        "since",
        "state",
        "version",
    )

    def __init__(
        self, send: Send, *, ident: str = "", address: str = "", since: float = 0.0
    ) -> None:
        self.send = send
        self.hold = send
        self.id = ident
        self.address = address
        self.since = since
        self.room: Callable[[], bool] = _always
        self.state: Any = None
        self.name: str | None = None
        self.version: str | None = None

    def leave(self) -> None:
        """It has gone: what is sent to it goes nowhere, and nothing of the server's is kept."""
        self.send = self.hold = _discard
        self.room = _always
        self.state = None


class Session:
    """One nREPL session. `state` is the evaluator's own; the dispatcher never looks at it."""

    def __init__(self, ident: str, *, ephemeral: bool = False) -> None:
        self.id = ident
        self.ephemeral = ephemeral
        self.state: Any = None
        self.clients: set[Client] = set()
        self.queue: list[Evaluation] = []  # a deque is 760 bytes, and few sessions queue
        self.running: Evaluation | None = None
        self.closed = False
        self.keep = 0.0
        """Seconds it stays open for when its last client has been lost."""
        self.lost = 0
        """How often that has happened."""
        self.observers: tuple[Observer, ...] = ()


class Request:
    """One message from a client, and the way to answer it."""

    def __init__(self, client: Client, message: Message, session: Session | None) -> None:
        self.client = client
        self.message = message
        self.session = session

    @property
    def id(self) -> str | int | None:
        """The client's own id of it. Ids of different clients, even of one, need not differ."""
        return self.message.get("id")

    def text(self, key: str) -> str | None:
        """A field that is text and not empty: some clients send an absent one as empty."""
        value = self.message.get(key)
        return value if isinstance(value, str) and value else None

    def number(self, key: str) -> int | None:
        """A field that is a number, or text that is one."""
        value = self.message.get(key)
        if isinstance(value, str) and value.isdecimal() and len(value) < 20:
            return int(value)
        return value if isinstance(value, int) else None

    def seconds(self, key: str) -> float | None:
        """A field that is a time: a number, or text like `0.5`, as there are no fractions on the
        wire. None if it is absent or neither.
        """  # noqa: D205
        value = self.message.get(key)
        try:
            seconds = float(value) if isinstance(value, int | str) else -1.0
        except (ValueError, OverflowError):
            return None
        return seconds if 0 <= seconds < 1e9 else None

    def shape(self, fields: Mapping[str, object]) -> Message:
        """A reply: `fields` with this request's id and session."""
        return self._address(dict(fields))

    def _address(self, reply: Message) -> Message:
        """Give a new reply this request's id and session."""
        ident = self.message.get("id")
        if ident is not None:
            reply["id"] = ident
        session = self.session
        if session is not None:
            reply["session"] = session.id
        return reply

    def reply(self, fields: Mapping[str, object]) -> None:
        """Answer with one message; it ends the request only if its status says `done`."""
        self.client.send([self.shape(fields)])

    def refuse(self, status: str, text: str | None = None, **more: object) -> None:
        """End the request with an error status and, for people, a sentence."""
        fields: dict[str, object] = {"status": ["done", "error", status], **more}
        if text is not None:
            fields["err"] = text + "\n"
        self.reply(fields)


class Observer(Protocol):
    """Hears of the evaluations in a session. Called in any thread, with the guard or without."""

    def begun(self, evaluation: Evaluation) -> None:
        """It runs now."""

    def replied(self, evaluation: Evaluation, replies: Sequence[Message]) -> None:
        """Its client was sent these."""


class Evaluation(Request):
    """An `eval` or `load-file` on its way. The evaluator answers through its methods.

    Methods that answer may be called from any thread; what comes after `finish` is still sent, with
    the same id, as nREPL has it for output of threads the evaluation left behind.
    """

    finished = False
    interrupts: Sequence[Request] = ()
    """Who has asked it to stop, and has no answer yet."""
    _held: list[Message] | None = None

    def __init__(
        self, client: Client, message: Message, session: Session | None, dispatcher: Dispatcher
    ) -> None:
        self.client = client
        self.message = message
        self.session = session
        self.dispatcher = dispatcher

    @property
    def code(self) -> str:
        """The code to evaluate; of `load-file`, the contents that were sent (or no text)."""
        return str(self.message.get("code", self.message.get("file", "")))

    @property
    def is_file(self) -> bool:
        """Whether this is a `load-file`."""
        return self.message.get("op") == "load-file"

    @property
    def interrupted(self) -> bool:
        """Whether somebody has asked it to stop."""
        return bool(self.interrupts)

    def output(self, stream: str, text: str) -> None:
        """Send what was printed: `stream` is `out` or `err`."""
        self._answer({stream: text})

    def value(
        self, text: str, *, ns: str, last: bool = False, truncated: bool = False, **more: object
    ) -> None:
        """Send one form's value. `last`: it may wait for `finish`, which comes at once."""
        reply: Message = {"value": text, "ns": ns}
        if more:
            reply.update(more)
        self._address(reply)
        if truncated:
            reply["status"] = ["nrepl.middleware.print/truncated"]
        held = self._held
        if held is None:
            self._held = [reply]
        else:
            held.append(reply)
        if not last:
            self._answer()

    def answer(self, fields: Mapping[str, object]) -> None:
        """Send a reply of any other shape; it does not end the evaluation."""
        self._answer(dict(fields))

    def need_input(self, *, secret: bool = False) -> None:
        """Say that the program waits for input; `secret`: one that is not to be shown."""
        self._answer(
            {"status": ["need-input"], "repl-server/secret": 1}
            if secret
            else {"status": ["need-input"]}
        )

    def error(
        self,
        text: str,
        *,
        ex: str,
        message: str | None = None,
        frames: Iterable[Mapping[str, object]] = (),
        **more: object,
    ) -> None:
        """Send an error: its whole text for any client, its parts for those that know them."""
        head: dict[str, object] = {"ex": ex, "root-ex": ex, "status": ["eval-error"], **more}
        if message is not None:
            head["repl-server/message"] = message
        shown = [dict(frame) for frame in frames]
        if shown:
            head["repl-server/frames"] = shown
        self._answer({"err": text}, head)

    def finish(self, *statuses: str, **more: object) -> None:
        """End it, once; calling again does nothing. `interrupted` is a status like others."""
        self.dispatcher.finished(self, statuses, more)

    def not_interruptible(self, text: str) -> None:
        """Answer whoever asked for an interrupt that it can't be done, and why."""
        requests, self.interrupts = self.interrupts, ()
        for request in requests:
            request.refuse("repl-server/not-interruptible", text)

    def end(self, reply: Message, *, hold: bool) -> None:
        """Send the reply that ends it. `hold`: it may wait for others that are about to come."""
        self._address(reply)
        messages = self._held
        if messages is None:
            messages = [reply]
        else:
            self._held = None
            messages.append(reply)
        if hold:
            self.client.hold(messages)
        else:
            self.client.send(messages)
        session = self.session
        if session is not None and session.observers:
            for observer in session.observers:
                observer.replied(self, messages)

    def _answer(self, *replies: Message) -> None:
        """Send what was held, then these new replies."""
        messages = self._held
        if messages is None:
            messages = []
        else:
            self._held = None
        address = self._address
        for reply in replies:
            messages.append(address(reply))
        self.client.send(messages)
        session = self.session
        if session is not None and session.observers:
            for observer in session.observers:
                observer.replied(self, messages)


def _always() -> bool:
    return True


def _discard(_messages: list[Message]) -> None:
    pass
