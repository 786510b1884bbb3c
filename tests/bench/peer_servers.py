"""What other programs take for what is measured of ours; one that fails leaves its reason.

What a server can't do is said: one client at a time, lines sent ahead that are lost.
"""

from __future__ import annotations

import contextlib
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from bench.load import CHUNK, crowd, echo, in_turns, pipelined, round_trips, timed
from bench.peers import Asked, Part, Server, each_part
from bench.processes import (
    LONG,
    connected,
    environment,
    floor,
    forget_peak,
    memory,
    pinned_to,
    run_once,
)
from bench.rows import Figure, blocks, percentile

__all__ = ["imported", "polled", "server_figures"]

_MEGA: Final = 1_000_000
_LINE: Final = 80
_VALUE: Final = 10 * _MEGA
_IDLE, _ACTIVE = 200, 20
_AHEAD: Final = 10
"""Lines that are sent ahead to a prompt, to see whether it answers each."""

_PATIENCE: Final = 1.0
"""Seconds without any answer, after which what was sent ahead is not answered any more."""


def server_figures(server: Server, directory: Path, *, quick: bool) -> list[Figure]:
    """All of one server; each figure is of a new process, if that does not start slowly."""
    source = _Source(server)
    parts: dict[str, Part] = {
        "session-threads": partial(_weight, source),
        "rtt": partial(_round_trip, source),
        "pipelined": partial(_pipelined, source),
        "cold": partial(_cold, source),
        "many-p99": partial(_many, source),
        "stdout": partial(_printed, source),
        "value": partial(_value, source),
    }
    last: dict[str, Part] = {"start": partial(_start, server)}
    with contextlib.ExitStack() as stack:
        if server.is_slow:
            try:
                stack.enter_context(source.kept(directory))
            except (OSError, RuntimeError) as problem:
                return [Figure("rtt", None, server.name, f"failed: {problem}")]
        figures = each_part(server.name, parts, directory, quick=quick)
    return figures + each_part(server.name, last, directory, quick=quick)


class _Source:
    """Where a server to measure comes from: one that is kept, or a new one each time."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._kept: tuple[str, int] | None = None

    @contextlib.contextmanager
    def kept(self, directory: Path) -> Iterator[None]:
        """Use one and the same in the block."""
        with self.warm(directory) as (path, number, asked):
            asked.socket.close()
            self._kept = path, number
            try:
                yield
            finally:
                self._kept = None

    @contextlib.contextmanager
    def warm(self, directory: Path) -> Iterator[tuple[str, int, Asked]]:
        """Its path, its process, and a connection, when it has evaluated for a while."""
        with contextlib.ExitStack() as stack:
            place = self._kept or stack.enter_context(self.server.running(directory))
            asked = stack.enter_context(Asked(self.server, place[0]))
            request = asked.request(self.server.sum)
            until = time.monotonic() + (0.2 if self._kept else self.server.warm)
            while time.monotonic() < until:
                asked.seconds(request)
            yield *place, asked


def _round_trip(source: _Source, directory: Path, quick: bool) -> list[Figure]:
    server = source.server
    rounds = 50 if quick else 100
    with source.warm(directory) as (_, _, asked):
        request = asked.request(server.sum)
        asked.socket.sendall(request)
        size = asked.until_mark()
        with floor(directory, len(request), size) as path, connected(path) as bare:
            mine, theirs = in_turns(
                3 if quick else 9,
                lambda: [asked.seconds(request) for _ in range(rounds)],
                partial(round_trips, bare, request, size, rounds),
            )
    ratio = statistics.median(mine) / statistics.median(theirs)
    slow, other = (
        statistics.median(percentile(turn, 0.99) for turn in blocks(samples, rounds))
        for samples in (mine, theirs)
    )
    return [
        Figure("rtt", ratio),
        Figure("rtt-p99", slow / other, note=f"{slow * 1e6:,.0f} µs"),
        Figure("rtt-time", statistics.median(mine) * 1e6),
    ]


def _pipelined(source: _Source, directory: Path, quick: bool) -> list[Figure]:
    """Evaluations a second, of a server that answers all that is sent ahead."""
    server = source.server
    rounds = 1_000 if quick or server.is_slow else 3_000
    with source.warm(directory) as (_, _, asked):
        request = asked.request(server.sum)
        asked.socket.sendall(request * _AHEAD)
        answered = _answers(asked)
        if answered < _AHEAD:
            note = f"answers {answered} of {_AHEAD} sent at once"
            return [Figure("pipelined", None, note=note)]
        seconds = [pipelined(asked.socket, request, server.mark, rounds) for _ in range(4)][1:]
    note = "" if server.framed else "bare lines"
    return [Figure("pipelined", 1 / statistics.median(seconds), note=note)]


def _answers(asked: Asked) -> int:
    """How many answers come, to `_AHEAD` requests that were sent at once."""
    data = b""
    while data.count(asked.server.mark) < _AHEAD:
        if not select.select([asked.socket], [], [], _PATIENCE)[0]:
            break
        data += asked.socket.recv(CHUNK)
    return data.count(asked.server.mark)


def _printed(source: _Source, directory: Path, quick: bool) -> list[Figure]:
    server = source.server
    size = 5 if quick or server.is_slow else 50
    lines = size * _MEGA // _LINE
    with source.warm(directory) as (_, number, asked):
        request = asked.request(server.lines.format(lines))
        asked.seconds(request)
        before = memory(number)
        forget_peak(number)
        seconds = statistics.median(asked.seconds(request) for _ in range(1 if quick else 3))
        grown = max(0, memory(number, "VmHWM") - before)
    note = f"{size} MB" if size < 50 else ""
    return [
        Figure("stdout", size / seconds, note=note),
        Figure("stdout-memory", grown / _MEGA, note=note),
    ]


def _value(source: _Source, directory: Path, quick: bool) -> list[Figure]:
    server = source.server
    with source.warm(directory) as (_, number, asked):
        asked.seconds(asked.request(server.define))
        before = memory(number)
        forget_peak(number)
        request = asked.request(server.value)
        first = asked.seconds(request)
        copies = (memory(number, "VmHWM") - before) / _VALUE
        more = [asked.seconds(request) for _ in range(0 if first > 2 else 2 if quick else 5)]
    return [
        Figure("value", statistics.median(more or [first]) * 1e3),
        Figure("value-memory", max(0.0, copies)),
    ]


def _cold(source: _Source, directory: Path, quick: bool) -> list[Figure]:
    server = source.server
    with source.warm(directory) as (path, _, asked):
        asked.socket.close()  # some serve one after the other

        def ours() -> None:
            with Asked(server, path) as new:
                new.seconds(new.request(server.sum))

        with floor(directory, 100, 200) as bare:

            def theirs() -> None:
                with connected(bare) as stream:
                    echo(stream, 100, 200)

            mine, other = in_turns(
                3 if quick else 6, lambda: timed(ours, 20), lambda: timed(theirs, 20)
            )
    seconds = statistics.median(mine)
    return [Figure("cold", seconds / statistics.median(other), note=f"{seconds * 1e6:,.0f} µs")]


def _many(source: _Source, directory: Path, quick: bool) -> list[Figure]:
    server = source.server
    if not server.framed:
        note = "one client at a time" if server.connections == 1 else "a prompt: not driven"
        return [Figure(metric, None, note=note) for metric in ("many-p99", "many-rate")]
    rounds = 20 if quick else 50
    with contextlib.ExitStack() as stack:
        path, _, first = stack.enter_context(source.warm(directory))
        idle = [stack.enter_context(Asked(server, path)) for _ in range(_IDLE)]
        active = [stack.enter_context(Asked(server, path)) for _ in range(_ACTIVE)]
        for asked in (*idle, *active):
            asked.seconds(asked.request(server.sum))
        first.socket.sendall(request := first.request(server.sum))
        size = first.until_mark()
        bare = stack.enter_context(floor(directory, len(request), size))
        streams = [stack.enter_context(connected(bare)) for _ in range(_IDLE + _ACTIVE)]
        mine, theirs = in_turns(
            4 if quick else 8,
            lambda: crowd(
                [(each.socket, each.request(server.sum)) for each in active], size, rounds
            ),
            lambda: crowd([(each, request) for each in streams[_IDLE:]], size, rounds),
        )
    slow, other = (
        min(percentile(turn, 0.99) for turn in blocks(samples, _ACTIVE * rounds))
        for samples in (mine, theirs)
    )
    return [
        Figure("many-p99", slow / other, note=f"{slow * 1e6:,.0f} µs"),
        Figure("many-rate", _ACTIVE / statistics.mean(mine)),
    ]


def _weight(source: _Source, directory: Path, quick: bool) -> list[Figure]:
    server = source.server
    if server.connections == 1:
        return [Figure("session-threads", None, note="one client at a time")]
    with contextlib.ExitStack() as stack:
        path, number, _ = stack.enter_context(source.warm(directory))
        before = memory(number, "Private_Dirty")
        for _ in range(server.connections):
            asked = stack.enter_context(Asked(server, path))
            asked.seconds(asked.request(server.sum))
        grown = memory(number, "Private_Dirty") - before
    return [Figure("session-threads", grown / server.connections / 1024)]


def _start(server: Server, directory: Path, quick: bool) -> list[Figure]:
    """From exec to the first answer."""
    samples = []
    for turn in range(4 if quick or server.is_slow else 11):
        started = time.perf_counter()
        with server.running(directory) as (path, _), _when_it_answers(server, path) as asked:
            asked.seconds(asked.request(server.sum))
            if turn:
                samples.append(time.perf_counter() - started)
    return [Figure("start", statistics.median(samples) * 1e3)]


@contextlib.contextmanager
def _when_it_answers(server: Server, path: str) -> Iterator[Asked]:
    """The path may be there before who listens at it."""
    deadline = time.monotonic() + LONG
    while True:
        try:
            asked = Asked(server, path)
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.0005)
    with asked:
        yield asked


def imported(directory: Path, *, quick: bool) -> list[Figure]:
    """Manhole's import, over an interpreter that does nothing."""
    with pinned_to(0):
        mine, theirs = in_turns(
            8 if quick else 21,
            lambda: [run_once([sys.executable, "-c", "import manhole"])],
            lambda: [run_once([sys.executable, "-c", "pass"])],
        )
    return [
        Figure("import", (statistics.median(mine) - statistics.median(theirs)) * 1e3, "manhole")
    ]


def polled(directory: Path, *, quick: bool) -> list[Figure]:
    """Guile's own cooperative server, with nothing to do and 200 clients."""
    program = str(Path(__file__).parent / "idle-poll.scm")
    found = []
    for clients in (0, _IDLE):
        with pinned_to(1):
            ended = subprocess.run(
                [
                    "guile",
                    "--no-auto-compile",
                    program,
                    f"{directory}/{clients}.sock",
                    str(clients),
                ],
                capture_output=True,
                text=True,
                check=False,
                env=environment(),
                timeout=LONG,
            )
        if ended.returncode != 0:
            raise RuntimeError(ended.stderr.strip().rpartition("\n")[2])
        found.append([float(word) for word in ended.stdout.split()])
    (alone, _), (beside, empty) = found
    note = f"an empty call {empty:.2f} µs"
    return [Figure("poll", beside, "Guile", note), Figure("poll-flat", beside / alone, "Guile")]
