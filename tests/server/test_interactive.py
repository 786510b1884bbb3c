"""What asks on the terminal asks the client, and nobody else, whichever thread is the program's."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server.running import Running
from server.wire_client import SECONDS, WireClient, gather

from repl_server.wire import Message

END = None


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal: its person's end, its program's end."""
    ours, its = os.openpty()
    yield ours, its
    os.close(ours)
    os.close(its)


@pytest.fixture
def program(mode: str, directory: Path, terminal: tuple[int, int]) -> Iterator[Running]:
    """A program that runs in a terminal of its own."""
    its = terminal[1]

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(its, termios.TIOCSCTTY, 0)

    with Running(
        mode, directory / "app.sock", stdin=its, stderr=its, preexec_fn=take_terminal
    ) as program:
        yield program


@pytest.fixture
def client(program: Running) -> WireClient:
    return program.connect()


def converse(client: WireClient, code: str, *lines: str | None) -> dict[str, Any]:
    """Evaluate code that asks for these lines; `END` is the end of input."""
    ident = client.eval(code)
    waiting = list(lines)
    replies: list[Message] = []
    while not replies or "done" not in replies[-1].get("status", ()):
        replies.append(client.next(ident))
        if "need-input" in replies[-1].get("status", ()):
            assert waiting, gather(replies)
            line = waiting.pop(0)
            client.ask({"op": "stdin", "stdin": "" if line is END else line + "\n"})
    result = gather(replies)
    assert not waiting, result
    return result


@pytest.mark.parametrize("call", ["breakpoint()", "import pdb; pdb.set_trace()"])
def test_the_debugger(program: Running, client: WireClient, call: str) -> None:
    code = f"def f(x):\n    {call}\n    x += 1\n    return x\nf(20)"
    result = converse(client, code, "p x * 100", "next", "p x * 100", "continue")
    assert "(Pdb) 2000\n" in result["out"]
    assert "(Pdb) 2100\n" in result["out"]
    assert "x += 1" in result["out"], "the line where it stopped is shown"
    assert result["values"] == ["21"]
    program.goes_on(client)


def test_leaving_the_debugger(program: Running, client: WireClient) -> None:
    for lines in (["q"], ["p 1", END]):
        assert converse(client, "breakpoint()\n'not reached'", *lines)["values"] == []
        program.goes_on(client)


def test_interrupting_the_debugger(program: Running, client: WireClient) -> None:
    """It stays at its prompt, as in a terminal."""
    ident = client.eval("breakpoint()\n1")
    client.until(ident, "status", "need-input")
    client.send({"op": "interrupt"})
    assert "--KeyboardInterrupt--" in client.until(ident, "out", "--KeyboardInterrupt--")
    client.until(ident, "status", "need-input")
    client.ask({"op": "stdin", "stdin": "continue\n"})
    assert gather(client.replies(ident))["values"] == ["1"]
    program.goes_on(client)


def test_after_an_error(program: Running, client: WireClient) -> None:
    client.result("def f(x): return 1 / x\nf(0)")
    result = converse(client, "import pdb; pdb.post_mortem(_e.__traceback__)", "p x", "q")
    assert "(Pdb) 0\n" in result["out"]
    program.goes_on(client)


@pytest.mark.parametrize("command", ["next", "step"])
def test_stepping_past_the_end(program: Running, client: WireClient, command: str) -> None:
    """It leads neither into the server nor into the program's loop."""
    code = "def f():\n    breakpoint()\n    print('in f', flush=True)\n    return input()\nf()"
    ident = client.eval(code)
    asked = 0
    replies: list[Message] = []
    while not replies or "done" not in replies[-1].get("status", ()):
        replies.append(client.next(ident))
        if "need-input" in replies[-1].get("status", ()):
            asked += 1
            client.ask({"op": "stdin", "stdin": command + "\n"})
    assert asked < 100
    assert client.value("1+1") == "2"
    program.goes_on(client)


def test_what_the_debugger_traces_is_not_the_program(program: Running, client: WireClient) -> None:
    """Where it would ask the program's terminal, which ends the program."""
    assert converse(client, "breakpoint()\n1", "b step", "continue")["values"] == ["1"]
    program.goes_on(client)


def test_the_programs_own_ctrl_c_is_left_to_it(program: Running, client: WireClient) -> None:
    """The debugger puts a handler of its own into the main thread, if it runs there."""
    converse(client, "breakpoint()\n1", "continue")
    program.goes_on(client)
    client.close()
    program.next_line()
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(SECONDS) == -signal.SIGINT


@pytest.mark.modes("cooperative")
@pytest.mark.parametrize("code", ["while True: pass", "import time; time.sleep(1000)", "1"])
def test_ctrl_c_at_the_programs_terminal_ends_the_program(
    program: Running, client: WireClient, code: str
) -> None:
    """Also within and just after an evaluation, which runs in the program's main thread."""
    client.result("print('ready')")
    ident = client.eval("print('begun')\n" + code)
    client.until(ident, "out", "begun")
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(SECONDS) == -signal.SIGINT


@pytest.mark.modes("cooperative")
def test_a_form_that_raises_it_is_no_ctrl_c(program: Running, client: WireClient) -> None:
    assert client.result("raise KeyboardInterrupt")["ex"] == "KeyboardInterrupt"
    program.goes_on(client)


def test_help(program: Running, client: WireClient) -> None:
    result = converse(client, "help(len)")
    assert "len(obj, /)" in result["out"]
    assert result["status"] == {"done"}
    program.goes_on(client)


@pytest.mark.parametrize("last", ["q", END], ids=["q", "end of input"])
def test_interactive_help(program: Running, client: WireClient, last: str | None) -> None:
    result = converse(client, "help()", "len", last)
    assert "help>" in result["out"]
    assert "Help on built-in function len" in result["out"]
    program.goes_on(client)


def test_a_password(program: Running, client: WireClient, terminal: tuple[int, int]) -> None:
    """The program's terminal is not asked, and not even written to."""
    result = converse(client, "import getpass; getpass.getpass('Secret? ')", "open sesame")
    assert result["values"] == ["'open sesame'"]
    assert "Secret? " in result["out"] + result["err"]
    assert select.select([terminal[0]], [], [], 0)[0] == []
    program.goes_on(client)


def test_a_console(program: Running, client: WireClient) -> None:
    code = "import code; code.interact(local={'x': 20})"
    result = converse(client, code, "x + 1", "for i in range(2):", "  print(i)", "", "1/0", END)
    assert ">>> " in result["out"] + result["err"]
    assert "21\n" in result["out"]
    assert "0\n1\n" in result["out"]
    assert "ZeroDivisionError" in result["err"]
    assert "done" in result["status"]
    program.goes_on(client)


def test_exit_in_a_console(program: Running, client: WireClient) -> None:
    assert "done" in converse(client, "import code; code.interact()", "exit()")["status"]
    assert client.value("input.__name__") == "'input'"
    program.goes_on(client)


READERS: dict[str, tuple[str, list[str | None], str]] = {
    "a line": ("input('? ')", ["a"], "'a'"),
    "all": ("import sys; sys.stdin.read()", ["a", "b", END], r"'a\nb\n'"),
    "a line of the file": ("import sys; sys.stdin.readline()", ["a"], r"'a\n'"),
    "every line": ("import sys; list(sys.stdin)", ["a", "b", END], r"['a\n', 'b\n']"),
    "lines": ("import sys; sys.stdin.readlines()", ["a", END], r"['a\n']"),
    "files": ("import fileinput; list(fileinput.input([]))", ["a", END], r"['a\n']"),
}


@pytest.mark.parametrize(("code", "lines", "value"), READERS.values(), ids=READERS)
def test_standard_input(
    program: Running, client: WireClient, code: str, lines: list[str | None], value: str
) -> None:
    assert converse(client, code, *lines)["values"] == [value]
    program.goes_on(client)
