"""`repl-connect list --watch`: what comes and goes on this machine, as it does."""

from __future__ import annotations

import signal
from pathlib import Path
from queue import SimpleQueue

import pytest
from client.command import LONG, repl_connect
from client.fakes import FakeServer, speaks_nrepl
from client.programs import PythonProgram
from lan.programs import Watching

from repl_connect.cli import main_exit
from repl_connect.live_servers import Change, LiveServers


def test_what_comes_and_goes_and_changes_is_told(here: Path) -> None:
    with Watching(directory=here) as watching:
        with PythonProgram("./app.sock") as program:
            joined = watching.wait_for("joined", pid=program.process.pid)
            assert joined["address"] == str(here / "app.sock")
            assert (joined["state"], joined["local"], joined["announced"]) == ("live", True, None)
            assert repl_connect("eval", program.address, "40 + 2").out == "42\n"  # no change
        watching.wait_for("left", pid=program.process.pid)

        with FakeServer(speaks_nrepl(lambda *_: None), None) as fake:  # it has no record
            port = fake.address.rpartition(":")[2]
            (here / ".nrepl-port").write_text(port)
            watching.wait_for("joined", address=f"localhost:{port}")
            (here / ".nrepl-port").unlink()
            watching.wait_for("left", address=f"localhost:{port}")

        assert [each["event"] for each in watching.told] == ["joined", "left"] * 2
        watching.process.send_signal(signal.SIGINT)
        assert watching.process.communicate(timeout=LONG)[1] == b""
        assert watching.process.returncode == 0


def test_what_is_there_is_told_first_and_how_it_is_when_that_changes(here: Path) -> None:
    with PythonProgram("./app.sock") as program:
        pid = program.process.pid
        program.process.send_signal(signal.SIGSTOP)
        with Watching(directory=here) as watching:
            watching.wait_for("joined", pid=pid, state="busy")
            program.process.send_signal(signal.SIGCONT)
            with PythonProgram("./other.sock"):  # somebody comes: all are looked at again
                watching.wait_for("changed", pid=pid, state="live")


def test_the_end_of_a_process_is_seen_by_itself(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves its socket and its record: no file tells of it."""
    monkeypatch.setattr("repl_connect.live_servers._AGAIN", ())
    told: SimpleQueue[list[Change]] = SimpleQueue()
    with (
        PythonProgram("./app.sock") as program,
        LiveServers(told.put, str(here)) as live,
    ):
        ((event, server),) = told.get(timeout=LONG)
        assert (event, server.pid) == ("joined", program.process.pid)
        assert live.servers == [server]
        program.process.kill()
        assert told.get(timeout=LONG) == [Change("left", server)]
        assert live.servers == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seconds", "1"], "--seconds says how to look on the network: give --lan too."),
        (["--interface", "127.0.0.1"], "--interface says how to look on the network"),
        (["--watch", "--addresses"], "leave out --addresses"),
        (["--lan", "--addresses"], "leave out --lan"),
        (["--watch", "--lan", "--seconds", "1"], "leave out --seconds"),
    ],
)
def test_options_that_make_no_sense_together(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main_exit(["list", *arguments]) == 2
    assert words in capsys.readouterr().err
