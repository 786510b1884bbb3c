"""An nREPL server in this process for telephone, a Common Lisp job server that speaks HTTP.

There is no stream of bytes to adapt, so this one is at the other end of a socket pair: a thread
reads requests there, and each evaluation has one that submits its forms and asks how they are, less
often the longer it takes.

What telephone is shows through. A job is one form: those of an evaluation are sent one after the
other. The newest job is begun first. What it prints goes to the server's console, and its primary
value comes back as text. An error comes back as the value (ERROR TYPE): it is shown as that, and
called an error. A job can't be stopped: an interrupt ends the waiting for it.

The ops for jobs are telephone's own jobs, under its own ids, which outlive this connection.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from repl_connect.channel import CLIENT_LIMITS
from repl_connect.errors import ConnectError
from repl_connect.languages.common_lisp import COMMON_LISP
from repl_connect.telephone.calls import (
    PACKAGE,
    Answer,
    Telephone,
    TelephoneError,
    error_in,
    error_words,
)
from repl_connect.telephone.jobs import TelephoneJobs
from repl_server.dispatch.dispatcher import Dispatcher, Evaluation, Request, Session
from repl_server.wire import NEED_DATA, Connection, Idle, Message, ProtocolError

if TYPE_CHECKING:
    from repl_connect.address import HttpAddress

__all__ = ["open_telephone"]

_NO_JOB: Final = "repl-connect"  # an id that no job has
_TIMEOUT: Final = 30.0  # seconds that one call may take
_QUEUED: Final = 5.0  # seconds after which it is told that a job has not begun
_QUOTA: Final = "nrepl.middleware.print/quota"


def open_telephone(address: HttpAddress, timeout: float) -> socket.socket:
    """A stream with an nREPL server at its other end, for the telephone at `address`.

    Raises `OSError` if nobody listens there, `ConnectError` if that is no telephone. Nothing is
    evaluated to find out: it is asked for a job that there is not.
    """
    try:
        Telephone(address, timeout).result(_NO_JOB)
    except TelephoneError as error:
        raise ConnectError(f"{address}: {error}.") from None
    here, there = socket.socketpair()
    gateway = _Gateway(there, Telephone(address, _TIMEOUT))
    threading.Thread(target=gateway.run, name="telephone", daemon=True).start()
    return here


class _Gateway:
    """The server's end of the pair: it ends with the client's."""

    def __init__(self, stream: socket.socket, telephone: Telephone) -> None:
        self._stream = stream
        self._writing = threading.Lock()
        self._evaluator = _Evaluator(telephone)
        self._wire = Connection(CLIENT_LIMITS)

    def run(self) -> None:
        """Serve the client until it goes."""
        dispatcher = self._evaluator.dispatcher
        client = dispatcher.connect(self._send)
        try:
            while data := self._stream.recv(65536):
                self._wire.receive_data(data)
                while not isinstance(message := self._wire.next_event(), Idle):
                    dispatcher.receive(client, message)
                if message is not NEED_DATA:
                    break
        except (OSError, ProtocolError):
            pass
        finally:
            dispatcher.disconnect(client)
            self._evaluator.close()
            self._stream.close()

    def _send(self, messages: list[Message]) -> None:
        data = b"".join(map(self._wire.send, messages))
        try:
            with self._writing:
                self._stream.sendall(data)
        except OSError:  # it has gone, as the next read tells
            return


class _Evaluator:
    """Common Lisp behind a dispatcher, as telephone has it."""

    ops: Collection[str] = frozenset({"eval", "interrupt"})

    def __init__(self, telephone: Telephone) -> None:
        self._telephone = telephone
        self._running: dict[Evaluation, threading.Event] = {}
        self.dispatcher = Dispatcher(
            self, session_ids=lambda: os.urandom(16).hex(), guard=threading.RLock()
        )
        jobs = TelephoneJobs(telephone, self.dispatcher.guard)
        for op, handler in jobs.ops.items():
            self.dispatcher.offer(op, handler)

    def close(self) -> None:
        """Nobody waits for anything any more."""
        with self.dispatcher.guard:
            for stop in self._running.values():
                stop.set()

    # Evaluations.

    def describe(self) -> Mapping[str, object]:
        return {
            "versions": {},
            "aux": {
                "current-ns": PACKAGE,
                "repl-connect/language": COMMON_LISP.name,
                "repl-connect/greeting": "telephone over HTTP, the newest job first",
            },
        }

    def open_session(self, session: Session, parent: Session | None) -> None:
        pass

    def close_session(self, session: Session) -> None:
        if session.running is not None:
            self.interrupt(session.running)

    def evaluate(self, evaluation: Evaluation) -> None:
        namespace = evaluation.text("ns")
        if namespace not in (None, PACKAGE):
            evaluation.finish(
                "error",
                "namespace-not-found",
                ns=PACKAGE,
                err=f"telephone reads in {PACKAGE} only. Name the package in the code.\n",
            )
            return
        stop = self._running[evaluation] = threading.Event()
        threading.Thread(
            target=self._evaluate, args=(evaluation, stop), name="telephone call", daemon=True
        ).start()

    def interrupt(self, evaluation: Evaluation) -> None:
        stop = self._running.pop(evaluation, None)
        if stop is not None:
            stop.set()
            evaluation.output(
                "err", "It is waited for no more; telephone can't stop it, and goes on with it.\n"
            )
            evaluation.finish("interrupted")

    def give_input(self, session: Session, text: str) -> bool:
        raise NotImplementedError

    def complete(self, request: Request) -> None:
        raise NotImplementedError

    def lookup(self, request: Request) -> None:
        raise NotImplementedError

    def _evaluate(self, evaluation: Evaluation, stop: threading.Event) -> None:
        """Form by form, until one fails."""
        code = evaluation.code
        try:
            for start, end in COMMON_LISP.statements(code):
                ident = self._telephone.submit(code[start:end])
                answer = self._awaited(ident, evaluation, stop)
                if answer is None:
                    return
                if not self._show(ident, answer, evaluation, stop):
                    break
        except (TelephoneError, OSError) as error:
            if not stop.is_set():
                words = self._telephone.problem(error)
                evaluation.error(words + "\n", ex="telephone", message=words)
        with self.dispatcher.guard:
            if self._running.pop(evaluation, None) is not None:
                evaluation.finish(ns=PACKAGE)

    def _awaited(self, ident: str, evaluation: Evaluation, stop: threading.Event) -> Answer | None:
        """The answer that a job has ended with; None if nobody waits for it any more."""
        begun = time.monotonic()
        told = False
        for answer in self._telephone.answers(ident, stop):
            if answer.state in ("finished", "unknown"):
                return answer
            if not told and answer.state == "queued" and time.monotonic() > begun + _QUEUED:
                told = True
                evaluation.output(
                    "err",
                    f"Job {ident} has not begun in {_QUEUED:g} seconds. Newer ones go first; and "
                    "if telephone's queue was not started, none ever begins.\n",
                )
        return None

    def _show(
        self, ident: str, answer: Answer, evaluation: Evaluation, stop: threading.Event
    ) -> bool:
        """Tell what a job has brought; False if that is an error."""
        if stop.is_set():
            return False
        if answer.state == "unknown":
            evaluation.error(
                f"Job {ident} is not known there any more: telephone was started anew.\n",
                ex="id-not-found",
            )
            return False
        quota = evaluation.number(_QUOTA) if _QUOTA in evaluation.message else None
        text = answer.value if quota is None else answer.value[:quota]
        label: dict[str, Any] = {"repl-connect/label": ident}
        evaluation.value(
            text,
            ns=PACKAGE,
            truncated=len(text) < len(answer.value),
            **label,
        )
        error = error_in(answer.value)
        if error is not None:
            evaluation.error(error_words(answer.value, error), ex=error)
        return error is None
