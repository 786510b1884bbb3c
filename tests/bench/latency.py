"""How long an answer takes: to one client, a new one, one among many, beside a busy program."""

from __future__ import annotations

import contextlib
import statistics
from functools import partial
from pathlib import Path
from typing import Final

from bench.load import Repl, crowd, echo, in_turns, round_trips, timed
from bench.processes import FLOOR, connected, floor, hosted, pinned_to, told
from bench.rows import BARE, Figure, Row, blocks, percentile, times

__all__ = ["busy", "cold", "many", "round_trip"]

_MODES: Final = ("threads", "cooperative", "asyncio")
_IDLE, _ACTIVE = 200, 20


def round_trip(directory: Path, *, quick: bool) -> list[Row]:
    """`1+1` to its value and `done`, in each kind of server, against bytes only carried."""
    rounds = 250 if quick else 1000
    with contextlib.ExitStack() as stack:
        stack.enter_context(pinned_to(0))
        repls = [
            stack.enter_context(Repl(stack.enter_context(hosted(directory, mode))[0]))
            for mode in _MODES
        ]
        request = repls[0].request("1+1")
        reply = repls[0].reply_size(request)
        tasks = [
            partial(round_trips, repl.socket, repl.request("1+1"), reply, rounds) for repl in repls
        ]
        bare = stack.enter_context(
            connected(stack.enter_context(floor(directory, len(request), reply)))
        )
        theirs, *ours = in_turns(
            6 if quick else 20, partial(round_trips, bare, request, reply, rounds), *tasks
        )
    limits = {"threads": (3.0, 2.0), "cooperative": (4.0, None), "asyncio": (4.0, None)}
    figures = _round_trip_figures(ours[0], theirs, rounds)
    return [
        times(
            f"eval 1+1, {mode}",
            mine,
            theirs,
            FLOOR,
            limits[mode][0],
            goal=limits[mode][1],
            reached=3.5,
            figures=figures if mode == "threads" else (),
        )
        for mode, mine in zip(_MODES, ours, strict=True)
    ]


def _round_trip_figures(ours: list[float], theirs: list[float], rounds: int) -> list[Figure]:
    """Of the medians, and of the 99th percentiles of each turn: some turns are disturbed."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    slow, their_slow = (
        statistics.median(percentile(turn, 0.99) for turn in blocks(samples, rounds))
        for samples in (ours, theirs)
    )
    return [
        Figure("rtt", mine / other),
        Figure("rtt-p99", slow / their_slow, note=f"{slow * 1e6:,.0f} µs"),
        Figure("rtt-time", mine * 1e6),
        Figure("rtt-time", other * 1e6, BARE),
    ]


def cold(directory: Path, *, quick: bool) -> list[Row]:
    """A new connection, a session, `1+1`; the floor is connected to and asked once.

    And what a thread costs that is started and ended, which is a part of it in threads.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(pinned_to(0))
        paths = [stack.enter_context(hosted(directory, mode))[0] for mode in _MODES]
        bare = stack.enter_context(floor(directory, 100, 200))

        def ours(path: str) -> None:
            with Repl(path) as repl:
                repl.seconds(repl.request("1+1"))

        def theirs() -> None:
            with connected(bare) as stream:
                echo(stream, 100, 200)

        other, lives, *mine = in_turns(
            4 if quick else 12,
            partial(timed, theirs, 40),
            lambda: [told("lives", 200) / 200],
            *(partial(timed, partial(ours, path), 40) for path in paths),
        )
    against = f"connect, {FLOOR}"
    rows = [
        times(
            f"connect, clone, eval 1+1, {mode}",
            samples,
            other,
            against,
            3.5,
            goal=2.2,
            reached=4.0,
        )
        for mode, samples in zip(_MODES, mine, strict=True)
    ]
    figures = [
        Figure(metric, row.ratio, note=f"{row.ours:,.0f} µs")
        for metric, row in zip(("cold", "cold-cooperative", "cold-asyncio"), rows, strict=True)
    ]
    return [
        *(row._replace(figures=(figure,)) for row, figure in zip(rows, figures, strict=True)),
        times("a thread, started and ended", lives, other, against, None),
    ]


def many(directory: Path, *, quick: bool) -> list[Row]:
    """20 connections that evaluate all the time, beside 200 that have and are idle."""
    return [_many(directory, mode, quick=quick) for mode in _MODES]


def _many(directory: Path, mode: str, *, quick: bool) -> Row:
    with contextlib.ExitStack() as stack:
        stack.enter_context(pinned_to(0))
        path, _ = stack.enter_context(hosted(directory, mode))
        repls = [stack.enter_context(Repl(path)) for _ in range(_IDLE + _ACTIVE)]
        for repl in repls:
            repl.seconds(repl.request("1+1"))
        active = [(repl.socket, repl.request("1+1")) for repl in repls[_IDLE:]]
        request = len(active[0][1])
        reply = repls[-1].reply_size(active[-1][1])
        bare = stack.enter_context(floor(directory, request, reply))
        streams = [stack.enter_context(connected(bare)) for _ in range(_IDLE + _ACTIVE)]
        for stream in streams:
            echo(stream, request, reply)
        echoes = [(stream, active[0][1]) for stream in streams[_IDLE:]]
        rounds = 20 if quick else 100
        mine, theirs = in_turns(
            10 if quick else 15,
            partial(crowd, active, reply, rounds),
            partial(crowd, echoes, reply, rounds),
        )
    name = f"{_ACTIVE} beside {_IDLE} idle, p99, {mode}"
    # The quietest turn of each: a 99th percentile is other programs' as soon as they run.
    slow, other = (
        min(percentile(turn, 0.99) for turn in blocks(samples, _ACTIVE * rounds))
        for samples in (mine, theirs)
    )
    row = times(name, [slow], [other], FLOOR, 4.0, goal=2.1, reached=12.0)
    # Each has one request on its way all the time: so many answers a second.
    rate = _ACTIVE / statistics.mean(mine)
    figures = (Figure("many-p99", row.ratio, note=f"{row.ours:,.0f} µs"), Figure("many-rate", rate))
    return row._replace(note=f"{rate:,.0f} /s", figures=figures if mode == "threads" else ())


def busy(directory: Path, *, quick: bool) -> list[Row]:
    """`1+1` while the program's own thread computes without a pause; there is no limit."""
    rows = []
    rounds = 30 if quick else 150
    for kind, words in (("busy", "beside a loop"), ("polling", "beside frames of 1 ms")):
        for interval in ("0.005", "0.0005"):
            with contextlib.ExitStack() as stack:
                stack.enter_context(pinned_to(0))
                path, _ = stack.enter_context(hosted(directory, kind, interval))
                repl = stack.enter_context(Repl(path))
                request = repl.request("1+1")
                size = repl.reply_size(request)
                bare = stack.enter_context(
                    connected(stack.enter_context(floor(directory, len(request), size)))
                )
                mine, theirs = in_turns(
                    3,
                    partial(round_trips, repl.socket, request, size, rounds),
                    partial(round_trips, bare, request, size, rounds),
                )
            mode = "threads" if kind == "busy" else "cooperative"
            name = f"eval {words}, {1000 * float(interval):g} ms"
            note = f"{mode}, switch interval {1000 * float(interval):g} ms"
            rows.append(times(name, mine, theirs, FLOOR, None, note=note))
    return rows
