"""What is no REPL: lines both ways, bytes as they are, the end of each side."""

from __future__ import annotations

import pytest
from adapters.fed import Fed

from repl_connect.adapters.line import LineAdapter
from repl_connect.events import Output
from repl_connect.link import Link
from repl_server.wire import CLOSED, NEED_DATA, Message


class Peer(Fed[LineAdapter]):
    """Plays the other side: bytes to the adapter, what it sends and its replies back."""

    def __init__(self) -> None:
        super().__init__(LineAdapter())
        self.ask(op="clone", id="c")
        self.session = self.replies[0]["new-session"]

    def eval(self, code: str) -> None:
        self.ask(op="eval", id="e", code=code, session=self.session)

    @property
    def statuses(self) -> set[str]:
        return {s for r in self.replies if r.get("id") == "e" for s in r.get("status", ())}


@pytest.fixture
def peer() -> Peer:
    """With a session open."""
    return Peer()


def test_it_says_what_it_is_and_what_it_can() -> None:
    adapter = LineAdapter()
    adapter.send({"op": "describe", "id": "d"})
    described = adapter.next_event()
    assert isinstance(described, dict)
    assert described["aux"]["repl-connect/greeting"] == "lines of text, no REPL"
    assert {"eval", "stdin"} <= set(described["ops"])
    assert not {"load-file", "interrupt", "completions", "lookup"} & set(described["ops"])


def test_it_sends_nothing_by_itself(peer: Peer) -> None:
    assert peer.sent == b""
    peer.adapter.quit()
    assert peer.adapter.data_to_send() == b""


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        ("hello", b"hello\n"),
        ("two\nlines", b"two\nlines\n"),
        ("with its end\n", b"with its end\n"),
        ("", b"\n"),
        (" (open [ ", b" (open [ \n"),
        ("schön ✓ 🐍", "schön ✓ 🐍\n".encode()),
        ("a\0b\udcff\udcfe", b"a\0b\xff\xfe\n"),
        ("\ud800", b"?\n"),
    ],
)
def test_a_line_is_sent_and_that_is_all(peer: Peer, code: str, sent: bytes) -> None:
    peer.eval(code)
    assert peer.sent == sent
    assert peer.statuses == {"done"}
    assert not any("value" in reply for reply in peer.replies)


def test_what_comes_belongs_to_no_evaluation(peer: Peer) -> None:
    peer.eval("hello")
    peer.feed(b"hello\n")
    assert peer.out() == "hello\n"


def test_text_cut_at_every_byte() -> None:
    data = "schön ✓ 🐍\r\n".encode() + b"\0\xff\xc3(\xe2\x9c \xf0\x9f"
    for at in range(len(data) + 1):
        peer = Peer()
        for piece in (data[:at], data[at:]):
            if piece:
                peer.feed(piece)
        peer.adapter.receive_data(b"")
        while isinstance(event := peer.adapter.next_event(), dict):
            peer.replies.append(event)
        assert peer.out().encode("utf-8", "surrogateescape") == data, at


def test_any_byte_passes_both_ways(peer: Peer) -> None:
    data = bytes(range(256)) * 2
    peer.feed(data)
    assert peer.out().encode("utf-8", "surrogateescape") == data
    peer.eval(peer.out())
    assert peer.sent == data + b"\n"


def test_what_came_before_the_first_client_is_not_lost() -> None:
    adapter = LineAdapter()
    adapter.receive_data(b"connected\n")
    assert adapter.next_event() is NEED_DATA
    adapter.send({"op": "describe", "id": "d"})
    events = [adapter.next_event(), adapter.next_event()]
    assert {"out": "connected\n"} in events


def test_what_came_before_the_first_client_is_bounded() -> None:
    adapter = LineAdapter()
    for _ in range(100):
        adapter.receive_data(b"x" * 65536)
    adapter.send({"op": "describe", "id": "d"})
    early = []
    while isinstance(event := adapter.next_event(), dict):
        early.append(event)
    assert sum(len(event.get("out", "")) for event in early) == 1024 * 1024
    assert any("was not kept" in event.get("err", "") for event in early)


def test_a_guest_hears_what_came_before_anybody() -> None:
    adapter = LineAdapter()
    adapter.receive_data(b"connected\n")
    first: list[Message] = []
    second: list[Message] = []
    adapter.attach(first.extend)
    adapter.attach(second.extend)
    assert (first, second) == ([{"out": "connected\n"}], [])


def test_all_clients_hear_all(peer: Peer) -> None:
    heard: list[Message] = []
    peer.adapter.attach(heard.extend)
    peer.feed(b"to all\n")
    assert peer.out() == "to all\n"
    assert heard == [{"out": "to all\n"}]


def test_input_goes_out_as_it_is(peer: Peer) -> None:
    peer.ask(op="stdin", id="i", stdin="no newline", session=peer.session)
    assert peer.sent == b"no newline"
    assert not peer.adapter.half_closed


def test_after_the_end_of_input_nothing_more_is_sent(peer: Peer) -> None:
    peer.ask(op="stdin", id="i", stdin="", session=peer.session)
    assert peer.adapter.half_closed
    peer.eval("more")
    peer.ask(op="stdin", id="i", stdin="more", session=peer.session)
    assert peer.sent == b""
    assert {"done", "error"} <= peer.statuses
    peer.feed(b"but this is heard\n")
    assert peer.out() == "but this is heard\n"
    peer.adapter.receive_data(b"")
    assert peer.adapter.next_event() is CLOSED


def test_a_flood_is_passed_on_and_not_kept(peer: Peer) -> None:
    for _ in range(1000):
        peer.adapter.receive_data(b"x" * 65536)
        event = peer.adapter.next_event()
        assert isinstance(event, dict)
        assert len(event["out"]) == 65536
        assert peer.adapter.next_event() is NEED_DATA


def test_a_link_keeps_what_comes_before_somebody_wants_it() -> None:
    import socket

    here, there = socket.socketpair()
    with there:
        link = Link(here, LineAdapter(), name="there")
        there.sendall(b"early\n")
        ready: list[None] = []
        link.session.start(lambda: ready.append(None), lambda _: None)
        link.run_until(lambda: bool(ready), 10)
        link.session.give_input("half\n")
        link.read_ready()
        heard: list[Output] = []
        link.on_output = heard.append
        assert [output.text for output in heard] == ["early\n"]
        link.session.give_input("")
        assert there.recv(100) == b"half\n"
        assert there.recv(100) == b""
        there.sendall(b"still heard\n")
        assert link.run_until(lambda: len(heard) == 2, 10)
        link.close()
