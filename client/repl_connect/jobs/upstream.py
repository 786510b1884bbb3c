"""Running jobs in a program that has none: one after the other, over a connection of ours.

    Dispatcher's jobs ──evaluate──> queue ──> the thread ──Link──> the program
                      <──values, output, end──

Rule 1: it is connected to while jobs wait or run, and a second longer; then it is left as it was
found. Each job has a session of its own, where the program has sessions.

Rule 2: every job ends. One that can't be sent, or whose connection is lost, has failed, in words
that say whether it may have run; none is ever sent twice.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Final

from repl_connect.address import Address
from repl_connect.connect import connect
from repl_connect.errors import ConnectionLost, ReplConnectError
from repl_connect.jobs.answers import fail, take, withdrawn
from repl_connect.link import Link
from repl_connect.replies import is_last, refusal_of, statuses_of
from repl_connect.turns import Evaluation as Sent
from repl_server.dispatch.dispatcher import Evaluation, Request, Session
from repl_server.wire import Message

__all__ = ["Reached", "Upstream"]

Reached = Callable[[ReplConnectError | None], None]
"""Gets None when there is a connection, or why there is none; called in the jobs' thread."""

_LINGER: Final = 1.0  # seconds without a job before the connection is let go of
_OPENING: Final = 15.0  # seconds to open one more session
_AGAIN: Final = 0.1  # seconds between two interrupts of what was sent and has not begun there
_TRIES: Final = 50
_NOT_YET: Final = frozenset({"session-idle", "interrupt-id-mismatch"})
_PRINTING: Final = "nrepl.middleware.print/"


class Upstream:
    """The evaluator behind a keeper's dispatcher: of nREPL's ops it has none for its clients."""

    ops: Collection[str] = frozenset()

    def __init__(self, address: Address, dialect: str | None) -> None:
        self._address = address
        self._dialect = dialect
        self._queue: queue.SimpleQueue[Evaluation | Reached | None] = queue.SimpleQueue()
        self._counting = threading.Lock()
        self._jobs = 0
        """Those that wait in the queue, and the one that runs."""
        self._actions: deque[Callable[[], None]] = deque()
        self._out_of_wait, self._into_wait = os.pipe()
        os.set_blocking(self._out_of_wait, False)
        os.set_blocking(self._into_wait, False)
        self._link: Link | None = None
        self._used = False
        """Whether the link's session has had a job."""
        self._current: tuple[Evaluation, Sent] | None = None
        self._later: tuple[float, Callable[[], None]] | None = None
        """What is to be done while this job runs, and when."""
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        """Run what comes, from now on."""
        self._thread.start()

    def reach(self, answer: Reached) -> None:
        """Connect, for a job that is about to come; nothing is to be found out while some run."""
        with self._counting:
            idle = self._jobs == 0
        if idle:
            self._queue.put(answer)
        else:
            answer(None)

    def close(self, seconds: float) -> None:
        """Run no more. What runs has been interrupted by the dispatcher; wait for it so long."""
        self._queue.put(None)
        self._thread.join(seconds)

    # The evaluator; called under the dispatcher's guard.

    def describe(self) -> Mapping[str, object]:
        """Whose jobs it keeps."""
        return {
            "versions": {},
            "aux": {"repl-connect/greeting": f"keeps jobs for {self._address}, no more"},
        }

    def open_session(self, session: Session, parent: Session | None) -> None:
        """Nothing: a session of the program's is opened when a job is sent."""

    def close_session(self, session: Session) -> None:
        """Stop what still runs in it."""
        if session.running is not None and not session.running.finished:
            self.interrupt(session.running)

    def evaluate(self, evaluation: Evaluation) -> None:
        """Run it when those before it have ended."""
        with self._counting:
            self._jobs += 1
        self._queue.put(evaluation)

    def interrupt(self, evaluation: Evaluation) -> None:
        """Ask the program to stop it; while it is connected to, it is never sent."""
        self._actions.append(lambda: self._interrupt(evaluation))
        with contextlib.suppress(BlockingIOError):
            os.write(self._into_wait, b".")

    def give_input(self, session: Session, text: str) -> bool:
        """Pass it on; called from within the event that asks for it."""
        del session  # it is that of the job that runs
        if self._link is not None and self._current is not None:
            self._link.session.give_input(text, self._current[1])
        return True

    def complete(self, request: Request) -> None:
        """Never called: there is no such op."""
        raise NotImplementedError

    def lookup(self, request: Request) -> None:
        """Never called: there is no such op."""
        raise NotImplementedError

    # The thread.

    def _run(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=None if self._link is None else _LINGER)
            except queue.Empty:
                self._hang_up()
                continue
            if item is None:
                self._hang_up()
                return
            if not isinstance(item, Evaluation):
                item(self._attempt(self._ready))
                continue
            error = self._attempt(partial(self._perform, item))
            with self._counting:
                self._jobs -= 1
            if error is not None:
                fail(item, str(error))

    def _attempt(self, act: Callable[[], object]) -> ReplConnectError | None:
        """Do it; what goes wrong, which ends the connection, is the answer."""
        try:
            act()
        except ReplConnectError as error:
            self._hang_up()
            return error
        except Exception as error:
            self._hang_up()
            return ReplConnectError(f"The bridge failed: {error!r}.")
        return None

    def _perform(self, evaluation: Evaluation) -> None:
        if withdrawn(evaluation):
            return
        link = self._ready()
        if withdrawn(evaluation):  # meanwhile
            return
        message = evaluation.message
        self._used = True
        sent = link.session.evaluate(
            evaluation.code,
            lambda event: take(evaluation, event),
            namespace=evaluation.text("ns"),
            file=evaluation.text("file"),
            line=evaluation.number("line"),
            column=evaluation.number("column"),
            more={key: message[key] for key in message if key.startswith(_PRINTING)},
        )
        self._current = evaluation, sent
        try:
            self._until_ended(link, sent)
        except ConnectionLost:
            self._link = None  # its `Done` has said so
        finally:
            self._current = self._later = None

    def _ready(self) -> Link:
        """A link with a session that has had no job. Raises `ReplConnectError`."""
        link = self._link
        if link is not None and self._used:
            if _open_another(link):
                self._used = False
                return link
            self._hang_up()
        if self._link is None:
            self._used = False
            self._link = connect(self._address, dialect=self._dialect, tool=False)
            self._link.on_output = lambda _: None  # it is no job's
        return self._link

    def _until_ended(self, link: Link, sent: Sent) -> None:
        """Read and write until it has ended, and do what other threads ask for meanwhile."""
        poller = select.poll()
        poller.register(self._out_of_wait, select.POLLIN)
        while sent.done is None:
            self._act()
            wanted = select.POLLIN | (select.POLLOUT if link.wants_write else 0)
            poller.register(link, wanted)
            left = None if self._later is None else self._later[0] - time.monotonic()
            for descriptor, event in poller.poll(None if left is None else max(0, left * 1000)):
                if descriptor == self._out_of_wait:
                    with contextlib.suppress(BlockingIOError):
                        os.read(descriptor, 4096)
                    continue
                if event & select.POLLOUT:
                    link.write_ready()
                if event & ~select.POLLOUT:
                    link.read_ready()

    def _act(self) -> None:
        if self._later is not None and self._later[0] <= time.monotonic():
            (_, act), self._later = self._later, None
            act()
        while self._actions:
            self._actions.popleft()()

    def _interrupt(self, evaluation: Evaluation, tries: int = _TRIES) -> None:
        if self._link is None or self._current is None or self._current[0] is not evaluation:
            return
        sent = self._current[1]

        def answered(reply: Message) -> None:
            statuses = statuses_of(reply)
            if not is_last(reply) or evaluation.finished:
                return
            if tries and not statuses.isdisjoint(_NOT_YET):
                self._later = (
                    time.monotonic() + _AGAIN,
                    partial(self._interrupt, evaluation, tries - 1),
                )
            elif not statuses.isdisjoint({"error", *_NOT_YET}):
                with evaluation.dispatcher.guard:
                    evaluation.not_interruptible(refusal_of(reply, "would not interrupt it"))

        message = {"op": "interrupt", "session": sent.session, "interrupt-id": sent.id}
        self._link.session.request(message, answered)

    def _hang_up(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()


def _open_another(link: Link) -> bool:
    """Give the link a new session for the next job, and close the one before it."""
    session = link.session
    if not session.supports("clone"):
        return True
    opened: list[str | None] = []
    before = session.user
    try:
        session.open(opened.append)
        if not link.run_until(lambda: bool(opened), _OPENING) or opened[0] is None:
            return False
        session.use(opened[0])
        if before is not None:
            session.opened.pop(before, None)
            session.request({"op": "close", "session": before}, lambda _: None)
    except ConnectionLost:
        return False
    return True
