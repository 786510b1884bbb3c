"""A peer can't make the decoder hold or do more than its limits say."""

from __future__ import annotations

import sys
import tracemalloc

import pytest
from wire.messages import decode_all, decode_chunks

from repl_server.wire import Decoder, Limits, Message, RemoteProtocolError, encode

MIB = 1 << 20


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("digits", [b"999999999999999999", b"1000000000000000000"])
@pytest.mark.parametrize("where", [b"d", b"d1:a", b"d1:al", b"d1:ad1:b"])
def test_an_announced_length_beyond_the_limit_is_refused_at_once(
    where: bytes, digits: bytes
) -> None:
    tracemalloc.start()
    assert decode_all(where + digits + b":") == ([], "too-large")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MIB


def test_a_large_length_allocates_nothing_before_the_bytes_come() -> None:
    decoder = Decoder()
    tracemalloc.start()
    decoder.feed(b"d3:out60000000:")
    assert decoder.next_message() is None
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MIB


def test_a_message_as_large_as_the_limit_and_one_larger() -> None:
    message = {"out": "x" * 5_000, "status": ["done"]}
    size = len(encode(message))
    for one_by_one in (False, True):
        stream = pieces(encode(message), 1) if one_by_one else [encode(message)]
        assert decode_chunks(stream, Limits(message_bytes=size)) == ([message], "between")
        assert decode_chunks(stream, Limits(message_bytes=size - 1)) == ([], "too-large")


@pytest.mark.parametrize("message", [{"a": "b"}, {"a": 1}, {"a": []}, {}, {"a": {"b": ["c"]}}])
def test_the_size_limit_is_exact_for_small_messages(message: Message) -> None:
    size = len(encode(message))
    for stream in ([encode(message)], pieces(encode(message), 1)):
        assert decode_chunks(stream, Limits(message_bytes=size)) == ([message], "between")
        assert decode_chunks(stream, Limits(message_bytes=size - 1)) == ([], "too-large")


def test_the_size_limit_is_for_each_message_not_the_stream() -> None:
    message = {"out": "x" * 50}
    assert decode_all(encode(message) * 100, Limits(message_bytes=100)) == (
        [message] * 100,
        "between",
    )


def nested(depth: int) -> bytes:
    return b"d1:a" + b"l" * (depth - 1) + b"e" * (depth - 1) + b"e"


def test_depth() -> None:
    assert decode_all(nested(64))[1] == "between"
    assert decode_all(nested(65)) == ([], "too-deep")
    assert decode_all(b"d1:a" * 64 + b"de" + b"e" * 64) == ([], "too-deep")
    assert decode_all(b"d1:a" + b"l" * 5_000_000) == ([], "too-deep")
    assert decode_all(encode({"a": "b"}), Limits(depth=1))[1] == "between"
    assert decode_all(encode({"a": []}), Limits(depth=1)) == ([], "too-deep")


def test_items() -> None:
    few = Limits(items=10)
    assert decode_all(encode({"a": ["x"] * 7}), few)[1] == "between"
    assert decode_all(encode({"a": ["x"] * 8}), few) == ([], "too-many-items")
    assert decode_all(encode({f"k{n}": "x" for n in range(5)}), few) == ([], "too-many-items")
    many = Limits(items=1_000)
    assert decode_all(encode({"a": [""] * 997}), many)[1] == "between"
    assert decode_all(encode({"a": [""] * 998}), many) == ([], "too-many-items")
    assert decode_all(b"d1:a" + b"le" * 1_000_000) == ([], "malformed")
    assert decode_all(b"d1:al" + b"le" * 1_000_000) == ([], "too-many-items")


@pytest.mark.parametrize("sign", [b"", b"-"])
def test_digits(sign: bytes) -> None:
    def of(count: int) -> bytes:
        return b"d1:ai" + sign + b"9" * count + b"ee"

    assert decode_all(of(1_000)) == ([{"a": int(sign + b"9" * 1_000)}], "between")
    for count in (1_001, 1_002, 5_000, 1_000_000):
        assert decode_all(of(count)) == ([], "too-large")
        assert decode_chunks(pieces(of(count)[:3_000], 1)) == ([], "too-large")


def test_more_digits_than_python_takes() -> None:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert decode_all(b"d1:ai" + b"9" * 900 + b"ee") == ([], "too-large")
    finally:
        sys.set_int_max_str_digits(before)


def test_an_endless_string_of_digits_is_not_kept() -> None:
    decoder = Decoder()
    decoder.feed(b"d1:ai")

    def feed_on() -> None:
        for _ in range(10_000):
            decoder.feed(b"7" * 100)
            decoder.next_message()

    with pytest.raises(RemoteProtocolError):
        feed_on()
    assert len(decoder.rest) < 2_000


def test_twenty_megabytes_in_small_chunks_is_linear_work_and_memory() -> None:
    size = 20 * MIB
    message = {"id": "1", "value": "x" * size}
    chunks = pieces(encode(message), 1_000)
    decoder = Decoder()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for chunk in chunks[:-1]:
        decoder.feed(chunk)
        assert decoder.next_message() is None
    held, _ = tracemalloc.get_traced_memory()
    decoder.feed(chunks[-1])
    found = decoder.next_message()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == message
    assert held - before < 1.5 * size
    assert most - before < 4 * size


def test_many_small_strings_in_small_chunks_are_each_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Work is counted in bytes copied together, not in time."""
    joined = 0
    join = Decoder._join

    def counting(self: Decoder) -> None:
        nonlocal joined
        join(self)
        joined += len(self._buffer)

    monkeypatch.setattr(Decoder, "_join", counting)
    message = {"list": [f"item {n}" for n in range(200_000)]}
    data = encode(message)
    assert decode_chunks(pieces(data, 1_000)) == ([message], "between")
    assert joined < 1.2 * len(data)


def test_a_long_string_byte_by_byte_is_joined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    joined = 0
    join = Decoder._join

    def counting(self: Decoder) -> None:
        nonlocal joined
        join(self)
        joined += len(self._buffer)

    monkeypatch.setattr(Decoder, "_join", counting)
    message = {"out": "y" * 300_000}
    data = encode(message)
    assert decode_chunks(pieces(data, 1)) == ([message], "between")
    assert joined < 1.2 * len(data)
