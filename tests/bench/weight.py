"""What a server costs its program: memory, an idle `poll`, its import, its start."""

from __future__ import annotations

import contextlib
import json
import os
import select
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.load import Prompt, Repl, in_turns
from bench.machine import slower
from bench.processes import LONG, hosted, memory, pinned_to, require_manhole, run_once, spawned
from bench.rows import BARE, Figure, Row

__all__ = ["connections", "idle", "importing", "start"]

_PROGRAMS: Final = str(Path(__file__).parent / "programs.py")
_WARM: Final = 20
_IMPORT: Final = 0.015
_BARE: Final = 0.0085
"""What `python -c pass` takes where the import may take 15 ms: more on a slower machine."""


def connections(directory: Path, *, quick: bool) -> list[Row]:
    """Memory no other process has: of a connection, and of one whose session has evaluated."""
    rows = []
    count = 200 if quick else 500
    limits: dict[str, tuple[float | None, float | None]] = {
        "threads": (None, 30.0),
        "cooperative": (2.0, None),
        "asyncio": (2.0, None),
    }
    for mode, (bare, evaluated) in limits.items():
        with contextlib.ExitStack() as stack:
            path, number = stack.enter_context(hosted(directory, mode))
            for _ in range(_WARM):
                repl = stack.enter_context(Repl(path))
                repl.seconds(repl.request("1+1"))
            empty = memory(number, "Private_Dirty")
            repls = [stack.enter_context(Repl(path, session=False)) for _ in range(count)]
            for repl in repls:
                repl.ask({"op": "nothing", "id": "1"})
            connected = memory(number, "Private_Dirty")
            for repl in repls:
                repl.clone()
                repl.seconds(repl.request("1+1"))
            full = memory(number, "Private_Dirty")
        alone, whole = (connected - empty) / count, (full - empty) / count
        rows.append(_kilobytes(f"a connection, {mode}", alone, bare, f"connection-{mode}"))
        rows.append(_kilobytes(f"with its session, {mode}", whole, evaluated, f"session-{mode}"))
    return rows


def _kilobytes(name: str, size: float, most: float | None, metric: str) -> Row:
    ours, theirs = size / 1024, most if most is not None else 1.0
    against = "the aim" if most is not None else "1 KB"
    limit = 1.0 if most is not None else None
    figures = (Figure(metric, ours),)
    return Row(name, ours, theirs, against, ours / theirs, limit, unit="KB", figures=figures)


def idle(directory: Path, *, quick: bool) -> list[Row]:
    """`poll()` with nothing to do, with no client and with 200."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(pinned_to(0))
        path, _ = stack.enter_context(hosted(directory, "polls"))
        repl = stack.enter_context(Repl(path))
        repl.value("import time; 0")
        alone = [_poll(repl) for _ in range(9)]
        for _ in range(200):
            stack.enter_context(Repl(path, session=False)).ask({"op": "nothing", "id": "1"})
        beside = [_poll(repl) for _ in range(9)]
    one, many = (statistics.median(poll for poll, _ in each) for each in (alone, beside))
    empty = statistics.median(call for _, call in alone)
    # The processor's speed changes between the two: each is compared in calls of its own time.
    few_calls, many_calls = (
        statistics.median(poll / call for poll, call in each) for each in (alone, beside)
    )
    flat = many_calls / few_calls
    note = f"an empty call takes {empty * 1e6:.3f} µs there"
    figures = (
        Figure("poll", many * 1e6),
        Figure("poll", empty * 1e6, BARE, "an empty call"),
        Figure("poll-flat", flat),
    )
    return [
        Row("idle poll()", one * 1e6, 0.1, "the aim", one * 1e7, 1.0, note=note),
        Row(
            "idle poll(), 200 clients",
            many * 1e6,
            one * 1e6,
            "one client",
            flat,
            1.2,
            figures=figures,
        ),
    ]


def _poll(repl: Repl) -> tuple[float, float]:
    """Seconds of a poll and of an empty call, in the program's own thread."""
    repl.value("found = []; asked.append(found); 0")
    deadline = time.monotonic() + LONG
    while not (found := json.loads(repl.value("found"))):
        assert time.monotonic() < deadline
    return found[0], found[1]


def importing(directory: Path, *, quick: bool) -> list[Row]:
    """The package's names for threads and polling, over an interpreter that does nothing."""
    code = (
        "import sys, repl_server; repl_server.serve, repl_server.CoopServer; "
        "sys.exit('asyncio' in sys.modules)"
    )
    with pinned_to(0):
        mine, theirs = in_turns(
            16 if quick else 41,
            lambda: [run_once([sys.executable, "-c", code])],
            lambda: [run_once([sys.executable, "-c", "pass"])],
        )
    bare = statistics.median(theirs)
    more = statistics.median(mine) - bare
    allowed = max(_IMPORT, _IMPORT / _BARE * bare)
    note = f"over {bare * 1e3:.1f} ms for python -c pass"
    return [
        Row(
            "import",
            more * 1e6,
            allowed * 1e6,
            "the aim",
            more / allowed,
            1.0,
            0.4,
            note=note,
            figures=(Figure("import", more * 1e3, machine=slower("start", bare)),),
        )
    ]


def start(directory: Path, *, quick: bool) -> list[Row]:
    """From the program's start to its first answer, against the same of manhole."""
    require_manhole()
    blocks = 12 if quick else 31
    with pinned_to(0):
        mine, peers, bare = in_turns(
            blocks,
            lambda: [_first_answer(directory, "threads", _evaluated)],
            lambda: [_first_answer(directory, "manhole", _asked)],
            lambda: [run_once([sys.executable, "-c", "pass"])],
        )
    ours, theirs = statistics.median(mine), statistics.median(peers)
    allowed = max(0.031, theirs)
    against = "manhole" if theirs > 0.031 else "the aim"
    ratio = ours / allowed
    nothing = statistics.median(bare)
    note = f"{ours / nothing:.1f} x python -c pass"
    figures = (
        Figure("start", ours * 1e3, note=note, machine=slower("start", nothing)),
        Figure("start", theirs * 1e3, "manhole", f"{theirs / nothing:.1f} x python -c pass"),
    )
    return [
        Row(
            "start to first answer",
            ours * 1e6,
            allowed * 1e6,
            against,
            ratio,
            1.0,
            note=note,
            figures=figures,
        )
    ]


def _first_answer(directory: Path, kind: str, ask: Callable[[str], None]) -> float:
    path = str(directory / f"start-{kind}.sock")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    deadline = time.monotonic() + LONG
    started = time.perf_counter()
    with spawned([sys.executable, _PROGRAMS, kind, path]):
        while True:
            try:
                ask(path)
            except OSError:  # it does not listen yet
                assert time.monotonic() < deadline, kind
                select.select([], [], [], 0.0005)
            else:
                return time.perf_counter() - started


def _evaluated(path: str) -> None:
    with Repl(path) as repl:
        repl.seconds(repl.request("1+1"))


def _asked(path: str) -> None:
    with Prompt(path) as prompt:
        prompt.ask(b"1+1\n")
