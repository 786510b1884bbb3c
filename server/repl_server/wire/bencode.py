"""Bencode as nREPL speaks it: the encoder, and a decoder for a stream.

The four forms (BitTorrent BEP 3): `i42e`, `5:hello`, `l…e`, `d…e`. What nREPL makes of them:

- Strings are bytes on the wire and UTF-8 by convention. They are `str` here, always; bytes that are
  not UTF-8 survive both ways as surrogate escapes (PEP 383), so nothing has two types.
- There is no null, boolean or float. `None` is written as the empty list, a boolean as 1 or 0.
- Keys are written sorted (by bytes), read in any order; a key that comes twice keeps its last value.

The decoder has two speeds. Nearly every message is one flat map that has arrived whole: that is read
in one pass over the buffer. Anything else (nested, or not all there yet) is read token by token with
an explicit stack that is kept between chunks, so that no byte is looked at twice however the stream
is cut, and no nesting reaches Python's own stack.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from repl_server.wire.errors import LocalProtocolError, RemoteProtocolError
from repl_server.wire.limits import Limits

__all__ = ["Decoder", "Message", "encode"]

Message = dict[str, Any]
"""One nREPL message: a map whose values are `str`, `int`, lists and maps of these."""


def encode(message: Mapping[str, object]) -> bytes:
    """The bytes of one message, keys sorted.

    Raises `LocalProtocolError` for a value that bencode has no form for.
    """
    out: list[bytes] = []
    _encode_map(message, out, 0)
    return b"".join(out)


def _encode_string(text: str) -> bytes:
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte
        data = text.encode("utf-8", "surrogatepass")
    return b"%d:%b" % (len(data), data)


def _encode_map(value: Mapping[Any, object], out: list[bytes], depth: int) -> None:
    if depth > _DEEPEST:
        raise LocalProtocolError(f"a message nests deeper than {_DEEPEST} levels")
    if not all(isinstance(key, str) for key in value):
        raise LocalProtocolError("a message's keys must be strings")
    out.append(b"d")
    keys = sorted(value)
    if not "".join(keys).isascii():  # text sorts by code point, the wire by byte
        keys.sort(key=lambda key: str(key).encode("utf-8", "surrogatepass"))
    for key in keys:
        item = value[key]
        out.append(_encode_string(key))
        if type(item) is str:
            out.append(_encode_string(item))
        else:
            _encode(item, out, depth + 1)
    out.append(b"e")


def _encode(value: object, out: list[bytes], depth: int) -> None:
    if isinstance(value, str):
        out.append(_encode_string(value))
    elif isinstance(value, int):
        out.append(b"i%de" % value)
    elif isinstance(value, bytes):
        out.append(b"%d:%b" % (len(value), value))
    elif value is None:
        out.append(b"le")
    elif isinstance(value, Mapping):
        _encode_map(value, out, depth)
    elif isinstance(value, list | tuple | set | frozenset):
        if depth > _DEEPEST:
            raise LocalProtocolError(f"a message nests deeper than {_DEEPEST} levels")
        out.append(b"l")
        for item in sorted(value) if isinstance(value, set | frozenset) else value:
            _encode(item, out, depth + 1)
        out.append(b"e")
    else:
        raise LocalProtocolError(
            f"nREPL has no form for a {type(value).__name__}: send its text instead"
        )


_DEEPEST = 200
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,18}")
_LENGTHS = {b"%d" % length: length for length in range(1000)}
_INTEGER = re.compile(rb"0|-?[1-9][0-9]*")
_NO_KEY = object()


class Decoder:
    """A stream of messages: `feed` it bytes, take messages with `next_message`.

    What is held is the unread input, at most one message beyond what was fed, bounded by `limits`.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._buffer = b""
        self._position = 0
        # Chunks fed since, joined to the buffer when they bring what is waited for: a long string
        # that comes in a thousand chunks is copied once.
        self._chunks: list[bytes] = []
        self._missing = 0
        # The slow reader's state: open containers, the key each open map waits with, and what the
        # message has cost so far (bytes before `_position` in the buffer are already counted).
        self._stack: list[Any] = []
        self._keys: list[Any] = []
        self._spent = 0
        self._items = 0

    @property
    def within_message(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._stack or self._chunks) or self._position < len(self._buffer)

    @property
    def rest(self) -> bytes:
        """The bytes fed and not yet read (the remainder after the last whole message)."""
        self._join()
        return self._buffer[self._position :]

    def feed(self, data: bytes) -> None:
        """Add bytes as they arrive."""
        if not self._chunks and self._position >= len(self._buffer):
            self._buffer = data
            self._position = 0
        else:
            self._chunks.append(data)
        self._missing -= len(data)

    def _join(self) -> None:
        if self._chunks:
            self._chunks.insert(0, self._buffer[self._position :])
            self._buffer = b"".join(self._chunks)
            self._position = 0
            self._chunks.clear()

    def next_message(self) -> Message | None:
        """The next whole message, or None when more bytes are needed.

        Raises `RemoteProtocolError` for what is no message or goes beyond a limit.
        """
        if self._missing > 0:
            return None
        self._join()
        if not self._stack:
            if self._position >= len(self._buffer):
                return None
            message = self._flat()
            if message is not None:
                return message
        return self._tokens()

    def _flat(self) -> Message | None:
        """A flat map of strings (and lists of strings) that is all there, or None for the slow way.

        None too for whatever looks odd: the slow reader says what is wrong with it.
        """
        buffer, i = self._buffer, self._position
        end = len(buffer)
        if buffer[i] != 100:
            raise RemoteProtocolError("malformed", _no_message(buffer, i))
        if end - i > self._limits.message_bytes:
            return None
        i += 1
        message: Message = {}
        find, lengths = buffer.find, _LENGTHS
        try:
            while buffer[i] != 101:
                colon = find(b":", i, i + 4)
                i = colon + 1 + lengths[buffer[i:colon]]
                key = buffer[colon + 1 : i].decode()
                first = buffer[i]
                if first != 108:
                    colon = find(b":", i, i + 20)
                    token = buffer[i:colon]
                    length = lengths.get(token)
                    if length is None:
                        if not _LENGTH.fullmatch(token):
                            return None
                        length = int(token)
                    i = colon + 1 + length
                    if i > end:
                        return None
                    message[key] = buffer[colon + 1 : i].decode("utf-8", "surrogateescape")
                    continue
                i += 1
                values: list[str] = []
                while buffer[i] != 101:
                    colon = find(b":", i, i + 4)
                    i = colon + 1 + lengths[buffer[i:colon]]
                    if i > end:
                        return None
                    values.append(buffer[colon + 1 : i].decode("utf-8", "surrogateescape"))
                i += 1
                message[key] = values
        except (IndexError, KeyError, UnicodeDecodeError):
            return None
        self._position = i + 1
        return message

    def _tokens(self) -> Message | None:
        """Read on, token by token, from where the last chunk ended."""
        buffer, i, end = self._buffer, self._position, len(self._buffer)
        limits, stack, keys = self._limits, self._stack, self._keys
        while i < end:
            start = i
            byte = buffer[i]
            value: Any
            if 48 <= byte <= 57:
                colon = buffer.find(b":", i, i + 20)
                if colon < 0:
                    if end - i >= 20 or not buffer[i:end].isdigit():
                        raise RemoteProtocolError("malformed", _no_message(buffer, i))
                    break
                if not _LENGTH.fullmatch(buffer, i, colon):
                    raise RemoteProtocolError("malformed", _no_message(buffer, i))
                length = int(buffer[i:colon])
                if self._spent + (colon + 1 - i) + length > limits.message_bytes:
                    raise self._too_large()
                i = colon + 1 + length
                if i > end:
                    self._missing = i - end
                    i = start
                    break
                value = buffer[colon + 1 : i].decode("utf-8", "surrogateescape")
            elif byte == 101:
                if not stack:
                    raise RemoteProtocolError("malformed", _no_message(buffer, i))
                i += 1
                value = stack.pop()
                if keys.pop() is not _NO_KEY:
                    raise RemoteProtocolError(
                        "malformed", "a map ends after a key, without a value"
                    )
                if not stack:
                    self._position = i
                    self._spent = self._items = 0
                    if not isinstance(value, dict):
                        raise RemoteProtocolError("not-a-map", "a message must be a map")
                    return value
                self._spent += 1
                self._place(value)
                continue
            elif byte == 105:
                stop = buffer.find(b"e", i, i + limits.digits + 3)
                if stop < 0:
                    if end - i > limits.digits + 2:
                        raise RemoteProtocolError(
                            "too-large", f"an integer has more than {limits.digits} digits"
                        )
                    if not re.fullmatch(rb"i-?[0-9]*", buffer[i:end]):
                        raise RemoteProtocolError("malformed", _no_message(buffer, i))
                    break
                if not _INTEGER.fullmatch(buffer, i + 1, stop):
                    raise RemoteProtocolError("malformed", _no_message(buffer, i))
                value = int(buffer[i + 1 : stop])
                i = stop + 1
            elif byte in (100, 108):
                i += 1
                value = {} if byte == 100 else []
                if len(stack) >= limits.depth:
                    raise RemoteProtocolError(
                        "too-deep", f"a message nests deeper than {limits.depth} levels"
                    )
            else:
                raise RemoteProtocolError("malformed", _no_message(buffer, i))
            self._spent += i - start
            self._items += 1
            if self._items > limits.items:
                raise RemoteProtocolError(
                    "too-many-items", f"a message has more than {limits.items} items"
                )
            if self._spent > limits.message_bytes:
                raise self._too_large()
            if byte in (100, 108):
                if stack and isinstance(stack[-1], dict) and keys[-1] is _NO_KEY:
                    raise RemoteProtocolError("malformed", "a map's key must be a string")
                stack.append(value)
                keys.append(_NO_KEY)
            else:
                self._place(value)
        self._position = i
        return None

    def _place(self, value: Any) -> None:
        """Put a finished value into the container it belongs to."""
        if not self._stack:
            raise RemoteProtocolError("not-a-map", "a message must be a map")
        container = self._stack[-1]
        if isinstance(container, list):
            container.append(value)
        elif self._keys[-1] is _NO_KEY:
            if not isinstance(value, str):
                raise RemoteProtocolError("malformed", "a map's key must be a string")
            self._keys[-1] = value
        else:
            container[self._keys[-1]] = value
            self._keys[-1] = _NO_KEY

    def _too_large(self) -> RemoteProtocolError:
        return RemoteProtocolError(
            "too-large", f"a message has more than {self._limits.message_bytes} bytes"
        )


def _no_message(buffer: bytes, position: int) -> str:
    return f"these bytes are no nREPL message: {buffer[position : position + 40]!r}"
