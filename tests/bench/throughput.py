"""How much goes through: evaluations, printed lines, a large value; and the memory that takes."""

from __future__ import annotations

import contextlib
import statistics
from pathlib import Path
from typing import Final

from bench.load import Prompt, Repl, in_turns, pipelined
from bench.machine import printed_line, slower
from bench.processes import forget_peak, hosted, memory, pinned_to
from bench.rows import BARE, Figure, Row

__all__ = ["pipelining", "printing", "value"]

_MEGA: Final = 1_000_000
_LINE: Final = 80
_ROOM: Final = 1_048_576
_VALUE: Final = 10 * _MEGA


def pipelining(directory: Path, *, quick: bool) -> list[Row]:
    """Evaluations a second with a hundred on their way; the peer evaluates bare lines."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(pinned_to(0))
        peer = stack.enter_context(Prompt(stack.enter_context(hosted(directory, "manhole"))[0]))
        repl = stack.enter_context(Repl(stack.enter_context(hosted(directory, "threads"))[0]))
        assert peer.ask(b"1+1\n").startswith(b"2")
        request = repl.request("1+1")
        rounds = 2_000 if quick else 10_000
        mine, theirs = in_turns(
            6 if quick else 12,
            lambda: [pipelined(repl.socket, request, repl.mark, rounds)],
            lambda: [pipelined(peer.socket, b"1+1\n", peer.mark, rounds)],
        )
    ours, lines = 1 / statistics.median(mine), 1 / statistics.median(theirs)
    wanted = min(70_000, 1.1 * lines)
    name, against = (
        "evals, 100 in flight",
        "1.1 x manhole's lines" if wanted < 70_000 else "the aim",
    )
    goal = wanted / min(120_000, 2 * lines)
    figures = (Figure("pipelined", ours), Figure("pipelined", lines, "manhole", "bare lines"))
    return [Row(name, ours, wanted, against, wanted / ours, 1.0, goal, "/s", figures=figures)]


def printing(directory: Path, *, quick: bool) -> list[Row]:
    """Lines of 80 bytes from `print` to the client; the floor prints them to /dev/null."""
    lines = (10 if quick else 50) * _MEGA // _LINE
    with contextlib.ExitStack() as stack:
        stack.enter_context(pinned_to(0))
        path, number = stack.enter_context(hosted(directory, "threads"))
        repl = stack.enter_context(Repl(path))
        request = repl.request(f"for _ in range({lines}): print('{'x' * (_LINE - 1)}')")
        repl.seconds(request)
        before = memory(number)
        forget_peak(number)
        mine, theirs = in_turns(
            5, lambda: [repl.seconds(request)], lambda: [lines * printed_line(lines)]
        )
        grown = max(0, memory(number, "VmHWM") - before)
    ours, other = statistics.median(mine), statistics.median(theirs)
    megabytes = lines * _LINE / _MEGA
    return [
        Row(
            "printed lines",
            megabytes / ours,
            megabytes / other,
            "print to /dev/null",
            ours / other,
            2.5,
            1.25,
            "MB/s",
            figures=(
                Figure("stdout", megabytes / ours, machine=slower("line", other / lines)),
                Figure("stdout", megabytes / other, BARE, "print to /dev/null"),
            ),
        ),
        Row(
            "memory while they are printed",
            grown / _MEGA,
            _ROOM / _MEGA,
            "a client's room",
            grown / _ROOM,
            4.0,
            1.0,
            "MB",
            figures=(Figure("stdout-memory", grown / _MEGA),),
        ),
    ]


def value(directory: Path, *, quick: bool) -> list[Row]:
    """A value of 10 MB from `eval` to the client; the floor is its `repr`, in the same process."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(pinned_to(0))
        path, number = stack.enter_context(hosted(directory, "threads"))
        repl = stack.enter_context(Repl(path))
        repl.value(f"v = 'x' * {_VALUE}; import time; 0")
        timed = "t = time.perf_counter(); r = repr(v); t = time.perf_counter() - t; del r; t"
        request = repl.request("v")
        # Only the first time: what is freed then is not given back, and used again.
        before = memory(number)
        repl.seconds(request)
        copies = (memory(number, "VmHWM") - before) / _VALUE
        mine, theirs = in_turns(
            6 if quick else 12,
            lambda: [repl.seconds(request)],
            lambda: [float(repl.value(timed))],
        )
    ours, other = statistics.median(mine), statistics.median(theirs)
    return [
        Row(
            "a value of 10 MB",
            ours * 1e6,
            other * 1e6,
            "its repr",
            ours / other,
            2.5,
            1.2,
            figures=(Figure("value", ours * 1e3), Figure("value", other * 1e3, BARE, "its repr")),
        ),
        Row(
            "copies of it made",
            copies,
            1.0,
            "the value",
            copies,
            3.0,
            2.0,
            "",
            figures=(Figure("value-memory", copies),),
        ),
    ]
