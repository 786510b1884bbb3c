"""A user's home for the tests of a module, with a Python program that has jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jobs.collecting import Shell, own_home, python_program


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where it is."""
    with own_home(tmp_path_factory.mktemp("home")) as directory:
        yield directory


@pytest.fixture(scope="module")
def app(home: Path) -> Iterator[str]:
    """The address of a Python program."""
    with python_program(home / "app.sock") as address:
        yield address


@pytest.fixture
def shell(home: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Where commands are typed."""
    return Shell(capsys)
