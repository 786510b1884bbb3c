"""Completion, signatures and documentation from a real Guile program, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from guile.programs import GuileProgram
from terminal import Terminal

PROMPT = "(guile-user)>"


@pytest.fixture
def screen(program: GuileProgram, tmp_path: Path) -> Iterator[Terminal]:
    command = [sys.executable, "-m", "repl_connect", program.address]
    environment = {"XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    with Terminal(command, environment=environment, timeout=30) as opened:
        opened.wait_for_current(PROMPT)
        yield opened


def complete(screen: Terminal, wanted: str) -> None:
    """Press Tab until it is there: the program may answer later than one waits for it."""

    def done() -> bool:
        if wanted not in screen.current and not screen.read(1.0):
            screen.press("tab")
        return wanted in screen.current

    screen.press("tab")
    screen.wait_until(done, wanted)


def test_names_signatures_and_documentation(screen: Terminal) -> None:
    screen.enter('(define (mix first second . others) "Mixes them." first)')
    screen.wait_for_current(PROMPT)
    screen.send("(call-with-output-str")
    complete(screen, "(call-with-output-string")
    screen.press("ctrl-k", "ctrl-u")
    screen.wait_for_current(PROMPT)
    screen.send("(mix 1 ")
    screen.wait_for_line("(mix first second . others)")
    screen.press("f1")
    screen.wait_for("Mixes them.")
    screen.press("escape")
    screen.wait_until(lambda: "Esc closes" not in screen.text)


def test_its_own_commands_are_offered_beside_ours(screen: Terminal) -> None:
    screen.send(",backtr")
    complete(screen, ",backtrace")
