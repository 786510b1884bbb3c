"""Line mode on real programs, as somebody at a terminal sees it, and somebody with a pipe."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from adapters.prompts import environment, open_prompt
from adapters.subject import Process, free_port
from client.fakes import FakeServer, Talk
from terminal import Terminal

PROGRAMS = Path(__file__).parent / "programs"

StartClient = Callable[..., Terminal]


def _stop(process: Process) -> None:
    assert process.alive
    process.stop()


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Process]:
    """A chat server in SCM, which passes on each character by itself."""
    port = free_port()
    command = ["env", f"CHAT_PORT={port}", "scm", "-f", str(PROGRAMS / "chat.scm")]
    process = Process(command, f"localhost:{port}", directory=tmp_path)
    yield process
    _stop(process)


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Process]:
    """An echo server."""
    port = free_port()
    command = [sys.executable, str(PROGRAMS / "echo.py"), str(port)]
    process = Process(command, f"localhost:{port}", directory=tmp_path)
    yield process
    _stop(process)


@pytest.fixture
def start_client(tmp_path: Path) -> Iterator[StartClient]:
    """Start the prompt on an address, with nothing said of what is there."""
    terminals: list[Terminal] = []

    def start(address: str, *options: str) -> Terminal:
        terminals.append(open_prompt(tmp_path, *options, address))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


def piped(directory: Path, *arguments: str, data: bytes) -> subprocess.CompletedProcess[bytes]:
    """A command of the client's with this as its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "repl_connect", *arguments],
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
        env={**environment(directory), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )


def count(terminal: Terminal, line: str) -> int:
    return terminal.all_text.split("\n").count(line)


# At a terminal.


def test_two_in_a_chat_see_each_others_lines_whole(
    chat: Process, start_client: StartClient
) -> None:
    ada, ben = (start_client(chat.address) for _ in range(2))
    for terminal in (ada, ben):
        terminal.wait_for("lines of text, no REPL at ")
        terminal.wait_for_line("connected")
    ada.enter("Good morning, who is there?")
    for terminal in (ada, ben):
        terminal.wait_for_line("Good morning, who is there?")
    for number in range(20):
        ben.enter(f"it is me (ben) for the {number}th time — ✓")
        ada.wait_for_line(f"it is me (ben) for the {number}th time — ✓")
    ada.enter("[and (this is open")
    ben.wait_for_line("[and (this is open")
    assert count(ada, "> Good morning, who is there?") == 1
    assert count(ada, "Good morning, who is there?") == 1
    assert "[bg]" not in ada.all_text + ben.all_text


def test_a_line_that_is_on_its_way_is_not_cut_by_what_is_typed(start_client: StartClient) -> None:
    def behave(talk: Talk) -> None:
        talk.say(b"hello\n")
        talk.say(b"the first ha")
        assert b"mine" in talk.read()
        talk.say(b"lf\n")
        talk.read_to_end()

    with FakeServer(behave, None) as server:
        terminal = start_client(server.address, "--dialect", "line")
        terminal.wait_for("the first ha")
        terminal.enter("mine")
        terminal.wait_for_line("the first half")
        assert count(terminal, "> mine") == 1
        terminal.close()


def test_one_that_leaves_a_chat_is_survived(chat: Process, start_client: StartClient) -> None:
    ada, ben = (start_client(chat.address) for _ in range(2))
    ada.enter("bye")
    ben.wait_for_line("bye")
    ada.press("ctrl-d")
    ada.wait_for("the other side closed the connection")
    assert ada.wait_exit() == 0
    ben.enter("is anybody there?")
    ben.wait_for_line("is anybody there?")


def test_an_echo_comes_back_once(echo: Process, start_client: StartClient) -> None:
    terminal = start_client(echo.address)
    terminal.enter("hello?")
    terminal.wait_for_line("hello?")
    terminal.enter("")
    terminal.wait_for("hello?\n>\n\n>")
    terminal.enter("  blanks stay")
    terminal.wait_for_line("  blanks stay")
    said = ["> hello?", "hello?", ">", "", ">   blanks stay", "  blanks stay", ">"]
    assert terminal.all_text.split("\n")[1:8] == said


def test_what_ends_without_a_newline_is_shown(start_client: StartClient) -> None:
    def behave(talk: Talk) -> None:
        talk.say(b"login: ")
        talk.read()
        talk.say(b"password: ")
        talk.read_to_end()

    with FakeServer(behave, None) as server:
        terminal = start_client(server.address, "--dialect", "line")
        terminal.wait_for_line("login:")
        terminal.wait_quiet(1.0)
        terminal.enter("ada")
        terminal.wait_for_line("password:")
        assert count(terminal, "login:") == 1
        terminal.close()


def test_bytes_that_are_no_text_are_shown_as_such(start_client: StartClient) -> None:
    def behave(talk: Talk) -> None:
        talk.say(b"\xff\0 \xc3( \x1b]0;title\x07 end\n")
        talk.read_to_end()

    with FakeServer(behave, None) as server:
        terminal = start_client(server.address, "--dialect", "line")
        terminal.wait_for_line(r"\xff^@ \xc3(  end")
        terminal.close()


def test_the_end_of_input_is_sent_and_the_rest_still_shown(start_client: StartClient) -> None:
    def behave(talk: Talk) -> None:
        talk.say(b"hello\n")
        talk.read_to_end()
        talk.say(b"so that was all\nno newline")

    with FakeServer(behave, None) as server:
        terminal = start_client(server.address)
        terminal.enter("one")
        terminal.press("ctrl-d")
        terminal.wait_for("so that was all")
        assert terminal.wait_exit() == 0
        assert "no newline" in terminal.all_text
        assert "the other side closed the connection" in terminal.all_text
        assert server.received == b"one\n"


def test_who_waits_for_nothing_more_leaves(start_client: StartClient) -> None:
    def behave(talk: Talk) -> None:
        talk.say(b"hello\n")
        talk.read_to_end()

    with FakeServer(behave, None) as server:
        terminal = start_client(server.address)
        terminal.press("ctrl-d")
        assert terminal.wait_exit() == 0


def test_a_server_that_ends_is_said_to(start_client: StartClient) -> None:
    def behave(talk: Talk) -> None:
        talk.say(b"full, try later\n")
        talk.read()

    with FakeServer(behave, None) as server:
        terminal = start_client(server.address, "--dialect", "line")
        terminal.wait_for_line("full, try later")
        terminal.enter("why?")
        terminal.wait_for("the other side closed the connection")
        terminal.press("ctrl-c")
        terminal.close()


# From a pipe.


DATA = bytes(range(256)) + "\nschön ✓\n\n,help\n(open\n".encode()


def test_a_pipe_through_an_echo_gives_its_bytes_back(echo: Process, tmp_path: Path) -> None:
    assert piped(tmp_path, echo.address, data=DATA).stdout == DATA
    finished = piped(tmp_path, "eval", echo.address, data=DATA)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, DATA, b"")


def test_a_megabyte_through_an_echo(echo: Process, tmp_path: Path) -> None:
    data = (b"x" * 51 + b"\n") * 20_000
    finished = piped(tmp_path, "eval", echo.address, data=data)
    assert (finished.returncode, finished.stdout == data) == (0, True)


def test_one_that_does_not_end_is_left_when_the_time_is_up(tmp_path: Path) -> None:
    left = threading.Event()

    def behave(talk: Talk) -> None:
        talk.say(b"hello\n")
        left.wait(60)

    with FakeServer(behave, None) as server:
        finished = piped(tmp_path, "eval", server.address, "x", "--timeout", "3", data=b"")
        left.set()
    assert finished.returncode == 4
    assert finished.stdout == b"hello\n"
    assert b"has not ended" in finished.stderr
