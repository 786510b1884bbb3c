"""What the acceptance suite is run over: a real program, what to say to it, what it supports."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from guile.programs import free_port

from repl_connect.address import TcpAddress, UnixAddress, parse_address
from repl_connect.listeners import Listeners

__all__ = ["FEATURES", "Phrases", "Process", "Program", "Subject", "free_port"]

FEATURES: Mapping[str, str] = {
    "values": "a value for an expression",
    "forms": "several forms, a value for each",
    "output": "output while it runs",
    "stderr": "standard error apart",
    "errors": "errors, with no debugger level left",
    "frames": "frames of an error",
    "unbalanced": "an unfinished form is an error",
    "text": "non-ASCII text",
    "input": "input for the program",
    "interrupt": "interrupt",
    "namespace": "namespaces",
    "load-file": "files, with their line numbers",
    "completions": "completion",
    "lookup": "documentation",
    "busy": "completion while it evaluates",
    "clients": "several clients at once",
    "sessions": "a namespace for each session",
}
"""The columns of the table in the documents; each is a test of the suite, or several."""


class Phrases(NamedTuple):
    """What is said in a language, as data; "" where it has no such thing."""

    sum: str
    """Code whose value is 42."""
    forty_two: str
    """How that value is shown."""
    forms: str
    """Several forms on several lines."""
    values: tuple[str, ...]
    """Their values, those that are shown."""
    define: str
    """Gives `answer` the value 7, for all clients of the program."""
    read: str
    """Its value is that of `answer`."""
    print: str
    """Prints `hel`, then `lo` and a newline, without `hello` in its own text."""
    slow: str
    """Prints `going` on a line, and does not end."""
    warn: str
    """Prints `beware` on standard error."""
    fail: str
    """Raises an error, in a procedure of its own called `broken` if there are frames."""
    error: str
    """What is said of that error."""
    unbalanced: str
    """A form that is not finished."""
    text: str
    """Its value is the string `schön ✓ 🐍`."""
    shown_text: str
    """How that is shown."""
    megabyte: str
    """Prints 20,000 lines of 51 characters and a newline: `x` 51 times."""
    ask: str
    """Its value is a line of input."""
    blue: str
    """Its value, when the line is `blue`."""
    elsewhere: tuple[str, str]
    """A namespace that is there, and code whose value is 42 only in it."""
    enter: str
    """Makes it the namespace of the session."""
    missing: str
    """A namespace that is not there."""
    file: str
    """A file with `broken` defined in line 3, which raises `fail`'s error, called in line 5."""
    begun: str
    """The beginning of a name of the language's own."""
    completed: str
    """What it can be completed to."""
    documented: str
    """A name that something is known of."""
    documentation: str
    """Words of what is known, in its `doc` or its `arglists-str`."""


class Program(Protocol):
    """A running program."""

    address: str

    @property
    def alive(self) -> bool:
        """Whether it still runs."""

    def stop(self) -> None:
        """End it at once."""


class Subject(NamedTuple):
    """One row of the table. `needs`: programs and files without which it can't be started."""

    name: str
    dialect: str
    greeting: str
    """Words of what is said on connecting."""
    needs: tuple[str, ...]
    start: Callable[[Path], Program]
    phrases: Phrases
    supports: frozenset[str]
    notes: Mapping[str, str] = {}
    """For the table: what is to be said of a feature."""

    def missing(self) -> str | None:
        """What is not installed, if something is not."""
        for need in self.needs:
            if not (os.path.exists(need) if "/" in need else shutil.which(need)):
                return need
        return None


class Process:
    """A program in a process group of its own, which listens at `address` when it is ready."""

    def __init__(self, command: list[str], address: str, *, directory: Path | None = None) -> None:
        self.address = address
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=directory,
            env={**os.environ, "LANG": "C.UTF-8"},
            start_new_session=True,
        )
        try:
            self._wait_for_listener()
        except BaseException:
            self.stop()
            raise

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End it, and what it has started."""
        if self.alive:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _wait_for_listener(self) -> None:
        """Until it listens, which is learned without a connection."""
        deadline = time.monotonic() + 60
        while not _is_listening(self.address):
            assert self.alive, f"{self.process.args!r} ended before it was ready"
            assert time.monotonic() < deadline, f"{self.process.args!r} does not listen"
            time.sleep(0.02)


def _is_listening(text: str) -> bool:
    address = parse_address(text)
    if isinstance(address, UnixAddress):
        return Listeners().unix_owner(address) is not None
    assert isinstance(address, TcpAddress)
    return Listeners().tcp_owner(address) is not None
