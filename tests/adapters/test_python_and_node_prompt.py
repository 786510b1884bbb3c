"""The prompt in front of a Python console and of a Node REPL, in a real terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from adapters.subject import Process
from adapters.subjects.node import start_node
from adapters.subjects.python import start_console
from terminal import Terminal


def opened(program: Process, tmp_path: Path) -> Terminal:
    """The prompt, with no settings of the user's."""
    environment = {"XDG_STATE_HOME": str(tmp_path), "REPL_CONNECT_CONFIG": "/dev/null"}
    command = [sys.executable, "-m", "repl_connect", program.address]
    return Terminal(command, environment=environment)


def test_a_function_of_several_lines_input_and_interrupt_in_python(tmp_path: Path) -> None:
    program = start_console(tmp_path)
    try:
        with opened(program, tmp_path) as terminal:
            terminal.wait_for("console, upgraded")
            terminal.wait_for_current("__console__>")
            terminal.paste("def ask():\n    return input('name? ')\n")
            terminal.press("enter")
            terminal.wait_for_current("__console__>")
            terminal.enter("ask()")
            terminal.wait_for_current("input>")
            terminal.enter("blue")
            terminal.wait_for_line("'blue'")
            terminal.enter("__import__('time').sleep(0.1); print('on'); [0 for _ in iter(int, 1)]")
            terminal.wait_for_line("on")
            terminal.press("ctrl-c")
            terminal.wait_for("interrupted")
    finally:
        program.stop()


def test_a_function_of_several_lines_and_leaving_a_promise_in_node(tmp_path: Path) -> None:
    program = start_node(tmp_path)
    try:
        with opened(program, tmp_path) as terminal:
            terminal.wait_for("Node")
            terminal.wait_for_current(">")
            terminal.paste("function twice(x) {")
            terminal.press("enter")
            terminal.wait_until(lambda: terminal.current.lstrip().startswith("..."), "a new line")
            terminal.paste("return 2 * x }")
            terminal.press("enter")
            terminal.wait_for_line("undefined")
            terminal.enter("twice(21)")
            terminal.wait_for_line("42")
            terminal.enter('console.log("on"); await new Promise(() => {})')
            terminal.wait_for_line("on")
            terminal.press("ctrl-c")
            terminal.wait_for("interrupted")
    finally:
        program.stop()
