"""The networks this machine is on, and mDNS spoken there."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface
from typing import TYPE_CHECKING

from repl_connect.errors import ConnectError

if TYPE_CHECKING:
    from zeroconf import Zeroconf

__all__ = ["nearest_first", "open_zeroconf", "own_addresses"]


def own_addresses() -> list[IPv4Interface | IPv6Interface]:
    """The addresses of this machine with their networks, without loopback and IPv6's of a link."""
    from ifaddr import get_adapters

    found = [
        ip_interface(f"{each.ip if each.is_IPv4 else each.ip[0]}/{each.network_prefix}")
        for adapter in get_adapters()
        for each in adapter.ips
    ]
    return [
        each
        for each in found
        if not each.is_loopback and not (each.version == 6 and each.is_link_local)
    ]


def nearest_first(addresses: Iterable[str]) -> list[str]:
    """A machine's addresses, the one first that can best be reached from here.

    Those of a network that this machine is on too go before others, IPv4 before IPv6. An address
    that this machine has itself may be that of its own container's bridge: it comes after them.
    """
    ours = own_addresses()

    def distance(text: str) -> tuple[int, int]:
        address = ip_address(text)
        if any(address == each.ip for each in ours):
            return 1, address.version
        return 0 if any(address in each.network for each in ours) else 2, address.version

    return sorted(addresses, key=distance)


def open_zeroconf(interfaces: Sequence[str] | None) -> Zeroconf:
    """Speak mDNS, in a thread of its own, on the networks of these addresses of this machine.

    None: on all it is on, over IPv4, loopback aside. Raises `ConnectError`.
    """
    from zeroconf import IPVersion, Zeroconf

    chosen = [str(each.ip) for each in own_addresses() if each.version == 4]
    chosen = chosen if interfaces is None else list(interfaces)
    if not chosen:
        raise ConnectError("This machine is on no network: it has no address but loopback's.")
    made: list[Zeroconf] = []
    problems: list[Exception] = []

    def make() -> None:
        try:
            made.append(Zeroconf(interfaces=chosen, ip_version=IPVersion.V4Only))
        except (OSError, RuntimeError, ValueError) as error:
            problems.append(error)

    # In a thread where an asyncio loop runs, it would join that loop and block it.
    thread = threading.Thread(target=make, name="mdns-start")
    thread.start()
    thread.join()
    if problems:
        why = getattr(problems[0], "strerror", None) or problems[0]
        raise ConnectError(
            f"mDNS can't be spoken on the network of {', '.join(chosen)}: {why}. "
            "An interface is given by an IPv4 address of this machine."
        )
    return made[0]
