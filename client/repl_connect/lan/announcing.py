"""A server of this machine told to the network, so that others need not know its address."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from repl_connect.address import TcpAddress, parse_address
from repl_connect.errors import ConnectError, UsageError
from repl_connect.lan.service import SERVICE, TTL, instance_name, properties_of
from repl_connect.requirement import missing
from repl_server.network.records import program_name

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from zeroconf import ServiceInfo, Zeroconf

__all__ = ["Announceable", "Announcement", "NotAnnounced", "announce"]

_ASKING: Final = 2.0  # seconds that the server gets to refuse a client without a token


class NotAnnounced(UsageError):
    """A server that is not to be announced, or can't be; in words."""


class Announceable(Protocol):
    """A server: what `repl_server.serve`, `start`, `CoopServer` or `listen` give."""

    @property
    def address(self) -> str:
        """Where it listens: `host:port`, or a path."""


class Announcement:
    """A server that the network is told of, until `close`. Made by `announce`.

    To find a name that nobody else has takes about a second, which nobody waits for: `wait` does.
    """

    def __init__(self, zeroconf: Zeroconf, info: ServiceInfo) -> None:
        self._zeroconf = zeroconf
        self._info = info
        self._pid = os.getpid()
        self._closed = False
        loop = zeroconf.loop
        assert loop is not None
        self._told = _soon(_register(zeroconf, info), loop)
        # What ends without it is believed to be there for a while.
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<repl_connect.lan.Announcement {self.name!r}{' (closed)' if self._closed else ''}>"

    @property
    def name(self) -> str:
        """What it is called on the network; final when `wait` has returned True."""
        return self._info.name.removesuffix(f".{SERVICE}")

    def wait(self, timeout: float | None = None) -> bool:
        """Whether it is announced after at most so many seconds (None: as long as it takes).

        Raises `NotAnnounced` if that has failed. Not for a thread where an asyncio loop runs.
        """
        try:
            self._told.result(timeout)
        except FutureTimeout:
            return False
        except Exception as error:
            raise NotAnnounced(f"{self.name} could not be announced: {error!r}.") from None
        return True

    def close(self) -> None:
        """Say goodbye: the others know at once. Takes about half a second."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        if os.getpid() != self._pid:  # in the child after a fork the server is the parent's
            return
        self._told.cancel()
        with contextlib.suppress(Exception):  # its goodbye may fail where the network is gone
            self._zeroconf.close()


def announce(
    server: Announceable, *, program: str = "", interfaces: Sequence[str] | None = None
) -> Announcement:
    """Tell the network of a server, by mDNS. Close it before the server, or at the end.

    - `program`: what it is called; else as this process was. Of a path only the last part is told.
    - `interfaces`: the IPv4 addresses of this machine on whose networks it is told; else all but
      loopback, or only the one that the server is bound to.

    Only for servers that others can reach and that ask for a token, which is tried: raises
    `NotAnnounced` for a Unix socket, one that is bound to loopback, one that lets clients in
    without a token, where zeroconf is missing, and where there is no network.
    """
    problem = missing("zeroconf", "To be announced on the network a server")
    if problem is not None:
        raise NotAnnounced(problem)
    address = parse_address(server.address)
    if not isinstance(address, TcpAddress):
        raise NotAnnounced(
            f"{server.address} is a Unix socket, which nobody can reach from another machine: "
            "it is not announced. Serve on 0.0.0.0:PORT with a token."
        )
    from repl_connect.lan.multicast import open_zeroconf

    bound = _bound(address)
    hosts, networks = _told(address, bound, interfaces)
    local = TcpAddress("localhost", address.port) if bound.is_unspecified else address
    _require_token(address, local)
    try:
        zeroconf = open_zeroconf(networks)
    except ConnectError as error:
        raise NotAnnounced(str(error)) from None
    return Announcement(zeroconf, _info(local, hosts, program))


def _bound(address: TcpAddress) -> IPv4Address | IPv6Address:
    """What the server is bound to, if others can reach that."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        bound = ip_address(found[0][4][0])
    except (OSError, ValueError):
        raise NotAnnounced(f"{address.host} is no machine that is known here.") from None
    if isinstance(bound, IPv6Address) and bound.ipv4_mapped is not None:
        bound = bound.ipv4_mapped
    if bound.is_loopback:
        raise NotAnnounced(
            f"{address} can be reached from this machine only: it is not announced. "
            "Serve on 0.0.0.0:PORT with a token."
        )
    return bound


def _told(
    address: TcpAddress, bound: IPv4Address | IPv6Address, interfaces: Sequence[str] | None
) -> tuple[list[str], Sequence[str] | None]:
    """The server's addresses that others are told, and on which networks (`open_zeroconf`)."""
    from repl_connect.lan.multicast import own_addresses

    if not bound.is_unspecified:
        only = [str(bound)] if bound.version == 4 else None
        return [str(bound)], only if interfaces is None else interfaces
    if interfaces is not None:
        return list(interfaces), interfaces
    # A socket of IPv6 for any address takes IPv4 clients too.
    hosts = [str(each.ip) for each in own_addresses() if each.version in (4, bound.version)]
    if not hosts:
        raise NotAnnounced(
            f"{address} is not announced: this machine is on no network, it has no address but "
            "loopback's."
        )
    return hosts, None


def _require_token(address: TcpAddress, local: TcpAddress) -> None:
    """Raises `NotAnnounced` unless a client without a token is refused there.

    It is tried, and not read from the server's settings: so it holds for whatever listens.
    """
    from repl_connect.listing import look_at

    state = look_at(local, _ASKING)
    if state == "live":
        raise NotAnnounced(
            f"{address} asks for no token: it is not announced, since whoever reads that could "
            "run anything here. Serve with token=repl_server.make_token()."
        )
    if state != "token":
        raise NotAnnounced(
            f"{address} is not announced: it has not asked a client for a token "
            f"in {_ASKING:g} seconds."
        )


def _info(local: TcpAddress, hosts: list[str], program: str) -> ServiceInfo:
    from zeroconf import ServiceInfo

    from repl_connect.places import record_at

    record = record_at(local)
    program = program or program_name()
    return ServiceInfo(
        SERVICE,
        f"{instance_name(program, socket.gethostname(), local.port)}.{SERVICE}",
        parsed_addresses=hosts,
        port=local.port,
        properties=properties_of(
            program, record.language if record else "", record.mode if record else ""
        ),
        # Not the machine's own name: whoever answers for that may tell other addresses of it.
        server=f"nrepl-{os.urandom(6).hex()}.local.",
        host_ttl=TTL,
        other_ttl=TTL,
    )


async def _register(zeroconf: Zeroconf, info: ServiceInfo) -> None:
    await (await zeroconf.async_register_service(info, allow_name_change=True))


def _soon(work: Coroutine[Any, Any, None], loop: AbstractEventLoop) -> Future[None]:
    from asyncio import run_coroutine_threadsafe

    return run_coroutine_threadsafe(work, loop)
