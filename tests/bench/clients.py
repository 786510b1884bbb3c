"""What people start: the client and the prompt, as whole processes."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.processes import (
    LONG,
    environment,
    python_server,
)
from bench.rows import Row, Skipped, times

__all__ = ["one_shot", "prompt"]

_BIN: Final = Path(sys.executable).parent

# A whole process.


def one_shot(directory: Path, *, quick: bool) -> list[Row]:
    """`repl-connect eval ADDRESS 1` from exec to exit, against an interpreter that does nothing."""
    command = _script("repl-connect")
    with python_server(directory) as path:
        ours = [*command, "eval", path, "1"]
        theirs = [sys.executable, "-c", "pass"]
        mine: list[float] = []
        other: list[float] = []
        for turn in range(16 if quick else 41):
            for words, samples in ((theirs, other), (ours, mine)):
                seconds = _run(words)
                if turn:
                    samples.append(seconds)
    return [times("repl-connect eval, exec to exit", mine, other, "python -c pass", 4.0)]


def _script(name: str) -> list[str]:
    script = _BIN / name
    if not script.exists():
        raise Skipped(f"{name} is not installed beside {sys.executable}")
    return [str(script)]


def _run(command: list[str]) -> float:
    null = os.open(os.devnull, os.O_RDWR)
    try:
        streams = [(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1)]
        started = time.perf_counter()
        pid = os.posix_spawn(command[0], command, environment(), file_actions=streams)
        _, status = os.waitpid(pid, 0)
        seconds = time.perf_counter() - started
    finally:
        os.close(null)
    assert status == 0, command
    return seconds


# A prompt.

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[^\[]|\x1b\][^\x07]*\x07")


def prompt(directory: Path, *, quick: bool) -> list[Row]:
    """`repl-connect ADDRESS` from exec to its prompt, against ptpython."""
    theirs = [*_script("ptpython")]
    own = {**environment(), "HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    with python_server(directory) as path:
        ours = [*_script("repl-connect"), path]
        mine: list[float] = []
        other: list[float] = []
        for turn in range(5 if quick else 12):
            for words, mark, samples in ((theirs, b">>>", other), (ours, b"__main__>", mine)):
                seconds = _until_shown(words, mark, own)
                if turn:
                    samples.append(seconds)
    return [times("repl-connect, exec to prompt", mine, other, "ptpython", 0.6, goal=0.35)]


def _until_shown(command: list[str], mark: bytes, environment: Mapping[str, str]) -> float:
    """Seconds from exec until the mark is on the terminal; the program is ended then."""
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        termios.tcsetwinsize(0, (24, 80))
        os.execve(command[0], command, environment)
    try:
        shown = b""
        while mark not in _ESCAPES.sub(b"", shown):
            ready, _, _ = select.select([terminal], [], [], LONG)
            try:
                data = os.read(terminal, 65536) if ready else b""
            except OSError:
                data = b""
            if not data:
                raise RuntimeError(f"{command} showed no prompt: {shown!r}")
            shown += data
            if b"\x1b[6n" in data:  # where is the cursor?
                os.write(terminal, b"\x1b[1;1R")
        return time.perf_counter() - started
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
