"""Fixtures for tests of the prompt: a toy server, and the prompt on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prompt.toy_server import ToyServer
from terminal import Terminal

CLIENT = Path(__file__).parent / "toy_client.py"

StartServer = Callable[..., ToyServer]
StartPrompt = Callable[..., Terminal]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start a toy server that says it is of some language."""
    servers: list[ToyServer] = []

    def start(language: str = "guile") -> ToyServer:
        server = ToyServer(tmp_path / f"{len(servers)}.sock", language)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def start_prompt(tmp_path: Path, start_server: StartServer) -> Iterator[StartPrompt]:
    """Start the prompt on a server, by default one of Guile's language, and wait for it."""
    terminals: list[Terminal] = []

    def start(
        server: ToyServer | None = None,
        *,
        prompt: str = "(guile-user)>",
        environment: dict[str, str | None] | None = None,
        columns: int = 80,
        rows: int = 24,
    ) -> Terminal:
        server = server or start_server()
        terminal = Terminal(
            [sys.executable, str(CLIENT), str(server.path)],
            environment={
                "XDG_STATE_HOME": str(tmp_path / "state"),
                "REPL_CONNECT_CONFIG": "/dev/null",
                "PYTHONPATH": ":".join(path for path in sys.path if path),
                **(environment or {}),
            },
            columns=columns,
            rows=rows,
        )
        terminals.append(terminal)
        if (environment or {}).get("TERM") != "dumb":
            terminal.wait_until(lambda: b"\x1b[J" in terminal.raw, "drawn, not only shown")
        terminal.wait_for_current(prompt)
        return terminal

    yield start
    for terminal in terminals:
        terminal.close()
