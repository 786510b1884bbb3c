"""Servers that are killed, or stopped, while clients want something of them."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from client.command import COMMAND, refused, run, start
from driver import Client
from faults.counting import SECONDS, Ran, until
from faults.endless import ALL_MODES, Endless
from proofs import Prove
from server.running import Running
from terminal import Terminal

from repl_connect.errors import ReplConnectError

MOMENTS: Final = {
    "a flood": "while True: print('x' * 1000)",  # first: it moves off the screen what was said
    "a loop": "while True: pass",
    "a read": "input()",
}
MANY: Final = 100


@pytest.fixture(params=ALL_MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_server_is_killed_under_eval(directory: Path, mode: str, proof: Prove) -> None:
    address = directory / "app.sock"
    for code in MOMENTS.values():
        with Running(mode, address) as program, Ran(directory / "ran") as ran:
            client = start(program.address, f"_ = {ran.python()}\n{code}")
            ran.wait(".")
            assert client.stdout is not None
            if "print" in code:
                assert client.stdout.read(1) == b"x"  # in the middle of its answers
            program.kill()
            _, err = client.communicate()
            assert client.returncode == 3
            assert err.decode().startswith(f"{address}: "), err
            assert b"how it ended is not known" in err
            assert err.count(b"\n") == 1
            assert ran.read() == "."
    assert address.is_socket()
    assert "nobody listens" in refused(str(address))
    with Running(mode, address):  # it takes the place of what is left
        assert run(str(address), "speed").out == "1\n"
    proof(
        "kill -9 of the server during a flood of output, a loop, a read",
        f"`repl-connect eval`, Python server ({mode})",
        "status 3 and one sentence, the code ran once; a new server takes the socket's place",
        len(MOMENTS),
    )


def wait_for_more(terminal: Terminal, words: str, times: int) -> None:
    """Wait until the words have been shown so many times."""
    terminal.wait_until(lambda: terminal.all_text.count(words) == times, words)


def test_a_server_is_killed_under_the_prompt(directory: Path, proof: Prove) -> None:
    address = directory / "app.sock"
    with ExitStack() as stack, Ran(directory / "ran") as ran:
        program = stack.enter_context(Running("threads", address))
        terminal = stack.enter_context(Terminal([*COMMAND, program.address], columns=200))
        terminal.wait_for_current("__main__>")
        for number, code in enumerate(MOMENTS.values(), 1):
            terminal.enter(f"{ran.python()} and exec({code!r})")
            ran.wait("." * number)
            program.kill()
            wait_for_more(
                terminal, "An evaluation was under way: how it ended is not known.", number
            )
            program = stack.enter_context(Running("threads", address))
            wait_for_more(terminal, "how it ended is not known.", number)
            wait_for_more(terminal, "A new session:", number)
        terminal.enter("6 * 7")
        terminal.wait_for_line("42")
        assert ran.read() == "." * number
    proof(
        "kill -9 of the server during a flood of output, a loop, a read; then a new one",
        "prompt, Python server (threads)",
        "said in a line, connected to the new one, nothing is sent again",
        len(MOMENTS),
    )


def waiting(directory: Path) -> int:
    """How many connections to sockets in a directory nobody has accepted."""
    rows = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return sum(row[6] == "0" and row[-1].startswith(f"{directory}/") for row in rows)


def is_stopped(pid: int) -> bool:
    """Whether all threads of a process have stopped: a signal takes its time."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(each.read_text().rpartition(")")[2].split()[0] == "T" for each in threads)


class Clients:
    """Clients that connect at once, each in a thread, and evaluate; `said` is what came of it."""

    def __init__(self, address: str, count: int, code: str) -> None:
        self.said: list[str] = []
        self._address = address
        self._code = code
        self._threads = [threading.Thread(target=self._use) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def wait(self) -> list[str]:
        """What came of all of them: a value or the class of the error, in any order."""
        for thread in self._threads:
            thread.join(SECONDS)
            assert not thread.is_alive()
        return sorted(self.said)

    def _use(self) -> None:
        try:
            with Client(self._address) as client:
                self.said.append(client.value(self._code))
        except ReplConnectError as error:
            self.said.append(type(error).__name__)


def test_a_hundred_connect_to_a_stopped_server(directory: Path, mode: str, proof: Prove) -> None:
    with Running(mode, directory / "app.sock") as program, Ran(directory / "ran") as ran:
        endless = Endless(program, ran)
        os.kill(program.process.pid, signal.SIGSTOP)
        until(lambda: is_stopped(program.process.pid), "it is stopped")
        clients = Clients(program.address, MANY, f"{ran.python()} and None or 42")
        until(lambda: waiting(directory) >= MANY, "all of them wait")
        os.kill(program.process.pid, signal.SIGCONT)
        assert clients.wait() == ["42"] * MANY
        assert ran.read() == "." * MANY
        endless.is_as_before()
    proof(
        "SIGSTOP while clients connect, SIGCONT",
        f"Python server ({mode})",
        "all are served, each once; threads, descriptors and sessions are as before",
        MANY,
    )
