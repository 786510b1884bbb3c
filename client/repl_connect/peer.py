"""Which program is at the other end of a local connection, from what the kernel says.

A Unix socket tells its peer's process (`SO_PEERCRED`, unix(7)); of a TCP connection on this machine
the owner is found by the socket's inode in `/proc` (proc(5)). Nothing is known of other machines,
of other users' processes, or where there is no `/proc`: then the answer is None, never an error.
"""

from __future__ import annotations

import socket
import sys
from typing import NamedTuple

from repl_connect.address import TcpAddress

__all__ = ["Peer", "peer_of", "process_of", "unix_peer_pid"]


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
            from repl_connect.listeners import Listeners

            host, port = stream.getpeername()[:2]
            pid = Listeners().tcp_owner(TcpAddress(host, port))
        return process_of(pid) if pid else None
    except (OSError, AttributeError, ValueError, IndexError):
        return None


def unix_peer_pid(stream: socket.socket) -> int | None:
    """The process id of a Unix socket's peer, which costs one system call."""
    try:
        credentials = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    except (OSError, AttributeError):
        return None
    return int.from_bytes(credentials[:4], sys.byteorder)  # struct ucred: pid, uid, gid


def process_of(pid: int) -> Peer:
    """What a process is. Raises `OSError` if it is gone, or not ours to look at."""
    with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
        program = file.read().strip()
    guile = program.startswith("guile")
    if not guile:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
            guile = any("/libguile-" in line for line in file)
    return Peer(pid, program, guile)
