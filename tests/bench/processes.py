"""Servers in processes of their own, on a processor of their own, and what they weigh."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench.rows import Skipped

__all__ = [
    "FLOOR",
    "LONG",
    "connectable",
    "connected",
    "connection",
    "environment",
    "floor",
    "forget_peak",
    "hosted",
    "memory",
    "pinned_to",
    "process",
    "python_server",
    "require_manhole",
    "run_once",
    "script",
    "spawned",
    "told",
]

LONG: Final = 60.0
FLOOR: Final = f"{'C' if shutil.which('gcc') else 'Python'} echo"
"""What the floor is here."""

_HERE = Path(__file__).parent
_PROCESSORS = sorted(os.sched_getaffinity(0))


def environment() -> dict[str, str]:
    """Ours, but compiled modules are kept as after any installation."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "TERM": "xterm-256color"}


@contextlib.contextmanager
def pinned_to(number: int) -> Iterator[None]:
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
def spawned(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process on the second processor, until the end of the block."""
    with pinned_to(1):
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@contextlib.contextmanager
def process(command: list[str], *, ready: Callable[[], object]) -> Iterator[int]:
    """The same, when it is ready; gives its number."""
    with spawned(command) as started:
        deadline = time.monotonic() + LONG
        while not ready():
            if started.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"did not start: {command}")
            select.select([], [], [], 0.005)
        yield started.pid


def run_once(command: list[str]) -> float:
    """Seconds from exec to exit of a program with nothing to read, whose output is thrown away."""
    null = os.open(os.devnull, os.O_RDWR)
    try:
        streams = [(os.POSIX_SPAWN_DUP2, null, number) for number in (0, 1)]
        started = time.perf_counter()
        pid = os.posix_spawn(command[0], command, environment(), file_actions=streams)
        _, status = os.waitpid(pid, 0)
        seconds = time.perf_counter() - started
    finally:
        os.close(null)
    if status != 0:
        raise RuntimeError(f"failed: {command}")
    return seconds


def told(kind: str, count: int) -> float:
    """The seconds that one of the programs of `programs.py` says it took, where servers run."""
    with pinned_to(1):
        ended = subprocess.run(
            [sys.executable, str(_HERE / "programs.py"), kind, str(count)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment(),
            check=True,
        )
    return float(ended.stderr)


def script(name: str) -> str:
    """The path of a command that is installed beside this Python, or `Skipped`."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise Skipped(f"{name} is not installed beside {sys.executable}")
    return str(path)


@contextlib.contextmanager
def python_server(directory: Path) -> Iterator[str]:
    """`python -m repl_server`, at the path that is given."""
    path = str(directory / "python.sock")
    command = [sys.executable, "-m", "repl_server", path]
    with process(command, ready=lambda: connectable(path)):
        yield path


@contextlib.contextmanager
def hosted(directory: Path, kind: str, *words: str) -> Iterator[tuple[str, int]]:
    """One of the programs of `programs.py`; gives its socket's path and its number."""
    if kind == "manhole":
        require_manhole()
    path = str(directory / f"{'-'.join((kind, *words))}.sock")
    command = [sys.executable, str(_HERE / "programs.py"), kind, path, *words]
    # manhole serves one connection after the other: a try to connect would be one.
    ready = (lambda: os.path.exists(path)) if kind == "manhole" else (lambda: connectable(path))
    with process(command, ready=ready) as number:
        yield path, number


def require_manhole() -> None:
    """Raise `Skipped` if the peer is not installed."""
    if importlib.util.find_spec("manhole") is None:
        raise Skipped("manhole is not installed: pip install manhole")


def connectable(path: str) -> bool:
    """Whether something listens there."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


@contextlib.contextmanager
def connected(path: str) -> Iterator[socket.socket]:
    """A plain blocking connection."""
    with connection(path) as stream:
        yield stream


def connection(path: str) -> socket.socket:
    """The same, to be closed by the caller."""
    stream = socket.socket(socket.AF_UNIX)
    # Not `settimeout`: with that each call would be two, and a full backlog an error.
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        stream.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(LONG), 0))
    try:
        stream.connect(path)
    except BaseException:
        stream.close()
        raise
    return stream


@contextlib.contextmanager
def floor(directory: Path, request: int, reply: int) -> Iterator[str]:
    """What answers so many bytes with so many bytes, at the path that is given."""
    path = str(directory / f"floor-{request}-{reply}.sock")
    Path(path).unlink(missing_ok=True)
    command = [sys.executable, str(_HERE / "floor.py")]
    compiler = shutil.which("gcc")
    if compiler is not None:
        program = str(directory / "floor")
        if not os.path.exists(program):
            source = str(_HERE / "floor.c")
            subprocess.run([compiler, "-O2", "-pthread", "-o", program, source], check=True)
        command = [program]
    words = [*command, path, str(request), str(reply)]
    with process(words, ready=lambda: connectable(path)):
        yield path


def memory(number: int, what: str = "VmRSS") -> int:
    """Bytes of a process: `VmRSS`, its peak `VmHWM`, or `Private_Dirty`, which it alone has."""
    kind = "smaps_rollup" if what == "Private_Dirty" else "status"
    text = Path(f"/proc/{number}/{kind}").read_text(encoding="ascii")
    found = re.search(rf"^{what}:\s+(\d+) kB", text, re.MULTILINE)
    assert found is not None, what
    return int(found[1]) * 1024


def forget_peak(number: int) -> None:
    """From now on `VmHWM` is the peak since now."""
    Path(f"/proc/{number}/clear_refs").write_text("5", encoding="ascii")
