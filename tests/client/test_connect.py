"""Connecting: to what is a REPL, and to everything that is none. Each failure is a sentence."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from client.command import Finished, refused, run
from client.fakes import FakeServer, Talk, silence, speaks_nrepl
from client.programs import Clojure, PythonProgram, stuck_guile
from driver import Client
from guile.programs import GUILE, GuileProgram, free_port

from repl_server.wire import Message, encode

SHORT = ("--timeout", "1")
PROBE = encode({"op": "describe", "id": "0"})


# Nothing there.


def test_no_such_socket(directory: Path) -> None:
    text = refused(f"{directory}/none.sock")
    assert "there is no such socket" in text
    assert "Is the program running" in text


def test_a_stale_socket_file(directory: Path) -> None:
    path = str(directory / "stale.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
    text = refused(path)
    assert "nobody listens there any more" in text
    assert f"rm {path}" in text


def test_a_directory_names_the_sockets_in_it(directory: Path) -> None:
    empty = directory / "empty"
    empty.mkdir()
    assert "There is no socket in it" in refused(str(empty))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "app.sock"))
        (directory / "file.txt").touch()
        text = refused(f"{directory}/")
    assert "this is a directory" in text
    assert str(directory / "app.sock") in text
    assert "file.txt" not in text


def test_a_directory_with_a_broken_link_in_it(directory: Path) -> None:
    (directory / "link").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "app.sock"))
        assert str(directory / "app.sock") in refused(f"{directory}/")


def test_a_regular_file(directory: Path) -> None:
    (directory / "notes.txt").write_text("x")
    text = refused(f"{directory}/notes.txt")
    assert "this is a file, not a socket" in text


def test_a_path_through_a_file(directory: Path) -> None:
    (directory / "notes.txt").write_text("x")
    refused(f"{directory}/notes.txt/app.sock")


@pytest.mark.parametrize("what", ["the socket", "its directory"])
def test_no_permission(directory: Path, what: str) -> None:
    """Root may do everything, so for root somebody else tries; others shut themselves out."""
    place = directory / "private"
    place.mkdir()
    path = place / "app.sock"
    code = (
        "import os, pwd, sys\n"
        "from repl_connect.cli import main_exit\n"
        "main_exit(['eval', '/nowhere/x', '1'])\n"  # imports what somebody else may not read
        "print(file=sys.stderr)\n"
        "if os.getuid() == 0: os.setgroups([]); os.setuid(65534)\n"
        "sys.exit(main_exit(['eval', sys.argv[1], '1']))"
    )
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        directory.chmod(0o755)
        path.chmod(0 if what == "the socket" else 0o666)
        place.chmod(0o755 if what == "the socket" else 0)
        command = [sys.executable, "-c", code, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        place.chmod(0o700)
    assert done.returncode == 3, done
    said = done.stderr.partition("\n\n")[2]
    assert "no permission to connect" in said
    assert "become that user" in said
    assert said.count("\n") == 1


def test_a_path_that_is_too_long(directory: Path) -> None:
    text = refused(f"{directory}/{'x' * 120}.sock", code=2)
    assert "107" in text
    assert "Go to its directory" in text


def test_a_relative_path_from_the_sockets_directory(directory: Path, python: PythonProgram) -> None:
    with contextlib.chdir(directory):
        assert run("./app.sock", "6 * 7") == Finished(0, "42\n", "")
        assert run("app.sock", "6 * 7") == Finished(0, "42\n", "")


def test_a_closed_port() -> None:
    assert "nobody listens on that port" in refused(f"127.0.0.1:{free_port()}")


def test_a_host_nobody_knows() -> None:
    text = refused("no-such-host.invalid:7888")
    assert "there is no machine of the name 'no-such-host.invalid'" in text


def test_no_address_at_all() -> None:
    assert "host:port, or a port" in refused("nothing-like-it", code=2)


def test_a_dialect_there_is_none_of(python: PythonProgram) -> None:
    text = refused(python.address, "--dialect", "cobol", code=2)
    assert "guile" in text
    assert "nrepl" in text


# Guile.


def test_a_guile_that_greets_after_the_probe_is_upgraded_all_the_same(directory: Path) -> None:
    """The probe was the beginning of a form. The level that its error entered is left again."""

    def late(talk: Talk) -> None:
        talk.read()
        talk.say(b"GNU Guile 3.0.8\nEnter `,help' for help.\nscheme@(guile-user)> ")
        talk.read()
        talk.say(b"Unbound variable: d2:id1\nscheme@(guile-user) [1]> ")
        talk.read()
        talk.say(b"scheme@(guile-user)> ")
        talk.read_to_end()

    with FakeServer(late, directory) as fake:
        assert "opened no session" in refused(fake.address, "--timeout", "3")
        sent = fake.received
    assert sent.startswith(PROBE + b"\n,q\n,option interp ")


def test_forced_to_guile_nothing_is_probed(directory: Path) -> None:
    with FakeServer(silence, directory) as fake:
        text = refused(fake.address, "--dialect", "guile", *SHORT)
        assert fake.received == b""
    assert "opened no session" in text


def test_a_guile_that_is_never_polled(directory: Path) -> None:
    with stuck_guile(directory) as address:
        text = refused(address, *SHORT)
    assert "this is Guile" in text
    assert "poll-coop-repl-server" in text


@pytest.mark.parametrize("tcp", [False, True], ids=["unix", "tcp"])
def test_a_guile_that_polls_seldom_is_waited_for_and_not_probed(directory: Path, tcp: bool) -> None:
    if GUILE is None:
        pytest.skip("guile is not installed")
    program = GuileProgram(directory, cooperative=True, tcp=tcp, pause=0.8)
    try:
        with Client(program.address) as client:
            assert client.link.greeting is not None
            assert client.link.greeting.startswith("Guile")
            assert client.value("(+ 40 2)") == "42"
    finally:
        program.stop()


# Real nREPL servers.


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_clojure(clojure: Callable[[str], Clojure], kind: str) -> None:
    program = clojure(kind)
    with Client(program.address) as client:
        description = client.link.session.description
        assert description is not None
        assert description.language == "clojure"
        assert client.value("(* 6 7)") == "42"
        assert client.link.session.namespace == "user"
        outcome = client.evaluate("(/ 1 0)")
        assert outcome.failed is not None
    finished = run(program.address, '(println "out") (* 6 7)')
    assert (finished.code, finished.out) == (0, "out\nnil\n42\n")
    assert run(program.address, "(/ 1 0)").code == 1


@pytest.mark.parametrize("address", ["./app.sock", "localhost:0"])
@pytest.mark.parametrize("recorded", [True, False], ids=["by its record", "by asking it"])
def test_our_own_server(
    directory: Path, address: str, recorded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory)
    with PythonProgram(address) as program:
        if not recorded:
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory / "elsewhere"))
        with Client(program.address) as client:
            assert client.link.greeting is not None
            assert client.link.greeting.startswith("Python 3.")
            assert client.value("6 * 7") == "42"


def test_a_port_file_says_that_nrepl_is_spoken(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(talk: Talk, message: Message) -> None:
        talk.say(encode({"id": message["id"], "value": "yes"}))
        talk.reply(message)
        talk.read_to_end()

    with FakeServer(speaks_nrepl(answer), None) as fake:
        (directory / ".nrepl-port").write_text(fake.address.rpartition(":")[2] + "\n")
        below = directory / "a" / "b"
        below.mkdir(parents=True)
        monkeypatch.chdir(below)
        assert run(fake.address, "1") == Finished(0, "yes\n", "")
        assert PROBE not in fake.received


def test_the_socket_is_the_owners_alone(python: PythonProgram) -> None:
    assert stat.S_IMODE(os.stat(python.address).st_mode) == 0o600


def test_a_tcp_connection_through_a_relay_is_asked(directory: Path, python: PythonProgram) -> None:
    """Whoever accepts is not the server: neither its record nor its process tells."""
    socat = shutil.which("socat")
    if socat is None:
        pytest.skip("socat is not installed")
    port = free_port()
    listen = f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork"
    with subprocess.Popen([socat, listen, f"UNIX-CONNECT:{python.address}"]) as relay:
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", port)):
                pass
        assert run(f"127.0.0.1:{port}", "6 * 7") == Finished(0, "42\n", "")
        relay.terminate()
