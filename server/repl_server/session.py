"""One session's thread, and what it keeps from one evaluation to the next.

Waking another thread takes longer than evaluating `1+1`. So the thread that has evaluated goes on
reading the connection itself (`Reading`), and the next evaluation needs no hand-over.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
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

__all__ = ["Reading", "Worker"]

_TICK = 0.01
_LINGER = 100
_RECEIVE = 65_536


class Reading:
    """Who reads one connection: its own thread, or that of the session it evaluates in.

    Rule 1: only the thread that has the lock reads, and passes on what it has read.

    Rule 2: whoever reads an evaluation for a thread that has nothing to do leaves the reading to it
    (`give_away`), and that thread reads when it has evaluated.

    Rule 3: if nobody reads for a tick (the evaluation lasts), the connection's own thread does
    again (`stand_by`); so an interrupt is read however long an evaluation runs. That thread waits
    with a timeout while there are evaluations, without one when there are none for a second.

    Rule 4: a session's thread only reads on. The end of the stream, an error and a client that does
    not read its answers are left to the connection's own thread.
    """

    def __init__(self, sock: socket.socket, passes: Callable[[bytes], bool]) -> None:
        self.lock = threading.Lock()
        self.room = True
        """Whether the client reads its answers."""
        self.error: Exception | None = None
        """What a session's thread has met while it read."""
        self._socket = sock
        self._passes = passes
        self._turns = 0
        self._standing_by = threading.Lock()
        self._standing_by.acquire()
        self._asleep = False
        self._left = False
        self._given = False
        self._poll: Callable[[], list[tuple[int, int]]] | None = None
        self._pipe: tuple[int, int] | None = None
        self._called = False

    def stand_by(self) -> None:
        """In the connection's own thread: give the lock up, and wait until it has it again."""
        self._left = False
        self._standing_by.acquire(blocking=False)
        self.lock.release()
        seen, quiet = self._turns, 0
        while True:
            if quiet < _LINGER:
                self._standing_by.acquire(timeout=_TICK)
            else:
                self._asleep = True
                if self._turns == seen and self.lock.locked():
                    self._standing_by.acquire()
                    seen = -1
                self._asleep = False
                quiet = 0
            left, self._left = self._left, False
            turns = self._turns
            if (left or turns == seen) and self.lock.acquire(blocking=False):
                return
            quiet = quiet + 1 if turns == seen else 0
            seen = turns

    def pass_on(self, data: bytes) -> bool:
        """Pass on what was read; True if that gives the reading away."""
        self._given = False
        self.room = self._passes(data)
        return self._given

    def give_away(self) -> None:
        """A session's thread, which had nothing to do, has got an evaluation: it reads next."""
        self._given = True

    def leave(self) -> None:
        """The connection's own thread is to read again now."""
        self._left = True
        self._rouse()

    def call(self) -> None:
        """Make the session's thread that reads look up. The guard is held."""
        if self._pipe is not None and not self._called:
            self._called = True
            os.write(self._pipe[1], b".")

    def close(self) -> None:
        """The connection has ended, and its own thread has the lock. The guard is held."""
        pipe, self._pipe = self._pipe, None
        for end in pipe or ():
            os.close(end)

    def read_for(self, worker: Worker) -> None:
        """In a session's thread: read until it has something to do, if nobody else reads."""
        if not self.lock.acquire(blocking=False):
            return
        left = True
        try:
            poll = self._poll or self._open()
            while poll is not None and worker.idle:
                poll()
                if self._called:
                    self._answer_call()
                    continue
                data = self._socket.recv(_RECEIVE)
                if not data:
                    break
                self._turns += 1
                if self._asleep:
                    self._rouse()
                given = self.pass_on(data)
                if not self.room:
                    break
                if given:
                    left = False
                    break
        except Exception as error:
            self.error = error
        finally:
            self.lock.release()
            if left:
                self.leave()

    def _rouse(self) -> None:
        with contextlib.suppress(RuntimeError):  # it is awake
            self._standing_by.release()

    def _open(self) -> Callable[[], list[tuple[int, int]]] | None:
        """What waits for the client or a call; None if there are no descriptors left for it."""
        if not hasattr(select, "poll"):
            return None
        try:
            self._pipe = os.pipe()
        except OSError:
            return None
        poll = select.poll()
        for source in (self._socket.fileno(), self._pipe[0]):
            poll.register(source, select.POLLIN)
        self._poll = poll.poll
        return poll.poll

    def _answer_call(self) -> None:
        assert self._pipe is not None
        os.read(self._pipe[0], 1)
        self._called = False


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
        self._reading: Reading | None = None
        self._reads: Reading | None = None
        self.thread: threading.Thread | None = None

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return self._next is None and not self.closed

    def give(self, evaluation: Evaluation) -> None:
        """Evaluate this next; the thread has nothing to do now."""
        self.door.reset()
        self._reading = reading = evaluation.client.state
        mine = self.door.mine
        if reading is not None and (self._reads is not None or not mine):
            reading.give_away()
        self._next = evaluation
        if self.thread is None:
            self.thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self.thread.start()
        elif not mine:
            self._rouse()

    def stop(self) -> None:
        """End the thread, and what it evaluates."""
        self.closed = True
        self.input.end()
        self.door.ask()
        self._rouse()

    def outlet(self) -> Outlet:
        """The way to the client for threads that the evaluation starts."""
        if self._outlet is None:
            assert self.evaluation is not None
            self._outlet = Outlet(self.evaluation, self.input, self._flusher, self._room)
        return self._outlet

    def flush(self) -> None:
        """Send all that was printed so far."""
        if self.out.used:
            self.out.flush()
        if self.err.used:
            self.err.flush()
        if self._outlet is not None:
            self._outlet.flush()

    def _rouse(self) -> None:
        if self._wake.locked():
            self._wake.release()
        reads = self._reads
        if reads is not None:
            reads.call()

    def _work(self) -> None:
        self.door.take()
        routing.mark(self)
        try:
            while True:
                while self.idle:
                    self._wait()
                if self.closed and self._next is None:
                    return
                evaluation, self._next = self._next, None
                assert evaluation is not None
                self._begin(evaluation)
                self._evaluate(self, evaluation)
                # A value must not be kept alive by a thread that waits.
                evaluation = None
        finally:
            self.door.leave()
            if self._reading is not None:
                self._reading.leave()

    def _wait(self) -> None:
        """Read on where the last evaluation came from, or sleep, until there may be a next one."""
        reading, self._reading = self._reading, None
        if reading is not None:
            self._reads = reading
            reading.read_for(self)
            self._reads = None
        elif self.idle:
            self._wake.acquire()

    def _begin(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._outlet = None
        self.out.evaluation = self.err.evaluation = self.input.evaluation = evaluation
        if self._bound is None or (sys.stdin, sys.stdout, sys.stderr) != self._bound:
            self._bound = routing.bind(
                {"stdin": self.input, "stdout": self.out, "stderr": self.err}
            )
