"""Connecting to what is no REPL, to what is known by what it says, and to what says nothing."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest
from client.command import COMMAND, refused
from client.fakes import FakeServer, Talk, silence
from client.programs import stuck_guile
from driver import LONG, Client
from terminal import Terminal

from repl_connect.address import parse_address
from repl_connect.connect import reach
from repl_connect.dialects import DIALECTS
from repl_server.wire import encode

SHORT = ("--timeout", "1")
PROBE = encode({"op": "describe", "id": "0"})


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


@pytest.mark.parametrize("guile", [False, True])
def test_the_user_is_told_what_is_waited_for(directory: Path, guile: bool) -> None:
    with contextlib.ExitStack() as stack:
        if guile:
            address, words = stack.enter_context(stuck_guile(directory)), "its program's next poll"
        else:
            address = stack.enter_context(FakeServer(silence, directory)).address
            words = "it has said nothing yet"
        terminal = stack.enter_context(Terminal([*COMMAND, address], columns=150))
        terminal.wait_for(words)


def test_the_user_is_told_of_a_prompt_that_several_repls_have(directory: Path) -> None:
    def greet(talk: Talk) -> None:
        talk.say(b"> ")
        talk.read_to_end()

    with (
        FakeServer(greet, directory) as fake,
        Terminal([*COMMAND, fake.address], columns=150) as terminal,
    ):
        terminal.wait_for("Which REPL shows '> ' is not certain")
        terminal.wait_for("--dialect NAME")


def test_no_round_trip_is_shown_of_that_never_left_this_process(directory: Path) -> None:
    def greet(talk: Talk) -> None:
        talk.say(b"Welcome\n")
        talk.read_to_end()

    with (
        FakeServer(greet, directory) as fake,
        Terminal([*COMMAND, fake.address], columns=150) as terminal,
    ):
        terminal.wait_for("Welcome")
        terminal.enter(",connection")
        terminal.wait_for("client      repl-connect")
        assert "found out" in terminal.text
        assert "round trip" not in terminal.text


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


def test_an_echo_server_is_lines_of_text(place: Path | None) -> None:
    def echo(talk: Talk) -> None:
        while data := talk.read():
            talk.say(data)

    with FakeServer(echo, place) as fake, Client(fake.address) as client:
        assert client.link.dialect == "line"
        assert client.link.evidence[-1] == "it sent an nREPL message back as it was"


@pytest.mark.parametrize(
    ("greeting", "dialect"),
    [
        (b">>> ", "python"),
        (b"user=> ", "clojure"),
        (b"This is SBCL 2.2.9\n* ", "sbcl"),
        (b"> ", "prompt"),
        (b"connected\n", "line"),
    ],
    ids=repr,
)
def test_whoever_has_spoken_is_never_probed(
    place: Path | None, greeting: bytes, dialect: str
) -> None:
    def greet(talk: Talk) -> None:
        for at in range(len(greeting)):
            talk.say(greeting[at : at + 1])
        talk.read_to_end()

    with FakeServer(greet, place) as fake:
        stream, channel = reach(parse_address(fake.address))
        stream.close()
        assert isinstance(channel, type(DIALECTS[dialect].channel()))
        assert fake.received == b""


@pytest.mark.parametrize(
    ("greeting", "says"),
    [
        (b"\xff\xfd\x18\xff\xfd\x20", "telnet"),
        (b"HTTP/1.0 400 Bad Request\r\n\r\n", "web server"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH server"),
    ],
    ids=repr,
)
def test_what_is_no_repl_is_refused_with_a_reason(
    directory: Path, greeting: bytes, says: str
) -> None:
    def greet(talk: Talk) -> None:
        talk.say(greeting)
        talk.read_to_end()

    with FakeServer(greet, directory) as fake:
        text = refused(fake.address)
        assert fake.received == b""
    assert says in text


def test_a_web_server_that_waits_for_a_request(directory: Path) -> None:
    def web(talk: Talk) -> None:
        talk.read()
        talk.say(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with FakeServer(web, directory) as fake:
        assert "web server" in refused(fake.address)


def test_a_web_server_that_answers_with_a_page_alone(directory: Path) -> None:
    """Python's `http.server` does, to what is no request."""

    def web(talk: Talk) -> None:
        while b"\n" not in talk.received and talk.read():
            pass
        talk.say(b'<!DOCTYPE HTML>\n<html lang="en">\n</html>\n')

    with FakeServer(web, directory) as fake:
        assert "web server" in refused(fake.address)


def test_telephone_taken_for_swank_is_told_how_it_is_reached(directory: Path) -> None:
    with FakeServer(silence, directory) as fake:
        text = refused(fake.address, *SHORT, "--dialect", "swank")
    assert "taken for Swank" in text
    assert "http://HOST:PORT" in text


def test_a_server_of_lines_gets_none_of_the_probe_as_the_users(directory: Path) -> None:
    """It greets late, with half a line of ours in its hands: it is left, and entered anew."""

    def late(talk: Talk) -> None:
        if len(fake.talks) == 1:
            talk.read()
        talk.say(b"Welcome\n")
        talk.read_to_end()

    with FakeServer(late, directory) as fake, Client(fake.address) as client:
        assert client.link.dialect == "line"
        client.evaluate("hello")
        assert client.link.run_until(lambda: bool(client.late), LONG)
        client.link.close()
        assert fake.talks[0].received == PROBE
        fake.wait()
        assert fake.talks[1].received == b"hello\n"


@pytest.mark.parametrize("flood", [b"tick tock\n" * 1000, b"\0" * 10_000])
def test_it_talks_without_end(directory: Path, flood: bytes) -> None:
    def talk_on(talk: Talk) -> None:
        while True:
            talk.say(flood)

    with FakeServer(talk_on, directory) as fake:
        stream, channel = reach(parse_address(fake.address))
        stream.close()
        assert isinstance(channel, type(DIALECTS["line"].channel()))


def test_it_says_a_little_again_and_again(directory: Path) -> None:
    """It is never silent for long; what it has said decides after a while all the same."""

    def tick(talk: Talk) -> None:
        talk.stream.settimeout(0.1)
        while True:
            talk.say(b"tick\n")
            with contextlib.suppress(TimeoutError):
                if not talk.read():
                    return

    with FakeServer(tick, directory) as fake, Client(fake.address) as client:
        assert client.link.dialect == "line"


def test_it_closes_at_once(place: Path | None) -> None:
    with FakeServer(lambda talk: None, place) as fake:
        text = refused(fake.address)
    assert "closed the connection at once" in text or "was lost" in text


def test_it_closes_when_probed_and_is_no_swank_either(place: Path | None) -> None:
    def leave(talk: Talk) -> None:
        talk.read()

    with FakeServer(leave, place) as fake:
        text = refused(fake.address)
        assert fake.talks[0].received == PROBE
    assert "closed the connection on an nREPL message" in text
    assert "--dialect prompt" in text


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
