"""A short day: nothing is left of it, and memory grows by less than a small leak would make it.

`run.py` is the long one. Here a leak of a kilobyte for each evaluation or connection would show.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from soak.figures import soaked
from soak.subjects import SUBJECTS

LEAK = 1_000
"""Bytes each that are too much."""

SHORT = {
    "server, threads": (4_000, 100),
    "server, cooperative": (4_000, 100),
    "server, asyncio": (4_000, 100),
    "bridge": (2_000, 50),
    "client, its link": (2_000, 0),
    "client, reconnecting": (2_000, 0),
}
"""Evaluations, and connections in between."""

COMING_AND_GOING = {"client, its link": 150, "client, reconnecting": 150, "server, threads": 400}
"""Connections, and nothing else."""

SETTLING = 200_000
"""Bytes that may come on top of that: the allocator's."""


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="rs-", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.mark.parametrize("name", SHORT)
def test_evaluations(name: str, directory: Path) -> None:
    evaluations, connections = SHORT[name]
    with SUBJECTS[name].open(directory) as use:
        soak = soaked(name, use, evaluations, connections)
    assert soak.leaves_nothing, soak
    # What is kept of each is bounded, but not all of it is full after so short a time.
    assert soak.grown_late < LEAK * evaluations / 2, soak


@pytest.mark.parametrize("name", COMING_AND_GOING)
def test_connections(name: str, directory: Path) -> None:
    connections = COMING_AND_GOING[name]
    with SUBJECTS[name].open(directory) as use:
        soak = soaked(name, use, 0, connections)
    assert soak.leaves_nothing, soak
    if not name.startswith("server"):  # which keeps the sources of what they have evaluated
        assert soak.grown_late < LEAK * connections / 2 + SETTLING, soak
