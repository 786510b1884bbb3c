from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from driver import Client
from guile.programs import GUILE, GuileProgram

KINDS = ["coop-unix", "coop-tcp", "threaded-unix", "threaded-tcp"]


def _running(directory: Path, *, cooperative: bool, tcp: bool = False) -> Iterator[GuileProgram]:
    """A program that must outlive the test."""
    if GUILE is None:
        pytest.skip("guile is not installed")
    running = GuileProgram(directory, cooperative=cooperative, tcp=tcp)
    yield running
    assert running.alive, (running.process.returncode, running.lines[-20:])
    running.stop()


@pytest.fixture(params=KINDS)
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GuileProgram]:
    mode, transport = request.param.split("-")
    yield from _running(tmp_path, cooperative=mode == "coop", tcp=transport == "tcp")


@pytest.fixture
def coop(tmp_path: Path) -> Iterator[GuileProgram]:
    yield from _running(tmp_path / "coop", cooperative=True)


@pytest.fixture
def threaded(tmp_path: Path) -> Iterator[GuileProgram]:
    yield from _running(tmp_path / "threaded", cooperative=False)


@pytest.fixture
def client(program: GuileProgram) -> Iterator[Client]:
    with Client(program.address) as connected:
        yield connected
