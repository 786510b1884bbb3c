"""`sys.stdin` of an evaluation: what it lacks is asked of the client (`need-input`)."""

from __future__ import annotations

import io
import threading
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from repl_server.dispatch.dispatcher import Evaluation
    from repl_server.evaluation.interrupt import Door


__all__ = ["MOST", "Input"]

MOST = 1_048_576
"""Characters of input that may wait to be read."""


class _Waiting:
    """Text that waits to be read, and what is notified when there is more."""

    __slots__ = ("changed", "chunks")

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.chunks: deque[str] = deque()


class Input(io.TextIOBase):
    """One session's input. The session's thread reads it, and threads it has started may.

    `show_prompt` sends what was printed so far, so that a question is seen before it is asked.
    """

    def __init__(self, door: Door, show_prompt: Callable[[], None]) -> None:
        self.evaluation: Evaluation | None = None
        self._show_prompt = show_prompt
        self._door = door
        self._size = 0
        self._ended = False
        self._secret = False
        door.wakes(self._wake)

    @property
    def _waiting(self) -> _Waiting:
        """What waits to be read. Made when it is first needed: few evaluations read anything."""
        made: _Waiting | None = self.__dict__.get("waiting")
        return made or self.__dict__.setdefault("waiting", _Waiting())

    def give(self, text: str) -> bool:
        """Text from the client, `""` for the end of input; False if too much waits already."""
        waiting = self._waiting
        with waiting.changed:
            if self._size + len(text) > MOST:
                return False
            waiting.chunks.append(text)
            self._size += len(text)
            waiting.changed.notify_all()
        return True

    def end(self) -> None:
        """There will be no more: the session is closed."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if "waiting" in self.__dict__:  # else nobody waits, and who is about to looks first
            with self._waiting.changed:
                self._waiting.changed.notify_all()

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        """One line; `""` at the end of input."""
        return self._read(-1 if size is None else size, to_line_end=True)

    def read(self, size: int | None = -1, /) -> str:
        """So many characters, or all up to the end of input."""
        return self._read(-1 if size is None else size, to_line_end=False)

    def read_secret(self) -> str:
        """A line that the client is asked not to show."""
        self._secret = True
        try:
            return self.readline()
        finally:
            self._secret = False

    def _read(self, size: int, *, to_line_end: bool) -> str:
        got: list[str] = []
        length = 0
        while size < 0 or length < size:
            with self._door.closed():
                chunk = self._chunk()
                if not chunk:
                    if got and to_line_end and not self._interrupted():
                        self._waiting.chunks.appendleft(chunk)  # the next line is the end
                    break
                if to_line_end and (end := chunk.find("\n") + 1):
                    chunk = self._put_back(chunk, end)
                if 0 <= size < length + len(chunk):
                    chunk = self._put_back(chunk, size - length)
                got.append(chunk)
                length += len(chunk)
            if to_line_end and chunk.endswith("\n"):
                break
        return "".join(got)

    def _put_back(self, chunk: str, keep: int) -> str:
        if keep < len(chunk):
            with self._waiting.changed:
                self._waiting.chunks.appendleft(chunk[keep:])
                self._size += len(chunk) - keep
        return chunk[:keep]

    def _chunk(self) -> str:
        """The next text from the client, asked for if there is none; `""` at the end of input."""
        asked = False
        waiting = self._waiting
        with waiting.changed:
            while not waiting.chunks:
                if self._ended or self._interrupted():
                    return ""
                if not asked:
                    asked = True
                    self._ask()
                    continue
                waiting.changed.wait()
            chunk = waiting.chunks.popleft()
            self._size -= len(chunk)
            return chunk

    def _interrupted(self) -> bool:
        return self._door.wanted and self._door.mine

    def _ask(self) -> None:
        if self.evaluation is not None:
            self._show_prompt()
            self.evaluation.need_input(secret=self._secret)

    # The rest of what a text file has.

    encoding = "utf-8"
    errors = "surrogateescape"
    mode = "r"
    name = "<stdin>"

    def __next__(self) -> str:  # type: ignore[override]
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def readable(self) -> bool:  # noqa: D102
        return True

    def close(self) -> None:
        """Nothing: the client's input is not for the program to close (`quit` tries to)."""
