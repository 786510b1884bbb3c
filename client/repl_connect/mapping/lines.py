"""Lines as items of work, read as they come."""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Iterator
from typing import Final

from repl_connect.errors import UsageError
from repl_connect.mapping.outcome import Item

__all__ = ["LONGEST_LINE", "Lines"]

LONGEST_LINE: Final = 1024 * 1024
"""Bytes of one item. What has longer lines is no list of items."""

_CHUNK: Final = 64 * 1024


class Lines:
    """The lines of a file, or of standard input (`-`). Raises `UsageError` if it can't be read.

    Every line is an item, an empty one too; its end (LF or CR LF) is no part of it.
    """

    def __init__(self, path: str) -> None:
        self._name = "standard input" if path == "-" else path
        try:
            # Not `sys.stdin`: a thread that waits in its buffer keeps the process from ending.
            self._descriptor = os.dup(0) if path == "-" else os.open(path, os.O_RDONLY)
        except OSError as error:
            raise UsageError(f"{self._name}: {error.strerror}.") from None
        self._rest = b""
        self._count = 0
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether all have been read."""
        return self._ended

    @property
    def regular(self) -> bool:
        """Whether it is a file, which has an end, and never keeps one waiting."""
        return stat.S_ISREG(os.fstat(self._descriptor).st_mode)

    def batch(self) -> list[Item]:
        """The items that came next, at least one; none at the end. It waits until one is there.

        Raises `UsageError` if it can't be read on, or a line is longer than `LONGEST_LINE`.
        """
        while not self._ended:
            if items := self._read():
                return items
        return []

    def at_the_moment(self) -> Iterator[Item | None]:
        """All items; None each time that there is none yet. It never waits."""
        while not self._ended:
            if select.select([self._descriptor], [], [], 0)[0]:
                yield from self._read()
            else:
                yield None

    def _read(self) -> list[Item]:
        """The items that end in what is read at once; raises as `batch` does."""
        try:
            data = os.read(self._descriptor, _CHUNK)
        except OSError as error:
            raise UsageError(f"{self._name}: {error.strerror}.") from None
        self._ended = not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._ended and self._rest:
            lines.append(self._rest)
            self._rest = b""
        if len(self._rest) > LONGEST_LINE:
            raise UsageError(
                f"{self._name}: line {self._count + len(lines) + 1} is longer than 1 MiB: "
                "too much for an item."
            )
        first, self._count = self._count, self._count + len(lines)
        return [
            Item(number, line.removesuffix(b"\r").decode("utf-8", "surrogateescape"))
            for number, line in enumerate(lines, first)
        ]

    def total(self) -> int | None:
        """How many lines there are in all; None if that is not to be known yet."""
        if not self.regular:
            return None
        total = 0
        position = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        last = b"\n"
        while chunk := os.pread(self._descriptor, _CHUNK, position):
            total += chunk.count(b"\n")
            position += len(chunk)
            last = chunk[-1:]
        return total + (last != b"\n")
