"""Python behind a dispatcher: sessions that evaluate in one program, each at its place.

All sessions see the same globals, the program's; that is what they are for. What each has of its
own is in `PythonSession`; which thread evaluates, its `Stage` knows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from weakref import ref

from repl_server.dispatch.dispatcher import Evaluation, Request, Session
from repl_server.dispatch.ops import OPS
from repl_server.evaluation.compile import COROUTINE, compile_expression, new_name
from repl_server.evaluation.interrupt import Interrupt, is_ctrl_c
from repl_server.evaluation.performance import SMALL, Performance
from repl_server.evaluation.stage import PythonSession, Stage
from repl_server.evaluation.traceback_text import describe_exception

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from repl_server.dispatch.holding import Holding, Scope
    from repl_server.evaluation.modules import Modules
    from repl_server.evaluation.output import Room
    from repl_server.evaluation.stage import Place


__all__ = ["PythonEvaluator"]

_PATIENCE = 1.0
_PATIENCE_WITH_C = 0.2
_AGAIN = (0.02, 0.1, 0.4)
_INSIST = 5
_PLAIN = frozenset(("op", "id", "session", "code"))
_HELD = "repl-server/held"


class PythonEvaluator:
    """Evaluates Python in `namespace`, at `place`.

    `later` calls something after so many seconds; `tools` answers completions and lookups, apart
    from what evaluates. `redefine`: whether a redefinition reaches what others hold.
    """

    holding: Holding | None = None
    """The errors of the program that are held, once there were any."""

    def __init__(
        self,
        modules: Modules,
        *,
        guard: AbstractContextManager[object],
        room: Room,
        place: Place,
        later: Callable[[float, Callable[[], None]], None],
        tools: Callable[[Callable[[], None]], None],
        redefine: bool,
    ) -> None:
        self.ops: Collection[str] = frozenset(
            name for name in OPS if not name.startswith("repl-server/")
        )
        self.modules = modules
        self._guard = guard
        self.room = room
        self.place = place
        self._later = later
        self._tools = tools
        self.redefine = redefine

    # What the dispatcher asks for, under the guard.

    def describe(self) -> Mapping[str, object]:
        """The versions of what runs here."""
        from repl_server import __version__

        return {
            "versions": {
                "python": _version("{}.{}.{}".format(*sys.version_info), sys.version.split()[0]),
                "repl-server": _version(__version__, __version__),
            },
            "aux": {
                "current-ns": self.modules.name,
                "repl-server/mode": self.place.mode,
                "repl-server/prefix": "text",
            },
        }

    def open_session(self, session: Session, parent: Session | None) -> None:
        """Make what it keeps, and its stage."""
        state = PythonSession(session.id[:8], parent.state if parent is not None else None)
        state.stage = self.place.open(state, self.perform)
        session.state = state
        if self.holding is not None:
            self._later(0.0, self.holding.look)

    def close_session(self, session: Session) -> None:
        """End its stage; what it runs is interrupted, again and again if it won't end."""
        stage: Stage = session.state.stage
        running = session.running
        if running is not None and stage.withdraw(running):
            running.finish("interrupted", "session-closed")
        stage.stop()
        if session.running is not None:
            self._insist(session.running, stage, _INSIST)
        else:
            session.state.forget(stage)
        if self.holding is not None:
            self.holding.look()

    def evaluate(self, evaluation: Evaluation) -> None:
        """Hand it to its session's stage."""
        evaluation.session.state.stage.give(evaluation)  # type: ignore[union-attr]

    def interrupt(self, evaluation: Evaluation) -> None:
        """Interrupt it; what can't be is said, or left behind if there is another thread."""
        assert evaluation.session is not None
        state: PythonSession = evaluation.session.state
        stage = state.stage
        if stage.withdraw(evaluation):
            evaluation.finish("interrupted")
            return
        stage.interrupt()
        if stage.can_be_left:
            self._later(_PATIENCE_WITH_C, lambda: self._leave(state, stage, evaluation))
        for seconds in _AGAIN:
            self._later(seconds, stage.door.ask_again)
        self._later(_PATIENCE, lambda: self._give_up(stage, evaluation))

    def give_input(self, session: Session, text: str) -> bool:
        """Input for what reads in this session."""
        stage: Stage = session.state.stage
        return stage.input.give(text)

    def complete(self, request: Request) -> None:
        """Answer with what could stand where `prefix` stands."""
        self._tools(lambda: self._complete(request))

    def lookup(self, request: Request) -> None:
        """Answer with what is known about `sym`."""
        self._tools(lambda: self._lookup(request))

    # In the thread for tools.

    def _complete(self, request: Request) -> None:
        from repl_server.inspection.complete import complete
        from repl_server.inspection.prefix import word_before

        namespace = self._asked_for(request.message)
        extra = request.message.get("extra-metadata")
        found: list[dict[str, object]] = []
        if namespace is not None:
            wanted = extra if isinstance(extra, list) else ()
            found = complete(request.message["prefix"], namespace, wanted)
        replaced = len(word_before(request.message["prefix"]))
        request.reply({"completions": found, "repl-server/replaces": replaced, "status": ["done"]})

    def _lookup(self, request: Request) -> None:
        from repl_server.inspection.lookup import lookup

        namespace = self._asked_for(request.message)
        source = request.message.get("repl-server/source") not in (None, [], "", 0)
        found: Mapping[str, object] = {}
        if namespace is not None:
            found = lookup(request.message["sym"], namespace, source=source)
        request.reply({"info": found, "status": ["done"]})

    def _asked_for(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        if _HELD not in message:
            return self.modules.asked_for(message)
        scope = self.scope(message)
        return None if isinstance(scope, str) else scope.together

    def scope(self, message: Mapping[str, Any]) -> Scope | str:
        """The frame of a held error that a message is meant for, or why there is none."""
        return "No error is held here." if self.holding is None else self.holding.scope(message)

    # After an interrupt.

    def _leave(self, state: PythonSession, stage: Stage, evaluation: Evaluation) -> None:
        """If it is stuck in a call into C, let the session go on without it."""
        with self._guard:
            if evaluation.finished or not stage.door.wanted or state.stage is not stage:
                return
            state.context = state.context.copy()
            state.stage = self.place.open(state, self.perform)
            evaluation.finish(
                "interrupted",
                "repl-server/abandoned",
                err="It waits in a call that can't be interrupted (a lock, a socket, C code). The "
                "session goes on without it; the interrupt comes when that call returns.\n",
            )
            stage.stop()

    def _give_up(self, stage: Stage, evaluation: Evaluation) -> None:
        with self._guard:
            if not evaluation.finished:
                evaluation.not_interruptible(
                    "It is in a call that can't be interrupted (C code). The interrupt stays and "
                    "comes when that returns."
                    if stage.door.wanted
                    else "The code has caught the interrupt and goes on."
                )

    def _insist(self, evaluation: Evaluation, stage: Stage, times: int) -> None:
        """Interrupt what a closed session runs again, as long as it catches interrupts."""
        running, where = ref(evaluation), ref(stage)  # what has ended is not kept for this

        def again() -> None:
            with self._guard:
                evaluation, stage = running(), where()
                if evaluation is None or stage is None or evaluation.finished:
                    return
                stage.interrupt()
                if times:
                    self._insist(evaluation, stage, times - 1)

        self._later(_PATIENCE, again)

    # In the thread that evaluates.

    def perform(self, stage: Stage, evaluation: Evaluation) -> Performance | None:
        """Evaluate it and answer it, whatever happens; None. Or up to what is to be awaited."""
        try:
            if evaluation.message.keys() <= _PLAIN and self._perform_plainly(stage, evaluation):
                return None
            performance = Performance(self, stage, evaluation)
            if performance.advance() is not None:
                return performance
        except BaseException as error:
            stage.door.shut()
            if is_ctrl_c(error):
                evaluation.finish("interrupted")
                raise
            if isinstance(error, Interrupt):
                evaluation.finish("interrupted")
            else:
                evaluation.error(**describe_exception(error))
        if not evaluation.finished:
            evaluation.finish()
        return None

    def _perform_plainly(self, stage: Stage, evaluation: Evaluation) -> bool:
        """The commonest, the short way: one expression, and nothing special asked for.

        False: it is something else, and nothing has happened yet.
        """
        session = stage.session
        source = evaluation.message["code"]
        if "_" in source or "lambda" in source or "getpass" in source:
            return False
        code = compile_expression(source, new_name(), 1, session.flags | self.place.flags)
        if code is None or code.co_flags & COROUTINE:
            return False
        door, text = stage.door, None
        try:
            door.open()
            value = eval(code, self.modules.namespace)
            if value is not None:
                session.history.value(value)
                text = repr(value)
            door.close()
        except BaseException as caught:
            stage.door.shut()
            Performance(self, stage, evaluation).fail(caught, source, code.co_filename)
            return True
        stage.send()
        if text is not None and len(text) > SMALL:
            Performance(self, stage, evaluation).succeed(text)
        elif not evaluation.finished:
            if text is not None:
                evaluation.value(text, ns=self.modules.name, last=True)
            evaluation.finish()
        return True


def _version(numbers: str, text: str) -> dict[str, object]:
    major, minor, incremental = map(int, numbers.split("."))
    return {"major": major, "minor": minor, "incremental": incremental, "version-string": text}
