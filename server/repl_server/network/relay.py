"""Which thread serves the connections: the server's own, or one that has just evaluated.

A message that is read in one thread and evaluated in another costs a switch of threads each way,
which takes longer than a small evaluation. So the thread that has evaluated looks for the next
message itself, and if that is for it, nothing is switched.

Rule 1: one thread leads at a time. It reads what clients have sent, and hands on what it has read.
It leads no more while it evaluates; then any thread may, and that which has evaluated first does.

Rule 2: nobody relies on an evaluation to end. While others lead, the server's own thread looks
every 5 ms whether one of them has come to lead since the last look. If not, it leads itself. So an
evaluation that takes long, or for ever, holds up the rest once, for 10 ms at most.

Rule 3: several threads that are to evaluate do so one after the other, each waking the next. If
they were all woken at once they would fight for Python's lock.

Rule 4: only threads whose evaluations are short (`QUICK`) are waited for like that. The others are
woken at once, and whoever leads goes on.

Where one thread of the program evaluates for all, it does not lead: an exception that is meant for
the program (Ctrl-C) would hit it there. It is told once what was read in one turn (`tell`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from repl_server.network.bell import Bell

__all__ = ["QUICK", "Relay"]

QUICK = 0.001
"""Seconds that an evaluation takes at most, for its thread to be waited for."""

_FILES = 64
_LOOK = 0.005
_LINGER = 0.03


class Relay:
    """Hands the serving of connections from thread to thread.

    `turn` is one look at them: it waits so many seconds at most (None: as long as it takes) and
    serves what there is; False if that was nothing, or it is over.
    """

    turn: Callable[[float | None], bool]

    def __init__(self) -> None:
        self._leading = threading.Lock()
        self._leader = 0
        self._taken = 0
        self._next: deque[Callable[[], None]] = deque()
        self._tells: list[Callable[[], None]] = []
        self._called = threading.Lock()
        self._called.acquire()
        self._quick: set[Bell] = set()

    def leads_here(self) -> bool:
        """Whether this thread is the one that serves."""
        return self._leader == threading.get_ident()

    # In the server's own thread.

    def serve(self, closed: Callable[[], bool]) -> None:
        """Serve, when no other thread does. The whole life of the server's own thread."""
        while not closed():
            if self._leading.acquire(blocking=False):
                self._leader = threading.get_ident()
                try:
                    while not self._next and not closed():
                        self.turn(None)
                        while self._tells:
                            self._tell()
                finally:
                    self._leader = 0
                    self._leading.release()
                self._hand_on()
            self._look_on()
        self._leading.acquire(timeout=1.0)

    def _look_on(self) -> None:
        """Wait until this thread is called, or no other one has come to lead for a while."""
        while True:
            taken = self._taken
            if self._called.acquire(timeout=_LOOK) or taken == self._taken:
                return

    # In the thread that leads.

    def follow(self, go: Callable[[], None]) -> bool:
        """Call `go` when it is its turn: it wakes a thread that evaluates, and then may lead.

        True if others have their turn before it.
        """
        self._next.append(go)
        return len(self._next) > 1

    def tell(self, go: Callable[[], None]) -> None:
        """Call `go`, which wakes a thread that evaluates for all: where this leads, after the turn.

        If that has several to evaluate, nobody disturbs it until it says that it is done (`call`),
        or for 5 ms. In the server's own thread, or at once in any other.
        """
        if self.leads_here():
            self._tells.append(go)
        else:
            go()

    def _tell(self) -> None:
        tells, self._tells = self._tells, []
        self._called.acquire(blocking=False)
        tells[0]()
        if len(tells) > 1:
            self._called.acquire(timeout=_LOOK)

    # In a thread that has evaluated.

    def lead(self, wanted: Callable[[], object]) -> None:
        """Serve in this thread, if no other one does, until it is `wanted`, or another one goes on,
        or nothing has come for a while.
        """  # noqa: D205
        if not self._leading.acquire(blocking=False):
            return
        self._taken += 1
        self._leader = threading.get_ident()
        comes = True
        try:
            while comes and not self._next and not wanted():
                comes = self.turn(_LINGER)
        finally:
            self._leader = 0
            self._leading.release()
        if not (wanted() or self._hand_on()):
            self.call()

    def call(self) -> None:
        """Let the server's own thread serve: this one has other things to do."""
        if self._called.locked():
            self._called.release()

    def quicken(self, bell: Bell) -> None:
        """Let it be rung quicker, if not many are so already (64). In the thread that it is for."""
        if not bell.is_quick and len(self._quick) < _FILES and bell.quicken():
            self._quick.add(bell)

    def dismiss(self, bell: Bell) -> None:
        """It is not needed any more."""
        self._quick.discard(bell)
        bell.close()

    def forget(self) -> None:
        """In the child after a fork: the files are the parent's too."""
        for bell in self._quick:
            bell.close()
        self._quick.clear()

    def _hand_on(self) -> bool:
        try:
            go = self._next.popleft()
        except IndexError:
            return False
        go()
        return True
