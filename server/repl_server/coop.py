"""The server for programs with a loop of their own: it evaluates when the program polls it.

    server = CoopServer("./app.sock", namespace=globals())
    while True:
        step()
        server.sleep(1)        # or, in a frame loop: server.poll()

All evaluation happens within `poll` and `sleep`, in the thread that calls them, so no lock is
needed: nothing of the program runs at the same time.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque

from repl_server.evaluation import routing
from repl_server.evaluation.interrupt import closed_here, wake_with_a_signal
from repl_server.evaluation.output import Room, Ticking
from repl_server.evaluation.stage import Perform, PythonSession, Stage
from repl_server.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from repl_server.dispatch.dispatcher import Evaluation
    from repl_server.dispatch.holding import Held
    from repl_server.network.relay import Relay


__all__ = ["CoopServer"]

_PATIENCE = 0.1
_BUDGET = 0.005
_TURN = 0.05


class CoopServer(Server):
    """A server that evaluates only within `poll` and `sleep`.

    - `address`, `namespace`, `token`, `port_file`, `redefine`: as of `serve`.

    Raises `AddressError` for what is no address, `AddressInUseError` for a live server's.
    """

    def __init__(
        self,
        address: str | os.PathLike[str] | int | None = None,
        *,
        namespace: dict[str, Any] | None = None,
        token: str | None = None,
        port_file: bool | str | os.PathLike[str] = False,
        redefine: bool = True,
    ) -> None:
        self._turns = _Turns()
        self._ready = self._turns.ready
        super().__init__(
            self._turns.place,
            address,
            namespace=namespace,
            token=token,
            port_file=port_file,
            redefine=redefine,
            patience=_PATIENCE,
            mode="cooperative",
        )
        wake_with_a_signal()

    def poll(self, budget: float = _BUDGET) -> None:
        """Evaluate what clients have sent, if anything; returns at once if not.

        After `budget` seconds no further evaluation is begun; what has begun is not cut short.
        """
        if self._ready:
            self._turns.poll(budget)

    def sleep(self, seconds: float) -> None:
        """Evaluate what clients send, for so many seconds; what is sent is evaluated at once."""
        self._turns.sleep(seconds)

    def _wait(self, held: Held) -> None:
        if self._turns.are_taken_here():
            self._turns.serve(held)
        else:
            super()._wait(held)


class _Turns:
    """A place where evaluations wait for the program to take them: first in, first out."""

    mode = "cooperative"
    flags = 0

    def __init__(self) -> None:
        self.ready: deque[tuple[_HostStage, Evaluation]] = deque()
        self._taking = threading.Lock()
        self._taker = 0
        self._polls: threading.Thread | None = None
        self._wake = threading.Lock()
        self._wake.acquire()
        self._closed = False
        self._room: Room
        self._ticking: Ticking
        self._relay: Relay

    def place(self, room: Room, ticking: Ticking, relay: Relay) -> _Turns:
        """Itself, when it is known who has room, what is ticked, and who reads."""
        self._room, self._ticking, self._relay = room, ticking, relay
        return self

    def open(self, session: PythonSession, perform: Perform) -> Stage:
        """A stage in whichever thread takes the turn."""
        return _HostStage(session, perform, self._room, self._ticking, self)

    def close(self, seconds: float) -> None:  # noqa: ARG002
        """Nothing is waited for: what runs, runs in the caller's own thread. `sleep` ends."""
        self._closed = True
        self.rouse()

    def are_taken_here(self) -> bool:
        """Whether no other thread is known to be the one that polls."""
        polls = self._polls
        return polls is None or polls is threading.current_thread() or not polls.is_alive()

    def serve(self, held: Held) -> None:
        """Evaluate, in this thread, until it is chosen how to go on with an error."""
        held.waits(self.rouse)
        while not held.chosen():
            if not self.ready:
                self._wake.acquire(timeout=_TURN)
            elif not self.take(0.0):
                time.sleep(_BUDGET)

    def give(self, stage: _HostStage, evaluation: Evaluation) -> None:
        """Let it be taken at the program's next poll, or at once if that waits for it."""
        self.ready.append((stage, evaluation))
        self._relay.tell(self.rouse)

    def rouse(self) -> None:
        """There is something to take."""
        if self._wake.locked():
            self._wake.release()

    def poll(self, budget: float) -> None:
        """Evaluate for so many seconds, for the program."""
        self._polls = threading.current_thread()
        self.take(budget)

    def take(self, budget: float) -> bool:
        """Evaluate for so many seconds. False: another thread does just now, and it is left to it.

        An evaluation that polls (it calls the program's own step, perhaps) lets others take their
        turns within its own.
        """
        me = threading.get_ident()
        within = self._taker == me
        if not within and not self._taking.acquire(blocking=False):
            return False
        door = closed_here()
        try:
            self._taker = me
            if door is not None:
                with door:
                    self._take(budget)
            else:
                self._take(budget)
        finally:
            if not within:
                self._taker = 0
                self._taking.release()
        return True

    def _take(self, budget: float) -> None:
        until = time.monotonic() + budget
        while self.ready:
            try:
                stage, evaluation = self.ready.popleft()
            except IndexError:  # it was withdrawn
                return
            stage.perform(evaluation)
            if time.monotonic() >= until:
                return
        self._relay.call()

    def sleep(self, seconds: float) -> None:
        """Evaluate for so many seconds, and wait in between."""
        self._polls = threading.current_thread()
        until = time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            if self.ready and self.take(max(0.0, left)):
                pass
            elif self.ready and left > 0:
                time.sleep(min(left, _BUDGET))
            elif left > 0 and not self._closed:
                self._wake.acquire(timeout=min(left, threading.TIMEOUT_MAX))
            if left <= 0:
                return
            if self._closed:
                time.sleep(max(0.0, until - time.monotonic()))
                return


class _HostStage(Stage):
    """Evaluates in the program's own thread, when it is its turn."""

    def __init__(
        self,
        session: PythonSession,
        perform: Perform,
        room: Room,
        ticking: Ticking,
        turns: _Turns,
    ) -> None:
        super().__init__(session, room, ticking)
        self._perform = perform
        self._turns = turns

    def give(self, evaluation: Evaluation) -> None:
        """Evaluate this at the program's next poll."""
        self.door.reset()
        self._begin_ticking(evaluation)
        self._turns.give(self, evaluation)

    def withdraw(self, evaluation: Evaluation) -> bool:
        """Take it back, if the program has not polled since."""
        try:
            self._turns.ready.remove((self, evaluation))
        except ValueError:
            return False
        return True

    def perform(self, evaluation: Evaluation) -> None:
        """Evaluate it now, in this thread, with this session's standard files and variables."""
        self.session.context.run(self._perform_here, evaluation)

    def _perform_here(self, evaluation: Evaluation) -> None:
        self.take_on(evaluation)
        with self.here():
            files = routing.lead(self.files())
            try:
                self._perform(self, evaluation)
            finally:
                routing.bind(files)
