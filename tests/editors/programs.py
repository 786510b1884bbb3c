"""Real programs that a test of an editor sends code to."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO, Final, NamedTuple

import pytest
from adapters.subject import Process
from adapters.subjects import nrepl
from everywhere.words import CLOJURE, GUILE, PYTHON, Words
from guile.programs import GUILE as GUILE_PROGRAM
from guile.programs import GuileProgram
from server.running import environment

__all__ = ["KINDS", "Program", "start"]

KINDS: Final = ("python_server", "python_loop", "guile_program", "clojure_nrepl")
"""Each is a fixture too. The first serves with threads, the next two between a loop's turns.

There is one more, for what cares about how one gets there: `clojure_socket` is the last of them, at
a Unix socket.
"""

_TURNING = Path(__file__).parents[1] / "server" / "programs" / "turning.py"


class _Dialect(NamedTuple):
    """What is said in a language, as data."""

    filetype: str
    suffix: str
    words: Words
    assign: str
    """Code that sets the global that the program's loop prints."""
    printed: str
    """The end of the line that the loop then prints."""


_PYTHON = _Dialect("python", ".py", PYTHON, "speed = {}", " speed {}")
_CLOJURE = _Dialect("clojure", ".clj", CLOJURE, "", "")
_DIALECTS: Final = {
    "python_server": _PYTHON,
    "python_loop": _PYTHON,
    "guile_program": _Dialect("scheme", ".scm", GUILE, "(set! *myglobal* {})", " has value {}"),
    "clojure_nrepl": _CLOJURE,
    "clojure_socket": _CLOJURE,
}


class Program:
    """A running program that listens at `address`.

    All but Clojure's have a loop, which prints a global at each turn.
    """

    def __init__(
        self, kind: str, address: str, process: subprocess.Popen[bytes], output: IO[bytes] | None
    ) -> None:
        self.kind = kind
        self.address = address
        self.process = process
        dialect = _DIALECTS[kind]
        self.filetype = dialect.filetype
        self.suffix = dialect.suffix
        self.words = dialect.words
        self._dialect = dialect
        self._output = output
        self._lines: deque[str] = deque(maxlen=1000)
        self._printed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def assign(self, value: int) -> str:
        """Code that sets the global that its loop prints."""
        return self._dialect.assign.format(value)

    def wait_for_global(self, value: int, limit: float = 20.0) -> None:
        """Wait until its loop prints this value of the global, in a turn that is yet to come."""
        end = self._dialect.printed.format(value)
        self.wait_for_line(end, limit)

    def wait_for_line(self, end: str, limit: float = 20.0) -> str:
        """The next line that it prints on its own standard output and that ends in this text."""
        deadline = time.monotonic() + limit
        with self._printed:
            self._lines.clear()
            while True:
                while self._lines:
                    line = self._lines.popleft()
                    if line.endswith(end):
                        return line
                if not self._printed.wait(deadline - time.monotonic()):
                    raise AssertionError(f"the program never printed a line ending in {end!r}")

    def stop(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        if self._output is not None:
            self._output.close()

    def _read(self) -> None:
        """Read all that it prints, so that it never waits for that."""
        for line in self._output or ():
            with self._printed:
                self._lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._printed.notify_all()


def start(kind: str, directory: Path, address: str | None = None) -> Program:
    """Start one of `KINDS`; at this address, if it is Python's. Skips what is not installed."""
    directory.mkdir(parents=True, exist_ok=True)
    if kind.startswith("clojure"):
        (subject,) = nrepl.SUBJECTS
        if missing := subject.missing():
            pytest.skip(f"needs {missing}")
        clojure = subject.start(directory) if kind == "clojure_nrepl" else _at_socket(directory)
        assert isinstance(clojure, Process)
        return Program(kind, clojure.address, clojure.process, None)
    if kind == "guile_program":
        if GUILE_PROGRAM is None:
            pytest.skip("needs guile")
        guile = GuileProgram(directory, cooperative=True, pause=0.02)
        return Program(kind, guile.address, guile.process, guile.process.stdout)
    mode = "cooperative" if kind == "python_loop" else "threads"
    address = address or str(directory / "python.sock")
    python = subprocess.Popen(
        [sys.executable, str(_TURNING), mode, address, "0.02"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=directory,
        env=environment(),
    )
    program = Program(kind, address, python, python.stdout)
    program.wait_for_line("")  # it listens before its first turn
    return program


def _at_socket(directory: Path) -> Process:
    """Clojure's nREPL server at a Unix socket."""
    address = str(directory / "clojure.sock")
    jars = f"{nrepl.CLASS_PATH}:/usr/share/java/nrepl.jar"
    serve = f'(nrepl.server/start-server :socket "{address}")'
    code = f"(require 'nrepl.server) {serve} @(promise)"
    command = [*nrepl.JAVA, "-cp", jars, "clojure.main", "-e", code]
    return Process(command, address, directory=directory)
