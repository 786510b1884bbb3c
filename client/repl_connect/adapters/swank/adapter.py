"""An nREPL server for a Lisp that runs Swank, SLIME's server, in Swank's own protocol.

Swank evaluates, reads input, has a debugger and answers questions. What it lacks is a value for
each form, standard error apart, files and lines, and errors that end. So it is given our functions,
once for each program (`bootstrap/swank`), which are then called as Swank's own are:

    connect ──> its modules, its REPL's thread ──> our functions, if they are not there ──> ready

An error ends its evaluation at once, unless its client has asked for held errors
(`repl-server/held`) and the program has restarts for it: then the REPL's thread stays in the
debugger, and evaluates on in there, until one is chosen or the session is closed. An error in a
thread of the program's own is always held, since that thread waits in any case.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping
from typing import Final
from weakref import WeakSet

from repl_connect.adapters.swank.errors import (
    ABORT,
    CHOICE,
    Condition,
    Held,
    choice_of,
    condition_of_debugger,
)
from repl_connect.adapters.swank.knowledge import about_of, candidates_of, info_of
from repl_connect.adapters.swank.link import REPL_THREAD, WORKER, Stop, SwankLink, Then
from repl_connect.adapters.swank.lisp_data import Datum, Symbol, as_text
from repl_connect.adapters.swank.running import Place, Running
from repl_connect.adapters.upgraded import bootstrap_source, bootstrap_version, one_line
from repl_server.dispatch.dispatcher import Bounds, Client, Evaluation, Request, Session
from repl_server.dispatch.timing import Timing
from repl_server.wire import RemoteProtocolError

__all__ = ["SwankAdapter"]

_QUOTA: Final = "nrepl.middleware.print/quota"
_PARTS: Final = ("state", "output", "places", "errors", "evaluation", "knowledge")
_LEAVE: Final = "(swank:throw-to-toplevel)"
_MOST_LEVELS: Final = 10
_MOST_HELD: Final = 100
_HINT: Final = (
    "It could go on ({}). Ask for held errors once (repl-server/held; in the prompt, ,held), and "
    "from then on such errors wait until you choose.\n"
)


class SwankAdapter(SwankLink):
    """Swank, whatever Lisp it runs in."""

    def __init__(self, *, timing: Timing | None = None, bounds: Bounds | None = None) -> None:
        super().__init__(timing=timing, bounds=bounds)
        self._idents = itertools.count(1)
        self._known: dict[int, Running] = {}
        self._current: Running | None = None
        self._held: dict[str, Held] = {}
        self._askers: WeakSet[Client] = WeakSet()
        self._hinted: WeakSet[Client] = WeakSet()
        self._about: dict[str, str] = {}
        self._early: deque[Stop] = deque(maxlen=_MOST_HELD)
        source = "\n".join(bootstrap_source(f"swank/{part}.lisp") for part in _PARTS)
        self._package = f"REPL-CONNECT-{bootstrap_version(source.encode()).upper()}"
        self._source = source
        self._send(self._form("prepare"), WORKER, self._prepared)

    # Becoming ready.

    def _prepared(self, ok: bool, result: Datum) -> None:
        match result:
            case [[*info], installed] if ok:
                self._about = about_of(info)
            case _:
                raise RemoteProtocolError("malformed", "Swank has no REPL for us there")
        self._send(self._form("open" if installed else "load"), WORKER, self._opened)

    def _form(self, name: str) -> str:
        form = one_line(bootstrap_source(f"swank/{name}.lisp"))
        form = form.replace("OUR-SOURCE", as_text(self._source))
        return form.replace("OUR-PACKAGE", self._package)

    def _opened(self, ok: bool, _: Datum) -> None:
        if not ok:
            raise RemoteProtocolError("malformed", "Swank did not take the upgrade")
        ops = {"eval", "load-file", "stdin", "completions", "lookup"}
        if self._about["style"] == ":spawn":  # else nobody reads while it evaluates
            ops.add("interrupt")
        self.ops = frozenset(ops)
        self._become_ready(
            {"repl-server/held": self._list_held, "repl-server/restart": self._restart}
        )
        for stop in self._early:
            self._debugs(stop)
        self._early.clear()

    def _failure(self) -> str:
        return (
            "it closed the connection before its REPL was ready. If it wants a password, that is "
            "the first line of its user's ~/.slime-secret"
        )

    # What comes.

    def _output(self, stream: str, text: str) -> None:
        if self._current is not None:
            self._current.evaluation.output(stream, text)
        elif self.ready:
            self._tell({stream: text})

    def _told(self, text: str, kind: str, number: int, about: list[Datum]) -> None:
        running = self._known.get(number)
        if running is None:
            return
        evaluation = running.evaluation
        match kind, about:
            case ":value", [str(ns), more, cut]:
                running.part(text)
                if not more:
                    evaluation.value(running.whole(), ns=ns, truncated=bool(cut))
            case ":error", [str(name), frames, choices]:
                running.condition = condition = Condition.of(text, name, frames, choices)
                self._fail(running, condition)

    def _fail(self, running: Running, condition: Condition) -> None:
        """Say what has failed and, once, that it need not be the end."""
        text, client = condition.text, running.evaluation.client
        lasting = not running.session.ephemeral
        if condition.choices and lasting and client not in self._askers | self._hinted:
            self._hinted.add(client)
            text += _HINT.format(", ".join(condition.choices))
        running.evaluation.error(
            text, ex=condition.type, message=condition.message, frames=condition.frames
        )

    def _evaluated(self, running: Running, ok: bool, result: Datum) -> None:
        """Lisp has ended it. If it was the choice of a restart, another evaluation goes on."""
        del self._known[running.number]
        if self._current is running:
            self._current = None
        held, evaluation = running.choosing, running.evaluation
        failed = self._known.get(held.number) if held is not None and held.number else None
        match result:
            case [status, str(ns), *value] if ok:
                if value:
                    evaluation.value(str(value[0]), ns=ns, last=True, truncated=bool(value[-1]))
                if evaluation.text("ns") is None and held is None:
                    running.place.ns = ns
                statuses = ("interrupted",) if status == ":interrupted" else ()
                evaluation.finish(*statuses, ns=running.place.ns)
            case [":no-namespace"] if ok:
                ns = evaluation.text("ns") or running.place.ns
                err = f"There is no package {ns} there.\n"
                evaluation.finish("error", "namespace-not-found", ns=ns, err=err)
            case _ if held is not None and failed is not None:
                failed.evaluation, failed.condition = evaluation, None
                self._current = failed
            case _ if held is not None:
                evaluation.finish(ns=running.place.ns)
            case _:
                err = "" if evaluation.finished else "The evaluation was aborted.\n"
                evaluation.finish("error", err=err, ns=running.place.ns)
        self._next()

    def _next(self) -> None:
        """The REPL's thread may be free."""
        while self._current is None and self._queue:
            self.evaluate(self._queue.popleft())

    # Input.

    def _reads(self, thread: Datum, tag: Datum, kind: str, question: str) -> None:
        running = next((each for each in self._known.values() if each.thread == thread), None)
        running = running or self._current
        if running is None:
            self._give(thread, tag, kind, "")
            return
        if question:
            running.evaluation.output("out", question)
        if running.place.input:
            self._give(thread, tag, kind, running.place.input.popleft())
        else:
            running.reading = thread, tag, kind
            running.evaluation.need_input()

    def _reads_no_more(self, tag: Datum) -> None:
        for running in self._known.values():
            if running.reading is not None and running.reading[1] == tag:
                running.reading = None

    def give_input(self, session: Session, text: str) -> bool:  # noqa: D102
        for running in self._known.values():
            if running.evaluation.session is session and running.reading is not None:
                try:
                    self._give(*running.reading, text)
                except ValueError:  # more than can be sent at once: it still waits
                    return False
                running.reading = None
                return True
        place: Place = session.state
        return place.take(text)

    # The debugger.

    def _debugs(self, stop: Stop) -> None:
        condition = condition_of_debugger(stop.about, stop.frames)
        if not self.ready:
            if stop.number in self._calls:
                raise RemoteProtocolError("malformed", f"Swank can't be used: {condition.line}")
            self._early.append(stop)
            return
        held = self._held_at(stop.thread, stop.level)
        running = self._known.get(stop.number)
        if held is not None:
            held.offers(stop.restarts)
        elif running is not None:
            if running.condition is None:  # it has come there in ways of its own
                running.condition = condition
                self._fail(running, condition)
            if running.holds:
                held = Held(stop.thread, stop.level, running.number, running.condition)
                self._hold(held, stop.restarts)
            else:
                self._call("stop", running.number, Symbol(":error"), thread=stop.thread)
        elif stop.number in self._calls or len(self._held) >= _MOST_HELD:
            self._send(_LEAVE, stop.thread, _nothing)
        else:
            self._hold(Held(stop.thread, stop.level, None, condition), stop.restarts)

    def _debugs_no_more(self, thread: int, level: int) -> None:
        held = self._held_at(thread, level)
        if held is not None:
            del self._held[held.id]
            event = {"what": "ended", "held": held.id, "restart": held.chosen}
            self.dispatcher.announce("errors", event)

    def _held_at(self, thread: int, level: int) -> Held | None:
        return next(
            (each for each in self._held.values() if (each.thread, each.level) == (thread, level)),
            None,
        )

    def _hold(self, held: Held, restarts: Datum) -> None:
        """Let it wait, and say so; what has failed ends for its client."""
        held.id = f"h{next(self._idents)}"
        held.since = self._timing.wall() if self._timing is not None else None
        held.offers(restarts)
        self._held[held.id] = held
        running = self._known.get(held.number or 0)
        if running is not None:
            running.evaluation.answer(held.told())
            running.evaluation.finish(ns=running.place.ns)
            if self._current is running:
                self._current = None
        else:
            sessions = self.dispatcher.sessions.values()
            told: dict[Client, str] = {
                client: session.id
                for session in sessions
                if not session.ephemeral
                for client in session.clients
            }
            for client, session in told.items():
                client.send([{"session": session, **held.told()}])
        self.dispatcher.announce("errors", {"what": "held", **held.described(), "held": held.id})
        self._next()

    def _list_held(self, request: Request) -> None:
        """`repl-server/held`; from now on the errors of this client wait."""
        self._askers.add(request.client)
        held = [each.described() for each in self._held.values()]
        request.reply({"held": held, "status": ["done"]})

    def _restart(self, request: Request) -> None:
        """`repl-server/restart`: an evaluation, of a kind."""
        choice = choice_of(request, self._held)
        if choice is not None:
            self.dispatcher.receive(request.client, choice)

    # The evaluator behind the dispatcher.

    def describe(self) -> Mapping[str, object]:  # noqa: D102
        about = self._about
        return {
            "versions": {
                about["language"]: {"version-string": about["version"]},
                "swank": {"version-string": about["swank"]},
            },
            "aux": {
                "current-ns": about["ns"],
                "repl-connect/language": about["language"],
                "repl-connect/greeting": f"{about['name']} {about['version']}, "
                f"Swank {about['swank']}, upgraded",
            },
        }

    def open_session(self, session: Session, parent: Session | None) -> None:  # noqa: D102
        session.state = Place(parent.state.ns if parent is not None else self._about["ns"])

    def close_session(self, session: Session) -> None:  # noqa: D102
        if session.running is not None:
            self.interrupt(session.running)
        for held in self._held.values():
            failed = self._known.get(held.number or 0)
            if failed is not None and failed.session is session:
                held.chosen = ABORT
                self._call("stop", failed.number, Symbol(":aborted"), thread=held.thread)

    def evaluate(self, evaluation: Evaluation) -> None:  # noqa: D102
        ident = evaluation.message.get("repl-server/held")
        held = self._held.get(ident) if isinstance(ident, str) else None
        apart = held is not None and held.number is None
        if self._current is not None and not apart:
            self._queue.append(evaluation)
            return
        running = Running(next(self._numbers), evaluation)
        if apart and held is not None:
            running.thread = held.thread
        else:
            self._current = running
        self._known[running.number] = running
        try:
            if ident is None:
                self._begin(running)
            else:
                self._begin_in(running, held)
        except ValueError as error:
            err = f"This can't be sent to {self._about['name']}: {error}.\n"
            self._drop(running, "error", err=err)

    def _begin(self, running: Running) -> None:
        """Send it. Raises `ValueError` if it is too long."""
        evaluation, message = running.evaluation, running.evaluation.message
        levels = sum(held.number is not None for held in self._held.values())
        running.holds = (
            evaluation.client in self._askers
            and not running.session.ephemeral
            and levels < _MOST_LEVELS
        )
        where = running.number, evaluation.text("ns") or running.place.ns
        quota = max(evaluation.number(_QUOTA) or 0, 0) or None
        if evaluation.is_file:
            code = message.get("file")
            text = code if isinstance(code, str) else None
            path = evaluation.text("file-path") or evaluation.text("file-name")
            self._run(running, "load-text", *where, text, path, quota, running.holds)
        else:
            line = evaluation.number("line") or 1
            file = evaluation.text("file")
            self._run(
                running, "evaluate", *where, evaluation.code, file, line, quota, running.holds
            )

    def _begin_in(self, running: Running, held: Held | None) -> None:
        """Evaluate in a held error's frame, or choose a restart of it."""
        evaluation, message = running.evaluation, running.evaluation.message
        how, frame = message.get(CHOICE), evaluation.number("repl-server/frame") or 0
        if held is None or not (how is None or how in held.restarts):
            ident = message["repl-server/held"]
            err = f"No such error is held here (any more): {ident!r}. Ask for those that are.\n"
            self._drop(running, "error", "repl-server/unknown-held", err=err)
            return
        where = running.number, evaluation.text("ns") or running.place.ns
        code = evaluation.code or None
        if how is None:
            quota = max(evaluation.number(_QUOTA) or 0, 0) or None
            fields = (*where, held.level, frame, code or "nil", quota)
            self._run(running, "evaluate-in-frame", *fields, thread=held.thread)
            return
        running.choosing, held.chosen = held, how
        if how != ABORT:
            index = held.index(how, value=code is not None)
            self._run(running, "choose", *where, held.level, index, code, thread=held.thread)
        elif held.number is None:
            self._send(_LEAVE, held.thread, self._then(running), running.number)
        else:
            self._run(running, "stop", held.number, Symbol(":aborted"), thread=held.thread)

    def _drop(self, running: Running, *statuses: str, **more: object) -> None:
        """End what was not sent."""
        del self._known[running.number]
        if self._current is running:
            self._current = None
        running.evaluation.finish(*statuses, ns=running.place.ns, **more)
        self._next()

    def interrupt(self, evaluation: Evaluation) -> None:  # noqa: D102
        if self._withdrawn(evaluation):
            return
        for running in self._known.values():
            if running.evaluation is evaluation and "interrupt" in self.ops:
                self._interrupt(running)

    def _interrupt(self, running: Running) -> None:
        """Again and again: what was sent last may not have begun."""

        def answered(_: bool, done: Datum) -> None:
            runs = self._known.get(running.number) is running
            if not done and runs and not running.evaluation.finished:
                self._interrupt(running)

        self._call("interrupt", running.number, then=answered)

    def complete(self, request: Request) -> None:  # noqa: D102
        def answered(_: bool, found: Datum) -> None:
            request.reply({"completions": candidates_of(found), "status": ["done"]})

        self._ask(request, "complete", "prefix", answered)

    def lookup(self, request: Request) -> None:  # noqa: D102
        def answered(_: bool, found: Datum) -> None:
            request.reply({"info": info_of(found), "status": ["done"]})

        self._ask(request, "look-up", "sym", answered)

    def _ask(self, request: Request, name: str, key: str, then: Then) -> None:
        """Ask something of a name, in a namespace."""
        place: Place | None = request.session.state if request.session is not None else None
        ns = request.text("ns") or (place.ns if place is not None else self._about["ns"])
        try:
            self._call(name, ns, request.message[key], then=then)
        except ValueError:
            then(False, [])

    # Our functions there.

    def _run(
        self, running: Running, name: str, *fields: object, thread: str | int = REPL_THREAD
    ) -> None:
        form = as_text([Symbol(f"{self._package}::{name}"), *fields])
        self._send(form, thread, self._then(running), running.number)

    def _then(self, running: Running) -> Then:
        return lambda ok, result: self._evaluated(running, ok, result)

    def _call(
        self, name: str, *fields: object, thread: str | int = WORKER, then: Then | None = None
    ) -> None:
        form = as_text([Symbol(f"{self._package}::{name}"), *fields])
        self._send(form, thread, then or _nothing)


def _nothing(_: bool, __: Datum) -> None:
    pass
