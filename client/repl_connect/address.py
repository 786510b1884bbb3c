"""Where a REPL listens: parsed once, printed one way, in every front end.

    ./guile-socket  /run/x.sock  unix:x.sock  nrepl+unix:x.sock     a Unix socket
    localhost:7888  [::1]:7888  7888  nrepl://localhost:7888        TCP; a bare port is local
    ssh://ada@far/run/x.sock  ssh://far/~/x.sock                    a Unix socket over there
    ssh://ada@far#7888  ssh://far:2222#db:7888                      a port over there
    http://localhost:4242                                           telephone, a job server

A text with a `/` is a path. So is a name without one if such a file is there; `unix:` forces it.
"""

from __future__ import annotations

import os
from typing import Final, NamedTuple

from repl_connect.errors import AddressError

__all__ = [
    "LOCAL_HOSTS",
    "LONGEST_PATH",
    "Address",
    "HttpAddress",
    "SshAddress",
    "TcpAddress",
    "UnixAddress",
    "parse_address",
]

LONGEST_PATH: Final = 107
"""Bytes in the path of a Unix socket on Linux (`sun_path` holds 108 with its end; unix(7))."""

LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""What this machine is mostly called in an address."""


class UnixAddress(NamedTuple):
    """A Unix socket's path, as it was given."""

    path: str

    def __str__(self) -> str:
        if self.path.startswith(("/", "./", "../")):
            return self.path
        odd = self.path.startswith(("~/", "unix:", "nrepl+unix:")) or "://" in self.path
        if odd or _bytes_of(self.path) > LONGEST_PATH - len("./"):
            return f"unix:{self.path}"
        return self.path if "/" in self.path else f"./{self.path}"


class TcpAddress(NamedTuple):
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class HttpAddress(NamedTuple):
    """Where HTTP is spoken: a host, a port, and the path before those of the calls."""

    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        return f"http://{TcpAddress(self.host, self.port)}{self.path}"


class SshAddress(NamedTuple):
    """A machine as `ssh` knows it, and a socket's path or a port that is reached from there.

    `destination` is a host, an alias of ssh's configuration, or either with `user@` before it.
    `ssh_port` is 0 if ssh's configuration says it. One of `path` and `there` is given; a path may
    begin with `~/`.
    """

    destination: str
    ssh_port: int = 0
    path: str = ""
    there: TcpAddress | None = None

    def __str__(self) -> str:
        user, at, host = self.destination.rpartition("@")
        shown = f"{user}{at}[{host}]" if ":" in host else self.destination
        port = f":{self.ssh_port}" if self.ssh_port else ""
        if self.there is None:
            return f"ssh://{shown}{port}{'' if self.path.startswith('/') else '/'}{self.path}"
        there = self.there.port if self.there.host == "localhost" else self.there
        return f"ssh://{shown}{port}#{there}"


Address = UnixAddress | TcpAddress | HttpAddress | SshAddress


def parse_address(text: str) -> Address:
    """Read an address. Raises `AddressError` with the forms there are."""
    given = text
    for prefix in ("nrepl+unix:", "unix:"):
        if text.startswith(prefix):
            path = text.removeprefix(prefix)
            return _unix(path.removeprefix("//") if path.startswith("///") else path, given)
    if text.startswith("nrepl://"):
        text = text.removeprefix("nrepl://").rstrip("/")
        return _tcp(f"{text}:7888" if text and not _host_and_port(text) else text, given)
    if text.startswith("ssh://"):
        return _ssh(text.removeprefix("ssh://"), given)
    if text.startswith("http://"):
        return _http(text.removeprefix("http://"), given)
    if text.startswith("~/"):
        return _unix(os.path.expanduser(text), given)
    if "/" in text:
        scheme, found, _ = text.partition("://")
        if found and scheme.isalpha():
            raise AddressError(
                f"{given}: addresses of this kind are not known. "
                "Give a socket's path (./x.sock), host:port, or a port."
            )
        return _unix(text, given)
    if text.isascii() and text.isdigit():
        return _tcp(f"localhost:{text}", given)
    if "\0" not in text and os.path.exists(text):
        return _unix(text, given)
    if _host_and_port(text):
        return _tcp(text, given)
    raise AddressError(
        f"{given!r} is no address. "
        f"Give a socket's path (./{given or 'x.sock'}), host:port, or a port."
    )


def _unix(path: str, given: str) -> UnixAddress:
    size = _bytes_of(path)
    if not size or "\0" in path:
        raise AddressError(f"{given!r} names no socket file. Give its path, like ./x.sock.")
    if size > LONGEST_PATH:
        raise AddressError(
            f"{given}: a socket's path can have {LONGEST_PATH} bytes, this one has "
            f"{size}. Go to its directory and give ./{os.path.basename(path)}."
        )
    return UnixAddress(path)


def _bytes_of(path: str) -> int:
    """How long a path is; 0 for a text that no path can be, a surrogate by itself."""
    try:
        return len(os.fsencode(path))
    except UnicodeEncodeError:
        return 0


def _ssh(text: str, given: str) -> SshAddress:
    machine, slash, path = text.partition("/")
    machine, mark, there = machine.partition("#")
    user, at, host = machine.rpartition("@")
    port = 0
    if _host_and_port(host):
        host, port = _tcp(host, given)
    elif not _host_and_port(f"{host}:1"):
        host = ""
    else:
        host = host.strip("[]")
    odd = any(char in ":[]" or char.isspace() for char in user) or machine.startswith("-")
    if not host or odd or (at and not user) or bool(slash) == bool(mark):
        raise AddressError(
            f"{given}: an address through ssh is ssh://[USER@]HOST[:PORT]/PATH for a socket there "
            "(/~/x.sock: in the home directory), or ssh://[USER@]HOST[:PORT]#PORT for a port there."
        )
    if mark:
        where = _tcp(there if _host_and_port(there) else f"localhost:{there}", given)
        return SshAddress(f"{user}{at}{host}", port, "", where)
    path = path if path.startswith("~/") else f"/{path}"
    if path in ("/", "~/") or "\0" in path:
        raise AddressError(f"{given} names no socket file: ssh://HOST/PATH.")
    return SshAddress(f"{user}{at}{host}", port, path)


def _http(text: str, given: str) -> HttpAddress:
    place, slash, path = text.partition("/")
    path = (slash + path).rstrip("/")
    odd = not path.isascii() or not path.isprintable() or any(char in " ?#" for char in path)
    if not place or odd or "@" in place:
        raise AddressError(f"{given}: telephone's address is http://host:port.")
    host, port = _tcp(place if _host_and_port(place) else f"{place}:80", given)
    return HttpAddress(host, port, path)


def _host_and_port(text: str) -> tuple[str, str] | None:
    """`host:port` and `[v6]:port` taken apart, or None for what is neither."""
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()):
        return None
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        return (host, port) if ":" in host else None
    if any(char in ":[]/" or char.isspace() for char in host):
        return None
    return host, port


def _tcp(text: str, given: str) -> TcpAddress:
    found = _host_and_port(text)
    port = int(found[1]) if found and len(found[1]) < 10 else 0
    if found is None or not 0 < port < 65536:
        raise AddressError(f"{given}: a TCP address is host:port, the port from 1 to 65535.")
    return TcpAddress(found[0] or "localhost", port)
