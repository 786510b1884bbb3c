"""Real Guile programs that have opened a REPL socket, started for a test and watched."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["GUILE", "GuileProgram", "free_port"]

GUILE = shutil.which("guile")

# The classic program: a loop that prints a global and polls. `~a` is the seconds it sleeps.
COOPERATIVE = """
(use-modules (ice-9 format) (system repl coop-server) (system repl server))
{extra}
(define *server-socket* {socket})
(define *server* (spawn-coop-repl-server *server-socket*))
(define *myglobal* 5)
(define turns 0)
(define loop
  (lambda ()
    (usleep {pause})
    (set! turns (1+ turns))
    (format #t "turn ~a *myglobal* has value ~a~%" turns *myglobal*)
    (force-output)
    (poll-coop-repl-server *server*)
    (loop)))
(display "listening\\n") (force-output)
(loop)
"""

THREADED = """
(use-modules (ice-9 format) (system repl server))
{extra}
(define *myglobal* 5)
(define turns 0)
(spawn-server {socket})
(display "listening\\n") (force-output)
(let loop ()
  (usleep {pause})
  (set! turns (1+ turns))
  (format #t "turn ~a *myglobal* has value ~a~%" turns *myglobal*)
  (force-output)
  (loop))
"""


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class GuileProgram:
    """One running program; `address` is where its REPL listens."""

    def __init__(
        self,
        directory: Path,
        *,
        cooperative: bool,
        tcp: bool = False,
        pause: float = 0.05,
        extra: str = "",
        arguments: tuple[str, ...] = (),
    ) -> None:
        directory.mkdir(exist_ok=True)
        if tcp:
            port = free_port()
            self.address = f"localhost:{port}"
            where = f"(make-tcp-server-socket #:port {port})"
        else:
            self.address = str(directory / "guile-socket")
            where = f'(make-unix-domain-server-socket #:path "{self.address}")'
        source = (COOPERATIVE if cooperative else THREADED).format(
            socket=where, pause=int(pause * 1e6), extra=extra
        )
        script = directory / "program.scm"
        script.write_text(source, encoding="utf-8")
        assert GUILE is not None
        self.process = subprocess.Popen(
            [GUILE, "--no-auto-compile", *arguments, str(script)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=directory,
            env={**os.environ, "LANG": "C.UTF-8"},
        )
        self.lines: list[str] = []
        self._rest = b""
        self.wait_for_line(lambda line: line == "listening")
        self._wait_for_listener()

    def wait_for_line(self, wanted: Callable[[str], bool], timeout: float = 20.0) -> str:
        """The next line of the program's own output that is wanted."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + timeout
        while True:
            while b"\n" in self._rest:
                line, _, self._rest = self._rest.partition(b"\n")
                text = line.decode("utf-8", "replace")
                self.lines.append(text)
                if wanted(text):
                    return text
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, left))
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not data:
                raise AssertionError(f"the program never said it; it said {self.lines[-20:]}")
            self._rest += data

    def value_after(self, value: str) -> str:
        """Wait until the loop prints that value of its global."""
        return self.wait_for_line(lambda line: line.endswith(f"has value {value}"))

    def turn(self) -> int:
        """The number of the loop's next turn."""
        self.drain()
        return int(self.wait_for_line(lambda line: line.startswith("turn")).split()[1])

    def drain(self) -> None:
        """Forget what the program has printed so far."""
        assert self.process.stdout is not None
        while select.select([self.process.stdout], [], [], 0)[0]:
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                break
            self._rest += data
        *whole, self._rest = self._rest.split(b"\n")
        self.lines += [line.decode("utf-8", "replace") for line in whole]

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        return self.process.poll() is None

    def threads(self) -> int:
        """How many threads it has."""
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def stop(self) -> None:
        """End it."""
        if self.alive:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _wait_for_listener(self) -> None:
        """The listening thread starts after the line is printed: until then connecting fails."""
        host, _, port = self.address.rpartition(":")
        for _ in range(2000):
            with socket.socket(socket.AF_INET if host else socket.AF_UNIX) as probe:
                try:
                    probe.connect((host, int(port)) if host else self.address)
                    return
                except OSError:
                    select.select([], [], [], 0.005)
        raise AssertionError("the program does not listen")
