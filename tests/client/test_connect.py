"""Connecting: to what is a REPL, and to everything that is none. Each failure is a sentence."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from client.command import Finished, refused, run
from client.fakes import FakeServer, Talk, speaks_nrepl
from client.programs import Clojure, PythonProgram
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
    assert "guile, nrepl" in text


# Something there that is no REPL.


def silence(talk: Talk) -> None:
    talk.read_to_end()


def test_it_says_what_is_no_answer(place: Path | None) -> None:
    def begin(talk: Talk) -> None:
        talk.read()
        talk.say(b"d6:status")
        talk.read_to_end()

    with FakeServer(begin, place) as fake:
        text = refused(fake.address, *SHORT)
    assert "it said 'd6:status' and no more" in text
    assert "says nothing" not in text


def test_it_accepts_and_says_nothing(place: Path | None) -> None:
    with FakeServer(silence, place) as fake:
        text = refused(fake.address, *SHORT)
        assert fake.received == PROBE
    assert "says nothing (1 second" in text
    assert "busy" in text


def test_it_never_accepts(directory: Path) -> None:
    path = str(directory / "app.sock")
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(path)
        listener.listen(0)
        while True:  # until its queue is full
            stream = stack.enter_context(socket.socket(socket.AF_UNIX))
            stream.setblocking(False)
            try:
                stream.connect(path)
            except BlockingIOError:
                break
        assert "accepts no connections" in refused(path, *SHORT)


def test_an_echo_server(place: Path | None) -> None:
    def echo(talk: Talk) -> None:
        while data := talk.read():
            talk.say(data)

    with FakeServer(echo, place) as fake:
        assert "echo server" in refused(fake.address, *SHORT)


def test_an_echo_server_that_is_slow(directory: Path) -> None:
    def echo(talk: Talk) -> None:
        data = talk.read()
        for at in range(len(data)):
            talk.say(data[at : at + 1])
        talk.read_to_end()

    with FakeServer(echo, directory) as fake:
        assert "echo server" in refused(fake.address, *SHORT)


@pytest.mark.parametrize(
    ("greeting", "says"),
    [
        (b"Python 3.11.7 (main)\nType help\n>>> ", "a Python console"),
        (b">>> ", "a Python console"),
        (b"user=> ", "Clojure"),
        (b"my.app.core=> ", "Clojure"),
        (b"This is SBCL 2.2.9\n* ", "SBCL"),
        (b"* ", "SBCL"),
        (b"> ", "`> `"),
        (b"\xff\xfd\x18\xff\xfd\x20", "telnet"),
        (b"HTTP/1.0 400 Bad Request\r\n\r\n", "web server"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH server"),
        (b"Welcome to the chat!\nYour name: ", "'Welcome to the chat!'"),
        (b"\x1b[2J\x1b[31mRed\n", r"'\x1b[2J\x1b[31mRed'"),
        (b"G", "'G'"),
    ],
    ids=repr,
)
def test_whoever_has_spoken_is_named_and_never_probed(
    directory: Path, greeting: bytes, says: str
) -> None:
    def greet(talk: Talk) -> None:
        talk.say(greeting)
        talk.read_to_end()

    with FakeServer(greet, directory) as fake:
        text = refused(fake.address)
        assert fake.received == b""
    assert says in text
    assert "\x1b" not in text


def test_a_greeting_in_pieces(directory: Path) -> None:
    def greet(talk: Talk) -> None:
        for byte in b"Python 3.11.7\n>>> ":
            talk.say(bytes([byte]))
        talk.read_to_end()

    with FakeServer(greet, directory) as fake:
        assert "a Python console" in refused(fake.address)
        assert fake.received == b""


def test_a_web_server_that_waits_for_a_request(directory: Path) -> None:
    def web(talk: Talk) -> None:
        talk.read()
        talk.say(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with FakeServer(web, directory) as fake:
        assert "web server" in refused(fake.address)


@pytest.mark.parametrize("answer", [b"ERR unknown command\r\n", b"de", b"d1:ai5ee", b"dx", b"d1:a"])
def test_an_answer_to_the_probe_that_is_no_description(directory: Path, answer: bytes) -> None:
    def odd(talk: Talk) -> None:
        talk.read()
        talk.say(answer)
        talk.read_to_end()

    with FakeServer(odd, directory) as fake:
        refused(fake.address, *SHORT)


def test_it_talks_without_end(directory: Path) -> None:
    def flood(talk: Talk) -> None:
        while True:
            talk.say(b"tick tock\n" * 1000)

    with FakeServer(flood, directory) as fake:
        assert "'tick tock'" in refused(fake.address)


def test_it_closes_at_once(place: Path | None) -> None:
    with FakeServer(lambda talk: None, place) as fake:
        text = refused(fake.address)
    assert "closed the connection at once" in text or "was lost" in text


def test_it_closes_when_probed(place: Path | None) -> None:
    def leave(talk: Talk) -> None:
        talk.read()

    with FakeServer(leave, place) as fake:
        refused(fake.address)


def test_it_opens_no_session(directory: Path) -> None:
    def busy(talk: Talk) -> None:
        message = talk.read_message()
        assert message is not None
        talk.reply(message, ops={"clone": {}, "eval": {}})
        talk.read_to_end()

    with FakeServer(busy, directory) as fake:
        assert "opened no session" in refused(fake.address, *SHORT)


def test_it_refuses_a_session(directory: Path) -> None:
    def full(talk: Talk) -> None:
        while (message := talk.read_message()) is not None:
            if message["op"] == "describe":
                talk.reply(message, ops=["clone", "eval"])
            else:
                talk.reply(message, status=["done", "error"], err="No more sessions today.\n")

    with FakeServer(full, directory) as fake:
        assert "No more sessions today." in refused(fake.address)


def test_a_refusal_is_shown_without_its_escapes(directory: Path) -> None:
    def rude(talk: Talk) -> None:
        while (message := talk.read_message()) is not None:
            if message["op"] == "describe":
                talk.reply(message, ops=["clone", "eval"])
            else:
                talk.reply(message, status=["done", "error"], err="\x1b[2JNo.\n")

    with FakeServer(rude, directory) as fake:
        assert "^[[2JNo." in refused(fake.address)


# Guile.


def test_something_like_guile_that_greets_after_the_probe(directory: Path) -> None:
    def late(talk: Talk) -> None:
        talk.read()
        talk.say(b"GNU Guile 3.0.8\nCopyright\nEnter `,help' for help.\nscheme@(guile-user)> ")
        talk.read_to_end()

    with FakeServer(late, directory) as fake:
        text = refused(fake.address)
    assert "greeted late" in text
    assert "--dialect guile" in text


def test_forced_to_guile_nothing_is_probed(directory: Path) -> None:
    with FakeServer(silence, directory) as fake:
        text = refused(fake.address, "--dialect", "guile", *SHORT)
        assert fake.received == b""
    assert "opened no session" in text


@pytest.fixture
def stuck_guile(directory: Path) -> Iterator[str]:
    """A cooperative server that is never polled."""
    if GUILE is None:
        pytest.skip("guile is not installed")
    path = directory / "guile-socket"
    code = (
        "(use-modules (system repl coop-server) (system repl server))"
        f'(spawn-coop-repl-server (make-unix-domain-server-socket #:path "{path}"))'
        '(display "listening\\n") (force-output) (pause)'
    )
    with subprocess.Popen(
        [GUILE, "--no-auto-compile", "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        with socket.socket(socket.AF_UNIX) as probe:
            while probe.connect_ex(str(path)):
                pass
        yield str(path)
        process.kill()


def test_a_guile_that_is_never_polled(stuck_guile: str) -> None:
    text = refused(stuck_guile, *SHORT)
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
