"""Fixtures for tests of an editor: programs to send code to. A `conftest.py` imports them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from editors.programs import KINDS, Program, start

__all__ = [
    "clojure_nrepl",
    "clojure_socket",
    "guile_program",
    "program",
    "python_loop",
    "python_server",
    "start_program",
]


@pytest.fixture
def start_program() -> Iterator[Callable[..., Program]]:
    """Start a program of a kind, for a test that ends it or changes it for good."""
    with ExitStack() as stack:
        # Its address is short, as a socket's path has to be.
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="rc-")))

        def started(kind: str = "python_server", address: str | None = None) -> Program:
            program = start(kind, directory / kind, address)
            stack.callback(program.stop)
            return program

        yield started


def _shared(kind: str) -> Iterator[Program]:
    """One for all tests, which has to outlive them."""
    with TemporaryDirectory(prefix="rc-") as directory:
        program = start(kind, Path(directory))
        yield program
        lived = program.alive
        program.stop()
    assert lived, f"the {kind} program ended by itself: {program.process.returncode}"


@pytest.fixture(scope="session")
def python_server() -> Iterator[Program]:
    """A Python program that serves with threads."""
    yield from _shared("python_server")


@pytest.fixture(scope="session")
def python_loop() -> Iterator[Program]:
    """A Python program that evaluates between the turns of its loop."""
    yield from _shared("python_loop")


@pytest.fixture(scope="session")
def guile_program() -> Iterator[Program]:
    """A Guile program that evaluates between the turns of its loop."""
    yield from _shared("guile_program")


@pytest.fixture(scope="session")
def clojure_nrepl() -> Iterator[Program]:
    """Clojure's nREPL server."""
    yield from _shared("clojure_nrepl")


@pytest.fixture(scope="session")
def clojure_socket() -> Iterator[Program]:
    """Clojure's nREPL server, at a Unix socket."""
    yield from _shared("clojure_socket")


@pytest.fixture(params=KINDS)
def program(request: pytest.FixtureRequest) -> Program:
    """A program of each kind."""
    shared: Program = request.getfixturevalue(request.param)
    return shared
