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
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext

from repl_server.dispatch.ops import OPS
from repl_server.dispatch.requests import Client, Evaluation, Observer, Request, Send, Session
from repl_server.wire import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, Protocol

    from repl_server.dispatch.jobs import JobBounds, Jobs
    from repl_server.dispatch.presence import Presence
    from repl_server.dispatch.timing import Timing
    from repl_server.dispatch.watches import Watches
else:
    Protocol = object


__all__ = [
    "Bounds",
    "Client",
    "Dispatcher",
    "Evaluation",
    "Evaluator",
    "Handler",
    "Observer",
    "Request",
    "Send",
    "Session",
]

Handler = Callable[[Request], None]
"""Answers the requests of one op, now or later. Called under the guard."""


class Bounds:
    """How much a server takes on: open sessions, and evaluations waiting in one session."""

    def __init__(self, sessions: int = 1_000, queued: int = 1_000) -> None:
        self.sessions = sessions
        self.queued = queued


class Evaluator(Protocol):
    """A language behind a dispatcher: evaluates, completes, looks up. Called under the guard.

    None of these may take long: what takes long is started, and answered through the request.
    """

    @property
    def ops(self) -> Collection[str]:
        """The ops it really has, of those in `repl_server.dispatch.ops.OPS`."""

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


_IDS: Final = (str, int)
_LONGEST_KEPT: Final = 300.0  # seconds
_OWN: Final = (
    "repl-server/submit",
    "repl-server/result",
    "repl-server/jobs",
    "repl-server/cancel",
    "repl-server/clients",
    "repl-server/subscribe",
    "repl-server/unsubscribe",
    "repl-server/watch",
    "repl-server/unwatch",
)


class _Own:
    """What serves the ops that nREPL does not have."""

    def __init__(self, presence: Presence, jobs: Jobs, watches: Watches) -> None:
        self.presence = presence
        self.jobs = jobs
        self.watches = watches
        self.parts = (presence, jobs, watches)


class Dispatcher:
    """Sessions, queues and statuses over one evaluator.

    - `session_ids` makes ids that nobody can guess.
    - `guard` is held while state changes.
    - `timing` is the server's clock; without one there are no jobs, watches and events.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        *,
        session_ids: Callable[[], str],
        guard: AbstractContextManager[object] | None = None,
        bounds: Bounds | None = None,
        job_bounds: JobBounds | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.evaluator = evaluator
        self.guard = guard or nullcontext()
        self.sessions: dict[str, Session] = {}
        self.clients: dict[Client, None] = {}
        """Who is connected, in the order they came."""
        self.on_absence: Callable[[], None] = lambda: None
        """Called, under the guard, when a session that is kept has lost its last client."""
        self.bounds = bounds or Bounds()
        self._job_bounds = job_bounds
        self._timing = timing
        self._session_ids = session_ids
        self._ephemeral = itertools.count(1)
        self._numbers = itertools.count(1)
        self._own: _Own | None = None
        handlers: dict[str, Handler] = {
            "interrupt": self._interrupt,
            "stdin": self._stdin,
            "completions": self._tool,
            "lookup": self._tool,
        }
        self._evaluates = frozenset(("eval", "load-file")).intersection(evaluator.ops)
        self._table: dict[str, Handler] = {
            "classpath": lambda request: request.reply({"classpath": [], "status": ["done"]}),
            "clone": self._clone,
            "close": self._close,
            "describe": self._describe,
            "ls-sessions": self._ls_sessions,
            **{op: handler for op, handler in handlers.items() if op in evaluator.ops},
        }
        if timing is not None:
            self._table.update(dict.fromkeys(_OWN, self._first))

    @property
    def ops(self) -> list[str]:
        """The ops that are answered, sorted."""
        return sorted({*self._evaluates, *self._table})

    def offer(self, op: str, handler: Handler) -> None:
        """Answer one more op with this. Raises `KeyError` if `OPS` does not document it."""
        OPS[op]
        self._table[op] = handler

    def connect(self, send: Send, *, address: str = "") -> Client:
        """A client has come; `send` takes its replies. `address`: where from, as text."""
        with self.guard:
            since = self._timing.wall() if self._timing is not None else 0.0
            client = Client(send, ident=f"c{next(self._numbers)}", address=address, since=since)
            self.clients[client] = None
            if self._own is not None:
                self._own.presence.joined(client)
            return client

    def disconnect(self, client: Client) -> None:
        """A client has gone: sessions only it used are closed, and what they run is stopped.

        A session that is to be kept is closed later, if nobody has come back to it by then.
        """
        with self.guard:
            if client not in self.clients:
                return
            del self.clients[client]
            for session in list(self.sessions.values()):
                if client in session.clients:
                    session.clients.discard(client)
                    if session.clients:
                        continue
                    if session.keep:
                        self._keep(session)
                    else:
                        self.end_session(session)
            for part in self._own.parts if self._own is not None else ():
                part.left(client)
            client.leave()

    def announce(self, kind: str, fields: Mapping[str, object]) -> None:
        """Tell the clients that have subscribed to this kind of event (`presence.KINDS`)."""
        if self._own is not None:
            with self.guard:
                self._own.presence.announce(kind, fields)

    def publish(self, topic: str, text: str) -> None:
        """Tell the clients that have subscribed to this topic. May be called from any thread."""
        if self._own is not None:
            with self.guard:
                self._own.presence.publish(topic, text)

    def close(self) -> None:
        """The server ends: no more jobs and watches, and what they run is stopped.

        Sessions end with their clients from now on, and those that are kept for one at once.
        """
        with self.guard:
            for session in list(self.sessions.values()):
                session.keep = 0.0
                if not session.clients:
                    self.end_session(session)
            for part in self._own.parts if self._own is not None else ():
                part.close()

    def receive(self, client: Client, message: Message) -> None:
        """Take one message from a client. Never raises for what the message holds."""
        op = message.get("op")
        if not isinstance(op, str):
            handler, evaluates = None, False
        else:
            handler, evaluates = self._table.get(op), op in self._evaluates
        ident = message.get("id")
        if (handler is None and not evaluates) or not (ident is None or isinstance(ident, _IDS)):
            _refuse(Request(client, message, None))
            return
        with self.guard:
            session = None
            wanted = message.get("session")
            if wanted and isinstance(wanted, str):
                session = self.sessions.get(wanted)
                if session is None:
                    Request(client, message, None).refuse(
                        "unknown-session",
                        "That session is not open here (any more): clone a new one.",
                    )
                    return
                session.clients.add(client)
            if handler is None:
                self._evaluate(Evaluation(client, message, session, self))
            else:
                handler(Request(client, message, session))

    # The ops.

    def _clone(self, request: Request) -> None:
        if self._too_many(request):
            return
        client, message, parent = request.client, request.message, request.session
        named = client.name, client.version
        if isinstance(message.get("client-name"), str):
            client.name = message["client-name"]
        if isinstance(message.get("client-version"), str):
            client.version = message["client-version"]
        if self._own is not None and named != (client.name, client.version):
            self._own.presence.named(client)
        session = Session(self._session_ids())
        if self._timing is not None:
            session.keep = min(request.seconds("repl-server/keep") or 0.0, _LONGEST_KEPT)
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
        self.end_session(request.session)
        request.reply({"status": ["done", "session-closed"]})

    def _describe(self, request: Request) -> None:
        verbose = request.message.get("verbose?") not in (None, [], "", 0, "false")
        described: dict[str, Any] = dict(self.evaluator.describe())
        if self._timing is not None:
            from repl_server.dispatch.description import limits

            aux = described.get("aux", {})
            own = limits(self.bounds.sessions, self.bounds.queued, self._job_bounds)
            told = {**aux.get("repl-server/limits", {}), **own}
            described["aux"] = {**aux, "repl-server/limits": told}
        ops = {name: OPS[name].described() if verbose else {} for name in self.ops}
        request.reply({"ops": ops, **described, "status": ["done"]})

    def _ls_sessions(self, request: Request) -> None:
        request.reply({"sessions": list(self.sessions), "status": ["done"]})

    def _evaluate(self, evaluation: Evaluation) -> None:
        message = evaluation.message
        if message["op"] == "load-file":
            if not isinstance(message.get("file"), str) and evaluation.text("file-path") is None:
                evaluation.refuse("no-file", "load-file needs `file` (contents) or `file-path`.")
                return
        elif not isinstance(message.get("code"), str):
            evaluation.refuse(
                "no-code" if "code" not in message else "unknown-code-type",
                "eval needs `code`, as text.",
            )
            return
        session = evaluation.session
        if session is None:
            if self._too_many(evaluation):
                return
            session = Session(f"ephemeral-{next(self._ephemeral)}", ephemeral=True)
            session.clients.add(evaluation.client)
            self.evaluator.open_session(session, None)
            evaluation.session = session
            self.sessions[session.id] = session
        if session.running is None:
            session.running = evaluation
            if session.observers:
                _begin(evaluation, session)
            self.evaluator.evaluate(evaluation)
        elif len(session.queue) >= self.bounds.queued:
            evaluation.refuse("queue-full", "Too many evaluations wait in this session already.")
        else:
            session.queue.append(evaluation)

    def _interrupt(self, request: Request) -> None:
        session = request.session
        if session is None:
            request.refuse("session-ephemeral", "Say in which session to interrupt.")
            return
        wanted = request.message.get("interrupt-id")
        running = session.running
        if running is not None and wanted in (None, "", running.id):
            running.interrupts = [*running.interrupts, request]
            self.evaluator.interrupt(running)
            return
        for evaluation in session.queue:
            if evaluation.id == wanted:
                session.queue.remove(evaluation)
                evaluation.interrupts = [request]
                evaluation.finish("interrupted")
                return
        if self._own is not None and self._own.watches.interrupt(request, wanted):
            return
        if running is None:
            request.reply({"status": ["done", "session-idle"]})
        else:
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

    def _first(self, request: Request) -> None:
        """Answer the first request for an op of ours: what serves them is only now loaded."""
        from repl_server.dispatch.jobs import JobBounds, Jobs
        from repl_server.dispatch.presence import Presence
        from repl_server.dispatch.watches import Watches

        assert self._timing is not None
        presence = Presence(self)
        self._own = _Own(
            presence,
            Jobs(self, self._timing, self._job_bounds or JobBounds(), presence.announce),
            Watches(self, self._timing),
        )
        for part in self._own.parts:
            self._table.update(part.ops)
        self._table[request.message["op"]](request)

    # What happens to evaluations and sessions.

    def finished(
        self, evaluation: Evaluation, statuses: Iterable[str], more: Mapping[str, object]
    ) -> None:
        """`Evaluation.finish` comes here: answer, and start what waits next."""
        with self.guard:
            if evaluation.finished:
                return
            evaluation.finished = True
            session = evaluation.session
            following = session.queue[0] if session is not None and session.queue else None
            follows = following is not None and following.client is evaluation.client
            evaluation.end({**more, "status": ["done", *statuses]}, hold=follows)
            if evaluation.interrupts:
                interrupts, evaluation.interrupts = evaluation.interrupts, ()
                for request in interrupts:
                    request.reply({"status": ["done"]})
            if session is None or session.running is not evaluation:
                return
            session.running = None
            if session.ephemeral:
                self.end_session(session)
            elif session.queue and not session.closed:
                session.running = following = session.queue.pop(0)
                if session.observers:
                    _begin(following, session)
                self.evaluator.evaluate(following)

    def _keep(self, session: Session) -> None:
        """Its last client is lost: stop what it runs, and close it later, unless one comes back."""
        assert self._timing is not None
        session.lost += 1
        lost = session.lost
        _empty(session, "interrupted")
        if session.running is not None:
            self.evaluator.interrupt(session.running)
        self.on_absence()

        def late() -> None:
            with self.guard:
                if session.lost == lost and not session.clients:
                    self.end_session(session)

        self._timing.later(session.keep, late)

    def end_session(self, session: Session) -> None:
        """Close it: what waits in it ends, what it runs is stopped. Called under the guard."""
        if session.closed:
            return
        session.closed = True
        self.sessions.pop(session.id, None)
        _empty(session, "interrupted", "session-closed")
        self.evaluator.close_session(session)
        for part in self._own.parts if self._own is not None else ():
            part.session_closed(session)


def _empty(session: Session, *statuses: str) -> None:
    """End what waits in it."""
    waiting = list(session.queue)
    session.queue.clear()
    for evaluation in waiting:
        evaluation.finish(*statuses)


def _begin(evaluation: Evaluation, session: Session) -> None:
    for observer in session.observers:
        observer.begun(evaluation)


def _refuse(request: Request) -> None:
    """Refuse what has an id or an op that is of no use."""
    if not isinstance(request.message.get("id", ""), _IDS):
        del request.message["id"]
        request.refuse("invalid-field", "The field id must be text or a number.")
        return
    op = request.message.get("op")
    request.refuse(
        "unknown-op",
        "This message has no op." if op is None else f"There is no op {op!r} here.",
        **({"op": op} if isinstance(op, str) else {}),
    )
