"""The terminal as prompt_toolkit writes to it, for much at once.

A large piece is written by a thread of its own, so that the next one is read and made while the
terminal takes this one. There is never more than one on its way: whatever else is written waits
for its end first, so that all stays in order, and whoever changes the terminal's modes (an editor,
a pager, the end) has erased the prompt before, and so waited too.
"""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any, Final, TextIO

from prompt_toolkit.data_structures import Size
from prompt_toolkit.output.vt100 import Vt100_Output

from repl_connect.terminal_mode import changed_mode

__all__ = ["TerminalOutput"]

_LARGE: Final = 16 * 1024
_LARGEST: Final = 256 * 1024
_TURN: Final = 0.015  # seconds that a large piece should take


class TerminalOutput(Vt100_Output):
    """Writes to a terminal. `size` is asked for its size.

    `room` is how many characters it takes within the time that a key may wait.
    """

    def __init__(self, stdout: TextIO, size: Callable[[], Size], term: str | None = None) -> None:
        # Where the cursor is matters to toolbars only; asking would cost a round trip each time.
        super().__init__(stdout, size, term, enable_cpr=False)
        self.room = _LARGE
        self._descriptor = stdout.fileno()
        self._gathering = False
        self._encoded: list[bytes] = []  # what was written before `_buffer`
        self._writing = threading.Lock()
        self._large: SimpleQueue[bytes] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def flush(self) -> None:
        """Write what was gathered."""
        if not self._gathering and (self._buffer or self._encoded):
            self._write_out()

    def write_text(self, text: str) -> None:
        """Write lines that have no control codes but colours.

        They are not joined with what else is written before all is bytes: one wide character in
        that (a picture of a spinner) would have all the text take twice the room, and be encoded
        many times slower.
        """
        self._encode()
        # Bytes are replaced three times as fast as characters.
        self._encoded.append(self._bytes(text).replace(b"\n", b"\r\n"))

    @contextlib.contextmanager
    def gathered(self) -> Iterator[None]:
        """Write all that the block writes in one piece at its end; nothing is seen in between."""
        self._gathering = True
        try:
            yield
        finally:
            self._gathering = False
            self._write_out()

    @property
    def gathered_pieces(self) -> list[str]:
        """What is gathered since the last `write_text`, piece by piece."""
        return self._buffer

    def drain(self) -> None:
        """Wait until all is written. Raises `OSError` if the terminal is gone."""
        with self._writing:
            pass
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _bytes(self, text: str) -> bytes:
        return text.encode(self.encoding(), "replace")

    def _encode(self) -> None:
        if self._buffer:
            self._encoded.append(self._bytes("".join(self._buffer)))
            self._buffer = []

    def _write_out(self) -> None:
        self._encode()
        data = b"".join(self._encoded)
        self._encoded = []
        self.drain()
        if len(data) < _LARGE:
            self._write_all(data)
            return
        self._writing.acquire()
        self._large.put(data)
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_large, name="terminal", daemon=True)
            self._thread.start()

    def _write_large(self) -> None:
        while True:
            data = self._large.get()
            started = time.monotonic()
            try:
                with _own_newlines(self._descriptor):
                    self._write_all(data)
            except OSError as error:
                self._error = error
            speed = len(data) / max(time.monotonic() - started, 1e-4)
            self.room = int(min(max(_TURN * speed, _LARGE), _LARGEST))
            self._writing.release()

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:  # another program that has this terminal set it so
                select.select([], [self._descriptor], [])


def _own_newlines(descriptor: int) -> contextlib.AbstractContextManager[None]:
    """Keep the terminal's driver from looking at each byte for newlines that lack a return.

    prompt_toolkit writes the returns itself. Twice as much goes through a pseudo terminal so.
    """
    return changed_mode(descriptor, _leave_newlines)


def _leave_newlines(mode: list[Any]) -> None:
    mode[1] &= ~termios.OPOST
