"""Messages as bytes: ids, halves, many at once, characters, sizes, garbage."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conformance.languages import Language
from conformance.peers import MODES, Client, Peer
from server.wire_client import gather

from repl_server.wire import encode


@pytest.mark.parametrize("ident", ["text", "", "é😀", 7, 0, -1])
def test_ids_are_echoed_as_they_came(client: Client, ident: str | int) -> None:
    client.send({"op": "eval", "code": "7", "id": ident})
    value, done = client.receive(), client.receive()
    assert value["value"] == "7"
    assert done["status"] == ["done"]
    assert value["id"] == done["id"] == ident
    assert type(done["id"]) is type(ident)


def test_no_id(client: Client) -> None:
    client.socket.sendall(encode({"op": "eval", "code": "7", "session": client.session}))
    value, done = client.receive(), client.receive()
    assert value["value"] == "7"
    assert "id" not in value
    assert "id" not in done


def test_an_id_that_is_used_again(client: Client) -> None:
    for code in ("7", "8"):
        ident = client.send({"op": "eval", "code": code, "id": "same"})
        assert gather(client.replies(ident))["values"] == [code]


def test_keys_nobody_knows(client: Client) -> None:
    unknown = {"no-such-key": ["a", {"b": 1}], "content-type": "true"}
    assert client.result("7", **unknown)["values"] == ["7"]


def test_keys_that_are_not_sorted(client: Client) -> None:
    session = str(client.session)
    client.socket.sendall(f"d2:op4:eval7:session{len(session)}:{session}2:id1:x4:code1:7e".encode())
    assert gather(client.replies("x"))["values"] == ["7"]


def test_a_message_in_pieces(client: Client) -> None:
    message = {"op": "eval", "code": '"é😀"', "id": "pieces", "session": client.session}
    for byte in encode(message):
        client.socket.send(bytes([byte]))
    assert "é😀" in gather(client.replies("pieces"))["values"][0]


def test_half_a_message_holds_nobody_up(connect: Callable[[], Client]) -> None:
    one, two = connect(), connect()
    data = encode({"op": "eval", "code": "7", "id": "half", "session": one.session})
    one.socket.sendall(data[:20])
    assert two.value("8") == "8"
    one.socket.sendall(data[20:])
    assert gather(one.replies("half"))["values"] == ["7"]


def test_many_at_once_are_answered_in_order(client: Client, peer: Peer) -> None:
    messages = [
        {"op": "eval", "code": str(number), "id": str(number), "session": client.session}
        for number in range(1000, 1200)
    ]
    client.socket.sendall(b"".join(map(encode, messages)))
    ids: list[str] = []
    values: list[tuple[str, str]] = []
    while len(ids) < len(messages):
        reply = client.receive()
        if "value" in reply:
            values.append((reply["id"], reply["value"]))
        if "status" in reply:
            assert reply["status"] == ["done"]
            ids.append(reply["id"])
    wanted = [str(number) for number in range(1000, 1200)]
    if not peer.differs("requests sent at once are taken in order"):
        ids.sort()
        values.sort()
    assert ids == wanted
    assert values == list(zip(wanted, wanted, strict=True))


def test_many_sessions_at_once(connect: Callable[[], Client], say: Language) -> None:
    clients = [connect() for _ in range(8)]
    idents = [client.eval(say.chatters) for client in clients]
    for client, ident in zip(clients, idents, strict=True):
        result = gather(client.replies(ident))
        assert result["out"].splitlines() == list(map(str, range(1000)))
        assert result["status"] == {"done"}


@pytest.mark.parametrize("text", ["héλ", "😀", "e\u0301", "\u2028", "\u202e", "ﷺ"])
def test_characters(client: Client, say: Language, text: str) -> None:
    ident = client.eval(say.reads)
    assert client.next(ident)["status"] == ["need-input"]
    client.ask({"op": "stdin", "stdin": text + "\n"})
    client.replies(ident)
    code = f'(print "{text}")' if say.ns == "user" else f'print("{text}", end="")'
    assert client.result(code)["out"] == text


def test_a_large_value(client: Client, say: Language) -> None:
    assert client.value(say.huge) == f"{say.quote}{'x' * 5_000_000}{say.quote}"
    assert client.value("7") == "7"


def test_a_large_request(client: Client) -> None:
    text = "x" * 1_000_000
    assert len(client.value(f'"{text}"')) == len(text) + 2


@pytest.mark.modes(*MODES)
class TestBytesThatAreNoText:
    """Clojure's strings can't hold them."""

    def test_printed(self, client: Client) -> None:
        out = client.result(r"import sys; sys.stdout.buffer.write(b'\xff\xfe'); None")["out"]
        assert out.encode("utf-8", "surrogateescape") == b"\xff\xfe"

    def test_read(self, client: Client) -> None:
        client.ask({"op": "stdin", "stdin": b"\xff\xfe\n"})
        assert client.value("input().encode('utf-8', 'surrogateescape')") == r"b'\xff\xfe'"

    def test_as_an_id(self, client: Client) -> None:
        client.send({"op": "eval", "code": "7", "id": b"\xff\xfe"})
        client.receive()
        assert client.receive()["id"].encode("utf-8", "surrogateescape") == b"\xff\xfe"


def test_garbage(peer: Peer, client: Client) -> None:
    with Client(peer.address) as other:
        other.socket.sendall(b"GET / HTTP/1.0\r\n\r\n")
        if peer.differs("garbage"):
            other.read_to_the_end()
    assert client.value("7") == "7"


def test_a_client_that_goes_in_the_middle(peer: Peer, client: Client, say: Language) -> None:
    with Client(peer.address) as other:
        other.clone()
        other.until(other.eval(say.chatters), "out", "1")
        other.socket.sendall(b"d2:op4:ev")
    assert client.value("7") == "7"
