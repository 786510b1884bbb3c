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

    def run(
        *arguments: str, stdin: int = subprocess.DEVNULL, cwd: Path | None = None, **variables: str
    ) -> subprocess.Popen[str]:
        above = Path(repl_server.__file__).parent.parent
        process = subprocess.Popen(
            [sys.executable, "-m", "repl_server", *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(above), **variables},
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
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


def ended(process: subprocess.Popen[str]) -> tuple[str, str, int]:
    """What it printed, without the line that says where it listens, and its exit status."""
    out, err = process.communicate(timeout=SECONDS)
    return out.partition("\n")[2], err, process.returncode


SEEN = (
    "import sys, __main__\n"
    "print(sys.argv, __name__, __package__, __spec__ and __spec__.name, __file__)\n"
    "print(type(__loader__).__name__, __main__.__dict__ is globals(), 'main' in globals())\n"
    "print(sys.path[0])\n"
)


def python(*arguments: str, cwd: Path) -> tuple[str, str, int]:
    """The same, of Python itself."""
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )
    return done.stdout, done.stderr, done.returncode


@pytest.mark.parametrize("name", ["game.py", "./sub/game.py", "sub/link.py"])
def test_a_script_sees_what_it_sees_under_python(start: Start, directory: Path, name: str) -> None:
    (directory / "sub").mkdir()
    for place in (directory, directory / "sub"):
        (place / "game.py").write_text(SEEN)
    (directory / "sub" / "link.py").symlink_to("../game.py")
    process = start(name, "a", "--b", cwd=directory)
    assert ended(process) == python(name, "a", "--b", cwd=directory)


@pytest.mark.parametrize("name", ["game", "package.game", "package"])
def test_so_does_a_module(start: Start, directory: Path, name: str) -> None:
    (directory / "package").mkdir()
    for path in ("game.py", "package/__init__.py", "package/game.py", "package/__main__.py"):
        (directory / path).write_text(SEEN if "init" not in path else "")
    process = start("-m", name, "a", "-m", cwd=directory)
    assert ended(process) == python("-m", name, "a", "-m", cwd=directory)


def test_a_script_of_any_name(start: Start, directory: Path) -> None:
    (directory / "--odd").write_text("import sys; print(sys.argv)")
    process = start("./x.sock", "--", "--odd", "--", "-h", cwd=directory)
    assert ended(process) == ("['--odd', '--', '-h']\n", "", 0)


def test_classes_of_the_script_can_be_pickled(start: Start, directory: Path) -> None:
    (directory / "game.py").write_text(
        "import multiprocessing, pickle\n"
        "class Monster: pass\n"
        "def hit(monster): return type(monster).__name__\n"
        "if __name__ == '__main__':\n"
        "    print(type(pickle.loads(pickle.dumps(Monster()))) is Monster)\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(hit, [Monster()]))\n"
    )
    assert ended(start("game.py", cwd=directory)) == ("True\n['Monster']\n", "", 0)


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit",
        "raise SystemExit(7)",
        "import sys; sys.exit('last words')",
        "def f():\n    raise OSError(5, 'x')\ntry: f()\nexcept OSError: 1/0",
        "raise KeyboardInterrupt",
        "x = = 1",
        "import sys; sys.excepthook = lambda *e: print('mine', e[1], file=sys.stderr)\n1/0",
        "import atexit; atexit.register(print, 'bye')\n1/0",
        "import threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()",
    ],
)
def test_it_ends_as_under_python(start: Start, directory: Path, code: str) -> None:
    (directory / "game.py").write_text(code)
    process = start("game.py", cwd=directory)
    assert ended(process) == python("game.py", cwd=directory)
    assert not list((directory / "repl-server").iterdir())


def test_it_is_served_as_long_as_it_has_threads(start: Start, directory: Path) -> None:
    (directory / "game.py").write_text(
        "import threading\nstop = threading.Event()\nthreading.Thread(target=stop.wait).start()\n"
    )
    process = start("./x.sock", "game.py", cwd=directory)
    banner(process)
    with WireClient(str(directory / "x.sock")) as client:
        client.clone()
        while "NameError" in client.result("stop").get("ex", ""):
            pass
        client.eval("stop.set()")
        assert process.wait(SECONDS) == 0
    assert not (directory / "x.sock").exists()


@pytest.mark.parametrize("name", ["none", "package", "no.such", "zlib", "", "..", "os.path.x"])
def test_modules_that_can_not_be_run(start: Start, directory: Path, name: str) -> None:
    (directory / "package").mkdir()
    (directory / "package" / "__init__.py").write_text("")
    out, err, status = ended(start("-m", name, cwd=directory))
    assert (out, status) == ("", 1)
    assert err.startswith("repl_server: can't run ")
    assert err.count("\n") == 1


class TestTokens:
    TOKEN = "correct horse battery staple"

    def test_from_a_file(self, start: Start, directory: Path) -> None:
        (directory / "token").write_text(self.TOKEN + "\n")
        process = start("--token-file", str(directory / "token"), "0.0.0.0:0")
        line = banner(process)
        assert self.TOKEN not in line
        with WireClient("localhost:" + line.split()[5]) as client:
            assert "unauthorized" in str(client.ask({"op": "clone"})[-1]["status"])
            assert client.ask({"op": "clone", "repl-server/token": self.TOKEN})[-1]["new-session"]
        for place in (f"/proc/{process.pid}/cmdline", f"/proc/{process.pid}/environ"):
            assert self.TOKEN.encode() not in Path(place).read_bytes()

    def test_from_the_environment(self, start: Start, directory: Path) -> None:
        process = start("./x.sock", cwd=directory, REPL_SERVER_TOKEN=self.TOKEN)
        banner(process)
        with WireClient(str(directory / "x.sock")) as client:
            client.ask({"op": "repl-server/authenticate", "repl-server/token": self.TOKEN})
            client.clone()
            assert client.value("import os; 'REPL_SERVER_TOKEN' in os.environ") == "False"


def test_a_port_file(start: Start, directory: Path) -> None:
    process = start("--port-file", "0", cwd=directory)
    line = banner(process)
    assert f"on port {(directory / '.nrepl-port').read_text()} on" in line
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    assert not (directory / ".nrepl-port").exists()


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
        (("--", "."), 1, "can't run .: Is a directory"),
        (("./x.sock", "script"), 2, "put --"),
        (("-m",), 2, "-m needs a value"),
        (("--token-file", "/no/such", "0"), 1, "can't be read from /no/such"),
        (("--port-file", "./x.sock"), 1, "no port"),
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
