"""Servers that begin to listen while the dashboard is there."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Final

from repl_connect.dashboard.observing.observation import Observation
from repl_connect.dashboard.observing.records import State
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.listing import Server
from repl_connect.live_servers import Change, LiveServers
from repl_connect.places import listener_of
from repl_connect.targets import Target

__all__ = ["MOST_ADDED", "Newcomers"]

MOST_ADDED: Final = 32
"""Targets that are added by themselves; of more, the oldest that is gone makes room."""


class Newcomers:
    """Adds to an observation what comes on this machine, and offers what it does not add.

    With `adds`, servers of this machine are added; else they are offered, as are with `lan` those
    that the network announces, which are not known to be what they say. One that has come back is
    connected to at once. The log tells of each.
    """

    def __init__(self, observation: Observation, here: str, *, adds: bool, lan: bool) -> None:
        self.offers: list[str] = []
        """Addresses of those that are there and were not added, the newest last."""
        self._observation = observation
        self._here = here
        self._adds = adds
        self._lan = lan
        self._added: list[ObservedTarget] = []
        self._live: LiveServers | None = None

    def start(self) -> None:
        """Begin. The loop must be running. Raises `ReplConnectError` if the network can't be."""
        loop = asyncio.get_running_loop()

        def tell(changes: list[Change]) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._take, changes)

        self._live = LiveServers(tell, self._here, lan=self._lan)

    def close(self) -> None:
        """Watch no more. It is not waited until those that are being asked have answered."""
        if self._live is not None:
            threading.Thread(target=self._live.close, daemon=True).start()

    def _take(self, changes: list[Change]) -> None:
        for event, server in changes:
            if server.embedded:
                continue
            target = Target(server.address)
            if event == "left":
                if target.name in self.offers:
                    self.offers.remove(target.name)
            elif event == "joined":
                known = self._known(target)
                if known is None:
                    self._joined(target, server)
                elif known.state is not State.CLOSED:
                    known.reconnect()

    def _joined(self, target: Target, server: Server) -> None:
        if self._adds and not server.announced and self._has_room():
            self._added.append(self._observation.add(target))
            return
        if target.name not in self.offers:
            self.offers.append(target.name)
        words = (
            f"on the network as {server.announced}" if server.announced else server.short_program
        )
        self._observation.note(target.name, f"New: {words}. + adds it.")

    def _has_room(self) -> bool:
        self._added = [each for each in self._added if each in self._observation.targets]
        if len(self._added) < MOST_ADDED:
            return True
        gone = next((each for each in self._added if not each.connected), None)
        if gone is not None:
            self._observation.remove(gone)
        return gone is not None

    def _known(self, target: Target) -> ObservedTarget | None:
        place = listener_of(target.address)
        targets = self._observation.targets
        return next((each for each in targets if listener_of(each.target.address) == place), None)
