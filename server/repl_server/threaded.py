"""The server with threads: each session evaluates in one of its own.

    server = serve("./app.sock", namespace=globals())

Nothing runs in the program's own threads. What a session evaluates runs beside them, with their
globals; locks are the program's business. Between evaluations a session's thread may serve the
connections (`network.relay`).
"""

from __future__ import annotations

import os
import threading
import time

from repl_server.evaluation import routing
from repl_server.evaluation.output import Room, Ticking
from repl_server.evaluation.stage import Perform, PythonSession, Stage
from repl_server.network.bell import Bell
from repl_server.network.relay import QUICK, Relay
from repl_server.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from repl_server.dispatch.dispatcher import Evaluation


__all__ = ["serve"]

_PATIENCE = 10.0
_CROWDED = 3


def serve(
    address: str | os.PathLike[str] | int | None = None,
    *,
    namespace: dict[str, Any] | None = None,
    token: str | None = None,
    port_file: bool | str | os.PathLike[str] = False,
    redefine: bool = True,
) -> Server:
    """Let clients evaluate code in this program, from now on, in threads of their own.

    - `address`: a path (with a slash) for a Unix socket, `"host:port"` or a port on this machine;
      if absent, a socket in the user's runtime directory. See `Server.address`.
    - `namespace`: the globals that code is evaluated in, `globals()` as often as not; if absent,
      those of the module `__main__`.
    - `token`: a secret of 16 characters or more that every client must show. Without one, TCP is
      for this machine only.
    - `port_file`: write the port into `.nrepl-port` in the current directory, while it is served.
    - `redefine`: whether a re-evaluated function or class also changes the one that others hold.

    Raises `AddressError` for what is no address, `AddressInUseError` for a live server's.
    """
    return Server(
        _Threads,
        address,
        namespace=namespace,
        token=token,
        port_file=port_file,
        redefine=redefine,
        patience=_PATIENCE,
        mode="threads",
    )


class _Threads:
    """A thread for each session, from its first evaluation on.

    One more is always there, waiting to become a session's: starting a thread takes longer than
    opening a session and evaluating something small in it.
    """

    mode = "threads"
    flags = 0

    def __init__(self, room: Room, ticking: Ticking, relay: Relay) -> None:
        self.relay = relay
        self._room = room
        self._ticking = ticking
        self._workers: set[_Worker] = set()
        self._spare: _Thread | None = _Thread()
        self._closed = False
        self._changing = threading.Lock()

    def open(self, session: PythonSession, perform: Perform) -> _Worker:
        """A worker; its thread starts when there is something to do."""
        worker = _Worker(session, perform, self._room, self._ticking, self)
        self._workers.add(worker)
        return worker

    def thread(self, worker: _Worker) -> threading.Thread:
        """A thread that works for it, from now on. The guard is held."""
        with self._changing:
            thread, self._spare = self._spare, None
        thread = thread or _Thread()
        thread.work_for(worker)
        return thread

    def refill(self) -> None:
        """Make a spare thread, if there is none. In a thread that has the time."""
        if self._wants_spare():
            spare = _Thread()
            with self._changing:
                if self._wants_spare():
                    self._spare = spare
                    return
            spare.work_for(None)

    def _wants_spare(self) -> bool:
        return self._spare is None and not self._closed

    def left(self, worker: _Worker) -> None:
        """Its thread has ended, or never began."""
        self._workers.discard(worker)

    def close(self, seconds: float) -> None:
        """Wait for the threads that still evaluate."""
        with self._changing:
            self._closed = True
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.work_for(None)
        deadline = time.monotonic() + seconds
        for worker in list(self._workers):
            thread = worker.thread
            if thread is not None and thread is not threading.current_thread():
                thread.join(max(0, deadline - time.monotonic()))


class _Thread(threading.Thread):
    """A thread that waits until it is somebody's."""

    def __init__(self) -> None:
        super().__init__(name="repl-server-spare", daemon=True)
        self._worker: _Worker | None = None
        self._go = threading.Lock()
        self._go.acquire()
        self.start()

    def work_for(self, worker: _Worker | None) -> None:
        """Begin, or end if there is nobody."""
        self._worker = worker
        if worker is not None:
            self.name = f"repl-server-session-{worker.session.name}"
        self._go.release()

    def run(self) -> None:
        """Wait, and work."""
        self._go.acquire()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.session.context.run(worker.work)


class _Worker(Stage):
    """Evaluates what one session is given, in a thread that starts with the first of it."""

    can_be_left = True

    def __init__(
        self,
        session: PythonSession,
        perform: Perform,
        room: Room,
        ticking: Ticking,
        place: _Threads,
    ) -> None:
        super().__init__(session, room, ticking)
        self.place = place
        self.thread: threading.Thread | None = None
        self._perform = perform
        self._next: Evaluation | None = None
        self._quick = False
        self._closed = False
        self._crowded = 0  # how often in a row it has had its turn after others
        self._bell = Bell()

    def give(self, evaluation: Evaluation) -> None:
        """Evaluate this next; the thread has nothing to do now."""
        self.door.reset()
        self._next = evaluation
        self._begin_ticking(evaluation)
        relay = self.place.relay
        if self.thread is None:
            self.thread = self.place.thread(self)
        elif self.door.mine:
            pass  # it looks itself
        elif self._quick and relay.leads_here():
            self._crowded = self._crowded + 1 if relay.follow(self._bell.ring) else 0
        else:
            self._bell.ring()

    def stop(self) -> None:
        """End the thread, and what it evaluates."""
        self._closed = True
        super().stop()
        if self.thread is None:
            self.place.left(self)
        else:
            self._bell.ring()

    def _is_wanted(self) -> bool:
        return self._next is not None or self._closed

    def work(self) -> None:
        """Evaluate what is given, until the session is closed. The thread's whole life.

        In between the thread may serve the connections (see `Relay`).
        """
        self.door.take()
        routing.mark(self)
        perform, clock = self._perform, time.monotonic
        relay, bell, wanted = self.place.relay, self._bell, self._is_wanted
        try:
            while True:
                while (evaluation := self._next) is None:
                    if self._closed:
                        return
                    self.place.refill()
                    relay.lead(wanted)
                    if self._crowded >= _CROWDED:
                        relay.quicken(bell)
                    if not wanted():
                        bell.wait()
                self._next = None
                self.begin(evaluation)
                began = clock()
                perform(self, evaluation)
                self._quick = clock() - began < QUICK
                # A value must not be kept alive by a thread that waits.
                del evaluation
        finally:
            self.door.leave()
            routing.mark(None)
            self.session.forget(self)
            self.place.left(self)
            self.place.refill()
            relay.dismiss(bell)
            relay.call()
