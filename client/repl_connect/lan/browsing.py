"""The servers that are announced on the network, as they come and go."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, Self

from repl_connect.errors import UsageError
from repl_connect.lan.service import SERVICE, TTL, Found, found_in
from repl_connect.requirement import missing

if TYPE_CHECKING:
    from zeroconf import ServiceStateChange

__all__ = ["MOST", "Browser"]

MOST: Final = 200
"""Servers that are kept; further ones are counted in `Browser.ignored`."""

_ASKING: Final = 3_000  # milliseconds that a server gets to say where it is
_CLOSING: Final = 2.0


class Browser:
    """A live list of the servers that are announced on the network, from now until `close`.

    `on_change`, without arguments, is called when `servers` or `ignored` may have changed, in a
    thread of this object's own: it should only note it. `interfaces`: the IPv4 addresses of this
    machine on whose networks is looked; else all but loopback. Nothing is connected to.

    Raises `UsageError` where zeroconf is missing, `ConnectError` where there is no network.
    """

    def __init__(
        self,
        on_change: Callable[[], None] | None = None,
        *,
        interfaces: Sequence[str] | None = None,
    ) -> None:
        problem = missing("zeroconf", "Looking for servers on the network")
        if problem is not None:
            raise UsageError(problem)
        from repl_connect.lan.multicast import open_zeroconf

        self._on_change = on_change
        self._began = time.monotonic()
        self._found: dict[str, Found] = {}
        self._names: set[str] = set()  # of those that are found or asked
        self._asking: set[str] = set()
        self._again: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ignored = 0
        self._closed = False
        self._zeroconf = open_zeroconf(interfaces)
        self._loopback = any(ip_address(each).is_loopback for each in interfaces or ())
        self._run(self._begin())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @property
    def servers(self) -> list[Found]:
        """Those that are announced now, by name. From any thread."""
        return sorted(self._found.copy().values(), key=lambda each: (each.name, each.address))

    @property
    def ignored(self) -> int:
        """How often a server was left out, since there were too many."""
        return self._ignored

    def found(self, seconds: float) -> list[Found]:
        """The same, when so many seconds have been looked: most answer within one."""
        time.sleep(max(0.0, self._began + seconds - time.monotonic()))
        return self.servers

    def close(self) -> None:
        """Look no more. Not from `on_change`."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(Exception):  # the network may have gone
            self._run(self._end())
        with contextlib.suppress(Exception):
            self._zeroconf.close()

    def _run(self, work: Any) -> None:
        loop = self._zeroconf.loop
        assert loop is not None
        asyncio.run_coroutine_threadsafe(work, loop).result(_CLOSING)

    # What follows is done in zeroconf's thread, on its loop.

    async def _begin(self) -> None:
        from zeroconf.asyncio import AsyncServiceBrowser

        self._services = AsyncServiceBrowser(self._zeroconf, [SERVICE], handlers=[self._heard])
        self._start(self._keep_asking())

    async def _end(self) -> None:
        await self._services.async_cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # the loop itself keeps no reference
        task.add_done_callback(self._tasks.discard)

    def _heard(self, *, name: str, state_change: ServiceStateChange, **_about: object) -> None:
        from zeroconf import ServiceStateChange

        if state_change is ServiceStateChange.Removed:
            self._names.discard(name)
            self._set(name, None)
        elif name in self._asking:
            self._again.add(name)
            self._names.add(name)
        elif name in self._names or len(self._names) < MOST:
            self._names.add(name)
            self._asking.add(name)
            self._start(self._ask(name))
        else:
            self._ignored += 1
            self._changed()

    async def _ask(self, name: str) -> None:
        try:
            await self._look_up(name)
            while name in self._again:
                self._again.discard(name)
                await self._look_up(name)
        finally:
            self._asking.discard(name)

    async def _look_up(self, name: str) -> None:
        from zeroconf.asyncio import AsyncServiceInfo

        from repl_connect.lan.multicast import nearest_first

        info = AsyncServiceInfo(SERVICE, name)
        found = None
        if await info.async_request(self._zeroconf, _ASKING):
            found = found_in(
                name,
                nearest_first(info.parsed_addresses()),
                info.port,
                info.properties,
                loopback=self._loopback,
            )
        if found is None:  # it keeps no place; it is heard of again when it says something new
            self._names.discard(name)
        self._set(name, found if name in self._names else None)

    def _set(self, name: str, found: Found | None) -> None:
        before = self._found.get(name)
        if found is not None:
            self._found[name] = found
        else:
            self._found.pop(name, None)
        if found != before:
            self._changed()

    def _changed(self) -> None:
        if self._on_change is not None:
            self._on_change()

    async def _keep_asking(self) -> None:
        # Zeroconf believes in a name for twenty minutes, whatever its TTL. Who was killed is gone.
        while True:
            await asyncio.sleep(TTL)
            for name in list(self._found):
                if name not in self._asking:
                    self._asking.add(name)
                    await self._ask(name)
