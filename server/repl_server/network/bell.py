"""Wakes one thread that waits, from any other."""

from __future__ import annotations

import contextlib
import os
import threading

__all__ = ["Bell"]

_ONE = (1).to_bytes(8, "little")


class Bell:
    """One thread waits for it, others ring it. Rung before it is waited for, it is heard too.

    A lock wakes a thread that can't run yet: who releases it still has Python's own lock, for which
    the other one then waits once more. A file is written without that lock, and costs half as much;
    so who is rung often has one (`quicken`, on Linux).
    """

    __slots__ = ("_file", "_lock", "_using")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self._file = -1
        self._using: threading.Lock | None = None

    @property
    def is_quick(self) -> bool:
        """Whether it has a file."""
        return self._file >= 0

    def ring(self) -> None:
        """Wake who waits."""
        if self._using is not None:
            with self._using:  # closed meanwhile, its number could be another file's
                if self._file >= 0:
                    os.write(self._file, _ONE)
                    return
        if self._lock.locked():
            self._lock.release()

    def wait(self) -> None:
        """Wait until it rings. Only in the thread that it is for."""
        if self._file >= 0:
            os.read(self._file, 8)
        else:
            self._lock.acquire()

    def quicken(self) -> bool:
        """Give it a file, if there can be one. In the thread that it is for.

        What was rung just before may not be heard.
        """
        if hasattr(os, "eventfd"):
            with contextlib.suppress(OSError):
                self._file = os.eventfd(0)
                self._using = threading.Lock()
        return self._file >= 0

    def close(self) -> None:
        """It has no file any more."""
        if self._using is not None:
            with self._using:
                file, self._file = self._file, -1
            if file >= 0:
                os.close(file)
