"""The rules of an nREPL server, without the server: messages in, replies out through a callback.

Every nREPL server here is this one: the Python server in each of its modes, and every adapter that
makes an nREPL server of some other REPL. They differ in the `Evaluator` behind it.

What it knows: the sessions and who uses them, one queue of evaluations a session, which statuses
answer what. What it does not: sockets, threads, clocks. A server with threads gives it a `guard` (a
re-entrant lock) that it holds while it changes its own state.

The life of an evaluation:

    queued ──> running ──> finished        `finish()` by the evaluator, exactly once
       └──────────┴──────> interrupted     `done` and `interrupted` to it, then `done` to
                                           whoever asked for the interrupt
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, NamedTuple, Protocol

from repl_server.ops import OPS
from repl_server.wire import Message

__all__ = [
    "Bounds",
    "Client",
    "Dispatcher",
    "Evaluation",
    "Evaluator",
    "Request",
    "Send",
    "Session",
]

Send = Callable[[list[Message]], None]
"""Takes replies, in order, to be written to the client together."""


class Bounds(NamedTuple):
    """How much a server takes on: open sessions, and evaluations waiting in one session."""

    sessions: int = 1_000
    queued: int = 1_000


class Client:
    """One connected peer. `send` may be called from any thread and must not raise.

    `state` is the server's own; the dispatcher never looks at it.
    """

    def __init__(self, send: Send) -> None:
        self.send = send
        self.state: Any = None
        self.name: str | None = None
        self.version: str | None = None


class Session:
    """One nREPL session. `state` is the evaluator's own; the dispatcher never looks at it."""

    def __init__(self, ident: str, *, ephemeral: bool = False) -> None:
        self.id = ident
        self.ephemeral = ephemeral
        self.state: Any = None
        self.clients: set[Client] = set()
        self.queue: deque[Evaluation] = deque()
        self.running: Evaluation | None = None
        self.closed = False


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

    def shape(self, fields: Mapping[str, object]) -> Message:
        """A reply: `fields` with this request's id and session."""
        return self._address(dict(fields))

    def _address(self, reply: Message) -> Message:
        """Give a new reply this request's id and session."""
        ident = self.message.get("id")
        if ident is not None:
            reply["id"] = ident
        if self.session is not None:
            reply["session"] = self.session.id
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


class Evaluation(Request):
    """An `eval` or `load-file` on its way. The evaluator answers through its methods.

    Methods that answer may be called from any thread; what comes after `finish` is still sent, with
    the same id, as nREPL has it for output of threads the evaluation left behind.
    """

    def __init__(
        self, client: Client, message: Message, session: Session | None, *, dispatcher: Dispatcher
    ) -> None:
        self.client = client
        self.message = message
        self.session = session
        self.dispatcher = dispatcher
        self.finished = False
        self.interrupts: list[Request] = []
        self._held: list[Message] = []

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

    def output(self, stream: str, text: str) -> None:
        """Send what was printed: `stream` is `out` or `err`."""
        self._answer({stream: text})

    def value(
        self, text: str, *, ns: str, last: bool = False, truncated: bool = False, **more: object
    ) -> None:
        """Send one form's value. `last`: it may wait for `finish`, which comes at once."""
        reply = self._address({"value": text, "ns": ns, **more})
        if truncated:
            reply["status"] = ["nrepl.middleware.print/truncated"]
        self._held.append(reply)
        if not last:
            self._answer()

    def need_input(self) -> None:
        """Say that the program waits for input."""
        self._answer({"status": ["need-input"]})

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
        requests, self.interrupts = self.interrupts, []
        for request in requests:
            request.refuse("repl-server/not-interruptible", text)

    def _answer(self, *replies: Message) -> None:
        """Send what was held, then these new replies."""
        messages, self._held = self._held, []
        for reply in replies:
            messages.append(self._address(reply))
        self.client.send(messages)


class Evaluator(Protocol):
    """A language behind a dispatcher: evaluates, completes, looks up. Called under the guard.

    None of these may take long: what takes long is started, and answered through the request.
    """

    @property
    def ops(self) -> Collection[str]:
        """The ops it really has, of those in `repl_server.ops.OPS`."""

    def describe(self) -> Mapping[str, object]:
        """What `describe` adds: `versions`, `aux`."""

    def open_session(self, session: Session, parent: Session | None) -> None:
        """Make `session.state`; with a parent, as a copy of its."""

    def close_session(self, session: Session) -> None:
        """Let go of it, and stop what it runs."""

    def evaluate(self, evaluation: Evaluation) -> None:
        """Start it; only one runs in a session at a time."""

    def interrupt(self, evaluation: Evaluation) -> None:
        """Ask the running one to stop; it then ends with the status `interrupted`."""

    def give_input(self, session: Session, text: str) -> bool:
        """Input for what reads in this session; `""` is the end of input. False: no room for it."""

    def complete(self, request: Request) -> None:
        """Answer `completions`."""

    def lookup(self, request: Request) -> None:
        """Answer `lookup`."""


_STANDARD: Final = ("clone", "close", "describe", "ls-sessions")


class Dispatcher:
    """Sessions, queues and statuses over one evaluator.

    `session_ids` makes ids that nobody can guess; `guard` is held while state changes.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        *,
        session_ids: Callable[[], str],
        guard: AbstractContextManager[object] | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.evaluator = evaluator
        self.sessions: dict[str, Session] = {}
        self.bounds = bounds or Bounds()
        self._session_ids = session_ids
        self._guard = guard or nullcontext()
        self._ephemeral = itertools.count(1)
        self._table: dict[str, Callable[[Request], None]] = {
            "clone": self._clone,
            "close": self._close,
            "describe": self._describe,
            "ls-sessions": self._ls_sessions,
            "eval": self._eval,
            "load-file": self._eval,
            "interrupt": self._interrupt,
            "stdin": self._stdin,
            "completions": self._tool,
            "lookup": self._tool,
        }

    @property
    def ops(self) -> list[str]:
        """The ops that are answered, sorted."""
        return sorted({*_STANDARD, *self.evaluator.ops})

    def connect(self, send: Send) -> Client:
        """A client has come; `send` takes its replies."""
        return Client(send)

    def disconnect(self, client: Client) -> None:
        """A client has gone: sessions only it used are closed, and what they run is stopped."""
        with self._guard:
            for session in list(self.sessions.values()):
                if client in session.clients:
                    session.clients.discard(client)
                    if not session.clients:
                        self._end(session)

    def receive(self, client: Client, message: Message) -> None:
        """Take one message from a client. Never raises for what the message holds."""
        request = Request(client, message, None)
        ident = message.get("id")
        if ident is not None and not isinstance(ident, str | int):
            del message["id"]
            request.refuse("invalid-field", "The field id must be text or a number.")
            return
        op = message.get("op")
        handler = self._table.get(op) if isinstance(op, str) else None
        if handler is None or (op not in _STANDARD and op not in self.evaluator.ops):
            request.refuse(
                "unknown-op",
                "This message has no op." if op is None else f"There is no op {op!r} here.",
                **({"op": op} if isinstance(op, str) else {}),
            )
            return
        with self._guard:
            wanted = message.get("session")
            if isinstance(wanted, str) and wanted:
                session = self.sessions.get(wanted)
                if session is None:
                    request.refuse(
                        "unknown-session",
                        "That session is not open here (any more): clone a new one.",
                    )
                    return
                session.clients.add(client)
                request.session = session
            handler(request)

    # The ops, in the order of the table.

    def _clone(self, request: Request) -> None:
        if self._too_many(request):
            return
        client, message, parent = request.client, request.message, request.session
        if isinstance(message.get("client-name"), str):
            client.name = message["client-name"]
        if isinstance(message.get("client-version"), str):
            client.version = message["client-version"]
        session = Session(self._session_ids())
        self.evaluator.open_session(session, parent)
        self.sessions[session.id] = session
        session.clients.add(client)
        request.reply({"new-session": session.id, "status": ["done"]})

    def _too_many(self, request: Request) -> bool:
        """Refuse what would open one more session than there may be."""
        if len(self.sessions) < self.bounds.sessions:
            return False
        request.refuse("too-many-sessions", "Too many sessions are open here: close one.")
        return True

    def _close(self, request: Request) -> None:
        if request.session is None:
            request.refuse("session-ephemeral", "Say which session to close.")
            return
        self._end(request.session)
        request.reply({"status": ["done", "session-closed"]})

    def _describe(self, request: Request) -> None:
        verbose = request.message.get("verbose?") not in (None, [], "", 0, "false")
        ops: dict[str, object] = {}
        for name in self.ops:
            op = OPS[name]
            ops[name] = (
                {
                    "doc": op.doc,
                    "requires": op.requires,
                    "optional": op.optional,
                    "returns": op.returns,
                }
                if verbose
                else {}
            )
        request.reply({"ops": ops, **self.evaluator.describe(), "status": ["done"]})

    def _ls_sessions(self, request: Request) -> None:
        request.reply({"sessions": list(self.sessions), "status": ["done"]})

    def _eval(self, request: Request) -> None:
        message = request.message
        session = request.session
        evaluation = Evaluation(request.client, message, session, dispatcher=self)
        if message["op"] == "load-file":
            if not isinstance(message.get("file"), str) and evaluation.text("file-path") is None:
                request.refuse("no-file", "load-file needs `file` (contents) or `file-path`.")
                return
        elif not isinstance(message.get("code"), str):
            request.refuse(
                "no-code" if "code" not in message else "unknown-code-type",
                "eval needs `code`, as text.",
            )
            return
        if session is None:
            if self._too_many(request):
                return
            session = Session(f"ephemeral-{next(self._ephemeral)}", ephemeral=True)
            session.clients.add(request.client)
            self.evaluator.open_session(session, None)
            evaluation.session = session
            self.sessions[session.id] = session
        if session.running is None:
            session.running = evaluation
            self.evaluator.evaluate(evaluation)
        elif len(session.queue) >= self.bounds.queued:
            request.refuse("queue-full", "Too many evaluations wait in this session already.")
        else:
            session.queue.append(evaluation)

    def _interrupt(self, request: Request) -> None:
        session = request.session
        if session is None:
            request.refuse("session-ephemeral", "Say in which session to interrupt.")
            return
        wanted = request.message.get("interrupt-id")
        running = session.running
        if running is None:
            request.reply({"status": ["done", "session-idle"]})
        elif wanted in (None, "", running.id):
            running.interrupts.append(request)
            self.evaluator.interrupt(running)
        else:
            for evaluation in session.queue:
                if evaluation.id == wanted:
                    session.queue.remove(evaluation)
                    evaluation.interrupts.append(request)
                    evaluation.finish("interrupted")
                    return
            request.refuse(
                "interrupt-id-mismatch", f"The evaluation {wanted!r} is not what runs here."
            )

    def _stdin(self, request: Request) -> None:
        text = request.message.get("stdin")
        if request.session is None or not isinstance(text, str):
            request.refuse("invalid-field", "stdin needs `session` and `stdin`, as text.")
            return
        if self.evaluator.give_input(request.session, text):
            request.reply({"status": ["done"]})
        else:
            request.refuse("input-full", "Too much input waits to be read there already.")

    def _tool(self, request: Request) -> None:
        message = request.message
        if message["op"] == "completions":
            if not isinstance(message.get("prefix"), str):
                request.refuse("invalid-field", "completions needs `prefix`, as text.")
                return
            self.evaluator.complete(request)
        elif not isinstance(message.get("sym"), str):
            request.refuse("invalid-field", "lookup needs `sym`, as text.")
        else:
            self.evaluator.lookup(request)

    # What happens to evaluations and sessions.

    def finished(
        self, evaluation: Evaluation, statuses: Iterable[str], more: Mapping[str, object]
    ) -> None:
        """`Evaluation.finish` comes here: answer, and start what waits next."""
        with self._guard:
            if evaluation.finished:
                return
            evaluation.finished = True
            evaluation._answer({**more, "status": ["done", *statuses]})  # noqa: SLF001
            if evaluation.interrupts:
                interrupts, evaluation.interrupts = evaluation.interrupts, []
                for request in interrupts:
                    request.reply({"status": ["done"]})
            session = evaluation.session
            if session is None or session.running is not evaluation:
                return
            session.running = None
            if session.ephemeral:
                self._end(session)
            elif session.queue and not session.closed:
                session.running = session.queue.popleft()
                self.evaluator.evaluate(session.running)

    def _end(self, session: Session) -> None:
        if session.closed:
            return
        session.closed = True
        self.sessions.pop(session.id, None)
        waiting = list(session.queue)
        session.queue.clear()
        for evaluation in waiting:
            evaluation.finish("interrupted", "session-closed")
        self.evaluator.close_session(session)
