"""`repl-connect doctor`: what is wrong, and what to type."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from client import command
from client.command import Finished, repl_connect
from client.fakes import FakeServer, Talk
from client.programs import Clojure, PythonProgram
from guile.programs import GuileProgram
from terminal import Terminal

import repl_server
from repl_connect import __version__

NOBODY = 65_534


@pytest.fixture(autouse=True)
def surroundings(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything as it should be, and nothing of the machine's own."""
    (directory / "config.toml").touch()
    (directory / "project").mkdir()
    monkeypatch.setenv("REPL_CONNECT_CONFIG", str(directory / "config.toml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(directory / "state"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.chdir(directory / "project")
    for name in ("REPL_CONNECT_TOKEN", "REPL_CONNECT_TOKEN_FILE", "VISUAL", "EDITOR", "PAGER"):
        monkeypatch.delenv(name, raising=False)


def findings(*arguments: str, code: int = 0) -> dict[str, list[dict[str, Any]]]:
    """What it finds, by topic."""
    done = repl_connect("doctor", *arguments, "--json")
    assert done.code == code, done
    report = json.loads(done.out)
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in report["findings"]:
        found.setdefault(finding["topic"], []).append(finding)
    assert report["wrong"] == sum(each["state"] == "wrong" for each in report["findings"])
    return found


def states(found: list[dict[str, Any]]) -> list[str]:
    return [each["state"] for each in found]


class TestThisMachine:
    def test_all_is_well(self) -> None:
        done = repl_connect("doctor")
        assert (done.code, done.err) == (0, "")
        assert __version__ in done.out
        assert done.out.endswith("\nNothing is wrong.\n")
        assert "WRONG" not in done.out

    def test_versions_and_places(self, directory: Path) -> None:
        found = findings()
        for topic in ("repl-connect", "Python", "prompt_toolkit", "pygments", "runtime files"):
            assert states(found[topic]) == ["ok"]
        assert str(directory / "state") in found["history"][0]["fact"]

    def test_on_a_terminal_it_says_which(self) -> None:
        command_line = [*command.COMMAND, "doctor"]
        with Terminal(command_line, columns=100, rows=40) as terminal:
            terminal.wait_for("Nothing is wrong.")
            assert "TERM=xterm-256color, 100 columns, 40 rows" in terminal.all_text
            assert terminal.wait_exit() == 0

    def test_a_dumb_terminal(self) -> None:
        command_line = [*command.COMMAND, "doctor"]
        with Terminal(command_line, columns=100, environment={"TERM": "dumb"}) as terminal:
            terminal.wait_for("1 thing is wrong")
            assert "no line editing" in terminal.all_text
            assert "-> export TERM=" in terminal.all_text
            assert terminal.wait_exit() == 1

    def test_a_locale_that_can_not_show_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONIOENCODING", "ascii")
        (text,) = findings(code=1)["text"]
        assert (text["state"], text["advice"]) == ("wrong", "export LANG=C.UTF-8")

    def test_no_colours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        assert findings()["colours"][0]["fact"] == "none (NO_COLOR)"

    def test_a_configuration_with_a_slip(self, directory: Path) -> None:
        (directory / "config.toml").write_text("[prompt]\nthem = 1\n")
        (problem,) = findings(code=1)["configuration"]
        assert "config.toml:2" in problem["fact"]
        assert "repl-connect config check" in problem["advice"]

    def test_a_history_that_can_not_be_written(
        self, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (directory / "file").touch()
        monkeypatch.setenv("XDG_STATE_HOME", str(directory / "file"))
        assert states(findings(code=1)["history"]) == ["wrong"]

    def test_a_runtime_directory_that_others_may_enter(
        self, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        runtime = directory / "runtime"
        (runtime / "repl-server").mkdir(parents=True, mode=0o755)
        (runtime / "repl-server").chmod(0o755)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        (problem,) = findings(code=1)["runtime files"]
        assert problem["state"] == "wrong"
        assert str(runtime) in problem["fact"]

    def test_a_token_that_others_may_read(
        self, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = directory / "token"
        token.write_text("a secret of some length")
        token.chmod(0o644)
        monkeypatch.setenv("REPL_CONNECT_TOKEN_FILE", str(token))
        (problem,) = findings(code=1)["token"]
        assert problem["advice"] == f"chmod 600 {token}"
        subprocess.run(problem["advice"].split(), check=True, timeout=10)
        assert states(findings()["token"]) == ["ok"]

    def test_an_editor_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EDITOR", "no-such-editor --wait")
        assert states(findings(code=1)["EDITOR"]) == ["wrong"]

    def test_what_is_live_and_what_is_stale(self) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("old.sock")
        with repl_server.serve("./app.sock", namespace={}):
            found = findings()
        assert "./app.sock" in found["live"][0]["fact"]
        assert found["stale"][0]["advice"] == "rm ./old.sock"


class TestAnAddress:
    def test_a_python_server(self, python: PythonProgram) -> None:
        found = findings(python.address)
        assert str(python.process.pid) in found["record"][0]["fact"]
        assert "its record, or a port file" in found["evidence"][0]["fact"]
        assert found["speaks"][0]["fact"] == "nREPL"
        assert "Python 3" in found["who"][0]["fact"]
        assert "eval" in found["ops"][0]["fact"]
        assert " ms " in found["round trip"][0]["fact"]
        assert all(states(each) == ["ok"] * len(each) for each in found.values())

    def test_one_without_a_record(
        self, python: PythonProgram, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (directory / "other").mkdir(mode=0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory / "other"))
        found = findings(python.address)
        assert "record" not in found
        assert [each["fact"] for each in found["evidence"]][1:] == [
            "it said nothing",
            "it answered an nREPL message",
        ]
        assert str(python.process.pid) in found["process"][0]["fact"]

    def test_guile(self, guile: GuileProgram) -> None:
        found = findings(guile.address)
        assert f"{guile.process.pid}: guile" in found["process"][0]["fact"]
        assert f"its process is guile (pid {guile.process.pid})" in found["evidence"][0]["fact"]
        assert "it greeted with 'GNU Guile 3." in found["evidence"][1]["fact"]
        assert found["speaks"][0]["fact"] == "Guile, which is adapted here"
        assert "Guile 3" in found["who"][0]["fact"]
        guile.turn()

    def test_no_round_trip_is_told_of_that_never_left_this_process(self, directory: Path) -> None:
        def greet(talk: Talk) -> None:
            talk.say(b"You are user433.\n")
            talk.read_to_end()

        with FakeServer(greet, directory) as fake:
            found = findings(fake.address)
        assert found["speaks"][0]["fact"] == "lines of text, which is adapted here"
        assert "round trip" not in found

    def test_a_prompt_that_several_repls_have(self, place: Path | None) -> None:
        def greet(talk: Talk) -> None:
            talk.say(b"> ")
            talk.read_to_end()

        with FakeServer(greet, place) as server:
            found = findings(server.address)
            assert server.received == b""
        assert found["evidence"][-1]["fact"] == "it shows the prompt '> '"
        assert states(found["speaks"]) == ["ok", "note"]
        assert "--dialect NAME" in found["speaks"][1]["advice"]

    @pytest.mark.parametrize("kind", ["unix", "tcp"])
    def test_clojure(self, clojure: Any, kind: str) -> None:
        server: Clojure = clojure(kind)
        found = findings(server.address)
        assert found["evidence"][-1]["fact"] == "it answered an nREPL message"
        assert found["speaks"][0]["fact"] == "nREPL"
        assert "Clojure" in found["who"][0]["fact"]
        assert f"{server.process.pid}: java" in found["process"][0]["fact"]

    def test_nothing_is_evaluated(self, guile: GuileProgram, python: PythonProgram) -> None:
        repl_connect("eval", python.address, "x = 1")
        findings(python.address)
        assert repl_connect("eval", python.address, "x").out == "1\n"
        findings(guile.address)
        assert repl_connect("eval", guile.address, "*myglobal*").out.startswith("5")

    def test_no_such_socket(self) -> None:
        (problem,) = findings("./none.sock", code=3)["socket file"]
        assert "repl-connect --wait 30 ./none.sock" in problem["advice"]

    def test_a_socket_that_was_left_behind(self) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("old.sock")
        (problem,) = findings("./old.sock", code=3)["connection"]
        assert "nobody listens" in problem["fact"]
        assert "rm ./old.sock" in problem["advice"]

    def test_a_file_that_is_no_socket(self) -> None:
        Path("notes").touch()
        assert "not a socket" in findings("./notes", code=3)["socket file"][0]["fact"]

    def test_a_socket_one_may_not_connect_to(self, directory: Path) -> None:
        directory.chmod(0o755)
        code = (
            "import argparse, locale, os, pwd, sys\n"
            "from repl_connect.cli import doctor, main_exit\n"
            "from repl_connect.doctor import connection, finding\n"
            f"if os.getuid() == 0: os.setuid({NOBODY})  # root may connect to everything\n"
            "sys.exit(main_exit(['doctor', sys.argv[1]]))"
        )
        with FakeServer(Talk.read_to_end, directory) as server:
            Path(server.address).chmod(0o000)
            done = subprocess.run(
                [sys.executable, "-c", code, server.address],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        assert done.returncode == 3, done
        assert "no permission to connect (mode 0, owner " in done.stdout
        assert f"chmod 660 {server.address}" in done.stdout

    def test_what_is_no_repl(self, place: Path | None) -> None:
        def greet(talk: Talk) -> None:
            talk.say(b"HTTP/1.1 400 \x1b[2JBad Request\r\n\r\n")
            talk.read_to_end()

        with FakeServer(greet, place) as server:
            (problem,) = findings(server.address, code=3)["connection"]
            shown = repl_connect("doctor", server.address)
        assert "a web server" in problem["fact"]
        assert "\x1b" not in shown.out

    def test_one_that_says_nothing(self, place: Path | None) -> None:
        with FakeServer(Talk.read_to_end, place) as server:
            (problem,) = findings(server.address, "--timeout", "1", code=3)["connection"]
        assert "says nothing" in problem["fact"]

    def test_an_unknown_machine(self) -> None:
        assert states(findings("no-such-host.invalid:7888", code=3)["host"]) == ["wrong"]

    def test_what_is_no_address(self) -> None:
        done = repl_connect("doctor", "what:ever")
        assert (done.code, done.out) == (2, "")

    def test_for_people_the_advice_is_marked(self) -> None:
        done: Finished = repl_connect("doctor", "./none.sock")
        assert done.code == 3
        assert "WRONG  socket file" in done.out
        assert "\n                         -> " in done.out
        assert done.out.endswith("1 thing is wrong: see above, and what is behind ->.\n")
