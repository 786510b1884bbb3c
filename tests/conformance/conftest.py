"""The same tests over our server in each mode and over Clojure's, as processes of their own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from client.programs import clojure_class_path
from conformance.languages import Language
from conformance.peers import KINDS, Client, Peer, start


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses a peer over each; a test marked `modes("threads", …)` over those."""
    if "peer" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("modes")
        kinds = KINDS if marker is None else marker.args
        metafunc.parametrize("peer", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def directory() -> Iterator[Path]:
    """A directory whose path is short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="rs-", dir="/tmp"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(path))
        yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def peer(request: pytest.FixtureRequest, directory: Path) -> Iterator[Peer]:
    if request.param == "clojure" and (
        shutil.which("java") is None or clojure_class_path() is None
    ):
        pytest.skip("java or Clojure's nREPL is not installed")
    peer = start(request.param, str(directory / f"{request.param}.sock"))
    yield peer
    peer.close()


@pytest.fixture
def say(peer: Peer) -> Language:
    return peer.language


@pytest.fixture
def connect(peer: Peer) -> Iterator[Callable[[], Client]]:
    """Makes clients with a session; they are closed in the end."""
    clients: list[Client] = []

    def make() -> Client:
        client = Client(peer.address)
        clients.append(client)
        client.clone()
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Callable[[], Client]) -> Client:
    return connect()
