"""How a process that only serves comes to its end."""

from __future__ import annotations

import contextlib
import os
import signal

__all__ = ["Ending"]


class Ending:
    """SIGTERM, Ctrl-C, the end of the terminal, or a call of it. To be made in the main thread.

    It is waited for by reading a pipe that the signals themselves write to: one that comes just
    before a thread begins to wait for a lock or an event does not end that wait (its handler would
    run after it). The end of the terminal is ignored where it was before, as under `nohup`.
    """

    def __init__(self) -> None:
        self._ended = False
        self._out, self._in = os.pipe()
        os.set_blocking(self._in, False)
        signal.set_wakeup_fd(self._in, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self)

    def __call__(self, *_signal: object) -> None:
        """End."""
        self._ended = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._in, b".")

    def wait(self) -> None:
        """Return when one has come, or it was called."""
        while not self._ended:
            os.read(self._out, 64)
