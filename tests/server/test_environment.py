"""`REPL_SERVER=ADDRESS python script.py`: a program is served without a change to it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from server.conftest import wait_until
from server.wire_client import SECONDS, WireClient

import repl_server
from repl_server.network.records import process_start, records

SERVER = Path(repl_server.__file__).parent.parent
TOKEN = "correct horse battery staple"
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the package in it, and the line that a wheel brings."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place, with_pip=False)
    (packages,) = place.glob("lib/python*/site-packages")
    (packages / "_package.pth").write_text(f"{SERVER}\n")
    (packages / "repl_server.pth").write_text((SERVER / "repl_server.pth").read_text())
    return place / "bin" / "python"


@pytest.fixture
def run(interpreter: Path, directory: Path) -> Iterator[Run]:
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("REPL_SERVER", "PYTHON"))
        }
        process = subprocess.Popen(
            [str(interpreter), *arguments],
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment | variables,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


def finished(process: subprocess.Popen[str], text: str = "\n") -> tuple[str, str, int]:
    out, err = process.communicate(text, SECONDS)
    return out, err, process.returncode


LOOP = "import sys\nvalue = 1\ninput()\nprint('value', value, *sys.argv[1:])\n"


def test_the_distribution_brings_the_line() -> None:
    project = tomllib.loads((SERVER.parent / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"server/repl_server.pth": "repl_server.pth"}
    assert (SERVER / "repl_server.pth").read_text().count("\n") == 1


def test_a_script(run: Run, directory: Path) -> None:
    (directory / "game.py").write_text(LOOP)
    process = run("game.py", "--fast", REPL_SERVER="./x.sock")
    assert first_line(process) == (
        f"nREPL server started on socket nrepl+unix:{directory}/x.sock\n"
    )
    with WireClient(str(directory / "x.sock")) as client:
        client.clone()
        while client.result("value")["values"] != ["1"]:
            pass
        assert client.value("__name__, __file__.endswith('game.py')") == "('__main__', True)"
        assert client.result("value = 2")["status"] == {"done"}
        assert finished(process) == ("value 2 --fast\n", "", 0)
    assert not (directory / "x.sock").exists()


@pytest.mark.parametrize(
    ("arguments", "program"),
    [
        (["game.py"], "game.py"),
        (["-m", "game"], "game"),
        (["-um", "game", "-m", "x"], "game"),
        (["-mgame"], "game"),
        (["-c", "import game"], "python -c"),
    ],
)
def test_its_record_says_what_it_is(
    run: Run, directory: Path, arguments: list[str], program: str
) -> None:
    (directory / "game.py").write_text(LOOP)
    process = run(*arguments, REPL_SERVER="./x.sock")
    first_line(process)
    (record,) = records()
    assert (record.pid, record.program, record.cwd) == (process.pid, program, str(directory))


def test_without_the_variable_nothing_is_loaded(run: Run) -> None:
    code = "import sys; print([name for name in sys.modules if name.startswith('repl_')])"
    assert finished(run("-c", code)) == ("[]\n", "", 0)
    assert finished(run("-c", code, REPL_SERVER="")) == ("[]\n", "", 0)
    assert finished(run("-E", "-c", "print(1)", REPL_SERVER="./x.sock")) == ("1\n", "", 0)


@pytest.mark.parametrize("address", ["nonsense", "/no/such/x.sock", "0.0.0.0:0"])
def test_what_goes_wrong_is_one_line_and_the_program_runs(run: Run, address: str) -> None:
    out, err, status = finished(run("-c", "print('ran')", REPL_SERVER=address))
    assert (out, status) == ("ran\n", 0)
    assert re.fullmatch(r"repl-server: process \d+ goes on without REPL_SERVER: .+\n", err)


def test_a_live_server_is_not_replaced(run: Run, directory: Path) -> None:
    with repl_server.serve(directory / "x.sock", namespace={"mine": 5}) as server:
        out, err, status = finished(run("-c", "print('ran')", REPL_SERVER="./x.sock"))
        assert (out, status) == ("ran\n", 0)
        assert "is listening" in err
        with WireClient(server.address) as client:
            client.clone()
            assert client.value("mine") == "5"


CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1)'])"


def test_a_child_process_is_not_served_and_says_so(run: Run) -> None:
    process = run("-c", CHILD, REPL_SERVER="localhost:0")
    first_line(process)
    out, err, status = finished(process)
    assert (out, status) == ("1\n", 0)
    assert re.fullmatch(
        rf"repl-server: process \d+ is not served: REPL_SERVER=localhost:0 is process "
        rf"{process.pid}; with %p in it, each process gets its own\n",
        err,
    )


def test_with_the_process_in_its_address_it_is(run: Run, directory: Path) -> None:
    process = run("-c", CHILD, REPL_SERVER="./%p.sock")
    assert first_line(process).endswith(f"/{process.pid}.sock\n")
    out, err, _ = finished(process)
    assert out == "1\n"
    assert re.fullmatch(rf"nREPL server started on socket nrepl\+unix:{directory}/\d+\.sock\n", err)
    assert not list(directory.glob("*.sock"))


def test_a_child_that_outlives_its_parent_is_served(run: Run, directory: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
    began = process_start(gone.pid)
    gone.wait(SECONDS)
    process = run("-c", "", REPL_SERVER="./x.sock", REPL_SERVER_BY=f"{gone.pid}:{began}")
    assert "started" in first_line(process)


def test_a_program_that_becomes_another_is_served_again(run: Run, directory: Path) -> None:
    code = "import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'x = 7; input()'])"
    process = run("-c", code, REPL_SERVER="./x.sock")
    assert first_line(process) == first_line(process)
    with WireClient(str(directory / "x.sock")) as client:
        client.clone()
        while client.result("x")["values"] != ["7"]:
            pass


class TestTokens:
    SHOW = "import os; print([key for key in os.environ if 'TOKEN' in key])"

    def test_from_the_environment(self, run: Run) -> None:
        process = run(
            "-c", self.SHOW + "; input()", REPL_SERVER="127.0.0.1:0", REPL_SERVER_TOKEN=TOKEN
        )
        banner = first_line(process)
        with WireClient(banner.split("nrepl://")[1].strip()) as client:
            assert "unauthorized" in str(client.ask({"op": "clone"})[-1]["status"])
            assert "new-session" in client.ask({"op": "clone", "repl-server/token": TOKEN})[-1]
        out, err, _ = finished(process)
        assert out == "[]\n"
        assert TOKEN not in banner + err

    def test_from_a_file(self, run: Run, directory: Path) -> None:
        (directory / "token").write_text(TOKEN + "\n")
        process = run(
            "-c",
            "input()",
            REPL_SERVER="127.0.0.1:0",
            REPL_SERVER_TOKEN_FILE=str(directory / "token"),
        )
        with WireClient(first_line(process).split("nrepl://")[1].strip()) as client:
            assert "new-session" in client.ask({"op": "clone", "repl-server/token": TOKEN})[-1]

    @pytest.mark.parametrize("text", ["too short", None])
    def test_one_that_is_of_no_use(self, run: Run, directory: Path, text: str | None) -> None:
        if text is not None:
            (directory / "token").write_text(text)
        process = run(
            "-c", "", REPL_SERVER="./x.sock", REPL_SERVER_TOKEN_FILE=str(directory / "token")
        )
        _, err, status = finished(process)
        assert status == 0
        assert "goes on without REPL_SERVER: The token" in err
        assert text is None or text not in err
        assert not (directory / "x.sock").exists()


def test_the_command_reads_the_variables_too(run: Run, directory: Path) -> None:
    (directory / "game.py").write_text(LOOP)
    process = run("-m", "repl_server", "game.py", REPL_SERVER="./%p.sock")
    assert process.stdout is not None
    assert process.stdout.readline().endswith(f"/{process.pid}.sock\n")
    wait_until(lambda: len(records()) == 1)
    assert records()[0].program == "game.py"
    assert finished(process) == ("value 1\n", "", 0)
