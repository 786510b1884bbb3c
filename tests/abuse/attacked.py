"""A program that clients attack, and one of its clients that means no harm."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from server.conftest import wait_until
from server.running import Held, Running
from server.wire_client import WireClient

__all__ = ["EACH", "ON", "Attacked", "attacked"]

EACH = "server, each mode"
"""How the tables call all three, where what happens is the same."""

ON = {
    "threads": "server, threads",
    "cooperative": "server, cooperative",
    "asyncio": "server, asyncio",
}
"""How the tables call each mode."""

_MEBIBYTE = 1_048_576


class Attacked(NamedTuple):
    """The program in its process, a client that goes on, and what was held before."""

    program: Running
    other: WireClient
    before: Held

    @property
    def on(self) -> str:
        """What it is called in the tables."""
        return ON[self.program.mode]

    def goes_on(self) -> None:
        """The program's loop turns, others are answered; nothing is left of who has gone."""
        assert self.other.value("1 + 1") == "2"
        wait_until(
            lambda: self.other.value("1") and self.program.held(self.other)[1:] == self.before[1:]
        )
        self.program.goes_on(self.other)

    def grown(self, before: int) -> int:
        """By how many MiB the peak of its memory is higher than so many bytes."""
        return (self.program.memory() - before) // _MEBIBYTE


@contextlib.contextmanager
def attacked(mode: str, status: int | None = None) -> Iterator[Attacked]:
    """The program of this mode, which has to be alive in the end, or to end with this status."""
    directory = Path(tempfile.mkdtemp(prefix="ra-", dir="/tmp"))
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(directory)
    try:
        with Running(mode, directory / "app.sock") as program:
            other = program.connect()
            other.value("1")
            other.ask({"op": "completions", "prefix": "spee"})
            with program.connect() as first:  # what the first of all makes stays
                first.value("1")
            wait_until(lambda: program.held(other).sessions == 1)
            yield Attacked(program, other, program.held(other))
            if status is not None:
                program.process.wait(20)
            assert program.process.poll() == status
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
        shutil.rmtree(directory, ignore_errors=True)
