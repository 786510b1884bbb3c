"""Frames that an upgraded REPL sends: one marker and one bencoded map each, among whatever else.

The marker holds a nonce that only the two ends of the connection know, so output can't forge one.
What stands outside of frames was written past the upgrade: by a thread from before it, by the
program itself.
"""

from __future__ import annotations

from repl_server.wire import Decoder, Limits, Message

__all__ = ["FrameReader", "request_bytes"]


class FrameReader:
    """Cuts a stream into frames and stray bytes.

    `next` gives a frame (a map), stray bytes, or None when more bytes are needed. Raises
    `RemoteProtocolError` for a frame that can't be read.
    """

    def __init__(self, marker: bytes, limits: Limits) -> None:
        self._marker = marker
        self._decoder = Decoder(limits)
        self._limits = limits
        self._buffer = b""
        self._in_frame = False

    def feed(self, data: bytes) -> None:
        """Add bytes as they arrive."""
        if self._in_frame:
            self._decoder.feed(data)
        else:
            self._buffer += data

    def next(self) -> Message | bytes | None:
        """The next frame or stray bytes, in order; None: more bytes are needed."""
        if not self._in_frame:
            if not self._buffer:
                return None
            if not self._buffer.startswith(self._marker):
                return self._stray()
            self._decoder.feed(self._buffer[len(self._marker) :])
            self._buffer = b""
            self._in_frame = True
        frame = self._decoder.next_message()
        if frame is not None:
            self._in_frame = False
            self._buffer = self._decoder.rest
            if self._buffer:
                self._decoder = Decoder(self._limits)
        return frame

    def _stray(self) -> bytes | None:
        """What comes before the next marker, short of what may be the beginning of one."""
        at = self._buffer.find(self._marker)
        if at < 0:
            at = len(self._buffer)
            first = self._buffer.find(self._marker[:1], max(0, at - len(self._marker) + 1))
            while first >= 0 and not self._marker.startswith(self._buffer[first:]):
                first = self._buffer.find(self._marker[:1], first + 1)
            if first >= 0:
                at = first
        stray, self._buffer = self._buffer[:at], self._buffer[at:]
        return stray or None


def request_bytes(*fields: object) -> bytes:
    """A request to an upgraded REPL: how many fields, then each as a netstring of UTF-8."""
    texts = [str(field) for field in fields]
    if all(map(str.isascii, texts)):
        return f"{len(texts)}:{''.join([f'{len(text)}:{text}' for text in texts])}".encode()
    parts = [b"%d:" % len(fields)]
    for text in texts:
        try:
            data = text.encode()
        except UnicodeEncodeError:  # lone surrogates: what is no UTF-8 would end some REPLs
            data = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
        parts.append(b"%d:%b" % (len(data), data))
    return b"".join(parts)
