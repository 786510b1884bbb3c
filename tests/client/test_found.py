"""`repl-connect` without an address, and `--wait`: which program one gets into."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from client.command import COMMAND, repl_connect
from client.programs import PythonProgram
from guile.programs import GuileProgram, free_port
from terminal import Terminal

StartTerminal = Callable[..., Terminal]


@pytest.fixture
def here(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's directory, which is also the current one."""
    (directory / "config.toml").touch()
    monkeypatch.setenv("REPL_CONNECT_CONFIG", str(directory / "config.toml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(directory / "state"))
    path = directory / "project"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def terminal(here: Path) -> Iterator[StartTerminal]:
    """Start the command on a terminal, in the project's directory or another."""
    started: list[Terminal] = []

    def start(*arguments: str, directory: Path = here) -> Terminal:
        shown = Terminal([*COMMAND, *arguments], columns=100, directory=str(directory))
        started.append(shown)
        return shown

    yield start
    for shown in started:
        shown.close()


def pid_in(terminal: Terminal) -> int:
    """The process that the prompt's code runs in."""
    terminal.enter("import os; print('pid', os.getpid(), 'there')")
    terminal.wait_until(lambda: any(_is_answer(line) for line in terminal.lines), "its pid")
    (line,) = filter(_is_answer, terminal.lines)
    return int(line.split()[1])


def _is_answer(line: str) -> bool:
    words = line.split()
    return len(words) == 3 and words[0] == "pid" and words[1].isdigit() and words[2] == "there"


class TestWithoutAnAddress:
    def test_the_only_program_of_this_directory(self, here: Path, terminal: StartTerminal) -> None:
        with PythonProgram("./app.sock") as program:
            shown = terminal()
            shown.wait_for_current("__main__>")
            assert pid_in(shown) == program.process.pid

    def test_from_a_directory_below(self, here: Path, terminal: StartTerminal) -> None:
        (here / "src").mkdir()
        with PythonProgram("./app.sock") as program:
            shown = terminal(directory=here / "src")
            shown.wait_for_current("__main__>")
            assert pid_in(shown) == program.process.pid

    def test_a_guile_program(self, here: Path, terminal: StartTerminal) -> None:
        program = GuileProgram(here, cooperative=True)
        try:
            shown = terminal()
            shown.wait_for_current("(guile-user)>")
            shown.enter("(set! *myglobal* 7)")
            program.value_after("7")
        finally:
            program.stop()

    def test_a_port_file(self, here: Path) -> None:
        with PythonProgram("0", "--port-file") as program:
            assert (here / ".nrepl-port").exists()
            done = repl_connect(stdin="import os; os.getpid()\n")
            assert (done.code, done.out) == (0, f"{program.process.pid}\n")

    def test_nothing_live_is_a_python_of_its_own(self, here: Path) -> None:
        done = repl_connect(stdin="6*7\n")
        assert (done.code, done.out) == (0, "42\n")

    def test_what_is_stale_is_said_and_passed_over(self, here: Path) -> None:
        port = free_port()
        (here / ".nrepl-port").write_text(str(port))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("old.sock")
        with PythonProgram("./app.sock") as program:
            done = repl_connect(stdin="import os; os.getpid()\n")
        assert (done.code, done.out) == (0, f"{program.process.pid}\n")
        assert f"./.nrepl-port says {port}, nobody listens there" in done.err
        assert "rm ./old.sock" in done.err

    def test_a_choice_of_several(self, here: Path, terminal: StartTerminal) -> None:
        with PythonProgram("./a.sock"), PythonProgram("./b.sock") as second:
            shown = terminal()
            shown.wait_for("Which one? 0-2, Enter for 1:")
            assert "1  ./a.sock" in shown.text
            assert "2  ./b.sock" in shown.text
            shown.enter("7")
            shown.wait_until(lambda: shown.text.count("Which one?") == 2, "the question again")
            shown.enter("2")
            shown.wait_for_current("__main__>")
            assert pid_in(shown) == second.process.pid

    def test_enter_chooses_the_first(self, here: Path, terminal: StartTerminal) -> None:
        with PythonProgram("./a.sock") as first, PythonProgram("./b.sock"):
            shown = terminal()
            shown.wait_for("Enter for 1:")
            shown.press("enter")
            shown.wait_for_current("__main__>")
            assert pid_in(shown) == first.process.pid

    @pytest.mark.parametrize("key", ["ctrl-c", "ctrl-d"])
    def test_none_of_them(self, here: Path, terminal: StartTerminal, key: str) -> None:
        with PythonProgram("./a.sock"), PythonProgram("./b.sock"):
            shown = terminal()
            shown.wait_for("Enter for 1:")
            shown.press(key)
            assert shown.wait_exit() == 130

    def test_a_program_elsewhere_is_offered_with_a_python_of_ones_own(
        self, here: Path, directory: Path, terminal: StartTerminal
    ) -> None:
        (directory / "elsewhere").mkdir()
        with PythonProgram("./app.sock") as program:
            shown = terminal(directory=directory / "elsewhere")
            shown.wait_for("Enter for 1:")
            assert f"in {here}" in shown.unwrapped
            shown.enter("0")
            shown.wait_for_current("__main__>")
            assert pid_in(shown) != program.process.pid

    def test_several_and_nobody_to_ask(self, here: Path) -> None:
        with PythonProgram("./a.sock"), PythonProgram("./b.sock"):
            done = repl_connect(stdin="1\n")
            assert (done.code, done.out) == (2, "")
            assert "repl-connect ./a.sock" in done.err
            assert "repl-connect ./b.sock" in done.err
            assert repl_connect("--python", stdin="6*7\n").out == "42\n"

    def test_the_python_of_another_prompt_is_not_taken(
        self, here: Path, terminal: StartTerminal
    ) -> None:
        first = terminal()
        first.wait_for_current("__main__>")
        second = terminal()
        second.wait_for_current("__main__>")
        assert pid_in(first) != pid_in(second)

    def test_sockets_that_others_could_have_made_are_not_looked_at(
        self, here: Path, directory: Path
    ) -> None:
        """A directory above that anybody may write to is not searched."""
        directory.chmod(0o777)
        code = "import repl_server, sys; repl_server.serve(sys.argv[1]); input()"
        with subprocess.Popen(
            [sys.executable, "-c", code, str(directory / "trap.sock")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd="/",
            env={**os.environ, "XDG_RUNTIME_DIR": "/none"},
        ) as trap:
            _wait_until(lambda: (directory / "trap.sock").exists())
            done = repl_connect(stdin="import os; os.getpid()\n")
            trap.kill()
        assert done.code == 0
        assert done.out != f"{trap.pid}\n"


class TestWait:
    def test_until_the_program_is_up(self, here: Path) -> None:
        waiting = start("eval", "--wait", "60", "./late.sock", "6*7")
        assert "waiting for ./late.sock (60 s)" in waiting_line(waiting)
        with PythonProgram("./late.sock"):
            out, _ = waiting.communicate(timeout=60)
        assert (waiting.returncode, out) == (0, "42\n")

    def test_over_a_socket_file_that_was_left_behind(self, here: Path) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("late.sock")
        waiting = start("eval", "--wait", "60", "./late.sock", "6*7")
        waiting_line(waiting)
        with PythonProgram("./late.sock"):
            out, _ = waiting.communicate(timeout=60)
        assert (waiting.returncode, out) == (0, "42\n")

    def test_for_a_port(self, here: Path) -> None:
        port = str(free_port())
        waiting = start("eval", "--wait", "60", port, "6*7")
        assert f"waiting for localhost:{port} (60 s)" in waiting_line(waiting)
        with PythonProgram(port):
            out, _ = waiting.communicate(timeout=60)
        assert (waiting.returncode, out) == (0, "42\n")

    def test_the_prompt_waits_too(self, here: Path, terminal: StartTerminal) -> None:
        shown = terminal("--wait", "60", "./late.sock")
        shown.wait_for("repl-connect: waiting for ./late.sock (60 s)")
        with PythonProgram("./late.sock") as program:
            shown.wait_for_current("__main__>")
            assert pid_in(shown) == program.process.pid

    def test_the_prompt_waits_as_the_configuration_says(
        self, directory: Path, here: Path, terminal: StartTerminal
    ) -> None:
        (directory / "config.toml").write_text("[connection]\nwait = 60.0\n")
        shown = terminal("./late.sock")
        shown.wait_for("repl-connect: waiting for ./late.sock (60 s)")
        with PythonProgram("./late.sock"):
            shown.wait_for_current("__main__>")

    def test_the_time_is_up(self, here: Path) -> None:
        done = repl_connect("eval", "--wait", "0.6", "./late.sock", "1")
        assert (done.code, done.out) == (3, "")
        notice, error = done.err.splitlines()
        assert "waiting for ./late.sock (0.6 s)" in notice
        assert "there is no such socket" in error
        assert "Waited 0.6 seconds" in error

    def test_a_short_wait_is_not_worth_a_word(self, here: Path) -> None:
        done = repl_connect("eval", "--wait", "0.1", "./late.sock", "1")
        assert done.code == 3
        assert "waiting" not in done.err

    def test_ctrl_c_ends_it(self, here: Path) -> None:
        waiting = start("eval", "--wait", "60", "./late.sock", "1")
        waiting_line(waiting)
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=60)
        assert (waiting.returncode, out, err) == (130, "", "")

    def test_what_will_not_come_right_is_said_at_once(self, here: Path) -> None:
        (here / "notes").touch()
        done = repl_connect("eval", "--wait", "60", "./notes", "1")
        assert done.code == 3
        assert "a file, not a socket" in done.err

    @pytest.mark.parametrize("text", ["0", "-1", "soon", "nan"])
    def test_a_time_that_is_none(self, here: Path, text: str) -> None:
        done = repl_connect("eval", "--wait", text, "./late.sock", "1")
        assert done.code == 2
        assert "--wait" in done.err

    def test_it_needs_to_know_for_what(self, here: Path) -> None:
        done = repl_connect("--wait", "1")
        assert done.code == 2
        assert "needs an ADDRESS" in done.err


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def waiting_line(process: subprocess.Popen[str]) -> str:
    """What it says while it waits."""
    assert process.stderr is not None
    return process.stderr.readline()


def _wait_until(condition: Callable[[], bool]) -> None:
    """Give other processes their turn until it holds."""
    for _ in range(100_000):
        if condition():
            return
        os.sched_yield()
    raise AssertionError("it never came")
