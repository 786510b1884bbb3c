"""Frames out, requests in: text both ways, since a console's streams are of text."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

__all__ = ["fields_of", "frame", "whole"]


def whole(text: str) -> str:
    """The text as UTF-8 can have it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _bencoded(value: object) -> str:
    if isinstance(value, str):
        size = len(value) if value.isascii() else len(value.encode())
        return f"{size}:{value}"
    if isinstance(value, Mapping):
        return (
            "d" + "".join([_bencoded(key) + _bencoded(value[key]) for key in sorted(value)]) + "e"
        )
    if isinstance(value, Sequence):
        return "l" + "".join([_bencoded(item) for item in value]) + "e"
    return _bencoded(whole(str(value)))


def frame(nonce: str, fields: Mapping[str, object]) -> str:
    """A map of texts as a frame; texts are `whole`."""
    return f"\x1e{nonce};{_bencoded(fields)}"


def fields_of(line: str) -> list[str]:
    """The fields of a request: netstrings behind their count, in base64."""
    data = base64.b64decode(line)
    count, _, data = data.partition(b":")
    found = []
    for _ in range(int(count)):
        size, _, data = data.partition(b":")
        found.append(data[: int(size)].decode("utf-8", "replace"))
        data = data[int(size) :]
    return found
