"""The whole path, as a user has it: a real Guile program, the prompt on a real pseudo terminal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from guile.programs import GuileProgram
from terminal import Terminal

PROMPT = "(guile-user)>"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str | None]:
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "TERM": "xterm-256color", "NO_COLOR": None}


@pytest.fixture
def terminal(
    program: GuileProgram, environment: dict[str, str | None]
) -> Iterator[tuple[GuileProgram, Terminal]]:
    command = [sys.executable, "-m", "repl_connect", program.address]
    with Terminal(command, environment=environment, timeout=30) as opened:
        opened.wait_for_current(PROMPT)
        yield program, opened


def test_the_story_of_the_readme(terminal: tuple[GuileProgram, Terminal]) -> None:
    program, screen = terminal
    assert "Guile 3." in screen.text
    assert "upgraded" in screen.text
    program.value_after("5")
    screen.enter("(define *myglobal* 3)")
    program.value_after("3")
    screen.enter("(car 1)")
    screen.wait_for("In procedure car: Wrong type")
    before = program.turn()
    assert program.turn() > before
    screen.enter('(values 1 "héλ✓")')
    screen.wait_for_line("$1 = 1")
    screen.wait_for_line('$2 = "héλ✓"')
    screen.enter('(begin (display "going\\n") (let lp () (lp)))')
    screen.wait_for_line("going")
    screen.press("ctrl-c")
    screen.wait_for_line("interrupted")
    before = program.turn()
    assert program.turn() > before
    screen.enter("(+ 40 2)")
    screen.wait_for_line("$3 = 42")
    screen.press("ctrl-d")
    assert screen.wait_exit() == 0


def test_input_three_ways(terminal: tuple[GuileProgram, Terminal]) -> None:
    _, screen = terminal
    screen.enter("(use-modules (ice-9 rdelim))")
    screen.wait_for_current(PROMPT)
    for answer, label, shown in (
        ("typed", "$1", '"typed"'),
        ("", "$2", '""'),
        (None, "$3", "#<eof>"),
    ):
        screen.enter("(read-line)")
        screen.wait_for_current("input>")
        if answer is None:
            screen.press("ctrl-d")
        else:
            screen.enter(answer)
        screen.wait_for_line(f"{label} = {shown}")
        screen.wait_for_current(PROMPT)
    screen.enter("(read-line)")
    screen.wait_for_current("input>")
    screen.press("ctrl-c")
    screen.wait_for_line("interrupted")
    screen.wait_for_current(PROMPT)


def test_several_lines_completion_and_guile_s_own_commands(
    terminal: tuple[GuileProgram, Terminal],
) -> None:
    _, screen = terminal
    screen.enter("(define (twice x)")
    screen.enter("(* 2 x))")
    screen.wait_for_current(PROMPT)
    screen.enter("'defined")
    screen.wait_for_line("$1 = defined")
    screen.send("(twi")
    screen.press("tab")
    screen.wait_for_current("(guile-user)> (twice")
    screen.enter(" 21)")
    screen.wait_for_line("$2 = 42")
    screen.enter(",m (ice-9 pretty-print)")
    screen.wait_for_current("(ice-9 pretty-print)>")
    screen.enter("no-such-variable")
    screen.wait_for("Unbound variable: no-such-variable")
    screen.enter(",bt")
    screen.wait_for("%resolve-variable")


def test_the_program_dies_under_us(tmp_path: Path, environment: dict[str, str | None]) -> None:
    program = GuileProgram(tmp_path / "dying", cooperative=False)
    command = [sys.executable, "-m", "repl_connect", program.address]
    with Terminal(command, environment=environment, timeout=30) as screen:
        screen.wait_for_current(PROMPT)
        screen.enter('(begin (display "going\\n") (let lp () (lp)))')
        screen.wait_for_line("going")
        screen.send("(half a form")
        program.stop()
        screen.wait_for("how it ended is not known")
        screen.wait_until(lambda: screen.current.endswith("> (half a form"), "what was typed")
        screen.press("ctrl-c", "ctrl-d")
        assert screen.wait_exit() == 3


def test_piped_forms_without_a_terminal(threaded: GuileProgram) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "repl_connect", threaded.address],
        input="(+ 1 2)\n(define (f)\n  'multi)\n(f)\n(car 1)\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "$1 = 3\n" in done.stdout
    assert "$2 = multi\n" in done.stdout
    assert "\x1b" not in done.stdout
    assert "In procedure car" in done.stdout + done.stderr
    assert done.returncode == 1
