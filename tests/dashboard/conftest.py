"""Fixtures for tests of the dashboard: servers in a directory of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import repl_server

__all__ = ["Serve"]

Serve = Callable[..., repl_server.Server]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that the test is in, with nothing of the user's around it."""
    monkeypatch.chdir(tmp_path)
    for variable in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        directory = tmp_path / variable.lower()
        directory.mkdir(mode=0o700)
        monkeypatch.setenv(variable, str(directory))
    monkeypatch.setenv("REPL_CONNECT_CONFIG", "/dev/null")
    return tmp_path


@pytest.fixture
def serve(here: Path) -> Iterator[Serve]:
    """Start a Python server, `./NAME.sock`."""
    servers: list[repl_server.Server] = []

    def start(name: str, namespace: dict[str, Any] | None = None) -> repl_server.Server:
        given = {} if namespace is None else namespace
        servers.append(repl_server.serve(str(here / f"{name}.sock"), namespace=given))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
