"""`python -m repl_server` as people and clients start it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from server.wire_client import SECONDS, WireClient

import repl_server

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    processes: list[subprocess.Popen[str]] = []

    def run(*arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        above = Path(repl_server.__file__).parent.parent
        process = subprocess.Popen(
            [sys.executable, "-m", "repl_server", *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(above)},
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def banner(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_unix_socket(start: Start, directory: Path, number: signal.Signals) -> None:
    path = directory / "x.sock"
    process = start(str(path))
    assert banner(process) == f"nREPL server started on socket nrepl+unix:{path}\n"
    with WireClient(str(path)) as client:
        client.clone()
        assert client.value("__name__") == "'__main__'"
        assert client.value("sorted(n for n in globals() if not n.startswith('__'))") == "[]"
        assert client.value("import __main__; __main__.__dict__ is globals()") == "True"
    process.send_signal(number)
    assert process.wait(SECONDS) == 0
    assert not path.exists()
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_tcp(start: Start) -> None:
    process = start("localhost:0")
    line = banner(process)
    found = re.fullmatch(
        r"nREPL server started on port (\d+) on host localhost - nrepl://localhost:(\d+)\n", line
    )
    assert found is not None
    assert found[1] == found[2]
    with WireClient(f"localhost:{found[1]}") as client:
        client.clone()
        assert client.value("1+1") == "2"


def test_a_script(start: Start, directory: Path) -> None:
    script = directory / "game.py"
    script.write_text(
        "import sys, threading, time\n"
        "from neighbour import value\n"
        "running = True\n"
        "arguments = sys.argv\n"
        "if __name__ == '__main__':\n"
        "    while running: time.sleep(0.001)\n"
        "print('ended', value)\n"
    )
    (directory / "neighbour.py").write_text("value = 5\n")
    process = start(str(directory / "x.sock"), str(script), "--an", "argument")
    banner(process)
    with WireClient(str(directory / "x.sock")) as client:
        client.clone()
        while "values" not in (result := client.result("arguments")) or not result["values"]:
            pass
        assert result["values"] == [repr([str(script), "--an", "argument"])]
        client.eval("running = False")
        assert process.wait(SECONDS) == 0
    assert process.stdout is not None
    assert process.stdout.read() == "ended 5\n"
    assert not (directory / "x.sock").exists()


def test_a_script_that_fails(start: Start, directory: Path) -> None:
    script = directory / "wrong.py"
    script.write_text("def f():\n    1/0\nf()\n")
    process = start(str(script))
    assert process.wait(SECONDS) == 1
    assert process.stderr is not None
    error = process.stderr.read()
    assert error.startswith("Traceback (most recent call last):\n  File ")
    assert "repl_server" not in error
    assert error.endswith("ZeroDivisionError: division by zero\n")


def test_it_ends_with_its_standard_input(start: Start, directory: Path) -> None:
    path = directory / "x.sock"
    process = start(str(path), "--until-eof", stdin=subprocess.PIPE)
    banner(process)
    with WireClient(str(path)) as client:
        client.clone()
        client.eval("while True: pass")
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        assert process.wait(SECONDS) == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("nonsense",), 1, "is no address"),
        (("0.0.0.0:80",), 1, "not this machine's own"),
        (("--what",), 2, "Usage"),
        (("/no/such/directory/x.sock",), 1, "/no/such/directory"),
        (("./none.py",), 1, "can't run ./none.py"),
    ],
)
def test_wrong_arguments(start: Start, arguments: tuple[str, ...], status: int, said: str) -> None:
    process = start(*arguments)
    _, error = process.communicate(timeout=SECONDS)
    assert process.returncode == status
    assert said in error
    assert "Traceback" not in error


def test_help(start: Start) -> None:
    out, _ = start("--help").communicate(timeout=SECONDS)
    assert out.startswith("Usage: python -m repl_server")


def test_starting_imports_little() -> None:
    code = (
        "import sys; before = set(sys.modules); import repl_server; repl_server.serve;"
        "print(*sorted(set(sys.modules) - before))"
    )
    above = Path(repl_server.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(above)},
        check=True,
        capture_output=True,
        text=True,
    )
    heavy = {"asyncio", "inspect", "dataclasses", "ast", "traceback", "ctypes", "linecache"}
    assert not heavy & set(done.stdout.split())
