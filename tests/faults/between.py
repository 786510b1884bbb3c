"""A line between a client and a server that fails as it is told to.

`Between` listens, and makes one connection to its target for each one made to it. What is carried
passes a fault in each direction: a small record, whose `carry` says what becomes of the bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import random
import socket
import struct
import termios
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, Self, TypeVar

from repl_connect.address import TcpAddress, UnixAddress, parse_address

__all__ = [
    "AS_IS",
    "AsIs",
    "Between",
    "Corrupts",
    "Delayed",
    "Drops",
    "Fault",
    "Floods",
    "HalfCloses",
    "Joined",
    "Lane",
    "Reorders",
    "Resets",
    "Split",
    "Stalls",
]

SECONDS: Final = 30.0
_CHUNK: Final = 65536
_UNREAD_LOOKS: Final = 40
_T = TypeVar("_T")


class Fault(Protocol):
    """What becomes of the bytes of one direction of one connection."""

    async def carry(self, lane: Lane, data: bytes) -> None:
        """Take bytes that came; hand on with `lane.write` what is to arrive."""


@dataclass(frozen=True)
class AsIs:
    """Nothing fails."""

    async def carry(self, lane: Lane, data: bytes) -> None:
        await lane.write(data)


AS_IS: Final = AsIs()


@dataclass(frozen=True)
class Split:
    """Every byte (so many bytes) arrives alone: the next is written when it has been read.

    (On TCP it can't be seen whether it was read: there each is a packet of its own.)
    """

    size: int = 1

    async def carry(self, lane: Lane, data: bytes) -> None:
        lane.strike()
        for start in range(0, len(data), self.size):
            await lane.write(data[start : start + self.size])
            for _ in range(_UNREAD_LOOKS):
                if not lane.unread():
                    break
                await asyncio.sleep(0)


@dataclass(frozen=True)
class Joined:
    """All that comes within so many seconds arrives together."""

    seconds: float = 0.05

    async def carry(self, lane: Lane, data: bytes) -> None:
        lane.strike()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                while more := await lane.read():
                    data += more
                lane.ended = True
        await lane.write(data)


@dataclass(frozen=True)
class Delayed:
    """What comes waits for so many seconds, each piece."""

    seconds: float = 0.05

    async def carry(self, lane: Lane, data: bytes) -> None:
        lane.strike()
        await asyncio.sleep(self.seconds)
        await lane.write(data)


@dataclass(frozen=True)
class Stalls:
    """After so many bytes nothing arrives until `Between.go_on`."""

    after: int = 0

    async def carry(self, lane: Lane, data: bytes) -> None:
        left = await lane.write_before(self.after, data)
        if left:
            lane.strike()
            await lane.between.going_on.wait()
            await lane.write(left)


@dataclass(frozen=True)
class Drops:
    """After so many bytes both sides see the end."""

    after: int = 0

    async def carry(self, lane: Lane, data: bytes) -> None:
        if await lane.write_before(self.after, data):
            lane.strike()
            lane.end_both()


@dataclass(frozen=True)
class Resets:
    """After so many bytes both sides see a reset, where they are on TCP; else the end."""

    after: int = 0

    async def carry(self, lane: Lane, data: bytes) -> None:
        if await lane.write_before(self.after, data):
            lane.strike()
            lane.end_both(reset=True)


@dataclass(frozen=True)
class HalfCloses:
    """After so many bytes the reader sees the end, and may go on writing. The rest is lost."""

    after: int = 0

    async def carry(self, lane: Lane, data: bytes) -> None:
        if await lane.write_before(self.after, data):
            lane.strike()
            lane.end()


@dataclass(frozen=True)
class Corrupts:
    """One byte arrives as another: which one, of so many, and what it becomes, is the seed's."""

    seed: int = 0
    within: int = 200

    async def carry(self, lane: Lane, data: bytes) -> None:
        chance = random.Random(self.seed)
        at = chance.randrange(self.within) - lane.passed
        if 0 <= at < len(data):
            lane.strike()
            changed = data[at] ^ chance.randrange(1, 256)
            data = data[:at] + bytes((changed,)) + data[at + 1 :]
        await lane.write(data)


@dataclass(frozen=True)
class Floods:
    """So many times these bytes arrive before what comes when so many have passed."""

    what: bytes
    times: int = 1
    after: int = 0

    async def carry(self, lane: Lane, data: bytes) -> None:
        left = await lane.write_before(self.after, data)
        if left and not lane.struck:
            lane.strike()
            for _ in range(self.times):
                await lane.write(self.what, count=False)
        await lane.write(left)


@dataclass(frozen=True)
class Reorders:
    """What a connection gets waits until the one made after it has got something.

    The second, the fourth and so on get theirs at once.
    """

    async def carry(self, lane: Lane, data: bytes) -> None:
        if lane.number % 2 == 0:
            lane.strike()
            await lane.between.until_passed(lane.number + 1)
        await lane.write(data)


class Lane:
    """One direction of one connection, as a fault has it.

    `number` is the connection's, from 0; `passed` the bytes handed on since the fault began;
    `struck` whether the fault has shown.
    """

    def __init__(
        self,
        between: Between,
        number: int,
        source: socket.socket,
        sink: socket.socket,
        *,
        to_client: bool,
    ) -> None:
        self.between = between
        self.number = number
        self.passed = 0
        self.struck = False
        self.ended = False
        self.fault: Fault = AS_IS
        self._source = source
        self._sink = sink
        self._to_client = to_client
        self._writing = asyncio.Lock()

    def begin(self, fault: Fault) -> None:
        """From now on this is what fails."""
        self.fault = fault
        self.passed = 0
        self.struck = False

    async def read(self) -> bytes:
        """What comes next; nothing at the end."""
        return await asyncio.get_running_loop().sock_recv(self._source, _CHUNK)

    async def write(self, data: bytes, *, count: bool = True) -> None:
        """Hand on."""
        if not data:
            return
        self.passed += len(data) if count else 0
        async with self._writing:  # what is put in between does not cut what is handed on
            await asyncio.get_running_loop().sock_sendall(self._sink, data)
        self.between.note_passed(self.number, len(data), to_client=self._to_client)

    async def write_before(self, after: int, data: bytes) -> bytes:
        """Hand on up to so many bytes since the fault began; the rest."""
        room = max(0, after - self.passed)
        await self.write(data[:room])
        return data[room:]

    def unread(self) -> int:
        """Bytes that the reader has not read yet."""
        answer = fcntl.ioctl(self._sink, termios.TIOCOUTQ, bytes(4))
        return int(struct.unpack("i", answer)[0])

    def strike(self) -> None:
        """The fault shows."""
        self.struck = True
        self.between.struck.set()

    def end(self) -> None:
        """The reader sees the end; what comes from now on is thrown away."""
        self.ended = True
        with contextlib.suppress(OSError):
            self._sink.shutdown(socket.SHUT_WR)

    def end_both(self, *, reset: bool = False) -> None:
        """Both sides see the end: the connection is no more."""
        self.ended = True
        for end in (self._source, self._sink):
            if reset:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError

    async def run(self) -> None:
        """Carry until the end, and tell it on."""
        while data := await self.read():
            if not self.ended:
                await self.fault.carry(self, data)
        self.end()


class Between:
    """Listens in the directory (on 127.0.0.1 with `tcp`) and carries to the target and back.

    `to_client` and `to_server` fail in the first `times` connections (all, if None); `fail` changes
    that for those there are. `address` is what a client is to use.
    """

    def __init__(
        self,
        directory: Path,
        target: str,
        to_client: Fault = AS_IS,
        to_server: Fault = AS_IS,
        *,
        times: int | None = None,
        tcp: bool = False,
        name: str = "between.sock",
    ) -> None:
        self.connections = 0
        """How many there have been."""
        self.bytes_to_client = 0
        self.bytes_to_server = 0
        self.struck = threading.Event()
        """A fault has shown since `fail`, or from the beginning."""
        self.going_on = asyncio.Event()
        self._to_client = to_client
        self._to_server = to_server
        self._times = times
        self._target = parse_address(target)
        self._passed: dict[int, asyncio.Event] = {}
        self._pairs: dict[int, tuple[Lane, Lane]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        if tcp:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        else:
            self.address = str(directory / name)
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(self.address)
            self._listener.listen(128)
        self._listener.setblocking(False)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="between", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def open(self) -> int:
        """How many connections there are now."""
        return len(self._pairs)

    def fail(
        self, to_client: Fault = AS_IS, to_server: Fault = AS_IS, *, times: int | None = None
    ) -> None:
        """Fail so from now on: the connections there are, and the next `times` ones.

        What has been held back goes on.
        """
        self._ask(self._fail(to_client, to_server, times))

    def go_on(self) -> None:
        """What is stalled arrives."""
        self._loop.call_soon_threadsafe(self.going_on.set)

    def cut(self) -> None:
        """All connections there are end now, for both sides; new ones can be made."""
        self._ask(self._cut())

    def say(self, data: bytes, *, to_client: bool = True) -> None:
        """Put these bytes into each connection there is now; returns when they are written."""
        self._ask(self._say(data, to_client=to_client))

    def wait_struck(self) -> None:
        """Until a fault shows."""
        assert self.struck.wait(SECONDS), "the fault never showed"

    def close(self) -> None:
        """End it with all its connections. Calling it again does nothing."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(SECONDS)
            assert not self._thread.is_alive()

    async def until_passed(self, number: int) -> None:
        """Until the connection has got something since the faults began."""
        await self._passed.setdefault(number, asyncio.Event()).wait()

    def note_passed(self, number: int, count: int, *, to_client: bool) -> None:
        """So many bytes were handed on."""
        if to_client:
            self.bytes_to_client += count
            self._passed.setdefault(number, asyncio.Event()).set()
        else:
            self.bytes_to_server += count

    def _ask(self, what: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(SECONDS)

    def _run(self) -> None:
        accepting = self._loop.create_task(self._accept())
        try:
            self._loop.run_forever()
        finally:
            tasks = [accepting, *self._tasks]
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._listener.close()
            self._loop.close()

    async def _accept(self) -> None:
        while True:
            near, _ = await self._loop.sock_accept(self._listener)
            task = self._loop.create_task(self._serve(self.connections, near))
            self.connections += 1
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, number: int, near: socket.socket) -> None:
        with near, contextlib.suppress(ConnectionError), self._far() as far:
            where = self._target
            assert isinstance(where, TcpAddress | UnixAddress)
            near.setblocking(False)
            await self._loop.sock_connect(
                far, where.path if isinstance(where, UnixAddress) else (where.host, where.port)
            )
            for end in (near, far):
                if end.family != socket.AF_UNIX:
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            lanes = (
                Lane(self, number, far, near, to_client=True),
                Lane(self, number, near, far, to_client=False),
            )
            if self._times is None or self._times > 0:
                self._begin(lanes)
                self._times = None if self._times is None else self._times - 1
            self._pairs[number] = lanes
            try:
                async with asyncio.TaskGroup() as group:
                    for lane in lanes:
                        group.create_task(lane.run())
            except* OSError:
                pass
            finally:
                del self._pairs[number]

    def _far(self) -> socket.socket:
        unix = isinstance(self._target, UnixAddress)
        far = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        far.setblocking(False)
        return far

    def _begin(self, lanes: tuple[Lane, Lane]) -> None:
        lanes[0].begin(self._to_client)
        lanes[1].begin(self._to_server)

    async def _fail(self, to_client: Fault, to_server: Fault, times: int | None) -> None:
        self._to_client, self._to_server, self._times = to_client, to_server, times
        self.struck.clear()
        self._passed.clear()
        going_on, self.going_on = self.going_on, asyncio.Event()
        for lanes in self._pairs.values():
            self._begin(lanes)
        going_on.set()

    async def _cut(self) -> None:
        for lane, _ in list(self._pairs.values()):
            with contextlib.suppress(ConnectionResetError):
                lane.end_both()

    async def _say(self, data: bytes, *, to_client: bool) -> None:
        for near, far in list(self._pairs.values()):
            await (near if to_client else far).write(data, count=False)
