"""The commands beside those of Guile's own, on a real Guile program and a real terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from guile.programs import GUILE, GuileProgram
from terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if GUILE is None:
        pytest.skip("guile is not installed")
    program = GuileProgram(tmp_path, cooperative=True)
    started = Terminal(
        [sys.executable, "-m", "repl_connect", program.address],
        environment={"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path)},
        columns=100,
        rows=40,
    )
    started.wait_for_current("(guile-user)>")
    yield started
    started.close()
    program.stop()


def test_ours_and_guiles_commands_work_beside_each_other(
    terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "level.scm"
    file.write_text("(define level 10)\n(* level 2)\n")
    terminal.enter(f",load {file}")
    terminal.wait_for("$1 = 20")
    terminal.enter(",pp level")
    terminal.wait_for("= 10")
    terminal.enter(",apropos string-appe")
    terminal.wait_for("string-append/shared")
    terminal.enter(",doc map")
    terminal.wait_for("map")
    terminal.enter(",session new")
    terminal.wait_for("A new session:")
    terminal.enter(",sessions")
    terminal.wait_for("you evaluate in it")
    terminal.enter(",connection")
    terminal.wait_for("round trip")
    terminal.enter(",log on")
    terminal.enter("(+ level 1)")
    terminal.wait_for("= 11")
    terminal.enter(",log 3")
    terminal.wait_for("<-- ")
    terminal.enter(",tour")
    terminal.wait_for("a value")


def test_what_guile_has_not_is_said(terminal: Terminal) -> None:
    for command in (",jobs", ",who", ",watch 1 x", ",held", ",events on"):
        terminal.enter(command)
    terminal.wait_until(
        lambda: terminal.unwrapped.count("(a Python program with repl_server has it)") == 5
    )


def test_the_help_leaves_out_what_guile_has_not(terminal: Terminal) -> None:
    terminal.enter(",help")
    terminal.wait_for(",help NAME tells more of one.")
    assert ",sessions" in terminal.text
    for title in ("Jobs", "The program", "When an error holds"):
        assert title not in terminal.text


def test_a_session_of_ours_keeps_its_module(terminal: Terminal) -> None:
    terminal.enter(",m (ice-9 popen)")
    terminal.wait_for_current("(ice-9 popen)>")
    terminal.enter(",session clone")
    terminal.wait_for("A copy of the session:")
    terminal.wait_for_current("(ice-9 popen)>")
    terminal.enter(",session new")
    terminal.wait_for("A new session:")
    terminal.wait_for_current("(guile-user)>")
    terminal.enter(",sessions")
    terminal.wait_until(lambda: terminal.text.count("  yours\n") == 2)


def test_the_round_trip_goes_to_the_program(terminal: Terminal) -> None:
    terminal.enter(",log on")
    terminal.enter(",connection")
    terminal.wait_for("round trip")
    terminal.enter(",log")
    terminal.wait_for("repl-connect-no-such-name")


def test_guiles_help_is_guiles(terminal: Terminal) -> None:
    terminal.enter(",help module")
    terminal.wait_for("Change modules")
