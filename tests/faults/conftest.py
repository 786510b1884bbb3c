"""A user's directories of their own, a Python server, and lines to it that fail."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from faults.between import AS_IS, Between, Fault
from faults.watched import Watched
from jobs.collecting import Shell


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory whose path is short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="rf-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_directories(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's who tests is seen, and nothing is left there."""
    for name in ("run", "config"):
        (directory / name).mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory / "run"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(directory / "config"))


@pytest.fixture
def between(directory: Path) -> Iterator[Callable[..., Between]]:
    """Makes lines that fail as said, closed in the end: `between(target, to_client, to_server)`."""
    with ExitStack() as stack:
        made = 0

        def make(
            target: str,
            to_client: Fault = AS_IS,
            to_server: Fault = AS_IS,
            *,
            times: int | None = None,
            tcp: bool = False,
        ) -> Between:
            nonlocal made
            made += 1
            line = Between(
                directory, target, to_client, to_server, times=times, tcp=tcp, name=f"{made}.sock"
            )
            return stack.enter_context(line)

        yield make


@pytest.fixture(scope="module")
def app() -> Iterator[Watched]:
    """A Python server; it has to hold in the end what it held in the beginning."""
    directory = tempfile.mkdtemp(prefix="rf-", dir="/tmp")
    with Watched(Path(directory) / "app.sock") as program:
        yield program
        program.unhurt()
    shutil.rmtree(directory)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Where commands are typed; they run in this process."""
    return Shell(capsys)
