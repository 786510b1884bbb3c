"""Programs with nREPL servers in them, started for a test."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from guile.programs import GUILE, free_port

__all__ = ["Clojure", "PythonProgram", "clojure_class_path", "stuck_guile"]

_JARS = Path("/usr/share/java")


def clojure_class_path() -> str | None:
    names = ("clojure", "spec.alpha", "core.specs.alpha", "nrepl")
    jars = [_JARS / f"{name}.jar" for name in names]
    return ":".join(map(str, jars)) if all(jar.exists() for jar in jars) else None


def _wait_for_line(stream: IO[str], start: str) -> str:
    for line in stream:
        if line.startswith(start):
            return line
    raise AssertionError(f"the program ended before it said {start!r}")


class PythonProgram:
    """`python -m repl_server ADDRESS`, as a process."""

    def __init__(self, address: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "repl_server", address, *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        banner = _wait_for_line(self.process.stdout, "nREPL server started")
        self.address = banner.split()[-1].removeprefix("nrepl+unix:").removeprefix("nrepl://")

    def __enter__(self) -> PythonProgram:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Clojure:
    """Clojure's nREPL server, on a Unix socket or on TCP."""

    def __init__(self, kind: str, class_path: str) -> None:
        self._directory = tempfile.mkdtemp(prefix="rc-clj-", dir="/tmp")
        if kind == "unix":
            self.address = f"{self._directory}/nrepl.sock"
            where = f':socket "{self.address}"'
        else:
            port = free_port()
            self.address = f"127.0.0.1:{port}"
            where = f':bind "127.0.0.1" :port {port}'
        code = (
            f"(require 'nrepl.server) (nrepl.server/start-server {where})"
            ' (println "READY") (flush) @(promise)'
        )
        self.process = subprocess.Popen(
            ["java", "-cp", class_path, "clojure.main", "-e", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd=self._directory,
            text=True,
        )
        assert self.process.stdout is not None
        _wait_for_line(self.process.stdout, "READY")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        shutil.rmtree(self._directory, ignore_errors=True)


@contextmanager
def stuck_guile(directory: Path) -> Iterator[str]:
    """A cooperative server that is never polled."""
    if GUILE is None:
        pytest.skip("guile is not installed")
    path = directory / "guile-socket"
    code = (
        "(use-modules (system repl coop-server) (system repl server))"
        f'(spawn-coop-repl-server (make-unix-domain-server-socket #:path "{path}"))'
        '(display "listening\\n") (force-output) (pause)'
    )
    with subprocess.Popen(
        [GUILE, "--no-auto-compile", "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        with socket.socket(socket.AF_UNIX) as probe:
            while probe.connect_ex(str(path)):
                pass
        try:
            yield str(path)
        finally:
            process.kill()
