"""Where a REPL may be, when no address is given: what files and records say, not yet verified.

In this order: `.nrepl-port` and socket files in this directory and those above it; then the
servers that have a record in the user's runtime directory, the ones of programs that run in this
directory tree first.

Directories that anybody may write to (`/tmp`) are looked into only when one is in them, and only
the user's own files there count: a stranger could have put a socket in our way.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Final, NamedTuple

from repl_connect.address import (
    LOCAL_HOSTS,
    Address,
    TcpAddress,
    UnixAddress,
    parse_address,
)
from repl_connect.errors import AddressError
from repl_server.network.records import Record, records, runtime_directory

__all__ = [
    "EMBEDDED",
    "PORT_FILE",
    "BadPortFile",
    "Place",
    "Signs",
    "address_of",
    "listener_of",
    "places",
    "record_at",
    "shown_path",
]

PORT_FILE: Final = ".nrepl-port"
EMBEDDED: Final = "repl-connect-"
"""How the directory's name begins where a server of our own, started without an address, listens.

Such a one belongs to the prompt that started it, and is no place to go unasked."""

_MOST_SOCKETS: Final = 50  # looked at in one directory


class Place(NamedTuple):
    """An address that something names: `file` is the port file or socket, `record` the record.

    `local`: it is of this directory tree, here or around or below.
    """

    address: Address
    local: bool
    file: str | None = None
    record: Record | None = None

    @property
    def embedded(self) -> bool:
        """Whether it is the server of somebody's prompt."""
        return isinstance(self.address, UnixAddress) and os.path.basename(
            os.path.dirname(self.address.path)
        ).startswith(EMBEDDED)


class BadPortFile(NamedTuple):
    """A port file that holds no port."""

    file: str
    text: str


def places(here: str) -> tuple[list[Place], list[BadPortFile]]:
    """The places to look at from a directory, each address once, the nearest first."""
    found: list[Place] = []
    bad: list[BadPortFile] = []
    above = _directories(here)
    written = records()
    recorded = {listener_of(address_of(each)): each for each in written}
    for directory in above:
        path = os.path.join(directory, PORT_FILE)
        text = _port_text(path)
        port = int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else 0
        if 0 < port < 65536:
            place = TcpAddress("localhost", port)
            found.append(Place(place, True, path, recorded.get(listener_of(place))))
        elif text is not None:
            bad.append(BadPortFile(path, text))
        for path in _sockets(directory):
            socket_file = UnixAddress(path)
            found.append(Place(socket_file, True, path, recorded.get(listener_of(socket_file))))
    for each in written:
        local = each.cwd in above or _is_below(each.cwd, here)
        found.append(Place(address_of(each), local, None, each))
    once: dict[object, Place] = {}
    for entry in sorted(found, key=lambda entry: not entry.local):
        once.setdefault(listener_of(entry.address), entry)
    return list(once.values()), bad


class Signs:
    """What tells, without asking anybody, that the places seen from a directory are others now."""

    def __init__(self, here: str) -> None:
        self._here = here
        self._sockets: dict[str, tuple[int, object]] = {}  # as they were at a directory's change

    def look(self) -> object:
        """Something that equals what was given before as long as no place has come or gone."""
        directories = _directories(self._here)
        with contextlib.suppress(OSError):
            directories.append(runtime_directory())
        return [(each, self._files(each)) for each in directories]

    def _files(self, directory: str) -> object:
        try:
            changed = os.stat(directory).st_mtime_ns
        except OSError:
            return None
        before = self._sockets.get(directory)
        if before is None or before[0] != changed:
            names = (*_sockets(directory), *_records(directory))
            before = changed, [(name, _version(name)) for name in names]
            self._sockets[directory] = before
        return before[1], _version(os.path.join(directory, PORT_FILE))


def address_of(record: Record) -> Address:
    """Where the server of a record listens, from this machine."""
    if record.address.startswith("unix:"):
        return UnixAddress(record.address.removeprefix("unix:"))
    try:
        address = parse_address(record.address)
    except AddressError:  # written by another version of the server
        return UnixAddress(record.address)
    if isinstance(address, TcpAddress) and address.host in ("0.0.0.0", "::"):
        return TcpAddress("localhost", address.port)
    return address


def listener_of(address: Address) -> Address:
    """The same address for two that lead to one listener on this machine."""
    if isinstance(address, UnixAddress):
        return UnixAddress(os.path.realpath(address.path))
    if isinstance(address, TcpAddress) and address.host in LOCAL_HOSTS:
        return TcpAddress("localhost", address.port)
    return address


def record_at(address: Address) -> Record | None:
    """The record of the server that listens at an address, if it wrote one."""
    wanted = listener_of(address)
    return next((each for each in records() if listener_of(address_of(each)) == wanted), None)


def shown_path(path: str, here: str) -> str:
    """A path as the user would type it: from here if it is below, else whole."""
    return f"./{os.path.relpath(path, here)}" if _is_below(path, here) else path


def _directories(here: str) -> list[str]:
    """The directories that are searched: the one given and those above, home being the last."""
    home = os.path.expanduser("~")
    found = [here]
    while here not in (home, os.path.dirname(here)):
        here = os.path.dirname(here)
        if os.path.dirname(here) == here:
            break
        try:
            if os.stat(here).st_mode & stat.S_IWOTH:
                break
        except OSError:
            break
        found.append(here)
    return found


def _records(directory: str) -> list[str]:
    """The files in a directory that look like records, by name."""
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(".nrepl"))
    except OSError:
        return []
    return [os.path.join(directory, name) for name in names]


def _version(path: str) -> tuple[int, int] | None:
    """Another one if another file is there, or another text in it."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _port_text(path: str) -> str | None:
    try:
        if os.stat(path).st_uid not in (os.getuid(), 0):
            return None
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(20).strip()
    except OSError:
        return None


def _sockets(directory: str) -> list[str]:
    """The socket files of this user in a directory, by name."""
    found = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                # The kind comes with the name: most entries cost no system call.
                if entry.is_dir() or entry.is_file():
                    continue
                try:
                    status = entry.stat()
                except OSError:  # a broken link
                    continue
                if stat.S_ISSOCK(status.st_mode) and status.st_uid == os.getuid():
                    found.append(entry.path)
    except OSError:
        return []
    return sorted(found)[:_MOST_SOCKETS]


def _is_below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")
