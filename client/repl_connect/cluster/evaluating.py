"""Code evaluated in a worker as its REPL would, for a task: no socket, the same server underneath.

The code has the worker's namespace (`repl.namespace_of`) and a thread of its own, which has the
task's context (`distributed.get_worker()` works). So code that can't be interrupted keeps that
thread, and not the worker's own.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from repl_connect.mapping.collecting import KEPT, Collected
from repl_connect.mapping.connected import GRACE
from repl_connect.mapping.outcome import INTERRUPTED, TIMEOUT, Outcome
from repl_connect.session import Event, NeedInput, Session
from repl_server.dispatch.dispatcher import Client, Dispatcher, Evaluation
from repl_server.evaluation import routing
from repl_server.evaluation.evaluator import PythonEvaluator
from repl_server.evaluation.interrupt import sleep_interruptibly
from repl_server.evaluation.modules import Modules
from repl_server.evaluation.output import Room, Ticking
from repl_server.evaluation.stage import Perform, PythonSession, Stage
from repl_server.wire import Message

__all__ = ["Evaluating"]

_WAITING: Final = 16  # replies of up to 64 Ki characters, beyond which who prints has to wait
_LOOK: Final = 0.05  # seconds in which one who waits sees that it is to stop


class Evaluating:
    """One evaluation in a namespace. `run` it in the task's thread; `stop` it from any other."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        _install()
        self._replies: deque[Message] = deque()
        self._change = threading.Condition()
        self._stopping = ""
        guard = threading.RLock()
        self._room = _Room(self._replies, self._change)
        self._dispatcher = Dispatcher(
            PythonEvaluator(
                Modules(namespace),
                guard=guard,
                room=self._room,
                place=_Place(self._room, Ticking(guard)),
                later=_later,
                tools=_now,
                redefine=True,
            ),
            session_ids=lambda: "item",
            guard=guard,
        )

    def run(self, partner: str, code: str, timeout: float) -> Outcome:
        """Evaluate code; interrupt it after `timeout` seconds. There is always an outcome.

        What it reads meets the end of input. It may take 3 seconds longer than `timeout`, for what
        does not end when it is interrupted.
        """
        client = self._dispatcher.connect(self._take)
        try:
            return self._run(client, partner, code, timeout)
        finally:
            self._dispatcher.disconnect(client)
            self._room.close()

    def stop(self, reason: str) -> None:
        """Interrupt it. `reason` begins a sentence: "It was interrupted"."""
        with self._change:
            self._stopping = reason
            self._change.notify_all()

    def _run(self, client: Client, partner: str, code: str, timeout: float) -> Outcome:
        collected = Collected()

        def happened(event: Event) -> None:
            collected.add(event)
            if isinstance(event, NeedInput):
                session.give_input("", evaluation)

        session = Session(
            lambda message: self._dispatcher.receive(client, message),
            collected.add,
            print_quota=KEPT,
        )
        session.start(lambda: None, _impossible, tool=False)
        self._hand_on(session, lambda: session.ready, 0.0)
        started = time.monotonic()
        evaluation = session.evaluate(code, happened)
        problem = ""
        if not self._hand_on(session, lambda: bool(collected.done or self._stopping), timeout):
            problem = f"It did not end in {timeout:g} s and was interrupted"
        elif collected.done is None:
            problem = self._stopping
        state = INTERRUPTED if self._stopping else TIMEOUT
        if problem:
            session.interrupt(evaluation)
            if self._hand_on(session, lambda: collected.done is not None, GRACE):
                problem += "."
            else:
                problem += ", and has not ended: it may still run there."
        outcome = collected.outcome(partner, stopped=state, problem=problem)
        return outcome._replace(seconds=time.monotonic() - started)

    def _take(self, replies: list[Message]) -> None:
        with self._change:
            self._replies.extend(replies)
            self._change.notify_all()

    def _hand_on(self, session: Session, ended: Callable[[], bool], seconds: float) -> bool:
        """Hand replies on until `ended()`; False when the time was up first."""
        deadline = time.monotonic() + seconds
        while True:
            while self._replies:
                with self._change:
                    reply = self._replies.popleft()
                    self._change.notify_all()
                session.receive(reply)
            if ended():
                return True
            with self._change:
                left = deadline - time.monotonic()
                if not self._replies and not ended():
                    if left <= 0:
                        return False
                    self._change.wait(left)


class _Room(Room):
    """Holds up who prints faster than is collected; in the end there is no room any more."""

    def __init__(self, replies: deque[Message], change: threading.Condition) -> None:
        self._replies = replies
        self._change = change
        self._closed = False

    def there_is(self, client: Client) -> bool:  # noqa: ARG002
        return len(self._replies) < _WAITING and not self._closed

    def wait(self, client: Client, unless: Callable[[], bool]) -> bool:
        with self._change:
            while not self.there_is(client):
                if unless() or self._closed:
                    return not self._closed
                self._change.wait(_LOOK)
        return True

    def close(self) -> None:
        """Nobody collects any more."""
        with self._change:
            self._closed = True
            self._replies.clear()
            self._change.notify_all()


class _Place:
    """A thread for each evaluation."""

    mode = "threads"
    flags = 0

    def __init__(self, room: Room, ticking: Ticking) -> None:
        self._room = room
        self._ticking = ticking

    def open(self, session: PythonSession, perform: Perform) -> Stage:
        """A stage; its thread starts when there is something to do."""
        return _OwnThread(session, perform, self._room, self._ticking)

    def close(self, seconds: float) -> None:
        """Nothing is waited for."""


class _OwnThread(Stage):
    """Evaluates in a new thread, in the context of who gives it something."""

    can_be_left = True

    def __init__(
        self, session: PythonSession, perform: Perform, room: Room, ticking: Ticking
    ) -> None:
        super().__init__(session, room, ticking)
        self._perform = perform

    def give(self, evaluation: Evaluation) -> None:
        """Evaluate this; nothing else is being evaluated here."""
        self.door.reset()
        threading.Thread(
            target=contextvars.copy_context().run,
            args=(self._work, evaluation),
            name="repl-connect-item",
            daemon=True,
        ).start()

    def _work(self, evaluation: Evaluation) -> None:
        with self.here():
            self.begin(evaluation)
            self._perform(self, evaluation)


_installing = threading.Lock()
_installed = False


def _install() -> None:
    """Lead what evaluations print to who collects it, in this process from now on."""
    global _installed
    with _installing:
        if not _installed:
            _installed = True
            routing.install()
            sleep_interruptibly()


def _later(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


def _now(call: Callable[[], None]) -> None:
    call()


def _impossible(error: Exception) -> None:
    raise error
