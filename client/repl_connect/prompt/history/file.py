"""The file of a history: entries appended by several clients at once, each whole or not at all.

An entry is two comments, its lines behind a `+` each, and an empty line:

    # 2026-02-03 14:15:16
    # in /home/ann/shop
    +(define (price item)
    +  (* 2 (cost item)))

prompt_toolkit's own history files can be read too, and prompt_toolkit reads ours. An entry of ours
without the empty line at its end is one whose writer was killed; it is left out.

Rule 1: who writes has locked the file, and has then seen that the path still names it; for a file
that has grown too long is replaced by a shorter one, under the lock of the old one.
Rule 2: who can't get the lock in a moment (a stopped client may hold it) does without, and who
reads does not wait at all: nobody who types waits for another client. An entry is one write to the
end, so it arrives in one piece all the same.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

from repl_server.network.replacing import put_file

__all__ = ["LARGEST", "Entry", "HistoryFile", "Position", "Reading"]

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of the file's end that are read, and that are kept when it is made shorter."""
_PATIENCE: Final = 0.25  # seconds to wait for a lock
_STEP: Final = 0.005
_ATTEMPTS: Final = 100  # to find the file that was locked still there
_END: Final = b"\n\n"
_OURS: Final = rb"(?s)# [^\n]*\n# in ([^\n]*)\n\+(.*)"
_START: Final = rb"\n(?=# [^\n]*\n(?:# in |\+))"  # seldom needed, so not compiled here
_HEAD: Final = 40  # bytes: enough for the mark of a file that was made shorter


class Entry(NamedTuple):
    """Something entered, and the project's directory; entries of other programs have none."""

    text: str
    project: str | None


class Position(NamedTuple):
    """How far a file was read: which file it is, and the bytes.

    `head` is the file's beginning, for a number of a file that is gone is given again.
    """

    inode: int
    offset: int
    head: bytes


class Reading(NamedTuple):
    """What was read, oldest first. `damaged` entries and lines were left out; `size` is in bytes.

    `fresh` says that these are all entries, not just those after the position asked for.
    """

    entries: list[Entry]
    position: Position
    damaged: int
    size: int
    fresh: bool


class HistoryFile:
    """The entries in one file. All methods may raise `OSError`."""

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)

    def has_changed(self, position: Position) -> bool:
        """Whether there is anything new after the position."""
        try:
            status = os.stat(self.path)
        except OSError:
            return False
        return (status.st_ino, status.st_size) != position[:2]

    def read(self, after: Position | None = None) -> Reading:
        """The entries after a position, or all of them where the file is another one by now."""
        with self._opened(os.O_RDONLY) as (descriptor, locked):
            status = os.fstat(descriptor)
            head = os.pread(descriptor, _HEAD, 0)
            fresh = (
                after is None
                or (after.inode, after.head) != (status.st_ino, head)
                or after.offset > status.st_size
            )
            start = 0 if after is None or fresh else after.offset
            first = max(start, status.st_size - LARGEST)
            data = _read(descriptor, first, status.st_size - first)
        skipped = 0
        if first > start:  # in the midst of an entry
            skipped = _first_entry(data)
        end = len(data)
        if not locked:  # another client may be writing the last entry
            end = max(skipped, data.rfind(_END) + len(_END))
        entries, damaged = _parsed(data[skipped:end])
        position = Position(status.st_ino, first + end, head)
        return Reading(entries, position, damaged, status.st_size, fresh)

    def append(self, entry: Entry) -> tuple[int, Position]:
        """Add an entry: the offset it starts at, and the position after it."""
        data = _written(entry)
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        for _ in range(_ATTEMPTS):
            with self._opened(os.O_RDWR | os.O_APPEND | os.O_CREAT) as (descriptor, locked):
                status = os.fstat(descriptor)
                size = status.st_size
                torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                try:
                    _write(descriptor, b"\n" + data if torn else data)
                except OSError:
                    if locked:
                        os.ftruncate(descriptor, size)
                    raise
                end = os.fstat(descriptor).st_size
                if locked or self._is_at_path(status):
                    head = os.pread(descriptor, _HEAD, 0)
                    return size, Position(status.st_ino, end, head)
        raise OSError(errno.ESTALE, "another file is there each time")

    def shorten(self, entries: int) -> None:
        """Keep so many entries, the newest, and `LARGEST` bytes. Does nothing without the lock."""
        with self._opened(os.O_RDWR) as (descriptor, locked):
            if not locked:
                return
            status = os.fstat(descriptor)
            first = max(0, status.st_size - LARGEST)
            data = _read(descriptor, first, status.st_size - first)
            cut = len(data.rstrip(b"\n"))
            for _ in range(entries):
                cut = data.rfind(_END, 0, cut)
                if cut < 0:
                    break
            if cut < 0 and not first:
                return
            start = cut + len(_END) if cut >= 0 else _first_entry(data)
            mark = f"# shortened {os.urandom(8).hex()}\n".encode()
            put_file(self.path, mark + data[start:], mode=stat.S_IMODE(status.st_mode))

    @contextlib.contextmanager
    def _opened(self, flags: int) -> Iterator[tuple[int, bool]]:
        """The file's descriptor, and whether the file is locked."""
        reads = flags == os.O_RDONLY
        deadline = time.monotonic() + (0.0 if reads else _PATIENCE)
        for _ in range(_ATTEMPTS):
            descriptor = os.open(self.path, flags | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise OSError(errno.EINVAL, "it is no file")
                locked = _lock(descriptor, deadline, exclusive=not reads)
                if not locked or self._is_at_path(status):
                    yield descriptor, locked
                    return
            finally:
                os.close(descriptor)  # and with it the lock
        raise OSError(errno.ESTALE, "another file is there each time")

    def _is_at_path(self, status: os.stat_result) -> bool:
        try:
            present = os.stat(self.path)
        except FileNotFoundError:
            return False
        return (present.st_dev, present.st_ino) == (status.st_dev, status.st_ino)


def _lock(descriptor: int, deadline: float, *, exclusive: bool) -> bool:
    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_STEP)
        except OSError:  # a file system without locks
            return False
        else:
            return True


def _read(descriptor: int, start: int, size: int) -> bytes:
    pieces: list[bytes] = []
    while size > 0:
        piece = os.pread(descriptor, size, start)
        if not piece:
            break
        pieces.append(piece)
        start += len(piece)
        size -= len(piece)
    return b"".join(pieces)


def _first_entry(data: bytes) -> int:
    """Where the first entry starts, after what is left of the one before."""
    match = re.search(_START, data)
    return len(data) if match is None else match.end()


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _written(entry: Entry) -> bytes:
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    project = (entry.project or "").replace("\\", "\\\\").replace("\n", "\\n")
    lines = "\n+".join(entry.text.split("\n"))
    return f"# {now}\n# in {project}\n+{lines}\n\n".encode("utf-8", "surrogatepass")


def _parsed(data: bytes) -> tuple[list[Entry], int]:
    """The entries, and how many entries and lines are none."""
    entries: list[Entry] = []
    damaged = 0
    projects: dict[bytes, str | None] = {}
    *blocks, last = data.split(_END)
    for block in blocks:
        # Nearly always it is one entry of ours: this is faster than to go through its lines.
        match = re.fullmatch(_OURS, block)
        if match is not None and (lines := match[2]).count(b"\n") == lines.count(b"\n+"):
            place = match[1]
            try:
                if place not in projects:
                    projects[place] = _project(place)
                text = lines.replace(b"\n+", b"\n").decode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                damaged += 1
            else:
                entries.append(Entry(text, projects[place]))
        else:
            found, bad = _parsed_lines([*block.split(b"\n"), b""], b"")
            entries += found
            damaged += bad
    *whole, rest = last.split(b"\n")
    found, bad = _parsed_lines(whole, rest)
    return entries + found, damaged + bad


def _parsed_lines(whole: list[bytes], last: bytes) -> tuple[list[Entry], int]:
    """The same for whole lines, and a line that was cut off."""
    entries: list[Entry] = []
    damaged = 0
    lines: list[bytes] = []
    place: bytes | None = None
    cut = last != b""
    for line in [*whole, None]:
        if line is not None and line.startswith(b"+"):
            lines.append(line[1:])
            continue
        if line is None and last.startswith(b"+") and place is None:
            lines.append(last[1:])
        if lines:
            if place is not None and line != b"":
                damaged += 1  # it has no end
                cut = cut and line is not None
            else:
                try:
                    text = b"\n".join(lines).decode("utf-8", "surrogatepass")
                    entries.append(Entry(text, _project(place)))
                except UnicodeDecodeError:
                    damaged += 1
            lines, place = [], None
        if line is None or line == b"":
            place = None
        elif line.startswith(b"# in "):
            place = line[len(b"# in ") :]
        elif not line.startswith(b"#"):
            damaged += 1
            place = None
    return entries, damaged + cut


def _project(place: bytes | None) -> str | None:
    """The directory that stands behind `# in`."""
    if not place:
        return None
    project = place.decode("utf-8", "surrogatepass")
    if "\\" not in project:
        return project
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], project)
