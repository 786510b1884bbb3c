"""Swank's frames: six hexadecimal digits, the number of bytes, then so many of UTF-8 text."""

from __future__ import annotations

import re
from typing import Final

from repl_server.wire import RemoteProtocolError

__all__ = ["MOST_BYTES", "PacketReader", "packet"]

MOST_BYTES: Final = 0xFFFFFF
"""The longest there can be."""

_DIGITS: Final = 6
_HEADER: Final = re.compile(rb"[0-9A-Fa-f]{6}\Z")


def packet(text: str) -> bytes:
    """A text as it is sent. Raises `ValueError` if it is too long for that."""
    data = text.encode("utf-8", "replace")
    if len(data) > MOST_BYTES:
        raise ValueError(f"{len(data)} bytes are more than can be sent at once, {MOST_BYTES}")
    return b"%06x" % len(data) + data


class PacketReader:
    """Texts out of a stream of bytes, however that is cut."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._at = 0

    def feed(self, data: bytes) -> None:
        """Take bytes."""
        self._data += data

    def next(self) -> str | None:
        """The next text; None if it is not all there. Raises `RemoteProtocolError` for no header.

        Bytes that are no UTF-8 become replacement characters.
        """
        data, begin = self._data, self._at + _DIGITS
        if len(data) < begin:
            self._forget()
            return None
        header = bytes(data[self._at : begin])
        if not _HEADER.match(header):
            raise RemoteProtocolError("malformed", f"this is not Swank: it sends {header!r}")
        end = begin + int(header, 16)
        if len(data) < end:
            self._forget()
            return None
        self._at = end
        return bytes(data[begin:end]).decode("utf-8", "replace")

    def _forget(self) -> None:
        """Let go of what was read, once for many packets."""
        if self._at:
            del self._data[: self._at]
            self._at = 0
