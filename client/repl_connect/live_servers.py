"""What is live, as it comes, goes and changes: on this machine, and on the network if asked for.

Once a second it is looked whether a record, a port file or a socket file has come, gone or changed,
which costs a few system calls and asks no server; the end of a server's process is seen at once.
Only then the servers are asked (`survey`), and again a little later for those that were not ready.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Self

from repl_connect.errors import ReplConnectError
from repl_connect.listing import Server, survey
from repl_connect.places import Signs

if TYPE_CHECKING:
    from repl_connect.lan.browsing import Browser
    from repl_connect.lan.service import Found

__all__ = ["Change", "LiveServers", "announced"]

_LOOKING: Final = 1.0
"""Seconds between two looks at the files."""

_PAUSE: Final = 0.25
"""Seconds between two tellings, whatever the network says meanwhile."""

_AGAIN: Final = (1.0, 3.0)
"""Seconds after which is asked again: who had just begun to listen may not have answered."""

_MOST_PROCESSES: Final = 256  # whose end is waited for


class Change(NamedTuple):
    """One server that has come, gone, or is another now than it was (`server`: as it is)."""

    event: Literal["joined", "left", "changed"]
    server: Server


class LiveServers:
    """A live list of servers. `close` it.

    `on_change` gets the changes since the last time, at most four times a second, in a thread of
    this object's own; what is there at the beginning has joined. How many clients a server has is
    no change. `here`: the directory it is seen from. `lan`: also those that are announced on the
    network, on that of the addresses `interfaces` of this machine (`lan.Browser`, whose errors it
    raises); theirs are never connected to.
    """

    def __init__(
        self,
        on_change: Callable[[list[Change]], None],
        here: str,
        *,
        lan: bool = False,
        interfaces: Sequence[str] | None = None,
    ) -> None:
        self._on_change = on_change
        self._here = here
        self._known: dict[object, Server] = {}
        self._processes: dict[int, int] = {}  # id, descriptor of it
        self._ended: set[int] = set()
        self._closing = threading.Event()
        self._woken, self._waking = os.pipe()
        os.set_blocking(self._waking, False)
        self._browser: Browser | None = None
        if lan:
            from repl_connect.lan.browsing import Browser

            try:
                self._browser = Browser(self._wake, interfaces=interfaces)
            except ReplConnectError:
                self._close_descriptors()
                raise
        self._thread = threading.Thread(target=self._watch, name="live-servers", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @property
    def servers(self) -> list[Server]:
        """Those that are there, as the changes told so far have them. From any thread."""
        return list(self._known.copy().values())

    def close(self) -> None:
        """Watch no more. Not from `on_change`."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._wake()
        if self._browser is not None:
            self._browser.close()
        self._thread.join()
        self._close_descriptors()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # it is full: it will wake
            os.write(self._waking, b".")

    def _watch(self) -> None:
        signs = Signs(self._here)
        seen: object = None
        local: list[Server] = []
        again: list[float] = []
        while not self._closing.is_set():
            now = time.monotonic()
            looked = signs.look()
            changed = looked != seen or self._has_ended()
            if changed or (again and now >= again[0]):
                seen = looked
                again = [now + each for each in _AGAIN] if changed else again[1:]
                local = survey(self._here).servers
                self._follow(local)
            found = self._browser.servers if self._browser is not None else []
            self._tell([*local, *(announced(each) for each in found)])
            if not self._closing.wait(_PAUSE):
                self._wait()

    def _wait(self) -> None:
        """Until a process ends, the network says something, or a second has gone."""
        poller = select.poll()
        for descriptor in (self._woken, *self._processes.values()):
            poller.register(descriptor, select.POLLIN)
        if any(each == self._woken for each, _ in poller.poll(_LOOKING * 1000)):
            os.read(self._woken, 65_536)

    def _tell(self, servers: list[Server]) -> None:
        there = {_identity(each, self._here): each for each in servers}
        changes = [
            Change("left", server) for key, server in self._known.items() if key not in there
        ]
        for key, server in there.items():
            before = self._known.get(key)
            if before is None:
                changes.append(Change("joined", server))
            elif before._replace(clients=None) != server._replace(clients=None):
                changes.append(Change("changed", server))
        self._known = there
        if changes:
            self._on_change(changes)

    def _follow(self, servers: list[Server]) -> None:
        """Be told when one of their processes ends, where the system can do that."""
        wanted = {each.pid for each in servers[:_MOST_PROCESSES] if each.pid is not None}
        self._ended &= wanted
        for pid in self._processes.keys() - wanted:
            os.close(self._processes.pop(pid))
        for pid in wanted - self._processes.keys() - self._ended:
            with contextlib.suppress(OSError, AttributeError):  # it has ended; there is none
                self._processes[pid] = os.pidfd_open(pid)

    def _has_ended(self) -> bool:
        """Whether a process has since it was last asked: what it served may be gone."""
        poller = select.poll()
        for descriptor in self._processes.values():
            poller.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poller.poll(0)}
        ended = [pid for pid, descriptor in self._processes.items() if descriptor in ready]
        for pid in ended:
            os.close(self._processes.pop(pid))
        self._ended.update(ended)  # it may have left its socket to a child
        return bool(ended)

    def _close_descriptors(self) -> None:
        for descriptor in (self._woken, self._waking, *self._processes.values()):
            os.close(descriptor)


def announced(found: Found) -> Server:
    """A server that was found on the network, as a row among the others."""
    return Server(
        address=found.address,
        state="token" if found.token else "announced",
        local=False,
        program=found.program,
        language=found.language,
        mode=found.mode,
        announced=found.name,
    )


def _identity(server: Server, here: str) -> object:
    """The same for one server as long as it lives."""
    return server.address_from(here), server.pid, server.announced
