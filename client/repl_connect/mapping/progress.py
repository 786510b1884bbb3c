"""One line at the bottom of a terminal: how far it is. It makes way for what is printed."""

from __future__ import annotations

import os
import time
from typing import Final, TextIO

__all__ = ["Progress"]

_EVERY: Final = 0.1  # seconds between two drawings
_BAR: Final = 24  # columns


class Progress:
    """On `stream`, a terminal. `total` is None while it is not known."""

    def __init__(self, stream: TextIO, total: int | None) -> None:
        self.total = total
        self._stream = stream
        self._started = time.monotonic()
        self._drawn = 0.0
        self._shown = False
        self._done = 0
        self._failed = 0

    def count(self, *, failed: bool) -> None:
        """One more is done."""
        self._done += 1
        self._failed += failed

    def draw(self) -> None:
        """Show it as it is now, if that is long enough after the last time."""
        now = time.monotonic()
        if now - self._drawn < _EVERY:
            return
        self._drawn = now
        line = self._line(now - self._started)
        try:
            width = os.get_terminal_size(self._stream.fileno()).columns
        except OSError:
            width = 80
        self._stream.write(f"\r{line[: width - 1]}\x1b[K")
        self._stream.flush()
        self._shown = True

    def hide(self) -> None:
        """Make the line empty, for something else to be printed there."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False
            self._drawn = 0.0

    def _line(self, seconds: float) -> str:
        words = f"{self._done:,}"
        if self.total:
            filled = min(_BAR, _BAR * self._done // self.total)
            words = f"[{'#' * filled}{'.' * (_BAR - filled)}] {words} of {self.total:,}"
        if seconds > 1 and self._done > 1:
            words += f", {self._done / seconds:,.1f}/s"
        return words + (f", {self._failed:,} failed" if self._failed else "")
