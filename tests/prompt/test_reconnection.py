"""A connection that is lost in the middle of something, and comes back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from client.programs import PythonProgram
from line import Line
from prompt.conftest import StartPrompt, StartServer
from terminal import Terminal

PROMPT = "(guile-user)>"


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """A line to a Python program."""
    with PythonProgram(str(tmp_path / "program.sock")) as program:
        carrying = Line(tmp_path / "line.sock", program.address)
        yield carrying
        carrying.close()


@pytest.fixture
def terminal(line: Line, tmp_path: Path) -> Iterator[Terminal]:
    """The prompt at the end of the line."""
    command = [sys.executable, "-m", "repl_connect", str(line.path)]
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "REPL_CONNECT_CONFIG": "/dev/null"}
    with Terminal(command, environment=environment) as opened:
        opened.wait_for_current("__main__>")
        yield opened


def test_the_server_is_restarted_while_a_line_is_typed(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    server = start_server()
    terminal = start_prompt(server)
    terminal.enter("(wait)")
    terminal.wait_for_line("waiting")
    terminal.send("(add 1 2)")
    terminal.wait_for_current(f"{PROMPT} (add 1 2)")
    server.stop()
    terminal.wait_for("An evaluation was under way: how it ended is not known.")
    terminal.wait_until(lambda: terminal.current.endswith("> (add 1 2)"), "the line typed")
    terminal.press("enter")  # it is not sent into nothing, and not later by itself
    terminal.wait_for("Not connected yet.")
    server.start()
    terminal.wait_for("A new session:")
    terminal.wait_for_current(f"{PROMPT} (add 1 2)")
    assert server.toy.evaluated == ["(wait)"]
    terminal.press("enter")
    terminal.wait_for_line("$1 = 3")
    assert server.toy.evaluated == ["(wait)", "(add 1 2)"]


def test_the_session_goes_on_when_only_the_line_was_cut(line: Line, terminal: Terminal) -> None:
    terminal.enter("6 * 7")
    terminal.wait_for_line("42")
    terminal.send("_ + 1")
    terminal.wait_for_current("__main__> _ + 1")
    line.cut()
    terminal.wait_for("The session goes on:")
    terminal.wait_for_current("__main__> _ + 1")
    terminal.press("enter")
    terminal.wait_for_line("43")


def test_the_namespace_is_the_same_after_the_line_was_cut(line: Line, terminal: Terminal) -> None:
    terminal.enter("import colorsys; print(colorsys.__name__)")
    terminal.wait_for_line("colorsys")  # what still runs when the line is cut is stopped
    terminal.enter(",in colorsys")
    terminal.wait_for_current("colorsys>")
    line.cut()
    terminal.wait_for("The session goes on:")
    terminal.wait_for_current("colorsys>")
    terminal.enter("len([ONE_THIRD, ONE_SIXTH])")
    terminal.wait_for_line("2")


def test_ctrl_c_stops_connecting_again(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    server = start_server()
    terminal = start_prompt(server)
    server.stop()
    terminal.wait_for("Connecting again; Ctrl-C stops that.")
    terminal.press("ctrl-c")
    terminal.wait_for("Stopped connecting again.")
    terminal.wait_for_current("not connected>")
    server.start()
    terminal.enter(",reconnect")
    terminal.wait_for_current(PROMPT)


def test_it_is_not_by_itself_where_the_settings_say_so(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    server = start_server()
    terminal = start_prompt(server, environment={"REPL_CONNECT_CONNECTION__RECONNECT": "false"})
    server.stop()
    terminal.wait_for(",reconnect connects again.")
    terminal.wait_for_current("not connected>")


def test_forms_of_a_partner_are_evaluated_in_each_new_session(line: Line, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f"[partners.sim]\naddress = \"{line.path}\"\nforms = [\"greeting = 'hel' + 'lo'\"]\n"
    )
    with Terminal(
        [sys.executable, "-m", "repl_connect", "@sim"],
        environment={"XDG_STATE_HOME": str(tmp_path), "REPL_CONNECT_CONFIG": str(config)},
    ) as terminal:
        terminal.wait_for(" at @sim (")
        terminal.wait_for_current("__main__>")
        terminal.enter("greeting")
        terminal.wait_for_line("'hello'")
