"""S-expressions and Swank's frames: reading and writing, any data, any cut."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repl_connect.adapters.swank.lisp_data import MOST_DEEP, Datum, Symbol, as_text, read
from repl_connect.adapters.swank.packets import MOST_BYTES, PacketReader, packet
from repl_server.wire import RemoteProtocolError

TEXTS = st.text(st.characters(codec="utf-8"))
SYMBOLS = st.from_regex(r":?[a-z][a-z-]{0,8}", fullmatch=True).filter("nil".__ne__).map(Symbol)
DATA: st.SearchStrategy[Datum] = st.recursive(
    TEXTS | st.integers(-(10**30), 10**30) | SYMBOLS, lambda inner: st.lists(inner, max_size=5)
)


@given(DATA)
def test_what_is_written_is_read(datum: Datum) -> None:
    found = read(as_text(datum))
    assert found == datum
    assert type(found) is type(datum)


@given(st.text(alphabet="()\"\\ |#;'.:ab1\n", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        read(text)


@pytest.mark.parametrize(
    ("text", "datum"),
    [
        ("nil", []),
        ("()", []),
        ("NIL", []),
        ("(:return (:ok nil) 7)", [":return", [":ok", []], 7]),
        ('"a \\"b\\" \\\\c\n"', 'a "b" \\c\n'),
        ("(a . b)", ["a", ".", "b"]),
        ("|a b|", "|a b|"),
        ("-12", -12),
        ("1.5d0", "1.5d0"),
        ("'(1 2)", [1, 2]),
        ('#<foo "bar">', None),
        ("(1 2", None),
        ("1)", None),
        ("", None),
        ("1 2", None),
        ('"abc', None),
    ],
)
def test_reading(text: str, datum: Datum | None) -> None:
    if datum is None:
        with pytest.raises(ValueError, match=r"."):
            read(text)
    else:
        assert read(text) == datum


def test_a_number_too_long_to_be_one_is_no_error() -> None:
    assert read("1" * 5000) == "1" * 5000


def test_lists_nested_without_end_are_refused() -> None:
    assert read("(" * (MOST_DEEP - 1) + ")" * (MOST_DEEP - 1))
    with pytest.raises(ValueError, match="deep"):
        read("(" * 100_000)


def test_what_has_no_form_of_its_own_is_written() -> None:
    assert as_text([None, False, True, (), (1, Symbol("t"))]) == "(nil nil t nil (1 t))"
    with pytest.raises(TypeError, match="Lisp data"):
        as_text([b"bytes"])


@given(st.lists(TEXTS, max_size=5), st.integers(1, 7))
def test_frames_are_read_however_they_are_cut(texts: list[str], size: int) -> None:
    data = b"".join(map(packet, texts))
    reader = PacketReader()
    found = []
    for at in range(0, len(data), size):
        reader.feed(data[at : at + size])
        while (text := reader.next()) is not None:
            found.append(text)
    assert found == texts


def test_a_frame_counts_bytes() -> None:
    assert packet("(é)") == b"000004(\xc3\xa9)"


def test_what_is_no_header_is_refused() -> None:
    reader = PacketReader()
    reader.feed(b"SSH-2.0-OpenSSH\r\n")
    with pytest.raises(RemoteProtocolError, match="not Swank"):
        reader.next()


def test_no_frame_is_longer_than_its_header_can_say() -> None:
    with pytest.raises(ValueError, match="more than can be sent"):
        packet("x" * (MOST_BYTES + 1))


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    reader = PacketReader()
    reader.feed(b"000002\xff\xfe")
    assert reader.next() == "\ufffd\ufffd"
