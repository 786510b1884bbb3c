"""Which processes of this machine listen, and where: read from `/proc`, without connecting.

To connect is not free everywhere: each connection leaves a thread behind in a cooperative Guile,
and lines in the log of a threaded one when it closes at once. So nobody is connected to only to
learn who they are.

Where there is no `/proc`, and for processes of other users, nothing is known.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from repl_connect.address import TcpAddress, UnixAddress

__all__ = ["Listeners", "is_local"]

_ACCEPTS: Final = 0x10000  # the flag in /proc/net/unix of a socket that listens (__SO_ACCEPTCON)
_LISTENS: Final = "0A"  # the state in /proc/net/tcp
_MOST_PROCESSES: Final = 5_000


def is_local(address: TcpAddress) -> bool:
    """Whether it is a port of this machine's own loopback."""
    return address.host in ("localhost", "::1") or address.host.startswith("127.")


class Listeners:
    """What listens now, read once, when it is first asked for."""

    def __init__(self) -> None:
        self._unix: list[tuple[str, str]] | None = None  # path as it was bound, inode
        self._tcp: dict[int, set[str]] | None = None  # port, inodes
        self._owners: dict[str, int] = {}  # inode, process
        self._open = _open_sockets()

    def unix_owner(self, address: UnixAddress) -> int | None:
        """The process that listens on a socket file, if it can be known."""
        wanted = os.path.realpath(address.path)
        for path, inode in self._unix_sockets():
            if os.path.basename(path) != os.path.basename(wanted):
                continue
            pid = self._owner(inode)
            if pid is not None and _absolute(path, pid) == wanted:
                return pid
        return None

    def tcp_owner(self, address: TcpAddress) -> int | None:
        """The process that listens on a port of this machine, if it can be known."""
        if not is_local(address):
            return None
        if self._tcp is None:
            self._tcp = {}
            for table in ("/proc/net/tcp", "/proc/net/tcp6"):
                for row in _rows(table, 10):
                    if len(row) > 9 and row[3] == _LISTENS:
                        port = int(row[1].rpartition(":")[2], 16)
                        self._tcp.setdefault(port, set()).add(row[9])
        owners = (self._owner(inode) for inode in self._tcp.get(address.port, ()))
        return next((pid for pid in owners if pid is not None), None)

    def _unix_sockets(self) -> list[tuple[str, str]]:
        if self._unix is None:
            # Num RefCount Protocol Flags Type St Inode Path; a path may have blanks.
            self._unix = [
                (row[7].rstrip("\n"), row[6])
                for row in _rows("/proc/net/unix", 7)
                if len(row) > 7 and int(row[3], 16) & _ACCEPTS
            ]
        return self._unix

    def _owner(self, inode: str) -> int | None:
        """The process that has a socket open; no more processes are read than it takes."""
        while inode not in self._owners:
            found = next(self._open, None)
            if found is None:
                return None
            self._owners.setdefault(*found)  # a child may have inherited it: parents first
        return self._owners[inode]


def _open_sockets() -> Iterator[tuple[str, int]]:
    """The inode of every open socket that can be seen, with its process, by process."""
    try:
        pids = sorted(filter(str.isdigit, os.listdir("/proc")), key=int)
    except OSError:
        return
    for pid in pids[-_MOST_PROCESSES:]:
        for inode in _sockets_of(pid):
            yield inode, int(pid)


def _sockets_of(pid: str) -> list[str]:
    """The inodes of the sockets that a process has open; none for another user's process."""
    found = []
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return []
    for descriptor in descriptors:
        try:
            target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
        except OSError:  # closed meanwhile
            continue
        if target.startswith("socket:["):
            found.append(target[8:-1])
    return found


def _rows(table: str, splits: int) -> list[list[str]]:
    try:
        with open(table, encoding="utf-8", errors="surrogateescape") as file:
            return [line.split(None, splits) for line in file][1:]
    except OSError:
        return []


def _absolute(path: str, pid: int) -> str:
    """A path as a process bound it: a relative one starts where the process is now."""
    try:
        return os.path.realpath(os.path.join(os.readlink(f"/proc/{pid}/cwd"), path))
    except OSError:
        return os.path.realpath(path)
