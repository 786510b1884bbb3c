"""Bencode as nREPL speaks it: the encoder, and a decoder for a stream.

The four forms (BitTorrent BEP 3): `i42e`, `5:hello`, `l…e`, `d…e`. What nREPL makes of them:

- Strings are bytes on the wire and UTF-8 by convention. They are `str` here, always; bytes that are
  not UTF-8 survive both ways as surrogate escapes (PEP 383), so nothing has two types.
- There is no null, boolean or float. `None` is written as the empty list, a boolean as 1 or 0.
- Keys are written sorted (by bytes) and read in any order; of a key that comes twice the last value
  is kept.

The decoder has two speeds. Nearly every message is one small flat map that has arrived whole: that
is cut at its colons in one go (`_small`). Anything else (large, nested, or not all there yet) is
read token by token (`_tokens`) with an explicit stack that is kept between chunks, so that no byte
is looked at twice however the stream is cut, and no nesting reaches Python's own stack.

Rule 1: `_small` takes only what `_tokens` would take, and gives the same; whatever looks odd it
leaves to `_tokens`, which says what is wrong.

Rule 2: a length is believed only as far as the limits go, and nothing is allocated for it: a string
is held as the bytes of it that have come.
"""

from __future__ import annotations

from collections.abc import Mapping

from repl_server.wire.errors import LocalProtocolError, RemoteProtocolError
from repl_server.wire.limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


__all__ = ["Decoder", "Message", "encode", "encode_value"]

Message = dict[str, "Any"]
"""One nREPL message: a map whose values are `str`, `int`, lists and maps of these."""


def encode(message: Mapping[str, object]) -> bytes:
    """The bytes of one message, keys sorted.

    Raises `LocalProtocolError` for a value that bencode has no form for.
    """
    flat = _encode_flat(message)
    if flat is not None:
        return flat
    # Text up to the end, and turned into bytes at once: lengths count bytes all the same.
    out: list[str] = []
    _encode_map(message, out, 0)
    return "".join(out).encode("utf-8", "surrogateescape")


def encode_value(value: Mapping[str, Any], done: Mapping[str, Any]) -> bytes | None:
    """The bytes of the two replies that most evaluations have, or None if these are others."""
    if len(value) != 4 or len(done) != 3 or done.get("status") != ["done"]:
        return None
    try:
        text, ns, ident, session = value["value"], value["ns"], value["id"], value["session"]
        if len(text) > _LARGE or done["id"] != ident or done["session"] != session:
            return None
        both = (
            f"d2:id{len(ident)}:{ident}2:ns{len(ns)}:{ns}7:session{len(session)}:{session}"
            f"5:value{len(text)}:{text}e"
            f"d2:id{len(ident)}:{ident}7:session{len(session)}:{session}6:statusl4:doneee"
        )
    except (KeyError, TypeError):  # other keys; an id that is a number
        return None
    return both.encode("ascii") if both.isascii() else None


def _encode_flat(message: Mapping[str, object]) -> bytes | None:
    """The bytes of a map of small ASCII strings, and of the status that ends requests, or None."""
    parts = []
    try:
        for key in sorted(message):
            item = message[key]
            if type(key) is not str:
                return None
            if type(item) is str and len(item) < _LARGE:
                parts.append(f"{len(key)}:{key}{len(item)}:{item}")
            elif item == ["done"]:
                parts.append(f"{len(key)}:{key}l4:donee")
            else:
                return None
    except TypeError:  # keys that are no strings
        return None
    text = "".join(parts)
    return f"d{text}e".encode("ascii") if text.isascii() else None


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte
        return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _encode_string(text: str, out: list[str]) -> None:
    if text.isascii():
        out.append(f"{len(text)}:")
        out.append(text)
    else:
        data = _bytes(text)
        out.append(f"{len(data)}:")
        out.append(_text(data))


def _encode_map(value: Mapping[Any, object], out: list[str], depth: int) -> None:
    if depth > _DEEPEST:
        raise LocalProtocolError(f"a message nests deeper than {_DEEPEST} levels")
    try:
        keys = sorted(value)
        ascii_keys = "".join(keys).isascii()
    except TypeError:
        raise LocalProtocolError("a message's keys must be strings") from None
    if not ascii_keys:  # text sorts by code point, the wire by byte
        keys.sort(key=_bytes)
    out.append("d")
    for key in keys:
        item = value[key]
        if ascii_keys and type(item) is str and item.isascii():
            out.append(f"{len(key)}:{key}{len(item)}:")
            out.append(item)
        else:
            _encode_string(key, out)
            _encode(item, out, depth + 1)
    out.append("e")


def _encode(value: object, out: list[str], depth: int) -> None:
    if isinstance(value, str):
        _encode_string(value, out)
    elif isinstance(value, list | tuple | set | frozenset):
        if depth > _DEEPEST:
            raise LocalProtocolError(f"a message nests deeper than {_DEEPEST} levels")
        out.append("l")
        try:
            items = sorted(value) if isinstance(value, set | frozenset) else value
        except TypeError:
            raise LocalProtocolError("a set of things that can't be sorted") from None
        for item in items:
            _encode(item, out, depth + 1)
        out.append("e")
    elif isinstance(value, int):
        try:
            out.append(f"i{int(value)}e")
        except ValueError:  # Python's own limit (sys.set_int_max_str_digits)
            raise LocalProtocolError("an integer has too many digits to be written") from None
    elif value is None:
        out.append("le")
    elif isinstance(value, Mapping):
        _encode_map(value, out, depth)
    elif isinstance(value, bytes):
        out.append(f"{len(value)}:")
        out.append(_text(value))
    else:
        raise LocalProtocolError(
            f"nREPL has no form for a {type(value).__name__}: send its text instead"
        )


_DEEPEST = 200
_WINDOW = 1024  # bytes of a message that is small
_COLONS = 40  # that a small message is cut at
_LARGE = 65536  # bytes of a string that is worth a memoryview
_SIZES = {str(size): size for size in range(1000)}


class Decoder:
    """A stream of messages: `feed` it bytes, take messages with `next_message`.

    What is held is the unread input, at most one message beyond what was fed, bounded by `limits`.
    """

    # A server has one for each client, and most of them are idle.
    __slots__ = (
        "_buffer",
        "_container",
        "_error",
        "_items",
        "_key",
        "_later",
        "_limits",
        "_missing",
        "_outer",
        "_position",
        "_spent",
        "_window",
    )

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits = limits or Limits()
        roomy = limits.items >= _WINDOW // 2 and limits.depth >= 2
        self._window = min(_WINDOW, limits.message_bytes) if roomy else 0
        self._buffer = b""
        self._position = 0
        # Bytes fed since, joined to the buffer when they bring what is waited for: a long string
        # that comes in a thousand chunks is copied once.
        self._later = bytearray()
        self._missing = 0
        # The state of `_tokens`: the innermost open container, the key that waits for its value if
        # that is a map, the same of what is around it, and what the message has cost so far.
        self._container: dict[str, Any] | list[Any] | None = None
        self._key: str | None = None
        self._outer: list[tuple[dict[str, Any] | list[Any], str | None]] = []
        self._spent = 0
        self._items = 0
        self._error: RemoteProtocolError | None = None

    @property
    def within_message(self) -> bool:
        """Whether a message has begun and not ended."""
        return (
            self._container is not None or bool(self._later) or self._position < len(self._buffer)
        )

    @property
    def rest(self) -> bytes:
        """The bytes fed and not yet read (the remainder after the last whole message)."""
        self._join()
        return self._buffer[self._position :]

    def feed(self, data: bytes) -> None:
        """Add bytes as they arrive."""
        if self._position >= len(self._buffer) and not self._later:
            self._buffer = data
            self._position = 0
        else:
            self._later += data
        self._missing -= len(data)

    def _join(self) -> None:
        if self._later:
            self._buffer = self._buffer[self._position :] + self._later
            self._position = 0
            self._later = bytearray()

    def next_message(self) -> Message | None:
        """The next whole message, or None when more bytes are needed.

        Raises `RemoteProtocolError` for what is no message or goes beyond a limit, and from then on
        always: nobody can say where the next message begins.
        """
        if self._missing > 0:
            return None
        if self._later:
            self._join()
        if self._error is not None:
            raise self._error
        try:
            if self._container is None:
                if self._position >= len(self._buffer):
                    return None
                if self._buffer[self._position] != 100:
                    raise _not_a_message(self._buffer, self._position)
                message = self._small()
                if message is not None:
                    return message
            return self._tokens()
        except RemoteProtocolError as error:
            self._error = error
            raise

    def _small(self) -> Message | None:
        """A small map of strings, small numbers and lists of strings that is all there, or None.

        Between two colons stand a string and the length of the next one (or what else may follow a
        string). Bytes are looked at as Latin-1, so that lengths in bytes are lengths in characters.
        """
        window = self._buffer[self._position : self._position + self._window]
        text = window.decode("latin-1")
        parts = iter(text.split(":", _COLONS))
        message: Message = {}
        key: str | None = None
        values: list[str] | None = None
        try:
            size = _SIZES[next(parts)[1:]]
            for piece in parts:
                part = piece
                head = part[size:]
                if not head:  # the string has colons of its own
                    while len(part) <= size:
                        part += ":" + next(parts)
                    head = part[size:]
                if values is not None:
                    values.append(part[:size])
                elif key is None:
                    key = part[:size]
                else:
                    message[key] = part[:size]
                    key = None
                if head in _SIZES:
                    size = _SIZES[head]
                    continue
                if key is not None and values is None:  # a value that is no string
                    if head[0] == "l":
                        message[key] = values = []
                        head = head[1:]
                    elif head[0] == "i":
                        number, _, head = head[1:].partition("e")
                        message[key] = _SIZES[number]
                        key = None
                if values is not None and head[0] == "e":
                    key = values = None
                    head = head[1:]
                if head[0] == "e" and key is None:
                    break
                size = _SIZES[head]
            else:
                return None
        except (KeyError, IndexError, StopIteration):
            return None
        left = list(parts)
        self._position += len(text) - (len(head) - 1) - sum(map(len, left)) - len(left)
        return message if window.isascii() else _as_utf8(message)

    def _tokens(self) -> Message | None:
        """Read on, token by token, from where the last chunk ended."""
        buffer, start, end = self._buffer, self._position, len(self._buffer)
        limits, outer = self._limits, self._outer
        container: Any = self._container
        key = self._key
        most = start + limits.message_bytes - self._spent  # where in the buffer it is too large
        items = self._items
        i = start
        value: Any
        while i < end:
            byte = buffer[i]
            if 48 <= byte <= 57:
                colon = buffer.find(b":", i, i + 20)
                if colon < 0:
                    if end - i >= 20 or not buffer[i:end].isdigit():
                        raise _not_a_message(buffer, i)
                    break
                digits = buffer[i:colon]
                if not digits.isdigit() or (byte == 48 and colon > i + 1):
                    raise _not_a_message(buffer, i)
                after = colon + 1 + int(digits)
                if after > most:
                    raise self._too_large()
                if after > end:
                    self._missing = after - end
                    break
                i = after
                if after - colon > _LARGE:
                    value = str(memoryview(buffer)[colon + 1 : i], "utf-8", "surrogateescape")
                else:
                    value = buffer[colon + 1 : i].decode("utf-8", "surrogateescape")
                if type(container) is list:
                    container.append(value)
                elif key is None:
                    key = value
                else:
                    container[key] = value
                    key = None
            elif byte == 105:
                number = self._integer(i)
                if number is None:
                    break
                value, i = number
                if type(container) is list:
                    container.append(value)
                elif key is None:
                    raise _bad_key()
                else:
                    container[key] = value
                    key = None
            elif byte == 101:
                i += 1
                if key is not None:
                    raise RemoteProtocolError(
                        "malformed", "a map ends after a key, without a value"
                    )
                if not outer:
                    if i > most:
                        raise self._too_large()
                    assert type(container) is dict
                    self._position = i
                    self._container = self._key = None
                    self._spent = self._items = 0
                    return container
                container, key = outer.pop()
                if type(container) is dict:
                    key = None
                continue
            elif byte in (100, 108):
                i += 1
                inner: dict[str, Any] | list[Any] = {} if byte == 100 else []
                if container is not None:
                    if len(outer) + 1 >= limits.depth:
                        raise RemoteProtocolError(
                            "too-deep", f"a message nests deeper than {limits.depth} levels"
                        )
                    if type(container) is list:
                        container.append(inner)
                    elif key is None:
                        raise _bad_key()
                    else:
                        container[key] = inner
                    outer.append((container, key))
                container, key = inner, None
            else:
                raise _not_a_message(buffer, i)
            items += 1
            if items > limits.items:
                raise RemoteProtocolError(
                    "too-many-items", f"a message has more than {limits.items} items"
                )
            if i > most:
                raise self._too_large()
        self._position = i
        self._container, self._key = container, key
        self._spent += i - start
        self._items = items
        return None

    def _integer(self, i: int) -> tuple[int, int] | None:
        """The integer at `i` in the buffer and where it ends, or None if it is not all there."""
        buffer, digits = self._buffer, self._limits.digits
        stop = buffer.find(b"e", i, i + digits + 3)
        text = buffer[i + 1 : stop if stop >= 0 else i + digits + 3]
        number = text.removeprefix(b"-")
        leads = number[:1] == b"0" and (len(number) > 1 or number != text)
        if leads or not (number.isdigit() or (stop < 0 and not number)):
            raise _not_a_message(buffer, i)
        if len(number) > digits:
            raise _too_many_digits(digits)
        if stop < 0:
            return None
        try:
            return int(text), stop + 1
        except ValueError:  # Python's own limit (sys.set_int_max_str_digits)
            raise _too_many_digits(digits) from None

    def _too_large(self) -> RemoteProtocolError:
        return RemoteProtocolError(
            "too-large", f"a message has more than {self._limits.message_bytes} bytes"
        )


def _as_utf8(message: Message) -> Message:
    """What was read as Latin-1, as it was meant."""

    def meant(value: Any) -> Any:
        if isinstance(value, list):
            return [meant(item) for item in value]
        return _text(value.encode("latin-1")) if isinstance(value, str) else value

    return {meant(key): meant(value) for key, value in message.items()}


def _bad_key() -> RemoteProtocolError:
    return RemoteProtocolError("malformed", "a map's key must be a string")


def _too_many_digits(most: int) -> RemoteProtocolError:
    return RemoteProtocolError("too-large", f"an integer has more than {most} digits")


def _not_a_message(buffer: bytes, position: int) -> RemoteProtocolError:
    shown = buffer[position : position + 40]
    return RemoteProtocolError("malformed", f"these bytes are no nREPL message: {shown!r}")
