"""Fixtures for tests of the plugin: both versions of Neovim, and programs to send code to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from nvim.editor import Editor
from nvim.isolated import Isolated
from nvim.programs import KINDS, Program, start
from nvim.screen import on_terminal
from nvim.versions import VERSIONS, executable
from terminal import Terminal


@pytest.fixture(scope="session", params=VERSIONS)
def neovim(request: pytest.FixtureRequest) -> Path:
    """Each version of Neovim."""
    found = executable(request.param)
    if found is None:
        pytest.skip(f"needs Neovim {request.param}")
    return found


@pytest.fixture
def start_editor(neovim: Path) -> Iterator[Callable[..., Editor]]:
    """Start a Neovim, with the options of `Editor`; it is closed in the end."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Editor(neovim, **options))


@pytest.fixture
def editor(start_editor: Callable[..., Editor]) -> Editor:
    """A Neovim with the plugin and with nothing configured but where the client is."""
    return start_editor()


@pytest.fixture
def open_screen(neovim: Path) -> Iterator[Callable[..., tuple[Terminal, Isolated]]]:
    """Start a Neovim on a terminal, with the options of `on_terminal`; it is killed in the end."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(on_terminal(neovim, **options))


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


@pytest.fixture(params=KINDS)
def program(request: pytest.FixtureRequest) -> Program:
    """A program of each kind."""
    shared: Program = request.getfixturevalue(request.param)
    return shared
