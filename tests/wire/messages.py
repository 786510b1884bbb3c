"""Messages to try, and a decoder driven to the end of its input."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from repl_server.wire import Decoder, Limits, Message, RemoteProtocolError, encode

__all__ = ["SAMPLES", "STREAM", "decode_all", "decode_chunks", "messages", "texts"]


def _as_read(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def texts() -> st.SearchStrategy[str]:
    """Text as the wire carries it: any bytes, those that are no UTF-8 as surrogate escapes."""
    return st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
        st.binary(max_size=30).map(_as_read),
        st.sampled_from(["", ":", "e", "1:", "4:done", "i5e", "le", "d1:", "a:b:c", "::"]),
    )


def _values() -> st.SearchStrategy[object]:
    return st.recursive(
        st.one_of(texts(), st.integers(), st.integers(-(10**80), 10**80)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=5), st.dictionaries(texts(), inner, max_size=5)
        ),
        max_leaves=12,
    )


def messages() -> st.SearchStrategy[Message]:
    """Flat ones like real requests, and nested ones."""
    return st.one_of(
        st.dictionaries(texts(), st.one_of(texts(), st.lists(texts(), max_size=3)), max_size=8),
        st.dictionaries(texts(), _values(), max_size=8),
    )


SAMPLES: list[Message] = [
    {"op": "eval", "code": "print('a:b')", "id": "1", "session": "0f8fad5b-d9cb"},
    {"op": "eval", "code": "λ → \x00", "id": "2", "line": 12, "column": 1, "ns": ""},
    {},
    {"status": ["done"], "id": "3"},
    {"status": [], "ops": {"eval": {}, "clone": {"doc": "x", "requires": {}}}},
    {"raw": "\udcff\udcfe", "n": -(10**30), "zero": 0, "nested": [[["x"], []], {"a": [1]}]},
    {"long": "x" * 1500, "list": ["a", "b:c", ""]},
]


def decode_all(data: bytes, limits: Limits | None = None) -> tuple[list[Message], str]:
    return decode_chunks([data], limits)


def decode_chunks(
    chunks: Iterable[bytes], limits: Limits | None = None
) -> tuple[list[Message], str]:
    """The messages, and how it ended: `between`, `within` a message, or the error's reason."""
    decoder = Decoder(limits)
    found: list[Message] = []
    try:
        for chunk in chunks:
            decoder.feed(chunk)
            while (message := decoder.next_message()) is not None:
                found.append(message)
    except RemoteProtocolError as error:
        return found, error.reason
    return found, "within" if decoder.within_message else "between"


STREAM = b"".join(map(encode, SAMPLES))
