"""`repl-connect list`: what is live, and what only seems to be."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client.command import Finished, repl_connect
from client.fakes import FakeServer, Talk, speaks_nrepl
from client.programs import PythonProgram
from guile.programs import GuileProgram, free_port

import repl_server
from repl_server.network.records import add_record, remove_record


@pytest.fixture
def here(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's directory, with nothing in it."""
    monkeypatch.setenv("REPL_CONNECT_CONFIG", str(directory / "config.toml"))
    (directory / "config.toml").touch()
    path = directory / "project"
    path.mkdir()
    return path


def listed(here: Path) -> list[dict[str, Any]]:
    done = repl_connect("list", "--json", directory=here)
    assert done.code == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


def stale_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def test_nothing_is_live(here: Path) -> None:
    done = repl_connect("list", directory=here)
    assert (done.code, done.out) == (0, "")
    assert "Nothing is live here" in done.err
    assert "repl-connect --python" in done.err
    assert repl_connect("list", "--json", directory=here).out == ""


def test_a_python_server_of_this_directory(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)
    with PythonProgram("./app.sock") as program:
        (found,) = listed(here)
        assert found["address"] == str(here / "app.sock")
        assert found["pid"] == program.process.pid
        assert (found["state"], found["local"], found["embedded"]) == ("live", True, False)
        assert (found["language"], found["mode"]) == ("python", "threads")
        assert found["directory"] == str(here)
        assert found["clients"] == 0
        header, row = repl_connect("list", directory=here).out.splitlines()
        assert header.split()[0] == "ADDRESS"
        assert row.split()[0] == "./app.sock"
        assert str(program.process.pid) in row


def test_seen_from_elsewhere_it_is_listed_and_not_local(
    here: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here)
    with PythonProgram("./app.sock"):
        elsewhere = directory / "elsewhere"
        elsewhere.mkdir()
        (found,) = listed(elsewhere)
        assert not found["local"]
        below = here / "src" / "deep"
        below.mkdir(parents=True)
        (found,) = listed(below)
        assert found["local"]


def test_guile_is_known_by_its_process_and_left_alone(here: Path) -> None:
    program = GuileProgram(here, cooperative=True)
    try:
        program.turn()
        program.turn()  # it has taken up the connection that showed it was ready
        threads = program.threads()
        (found,) = listed(here)
        assert (found["state"], found["language"]) == ("unasked", "guile")
        assert found["pid"] == program.process.pid
        program.turn()
        program.turn()
        assert program.threads() == threads  # each connection would have started one
    finally:
        program.stop()


def test_a_port_file_is_found_from_below(here: Path) -> None:
    with FakeServer(speaks_nrepl(lambda *_: None), None) as server:
        port = server.address.rpartition(":")[2]
        (here / ".nrepl-port").write_text(port + "\n")
        below = here / "src"
        below.mkdir()
        (found,) = listed(below)
        assert found["address"] == f"localhost:{port}"
        assert (found["state"], found["local"]) == ("live", True)


def test_a_port_file_that_names_nobody(here: Path) -> None:
    port = free_port()
    (here / ".nrepl-port").write_text(str(port))
    done = repl_connect("list", directory=here)
    assert f"./.nrepl-port says {port}, nobody listens there" in done.err
    assert "rm ./.nrepl-port" in done.err


@pytest.mark.parametrize("text", ["", "soon", "99999999", "0", "\0\xff"])
def test_a_port_file_that_holds_no_port(here: Path, text: str) -> None:
    (here / ".nrepl-port").write_bytes(text.encode("latin-1"))
    done = repl_connect("list", directory=here)
    assert done.code == 0
    assert "./.nrepl-port holds no port" in done.err


def test_a_socket_file_that_was_left_behind(here: Path) -> None:
    stale_socket(here / "an app.sock")
    done = repl_connect("list", directory=here)
    assert "./an app.sock: nobody listens there any more" in done.err
    assert "rm './an app.sock'" in done.err
    assert (here / "an app.sock").exists()


def test_what_listens_and_is_no_repl(here: Path) -> None:
    def greet(talk: Talk) -> None:
        talk.say(b"220 mail \x1b]0;owned\x07 ready\r\n")
        talk.read_to_end()

    with FakeServer(greet, here) as fake:
        done = repl_connect("list", directory=here)
    assert done.code == 0
    assert f"repl-connect: ./{Path(fake.address).name}: it says" in done.err  # as in the table
    assert "shows no prompt; is it a REPL?" in done.err
    assert "\x1b" not in done.err


@pytest.mark.parametrize(
    ("greeting", "language"),
    [(b"user=> ", "clojure"), (b">>> ", "python"), (b"(gdb) ", None)],
    ids=repr,
)
def test_what_is_no_nrepl_is_known_by_its_prompt_and_left_alone(
    here: Path, greeting: bytes, language: str | None
) -> None:
    def greet(talk: Talk) -> None:
        talk.say(greeting)
        talk.read_to_end()

    with FakeServer(greet, here) as fake:
        (found,) = listed(here)
        assert fake.received == b""
    assert (found["state"], found["language"]) == ("unasked", language)


def test_a_server_that_does_not_answer_in_time(here: Path) -> None:
    """It has a record, and accepts connections: it is there all the same."""
    with FakeServer(Talk.read_to_end, here) as server:
        address = f"unix:{os.path.realpath(server.address)}"
        add_record(address)
        try:
            (found,) = listed(here)
        finally:
            remove_record(address)
    assert (found["state"], found["pid"]) == ("busy", os.getpid())


def test_a_server_that_wants_a_token(here: Path) -> None:
    with repl_server.serve(here / "app.sock", namespace={}, token="a secret of some length"):
        (found,) = listed(here)
        assert found["state"] == "token"
        assert "wants a token" in repl_connect("list", directory=here).out


def test_names_from_elsewhere_cannot_write_to_the_terminal(here: Path) -> None:
    name = "a\x1b[2Jb.sock"
    stale_socket(here / name)
    assert "\x1b" not in repl_connect("list", directory=here).err


class TestAddresses:
    """What shells complete."""

    @pytest.fixture
    def done(self, here: Path, directory: Path) -> Iterator[Finished]:
        (directory / "config.toml").write_text('[partners.game]\naddress = "./g.sock"\n')
        with repl_server.serve(here / "app.sock", namespace={}):
            yield repl_connect("list", "--addresses", directory=here)

    def test_live_ones_and_partners(self, done: Finished) -> None:
        assert done == (0, "./app.sock\n@game\n", "")
