"""What a bridge adds: before nREPL beside a bare relay, and before a REPL that it adapts."""

from __future__ import annotations

import contextlib
import statistics
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.adapted import adapted_repl
from bench.load import Repl, in_turns, round_trips
from bench.processes import FLOOR, connectable, connected, floor, hosted, pinned_to, process
from bench.rows import Row

__all__ = ["bridged"]


def bridged(directory: Path, *, quick: bool) -> list[Row]:
    """`1+1` through a bridge, less what it takes without one."""
    return [_relayed(directory, quick=quick), _shared(directory, quick=quick)]


def _relayed(directory: Path, *, quick: bool) -> Row:
    """Before a Python server: what it adds, and what a relay adds that copies and does no more."""
    rounds = 250 if quick else 1000
    with contextlib.ExitStack() as stack:
        stack.enter_context(pinned_to(0))
        path = stack.enter_context(hosted(directory, "threads"))[0]
        relay = str(directory / "relay.sock")
        program = str(Path(__file__).parent / "relay.py")
        stack.enter_context(
            process([sys.executable, program, path, relay], ready=partial(connectable, relay))
        )
        bridge = stack.enter_context(_bridge(path, directory))
        repls = [stack.enter_context(Repl(each)) for each in (path, relay, bridge)]
        request = repls[0].request("1+1")
        size = repls[0].reply_size(request)
        direct, relayed, ours = (
            statistics.median(samples)
            for samples in in_turns(
                6 if quick else 20,
                *(
                    partial(round_trips, repl.socket, repl.request("1+1"), size, rounds)
                    for repl in repls
                ),
            )
        )
    mine, theirs = ours - direct, relayed - direct
    return Row(
        "added by a bridge before nREPL",
        mine * 1e6,
        theirs * 1e6,
        "a bare relay",
        mine / theirs,
        1.5,
    )


def _shared(directory: Path, *, quick: bool) -> Row:
    """Before a threaded Guile, beside the adapter in one's own process."""
    rounds = 100 if quick else 250
    with contextlib.ExitStack() as stack:
        own = stack.enter_context(adapted_repl("Guile, threaded", directory / "own"))
        other = stack.enter_context(adapted_repl("Guile, threaded", directory / "other"))
        stack.enter_context(pinned_to(0))
        bridge = stack.enter_context(_bridge(other.address, directory))
        repl = stack.enter_context(Repl(bridge))
        request = repl.request("(+ 1 1)")
        size = repl.reply_size(request)
        bare = stack.enter_context(
            connected(stack.enter_context(floor(directory, len(request), size)))
        )
        echoed, direct, ours = (
            statistics.median(samples)
            for samples in in_turns(
                6 if quick else 20,
                partial(round_trips, bare, request, size, rounds),
                partial(own.times, "(+ 1 1)", rounds),
                partial(_seconds, repl, request, rounds),
            )
        )
    added = ours - direct
    return Row(
        "added by a bridge before Guile",
        added * 1e6,
        echoed * 1e6,
        FLOOR,
        added / echoed,
        2.0,
        reached=2.7,
    )


def _seconds(repl: Repl, request: bytes, rounds: int) -> list[float]:
    return [repl.seconds(request) for _ in range(rounds)]


@contextlib.contextmanager
def _bridge(address: str, directory: Path) -> Iterator[str]:
    path = str(directory / f"bridge-{abs(hash(address))}.sock")
    command = [sys.executable, "-m", "repl_connect", "bridge", address, "--listen", path]
    with process(command, ready=partial(connectable, path)):
        yield path
