"""Somebody on the network who says what he likes."""

from __future__ import annotations

import socket
from typing import Self

from lan.programs import LO, unique_name
from zeroconf import IPVersion, ServiceInfo, Zeroconf

from repl_connect.lan.service import SERVICE

__all__ = ["Stranger"]


class Stranger:
    """He announces without having asked whether anybody has the name, answers, and sends junk."""

    def __init__(self) -> None:
        self._zeroconf = Zeroconf(interfaces=[LO], ip_version=IPVersion.V4Only)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zeroconf.close()

    def announce(
        self, name: str, address: str = "192.0.2.7", port: int = 22, **said: bytes
    ) -> None:
        info = ServiceInfo(
            SERVICE,
            f"{name}.{SERVICE}",
            parsed_addresses=[address],
            port=port,
            properties=dict(said),
            server=f"{unique_name()}.local.",
            host_ttl=30,
            other_ttl=30,
        )
        assert self._zeroconf.loop is not None
        self._zeroconf.loop.call_soon_threadsafe(self._zeroconf.registry.async_add, info)
        self._zeroconf.send(self._zeroconf.generate_service_broadcast(info, ttl=None))

    def send(self, data: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stream:
            stream.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LO))
            stream.sendto(data, ("224.0.0.251", 5353))
