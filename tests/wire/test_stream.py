"""However a stream is cut, it means the same; of nonsense comes a protocol error, nothing else."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wire.messages import SAMPLES, STREAM, decode_all, decode_chunks, messages

from repl_server.wire import (
    CLOSED,
    NEED_DATA,
    Connection,
    Decoder,
    Limits,
    Message,
    RemoteProtocolError,
    encode,
)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """Pieces of these sizes, over and over."""
    pieces = []
    turn = 0
    while data:
        size = sizes[turn % len(sizes)]
        pieces.append(data[:size])
        data = data[size:]
        turn += 1
    return pieces


SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=10)


def test_cut_in_two_at_every_byte() -> None:
    for at in range(len(STREAM) + 1):
        assert decode_chunks([STREAM[:at], STREAM[at:]]) == (SAMPLES, "between"), at


def test_byte_by_byte() -> None:
    assert decode_chunks(cut(STREAM, [1])) == (SAMPLES, "between")


def test_whole() -> None:
    assert decode_all(STREAM) == (SAMPLES, "between")


@given(st.lists(messages(), max_size=5), SIZES)
def test_cut_anywhere(sent: list[Message], sizes: list[int]) -> None:
    stream = b"".join(map(encode, sent))
    assert decode_chunks(cut(stream, sizes)) == (sent, "between")


@given(messages())
def test_every_beginning_of_a_message_is_a_beginning(message: Message) -> None:
    data = encode(message)
    for at in range(1, len(data), 1 + len(data) // 50):
        assert decode_all(data[:at]) == ([], "within")


@given(st.binary(max_size=200), SIZES)
@example(b"d1e", [1])  # a length without a colon
@example(b"d1x", [5])
@example(b"d0e", [5])
@example(b"d2:ab1", [2])
@example(b"d1:a1:be" * 3 + b"x", [3])
@example(b"d1:a-1:be", [20])
@example(b"d1:ai5", [2])
@example(b"d1:ai-0ee", [20])
@example(b"d1:ai05ee", [20])
@example(b"d01:a1:be", [20])
@example(b"d1:al1:be", [20])
@example(b"dle1:ae", [20])
@example(b"d+1:a1:be", [20])
@example(b"d\xb2:ab1:ce", [20])  # a digit, for str.isdigit
def test_arbitrary_bytes_make_messages_or_a_protocol_error(data: bytes, sizes: list[int]) -> None:
    assert decode_all(data) == decode_chunks(cut(data, sizes)) == decode_chunks(cut(data, [1]))


@given(
    st.text("dile0123456789:-ab", max_size=60).map(lambda text: b"d" + text.encode()),
    SIZES,
)
def test_nearly_bencode_makes_messages_or_a_protocol_error(data: bytes, sizes: list[int]) -> None:
    assert decode_all(data) == decode_chunks(cut(data, sizes)) == decode_chunks(cut(data, [1]))


@given(
    messages(),
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from([*b"dile019:-x\xff"])), max_size=3),
    st.integers(0, 300),
    SIZES,
)
def test_damaged_messages_mean_the_same_however_they_are_cut(
    message: Message, changes: list[tuple[int, int]], drop: int, sizes: list[int]
) -> None:
    damaged = bytearray(encode(message) + encode({"id": "next"}))
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    del damaged[drop % len(damaged)]
    data = bytes(damaged)
    assert decode_all(data) == decode_chunks(cut(data, sizes)) == decode_chunks(cut(data, [1]))


@given(messages())
def test_the_quick_way_and_the_careful_way_agree(message: Message) -> None:
    data = encode(message)
    careful = Limits(depth=1_000, items=500)  # too few items for the quick way
    assert decode_all(data, careful) == decode_all(data) == ([message], "between")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x", "malformed"),
        (b"GET / HTTP/1.1\r\n", "malformed"),
        (b"5:hello", "malformed"),
        (b"le", "malformed"),
        (b"i5e", "malformed"),
        (b"e", "malformed"),
        (b"d1:ae", "malformed"),
        (b"di1e1:ae", "malformed"),
        (b"dde1:ae", "malformed"),
        (b"dle1:ae", "malformed"),
        (b"d1:ai e", "malformed"),
        (b"d1:aie", "malformed"),
        (b"d1:ai1.5ee", "malformed"),
        (b"d1 :a1:be", "malformed"),
        (b"d:a1:be", "malformed"),
        (b"d1:a999999999999999999:", "too-large"),
        (b"d99999999999999999999999999", "malformed"),
    ],
)
def test_what_is_wrong_has_a_word(data: bytes, reason: str) -> None:
    assert decode_all(data) == ([], reason)
    assert decode_chunks(cut(data, [1])) == ([], reason)


def test_messages_before_the_mistake_are_still_given() -> None:
    assert decode_all(encode({"id": "1"}) * 2 + b"oops") == ([{"id": "1"}] * 2, "malformed")


def test_after_a_mistake_there_is_nothing_more() -> None:
    decoder = Decoder()
    decoder.feed(b"d1:ae" + encode({"id": "1"}))
    for _ in range(3):
        with pytest.raises(RemoteProtocolError):
            decoder.next_message()
        decoder.feed(encode({"id": "2"}))


class TestConnection:
    def test_messages_then_the_end(self) -> None:
        wire = Connection()
        assert wire.next_event() is NEED_DATA
        wire.receive_data(encode({"id": "1"}) + encode({"id": "2"}))
        wire.receive_data(b"")
        assert wire.next_event() == {"id": "1"}
        assert wire.next_event() == {"id": "2"}
        assert wire.next_event() is CLOSED
        assert wire.next_event() is CLOSED

    def test_an_end_within_a_message(self) -> None:
        wire = Connection()
        wire.receive_data(encode({"id": "1"})[:-1])
        assert wire.next_event() is NEED_DATA
        wire.receive_data(b"")
        with pytest.raises(RemoteProtocolError) as caught:
            wire.next_event()
        assert caught.value.reason == "truncated"
        assert wire.next_event() is CLOSED

    def test_send_gives_the_bytes(self) -> None:
        assert Connection().send({"op": "clone", "id": "1"}) == b"d2:id1:12:op5:clonee"
