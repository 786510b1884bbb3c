"""One evaluation from its message to its last reply: what is run where, and what is answered."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping

from repl_server.evaluation.compile import compile_expression
from repl_server.evaluation.evaluate import Run, Steps, Stopped
from repl_server.evaluation.interrupt import Interrupt, is_ctrl_c
from repl_server.evaluation.stage import Stage
from repl_server.evaluation.traceback_text import describe_exception

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from repl_server.dispatch.requests import Evaluation
    from repl_server.evaluation.evaluator import PythonEvaluator
    from repl_server.evaluation.printing import Printer

__all__ = ["SMALL", "Performance"]

SMALL = 65_536
"""Characters of a last value that is sent without asking whether the client reads."""

_HELD = "repl-server/held"


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
            said=self._say if evaluator.redefine else None,
            flags=session.flags | evaluator.place.flags,
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
            stage.door.shut()
        try:
            self._conclude(run, value, failure, described)
        finally:
            del failure  # its traceback has this frame
        return None

    def succeed(self, text: str) -> None:
        """It was done the short way, and has a value that may take long to send."""
        self._run = None
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
            self.stage.door.shut()
        self._conclude(run, None, failure, described)

    def _conclude(
        self,
        run: Run,
        value: str | None,
        failure: BaseException | None,
        described: dict[str, Any] | None,
    ) -> None:
        stage, evaluation = self.stage, self.evaluation
        self._run = self._steps = None  # which know this; so all is freed at once
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
            if (last and len(text) <= SMALL) or self._has_room(len(text)):
                evaluation.value(text, ns=self._ns, last=last)
            return
        for reply in self._printer.replies(text, self._ns):
            if not self._has_room(len(text)):
                return
            evaluation.answer(reply)

    def _has_room(self, size: int) -> bool:
        """Wait for a client that does not read; False: it gets a note instead of a value."""
        door, client = self.stage.door, self.evaluation.client
        if self.evaluator.room.wait(client, lambda: door.wanted):
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
    from repl_server.evaluation.passwords import ask_the_client

    ask_the_client()
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
