"""The adapter for Python consoles fed with bytes, as consoles send them."""

from __future__ import annotations

import ast
import base64
import re
import sys
import zlib

import pytest
from adapters.fed import Fed

from repl_connect.adapters.python import PythonAdapter
from repl_server.wire import Message, RemoteProtocolError

GREETING = (
    b"Python 3.11.7 (main, May  9 2026, 07:35:25) [GCC 12.2.0] on linux\n"
    b'Type "help", "copyright", "credits" or "license" for more information.\n(Console)\n>>> '
)
READY = {
    "kind": "ready",
    "version": "3.11.7",
    "ns": "__console__",
    "ops": ["eval", "load-file", "completions", "lookup", "interrupt", "stdin"],
    "token": "",
}
LINE_BY_LINE = {**READY, "ops": ["eval", "load-file", "completions", "lookup"], "token": "t0"}


class Console(Fed[PythonAdapter]):
    """Plays the console: bytes to the adapter, its lines and replies back."""

    def __init__(self) -> None:
        super().__init__(PythonAdapter())

    def lines(self) -> list[str]:
        """What was sent since last asked."""
        data, self.sent = self.sent, b""
        assert not data or data.endswith(b"\n")
        return data.decode().splitlines()


def fields_of(text: str) -> list[str]:
    """The fields of a request."""
    data = base64.b64decode(text)
    count, _, data = data.partition(b":")
    found = []
    for _ in range(int(count)):
        size, _, data = data.partition(b":")
        found.append(data[: int(size)].decode())
        data = data[int(size) :]
    assert not data
    return found


def upgraded(ready: Message = READY) -> Console:
    """Upgraded, with a session open."""
    console = Console()
    console.feed(GREETING)
    console.feed(console.framed(**ready))
    console.ask(op="clone", id="c")
    console.lines()
    return console


def test_the_upgrade_is_one_line_that_hides_its_marker() -> None:
    console = Console()
    console.feed(GREETING[:-1])
    assert not console.sent
    console.feed(GREETING[-1:])
    (line,) = console.lines()
    assert line.isascii()
    assert len(line) < 60_000  # asyncio reads no longer ones
    assert console.adapter.nonce not in line


def test_the_bootstrap_is_one_module_that_needs_the_standard_library_only() -> None:
    console = Console()
    console.feed(GREETING)
    packed = re.search(r'b64decode\("([^"]*)"\)', console.lines()[0])
    assert packed is not None
    launch = ast.parse(zlib.decompress(base64.b64decode(packed[1]))).body[-1]
    assert isinstance(launch, ast.Expr)
    assert isinstance(launch.value, ast.Call)
    tree = ast.parse(ast.literal_eval(launch.value.args[-1]))
    defined: list[str] = []
    imported: set[str] = set()
    for each in tree.body:
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            defined.append(each.name)
        elif isinstance(each, ast.Assign | ast.AnnAssign):
            target = each.targets[0] if isinstance(each, ast.Assign) else each.target
            defined += [target.id] if isinstance(target, ast.Name) else []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or ".")
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    twice = {name for name in defined if defined.count(name) > 1}
    assert twice == {"__all__"}


def test_the_greeting_cut_in_two_at_every_byte() -> None:
    for at in range(1, len(GREETING)):
        console = Console()
        console.feed(GREETING[:at])
        console.feed(GREETING[at:])
        console.feed(console.framed(**READY))
        assert console.adapter.ready, at
        assert len(console.lines()) == 1


def test_what_follows_the_upgrade_cut_in_two_at_every_byte() -> None:
    for at in range(200):
        console = Console()
        console.feed(GREETING)
        console.ask(op="describe", id="d")
        stream = console.framed(**READY) + "é outside ✓\n".encode()
        if at > len(stream):
            break
        for piece in (stream[:at], stream[at:]):
            if piece:
                console.feed(piece)
        (described,) = console.to("d")
        assert described["aux"]["repl-connect/greeting"] == "Python 3.11.7 console, upgraded"
        assert console.out() == "é outside ✓\n", at


def test_an_upgrade_that_is_refused() -> None:
    console = Console()
    console.feed(GREETING)
    with pytest.raises(RemoteProtocolError, match="NameError"):
        console.feed(b"NameError: name 'exec' is not defined\n>>> ")


def test_a_request_is_a_line() -> None:
    console = upgraded()
    session = console.to("c")[0]["new-session"]
    console.ask(op="eval", id="e", session=session, code="'é\n'", ns="m", file="a.py", line=3)
    (line,) = console.lines()
    op, number, where, ns, code, file, line_number = fields_of(line)
    assert (op, where, ns, code, file, line_number) == ("eval", session, "m", "'é\n'", "a.py", "3")
    console.feed(console.framed(kind="done", id=number, ns="m", status=[], value="1"))
    value, done = console.to("e")
    assert value["value"] == "1"
    assert done["status"] == ["done"]


def test_a_long_request_is_several_lines_that_any_reader_takes() -> None:
    console = upgraded()
    session = console.to("c")[0]["new-session"]
    code = "# " + "x" * 200_000
    console.ask(op="eval", id="e", session=session, code=code)
    *first, last = console.lines()
    assert first
    assert all(line.endswith("-") and len(line) < 65_000 for line in first)
    assert fields_of("".join(line[:-1] for line in first) + last)[4] == code


def test_line_by_line_each_request_is_a_call_and_its_prompt_is_not_shown() -> None:
    console = upgraded(LINE_BY_LINE)
    session = console.to("c")[0]["new-session"]
    console.feed(b">>> ")
    console.ask(op="eval", id="e", session=session, code="1")
    (line,) = console.lines()
    call = re.fullmatch(
        r'__import__\("sys"\)\.modules\["_repl_connect_v\w+"\]\.take\("t0","([^"]+)"\)', line
    )
    assert call is not None
    number = fields_of(call[1])[1]
    console.feed(b"printed\n")
    console.feed(console.framed(kind="done", id=number, ns="m", status=[]) + b">>> ")
    assert console.to("e")[-1]["status"] == ["done"]
    assert console.out() == "printed\n"
    console.ask(op="describe", id="d")
    (described,) = console.to("d")
    assert "stdin" not in described["ops"]
    assert "interrupt" not in described["ops"]
    assert "line by line" in described["aux"]["repl-connect/greeting"]


def test_line_by_line_prompts_cut_at_every_byte_are_not_shown() -> None:
    for at in range(1, 4):
        console = upgraded(LINE_BY_LINE)
        console.feed(b">>> "[:at])
        console.feed(b">>> "[at:])
        assert console.out() == "", at


def test_closing_a_session_stops_what_it_runs() -> None:
    console = upgraded()
    session = console.to("c")[0]["new-session"]
    console.ask(op="eval", id="e", session=session, code="f()")
    number = fields_of(console.lines()[0])[1]
    console.ask(op="close", id="x", session=session)
    assert [fields_of(line) for line in console.lines()] == [["interrupt", number]]


def test_leaving_says_so() -> None:
    console = upgraded()
    console.adapter.quit()
    console.take()
    assert [fields_of(line) for line in console.lines()] == [["quit"]]


def test_nothing_is_said_when_leaving_before_the_upgrade() -> None:
    console = Console()
    console.adapter.quit()
    console.take()
    assert not console.sent
