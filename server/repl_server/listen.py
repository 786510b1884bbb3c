"""Where a server listens: the socket made, guarded, and removed again.

A Unix socket is the default, because the file system says who may use it: its file is the owner's
alone (0600, from the moment it is there), and who connects is asked for by uid as well. A file left
by a server that is gone is replaced; one that a live server answers on is not, and nothing that is
no socket is ever removed. TCP is for this machine only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
from collections.abc import Iterator
from typing import Final

from repl_server.errors import AddressError, AddressInUseError
from repl_server.records import add_record, remove_record, runtime_directory

__all__ = ["LONGEST_PATH", "Listener", "listen", "may_connect"]

LONGEST_PATH: Final = 107
"""Bytes in the path of a Unix socket (`sun_path` holds 108 with its end; unix(7))."""

_BACKLOG = 128


class Listener:
    """A listening socket, and what its users call it."""

    def __init__(self, sock: socket.socket, address: str, banner: str, path: str | None) -> None:
        self.socket = sock
        self.address = address
        self.banner = banner
        self._path = path
        self._file = _identity(path) if path is not None else None
        self._pid = os.getpid()
        self._record = address if path is None else f"unix:{path}"
        add_record(self._record)

    def close(self) -> None:
        """Stop listening, and remove the socket's file if it is still this one's."""
        if os.getpid() == self._pid:
            remove_record(self._record)
            with contextlib.suppress(OSError):
                if self._path is not None and _identity(self._path) == self._file:
                    os.unlink(self._path)
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self.socket.close()


def listen(address: str | os.PathLike[str] | int | None = None) -> Listener:
    """Listen at an address: a socket's path, `host:port`, a port, or none (a runtime directory)."""
    if address is None:
        return _unix(os.path.join(runtime_directory(), f"{os.getpid()}.sock"))
    if isinstance(address, int):
        return _tcp("localhost", address)
    if not isinstance(address, str):
        return _unix(os.fspath(address))
    for prefix in ("nrepl+unix:", "unix:"):
        if address.startswith(prefix):
            return _unix(address.removeprefix(prefix))
    if "/" in address:
        if address.startswith("nrepl://"):
            return listen(address.removeprefix("nrepl://").rstrip("/"))
        return _unix(address)
    host, colon, port = address.rpartition(":")
    if port.isascii() and port.isdigit() and len(port) < 6 and (colon or not host):
        return _tcp(host.strip("[]") or "localhost", int(port))
    raise AddressError(
        f"{address!r} is no address to serve at. Give a socket's path with a slash "
        f"(./{address or 'app.sock'}), host:port, or a port."
    )


def may_connect(sock: socket.socket) -> bool:
    """Whether the peer of a Unix socket is this user or root. Where that can't be known: yes."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None or sock.family != getattr(socket, "AF_UNIX", None):
        return True
    credentials = sock.getsockopt(socket.SOL_SOCKET, option, 12)
    uid = int.from_bytes(credentials[4:8], sys.byteorder)
    return uid in (0, os.geteuid())


def _tcp(host: str, port: int) -> Listener:
    if host == "localhost" or host.startswith("127."):
        family, at = socket.AF_INET, "127.0.0.1" if host == "localhost" else host
    elif host == "::1":
        family, at = socket.AF_INET6, host
    else:
        raise AddressError(
            f"{host} is not this machine's own address: whoever reaches the port could do anything "
            "here. Serve on localhost or a Unix socket, and let others come through ssh."
        )
    if not 0 <= port < 65536:
        raise AddressError(f"{port} is no port: ports go from 0 (any free one) to 65535.")
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((at, port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUseError(
                error.errno, f"port {port} is in use: give another, or 0 for any free one"
            ) from None
        raise
    port = sock.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    banner = f"nREPL server started on port {port} on host {host} - nrepl://{shown}:{port}"
    return Listener(sock, f"{shown}:{port}", banner, None)


def _unix(path: str) -> Listener:
    raw = os.fsencode(path)
    if not raw or b"\0" in raw:
        raise AddressError(f"{path!r} names no socket file. Give its path, like ./app.sock.")
    if len(raw) > LONGEST_PATH:
        raise AddressError(
            f"{path}: a socket's path can have {LONGEST_PATH} bytes, this one has {len(raw)}. "
            f"Choose a shorter one, or go to its directory and give ./{os.path.basename(path)}."
        )
    full = os.path.abspath(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _directory_locked(os.path.dirname(full)):
            _clear(path)
            with contextlib.suppress(OSError):
                # On Linux the file gets the socket's own mode; a umask would be everybody's.
                os.fchmod(sock.fileno(), 0o600)
            try:
                sock.bind(path)
            except FileNotFoundError:
                raise AddressError(
                    f"{path}: its directory is not there: make it first, or give another path."
                ) from None
            os.chmod(path, 0o600)
            sock.listen(_BACKLOG)
            fits = len(os.fsencode(full)) <= LONGEST_PATH
            address = full if fits else path if "/" in path else f"./{path}"
            return Listener(
                sock, address, f"nREPL server started on socket nrepl+unix:{full}", full
            )
    except BaseException:
        sock.close()
        raise


@contextlib.contextmanager
def _directory_locked(directory: str) -> Iterator[None]:
    """Two servers that start at one path at once do so one after the other."""
    import fcntl

    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError:
        yield  # binding will say what is wrong
        return
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _clear(path: str) -> None:
    """Make way at the path, unless something lives there."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise AddressInUseError(
            errno.EEXIST, f"{path} is there and is no socket: give another path, or remove it"
        )
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.setblocking(False)
        probe.connect(path)
    except ConnectionRefusedError:
        os.unlink(path)
        return
    except FileNotFoundError:
        return
    except BlockingIOError:
        pass
    finally:
        probe.close()
    raise AddressInUseError(
        errno.EADDRINUSE, f"a server is listening at {path}: give another path, or end it first"
    )


def _identity(path: str) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino
