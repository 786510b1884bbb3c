"""Other servers, as they are: those that are measured beside ours, and one connection to each.

Clojure's nREPL, manhole and a threaded Guile, on Unix sockets, each in a program as short as it can
be; and the least that any such server in Python takes (`least.py`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from bench.load import CHUNK, Connected, Repl
from bench.processes import LONG, connectable, connection, pinned_to, spawned
from bench.rows import LEAST, Figure, Skipped
from client.programs import clojure_class_path

__all__ = ["SERVERS", "Asked", "Part", "Server", "each_part"]

Part = Callable[[Path, bool], list[Figure]]
"""One of the things that are measured of a program; takes a directory, and whether to be quick."""

_NREPL_END: Final = b"4:done"


class Server(NamedTuple):
    """A server, and what to say to it.

    `lines` prints so many lines of 80 bytes; `define` makes a string of 10 MB, `value` is it.
    `mark` is what an answer ends with; a server without `framed` shows a prompt. It takes
    `connections` at once. `warm` seconds have passed before it is measured.
    """

    name: str
    command: tuple[str, ...]
    sum: str
    lines: str
    define: str
    value: str
    mark: bytes
    connections: int
    framed: bool = False
    warm: float = 0.2

    @property
    def is_slow(self) -> bool:
        """Whether it starts slowly, and is to be asked for less."""
        return self.warm > 1

    def missing(self) -> str | None:
        """What is not installed, if something is not."""
        if self.name == "manhole":
            return None if importlib.util.find_spec("manhole") else "manhole"
        if self.command[0] == "java" and clojure_class_path() is None:
            return "libnrepl-clojure"
        return None if shutil.which(self.command[0]) else self.command[0]

    @contextlib.contextmanager
    def running(self, directory: Path) -> Iterator[tuple[str, int]]:
        """The server; its socket's path, when that is there, and the number of its process."""
        missing = self.missing()
        if missing is not None:
            raise Skipped(f"{missing} is not installed")
        path = str(directory / "peer.sock")
        Path(path).unlink(missing_ok=True)
        with spawned([word.replace("PATH", path) for word in self.command]) as started:
            deadline = time.monotonic() + LONG
            # manhole serves one connection after the other: a try to connect would be one.
            while not (os.path.exists(path) if self.connections == 1 else connectable(path)):
                if started.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name} did not start")
                time.sleep(0.001)
            yield path, started.pid


SERVERS: Final = (
    Server(
        "Clojure nREPL",
        (
            "java",
            "-cp",
            clojure_class_path() or "",
            "clojure.main",
            "-e",
            '(require \'nrepl.server) (nrepl.server/start-server :socket "PATH") @(promise)',
        ),
        "(+ 1 1)",
        '(let [s (apply str (repeat 79 "x"))] (dotimes [_ {}] (println s)))',
        '(def big (apply str (repeat 10000000 "x")))',
        "big",
        _NREPL_END,
        100,
        framed=True,
        warm=4.0,
    ),
    Server(
        "manhole",
        (sys.executable, str(Path(__file__).parent / "programs.py"), "manhole", "PATH"),
        "1+1",
        "exec(\"for _ in range({}): print('x' * 79)\")",
        "big = 'x' * 10_000_000",
        "big",
        b">>> ",
        1,
    ),
    Server(
        "Guile",
        (
            "guile",
            "-c",
            "(use-modules (system repl server))"
            '(spawn-server (make-unix-domain-server-socket #:path "PATH")) (sleep 100000)',
        ),
        "(+ 1 1)",
        "(let ((s (make-string 79 #\\x))) (do ((i 0 (1+ i))) ((= i {})) (display s) (newline)))",
        "(define big (make-string 10000000 #\\x))",
        "big",
        b"> ",
        50,
    ),
    Server(
        LEAST,
        (sys.executable, str(Path(__file__).parent / "least.py"), "PATH"),
        "1+1",
        "for _ in range({}): print('" + "x" * 79 + "')",
        "big = 'x' * 10_000_000",
        "big",
        _NREPL_END,
        100,
        framed=True,
    ),
)


class Asked(Connected):
    """One connection to a server, with a session where there are such."""

    def __init__(self, server: Server, path: str) -> None:
        self.server = server
        self._repl = Repl(path) if server.framed else None
        self.socket = self._repl.socket if self._repl else connection(path)
        if self._repl is None:
            self.until_mark()  # it greets

    def request(self, code: str) -> bytes:
        """The bytes that ask for an evaluation."""
        return self._repl.request(code) if self._repl else code.encode() + b"\n"

    def seconds(self, request: bytes) -> float:
        """Send it, read until its answer has ended."""
        started = time.perf_counter()
        self.socket.sendall(request)
        self.until_mark()
        return time.perf_counter() - started

    def until_mark(self) -> int:
        """Read until an answer has ended; how many bytes that were."""
        mark, framed = self.server.mark, self.server.framed
        tail, count = b"", 0
        while not (mark in tail if framed else tail.endswith(mark)):
            data = self.socket.recv(CHUNK)
            if not data:
                raise RuntimeError(f"{self.server.name} has ended the connection")
            count += len(data)
            tail = tail[-16:] + data[-32:]
        return count


def each_part(who: str, parts: Mapping[str, Part], directory: Path, *, quick: bool) -> list[Figure]:
    """The figures of all parts; of one that fails, why."""
    figures: list[Figure] = []
    for metric, measure in parts.items():
        own = directory / metric
        own.mkdir()
        try:
            with pinned_to(0):
                found = measure(own, quick)
        except (Skipped, AssertionError, OSError, RuntimeError, ValueError) as problem:
            found = [Figure(metric, None, note=f"failed: {problem or type(problem).__name__}")]
        figures += [figure._replace(who=who) for figure in found]
    return figures
