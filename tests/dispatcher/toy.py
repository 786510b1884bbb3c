"""A dispatcher over an evaluator that does what a test tells it, with nothing running by itself."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection, Mapping
from typing import Any

from repl_server.dispatch.dispatcher import Bounds, Client, Dispatcher, Evaluation, Request, Session
from repl_server.dispatch.jobs import JobBounds
from repl_server.dispatch.ops import OPS
from repl_server.wire import Message

__all__ = ["Clock", "Peer", "ToyEvaluator", "World"]


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._numbers = itertools.count()
        self._later: list[tuple[float, int, Callable[[], None]]] = []

    @property
    def waiting(self) -> int:
        """How many calls are on their way."""
        return len(self._later)

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_700_000_000.0 + self.now

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._later, (self.now + seconds, next(self._numbers), action))

    def step(self, seconds: float) -> None:
        """Let time pass, with all that happens in it."""
        end = self.now + seconds
        while self._later and self._later[0][0] <= end:
            self.now, _, action = heapq.heappop(self._later)
            action()
        self.now = end


class ToyEvaluator:
    """Keeps what it is asked; a test plays the language's part."""

    def __init__(self, ops: Collection[str] = frozenset(OPS)) -> None:
        self.ops: Collection[str] = ops
        self.started: list[Evaluation] = []
        self.interrupted: list[Evaluation] = []
        self.opened: list[tuple[Session, Session | None]] = []
        self.closed: list[Session] = []
        self.input: list[tuple[Session, str]] = []
        self.room_for_input = True

    def describe(self) -> Mapping[str, object]:
        return {"versions": {"toy": {"version-string": "1.0"}}, "aux": {"current-ns": "toys"}}

    def open_session(self, session: Session, parent: Session | None) -> None:
        self.opened.append((session, parent))
        session.state = dict(parent.state) if parent is not None else {}

    def close_session(self, session: Session) -> None:
        self.closed.append(session)

    def evaluate(self, evaluation: Evaluation) -> None:
        self.started.append(evaluation)

    def interrupt(self, evaluation: Evaluation) -> None:
        self.interrupted.append(evaluation)

    def give_input(self, session: Session, text: str) -> bool:
        if self.room_for_input:
            self.input.append((session, text))
        return self.room_for_input

    def complete(self, request: Request) -> None:
        request.reply({"completions": [{"candidate": "x"}], "status": ["done"]})

    def lookup(self, request: Request) -> None:
        request.reply({"info": {"name": request.message["sym"]}, "status": ["done"]})


class Peer:
    """A client: what it sends, and the replies it has. `reads`: whether there is room for more."""

    def __init__(self, dispatcher: Dispatcher, address: str = "") -> None:
        self.dispatcher = dispatcher
        self.replies: list[Message] = []
        self.together: list[int] = []
        """How many replies each write had."""
        self.reads = True
        self.client: Client = dispatcher.connect(self._take, address=address)
        self.client.room = lambda: self.reads
        self._ids = itertools.count(1)

    def _take(self, messages: list[Message]) -> None:
        self.replies += messages
        self.together.append(len(messages))

    def send(self, op: object = None, **fields: Any) -> str:
        message: Message = {key.replace("_", "-"): value for key, value in fields.items()}
        if op is not None:
            message["op"] = op
        ident = str(message.setdefault("id", str(next(self._ids))))
        self.dispatcher.receive(self.client, message)
        return ident

    def to(self, ident: str) -> list[Message]:
        """The replies to a request so far."""
        return [reply for reply in self.replies if reply.get("id") == ident]

    def last(self, ident: str) -> Message:
        """The last reply to a request."""
        return self.to(ident)[-1]

    def ask(self, op: object = None, **fields: Any) -> Message:
        """Send, and give the one reply there has to be."""
        (reply,) = self.to(self.send(op, **fields))
        return reply

    def clone(self, **fields: Any) -> str:
        return str(self.ask("clone", **fields)["new-session"])

    def leave(self) -> None:
        self.dispatcher.disconnect(self.client)


class World:
    """A dispatcher, its evaluator, and as many clients as are asked for."""

    def __init__(
        self,
        *,
        ops: Collection[str] = frozenset(OPS),
        bounds: Bounds | None = None,
        job_bounds: JobBounds | None = None,
        clock: Clock | None = None,
    ) -> None:
        numbers = itertools.count(1)
        self.evaluator = ToyEvaluator(ops)
        self.dispatcher = Dispatcher(
            self.evaluator,
            session_ids=lambda: f"s{next(numbers)}",
            bounds=bounds,
            job_bounds=job_bounds,
            timing=clock,
        )

    def peer(self, address: str = "") -> Peer:
        return Peer(self.dispatcher, address)

    @property
    def running(self) -> list[Evaluation]:
        """What was started and has not ended."""
        return [one for one in self.evaluator.started if not one.finished]
