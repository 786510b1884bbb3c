"""Python behind a dispatcher: sessions that evaluate in threads of their own, in one namespace.

All sessions see the same globals, the program's; that is what they are for. What each has of its
own: a thread, input, output, history (`_`, `_1`, `_2`, `_3`, `_e`) and `__future__` imports.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from repl_server.dispatcher import Evaluation, Request, Session
from repl_server.evaluate import Run, cut
from repl_server.interrupt import Interrupt, watch
from repl_server.ops import OPS
from repl_server.outbox import Guard
from repl_server.output import Flusher, Room
from repl_server.session import Worker
from repl_server.traceback_text import describe_exception

__all__ = ["PythonEvaluator"]

_PATIENCE = 1.0
_QUOTA = "nrepl.middleware.print/quota"


class PythonEvaluator:
    """Evaluates Python in `namespace`, a thread for each session."""

    def __init__(self, namespace: dict[str, Any], *, guard: Guard, room: Room) -> None:
        self.namespace = namespace
        self.ops: Collection[str] = frozenset(OPS)
        self._guard = guard
        self._room = room
        self._flusher = Flusher()
        self.workers: set[Worker] = set()

    @property
    def name(self) -> str:
        """What the namespace calls itself."""
        name = self.namespace.get("__name__")
        return name if isinstance(name, str) else "__main__"

    def stop(self) -> None:
        """End the threads that serve all sessions."""
        self._flusher.stop()

    # What the dispatcher asks for, under the guard.

    def describe(self) -> Mapping[str, object]:
        """The versions of what runs here."""
        from repl_server import __version__

        return {
            "versions": {
                "python": _version("{}.{}.{}".format(*sys.version_info), sys.version.split()[0]),
                "repl-server": _version(__version__, __version__),
            },
            "aux": {"current-ns": self.name},
        }

    def open_session(self, session: Session, parent: Session | None) -> None:
        """Make its worker; the thread starts with its first evaluation."""
        session.state = worker = Worker(
            f"repl-server-session-{session.id[:8]}",
            self._evaluate,
            self._flusher,
            self._room,
            parent.state if parent is not None else None,
        )
        self.workers.add(worker)

    def close_session(self, session: Session) -> None:
        """End its thread; what it runs is interrupted, again and again if it won't end."""
        worker: Worker = session.state
        self.workers.discard(worker)
        worker.stop()
        if session.running is not None:
            self._insist(session, worker, 5)

    def evaluate(self, evaluation: Evaluation) -> None:
        """Hand it to its session's thread."""
        assert evaluation.session is not None
        evaluation.session.state.give(evaluation)

    def interrupt(self, evaluation: Evaluation) -> None:
        """Interrupt its thread; say so if that has no effect within a second."""
        assert evaluation.session is not None
        worker: Worker = evaluation.session.state
        worker.door.ask()

        def still() -> bool:
            return not evaluation.finished

        def say() -> None:
            with self._guard:
                if not evaluation.finished:
                    evaluation.not_interruptible(
                        "It is in a call that can't be interrupted (a long sleep, a lock, C code). "
                        "The interrupt stays and comes when that returns."
                        if worker.door.wanted
                        else "The code has caught the interrupt and goes on."
                    )

        watch(still, say, _PATIENCE)

    def give_input(self, session: Session, text: str) -> bool:
        """Input for what reads in this session."""
        worker: Worker = session.state
        return worker.input.give(text)

    def complete(self, request: Request) -> None:
        """Answer with what could stand where `prefix` stands."""
        from repl_server.complete import complete

        namespace = self._asked_for(request)
        found = complete(request.message["prefix"], namespace) if namespace is not None else []
        request.reply({"completions": found, "status": ["done"]})

    def lookup(self, request: Request) -> None:
        """Answer with what is known about `sym`."""
        from repl_server.lookup import lookup

        namespace = self._asked_for(request)
        found = lookup(request.message["sym"], namespace) if namespace is not None else {}
        request.reply({"info": found, "status": ["done"]})

    # Namespaces.

    def _find(self, name: str | None) -> dict[str, Any] | None:
        if name is None or name == self.name:
            return self.namespace
        module = sys.modules.get(name)
        return None if module is None else module.__dict__

    def _asked_for(self, request: Request) -> dict[str, Any] | None:
        name = request.message.get("ns")
        return self._find(name if isinstance(name, str) and name else None)

    # In the session's thread.

    def _evaluate(self, worker: Worker, evaluation: Evaluation) -> None:
        """Run it and answer it, whatever happens."""
        try:
            self._answer(worker, evaluation)
        except BaseException as error:
            _close(worker)
            evaluation.error(**describe_exception(error))
        finally:
            if not evaluation.finished:
                evaluation.finish()

    def _answer(self, worker: Worker, evaluation: Evaluation) -> None:
        message = evaluation.message
        ns = evaluation.text("ns") if "ns" in message else None
        namespace = self.namespace if ns is None else self._find(ns)
        if namespace is None:
            text = f"There is no module {ns} in this program; import it first.\n"
            evaluation.finish("error", "namespace-not-found", ns=ns, err=text)
            return
        door = worker.door
        run = Run(namespace, worker.history, partial(self._show, worker, evaluation), worker.flags)
        value: str | None = None
        error: BaseException | None = None
        described: dict[str, Any] | None = None
        try:
            try:
                door.open()
                value = _start(run, evaluation)
            except BaseException as caught:
                error = caught
                if not isinstance(error, Interrupt):
                    run.note_source()
                    described = describe_exception(error, source=run.source, file=run.file)
            door.close()
        except BaseException as caught:
            error, described = caught, None
            _close(worker)
        worker.flags = run.flags
        worker.flush()
        if error is None:
            if value is not None:
                self._value(evaluation, value, last=True)
            evaluation.finish()
            return
        if isinstance(error, Interrupt):
            evaluation.finish("interrupted")
            return
        worker.history.error(error)
        evaluation.error(**(described or describe_exception(error)))
        evaluation.finish()

    def _show(self, worker: Worker, evaluation: Evaluation, text: str) -> None:
        """Send a value that is not the last one, if the client reads."""
        door = worker.door
        with door.closed():
            worker.flush()
            self._value(evaluation, text)
            self._room.wait(evaluation.client, lambda: door.wanted)

    def _value(self, evaluation: Evaluation, text: str, *, last: bool = False) -> None:
        message = evaluation.message
        truncated = False
        if _QUOTA in message:
            text, truncated = cut(text, evaluation.number(_QUOTA))
        ns = evaluation.text("ns") if "ns" in message else None
        evaluation.value(text, ns=ns or self.name, last=last, truncated=truncated)

    def _insist(self, session: Session, worker: Worker, times: int) -> None:
        """Interrupt what a closed session runs again, as long as it catches interrupts."""

        def still() -> bool:
            return session.running is not None and not session.running.finished

        def again() -> None:
            with self._guard:
                if still():
                    worker.door.ask()
                    if times:
                        self._insist(session, worker, times - 1)

        watch(still, again, _PATIENCE)


def _start(run: Run, evaluation: Evaluation) -> str | None:
    message = evaluation.message
    if message["op"] == "eval":
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
    path = evaluation.text("file-path")
    if isinstance(evaluation.message.get("file"), str):
        return run.load(evaluation.code, path or evaluation.text("file-name") or "<file>")
    assert path is not None
    with open(path, "rb") as file:
        return run.load(file.read(), path)


def _close(worker: Worker) -> None:
    """Close the door, also if the last interrupt comes at this very moment."""
    try:
        worker.door.close()
    except Interrupt:
        worker.door.close()


def _version(numbers: str, text: str) -> dict[str, object]:
    major, minor, incremental = map(int, numbers.split("."))
    return {"major": major, "minor": minor, "incremental": incremental, "version-string": text}
