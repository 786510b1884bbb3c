"""The dashboard on a terminal: what a key costs while all it watches print as fast as they can.

The terminal is a pseudo terminal of 40 rows that is read and thrown away. Its targets are twenty
servers of ours, processes that share the second processor; the dashboard has the first. A key's
time is from its byte to the bytes that show it, in the line where forms are typed, with the log
above it.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.processes import LONG, connectable, environment, pinned_to, spawned
from bench.prompt_bench import PromptProcess
from bench.rows import Row, Skipped, percentile

__all__ = ["keys"]

_TARGETS: Final = 20
_LETTERS: Final = "JVXYZ"
"""Typed: what is drawn besides, while nothing else is done, has none of them."""

_EMPTY: Final = b" form for the chosen targets"
"""What stands in the line when nothing is typed, behind its first letter, where the cursor is."""

_ESCAPES: Final = re.compile(rb"\x1b\[[0-9;?<>=:$]*[a-zA-Z]|\x1b\][^\x07\x1b]*|\x1b[^\[]")
_LONGEST: Final = 10.0  # seconds that are waited for a key to be shown


def keys(directory: Path, *, quick: bool) -> list[Row]:
    """A key while nothing happens, and while twenty targets print."""
    count = 40 if quick else 200
    with _targets(directory) as paths, pinned_to(0), _dashboard(directory, paths) as dashboard:
        idle = _key_times(dashboard, count)
        _flood(dashboard, directory)
        dashboard.read_for(1.0)
        flooded = _key_times(dashboard, count)
    rows = []
    for name, part, aim in (("p50", 0.5, 25.0), ("p95", 0.95, 50.0)):
        mine, theirs = (percentile(each, part) * 1e3 for each in (flooded, idle))
        label = f"a key beside {_TARGETS} that print, {name}"
        rows += [
            Row(label, mine, theirs, "nothing printed", mine / theirs, 4.0, unit="ms"),
            Row(label, mine, aim, "the aim", mine / aim, 1.0, unit="ms"),
        ]
    return rows


@contextlib.contextmanager
def _targets(directory: Path) -> Iterator[list[str]]:
    """Servers, at the paths that are given."""
    program = str(Path(__file__).parent / "programs.py")
    paths = [str(directory / f"{number}.sock") for number in range(_TARGETS)]
    with contextlib.ExitStack() as stack:
        for path in paths:
            stack.enter_context(spawned([sys.executable, program, "threads", path]))
        deadline = time.monotonic() + LONG
        while not all(map(connectable, paths)):
            if time.monotonic() > deadline:
                raise RuntimeError("the targets did not start")
            time.sleep(0.05)
        yield paths


@contextlib.contextmanager
def _dashboard(directory: Path, paths: list[str]) -> Iterator[PromptProcess]:
    """The dashboard, when it has drawn its screen."""
    program = Path(sys.executable).parent / "repl-connect"
    if not program.exists():
        raise Skipped(f"{program.name} is not installed beside {sys.executable}")
    own = {**environment(), "HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    own["XDG_STATE_HOME"] = str(directory)
    pid, terminal = pty.fork()
    if pid == 0:
        termios.tcsetwinsize(0, (40, 120))
        os.execve(program, [str(program), "dashboard", *paths], own)
    try:
        dashboard = PromptProcess(pid, terminal)
        dashboard.read_until(b"connected")
        dashboard.read_for(2.0)
        for key, mark in (("a", f"{_TARGETS} marked"), (":", "Send")):
            dashboard.write(key)
            dashboard.read_until(mark.encode())
        dashboard.read_for(0.5)
        yield dashboard
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def _flood(dashboard: PromptProcess, directory: Path) -> None:
    """Have all targets print without end, and go back to the log."""
    started = directory / "started"
    started.mkdir()
    code = (
        f"open('{started}/%d' % __import__('os').getpid(), 'w').close() or "
        "any(print('x' * 79) for _ in iter(int, 1))"
    )
    for text in (code, "\r"):
        dashboard.write(text)
        dashboard.read_for(0.3)
    deadline = time.monotonic() + LONG
    while len(os.listdir(started)) < _TARGETS:
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {len(os.listdir(started))} of {_TARGETS} targets print")
        dashboard.read_for(0.2)
    for key, mark in (("\x1b", "Mark"), ("1", "Newest"), (":", "Send")):  # as the footer says
        dashboard.write(key)
        dashboard.read_until(mark.encode())
    dashboard.read_for(0.5)


def _key_times(dashboard: PromptProcess, count: int) -> list[float]:
    """Seconds from a key to the bytes that show it."""
    samples = []
    for number in range(count):
        letter = _LETTERS[number % len(_LETTERS)]
        started = time.perf_counter()
        dashboard.write(letter)
        shown = b""
        while letter.encode() not in _ESCAPES.sub(b"", shown):
            if time.perf_counter() > started + _LONGEST:
                raise RuntimeError(f"not shown: {letter}; but {shown[-500:]!r}")
            shown += dashboard.read(_LONGEST)
        samples.append(time.perf_counter() - started)
        dashboard.read_for(0.02)
        if letter == _LETTERS[-1]:
            dashboard.write("\x15")
            dashboard.read_until(_EMPTY)
            dashboard.read_for(0.02)
    return samples
