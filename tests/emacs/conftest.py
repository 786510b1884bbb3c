"""Fixtures for tests of the Emacs package: Emacs itself, and programs to send code to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from editors.fixtures import (
    clojure_nrepl,
    clojure_socket,
    guile_program,
    program,
    python_loop,
    python_server,
    start_program,
)
from emacs.isolated import EMACS, Isolated
from emacs.screen import Screen

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
def open_screen() -> Iterator[Callable[..., Screen]]:
    """Edit a file of this name and text in an Emacs on a screen, with the options of `Screen`.

    It is closed in the end. With `command` false there is no `repl-connect` on its PATH.
    """
    if EMACS is None:
        pytest.skip("needs emacs")
    with ExitStack() as stack:

        def opened(
            file: str = "", *, text: str = "", command: bool = True, **options: Any
        ) -> Screen:
            directory = TemporaryDirectory(prefix="rc-emacs-", ignore_cleanup_errors=True)
            home = Isolated(Path(stack.enter_context(directory)), command=command)
            if file:
                (home.project / file).write_text(text, encoding="utf-8")
            screen = Screen(home, *([file] if file else []), **options)
            stack.callback(screen.close)
            return screen

        yield opened
