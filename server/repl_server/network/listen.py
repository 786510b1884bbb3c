"""Where a server listens: an address read, its socket made, and all that tells of it.

A Unix socket is the default, because the file system says who may use it (`unix_socket`). TCP is
for this machine; beyond it only with a token, which goes over the network as it is: for strangers'
networks there is ssh.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket

from repl_server.errors import AddressError, AddressInUseError, ServerError
from repl_server.network.gate import Gate, secret
from repl_server.network.port_file import PortFile
from repl_server.network.records import Mode, add_record, remove_record, runtime_directory
from repl_server.network.unix_socket import LONGEST_PATH, listen_at, may_connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


__all__ = ["LONGEST_PATH", "Listener", "listen", "may_connect"]

_BACKLOG = 128
_MOST = 1_000  # default sockets of one process


class Listener:
    """A listening socket, and what its users call it. Made by `listen`."""

    def __init__(
        self, sock: socket.socket, address: str, banner: str, *, path: str | None, record: str
    ) -> None:
        self.socket = sock
        self.address = address
        """What a client is to be given."""
        self.banner = banner
        """The line that tools look for to learn the address."""
        self._path = path
        self._file = _identity(path) if path is not None else None
        self._pid = os.getpid()
        self._record = record
        self._secret: bytes | None = None
        self._port_file: PortFile | None = None

    def __repr__(self) -> str:
        return f"<repl_server.network.listen.Listener at {self.address}>"

    def gate(self) -> Gate | None:
        """For a new connection: what lets it in by the token. None if this server asks for none."""
        return None if self._secret is None else Gate(self._secret)

    def close(self) -> None:
        """Stop listening, and remove what told of it if it is still this one's.

        In the child after a fork it only closes the socket: the rest is the parent's.
        """
        if os.getpid() == self._pid:
            remove_record(self._record)
            if self._port_file is not None:
                self._port_file.remove()
            with contextlib.suppress(OSError):
                if self._path is not None and _identity(self._path) == self._file:
                    os.unlink(self._path)
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self.socket.close()

    def _announce(
        self, token: bytes | None, port_file: bool | str | os.PathLike[str], mode: Mode | None
    ) -> None:
        self._secret = token
        if port_file is not False:
            if self._path is not None:
                raise AddressError(
                    f"{self.address} is a Unix socket and has no port for a port file: "
                    "leave port_file out, or give host:port."
                )
            port = self.socket.getsockname()[1]
            self._port_file = PortFile(port) if port_file is True else PortFile(port, port_file)
        if mode is not None:
            add_record(self._record, mode=mode)


def listen(
    address: str | os.PathLike[str] | int | None = None,
    *,
    token: str | None = None,
    port_file: bool | str | os.PathLike[str] = False,
    mode: Mode | None = "threads",
) -> Listener:
    """Listen at an address, and leave a record of it.

    - `address`: a socket's path, `host:port`, a port, or none (a socket in the user's runtime
      directory). `localhost` is 127.0.0.1.
    - `token`: what clients have to give before anything else; needed to listen beyond this machine,
      possible everywhere. At least 16 characters.
    - `port_file`: write the port to `.nrepl-port` in the current directory, or to this path.
    - `mode`: how the server evaluates, for the record; None leaves none (it is no nREPL server).

    Raises `AddressError`, `AddressInUseError`, `TokenError`, `ServerError` (the port file).
    """
    known = None if token is None else secret(token)
    listener = _listener(address, known is not None)
    try:
        listener._announce(known, port_file, mode)  # noqa: SLF001
    except BaseException:
        listener.close()
        raise
    return listener


def _listener(address: str | os.PathLike[str] | int | None, has_token: bool) -> Listener:
    if address is None:
        return _in_runtime_directory()
    if isinstance(address, int):
        return _tcp("localhost", address, has_token)
    if not isinstance(address, str):
        return _unix(os.fspath(address))
    for prefix in ("nrepl+unix:", "unix:"):
        if address.startswith(prefix):
            return _unix(address.removeprefix(prefix))
    if address.startswith("nrepl://"):
        address = address.removeprefix("nrepl://").rstrip("/")
    if "/" in address:
        return _unix(address)
    host, colon, port = address.rpartition(":")
    if port.isascii() and port.isdigit() and len(port) < 6 and (colon or not host):
        return _tcp(host.strip("[]") or "localhost", int(port), has_token)
    raise AddressError(
        f"{address!r} is no address to serve at. Give a socket's path with a slash "
        f"(./{address or 'app.sock'}), host:port, or a port."
    )


def _in_runtime_directory() -> Listener:
    directory, pid = runtime_directory(), os.getpid()
    for number in range(1, _MOST):
        name = f"{pid}.sock" if number == 1 else f"{pid}-{number}.sock"
        with contextlib.suppress(AddressInUseError):
            return _unix(os.path.join(directory, name))
    raise ServerError(f"This process has {_MOST} servers in {directory}: close some.")


def _unix(path: str) -> Listener:
    full = os.path.abspath(path)
    sock = listen_at(path, _BACKLOG)
    fits = len(os.fsencode(full)) <= LONGEST_PATH
    address = full if fits else path if "/" in path else f"./{path}"
    banner = f"nREPL server started on socket nrepl+unix:{full}"
    return Listener(sock, address, banner, path=full, record=f"unix:{full}")


def _tcp(host: str, port: int, has_token: bool) -> Listener:
    if not 0 <= port < 65536:
        raise AddressError(f"{port} is no port: ports go from 0 (any free one) to 65535.")
    if not has_token and not _is_loopback(host):
        raise AddressError(
            f"{host} is not this machine's own address: whoever reaches the port could run "
            "anything here. Give a token (token=make_token()), or serve on localhost and let "
            "others come through ssh."
        )
    sock = None
    try:
        family, at = _resolved(host, port)
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(at)
        sock.listen(_BACKLOG)
    except UnicodeError:
        raise AddressError(f"{host!r} is no machine's name.") from None
    except OSError as error:
        if sock is not None:
            sock.close()
        raise _tcp_error(host, port, error) from None
    port = sock.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    banner = f"nREPL server started on port {port} on host {host} - nrepl://{shown}:{port}"
    return Listener(sock, f"{shown}:{port}", banner, path=None, record=f"{shown}:{port}")


def _is_loopback(host: str) -> bool:
    """Whether it is written as an address of this machine. Names are not looked up for it."""
    if host == "localhost":
        return True
    with contextlib.suppress(OSError, ValueError):
        return socket.inet_pton(socket.AF_INET, host)[0] == 127
    with contextlib.suppress(OSError, ValueError):
        return socket.inet_pton(socket.AF_INET6, host) == bytes(15) + b"\1"
    return False


def _resolved(host: str, port: int) -> tuple[int, Any]:
    if host == "localhost":
        return socket.AF_INET, ("127.0.0.1", port)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return found[0][0], found[0][4]


def _tcp_error(host: str, port: int, error: OSError) -> ServerError:
    if isinstance(error, socket.gaierror):
        return AddressError(f"{host} is no machine that is known here ({error.strerror}).")
    if error.errno == errno.EADDRINUSE:
        return AddressInUseError(
            error.errno, f"port {port} is in use: give another, or 0 for any free one"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return AddressError(
            f"{host} is another machine's address: give one of this machine's, or 0.0.0.0 for all."
        )
    if error.errno == errno.EACCES:
        return AddressError(f"Port {port} is for root only: give one from 1024 up.")
    return AddressError(f"{host}:{port} can't be listened at: {error.strerror}.")


def _identity(path: str) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino
