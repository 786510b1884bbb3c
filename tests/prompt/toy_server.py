"""An nREPL server for tests of the prompt: it evaluates a handful of words.

What a form does is told by its first word, however it is bracketed: `(add 1 2)` and `add(1, 2)` are
the same. So it can claim to be of any language.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import socket
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from repl_server.dispatch.dispatcher import Dispatcher, Evaluation, Request, Session
from repl_server.wire import NEED_DATA, Connection, Message, ProtocolError

__all__ = ["ToyServer"]

_ARGUMENT: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|(-?\d+)')
_NAMES: Final = ("add", "add-all", "address", "boom", "lines", "say")
_NAMESPACES: Final = {"guile": "(guile-user)", "python": "__main__", "clojure": "user"}


class _State:
    """What the toy keeps for one session."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.stop = threading.Event()
        self.answers: list[str] = []
        self.answered = threading.Condition()
        self.counter = itertools.count(1)


class Toy:
    """The evaluator."""

    ops: Collection[str] = (
        "eval",
        "load-file",
        "interrupt",
        "stdin",
        "completions",
        "lookup",
    )

    def __init__(self, language: str) -> None:
        self.language = language
        self.evaluated: list[str] = []
        self.lines_sent = 0

    def describe(self) -> Mapping[str, object]:
        return {
            "versions": {self.language: "1.0"},
            "aux": {"current-ns": _NAMESPACES.get(self.language, "")},
        }

    def open_session(self, session: Session, parent: Session | None) -> None:
        session.state = _State(_NAMESPACES.get(self.language, ""))

    def close_session(self, session: Session) -> None:
        session.state.stop.set()
        with session.state.answered:
            session.state.answered.notify_all()

    def evaluate(self, evaluation: Evaluation) -> None:
        self.evaluated.append(evaluation.code)
        assert evaluation.session is not None
        evaluation.session.state.stop.clear()
        threading.Thread(target=self._run, args=(evaluation,), daemon=True).start()

    def interrupt(self, evaluation: Evaluation) -> None:
        assert evaluation.session is not None
        if "stubborn" in evaluation.code:
            evaluation.not_interruptible("It is in C code.")
        evaluation.session.state.stop.set()
        with evaluation.session.state.answered:
            evaluation.session.state.answered.notify_all()

    def give_input(self, session: Session, text: str) -> bool:
        with session.state.answered:
            session.state.answers.append(text)
            session.state.answered.notify_all()
        return True

    def complete(self, request: Request) -> None:
        prefix = str(request.message["prefix"])
        found = [
            {"candidate": name, "type": "function", "arglists": [f"({name} a b)"]}
            for name in _NAMES
            if name.startswith(prefix)
        ]

        def answer() -> None:
            request.reply({"completions": found, "status": ["done"]})

        if prefix.startswith("slow"):
            found.append({"candidate": "slow-completion", "type": "late"})
            threading.Timer(0.8, answer).start()
        else:
            answer()

    def lookup(self, request: Request) -> None:
        info = {
            "name": "add",
            "ns": "toy",
            "arglists-str": "(add a b)",
            "doc": "Add two numbers.\nAnd no more.",
            "file": "/toy/math.scm",
            "line": 12,
            "type": "function",
        }
        if request.message["sym"] == "lines":
            info |= {"name": "lines", "arglists-str": "(lines count #:key first last)"}
            info["doc"] = "\n".join(f"Line {number} of it." for number in range(1, 41))
        if request.message.get("repl-server/source"):
            info["source"] = "(define (add a b)\n  (+ a b))"
        known = request.message["sym"] in ("add", "lines")
        request.reply({"info": info if known else {}, "status": ["done"]})

    def _run(self, evaluation: Evaluation) -> None:
        assert evaluation.session is not None
        state: _State = evaluation.session.state
        word = re.search(r"[a-z][a-z-]*", evaluation.code)
        arguments: list[Any] = [
            int(number) if number else json.loads(f'"{text}"')
            for text, number in _ARGUMENT.findall(evaluation.code)
        ]
        wanted = evaluation.text("ns")
        if wanted == "missing":
            evaluation.finish("error", "namespace-not-found")
            return
        action: Callable[..., str | None] = getattr(
            self, f"_do_{word[0].replace('-', '_')}" if word else "", self._do_echo
        )
        value = action(evaluation, state, *arguments)
        if state.stop.is_set():
            evaluation.finish("interrupted")
            return
        if value is not None:
            labels: dict[str, Any] = {"repl-connect/label": f"${next(state.counter)}"}
            quota = evaluation.number("nrepl.middleware.print/quota") or len(value)
            evaluation.value(
                value[:quota],
                ns=wanted or state.namespace,
                truncated=len(value) > quota,
                **(labels if self.language == "guile" else {}),
            )
        evaluation.finish()

    def _do_echo(self, evaluation: Evaluation, state: _State, *arguments: object) -> str:
        return f"echo {evaluation.code}"

    def _do_add(self, evaluation: Evaluation, state: _State, *numbers: int) -> str:
        return str(sum(numbers))

    def _do_say(self, evaluation: Evaluation, state: _State, *texts: str) -> None:
        for text in texts:
            evaluation.output("out", text)

    def _do_warn(self, evaluation: Evaluation, state: _State, text: str) -> None:
        evaluation.output("err", text)

    def _do_boom(self, evaluation: Evaluation, state: _State) -> None:
        evaluation.error("ZeroDivisionError: boom!\n", ex="ZeroDivisionError", message="boom!")

    def _do_refuse(self, evaluation: Evaluation, state: _State, why: str) -> None:
        evaluation.finish("error", message=why)

    def _do_silent(self, evaluation: Evaluation, state: _State) -> None:
        evaluation.answer({"ex": "class Silent", "status": ["eval-error"]})

    def _do_fail(self, evaluation: Evaluation, state: _State, depth: int) -> None:
        frames = "".join(
            f'  File "/me/a.py", line {number}, in f{number}\n    f{number}()\n'
            for number in range(depth)
        )
        text = f"Traceback (most recent call last):\n{frames}ValueError: failed\n"
        evaluation.error(text, ex="ValueError", message="failed")

    def _do_wait(self, evaluation: Evaluation, state: _State) -> None:
        evaluation.output("out", "waiting\n")
        state.stop.wait(60)

    def _do_stubborn(self, evaluation: Evaluation, state: _State, seconds: int) -> None:
        threading.Event().wait(seconds)
        state.stop.clear()

    def _do_ask(self, evaluation: Evaluation, state: _State, question: str) -> str | None:
        evaluation.output("out", question)
        evaluation.need_input()
        with state.answered:
            state.answered.wait_for(lambda: state.answers or state.stop.is_set(), 60)
            return repr(state.answers.pop(0)) if state.answers else None

    def _do_lines(self, evaluation: Evaluation, state: _State, count: int) -> str:
        for start in range(0, count, 1000):
            if state.stop.is_set():
                break
            numbers = range(start, min(start + 1000, count))
            evaluation.output("out", "".join(f"line {number}\n" for number in numbers))
            self.lines_sent += len(numbers)
        return "finished"

    def _do_tick(self, evaluation: Evaluation, state: _State, count: int) -> None:
        for number in range(count):
            evaluation.output("out", f"tick {number}\n")
            if state.stop.wait(0.03):
                return

    def _do_later(self, evaluation: Evaluation, state: _State, *texts: str) -> None:
        def speak() -> None:
            for text in texts:
                evaluation.output("out", text)

        threading.Timer(0.2, speak).start()

    def _do_big(self, evaluation: Evaluation, state: _State, count: int) -> str:
        return "".join(f"{number % 10}" for number in range(count))

    def _do_tall(self, evaluation: Evaluation, state: _State, count: int) -> str:
        return "\n".join(f"item {number}" for number in range(count))

    def _do_die(self, evaluation: Evaluation, state: _State) -> None:
        evaluation.output("out", "dying\n")
        evaluation.client.send([{"toy": "die"}])


class ToyServer:
    """Listens on a Unix socket, with threads, until the `with` block ends."""

    def __init__(self, path: Path, language: str = "python") -> None:
        self.path = path
        self.toy = Toy(language)
        numbers = itertools.count(1)
        self._dispatcher = Dispatcher(
            self.toy, session_ids=lambda: f"toy-{next(numbers)}", guard=threading.RLock()
        )
        self._listener: socket.socket | None = None
        self._streams: list[socket.socket] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; again after `stop`."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Close everything."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
            self.path.unlink(missing_ok=True)
        for stream in self._streams:
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
            stream.close()
        self._streams.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            self._streams.append(stream)
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream: socket.socket) -> None:
        connection = Connection()
        lock = threading.Lock()

        def send(messages: list[Message]) -> None:
            with lock, contextlib.suppress(OSError):
                for message in messages:
                    if "toy" in message:
                        stream.shutdown(socket.SHUT_RDWR)
                    else:
                        stream.sendall(connection.send(message))

        client = self._dispatcher.connect(send)
        with contextlib.suppress(OSError, ProtocolError):
            while data := stream.recv(65536):
                connection.receive_data(data)
                while isinstance(event := connection.next_event(), dict):
                    self._dispatcher.receive(client, event)
                assert event is NEED_DATA
        self._dispatcher.disconnect(client)
