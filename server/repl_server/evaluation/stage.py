"""Where a session's evaluations happen: a door for interrupts, output, input, and a thread.

Which thread, the three kinds of server decide (`Place`). What a session keeps whichever thread it
is, is in its `PythonSession`.
"""

from __future__ import annotations

import contextvars
import sys
from collections.abc import Callable

from repl_server.evaluation import routing
from repl_server.evaluation.history import History
from repl_server.evaluation.interrupt import Door
from repl_server.evaluation.output import Outlet, Output, Room, Ticking
from repl_server.evaluation.standard_input import Input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from repl_server.dispatch.dispatcher import Evaluation
    from repl_server.evaluation.performance import Performance
else:
    Protocol = object


__all__ = ["Here", "Perform", "Place", "PythonSession", "Stage"]

Perform = Callable[["Stage", "Evaluation"], "Performance | None"]
"""Evaluates and answers, in the thread it is called in. What has to await is given back."""


class Stage:
    """What one evaluation at a time needs. How it is given to its thread, its kind says."""

    can_be_left = False
    """Whether the session can go on elsewhere while an evaluation is stuck here."""

    def __init__(self, session: PythonSession, room: Room, ticking: Ticking) -> None:
        self.session = session
        self.door = Door()
        self.output = Output(room, self.door)
        self.input = Input(self.door, self.output.send)
        self.evaluation: Evaluation | None = None
        self._room = room
        self._ticking = ticking
        self._outlet: Outlet | None = None
        self._bound: tuple[object, object, object] | None = None

    def give(self, evaluation: Evaluation) -> None:
        """Evaluate this next; nothing else is being evaluated here. The guard is held."""
        raise NotImplementedError

    def withdraw(self, evaluation: Evaluation) -> bool:  # noqa: ARG002
        """Take back what was given and has not begun. The guard is held."""
        return False

    def stop(self) -> None:
        """The session is closed: end what is evaluated, and never evaluate again."""
        self.input.end()
        self.door.ask()

    def interrupt(self) -> None:
        """End what is evaluated."""
        self.door.ask()

    def outlet(self) -> Outlet:
        """The way to the client for threads that the evaluation starts."""
        if self._outlet is None:
            assert self.evaluation is not None
            self._outlet = Outlet(self.evaluation, self.input, self._ticking, self._room)
        return self._outlet

    def send(self) -> None:
        """Send all that was printed so far."""
        self.output.send()
        if self._outlet is not None:
            self._outlet.send()

    def take_on(self, evaluation: Evaluation) -> None:
        """What is printed and read from now on is this one's."""
        self.evaluation = evaluation
        self._outlet = None
        self.output.evaluation = self.input.evaluation = evaluation

    def forget(self) -> None:
        """The session is closed and nothing is evaluated: keep nothing that leads back here."""
        self.evaluation = self.output.evaluation = self.input.evaluation = None
        self._outlet = self._bound = None
        self.door.forget()

    def here(self) -> Here:
        """`with stage.here():` the thread is this stage's in the block, and then what it was."""
        return Here(self)

    def begin(self, evaluation: Evaluation) -> None:
        """From now on this thread's standard files are the client's."""
        self.take_on(evaluation)
        if self._bound is None or (sys.stdin, sys.stdout, sys.stderr) != self._bound:
            self._bound = routing.bind(self.files())

    def files(self) -> dict[str, Any]:
        """What standard input, output and error are for the code that is evaluated here."""
        return {"stdin": self.input, "stdout": self.output.out, "stderr": self.output.err}

    def _begin_ticking(self, evaluation: Evaluation) -> None:
        self._ticking.running[self.output] = evaluation


class Here:
    """A block in which a thread is a stage's: its door is the stage's, and what it starts prints
    to the stage's client.
    """  # noqa: D205

    __slots__ = ("_marked", "_stage")

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._marked: routing.Source | None = None

    def __enter__(self) -> None:
        self._marked = routing.mark(self._stage)
        self._stage.door.take()

    def __exit__(self, *_exception: object) -> None:
        self._stage.door.leave()
        routing.mark(self._marked)


class PythonSession:
    """What a session keeps: `_` and its kind, `__future__` imports, context variables.

    `clone` copies them, as nREPL copies a session's bindings.
    """

    def __init__(self, name: str, parent: PythonSession | None) -> None:
        self.name = name
        self.history: History = History(parent.history if parent is not None else None)
        self.flags: int = parent.flags if parent is not None else 0
        self.context: contextvars.Context = (
            contextvars.Context() if parent is None else parent.context.copy()
        )
        self.stage: Stage

    def forget(self, stage: Stage) -> None:
        """A stage of it is closed, and nothing runs there: it is freed as soon as nobody has it.

        So is the session, if it does not go on at another one.
        """
        stage.forget()
        if self.__dict__.get("stage") is stage:
            self.__dict__.pop("stage", None)
            self.history = History()  # an error's traceback has what has evaluated


class Place(Protocol):
    """One kind of server: where code runs."""

    mode: str
    """`threads`, `asyncio` or `cooperative`."""
    flags: int
    """Compiler flags that all code is compiled with."""

    def open(self, session: PythonSession, perform: Perform) -> Stage:
        """A stage for this session; with nothing running on it yet."""

    def close(self, seconds: float) -> None:
        """The server is closed: wait so long for what still runs."""
