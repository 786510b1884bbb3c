"""Our client on TCP, to a server that sends a value and its `done` apart.

Such a server's second send waits until the first has been acknowledged, which a client's kernel
puts off for 40 ms, unless it is told not to.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import struct
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from bench.load import in_turns
from bench.processes import LONG, pinned_to, process
from bench.rows import BARE, Figure, Row
from driver import Client
from guile.programs import free_port

from repl_server.wire import encode

__all__ = ["quick_acknowledgement"]

_PROGRAMS: Final = str(Path(__file__).parent / "programs.py")
_REQUEST: Final = encode({"op": "eval", "code": "1+1", "id": "1", "session": "s"})


def quick_acknowledgement(directory: Path, *, quick: bool) -> list[Row]:
    """Our client's round trip, against a server that sends both at once, and other readers."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(pinned_to(0))
        twice, once = (stack.enter_context(_answering(kind)) for kind in ("twice", "once"))
        ours, joined = (
            stack.enter_context(contextlib.closing(Client(f"nrepl://127.0.0.1:{port}")))
            for port in (twice, once)
        )
        # Each server answers one client after the other: the readers come after our client.
        mine, theirs = in_turns(
            4 if quick else 11,
            partial(_evaluations, ours, 100),
            partial(_evaluations, joined, 100),
        )
        ours.close()
        joined.close()
        bare = _read(twice, 200, acknowledging=True)
        late = _read(twice, 20, acknowledging=False)
    own, other = statistics.median(mine), statistics.median(theirs)
    return [
        Row(
            "1+1 on TCP, answered in two parts",
            own * 1e6,
            other * 1e6,
            "answered in one",
            own / other,
            1.5,
            figures=(
                Figure("tcp-twice", own * 1e3),
                Figure("tcp-own", own / other),
                Figure("tcp-twice", statistics.median(bare) * 1e3, BARE, "bytes only"),
                Figure("tcp-twice", statistics.median(late) * 1e3, "other clients"),
            ),
        )
    ]


@contextlib.contextmanager
def _answering(kind: str) -> Iterator[int]:
    """One of the two servers, at the port that is given."""
    port = free_port()
    command = [sys.executable, _PROGRAMS, kind, str(port)]
    with process(command, ready=partial(_connectable, port)):
        yield port


def _connectable(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _evaluations(client: Client, rounds: int) -> list[float]:
    samples = []
    for _ in range(rounds):
        started = time.perf_counter()
        client.evaluate("1+1")
        samples.append(time.perf_counter() - started)
    return samples


def _read(port: int, rounds: int, *, acknowledging: bool) -> list[float]:
    """Seconds of each request, of a client that only counts bytes."""
    samples = []
    with socket.create_connection(("127.0.0.1", port)) as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(LONG), 0))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(rounds):
            started = time.perf_counter()
            stream.sendall(_REQUEST)
            tail = b""
            while b"4:done" not in tail:
                data = stream.recv(65_536)
                assert data, "the server has ended the connection"
                tail = tail[-16:] + data
                if acknowledging:
                    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            samples.append(time.perf_counter() - started)
    return samples
