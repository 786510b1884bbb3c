"""Python behind a dispatcher: sessions that evaluate in one program, each at its place.

All sessions see the same globals, the program's; that is what they are for. What each has of its
own is in `PythonSession`; which thread evaluates, its `Stage` knows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Coroutine, Mapping
from contextlib import AbstractContextManager

from repl_server.dispatch.dispatcher import Evaluation, Request, Session
from repl_server.dispatch.ops import OPS
from repl_server.evaluation.compile import COROUTINE, compile_expression, new_name
from repl_server.evaluation.evaluate import Run, Steps, Stopped
from repl_server.evaluation.interrupt import Interrupt, is_ctrl_c
from repl_server.evaluation.stage import PythonSession, Stage
from repl_server.evaluation.traceback_text import describe_exception

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from repl_server.dispatch.holding import Holding, Scope
    from repl_server.evaluation.modules import Modules
    from repl_server.evaluation.output import Room
    from repl_server.evaluation.printing import Printer
    from repl_server.evaluation.stage import Place


__all__ = ["Performance", "PythonEvaluator"]

_PATIENCE = 1.0
_PATIENCE_WITH_C = 0.2
_INSIST = 5
_PLAIN = frozenset(("op", "id", "session", "code"))
_HELD = "repl-server/held"
_SMALL = 65_536


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
        self._room = room
        self._place = place
        self._later = later
        self._tools = tools
        self._redefine = redefine

    # What the dispatcher asks for, under the guard.

    def describe(self) -> Mapping[str, object]:
        """The versions of what runs here."""
        from repl_server import __version__

        return {
            "versions": {
                "python": _version("{}.{}.{}".format(*sys.version_info), sys.version.split()[0]),
                "repl-server": _version(__version__, __version__),
            },
            "aux": {"current-ns": self.modules.name, "repl-server/mode": self._place.mode},
        }

    def open_session(self, session: Session, parent: Session | None) -> None:
        """Make what it keeps, and its stage."""
        state = PythonSession(session.id[:8], parent.state if parent is not None else None)
        state.stage = self._place.open(state, self.perform)
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

        namespace = self._asked_for(request.message)
        extra = request.message.get("extra-metadata")
        found: list[dict[str, object]] = []
        if namespace is not None:
            wanted = extra if isinstance(extra, list) else ()
            found = complete(request.message["prefix"], namespace, wanted)
        request.reply({"completions": found, "status": ["done"]})

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
            state.stage = self._place.open(state, self.perform)
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

        def again() -> None:
            with self._guard:
                if not evaluation.finished:
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
            _close(stage)
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
        if "_" in source or "lambda" in source:
            return False
        code = compile_expression(source, new_name(), 1, session.flags | self._place.flags)
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
            _close(stage)
            Performance(self, stage, evaluation).fail(caught, source, code.co_filename)
            return True
        stage.send()
        if text is not None and len(text) > _SMALL:
            Performance(self, stage, evaluation).succeed(text)
        elif not evaluation.finished:
            if text is not None:
                evaluation.value(text, ns=self.modules.name, last=True)
            evaluation.finish()
        return True


class Performance:
    """One evaluation while it is performed.

    `awaits` is what the code wants awaited: the coroutine of a statement with `await` in it.
    """

    def __init__(self, evaluator: PythonEvaluator, stage: Stage, evaluation: Evaluation) -> None:
        if not _loaded:
            _load()
        message = evaluation.message
        self.evaluator = evaluator
        self.awaits: Coroutine[Any, Any, Any] | None = None
        self.stage = stage
        self.evaluation = evaluation
        self.was_cancelled = False
        self._run: Run | None = None
        self._steps: Steps | None = None
        modules = evaluator.modules
        self._ns = modules.name
        namespace: dict[str, Any] | None = modules.namespace
        local: dict[str, Any] | None = None
        if _HELD in message:
            scope = evaluator.scope(message)
            if isinstance(scope, str):
                evaluation.finish("error", "repl-server/unknown-held", err=scope + "\n")
                return
            self._ns, namespace, local = scope
            if _is_expression(message):  # else what is nested in it would not see the locals
                namespace = scope.together
        elif "ns" in message or "file" in message or "file-path" in message:
            self._ns, namespace = modules.of(message)
        if namespace is None:
            text = f"There is no module {self._ns} in this program; import it first.\n"
            evaluation.finish("error", "namespace-not-found", ns=self._ns, err=text)
            return
        self._printer = printer = _printer(message)
        session = stage.session
        self._run = Run(
            namespace,
            session.history,
            repr if printer is None else printer.text,
            shown=self._show,
            said=self._say if evaluator._redefine else None,  # noqa: SLF001
            flags=session.flags | evaluator._place.flags,  # noqa: SLF001
            local=local,
        )

    def advance(
        self, outcome: object = None, error: BaseException | None = None
    ) -> Coroutine[Any, Any, Any] | None:
        """Go on, with the outcome of what was awaited, to the next one, or None: it is over."""
        run, stage = self._run, self.stage
        if run is None:
            return None
        door = stage.door
        value: str | None = None
        failure: BaseException | None = None
        described: dict[str, Any] | None = None
        try:
            try:
                door.open()
                if self._steps is None:
                    self._steps = _steps(run, self.evaluation)
                    self.awaits = next(self._steps)
                elif error is None:
                    self.awaits = self._steps.send(outcome)
                else:
                    self.awaits = self._steps.throw(error)
                door.close()
                return self.awaits
            except StopIteration as end:
                value = end.value
            except BaseException as caught:
                failure = caught.error if isinstance(caught, Stopped) else caught
                described = _described(run, failure)
            door.close()
        except BaseException as caught:
            failure, described = caught, None
            _close(stage)
        self._conclude(run, value, failure, described)
        return None

    def succeed(self, text: str) -> None:
        """It was done the short way, and has a value that may take long to send."""
        self._value(text, last=True)
        self.evaluation.finish()

    def fail(self, failure: BaseException, source: str, file: str) -> None:
        """It was tried the short way, and has failed."""
        run = self._run
        assert run is not None
        run.is_of(source, file)
        described: dict[str, Any] | None = None
        try:
            self.stage.door.open()
            described = _described(run, failure)
            self.stage.door.close()
        except BaseException as caught:
            failure, described = caught, None
            _close(self.stage)
        self._conclude(run, None, failure, described)

    def _conclude(
        self,
        run: Run,
        value: str | None,
        failure: BaseException | None,
        described: dict[str, Any] | None,
    ) -> None:
        stage, evaluation = self.stage, self.evaluation
        stage.session.flags = run.flags
        stage.send()
        if evaluation.finished:  # it was left behind
            return
        if failure is None:
            if value is not None:
                self._value(value, last=True)
            evaluation.finish()
        elif isinstance(failure, Interrupt) or self.was_cancelled:
            evaluation.finish("interrupted")
        elif is_ctrl_c(failure):
            evaluation.finish("interrupted")
            raise failure
        else:
            stage.session.history.error(failure)
            evaluation.error(**(described or describe_exception(failure)))
            evaluation.finish()

    def _show(self, text: str) -> None:
        """Send a value that is not the last one, if the client reads."""
        door = self.stage.door
        with door.closed():
            self.stage.send()
            self._value(text)

    def _say(self, text: str) -> None:
        with self.stage.door.closed():
            self.stage.send()
            self.evaluation.output("err", text)

    def _value(self, text: str, *, last: bool = False) -> None:
        evaluation = self.evaluation
        if self._printer is None:
            if (last and len(text) <= _SMALL) or self._has_room(len(text)):
                evaluation.value(text, ns=self._ns, last=last)
            return
        for reply in self._printer.replies(text, self._ns):
            if not self._has_room(len(text)):
                return
            evaluation.answer(reply)

    def _has_room(self, size: int) -> bool:
        """Wait for a client that does not read; False: it gets a note instead of a value."""
        door, client = self.stage.door, self.evaluation.client
        if self.evaluator._room.wait(client, lambda: door.wanted):  # noqa: SLF001
            return True
        self.evaluation.output(
            "err", f"[A value of {size} characters was dropped: the client did not read.]\n"
        )
        return False


_loaded = False


def _load() -> None:
    """Import what evaluations may need, before the first that is more than an expression.

    Not when it is needed: an interrupt within an import would leave the import's lock behind, and
    whoever imports that module next would wait for ever.
    """
    import ast
    import copy
    import linecache
    import re
    import traceback

    import repl_server.redefinition.redefine

    global _loaded
    _loaded = all((ast, copy, linecache, re, traceback, repl_server.redefinition.redefine))


def _printer(message: Mapping[str, Any]) -> Printer | None:
    """How values are to be printed, if anything special is asked for."""
    for key in message:
        if key.startswith("nrepl.middleware.print/"):
            from repl_server.evaluation.printing import printer_for

            return printer_for(message)
    return None


def _described(run: Run, failure: BaseException) -> dict[str, Any] | None:
    """What is to be said of it; with the door open, as its own code may be asked for words."""
    if isinstance(failure, Interrupt):
        return None
    run.note_source()
    return describe_exception(failure, source=run.source, file=run.file)


def _steps(run: Run, evaluation: Evaluation) -> Steps:
    message = evaluation.message
    if message["op"] == "load-file":
        path = evaluation.text("file-path")
        if isinstance(message.get("file"), str):
            return run.load(evaluation.code, path or evaluation.text("file-name") or "<file>")
        assert path is not None
        with open(path, "rb") as file:
            return run.load(file.read(), path)
    if "line" not in message and "column" not in message:
        return run.evaluate(message["code"], evaluation.text("file"), 1, 1)
    line = evaluation.number("line")
    column = evaluation.number("column")
    return run.evaluate(
        evaluation.code,
        evaluation.text("file"),
        line if line is not None and 0 < line < 10_000_000 else 1,
        column if column is not None and 0 < column < 10_000 else 1,
    )


def _is_expression(message: Mapping[str, Any]) -> bool:
    code = message.get("code")
    return isinstance(code, str) and compile_expression(code, "<expression>", 1, 0) is not None


def _close(stage: Stage) -> None:
    """Close the door, also if the last interrupt comes at this very moment."""
    try:
        stage.door.close()
    except Interrupt:
        stage.door.close()


def _version(numbers: str, text: str) -> dict[str, object]:
    major, minor, incremental = map(int, numbers.split("."))
    return {"major": major, "minor": minor, "incremental": incremental, "version-string": text}
