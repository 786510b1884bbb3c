"""How values are printed: as the keys `nrepl.middleware.print/…` of a request ask for.

A request without these keys has no `Printer`: its values are their `repr`, each in one message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import IO, Any, Final, cast

from repl_server.dispatch.print_keys import (
    BUFFER,
    DEFAULT_BUFFER,
    KEYS,
    OPTIONS,
    PREFIX,
    PRINT,
    QUOTA,
    STREAM,
)

__all__ = ["Printer", "cut", "printer_for"]


_MOST_LAID_OUT = 1_000_000
_SECONDS = 2.0

_asks_nothing = frozenset(KEYS).isdisjoint


def printer_for(message: Mapping[str, Any]) -> Printer | None:
    """The printer a request asks for; None if it asks for nothing special."""
    return None if _asks_nothing(message) else Printer(message)


class Printer:
    """Prints the values of one request, and makes the replies that carry them.

    What can't be done as asked is done in the plain way, and the next replies say so: an unknown
    printer, a value too large to be laid out.
    """

    def __init__(self, message: Mapping[str, Any]) -> None:
        self._quota = _number(message.get(QUOTA))
        self._buffer = _number(message.get(BUFFER)) or DEFAULT_BUFFER
        self._streams = _is_true(message.get(STREAM))
        self._complaints: list[str] = []
        self._said: set[str] = set()
        options = message.get(OPTIONS)
        self._options: Mapping[str, Any] = options if isinstance(options, dict) else {}
        self.text: Callable[[Any], str] = self._chosen(message.get(PRINT))
        """Prints a value. Raises what the value's own methods raise; can be interrupted."""

    def replies(self, text: str, ns: str) -> Iterator[dict[str, object]]:
        """The fields of the replies that carry one printed value, in order.

        Complaints first; then `value` and `ns` in one reply, or when streamed `value` in several
        and `ns` in the last. They are made one by one, so that a client that reads slowly can be
        waited for in between.
        """
        complaints, self._complaints = self._complaints, []
        for sentence in complaints:
            error = PREFIX + "error"
            yield {error: sentence, "err": sentence + "\n", "status": [error]}
        text, truncated = cut(text, self._quota)
        status = [PREFIX + "truncated"]
        if not self._streams:
            fields: dict[str, object] = {"value": text, "ns": ns}
            if truncated:
                fields |= {"status": status, PREFIX + "truncated-keys": ["value"]}
            yield fields
            return
        for chunk in _chunks(text, self._buffer):
            yield {"value": chunk}
        if truncated:
            yield {"status": status}
        yield {"ns": ns}

    def _chosen(self, name: Any) -> Callable[[Any], str]:
        if name in (None, "", []):
            return repr
        if not isinstance(name, str):
            self._complain("The printer must be named by a text; printing with repr.")
            return repr
        plain = name.rpartition("/")[2]
        if plain == "pprint" or (plain != name and plain.endswith("-pprint")):
            import pprint  # noqa: F401  (now, while no interrupt can come)

            return self._pprint
        if plain in ("repr", "pr"):
            return repr
        if plain == "str":
            return str
        if plain == "json":
            return self._json
        function = _function(name)
        if function is None:
            self._complain(
                f"There is no printer {name[:100]!r}: it is not repr, pprint, json or str, and no "
                "function of a loaded module. Printing with repr."
            )
            return repr

        def own(value: Any) -> str:
            text = function(value, **self._options)
            if isinstance(text, str):
                return text
            self._complain(f"{name[:100]} gave no text. Printing with repr.")
            return repr(value)

        return own

    def _complain(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._complaints.append(sentence)

    def _pprint(self, value: Any) -> str:
        """Laid out in lines; what is too large or too deep for that, as its `repr`.

        Bounded by the size of the `repr` and, since deep values take more than their size, by time.
        """
        text = repr(value)
        if len(text) > _MOST_LAID_OUT:
            self._complain("A value is too large to be laid out. Printing with repr.")
            return text
        import pprint

        page = _Page()
        try:
            pprint.PrettyPrinter(
                stream=cast("IO[str]", page), **_known(self._options, _LAYOUT)
            ).pprint(value)
        except (_TooSlowError, RecursionError):
            self._complain("A value is too deep to be laid out. Printing with repr.")
            return text
        return "".join(page.parts).removesuffix("\n")

    def _json(self, value: Any) -> str:
        from repl_server.evaluation.json_text import json_text

        return json_text(value, **_known(self._options, _JSON))


class _TooSlowError(Exception):
    """Laying a value out takes too long."""


class _Page:
    """Takes what `pprint` writes, for a while."""

    def __init__(self) -> None:
        from time import monotonic

        self.parts: list[str] = []
        self._now = monotonic
        self._end = monotonic() + _SECONDS

    def write(self, text: str) -> None:
        self.parts.append(text)
        if self._now() > self._end:
            raise _TooSlowError


def cut(text: str, most: int | None) -> tuple[str, bool]:
    """The text in no more than so many bytes, and whether something is missing."""
    if most is None or most < 0 or len(text) * 4 <= most:
        return text, False
    start = text[:most]
    if start.isascii():
        return start, len(start) < len(text)
    data, errors = _encoded(start)
    if len(data) <= most:
        return start, len(start) < len(text)
    return data[: _boundary(data, most)].decode("utf-8", errors), True


def _chunks(text: str, size: int) -> Iterator[str]:
    """The text in pieces of so many bytes at most, but of one character at least."""
    if text.isascii():
        for start in range(0, len(text), size):
            yield text[start : start + size]
        return
    data, errors = _encoded(text)
    start = 0
    while start < len(data):
        end = _boundary(data, start + size)
        if end <= start:  # a character of more bytes than that
            first = data[start]
            end = start + (2 if first < 0xE0 else 3 if first < 0xF0 else 4)
        yield data[start:end].decode("utf-8", errors)
        start = end


def _encoded(text: str) -> tuple[bytes, str]:
    """The bytes that are sent, and how text is made of them again."""
    for errors in ("surrogateescape", "surrogatepass"):
        try:
            return text.encode("utf-8", errors), errors
        except UnicodeEncodeError:
            continue
    return text.encode("utf-8", "replace"), "strict"


def _boundary(data: bytes, end: int) -> int:
    """The last place up to `end` where a character ends."""
    if end >= len(data):
        return len(data)
    for place in range(end, max(end - 4, -1), -1):
        if data[place] & 0xC0 != 0x80:
            return place
    return end  # these bytes are no text


def _function(name: str) -> Callable[..., Any] | None:
    """A function of a loaded module: `module:function`, or with a dot."""
    from repl_server.inspection.module_names import loaded_module
    from repl_server.inspection.names import UNKNOWN, static_attribute

    module, colon, rest = name.partition(":")
    if not colon:
        module, _, rest = name.rpartition(".")
    found: Any = loaded_module(module)
    if found is None or not rest:
        return None
    for part in rest.split("."):
        found = static_attribute(found, part)
        if found is UNKNOWN:
            return None
    return found if callable(found) else None


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) and value >= 0 else None


def _is_true(value: Any) -> bool:
    """As nREPL has it, an empty list is false; bencode has no booleans."""
    return value not in (None, [], "", 0, "false")


def _width(value: Any) -> int | None:
    number = _number(value)
    return number if number is not None and 0 < number <= 10_000 else None


def _indent(value: Any) -> int | None:
    number = _number(value)
    return number if number is not None and number <= 100 else None


_LAYOUT: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        "width": _width,
        "indent": _indent,
        "depth": _width,
        "compact": _is_true,
        "sort_dicts": _is_true,
        "underscore_numbers": _is_true,
    }
)
_JSON: Final[Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {"indent": _indent, "sort_keys": _is_true, "ensure_ascii": _is_true}
)


def _known(given: Mapping[str, Any], known: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """Those options that are known and make sense."""
    read = {name: known[name](value) for name, value in given.items() if name in known}
    return {name: value for name, value in read.items() if value is not None}
