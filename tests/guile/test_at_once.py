"""Clients that come to a plain Guile at the same moment, before any of them has upgraded it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from driver import Client
from faults.between import AS_IS, Between, Stalls
from guile.programs import GuileProgram

BOOTSTRAP = 40_000
"""Bytes that are less than what is sent to upgrade a program, and more than any request."""


@pytest.fixture(params=["coop", "threaded"])
def program(request: pytest.FixtureRequest) -> GuileProgram:
    found: GuileProgram = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def short() -> Iterator[Path]:
    """Where sockets may be: the path is not long."""
    with tempfile.TemporaryDirectory(prefix="rg-", dir="/tmp") as directory:
        yield Path(directory)


def test_one_of_them_brings_the_bootstrap(program: GuileProgram, short: Path) -> None:
    """When each did, a Guile of 3.0.8 crashed in one of 150 programs."""
    with Between(short, program.address) as line, ThreadPoolExecutor() as pool:

        def value() -> str:
            with Client(line.address, dialect="guile") as client:
                return client.value("(+ 40 2)")

        assert [each.result() for each in [pool.submit(value) for _ in range(4)]] == ["42"] * 4
        assert BOOTSTRAP < line.bytes_to_server < 2 * BOOTSTRAP


def test_one_that_stops_in_the_middle_holds_up_nobody_for_ever(
    program: GuileProgram, short: Path
) -> None:
    with (
        Between(short, program.address, AS_IS, Stalls(BOOTSTRAP), times=1) as line,
        ThreadPoolExecutor() as pool,
    ):
        stopped = pool.submit(Client, line.address, dialect="guile")
        line.wait_struck()
        with Client(program.address, dialect="guile") as client:
            assert client.value("(+ 40 2)") == "42"
        line.go_on()
        with stopped.result() as late:
            assert late.value("(+ 40 2)") == "42"
