"""One session's thread, and what it keeps from one evaluation to the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from repl_server import routing
from repl_server.history import History
from repl_server.interrupt import Door
from repl_server.output import Flusher, Outlet, Room, Stream
from repl_server.standard_input import Input

if TYPE_CHECKING:
    from repl_server.dispatcher import Evaluation

__all__ = ["Worker"]


class Worker:
    """Evaluates what one session is given, in a thread that starts with the first of it.

    `evaluate` is called in that thread. `give`, `stop` and `interrupt` are called by others, under
    the server's guard.
    """

    def __init__(
        self,
        name: str,
        evaluate: Callable[[Worker, Evaluation], None],
        flusher: Flusher,
        room: Room,
        parent: Worker | None,
    ) -> None:
        self.door = Door()
        self.out = Stream("out", flusher, room, door=self.door)
        self.err = Stream("err", flusher, room, door=self.door, first=self.out)
        self.input = Input(self.door, self.out.emit)
        self.history: History = History(parent.history if parent is not None else None)
        self.flags: int = parent.flags if parent is not None else 0
        self.evaluation: Evaluation | None = None
        self.closed = False
        self._evaluate = evaluate
        self._flusher = flusher
        self._room = room
        self._name = name
        self._next: Evaluation | None = None
        self._wake = threading.Lock()
        self._wake.acquire()
        self._outlet: Outlet | None = None
        self._bound: tuple[object, object, object] | None = None
        self.thread: threading.Thread | None = None

    def give(self, evaluation: Evaluation) -> None:
        """Evaluate this next; the thread has nothing to do now."""
        self.door.reset()
        self._next = evaluation
        if self.thread is None:
            self.thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self.thread.start()
        self._wake.release()

    def stop(self) -> None:
        """End the thread, and what it evaluates."""
        self.closed = True
        self.input.end()
        self.door.ask()
        if self._wake.locked():
            self._wake.release()

    def outlet(self) -> Outlet:
        """The way to the client for threads that the evaluation starts."""
        if self._outlet is None:
            assert self.evaluation is not None
            self._outlet = Outlet(self.evaluation, self.input, self._flusher, self._room)
        return self._outlet

    def flush(self) -> None:
        """Send all that was printed so far."""
        self.out.flush()
        self.err.flush()
        if self._outlet is not None:
            self._outlet.flush()

    def _work(self) -> None:
        self.door.take()
        routing.mark(self)
        try:
            while True:
                self._wake.acquire()
                evaluation, self._next = self._next, None
                if evaluation is None:
                    return
                self._begin(evaluation)
                self._evaluate(self, evaluation)
                # A value must not be kept alive by a thread that waits.
                evaluation = None
                if self.closed:
                    return
        finally:
            self.door.leave()

    def _begin(self, evaluation: Evaluation) -> None:
        import sys

        self.evaluation = evaluation
        self._outlet = None
        self.out.evaluation = self.err.evaluation = self.input.evaluation = evaluation
        if self._bound is None or (sys.stdin, sys.stdout, sys.stderr) != self._bound:
            self._bound = routing.bind(
                {"stdin": self.input, "stdout": self.out, "stderr": self.err}
            )
