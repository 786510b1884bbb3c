"""The client without a terminal, and on one that can do nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from prompt.conftest import CLIENT, StartPrompt, StartServer


def run(server_path: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CLIENT), str(server_path)],
        input=text,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path), **environment},
    )


def test_forms_from_a_pipe(start_server: StartServer) -> None:
    server = start_server()
    ended = run(server.path, '(add 1\n2)\n\n; nothing\n(say "hello")\n(add 3 4)')
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split("\n") == ["$1 = 3", "$2 = echo ; nothing", "hello", "$3 = 7", ""]
    assert server.toy.evaluated[0] == "(add 1\n2)"


def test_blocks_of_python(start_server: StartServer) -> None:
    server = start_server("python")
    ended = run(server.path, "def f():\n    1\n\n    2\n\nadd(1, 2)\nx = [1,\n2]\n")
    assert ended.returncode == 0
    assert server.toy.evaluated[-2:] == ["add(1, 2)", "x = [1,\n2]"]


def test_output_on_a_pipe_is_data(start_server: StartServer) -> None:
    ended = run(start_server().path, '(say "\\u001b[31mred")')
    assert ended.stdout == "\x1b[31mred\n"


def test_a_failure_shows_in_the_exit_status(start_server: StartServer) -> None:
    ended = run(start_server().path, "(boom)\n(add 1 2)\n")
    assert (ended.returncode, ended.stdout) == (1, "$1 = 3\n")
    assert ended.stderr == "ZeroDivisionError: boom!\n"


def test_bytes_that_are_no_text_come_out_as_they_came(start_server: StartServer) -> None:
    ended = subprocess.run(
        [sys.executable, str(CLIENT), str(start_server().path)],
        input=rb'(say "\udcff\n")',
        capture_output=True,
        timeout=30,
        check=False,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"\xff\n", b"")


def test_what_the_encoding_lacks_is_shown_as_an_escape(start_server: StartServer) -> None:
    ended = run(start_server().path, r'(say "caf\u00e9 \u2192\n")', PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "caf\\xe9 \\u2192\n"


def test_input_comes_from_the_pipe(start_server: StartServer) -> None:
    ended = run(start_server().path, '(ask "Name? ")\nBob\n(ask "Again? ")\n')
    assert ended.stdout == "Name? \n$1 = 'Bob\\n'\nAgain? \n$2 = ''\n"


def test_commands_without_a_terminal(start_server: StartServer, tmp_path: Path) -> None:
    text = f",doc add\n(add 1 2)\n,save {tmp_path}/value\n,ns (game)\n,quit\n(add 5 5)\n"
    ended = run(start_server().path, text)
    assert "(add a b)" in ended.stdout
    assert "= 10" not in ended.stdout
    assert (tmp_path / "value").read_text() == "3\n"


def test_a_lost_connection(start_server: StartServer) -> None:
    ended = run(start_server().path, "(die)\n(add 1 2)\n")
    assert ended.returncode == 3
    assert "closed the connection" in ended.stderr


def test_no_server(tmp_path: Path) -> None:
    ended = run(tmp_path / "none", "(add 1 2)\n")
    assert ended.returncode == 3
    assert "No such file" in ended.stderr


def test_a_dumb_terminal(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(environment={"TERM": "dumb"})
    terminal.enter("(add 1")
    terminal.wait_for_current("          ...")
    terminal.enter("2)")
    terminal.wait_for_line("$1 = 3")
    terminal.wait_for_current("(guile-user)>")
    terminal.enter(r'(say "\u001b[31mred\u001b[2J\n")')
    terminal.wait_for_line("red")
    terminal.wait_for_current("(guile-user)>")
    terminal.enter('(ask "Name? ")')
    terminal.wait_for("input>")
    terminal.enter("Bob")
    terminal.wait_for("'Bob\\n'")
    terminal.wait_for_current("(guile-user)>")
    terminal.enter("(wait)")
    terminal.wait_for_line("waiting")
    terminal.press("ctrl-c")
    terminal.wait_for_line("interrupted")
    terminal.wait_for_current("(guile-user)>")
    terminal.enter('(later "late\\n")')
    terminal.wait_for_line("late")
    terminal.press("ctrl-d")
    assert terminal.wait_exit() == 0
    assert b"\x1b" not in terminal.raw


def test_a_refusal_is_shown_without_its_escapes_on_a_dumb_terminal(
    start_prompt: StartPrompt,
) -> None:
    terminal = start_prompt(environment={"TERM": "dumb"})
    terminal.enter(r'(refuse "no\u001b[2J way")')
    terminal.wait_for("no^[[2J way")
    terminal.press("ctrl-d")
    assert terminal.wait_exit() == 1
    assert b"\x1b" not in terminal.raw


def test_a_namespace_that_is_not_there_is_not_stayed_in(start_server: StartServer) -> None:
    ended = run(start_server().path, ",ns missing\n(add 1 2)\n(add 3 4)\n")
    assert "There is no such namespace" in ended.stderr
    assert ended.stdout.endswith("= 7\n")
