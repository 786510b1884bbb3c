"""How an interrupt gets into the thread that evaluates, and into nothing else.

An interrupt is an exception that Python raises in another thread at its next bytecode
(`PyThreadState_SetAsyncExc`). Raised one instruction too late it would hit the next evaluation, or
this server's own code with a lock held and a reply half written. Hence:

Rule 1: a thread can be hit only while its door is open, and it is open only while the user's code
runs. What this server does in between (sending output, waiting for input) is done with the door
closed.

Rule 2: who asks says so first (`wanted`) and then shoots, under the lock, if the door is open. Who
opens or closes the door does that first and then looks whether somebody asks; the lock is only for
that. Closing takes back a shot that has not landed; opening repeats it. So a shot lands exactly
once, and never after the door was closed for good. That a shot has landed is known because the
exception says so when it is made. Python makes it where it is caught; where it comes into what
tidies up (a file that nobody holds is closed), Python drops it before: then it is repeated
(`ask_again`).

Rule 3: whoever waits with the door closed looks at `wanted`, and goes on when it is true.

Rule 4: a debugger stops only what runs with the door open. Else one that steps on would stop in
this server with a lock held, or, when the evaluation is over, in the program's own loop.

Calls into C that wait:

- In the main thread a signal wakes them (`wake_with_a_signal`): `time.sleep`, locks, sockets. The
  signal's handler does nothing; the exception is raised in it, at its first bytecode, and the call
  ends with it. The signal is SIGURG, which nothing happens by; a program that uses it keeps it.
- In other threads Python resumes them whatever comes. `time.sleep` is replaced there by a wait that
  can be ended (`sleep_interruptibly`). What else waits (a lock, a socket) can't be ended; the shot
  stays and lands when the call returns.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


__all__ = [
    "Closed",
    "Door",
    "Interrupt",
    "closed_here",
    "is_ctrl_c",
    "sleep_interruptibly",
    "sleep_plainly",
    "wake_with_a_signal",
]


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
_main = threading.main_thread().ident
_signal: int | None = None
_trace = sys.gettrace


class Door:
    """The one way an interrupt comes into one thread. Made by any thread, owned by `take`'s.

    `wanted`: whether an interrupt was asked for that has not landed yet.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.wanted = False
        self._lock = threading.RLock()  # a shot may land while this thread holds it
        self._shot = False
        self._ident = 0
        self._outer: Door | None = None
        self._pause: threading.Lock | None = None
        self._wakers: list[Callable[[], None]] = []
        self._debugger: Any = None
        """What traces the user's code, and nothing but that."""
        self._outside: Any = None

    def take(self) -> None:
        """Make it this thread's; a door that was so before stays shut until `leave`."""
        self._ident = ident = threading.get_ident()
        self._outer = _doors.get(ident)
        _doors[ident] = self

    def leave(self) -> None:
        """The thread is not this door's any more."""
        if self._ident == _main and "pdb" in sys.modules:
            _give_back_ctrl_c()
        if self._outer is None:
            _doors.pop(self._ident, None)
        else:
            _doors[self._ident] = self._outer
            self._outer = None
        self._ident = 0

    @property
    def mine(self) -> bool:
        """Whether this is the door of the thread that asks."""
        return self._ident == threading.get_ident()

    def reset(self) -> None:
        """Forget an interrupt that came too late for the evaluation before."""
        self.wanted = self._shot = False
        self._debugger = None

    def ask(self) -> None:
        """Interrupt what runs in the thread; from any thread."""
        import ctypes  # noqa: F401  (now, and not in the thread that is interrupted)

        self.wanted = True
        with self._lock:
            if self.is_open:
                self._interrupt()
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    def ask_again(self) -> None:
        """Repeat it, if it has not landed yet; from any thread.

        What was just about to wait has not seen the signal, or Python has dropped the exception.
        """
        with self._lock:
            if self.wanted and self.is_open:
                self._interrupt()

    def _interrupt(self) -> None:
        self._shot = True
        _shoot(self._ident, Interrupt)
        if self._pause is not None and self._pause.locked():
            self._pause.release()
        if self._ident == _main and _signal is not None:
            import signal

            signal.pthread_kill(self._ident, _signal)

    def wakes(self, wake: Callable[[], None]) -> None:
        """Call `wake` after each `ask`: something that waits in this thread wants to know."""
        self._wakers.append(wake)

    def forget(self) -> None:
        """Nothing waits in this thread any more."""
        self._wakers.clear()

    def open(self) -> None:
        """The user's code runs now. The interrupt comes here if one was asked for before."""
        self._outside = _trace()
        self.is_open = True
        if self.wanted:
            with self._lock:
                self._shot = True
                _shoot(self._ident, Interrupt)
        if self._debugger is not None:
            sys.settrace(self._debugger)

    def close(self) -> None:
        """The user's code does not run now. A shot on its way may still come here, then repeat."""
        if (self._debugger is not None or _trace() is not self._outside) and self.is_open:
            self._put_debugger_away()
        self.is_open = False
        if self.wanted or self._shot:
            with self._lock:
                _shoot(self._ident, None)

    def _put_debugger_away(self) -> None:
        trace = _trace()
        self._debugger = None if trace is self._outside else trace
        sys.settrace(self._outside)
        _pass_over_this_server(trace)

    def shut(self) -> None:
        """Close it, also if the last interrupt comes at this very moment."""
        try:
            self.close()
        except Interrupt:
            self.close()

    def landed(self) -> None:
        """The interrupt has been raised: once, also if it was repeated."""
        with self._lock:
            self.wanted = False
            _shoot(self._ident, None)

    def closed(self) -> Closed:
        """`with door.closed():` the door is closed in the block, if this is the door's thread."""
        return Closed(self)

    def pause(self, seconds: float) -> None:
        """Sleep in the door's thread, with the door open; the exception ends it."""
        if self._pause is None:
            self._pause = threading.Lock()
        pause = self._pause
        pause.acquire(blocking=False)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            pause.acquire(timeout=min(left, threading.TIMEOUT_MAX))


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


def is_ctrl_c(error: BaseException) -> bool:
    """Whether it comes from the program's own terminal: a signal, and no `raise` in the code."""
    if type(error) is not KeyboardInterrupt or threading.get_ident() != _main:
        return False
    import opcode

    traceback = error.__traceback__
    if traceback is None:
        return True
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    last = traceback.tb_frame.f_code.co_code[traceback.tb_lasti]
    return last != opcode.opmap["RAISE_VARARGS"]


def closed_here() -> Closed | None:
    """The open door of this thread, to be closed for a block, if there is one."""
    door = _doors.get(threading.get_ident())
    return Closed(door) if door is not None and door.is_open else None


def _shoot(ident: int, exception: type[BaseException] | None) -> None:
    import ctypes  # some milliseconds, which only an interrupt pays

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(ident), None if exception is None else ctypes.py_object(exception)
    )


def wake_with_a_signal() -> None:
    """From now on interrupts end what waits in the main thread; called there, else in vain."""
    global _signal
    if _signal is not None or threading.get_ident() != _main:
        return
    import signal

    number = getattr(signal, "SIGURG", None)
    if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.SIG_IGN):
        signal.signal(number, _woken)
        _signal = number


def _woken(*_signal: object) -> None:
    """The exception that was asked for is raised here."""


def _pass_over_this_server(trace: Any) -> None:
    """Where the user's code calls this server (it prints), or returns to it, is nothing to show."""
    debugger = getattr(trace, "__self__", None)
    if getattr(debugger, "skip", ()) is None:
        debugger.skip = {"repl_server", "repl_server.*"}  # type: ignore[union-attr]


def _give_back_ctrl_c() -> None:
    """After `continue` the debugger handles SIGINT, which is the program's again from now on."""
    import signal

    debugger: Any = getattr(sys.modules["pdb"], "Pdb", None)
    before = getattr(debugger, "_previous_sigint_handler", None)
    if before is not None:
        signal.signal(signal.SIGINT, before)
        debugger._previous_sigint_handler = None  # noqa: SLF001


_sleep: Callable[[float], None] = time.sleep


def _sleep_interruptibly(seconds: float, /) -> None:
    door = _doors.get(threading.get_ident())
    if door is None or not door.is_open or type(seconds) not in (int, float) or not seconds > 0:
        _sleep(seconds)
    else:
        door.pause(seconds)


_sleep_interruptibly.__name__ = _sleep_interruptibly.__qualname__ = "sleep"
_sleep_interruptibly.__doc__ = _sleep.__doc__


def sleep_interruptibly() -> None:
    """Put a `time.sleep` in place that an interrupt ends also in threads that evaluate."""
    global _sleep
    if time.sleep is not _sleep_interruptibly:
        _sleep = time.sleep
        time.sleep = _sleep_interruptibly  # type: ignore[assignment]


def sleep_plainly() -> None:
    """Take it back."""
    if time.sleep is _sleep_interruptibly:
        time.sleep = _sleep  # type: ignore[assignment]
