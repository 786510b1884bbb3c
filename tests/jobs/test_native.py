"""Jobs that live in the program: a Python server, a telephone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from adapters.subject import Process, free_port
from jobs.collecting import Shell, python_program

from repl_connect.jobs.desk import Desk
from repl_server.wire import Message

TELEPHONE = Path(__file__).parents[1] / "adapters" / "programs" / "telephone.py"


def partners(home: Path, **addresses: str) -> None:
    """The partners that the user has, all with the tag `t`."""
    directory = home / "CONFIG_HOME" / "repl-connect"
    directory.mkdir(exist_ok=True)
    lines = [
        f'[partners.{name}]\naddress = "{where}"\ntags = ["t"]' for name, where in addresses.items()
    ]
    (directory / "config.toml").write_text("\n".join(lines), encoding="utf-8")


def test_what_a_job_brings_is_printed_as_eval_does(app: str, shell: Shell) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); 1; 'schön ✓'"
    done = shell("submit", app, code)
    assert (done.code, done.err) == (0, "")
    ident = done.out.rstrip("\n")
    assert ident.startswith(f"{app}:")
    for _ in range(2):
        assert shell.result(ident) == (0, "out\n1\n'schön ✓'\n", "err\n")
    failed = shell.result(shell.submit(app, "print('x', end=''); 1/0"))
    assert (failed.code, failed.out) == (1, "x")
    assert failed.err.endswith("ZeroDivisionError: division by zero\n")


def test_one_that_runs_one_that_waits_and_their_end(app: str, shell: Shell) -> None:
    running = shell.submit(app, "import time\nwhile True: time.sleep(0.01)", "--name", "for ever")
    waiting = shell.submit(app, "2")
    still = shell("result", running)
    assert (still.code, still.out) == (4, "")
    assert still.err.startswith(f"repl-connect: {running} still runs, for ")
    assert shell("result", waiting, "--wait", "0.1") == (
        4,
        "",
        f"repl-connect: {waiting} has not begun yet, 1 before it.\n",
    )
    table = [line.split() for line in shell("jobs", app).out.splitlines()]
    assert table[0] == ["ID", "STATE", "WHEN", "FROM", "CODE"]
    assert table[1][:4] == [waiting, "queued", "behind", "1"]
    assert (table[2][:2], table[2][-2:]) == ([running, "running"], ["for", "ever"])
    assert shell("cancel", running) == (0, "", f"repl-connect: {running} is cancelled.\n")
    cancelled = shell("result", running)
    assert cancelled.code == 4
    assert f"{running} was cancelled" in cancelled.err
    assert shell.result(waiting).out == "2\n"
    again = shell("cancel", running)
    assert again.code == 1
    assert "has ended: cancelled" in again.err


def test_a_wait_that_is_longer_than_one_request_may_be(
    app: str, home: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = Desk.ask

    def counted(desk: Desk, op: str, *, seconds: float = 0.0, **fields: Any) -> Message:
        asked.append(op)
        if len(asked) == 3:
            (home / "ends").touch()
        return ask(desk, op, seconds=seconds, **fields)

    code = f"import os, time\nwhile not os.path.exists({str(home / 'ends')!r}): time.sleep(0.01)"
    ident = shell.submit(app, f"{code}\n'ended'")
    monkeypatch.setattr("repl_connect.jobs.asking._LONGEST_WAIT", 0.01)
    monkeypatch.setattr(Desk, "ask", counted)
    assert shell.result(ident) == (0, "'ended'\n", "")
    assert len(asked) >= 3


def test_json(app: str, shell: Shell) -> None:
    done = shell("submit", app, "print('é'); 42", "--json")
    told = json.loads(done.out)
    assert told["kept"] is False
    assert told["id"] == f"{told['target']}:{told['job']}"
    result = shell("result", told["id"], "--json", "--wait", "60")
    assert result.code == 0
    job = json.loads(result.out)
    assert (job["id"], job["state"], job["out"], job["values"]) == (
        told["id"],
        "finished",
        "é\n",
        ["42"],
    )
    jobs = [json.loads(line) for line in shell("jobs", app, "--json").out.splitlines()]
    assert jobs[0]["id"] == told["id"]


def test_what_was_not_all_kept_is_said(app: str, shell: Shell) -> None:
    result = shell.result(shell.submit(app, "print('x' * 2_000_000); 1"))
    assert len(result.out) == (1 << 20) + len("\n1\n")
    assert result.err == "repl-connect: not all of this was kept there: out.\n"


def test_code_from_a_file_and_from_standard_input(
    app: str, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "job.py"
    file.write_text("\n\n1/0\n", encoding="utf-8")
    done = shell("submit", app, "--file", str(file), "--ns", "__main__")
    assert f'File "{file}", line 3' in shell.result(done.out.strip()).err
    with (tmp_path / "in").open("wb+") as stdin:
        stdin.write(b"40 + 2\n")
        stdin.seek(0)
        monkeypatch.setattr("sys.stdin", type("Input", (), {"buffer": stdin}))
        assert shell.result(shell.submit(app, "-")).out == "42\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("result", "x"), "is no job's id"),
        (("result", "@nobody:1-1"), "@nobody: there"),
        (("cancel", "nowhere:1-1"), "'nowhere' is no address"),
        (("result", "{app}:1-1"), "{app}: There is no job 1-1 in this run of the program"),
        (("cancel", "{app}:1-1"), "{app}: There is no job 1-1 in this run of the program"),
        (("submit", "{app}", "1", "--file", "x"), "not both"),
        (("submit", "{app}", " \n"), "There is no code"),
        (("submit", "{app}", "--file", "/no/such/file"), "/no/such/file: No such file"),
    ],
)
def test_what_is_not_understood(
    app: str, shell: Shell, arguments: tuple[str, ...], words: str
) -> None:
    done = shell(*(word.format(app=app) for word in arguments))
    assert (done.code, done.out) == (2, "")
    assert words.format(app=app) in done.err


def test_a_partner_in_the_id_and_a_group_of_which_one_is_gone(
    app: str, home: Path, shell: Shell
) -> None:
    partners(home, sim=app, gone=str(home / "gone.sock"))
    ident = shell.submit("@sim", "40 + 2")
    assert ident.startswith("@sim:")
    assert shell.result(ident).out == "42\n"
    for words in (("jobs",), ("jobs", "@t/*")):
        listed = shell(*words)
        assert listed.code == 6
        assert listed.out.splitlines()[1].startswith(ident)
        assert listed.err.count("\n") == 1
        assert f"@gone ({home / 'gone.sock'}): there is no such socket" in listed.err
    assert json.loads(shell("jobs", "@gone", "--json").out)["target"] == "@gone"
    for refused in (("jobs", "@gone"), ("submit", "@gone", "1"), ("result", "@gone:1-1")):
        assert shell(*refused).code == 3


def test_a_partner_that_can_not_be_read_is_not_just_missing(
    app: str, home: Path, shell: Shell
) -> None:
    partners(home, sim=app, bad="")
    listed = shell("jobs", "@t/*")
    assert listed.code == 0
    assert "config.toml:5: " in listed.err
    refused = shell("submit", "@bad", "1")
    assert refused.code == 2
    assert "Not all of it could be read: " in refused.err


def test_a_partner_that_has_moved(app: str, home: Path, shell: Shell) -> None:
    partners(home, sim=app)
    ident = shell.submit("@sim", "1")
    with python_program(home / "other.sock") as address:
        partners(home, sim=address)
        moved = shell("result", ident)
        assert moved.code == 2
        assert f"@sim ({address}): There is no job" in moved.err


def test_a_telephone(home: Path, shell: Shell) -> None:
    port = free_port()
    command = [sys.executable, str(TELEPHONE), str(port)]
    process = Process(command, f"127.0.0.1:{port}", directory=home)
    try:
        partners(home, tel=f"http://localhost:{port}")
        value = shell.submit("@tel", "'schön✓")
        assert value.startswith("@tel:G")
        assert shell.result(value) == (0, "SCHÖN✓\n", "")
        waits = shell.submit("@tel", "(wait)")
        assert shell("result", waits).code == 4
        error = shell.result(shell.submit("@tel", "(car 5)"))
        assert (error.code, error.out) == (1, "(ERROR TYPE-ERROR)\n")
        assert "is what telephone makes of an error of the type TYPE-ERROR" in error.err
        assert shell.result(shell.submit("@tel", "(go-on)")).code == 0
        assert shell.result(waits).out == "GONE-ON\n"
        unknown = shell("result", "@tel:G1")
        assert (unknown.code, unknown.out) == (2, "")
        assert "telephone knows no job G1" in unknown.err
        assert shell("submit", "@tel", "1 2").code == 1
        assert "can't cancel" in shell("cancel", waits).err
        assert "does not tell which jobs" in shell("jobs", "@tel").err
    finally:
        process.stop()
    assert shell("result", value).code == 3
