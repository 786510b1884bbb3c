"""A visit to each program in a real terminal, from connecting to leaving."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapters.conftest import Running
from terminal import Terminal


@pytest.fixture
def terminal(running: Running, tmp_path: Path) -> Iterator[Terminal]:
    """The prompt on the program, with nothing said of what it is."""
    with Terminal(
        [sys.executable, "-m", "repl_connect", running.program.address],
        environment={"XDG_STATE_HOME": str(tmp_path), "REPL_CONNECT_CONFIG": "/dev/null"},
        rows=30,
        timeout=30,
    ) as opened:
        yield opened


def _evaluate(terminal: Terminal, code: str) -> None:
    terminal.paste(code)
    terminal.press("alt-enter")


def test_a_visit(running: Running, terminal: Terminal) -> None:
    subject, phrases = running.subject, running.subject.phrases
    terminal.wait_for(subject.greeting or "Clojure")
    _evaluate(terminal, phrases.sum)
    terminal.wait_until(lambda: any(line.endswith("42") for line in terminal.lines), "42")
    _evaluate(terminal, phrases.print)
    terminal.wait_for_line("hello")
    _evaluate(terminal, phrases.fail)
    terminal.wait_for(phrases.error)
    if "input" in subject.supports:
        _evaluate(terminal, phrases.ask)
        terminal.wait_for("input>")  # the code has `input` in it too
        terminal.enter("blue")
        terminal.wait_for(phrases.blue)
    if "interrupt" in subject.supports:
        _evaluate(terminal, phrases.slow)
        terminal.wait_for_line("going")
        terminal.press("ctrl-c")
        terminal.wait_for("interrupted")
    terminal.wait_quiet()
    terminal.press("ctrl-d")
    assert terminal.wait_exit() == 0
    assert 'Traceback (most recent call last):\n  File "/' not in terminal.all_text
