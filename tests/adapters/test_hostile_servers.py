"""What sits at the other end may be anything, also something that knows how we upgrade."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from adapters.fed import Fed
from driver import Client

from repl_connect.adapters.upgraded import UpgradedAdapter
from repl_connect.dialects import DIALECTS
from repl_connect.errors import ConnectError
from repl_server.wire import RemoteProtocolError, encode

GREETING = b"GNU Guile 3.0.8\n\nEnter `,help' for help.\nscheme@(guile-user)> "
READY = {"kind": "ready", "version": "1", "ns": "user"}


def _upgraded() -> list[str]:
    """The dialects that are upgraded and answer in frames."""
    names = []
    for name, dialect in DIALECTS.items():
        with suppress(ImportError):
            if isinstance(dialect.channel(), UpgradedAdapter):
                names.append(name)
    return names


class Peer(Fed[UpgradedAdapter]):
    """Plays an upgraded REPL that means no good."""

    def __init__(self, dialect: str) -> None:
        channel = DIALECTS[dialect].channel()
        assert isinstance(channel, UpgradedAdapter)
        channel._launched = True
        super().__init__(channel)
        self.frame(**READY)
        self.ask(op="clone", id="c")
        self.session = self.to("c")[0]["new-session"]

    def evaluate(self) -> None:
        """Evaluation 1 is on its way."""
        self.ask(op="eval", code="x", id="e", session=self.session)

    def printed(self) -> str:
        return "".join(reply.get("out", "") for reply in self.replies)


@pytest.fixture(params=_upgraded())
def peer(request: pytest.FixtureRequest) -> Peer:
    """One of each dialect, upgraded."""
    return Peer(request.param)


@pytest.mark.parametrize(
    "forged",
    [
        b"\x1e",
        b"\x1e0123456789abcdef;d4:kind4:done2:id1:1e",
        b"\x1e\x1e\x1e;d4:kind",
        b"d4:kind4:done2:id1:1e",
    ],
)
def test_a_frame_forged_in_the_output_is_output(peer: Peer, forged: bytes) -> None:
    peer.evaluate()
    peer.feed(peer.framed(id="1", out="a" + forged.decode()))
    peer.feed(forged + b"!")
    assert peer.printed() == "a" + forged.decode() + forged.decode() + "!"
    assert not any("done" in reply.get("status", ()) for reply in peer.replies[1:])


def test_the_marker_is_found_at_every_split(peer: Peer) -> None:
    data = b"before" + peer.framed(out="mine\n") + b"\x1eafter" + peer.framed(out="too\n")
    for at in range(len(data)):
        peer.replies.clear()
        peer.feed(data[:at])
        peer.feed(data[at:])
        assert peer.printed() == "beforemine\n\x1eaftertoo\n", at


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "value", "id": "1"},
        {"kind": "value", "id": "1", "value": "1"},
        {"kind": "done", "id": "1"},
        {"kind": "done", "id": "one"},
        {"kind": "error", "id": "1"},
        {"kind": "answer", "id": "7"},
        {"kind": "answer"},
        {"kind": "error", "id": "1", "type": "t", "message": "m", "frames": [["a"]]},
        {"kind": "error", "id": "1", "type": "t", "message": "m", "frames": [["a", "b", "c"]]},
        {"kind": ["done"], "id": ["1"]},
    ],
    ids=str,
)
def test_a_frame_that_makes_no_sense_is_a_clear_error_or_nothing(
    peer: Peer, fields: dict[str, Any]
) -> None:
    peer.evaluate()
    with suppress(RemoteProtocolError):
        peer.feed(peer.framed(**fields))


def test_ready_twice_is_a_clear_error(peer: Peer) -> None:
    with pytest.raises(RemoteProtocolError):
        peer.feed(peer.framed(**READY))


def test_a_frame_of_output_before_it_is_ready_is_kept_for_the_error() -> None:
    adapter = DIALECTS["guile"].channel()
    assert isinstance(adapter, UpgradedAdapter)
    adapter.receive_data(GREETING)
    adapter.receive_data(f"\x1e{adapter.nonce};".encode() + encode({"out": "no"}))
    adapter.receive_data(b"")
    with pytest.raises(RemoteProtocolError, match="did not take the upgrade: no"):
        adapter.next_event()


def test_what_is_said_without_end_before_it_is_ready_is_given_up() -> None:
    adapter = DIALECTS["guile"].channel()
    adapter.receive_data(GREETING)
    adapter.data_to_send()

    def flood() -> None:
        for _ in range(10_000):
            adapter.receive_data(b"x" * 65536)
            adapter.next_event()

    with pytest.raises(RemoteProtocolError, match="without end"):
        flood()


@contextmanager
def _server(path: Path, play: Callable[[socket.socket], None]) -> Iterator[str]:
    """Somebody who listens, and plays his part on each connection."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def accept() -> None:
            with suppress(OSError):
                while True:
                    stream, _ = listener.accept()
                    with stream, suppress(OSError):
                        play(stream)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield str(path)
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def _nonce(stream: socket.socket) -> bytes:
    """Take the form that launches; what it says its marker is."""
    data = b""
    while not data.endswith(b"\n"):
        data += stream.recv(65536)
    before, _, _ = data.partition(b';"')
    return before[-16:]


def _closes(stream: socket.socket) -> None:
    stream.sendall(GREETING)
    stream.recv(100)


def _sends_half_a_frame(stream: socket.socket) -> None:
    stream.sendall(GREETING)
    stream.sendall(b"\x1e" + _nonce(stream) + b";d4:kind5:rea")


def _floods(stream: socket.socket) -> None:
    stream.sendall(GREETING)
    _nonce(stream)
    while True:
        stream.sendall(b"scheme> " * 8192)


def _sends_nonsense(stream: socket.socket) -> None:
    stream.sendall(GREETING)
    stream.sendall(b"\x1e" + _nonce(stream) + b";" + encode({"kind": "done", "id": ["x"]}))
    stream.recv(100)


def _keeps_its_prompt(stream: socket.socket) -> None:
    stream.sendall(GREETING)
    _nonce(stream)
    stream.sendall(b"ERROR: no such option\nscheme@(guile-user)> ")
    stream.recv(100)


@pytest.mark.parametrize(
    "play", [_closes, _sends_half_a_frame, _floods, _sends_nonsense, _keeps_its_prompt]
)
def test_a_server_that_spoils_its_upgrade_is_a_clear_error(
    play: Callable[[socket.socket], None], tmp_path: Path
) -> None:
    with _server(tmp_path / "s", play) as address, pytest.raises(ConnectError) as raised:
        Client(address, dialect="guile")
    assert address in str(raised.value)
    assert "Traceback" not in str(raised.value)
    assert len(str(raised.value).splitlines()) <= 2
