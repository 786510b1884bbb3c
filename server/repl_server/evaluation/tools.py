"""The thread that answers completions and lookups, so that nothing else waits for them."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable

__all__ = ["Tools"]

_MOST = 1_000


class Tools:
    """Does one thing after the other, in a thread that starts with the first and waits on."""

    def __init__(self) -> None:
        self._jobs: deque[Callable[[], None]] = deque()
        self._wake = threading.Lock()
        self._wake.acquire()
        self._thread: threading.Thread | None = None
        self._closed = False

    def __call__(self, job: Callable[[], None]) -> None:
        """Do this soon; the guard is held. Beyond a thousand that wait, the oldest is dropped."""
        if len(self._jobs) >= _MOST:
            self._jobs.popleft()
        self._jobs.append(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="repl-server-tools", daemon=True)
            self._thread.start()
        self._rouse()

    def close(self) -> None:
        """End the thread."""
        self._closed = True
        self._rouse()

    def _rouse(self) -> None:
        with contextlib.suppress(RuntimeError):  # it is awake
            self._wake.release()

    def _run(self) -> None:
        while not self._closed:
            self._wake.acquire()
            while self._jobs:
                self._jobs.popleft()()
