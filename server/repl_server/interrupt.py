"""How an interrupt gets into the thread that evaluates, and into nothing else.

An interrupt is an exception that Python raises in another thread at its next bytecode
(`PyThreadState_SetAsyncExc`). Raised one instruction too late it would hit the next evaluation, or
this server's own code with a lock held and a reply half written. Hence:

Rule 1: a thread can be hit only while its door is open, and it is open only while the user's code
runs. What this server does in between (sending output, waiting for input) is done with the door
closed.

Rule 2: opening, closing and shooting hold the door's lock. Closing takes back a shot that has not
landed; opening repeats it. So a shot lands exactly once, and never after the door was closed for
good. That a shot has landed is known because the exception says so when it is made.

Rule 3: whoever waits with the door closed looks at `wanted`, and goes on when it is true.

What can't be interrupted: a call into C that does not come back (`time.sleep(1000)`,
`lock.acquire()`). The shot stays armed and lands when the call returns; `Watch` says so to whoever
asked for the interrupt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

__all__ = ["Closed", "Door", "Interrupt", "watch"]


class Interrupt(KeyboardInterrupt):
    """The interrupt as the evaluated code sees it: a `KeyboardInterrupt`."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        door = _doors.get(threading.get_ident())
        if door is not None:
            door.landed()


Interrupt.__name__ = Interrupt.__qualname__ = "KeyboardInterrupt"
Interrupt.__module__ = "builtins"

_doors: dict[int, Door] = {}


class Door:
    """The one way an interrupt comes into one thread. Made by any thread, owned by `take`'s."""

    def __init__(self) -> None:
        self.is_open = False
        self.wanted = False
        """Whether an interrupt was asked for that has not landed yet."""
        self._lock = threading.Lock()
        self._shot = False
        self._ident = 0
        self._wakers: list[Callable[[], None]] = []

    def take(self) -> None:
        """Make it this thread's."""
        self._ident = threading.get_ident()
        _doors[self._ident] = self

    def leave(self) -> None:
        """The thread ends."""
        _doors.pop(self._ident, None)

    @property
    def mine(self) -> bool:
        """Whether this is the door of the thread that asks."""
        return self._ident == threading.get_ident()

    def reset(self) -> None:
        """Forget an interrupt that came too late for the evaluation before."""
        self.wanted = self._shot = False

    def ask(self) -> None:
        """Interrupt what runs in the thread; from any thread."""
        with self._lock:
            self.wanted = True
            if self.is_open:
                self._shot = True
                _shoot(self._ident, Interrupt)
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    def wakes(self, wake: Callable[[], None]) -> None:
        """Call `wake` after each `ask`: something that waits in this thread wants to know."""
        self._wakers.append(wake)

    def open(self) -> None:
        """The user's code runs now. The interrupt comes here if one was asked for before."""
        with self._lock:
            self.is_open = True
            if self.wanted:
                self._shot = True
                _shoot(self._ident, Interrupt)

    def close(self) -> None:
        """The user's code does not run now. A shot on its way may still come here, then repeat."""
        with self._lock:
            self.is_open = False
            if self._shot:
                _shoot(self._ident, None)

    def landed(self) -> None:
        """The interrupt has been raised."""
        self.wanted = False

    def closed(self) -> Closed:
        """`with door.closed():` the door is closed in the block, if this is the door's thread."""
        return Closed(self)


class Closed:
    """A block of this server's own code within the user's."""

    __slots__ = ("_door", "_reopen")

    def __init__(self, door: Door) -> None:
        self._door = door
        self._reopen = False

    def __enter__(self) -> None:
        door = self._door
        if door.is_open and door.mine:
            door.close()
            self._reopen = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._reopen:
            self._door.open()


def _shoot(ident: int, exception: type[BaseException] | None) -> None:
    import ctypes  # some milliseconds, which only an interrupt pays

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(ident), None if exception is None else ctypes.py_object(exception)
    )


def watch(still: Callable[[], bool], say: Callable[[], None], seconds: float) -> None:
    """Call `say` if `still` holds after so many seconds; returns at once."""

    def wait() -> None:
        pause = threading.Event()
        for _ in range(20):
            pause.wait(seconds / 20)
            if not still():
                return
        say()

    threading.Thread(target=wait, name="repl-server-interrupt", daemon=True).start()
