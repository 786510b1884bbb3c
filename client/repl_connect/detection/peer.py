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

from repl_connect.address import TcpAddress

__all__ = ["Peer", "peer_of", "process_of", "unix_peer_pid"]

_SYSTEMS: Final = {
    "guile": "guile",
    "sbcl": "sbcl",
    "java": "java",
    "clojure": "java",
    "clj": "java",
    "node": "node",
    "nodejs": "node",
    "racket": "racket",
    "scm": "scm",
    "python": "python",
    "pypy": "python",
    "csi": "chicken",
    "chezscheme": "chez",
    "scheme": "chez",
    "petite": "chez",
    "mit-scheme": "mit",
    "gdb": "gdb",
}
"""The system that a program runs, by its name without a version."""

_POLLED: Final = frozenset({"guile"})
_RELAYS: Final = frozenset({"socat"})
"""Programs that hand a connection on to one that they start."""


class Peer(NamedTuple):
    """A process: its id, its program's name, which system runs in it (a value of `_SYSTEMS`).

    `relayed`: it hands connections on, and the system is that of what it starts for each. A system
    that is not known is "".
    """

    pid: int
    program: str
    system: str = ""
    relayed: bool = False

    @property
    def guile(self) -> bool:
        """Whether Guile runs in it, which may greet only when its program polls."""
        return self.system in _POLLED and not self.relayed


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
    system = _system(program)
    if program in _RELAYS:
        return Peer(pid, program, _relayed(pid), relayed=True)
    if not system:  # a process may have named itself: Node 20 is `MainThread`
        executable = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
        system = _system(executable)
        if system:
            program = executable
    if not system:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
            if any("/libguile-" in line for line in file):
                system = "guile"
    return Peer(pid, program, system)


def _system(program: str) -> str:
    """The system of a program by its name, which may end in a version: `guile-3.0`."""
    return _SYSTEMS.get(program) or _SYSTEMS.get(program.rstrip("0123456789.").rstrip("-"), "")


def _relayed(pid: int) -> str:
    """The system of the program that socat starts: its address `EXEC:COMMAND,…` says which."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        words = file.read(65536).split(b"\0")
    for word in words:
        kind, _, command = word.decode("utf-8", "replace").partition(":")
        if kind.upper() in ("EXEC", "SYSTEM") and command:
            return _system(os.path.basename(command.split(",")[0].split()[0]))
    return ""
