"""What people start: the client and the prompt, as whole processes; Guile through its adapter."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import socket
import sys
import termios
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from bench.processes import (
    LONG,
    connectable,
    connected,
    environment,
    pinned_to,
    process,
    python_server,
)
from bench.rows import Row, Skipped, times

__all__ = ["guile", "one_shot", "prompt"]

_BIN: Final = Path(sys.executable).parent

# Guile, against itself.

_GUILE_PROGRAM = """
(use-modules (system repl server))
(spawn-server (make-unix-domain-server-socket #:path "{path}"))
(let lp () (sleep 1000) (lp))
"""


def guile(directory: Path, *, quick: bool) -> list[Row]:
    """Guile: `(+ 1 1)` through the adapter, against the plain REPL that interprets."""
    program = shutil.which("guile")
    if program is None:
        raise Skipped("guile is not installed")
    with contextlib.ExitStack() as stack:
        stack.enter_context(pinned_to(0))
        paths = []
        for name in ("plain", "adapted"):
            path = str(directory / f"guile-{name}")
            script = directory / f"{name}.scm"
            script.write_text(_GUILE_PROGRAM.format(path=path), encoding="utf-8")
            command = [program, "--no-auto-compile", str(script)]
            stack.enter_context(process(command, ready=partial(connectable, path)))
            paths.append(path)
        plain = stack.enter_context(connected(paths[0]))
        _until_prompt(plain)
        plain.sendall(b",option interp #t\n")
        _until_prompt(plain)
        adapted = _adapted(paths[1], stack)
        mine: list[float] = []
        other: list[float] = []
        warm = time.monotonic() + 2.0  # our own procedures are compiled in the first second
        while time.monotonic() < warm:
            _timed(adapted, 10)
            time.sleep(0.05)
        rounds = 200
        for block in range(6 if quick else 20):
            for ask, samples in ((_plain(plain), other), (adapted, mine)):
                found = _timed(ask, rounds)
                if block:
                    samples.extend(found)
    return [times("Guile eval (+ 1 1)", mine, other, "plain Guile, interp", 2.0)]


def _until_prompt(stream: socket.socket) -> None:
    data = b""
    while not data.endswith(b"> "):
        got = stream.recv(65536)
        assert got, data
        data += got


def _plain(stream: socket.socket) -> Callable[[], None]:
    def ask() -> None:
        stream.sendall(b"(+ 1 1)\n")
        _until_prompt(stream)

    return ask


def _adapted(path: str, stack: contextlib.ExitStack) -> Callable[[], None]:
    """An nREPL `eval` into the adapter, to its `done` out of it, over one blocking socket."""
    from repl_connect.adapters.guile import GuileAdapter
    from repl_server.wire import Idle, Message

    stream = stack.enter_context(connected(path))
    stream.settimeout(LONG)
    adapter = GuileAdapter()

    def exchange(message: Message) -> Message:
        adapter.send(message)
        while True:
            while not isinstance(event := adapter.next_event(), Idle):
                if "done" in event.get("status", ()):
                    return event
            data = adapter.data_to_send()
            if data:
                stream.sendall(data)
            adapter.receive_data(stream.recv(65536))

    session = exchange({"op": "clone", "id": "0"})["new-session"]
    message = {"op": "eval", "code": "(+ 1 1)", "id": "1", "session": session}

    def ask() -> None:
        exchange(message)

    return ask


def _timed(ask: Callable[[], None], rounds: int) -> list[float]:
    samples = []
    for _ in range(rounds):
        started = time.perf_counter()
        ask()
        samples.append(time.perf_counter() - started)
    return samples


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
