"""What a process holds of what can leak, and how often code has run in it."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

__all__ = ["SECONDS", "Counted", "Ran", "counted", "descriptors", "until"]

SECONDS: Final = 30.0
"""How long a test waits before it fails; nothing is measured by it."""


class Counted(NamedTuple):
    """The threads of a process and its open descriptors, by kind.

    `others` are those without a file: epoll and its like.
    """

    threads: int
    sockets: int
    pipes: int
    files: int
    others: int


def descriptors(pid: int) -> list[str]:
    """What the open descriptors of a process are, as /proc says it. `FileNotFoundError`: gone."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed meanwhile
            found.append(os.readlink(descriptor))
    return found


def counted(pid: int) -> Counted:
    """What a process holds now. Raises `FileNotFoundError` if it is gone."""
    kinds = {"socket": 0, "pipe": 0, "file": 0, "anon_inode": 0}
    for name in descriptors(pid):
        kind = name.partition(":")[0]
        kinds[kind if kind in kinds else "file"] += 1
    threads = len(os.listdir(f"/proc/{pid}/task"))
    return Counted(threads, kinds["socket"], kinds["pipe"], kinds["file"], kinds["anon_inode"])


def until(
    condition: Callable[[], object], what: str | Callable[[], str], seconds: float = SECONDS
) -> None:
    """Return when the condition holds; fail if it never does. `what` says what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        said = what if isinstance(what, str) or time.monotonic() < deadline else what()
        assert time.monotonic() < deadline, f"never so: {said}"
        time.sleep(0.01)


class Ran:
    """A pipe at `path` into which code writes a mark each time it runs, whoever runs it."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.marks = ""
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # so it never ends

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)
        self.path.unlink()

    def python(self, mark: str = ".") -> str:
        """A Python expression that writes the mark, one character."""
        return f"open({str(self.path)!r}, 'w').write({mark!r})"

    def wait(self, marks: str) -> None:
        """Until these are the marks written so far; fail if others are."""
        deadline = time.monotonic() + SECONDS
        while len(self.read()) < len(marks):
            left = deadline - time.monotonic()
            assert left > 0, f"{self.marks!r} instead of {marks!r} was written"
            select.select([self._descriptor], [], [], left)
        assert self.marks == marks

    def read(self) -> str:
        """The marks written so far."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._descriptor, 4096):
                self.marks += data.decode()
        return self.marks
