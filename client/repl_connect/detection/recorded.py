"""What servers have written down about themselves.

A Python server here leaves a record in the user's runtime directory while it listens
(`repl_server.network.records`). An nREPL server started for a project leaves `.nrepl-port` in
its directory (nREPL's own convention).
"""

from __future__ import annotations

import os
import socket

from repl_connect.address import LOCAL_HOSTS, Address, HttpAddress, SshAddress, UnixAddress
from repl_connect.detection.peer import unix_peer_pid
from repl_server.network.records import records, records_of

__all__ = ["is_recorded"]


def is_recorded(address: Address, stream: socket.socket) -> bool:
    """Whether a record says that nREPL is spoken at this address, over this connection."""
    if isinstance(address, HttpAddress):  # by what `open_stream` has put there
        return True
    if isinstance(address, SshAddress):  # records are of this machine
        return False
    if isinstance(address, UnixAddress):
        pid = unix_peer_pid(stream)
        path = os.path.realpath(address.path)
        return pid is not None and any(
            record.address == f"unix:{path}" for record in records_of(pid)
        )
    if address.host in LOCAL_HOSTS:
        port = str(address.port)
        if any(
            not record.address.startswith("unix:") and record.address.rpartition(":")[2] == port
            for record in records()
        ):
            return True
        return _port_file(os.getcwd()) == port
    return False


def _port_file(directory: str) -> str | None:
    """The port in the nearest `.nrepl-port` from here up."""
    while True:
        try:
            with open(os.path.join(directory, ".nrepl-port"), encoding="ascii") as file:
                return file.read(20).strip() or None
        except (OSError, UnicodeDecodeError):
            parent = os.path.dirname(directory)
            if parent == directory:
                return None
            directory = parent
