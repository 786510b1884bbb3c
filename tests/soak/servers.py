"""The Python server, in each mode, used by clients that stay and clients that come and go."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.processes import hosted, python_server
from soak.figures import Use, held
from soak.traffic import Traffic

__all__ = ["bridge", "server"]


@contextlib.contextmanager
def server(mode: str, directory: Path) -> Iterator[Use]:
    """A program that serves in this mode, and does nothing else."""
    with hosted(directory, mode) as (path, pid), contextlib.closing(Traffic(path)) as traffic:
        yield Use(traffic.part, lambda: held(pid, traffic.sessions()))


@contextlib.contextmanager
def bridge(directory: Path) -> Iterator[Use]:
    """A bridge before a Python server: what the bridge holds."""
    import sys

    from bench.processes import connectable, process

    with python_server(directory) as path:
        listens = str(directory / "bridge.sock")
        command = [sys.executable, "-m", "repl_connect", "bridge", path, "--listen", listens]
        with (
            process(command, ready=partial(connectable, listens)) as pid,
            contextlib.closing(Traffic(listens)) as traffic,
        ):
            yield Use(traffic.part, lambda: held(pid, traffic.sessions()))
