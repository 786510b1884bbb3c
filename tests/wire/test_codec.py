"""What goes in comes out, and what is written is canonical."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire.messages import decode_all, messages, texts

from repl_server.wire import Decoder, LocalProtocolError, Message, encode


def outcome(data: bytes) -> Message:
    found, end = decode_all(data)
    assert end == "between"
    (message,) = found
    return message


@given(messages())
def test_what_goes_in_comes_out(message: Message) -> None:
    assert outcome(encode(message)) == message


@given(messages())
def test_written_again_it_is_the_same_bytes(message: Message) -> None:
    data = encode(message)
    assert encode(outcome(data)) == data


@given(st.dictionaries(texts(), st.integers()))
def test_keys_are_written_in_the_order_of_their_bytes(message: Message) -> None:
    written = [key.encode("utf-8", "surrogateescape") for key in outcome(encode(message))]
    assert written == sorted(written)
    assert len(written) == len(message)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", b"0:"),
        ("é", b"2:\xc3\xa9"),
        ("\udcff", b"1:\xff"),
        (b"\xff\x00", b"2:\xff\x00"),
        (0, b"i0e"),
        (-7, b"i-7e"),
        (True, b"i1e"),
        (False, b"i0e"),
        (None, b"le"),
        ([], b"le"),
        ((1, "a"), b"li1e1:ae"),
        ({"b", "a"}, b"l1:a1:be"),
        ({}, b"de"),
        ({"b": 1, "a": 2}, b"d1:ai2e1:bi1ee"),
        (10**30, b"i1" + b"0" * 30 + b"e"),
    ],
)
def test_each_form(value: object, written: bytes) -> None:
    assert encode({"v": value}) == b"d1:v" + written + b"e"


def test_keys_sort_by_byte_where_text_sorts_otherwise() -> None:
    keys = ["\udcff", "\U0001f600", "～", "z"]
    assert list(outcome(encode(dict.fromkeys(keys, 1)))) == ["z", "～", "\U0001f600", "\udcff"]


def test_a_lone_surrogate_is_written_somehow() -> None:
    assert isinstance(outcome(encode({"out": "a\ud800b"}))["out"], str)


def test_keys_in_any_order_are_read() -> None:
    assert outcome(b"d1:b1:x1:a1:ye") == {"a": "y", "b": "x"}


def test_of_a_key_that_comes_twice_the_last_value_counts() -> None:
    assert outcome(b"d1:a1:x1:a1:ye") == {"a": "y"}
    assert outcome(b"d1:ad1:x1:ye1:alee") == {"a": []}


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        object(),
        [1, 2.5],
        {"deep": {"deeper": 1j}},
        {1, "a"},
        {1: 2},
        {"a": 1, 2: 3},
        {None: 1},
    ],
    ids=["float", "object", "in a list", "deep", "mixed set", "number key", "mixed keys", "no key"],
)
def test_what_has_no_form_is_our_own_error(value: object) -> None:
    with pytest.raises(LocalProtocolError):
        encode({"v": value})


@pytest.mark.parametrize("message", [{1: "a"}, {b"a": "b"}, {"a": 1, 2: 3}, {None: 1}], ids=repr)
def test_keys_that_are_no_text_are_our_own_error(message: dict[Any, object]) -> None:
    with pytest.raises(LocalProtocolError):
        encode(message)


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"k": v}], ids=["list", "map"])
def test_too_deep_to_write(wrap: Any) -> None:
    value: object = "x"
    for _ in range(300):
        value = wrap(value)
    with pytest.raises(LocalProtocolError):
        encode({"v": value})


def test_what_contains_itself_is_our_own_error() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(LocalProtocolError):
        encode({"v": endless})


def test_an_integer_python_would_not_print() -> None:
    with pytest.raises(LocalProtocolError):
        encode({"v": 10**5000})


def test_within_message_and_rest() -> None:
    decoder = Decoder()
    states = [decoder.within_message]
    for data, message in ((b"de", {}), (b"d1:a", None)):
        decoder.feed(data)
        states.append(decoder.within_message)
        assert decoder.next_message() == message
        states.append(decoder.within_message)
    assert states == [False, True, False, True, True]
    decoder.feed(b"1:b")
    decoder.feed(b"e and more")
    assert decoder.next_message() == {"a": "b"}
    assert decoder.rest == b" and more"
