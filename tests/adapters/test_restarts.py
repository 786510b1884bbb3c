"""A Lisp error at the prompt, gone on from by a restart of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapters.subject import Process
from adapters.subjects.swank import SUBJECTS, start
from terminal import Terminal


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Process]:
    """An SBCL with Swank."""
    missing = SUBJECTS[0].missing()
    if missing:
        pytest.skip(f"needs {missing}")
    running = start(tmp_path)
    yield running
    running.stop()


def test_a_restart_of_an_error_is_chosen_by_name(program: Process, tmp_path: Path) -> None:
    with Terminal(
        [sys.executable, "-m", "repl_connect", program.address],
        environment={"XDG_STATE_HOME": str(tmp_path), "REPL_CONNECT_CONFIG": "/dev/null"},
        rows=40,
        timeout=30,
    ) as terminal:
        terminal.wait_for_current("CL-USER>")
        terminal.enter("(+ 1 no-such-variable)")
        terminal.wait_for("It could go on")
        terminal.enter(",held")
        terminal.wait_for("No error is held.")
        terminal.enter("(+ 1 no-such-variable)")
        terminal.wait_for("is held here as h1")
        terminal.enter(",restart")
        terminal.wait_for("It has the restarts")
        terminal.enter(",restart no-such-restart")
        terminal.wait_until(lambda: terminal.text.count("It has the restarts") == 2)
        terminal.enter(",restart h1 use-value 41")
        terminal.wait_for_line("42")
        terminal.wait_for_line("h1: use-value.")
        terminal.enter("(+ 40 2)")
        terminal.wait_for_current("CL-USER>")
