"""What connects: our own links, a program under an adapter, the prompt."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench.processes import environment, python_server
from bench.rows import Skipped
from guile.programs import GUILE, GuileProgram
from soak.figures import Use, held

__all__ = ["client", "guile", "plain", "prompt"]

_HERE: Final = Path(__file__).parent
_COMMAND: Final = Path(sys.executable).parent / "repl-connect"
_LONG: Final = 120.0
_BLOCK: Final = 25  # lines that are typed ahead


@contextlib.contextmanager
def client(kind: str, directory: Path) -> Iterator[Use]:
    """One of the clients of working.py, with a Python server."""
    with python_server(directory) as path, _working(kind, path) as (part, pid):
        yield Use(part, lambda: held(pid))


@contextlib.contextmanager
def guile(which: str, directory: Path) -> Iterator[Use]:
    """A Guile program that is used through the adapter: what it holds, or what its client does.

    `which`: `cooperative`, `threaded`, or `client` (of a threaded one).
    """
    if GUILE is None:
        raise Skipped("Guile is not installed")
    program = GuileProgram(directory, cooperative=which == "cooperative", pause=0.001)
    reader = threading.Thread(target=_read_away, args=(program.process,))
    reader.start()
    try:
        with _working("guile", program.address) as (part, pid):
            seen = pid if which == "client" else program.process.pid
            yield Use(part, lambda: held(seen))
    finally:
        program.process.kill()
        reader.join()
        program.stop()


def _read_away(process: subprocess.Popen[bytes]) -> None:
    """It prints in each turn, and would wait if nobody read that."""
    assert process.stdout is not None
    while os.read(process.stdout.fileno(), 65_536):
        pass


@contextlib.contextmanager
def _working(kind: str, address: str) -> Iterator[tuple[Callable[[int, int], None], int]]:
    with subprocess.Popen(
        [sys.executable, str(_HERE / "working.py"), kind, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None
        assert stdout.readline() == "ready\n"

        def part(evaluations: int, connections: int) -> None:
            stdin.write(f"{evaluations} {connections}\n")
            stdin.flush()
            if stdout.readline() != "done\n":
                raise RuntimeError(f"the client has ended: {process.wait()}")

        try:
            yield part, process.pid
        finally:
            process.kill()


@contextlib.contextmanager
def prompt(directory: Path) -> Iterator[Use]:
    """The prompt on a terminal: lines are typed, many ahead of their values."""
    with python_server(directory) as path:
        pid, terminal = pty.fork()
        if pid == 0:
            termios.tcsetwinsize(0, (24, 80))
            own = {"HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
            os.execve(_COMMAND, [str(_COMMAND), path], {**environment(), **own})
        try:
            _shown(terminal, b"__main__>")
            yield Use(lambda count, _: _typed(terminal, count), lambda: held(pid), warm=500)
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(terminal)


def _typed(terminal: int, count: int) -> None:
    for begun in range(0, count, _BLOCK):
        lines = [f"{number}+1" for number in range(begun, min(begun + _BLOCK, count))]
        lines[-1] = f"'the {{}} of {begun}'.format('end')"
        os.write(terminal, "".join(f"{line}\r" for line in lines).encode())
        _shown(terminal, f"the end of {begun}".encode())


def _shown(terminal: int, mark: bytes) -> None:
    shown = b""
    while mark not in shown:
        if not select.select([terminal], [], [], _LONG)[0]:
            raise RuntimeError(f"not shown: {mark!r}; but {shown[-1000:]!r}")
        shown = shown[-len(mark) :] + os.read(terminal, 65_536)


@contextlib.contextmanager
def plain(directory: Path) -> Iterator[Use]:
    """The prompt without a terminal: code is piped in, values are piped out."""
    with (
        python_server(directory) as path,
        subprocess.Popen(
            [str(_COMMAND), path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment(), "HOME": str(directory), "XDG_CONFIG_HOME": str(directory)},
        ) as process,
    ):
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def part(evaluations: int, _: int) -> None:
            for number in range(evaluations):
                stdin.write(b"%d + 1\n" % number)
                if number % _BLOCK == _BLOCK - 1 or number == evaluations - 1:
                    stdin.flush()
                    while stdout.readline() != b"%d\n" % (number + 1):
                        pass

        try:
            yield Use(part, lambda: held(process.pid))
        finally:
            process.kill()
