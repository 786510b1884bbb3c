"""The story of a program that runs, and people who change it from other processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from server.running import Running
from server.wire_client import WireClient, gather


@pytest.fixture
def program(mode: str, directory: Path) -> Iterator[Running]:
    with Running(mode, directory / "app.sock") as program:
        yield program


@pytest.fixture
def connect(program: Running) -> Callable[[], WireClient]:
    return program.connect


@pytest.fixture
def client(program: Running) -> WireClient:
    return program.connect()


def test_a_global_that_is_set_is_printed_in_the_very_next_turn(
    program: Running, client: WireClient
) -> None:
    for speed in (2, 3, 4):
        turn = int(client.value(f"speed = {speed}; turn"))
        assert program.line_of(turn + 1) == f"speed {speed}"


def test_a_redefined_step_runs_in_the_very_next_turn(program: Running, client: WireClient) -> None:
    """The loop holds the old function in a local variable."""
    for number in (1, 2):
        result = client.result(f"def step():\n    say('version {number}')\nturn")
        assert result["status"] == {"done"}
        if program.mode == "threads":  # where the old one may be running
            assert result["err"] in ("", "step is running: that call goes on with the old code.\n")
        else:
            assert result["err"] == ""
        assert program.line_of(int(result["values"][0]) + 1) == f"version {number}"


def test_a_step_that_is_loaded_from_a_file(program: Running, client: WireClient) -> None:
    source = "\n\ndef step():\n    say(f'from line {step.__code__.co_firstlineno}')\nturn\n"
    result = gather(client.ask({"op": "load-file", "file": source, "file-path": "/app/step.py"}))
    assert program.line_of(int(result["values"][0]) + 1) == "from line 3"


BAD_FORMS = {
    "a syntax error": ("for", "SyntaxError"),
    "a zero byte": ("1\0", "SyntaxError"),
    "brackets without end": ("(" * 5000, ("SyntaxError", "MemoryError")),
    "an expression too deep": ("-" * 100_000 + "1", ("RecursionError", "MemoryError")),
    "await of what is no coroutine": ("1 .missing", "AttributeError"),
    "an exception": ("1/0", "ZeroDivisionError"),
    "an exception group": (
        "raise ExceptionGroup('g', [OSError(), ValueError()])",
        "ExceptionGroup",
    ),
    "an endless chain of causes": (
        "a, b = OSError('a'), OSError('b')\na.__cause__ = b; b.__cause__ = a\nraise a",
        "OSError",
    ),
    "an infinite recursion": ("def again(): again()\nagain()", "RecursionError"),
    "a recursion in repr": ("class R:\n    def __repr__(s): return repr(s)\nR()", "RecursionError"),
    "a recursion in the data": ("a = []\nfor i in range(100_000): a = [a]\na", "RecursionError"),
    "an exit": ("import sys; sys.exit(3)", "SystemExit"),
    "the builtin exit": ("exit()", "SystemExit"),
    "a KeyboardInterrupt of its own": ("raise KeyboardInterrupt('mine')", "KeyboardInterrupt"),
    "a GeneratorExit": ("raise GeneratorExit", "GeneratorExit"),
    "a StopIteration": ("next(iter(()))", "StopIteration"),
    "a cancellation": ("import asyncio; raise asyncio.CancelledError", "CancelledError"),
    "a base exception": ("class B(BaseException): pass\nraise B", "B"),
    "a repr that raises": ("class R:\n    def __repr__(s): 1/0\nR()", "ZeroDivisionError"),
    "a repr that exits": ("class R:\n    def __repr__(s): exit()\nR()", "SystemExit"),
    "a repr that is no text": ("class R:\n    def __repr__(s): return 5\nR()", "TypeError"),
    "a repr without it": ("class R:\n    __repr__ = None\nR()", "TypeError"),
    "an error whose text raises": (
        "class E(Exception):\n    def __str__(s): 1/0\n    __repr__ = __str__\nraise E",
        "E",
    ),
    "an error whose type lies": (
        "class E(Exception):\n    __module__ = None\n    __qualname__ = 'E'\nraise E",
        "E",
    ),
    "an error whose class has a repr that raises": (
        "class M(type):\n    def __repr__(s): 1/0\nclass E(Exception, metaclass=M): pass\nraise E",
        "E",
    ),
    "a number too long to print": ("10 ** 5000", "ValueError"),
    "too much memory": ("'x' * 10 ** 17", "MemoryError"),
    "a finalizer that raises": ("class D:\n    def __del__(s): 1/0\nD(); None", None),
    "a thread that raises": (
        "import threading\nt = threading.Thread(target=lambda: 1/0); t.start(); t.join()",
        None,
    ),
}


def test_a_bad_form_never_stops_the_loop(program: Running, client: WireClient) -> None:
    for name, (code, expected) in BAD_FORMS.items():
        result = client.result(code)
        assert "done" in result["status"], name
        if expected is not None:
            assert "eval-error" in result["status"], (name, result)
            kinds = (expected,) if isinstance(expected, str) else expected
            assert result["ex"].endswith(kinds), (name, result["ex"])
        program.goes_on(client)


CLIENTS = 20
TIMES = 20


def test_many_clients_at_once_do_not_disturb_each_other(program: Running) -> None:
    """All use the same ids; each has its own `_`, values, output and input."""
    connected = [program.connect() for _ in range(CLIENTS)]
    started = threading.Barrier(CLIENTS)
    wrong: list[object] = []
    threads = [
        threading.Thread(target=work, args=(client, number, started, wrong))
        for number, client in enumerate(connected)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    program.goes_on(connected[0])


def work(client: WireClient, number: int, started: threading.Barrier, wrong: list[object]) -> None:
    try:
        started.wait()
        for time in range(TIMES):
            code = f"for i in range(100): print('{number}:{time}')\n({number}, {time})"
            result = client.result(code)
            assert result["out"] == f"{number}:{time}\n" * 100
            assert result["values"] == [f"({number}, {time})"]
            assert client.value("_") == f"({number}, {time})"
            client.ask({"op": "stdin", "stdin": f"line of {number}\n"})
            assert client.value("input()") == f"'line of {number}'"
            assert client.result(f"no_{number}")["err"].endswith(
                f"NameError: name 'no_{number}' is not defined\n"
            )
        late = client.eval(f"import sys; sys.stderr.write('{number} '); print({number}); {number}")
        replies = client.replies(late)
        assert {reply["id"] for reply in replies} == {late}
        assert {reply["session"] for reply in replies} == {client.session}
    except BaseException as error:
        wrong.append((number, error))
