from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire.framed import MARKER, read_frames

from repl_connect.adapters.frames import request_bytes
from repl_server.wire import Message, RemoteProtocolError, encode

FRAMES: list[Message] = [
    {"kind": "ready"},
    {"kind": "out", "id": "1", "out": "λ\n\x1e0123;"},
    {"kind": "done", "id": "1", "status": [], "frames": [["f", "x.scm", "3"]]},
]
Items = list[Message | bytes]


def read(*chunks: bytes) -> Items:
    """What a reader gives."""
    found: Items = []
    read_frames(chunks, found)
    return found


def framed(message: Message) -> bytes:
    return MARKER + encode(message)


STREAM = b"".join(
    [
        b"before\n",
        framed(FRAMES[0]),
        framed(FRAMES[1]),
        b"between \xff\x1e0123 and \x1e\x1e\x1e",
        framed(FRAMES[2]),
        b"after\n",
    ]
)
ITEMS: Items = [
    b"before\n",
    FRAMES[0],
    FRAMES[1],
    b"between \xff\x1e0123 and \x1e\x1e\x1e",
    FRAMES[2],
    b"after\n",
]


def test_frames_and_what_stands_between_them() -> None:
    assert read(STREAM) == ITEMS


def test_cut_in_two_at_every_byte() -> None:
    for at in range(len(STREAM) + 1):
        assert read(STREAM[:at], STREAM[at:]) == ITEMS, at


def test_byte_by_byte() -> None:
    assert read(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == ITEMS


@pytest.mark.parametrize(
    "forged",
    [
        b"\x1e0123456789abcdee;" + encode({"kind": "done"}),
        b"\x1e;" + encode({"kind": "done"}),
        b"0123456789abcdef;" + encode({"kind": "done"}),
        b"\x1e0123456789ABCDEF;" + encode({"kind": "done"}),
        b"\x1e0123456789abcdef" + encode({"kind": "done"}),
    ],
)
def test_a_marker_without_the_nonce_is_output(forged: bytes) -> None:
    assert read(forged + framed(FRAMES[0])) == [forged, FRAMES[0]]


def test_half_a_marker_at_the_end_is_kept_until_it_is_known_what_it_is() -> None:
    half = MARKER[:9]
    assert read(b"text" + half) == [b"text"]
    assert read(b"text" + half, b"!") == [b"text" + half + b"!"]
    assert read(b"text" + half, MARKER[9:] + encode(FRAMES[0])) == [b"text", FRAMES[0]]
    assert read(b"\x1e", b"\x1e", MARKER[1:] + encode(FRAMES[0])) == [b"\x1e", FRAMES[0]]


def test_half_a_frame_is_nothing_yet() -> None:
    assert read(framed(FRAMES[1])[:-1]) == []


def test_a_marker_inside_a_frame_is_text() -> None:
    message: Message = {"kind": "out", "out": (MARKER + b"d4:kind4:donee").decode()}
    assert read(framed(message)) == [message]


@pytest.mark.parametrize("bad", [b"hello", b"d1:ae", b"i5e", b"d4:kind99999999999:"])
def test_a_frame_that_is_none(bad: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(MARKER + bad)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*ITEMS, b"\x1e", MARKER[:5], MARKER[2:], b""]), max_size=8),
    st.lists(st.integers(1, 30), min_size=1, max_size=5),
)
def test_any_order_cut_anywhere(items: Items, sizes: list[int]) -> None:
    stream = b"".join(item if isinstance(item, bytes) else framed(item) for item in items)
    chunks, at, turn = [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        chunks.append(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert read(*chunks) == read(stream)


def test_requests_are_netstrings_that_count_bytes() -> None:
    assert request_bytes("eval", 7, "", "(λ)") == b"4:4:eval1:70:4:(\xce\xbb)"


def test_what_is_no_utf_8_does_not_reach_the_repl() -> None:
    for lone in ("\ud800", "\udcff"):
        assert request_bytes("a" + lone) == b"1:4:a\xef\xbf\xbd"
