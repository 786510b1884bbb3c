from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from driver import Client
from guile.programs import GUILE, GuileProgram

pytestmark = pytest.mark.skipif(GUILE is None, reason="guile is not installed")

KINDS = ["coop-unix", "coop-tcp", "threaded-unix", "threaded-tcp"]


@pytest.fixture(params=KINDS)
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GuileProgram]:
    if GUILE is None:
        pytest.skip("guile is not installed")
    mode, transport = request.param.split("-")
    running = GuileProgram(tmp_path, cooperative=mode == "coop", tcp=transport == "tcp")
    yield running
    assert running.alive, (running.process.returncode, running.lines[-20:])
    running.stop()


@pytest.fixture
def coop(tmp_path: Path) -> Iterator[GuileProgram]:
    if GUILE is None:
        pytest.skip("guile is not installed")
    running = GuileProgram(tmp_path / "coop", cooperative=True)
    yield running
    assert running.alive, (running.process.returncode, running.lines[-20:])
    running.stop()


@pytest.fixture
def threaded(tmp_path: Path) -> Iterator[GuileProgram]:
    if GUILE is None:
        pytest.skip("guile is not installed")
    running = GuileProgram(tmp_path / "threaded", cooperative=False)
    yield running
    assert running.alive, (running.process.returncode, running.lines[-20:])
    running.stop()


@pytest.fixture
def client(program: GuileProgram) -> Iterator[Client]:
    with Client(program.address) as connected:
        yield connected
