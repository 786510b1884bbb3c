"""What is said of a server on the network (DNS-SD, RFC 6763), and what is believed of it.

The instance's name is `PROGRAM on HOST:PORT`; the TXT record has `program`, `language`, `mode` and
`token=1` if clients have to give one. No path is told.

Anybody on the network can say anything: each text is cut, loses what is no printable character, and
is only ever shown. Addresses that can't be those of another machine are dropped.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, NamedTuple

from repl_connect.address import TcpAddress

__all__ = ["SERVICE", "TTL", "Found", "found_in", "instance_name", "properties_of"]

SERVICE: Final = "_nrepl._tcp.local."
"""The type of service, as it is asked for."""

TTL: Final = 60
"""Seconds for which what was announced is believed: one that was killed is gone after about two
such times."""

_LONGEST_NAME: Final = 50  # bytes: a label has 63 (RFC 1035), with the port and what is added
_LONGEST_VALUE: Final = 100  # bytes of one text of a TXT record
_LONGEST_SHOWN: Final = 64  # characters
_MOST_ADDRESSES: Final = 16


class Found(NamedTuple):
    """A server that somebody on the network announces. What it does not say is empty.

    `address` is the one to connect to, of those it has (`nearest`); `token`: it wants one.
    """

    name: str
    address: TcpAddress
    program: str = ""
    language: str = ""
    mode: str = ""
    token: bool = False


def instance_name(program: str, host: str, port: int) -> str:
    """`PROGRAM on HOST:PORT`, short enough for a label, without the dots that would divide it.

    The port is in it because programs that start at the same moment do not hear of each other.
    """
    called = os.path.basename(program).removesuffix(".py").removesuffix(".sock")
    name = f"{called} on {host.partition('.')[0]}"
    return f"{_cut(_printable(name).replace('.', '-'), _LONGEST_NAME)}:{port}"


def properties_of(program: str, language: str, mode: str) -> dict[str, str]:
    """The TXT record of a server that asks for a token."""
    said = {"program": os.path.basename(program), "language": language, "mode": mode, "token": "1"}
    return {key: _cut(value, _LONGEST_VALUE) for key, value in said.items() if value}


def found_in(
    name: str,
    addresses: Iterable[str],
    port: int | None,
    properties: Mapping[bytes, bytes | None],
    *,
    loopback: bool = False,
) -> Found | None:
    """What an announcement says, made safe to show; None if one can't connect to it.

    `addresses`: the best first. `loopback`: it was looked for on this machine's own network.
    """
    hosts = [each for each in list(addresses)[:_MOST_ADDRESSES] if _is_credible(each, loopback)]
    if not hosts or port is None or not 0 < port < 65536:
        return None

    def text(key: bytes) -> str:
        return _shown((properties.get(key) or b"").decode("utf-8", "replace"))

    return Found(
        name=_shown(name.removesuffix(f".{SERVICE}")),
        address=TcpAddress(hosts[0], port),
        program=text(b"program"),
        language=text(b"language"),
        mode=text(b"mode"),
        token=properties.get(b"token") == b"1",
    )


def _is_credible(text: str, loopback: bool) -> bool:
    """Whether it can be the address of a machine out there, and `host:port` can name it."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    if address.is_loopback:
        return loopback
    # An IPv6 address of a link is none without the link's name, which differs by machine.
    odd = isinstance(address, IPv6Address) and (address.is_link_local or address.ipv4_mapped)
    return not (odd or address.is_multicast or address.is_unspecified or address.is_reserved)


def _shown(text: str) -> str:
    text = _printable(text)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def _printable(text: str) -> str:
    """One line, without what would steer a terminal or turn the direction of the text."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _cut(text: str, longest: int) -> str:
    """As many whole characters as fit into so many bytes."""
    return text.encode("utf-8", "replace")[:longest].decode("utf-8", "ignore")
