"""Which program is at the other end of a local connection, from what the kernel says.

A Unix socket tells its peer's process (`SO_PEERCRED`, unix(7)); of a TCP connection on this machine
the owner is found by the socket's inode in `/proc` (proc(5)). Nothing is known of other machines,
of other users' processes, or where there is no `/proc`: then the answer is None, never an error.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Final, NamedTuple

__all__ = ["Peer", "peer_of", "unix_peer_pid"]

_LISTENING: Final = "0A"  # state in /proc/net/tcp
_MOST_PROCESSES: Final = 5_000


class Peer(NamedTuple):
    """A process: its id, its program's name, whether Guile runs in it."""

    pid: int
    program: str
    guile: bool


def peer_of(stream: socket.socket) -> Peer | None:
    """The process that accepted (or listens for) this connection, if it can be known."""
    try:
        if stream.family == socket.AF_UNIX:
            pid = unix_peer_pid(stream)
        else:
            pid = _tcp_owner(stream.getpeername()[0], stream.getpeername()[1])
        return _process(pid) if pid else None
    except (OSError, AttributeError, ValueError, IndexError):
        return None


def unix_peer_pid(stream: socket.socket) -> int | None:
    """The process id of a Unix socket's peer, which costs one system call."""
    try:
        credentials = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    except (OSError, AttributeError):
        return None
    return int.from_bytes(credentials[:4], sys.byteorder)  # struct ucred: pid, uid, gid


def _process(pid: int) -> Peer | None:
    with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
        program = file.read().strip()
    guile = program.startswith("guile")
    if not guile:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
            guile = any("/libguile-" in line for line in file)
    return Peer(pid, program, guile)


def _tcp_owner(host: str, port: int) -> int | None:
    """The process that listens on a port of this machine."""
    if not host.startswith("127.") and host != "::1":
        return None
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                rows = [line.split() for line in file][1:]
        except OSError:
            continue
        inodes |= {
            f"socket:[{row[9]}]"
            for row in rows
            if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port
        }
    if not inodes:
        return None
    for entry in sorted(filter(str.isdigit, os.listdir("/proc")), key=int)[-_MOST_PROCESSES:]:
        try:
            for descriptor in os.listdir(f"/proc/{entry}/fd"):
                if os.readlink(f"/proc/{entry}/fd/{descriptor}") in inodes:
                    return int(entry)
        except OSError:  # another user's, or gone
            continue
    return None
