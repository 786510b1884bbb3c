"""The prompt on a real terminal, over real programs of each language."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from client.programs import clojure_class_path
from conformance.peers import start
from everywhere.words import CLOJURE, PYTHON, Words
from everywhere.words import GUILE as GUILE_WORDS
from guile.programs import GUILE, GuileProgram
from terminal import Terminal

KINDS = ("threads", "cooperative", "guile", "clojure")


class Program(NamedTuple):
    """A running program that is served: its kind, where, and how one talks to it."""

    kind: str
    address: str
    words: Words


def _drain(guile: GuileProgram) -> None:
    """Read what the program prints, so that it never waits for that."""
    assert guile.process.stdout is not None
    with contextlib.suppress(ValueError):  # it is closed at the end
        while guile.process.stdout.read(4096):
            pass


@pytest.fixture(scope="session", params=KINDS)
def program(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    """A program of each kind, one for all tests."""
    kind: str = request.param
    if kind == "guile":
        if GUILE is None:
            pytest.skip("needs guile")
        guile = GuileProgram(tmp_path_factory.mktemp("guile"), cooperative=True, pause=0.02)
        threading.Thread(target=_drain, args=(guile,), daemon=True).start()
        yield Program(kind, guile.address, GUILE_WORDS)
        assert guile.alive
        guile.stop()
        return
    if kind == "clojure" and clojure_class_path() is None:
        pytest.skip("needs java and libnrepl-clojure")
    peer = start(kind, str(tmp_path_factory.mktemp("served") / "s"))
    try:
        yield Program(kind, peer.address, CLOJURE if kind == "clojure" else PYTHON)
    finally:
        peer.close()


@pytest.fixture
def open_prompt(program: Program, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Open the prompt on the program, and wait for it."""
    terminals: list[Terminal] = []

    def opened(
        *arguments: str, columns: int = 80, rows: int = 30, **environment: str | None
    ) -> Terminal:
        terminal = Terminal(
            [sys.executable, "-m", "repl_connect", program.address, *arguments],
            environment={
                "XDG_STATE_HOME": str(tmp_path / "state"),
                "REPL_CONNECT_CONFIG": "/dev/null",
                **environment,
            },
            columns=columns,
            rows=rows,
            timeout=30,
        )
        terminals.append(terminal)
        terminal.wait_for_current(program.words.prompt)
        return terminal

    yield opened
    for terminal in terminals:
        terminal.close()


@pytest.fixture
def terminal(open_prompt: Callable[..., Terminal]) -> Terminal:
    """The prompt on the program."""
    return open_prompt()
