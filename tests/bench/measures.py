"""What is measured, each against something of the same kind in the same run.

Machines are shared and differ, so a time alone says little: each row is a ratio of two medians,
whose samples were taken in turns.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["MEASURES", "Row", "Skipped"]

LONG: Final = 60.0
HERE: Final = Path(__file__).parent
BIN: Final = Path(sys.executable).parent


class Row(NamedTuple):
    """One result: medians in microseconds, and the ratio that is to stay under `limit`."""

    name: str
    ours: float
    theirs: float
    against: str
    ratio: float
    limit: float
    note: str = ""


class Skipped(Exception):
    """A program that is needed is not there; the text says which."""


def _environment() -> dict[str, str]:
    """Ours, but compiled modules are kept as after any installation."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "TERM": "xterm-256color"}


def _row(name: str, ours: list[float], theirs: list[float], against: str, limit: float) -> Row:
    mine, other = statistics.median(ours), statistics.median(theirs)
    return Row(name, mine * 1e6, other * 1e6, against, mine / other, limit)


_PROCESSORS = sorted(os.sched_getaffinity(0))


@contextlib.contextmanager
def _pinned_to(number: int) -> Iterator[None]:
    """Run here on one of the machine's processors, if there are two to choose from.

    A client is on the first and its server on the second, floors too: as two programs are.
    """
    before = os.sched_getaffinity(0)
    if len(_PROCESSORS) > 1:
        os.sched_setaffinity(0, {_PROCESSORS[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def _process(command: list[str], *, ready: Callable[[], object]) -> Iterator[None]:
    """A server on the second processor, until the end of the block."""
    with _pinned_to(1):
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
    try:
        deadline = time.monotonic() + LONG
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"did not start: {command}")
            select.select([], [], [], 0.005)
        yield
    finally:
        process.kill()
        process.wait()


def _connectable(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


@contextlib.contextmanager
def _python_server(directory: Path) -> Iterator[str]:
    path = str(directory / "python.sock")
    command = [sys.executable, "-m", "repl_server", path]
    with _process(command, ready=lambda: _connectable(path)):
        yield path


# A round trip of `1+1`, against bytes that are only carried.


def round_trip(directory: Path, *, quick: bool) -> Row:
    """Python: `1+1` to its value and `done`."""
    from repl_server.wire import Decoder, encode

    with contextlib.ExitStack() as stack:
        stack.enter_context(_pinned_to(0))
        path = stack.enter_context(_python_server(directory))
        ours = stack.enter_context(_connected(path))
        decoder = Decoder()

        def ask(message: dict[str, object]) -> tuple[int, dict[str, object]]:
            """Send, read to `done`: how many bytes the answer had, and its last message."""
            ours.sendall(encode(message))
            size = 0
            while True:
                data = ours.recv(65536)
                size += len(data)
                decoder.feed(data)
                while (reply := decoder.next_message()) is not None:
                    if "done" in reply.get("status", ()):
                        return size, reply

        session = ask({"op": "clone", "id": "1"})[1]["new-session"]
        message = {"op": "eval", "code": "1+1", "id": "1", "session": session}
        reply = ask(message)[0]
        request = encode(message)
        floor = stack.enter_context(_floor(directory, len(request), reply))
        blocks = 6 if quick else 20
        rounds = 300 if quick else 1000
        mine: list[float] = []
        other: list[float] = []
        for block in range(blocks):
            for stream, samples in ((floor, other), (ours, mine)):
                found = _round_trips(stream, request, reply, rounds)
                if block:  # the first one warms up
                    samples.extend(found)
    kind = "C" if shutil.which("gcc") else "Python"
    return _row("Python eval 1+1", mine, other, f"{kind} echo", 3.5)


def _round_trips(stream: socket.socket, request: bytes, reply: int, rounds: int) -> list[float]:
    clock, send, receive = time.perf_counter, stream.sendall, stream.recv
    samples = []
    for _ in range(rounds):
        started = clock()
        send(request)
        have = len(receive(65536))
        while have < reply:
            have += len(receive(65536))
        samples.append(clock() - started)
    return samples


@contextlib.contextmanager
def _connected(path: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(LONG)
        stream.connect(path)
        stream.setblocking(True)
        yield stream


@contextlib.contextmanager
def _floor(directory: Path, request: int, reply: int) -> Iterator[socket.socket]:
    path = str(directory / "floor.sock")
    command = [sys.executable, str(HERE / "floor.py")]
    compiler = shutil.which("gcc")
    if compiler is not None:
        program = str(directory / "floor")
        subprocess.run([compiler, "-O2", "-o", program, str(HERE / "floor.c")], check=True)
        command = [program]
    streams: list[socket.socket] = []

    def connect() -> bool:
        stream = socket.socket(socket.AF_UNIX)
        if stream.connect_ex(path):
            stream.close()
            return False
        streams.append(stream)
        return True

    with _process([*command, path, str(request), str(reply)], ready=connect), streams[0] as stream:
        yield stream


# Guile, against itself.

_GUILE_PROGRAM = """
(use-modules (system repl server))
(spawn-server (make-unix-domain-server-socket #:path "{path}"))
(let lp () (sleep 1000) (lp))
"""


def guile(directory: Path, *, quick: bool) -> Row:
    """Guile: `(+ 1 1)` through the adapter, against the plain REPL that interprets."""
    program = shutil.which("guile")
    if program is None:
        raise Skipped("guile is not installed")
    with contextlib.ExitStack() as stack:
        stack.enter_context(_pinned_to(0))
        paths = []
        for name in ("plain", "adapted"):
            path = str(directory / f"guile-{name}")
            script = directory / f"{name}.scm"
            script.write_text(_GUILE_PROGRAM.format(path=path), encoding="utf-8")
            command = [program, "--no-auto-compile", str(script)]
            stack.enter_context(_process(command, ready=partial(_connectable, path)))
            paths.append(path)
        plain = stack.enter_context(_connected(paths[0]))
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
    return _row("Guile eval (+ 1 1)", mine, other, "plain Guile, interp", 2.0)


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

    stream = stack.enter_context(_connected(path))
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


def one_shot(directory: Path, *, quick: bool) -> Row:
    """`repl-connect eval ADDRESS 1` from exec to exit, against an interpreter that does nothing."""
    command = _script("repl-connect")
    with _python_server(directory) as path:
        ours = [*command, "eval", path, "1"]
        theirs = [sys.executable, "-c", "pass"]
        mine: list[float] = []
        other: list[float] = []
        for turn in range(16 if quick else 41):
            for words, samples in ((theirs, other), (ours, mine)):
                seconds = _run(words)
                if turn:
                    samples.append(seconds)
    return _row("repl-connect eval, exec to exit", mine, other, "python -c pass", 4.0)


def _script(name: str) -> list[str]:
    script = BIN / name
    if not script.exists():
        raise Skipped(f"{name} is not installed beside {sys.executable}")
    return [str(script)]


def _run(command: list[str]) -> float:
    null = os.open(os.devnull, os.O_RDWR)
    try:
        streams = [(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1)]
        started = time.perf_counter()
        pid = os.posix_spawn(command[0], command, _environment(), file_actions=streams)
        _, status = os.waitpid(pid, 0)
        seconds = time.perf_counter() - started
    finally:
        os.close(null)
    assert status == 0, command
    return seconds


# A prompt.

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[^\[]|\x1b\][^\x07]*\x07")


def prompt(directory: Path, *, quick: bool) -> Row:
    """`repl-connect ADDRESS` from exec to its prompt, against ptpython."""
    theirs = [*_script("ptpython")]
    environment = {**_environment(), "HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    with _python_server(directory) as path:
        ours = [*_script("repl-connect"), path]
        mine: list[float] = []
        other: list[float] = []
        for turn in range(5 if quick else 12):
            for words, mark, samples in ((theirs, b">>>", other), (ours, b"__main__>", mine)):
                seconds = _until_shown(words, mark, environment)
                if turn:
                    samples.append(seconds)
    return _row("repl-connect, exec to prompt", mine, other, "ptpython", 0.7)


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


MEASURES: Final[Mapping[str, Callable[..., Row]]] = {
    "round-trip": round_trip,
    "guile": guile,
    "one-shot": one_shot,
    "prompt": prompt,
}
"""By name; each takes a directory for its files, and `quick`."""
