"""Frames among other bytes, read for tests: what the REPLs that are adapted to send."""

from __future__ import annotations

from collections.abc import Iterable

from repl_connect.adapters.frames import FrameReader
from repl_server.wire import Limits, Message

__all__ = ["MARKER", "read_frames"]

MARKER = b"\x1e0123456789abcdef;"


def read_frames(chunks: Iterable[bytes], found: list[Message | bytes]) -> None:
    """Add to `found` what a reader gives, stray bytes that follow each other as one.

    Raises `RemoteProtocolError` as the reader does.
    """
    reader = FrameReader(MARKER, Limits())
    for chunk in chunks:
        reader.feed(chunk)
        while (item := reader.next()) is not None:
            if isinstance(item, bytes) and found and isinstance(found[-1], bytes):
                found[-1] += item
            else:
                found.append(item)
