"""Fixtures for tests of the plugin: both versions of Neovim, and programs to send code to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from editors.fixtures import (
    clojure_nrepl,
    guile_program,
    program,
    python_loop,
    python_server,
    start_program,
)
from nvim.editor import Editor
from nvim.isolated import Isolated
from nvim.screen import on_terminal
from nvim.versions import VERSIONS, executable
from terminal import Terminal

__all__ = [
    "clojure_nrepl",
    "guile_program",
    "program",
    "python_loop",
    "python_server",
    "start_program",
]


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
