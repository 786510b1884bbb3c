"""Jobs for programs that have none of their own: a bridge in the background keeps them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapters.subject import Process, Program
from adapters.subjects import SUBJECTS
from adapters.subjects.python import start_console
from client.command import COMMAND, LONG
from guile.programs import GUILE, GuileProgram
from jobs.collecting import Shell, keeper_process
from terminal import Terminal

from repl_connect.address import UnixAddress
from repl_connect.errors import ConnectionLost
from repl_connect.jobs.desk import desk_of
from repl_connect.jobs.keepers import Keeper, keeper_for, keepers
from repl_connect.targets import target_of

FOR_EVER = "import time\nprint('going', flush=True)\nwhile True: time.sleep(0.01)"
KEPT = "keeps no jobs: a bridge in the background runs this one"


@pytest.fixture(scope="module")
def console(home: Path) -> Iterator[Process]:
    """A Python console on a socket, which has no jobs."""
    process = start_console(home)
    yield process
    assert process.alive
    process.stop()


@pytest.fixture(scope="module")
def guile(home: Path) -> Iterator[str]:
    """The address of a cooperative Guile."""
    if GUILE is None:
        pytest.skip("guile is not installed")
    program = GuileProgram(home / "guile", cooperative=True, pause=0.02)
    with open(os.devnull, "wb") as nowhere:
        assert program.process.stdout is not None
        drain = subprocess.Popen(["cat"], stdin=program.process.stdout, stdout=nowhere)
    yield program.address
    program.stop()
    drain.wait()


def test_left_by_a_shell_that_is_gone_and_collected_from_another(
    app: str, guile: str, home: Path, shell: Shell
) -> None:
    go_on = home / "go-on"
    python_code = (
        f"import os, time\nwhile not os.path.exists({str(go_on)!r}): time.sleep(0.01)\n'py ✓'"
    )
    scheme_code = (
        f'(let wait () (if (file-exists? "{go_on}") (begin (display "hü\\n") (* 6 7))'
        " (begin (usleep 10000) (wait))))"
    )
    (home / "job.py").write_text(python_code, encoding="utf-8")
    (home / "job.scm").write_text(scheme_code, encoding="utf-8")
    submit = f"{COMMAND[0]} submit" if len(COMMAND) == 1 else f"{' '.join(COMMAND)} submit"
    script = (
        f"{submit} ./app.sock --file job.py >py.id; {submit} {guile} --file job.scm >scm.id; "
        "echo left; exec sleep 1000"
    )
    with Terminal(["sh", "-c", script], directory=str(home), columns=200) as terminal:
        terminal.wait_for_line("left", LONG)
        assert f"{guile} {KEPT}" in terminal.all_text
        assert "app.sock keeps no jobs" not in terminal.all_text
        terminal.child.close(force=True)  # the terminal is closed: its programs are hung up on
    idents = [(home / f"{name}.id").read_text().strip() for name in ("py", "scm")]
    for ident in idents:
        running = shell("result", ident)
        assert running.code == 4
        assert f"{ident} still runs" in running.err
    go_on.touch()
    keeper = keeper_for(UnixAddress(guile))
    assert keeper is not None
    pid = keeper_process(keeper)
    assert os.getsid(pid) == pid
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert shell.result(idents[0]) == (0, "'py ✓'\n", "")
    assert shell.result(idents[1]) == (0, "hü\n42\n", "")
    listed = shell("jobs")
    assert listed.code == 0
    assert set(idents) <= {line.split()[0] for line in listed.out.splitlines()}


def test_what_a_job_brings(console: Process, shell: Shell) -> None:
    first = shell("submit", console.address, "print('out'); 1")
    assert first.code == 0
    assert first.err == (
        f"repl-connect: {console.address} {KEPT} and keeps its result. Both are lost if that "
        "ends.\n"
    )
    assert shell.result(first.out.strip()) == (0, "out\n1\n", "")
    assert shell.result(first.out.strip()).out == "out\n1\n"
    told = json.loads(shell("submit", console.address, "1/0", "--json").out)
    assert told["kept"] is True
    failed = shell.result(told["id"])
    assert (failed.code, failed.out) == (1, "")
    assert "ZeroDivisionError: division by zero" in failed.err
    job = json.loads(shell("result", told["id"], "--json").out)
    assert job["error"]["ex"] == "ZeroDivisionError"
    read = shell.result(shell.submit(console.address, "input()"))
    assert "EOFError" in read.err
    nowhere = shell.result(shell.submit(console.address, "1", "--ns", "no_such_module"))
    assert (nowhere.code, nowhere.out) == (1, "")
    assert "no_such_module" in nowhere.err
    huge = shell.result(shell.submit(console.address, "print('x' * 2_000_000)"))
    assert "not all of this was kept there: out" in huge.err
    assert len(keepers()) == len({keeper.socket for keeper in keepers()})


def test_one_that_runs_is_cancelled_and_those_behind_it_run(console: Process, shell: Shell) -> None:
    running = shell.submit(console.address, FOR_EVER)
    waiting, dropped = (shell.submit(console.address, code) for code in ("'next'", "'never'"))
    assert shell("cancel", dropped).code == 0
    assert shell("result", waiting).err.endswith("has not begun yet, 1 before it.\n")
    assert shell("cancel", running).code == 0
    ended = shell("result", running)
    assert (ended.code, ended.out) == (4, "going\n")
    assert shell.result(waiting).out == "'next'\n"
    assert shell("result", dropped).code == 4
    unknown = shell("result", f"{console.address}:1-1")
    assert unknown.code == 2
    assert "keeps its jobs knows no job 1-1" in unknown.err


def test_two_that_submit_at_once_have_one_keeper(home: Path, shell: Shell) -> None:
    directory = home / "two"
    directory.mkdir()
    console = start_console(directory)
    both = [
        subprocess.Popen(
            [*COMMAND, "submit", console.address, str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for number in (1, 2)
    ]
    idents = [process.communicate(timeout=LONG)[0].decode().strip() for process in both]
    assert [shell.result(ident).out for ident in idents] == ["1\n", "2\n"]
    assert idents[0][:-1] == idents[1][:-1]
    console.stop()


def test_the_program_is_gone_before_its_jobs_have_ended(home: Path, shell: Shell) -> None:
    directory = home / "gone"
    directory.mkdir()
    console = start_console(directory)
    done, running, waiting = (
        shell.submit(console.address, code) for code in ("'done'", FOR_EVER, "2")
    )
    assert shell.result(done).out == "'done'\n"
    while "going" not in (out := shell("result", running, "--wait", "0.1").out):
        assert not out
    console.stop()
    lost = shell.result(running)
    assert (lost.code, lost.out) == (1, "going\n")
    assert "It was running: how it ended is not known." in lost.err
    unsent = shell.result(waiting)
    assert unsent.code == 1
    assert unsent.err.startswith(f"{console.address}: ")  # nobody listens, or it is just ending
    assert shell.result(done).out == "'done'\n"
    assert shell("submit", console.address, "3").code == 3
    with subprocess.Popen(
        [*COMMAND, "submit", console.address, "'again'", "--wait", "60"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waits:
        assert waits.stderr is not None
        assert "waiting for" in waits.stderr.readline()
        Path(console.address).unlink()
        console = start_console(directory)
        ident, _ = waits.communicate(timeout=LONG)
    assert shell.result(ident.strip()).out == "'again'\n"
    console.stop()


def test_the_keeper_is_gone(console: Process, shell: Shell) -> None:
    ident = shell.submit(console.address, "1")
    assert shell.result(ident).code == 0
    keeper = keeper_for(UnixAddress(console.address))
    assert keeper is not None
    pid = keeper_process(keeper)
    desk = desk_of(target_of(console.address))
    assert desk is not None
    os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):  # who has started it waits for its end too
        os.waitpid(pid, 0)
    with desk, pytest.raises(ConnectionLost, match="the bridge that keeps its jobs has ended"):
        desk.ask("jobs")
    lost = shell("result", ident)
    assert (lost.code, lost.out) == (2, "")
    assert "the bridge that kept some for it has ended, with their results" in lost.err
    assert shell("jobs", console.address).code == 0
    assert shell.result(shell.submit(console.address, "2")).out == "2\n"


def test_a_keeper_ends_when_its_results_were_fetched(home: Path, shell: Shell) -> None:
    directory = home / "ends"
    directory.mkdir()
    console = start_console(directory)
    command = [*COMMAND, "bridge", console.address, "--keep-jobs", "0.2"]
    keeper = Keeper(UnixAddress(console.address), None)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    with socket.socket(socket.AF_UNIX) as client:  # which it does not leave
        assert process.stdout.readline().startswith(b"nREPL server started")
        client.connect(keeper.socket.path)
        again = subprocess.run(command, capture_output=True, timeout=LONG, check=False)
        assert again.returncode == 2
        assert b"A bridge keeps jobs already for" in again.stderr
        ident = shell.submit(console.address, "40 + 2")
    assert shell.result(ident).out == "42\n"
    assert process.wait(LONG) == 0
    assert process.communicate() == (b"", b"")
    assert not keeper.alive
    assert keeper not in keepers()
    assert not Path(keeper.socket.path).exists()
    console.stop()


def test_without_a_runtime_directory(
    app: str, console: Process, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/no/such/directory")
    assert shell.result(shell.submit(app, "1")).out == "1\n"
    done = shell("submit", console.address, "1")
    assert done.code == 3
    assert "There is no place for a bridge that keeps jobs: /no/such/directory" in done.err
    assert shell("jobs").code == 0


def test_an_nrepl_server_without_jobs(
    shell: Shell, tmp_path_factory: pytest.TempPathFactory
) -> None:
    subject = next(each for each in SUBJECTS if each.name == "Clojure, nREPL")
    if missing := subject.missing():
        pytest.skip(f"needs {missing}")
    program: Program = subject.start(tmp_path_factory.mktemp("clojure"))
    try:
        phrases = subject.phrases
        codes = (phrases.text, phrases.fail, f"(def here 1) {phrases.ask}", phrases.slow)
        value, error, read, slow = (shell.submit(program.address, code) for code in codes)
        assert shell.result(value).out == f"{phrases.shown_text}\n"
        failed = shell.result(error)
        assert failed.code == 1
        assert phrases.error in failed.err
        assert shell.result(read).out == "#'user/here\nnil\n"
        assert shell("cancel", slow).code == 0
        assert shell("result", slow).code == 4
    finally:
        program.stop()
