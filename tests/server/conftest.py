"""A server in this process, in each mode, its namespace, and clients of it."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from server.hosts import MODES, hosted
from server.wire_client import SECONDS, WireClient

import repl_server


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses a server in each mode; a test marked `modes("threads", …)` in those."""
    if "mode" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("modes")
        metafunc.parametrize("mode", MODES if marker is None else marker.args)


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory whose path is short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="rs-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_runtime_directory(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))


@pytest.fixture
def namespace() -> dict[str, Any]:
    return {"__name__": "app"}


@pytest.fixture
def server(directory: Path, namespace: dict[str, Any], mode: str) -> Iterator[repl_server.Server]:
    with hosted(mode, directory / "app.sock", namespace=namespace) as server:
        yield server
    wait_until(lambda: not server_threads())


@pytest.fixture
def connect(server: repl_server.Server) -> Iterator[Callable[[], WireClient]]:
    """Makes clients with a session; they are closed in the end."""
    clients: list[WireClient] = []

    def make() -> WireClient:
        client = WireClient(server.address)
        clients.append(client)
        client.clone()
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Callable[[], WireClient]) -> WireClient:
    return connect()


def server_threads(kind: str = "") -> list[str]:
    """Names of the server's threads that are alive."""
    start = f"repl-server{f'-{kind}' if kind else ''}"
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(start)]


def wait_until(condition: Callable[[], object]) -> None:
    """Return when the condition holds; fail if it never does."""
    pause = threading.Event()
    for _ in range(int(SECONDS * 100)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError(f"never came true; threads: {server_threads()}")
