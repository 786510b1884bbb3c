"""The other side goes away in the middle of an answer, or starts to talk nonsense."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from client.command import run
from client.fakes import FakeServer, Talk, speaks_nrepl

from repl_server.wire import Message, encode


def test_half_an_answer_of_an_nrepl_server(place: Path | None) -> None:
    def die(talk: Talk, message: Message) -> None:
        whole = encode({"id": message["id"], "value": "a value that never comes whole"})
        talk.say(whole[: len(whole) // 2])

    with FakeServer(speaks_nrepl(die), place) as fake:
        finished = run(fake.address, "1")
    assert (finished.code, finished.out) == (3, "")
    assert finished.err.count("\n") == 1
    assert "Traceback" not in finished.err


def test_an_answer_and_then_the_end(directory: Path) -> None:
    def die(talk: Talk, message: Message) -> None:
        talk.say(encode({"id": message["id"], "out": "so far\n"}))

    with FakeServer(speaks_nrepl(die), directory) as fake:
        finished = run(fake.address, "1")
    assert (finished.code, finished.out) == (3, "so far\n")
    assert "the other side closed the connection" in finished.err


def test_an_answer_that_is_nonsense(directory: Path) -> None:
    def babble(talk: Talk, message: Message) -> None:
        talk.say(encode({"id": message["id"], "out": "so far\n"}) + b"Segmentation fault\n")
        talk.read_to_end()

    with FakeServer(speaks_nrepl(babble), directory) as fake:
        finished = run(fake.address, "1")
    assert (finished.code, finished.out) == (3, "so far\n")
    assert "sent what is no answer" in finished.err


def upgrades(rest: Callable[[Talk, bytes], None]) -> Callable[[Talk], None]:
    """A fake Guile that takes the upgrade as far as `ready`; `rest` gets its frames' marker."""

    def behave(talk: Talk) -> None:
        talk.say(b"GNU Guile 3.0.8\nEnter `,help' for help.\nscheme@(guile-user)> ")
        while not talk.received.endswith(b"\n"):
            if not talk.read():
                return
        launch = talk.received.decode()
        nonce = launch.partition('(integer->char 30)) "')[2].partition(';"')[0]
        marker = f"\x1e{nonce};".encode()
        ready = {"kind": "ready", "version": "3.0.8", "ns": "(guile-user)", "cooperative": "1"}
        talk.say(marker + encode(ready))
        rest(talk, marker)

    return behave


def test_half_a_frame_of_guile(directory: Path) -> None:
    def die(talk: Talk, marker: bytes) -> None:
        while b"4:eval" not in talk.received:
            talk.read()
        frames = marker + encode({"id": "1", "out": "so far\n"}) + marker
        talk.say(frames + encode({"kind": "done", "id": "1"})[:9])

    with FakeServer(upgrades(die), directory) as fake:
        finished = run(fake.address, "1")
    assert (finished.code, finished.out) == (3, "so far\n")
    assert finished.err.count("\n") == 1
    assert "closed the connection" in finished.err
