"""The Python server that is started when there is no address."""

from __future__ import annotations

import os
import sys
import termios
from pathlib import Path

import pytest
from terminal import Terminal

from repl_connect.embedded import EmbeddedServer
from repl_connect.errors import ConnectError
from repl_connect.exit_codes import ExitCode

RUN = "import sys; from repl_connect.prompt import run_prompt; sys.exit(run_prompt(None))"


def start(tmp_path: Path) -> Terminal:
    terminal = Terminal(
        [sys.executable, "-c", RUN],
        environment={
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "TMPDIR": str(tmp_path),
            "PYTHONPATH": ":".join(path for path in sys.path if path),
        },
    )
    terminal.wait_for_current("__main__>")
    return terminal


def test_a_python_of_ones_own(tmp_path: Path) -> None:
    with start(tmp_path) as terminal:
        terminal.enter("6 * 7")
        terminal.wait_for_line("42")
        terminal.enter("import os; _ = os.system('echo from a child')")
        terminal.wait_for_line("[bg] from a child")
        terminal.enter("input('Name? ')")
        terminal.wait_for_current("input>")
        terminal.enter("Bob")
        terminal.wait_for_line("'Bob'")
        terminal.enter("while True: pass")
        terminal.press("enter")
        terminal.wait_for_current("__main__>")
        terminal.press("ctrl-c")
        terminal.wait_for_line("interrupted")
        terminal.enter("os.getpid()")
        terminal.wait_until(
            lambda: any(line.isdecimal() and line != "42" for line in terminal.lines)
        )
        child = next(line for line in terminal.lines if line.isdecimal() and line != "42")
        terminal.press("ctrl-d")
        assert terminal.wait_exit() == 0
    assert not os.path.exists(f"/proc/{child}")
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_the_end_of_a_python_of_ones_own_is_told(tmp_path: Path) -> None:
    with start(tmp_path) as terminal:
        terminal.enter("import os; os._exit(3)")
        terminal.wait_for("The Python of your own ended with status 3. ,quit leaves,")
        terminal.wait_for_current("not connected>")
        terminal.enter(",quit")
        assert terminal.wait_exit() == ExitCode.NO_CONNECTION


def test_a_server_that_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with EmbeddedServer() as server, pytest.raises(ConnectError, match="status 1"):
        server.wait()
    assert list(tmp_path.iterdir()) == []


def test_its_last_words_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho first >&2; echo out of order >&2; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with EmbeddedServer() as server, pytest.raises(ConnectError, match=r"start: out of order$"):
        server.wait()


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    with start(tmp_path) as terminal:
        terminal.enter("import getpass; len(getpass.getpass())")
        terminal.wait_for_current("input>")
        terminal.send("hunter2")
        terminal.wait_for_current("input> *******")
        terminal.press("enter")
        terminal.wait_for_line("7")
        assert b"hunter2" not in terminal.raw
        terminal.enter("input()")
        terminal.wait_for_current("input>")
        terminal.enter("shown")
        terminal.wait_for_line("'shown'")


@pytest.mark.parametrize("words", [["--python", "--plain"], ["eval", "ADDRESS", "CODE"]])
def test_a_password_is_not_shown_by_the_terminal_either(words: list[str], tmp_path: Path) -> None:
    code = "import getpass; len(getpass.getpass())"
    with EmbeddedServer() as server:
        replaced = {"ADDRESS": str(server.wait()), "CODE": code}
        command = [sys.executable, "-m", "repl_connect", *(replaced.get(w, w) for w in words)]
        with Terminal(command, environment={"XDG_STATE_HOME": str(tmp_path)}) as terminal:
            if "--plain" in words:
                terminal.wait_for_current("__main__>")
                terminal.enter(code)
            terminal.wait_for("Password:")
            terminal.wait_until(lambda: not echoes(terminal), "no echo")
            terminal.enter("hunter2")
            terminal.wait_for_line("7")
            assert b"hunter2" not in terminal.raw


def echoes(terminal: Terminal) -> bool:
    """Whether the terminal shows what is typed."""
    terminal.read()
    return bool(termios.tcgetattr(terminal.child.fileno())[3] & termios.ECHO)
