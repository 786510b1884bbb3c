"""What people start: the client and the prompt, as whole processes."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import statistics
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from bench.machine import slower
from bench.processes import LONG, environment, python_server, run_once, script
from bench.rows import OURS, Figure, Row, times

__all__ = ["Shown", "one_shot", "prompt", "shown", "shown_figures"]


def one_shot(directory: Path, *, quick: bool) -> list[Row]:
    """`repl-connect eval ADDRESS 1` from exec to exit, against an interpreter that does nothing."""
    with python_server(directory) as path:
        ours = [script("repl-connect"), "eval", path, "1"]
        theirs = [sys.executable, "-c", "pass"]
        mine: list[float] = []
        other: list[float] = []
        for turn in range(16 if quick else 41):
            for words, samples in ((theirs, other), (ours, mine)):
                seconds = run_once(words)
                if turn:
                    samples.append(seconds)
    return [times("repl-connect eval, exec to exit", mine, other, "python -c pass", 4.0)]


_ESCAPES: Final = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[^\[]|\x1b\][^\x07]*\x07")


class Shown(NamedTuple):
    """Seconds from exec until the prompt was there, the first key after it, the first answer."""

    prompt: float
    key: float
    answer: float


def prompt(directory: Path, *, quick: bool) -> list[Row]:
    """`repl-connect ADDRESS` from exec to its prompt, against ptpython, and to its first answer."""
    own = {**environment(), "HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    mine: list[Shown] = []
    other: list[Shown] = []
    bare: list[float] = []
    with python_server(directory) as path:
        ours = [script("repl-connect"), path]
        theirs = [script("ptpython")]
        for turn in range(5 if quick else 12):
            nothing = run_once([sys.executable, "-c", "pass"])
            peer = shown(theirs, b">>>", own)
            this = shown(ours, b"__main__>", own)
            if turn:
                bare.append(nothing)
                other.append(peer)
                mine.append(this)
    row = times(
        "repl-connect, exec to prompt",
        [each.prompt for each in mine],
        [each.prompt for each in other],
        "ptpython",
        0.6,
        goal=0.35,
    )
    nothing = statistics.median(bare)
    figures = [
        figure
        for who, samples in ((OURS, mine), ("ptpython", other))
        for figure in shown_figures(samples, nothing, who)
    ]
    note = f"{row.ours / nothing / 1e6:.1f} x python -c pass"
    return [row._replace(figures=tuple(figures), note=note)]


def shown_figures(samples: list[Shown], nothing: float, who: str) -> list[Figure]:
    """Of some starts of a client, beside which `python -c pass` took so many seconds."""
    first = statistics.median(each.prompt for each in samples)
    key, answer = (statistics.median(each[index] for each in samples) for index in (1, 2))
    note, machine = f"{first / nothing:.1f} x python -c pass", slower("start", nothing)
    return [
        Figure("prompt", first * 1e3, who, note, machine),
        Figure("prompt-key", key * 1e3, who, machine=machine),
        Figure("answer", answer * 1e3, who, machine=machine),
    ]


def shown(command: list[str], mark: bytes, environment: Mapping[str, str]) -> Shown:
    """Start a client on a terminal, wait for its prompt, type as soon as it is there; end it."""
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        termios.tcsetwinsize(0, (24, 80))
        os.execve(command[0], command, environment)
    try:
        _read_until(mark, terminal, command)
        first = time.perf_counter() - started
        os.write(terminal, b"Q")
        _read_until(b"Q", terminal, command)
        key = time.perf_counter() - started
        os.write(terminal, b"\x7f40 + 2\r")
        _read_until(b"42", terminal, command)
        return Shown(first, key, time.perf_counter() - started)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def _read_until(mark: bytes, terminal: int, command: list[str]) -> None:
    seen = b""
    while mark not in _ESCAPES.sub(b"", seen):
        ready, _, _ = select.select([terminal], [], [], LONG)
        try:
            data = os.read(terminal, 65536) if ready else b""
        except OSError:
            data = b""
        if not data:
            raise RuntimeError(f"{command} did not show {mark!r}: {seen!r}")
        seen += data
        if b"\x1b[6n" in data:  # where is the cursor?
            os.write(terminal, b"\x1b[1;1R")
