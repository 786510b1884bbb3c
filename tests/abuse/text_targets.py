"""Text that somebody else has written: addresses, what programs print, Lisp data, HTTP answers."""

from __future__ import annotations

import http.client
import io
import os
import re
import unicodedata
from contextlib import suppress

from abuse.target import FuzzTarget, pieces

from repl_connect.adapters.swank.lisp_data import as_text, read
from repl_connect.address import HttpAddress, UnixAddress, parse_address
from repl_connect.errors import AddressError
from repl_connect.escapes import Sanitiser, visible
from repl_connect.prompt.showing.tracebacks import folded, styled
from repl_connect.telephone.calls import Telephone, TelephoneError

__all__ = ["TARGETS"]

_SGR = re.compile(r"\x1b\[[0-9;:]*m")


def _any_text(data: bytes) -> str:
    """Also text that no bytes are: lone surrogates, as JSON can have them."""
    text = data.decode("utf-8", "surrogateescape")
    return text.replace("SURROGATE", "\ud800")


def _address(data: bytes) -> None:
    """An address that is printed as what reads as the same; or a sentence."""
    try:
        address = parse_address(_any_text(data))
    except AddressError:
        return
    again = parse_address(str(address))
    assert str(again) == str(address)
    if isinstance(again, UnixAddress) and isinstance(address, UnixAddress):
        assert os.path.normpath(again.path) == os.path.normpath(address.path)
    else:
        assert again == address


def _sanitiser(data: bytes) -> None:
    """Nothing but text, newlines, tabs and colours, however it is cut."""
    text = data.decode("utf-8", "surrogateescape")
    for colours in (True, False):
        whole = _cleaned([text], colours)
        cut = _cleaned([piece.decode("latin-1") for piece in pieces(data)], colours)
        assert cut == _cleaned([data.decode("latin-1")], colours)
        plain = _SGR.sub("", whole) if colours else whole
        assert _has_no_control(plain), ascii(plain)
    assert _has_no_control(visible(text))


def _cleaned(chunks: list[str], colours: bool) -> str:
    sanitiser = Sanitiser(colours=colours)
    cleaned = "".join(sanitiser.clean(chunk) for chunk in chunks)
    return cleaned + sanitiser.end()


def _has_no_control(text: str) -> bool:
    return all(char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"} for char in text)


def _traceback(data: bytes) -> None:
    """It is shown, and in no more lines than were there."""
    text = _any_text(data)
    shown = folded(text).text
    assert len(shown) <= len(text) + 200
    "".join(fragment[1] for fragment in styled(shown))


def _lisp(data: bytes) -> None:
    """A datum, which can be written again; or a ValueError."""
    try:
        datum = read(data.decode("utf-8", "replace"))
    except ValueError:
        return
    assert read(as_text(datum)) == datum


class _Answered(http.client.HTTPConnection):
    """A connection on which these bytes are the answer."""

    answer = b""

    def connect(self) -> None:
        self.sock = _Stream(self.answer)


class _Stream:
    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def sendall(self, data: bytes) -> None:
        pass

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        return self._file

    def close(self) -> None:
        pass


def _telephone(data: bytes) -> None:
    """An answer, or a sentence; `OSError` where the connection is at fault."""
    there = HttpAddress("fuzzed.example", 80)
    telephone = Telephone(there, 1.0)
    kept, http.client.HTTPConnection = http.client.HTTPConnection, _Answered  # type: ignore[misc]
    _Answered.answer = data
    try:
        for call in (lambda: telephone.result("1"), lambda: telephone.submit("(f)")):
            with suppress(TelephoneError, OSError):
                call()
    finally:
        http.client.HTTPConnection = kept  # type: ignore[misc]


_TRACEBACK = b"""Traceback (most recent call last):
  File "/home/ann/shop.py", line 3, in <module>
    price(1)
  File "/usr/lib/python3.11/site-packages/x.py", line 9, in f
    g()
    ^^^
  [Previous line repeated 996 more times]

During handling of the above exception, another exception occurred:

  + Exception Group Traceback (most recent call last):
  | ExceptionGroup: no (1 sub-exception)
  +-+---------------- 1 ----------------
    | ValueError: no
    +------------------------------------
"""
_HTTP = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n(FINISHED+%28%29)"

TARGETS = (
    FuzzTarget(
        "address",
        "the parser of addresses",
        "an address that is printed one way, or a sentence",
        _address,
        (
            b"./x.sock",
            b"unix:///run/x",
            b"nrepl://localhost:7888/",
            b"[::1]:7888",
            b"ssh://ada@far:22#db:7888",
            b"ssh://far/~/x.sock",
            b"ssh://[::1]:22/x",
            b"http://localhost:4242/a",
            b"~/x\0",
            b"/SURROGATE",
            b"7888",
            b"ssh://a@[::1]#[::2]:1",
            b"unix:~/x",
            b"nrepl+unix:x",
            b"unix:nrepl://x",
            b"unix:unix:a/b",
            b"unix:" + b"x" * 107,
        ),
    ),
    FuzzTarget(
        "sanitiser",
        "what cleans a program's output for the terminal",
        "text, newlines, tabs and colours, the same however it is cut",
        _sanitiser,
        (
            b"a\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b]52;c;AAAA\x1b\\\x1b[?1049h\x07\r\n",
            b"\x1bP1$r\x1b\\\x9b31m\x9d0;x\x9c\x1b[201~\x1b(0\x1bc\x1b[6n\xc2\x9b2J\xc2\x9d0;x\x07",
            b"\x1b[38:2:1:2:3m\x1b[;m\x1b[" + b"1;" * 40 + b"m\x1b_x\x18y\x1b^z\x1bX\x1ba\r\rb\xff",
        ),
    ),
    FuzzTarget(
        "tracebacks",
        "what folds a long traceback",
        "a text that is hardly longer; nothing is raised",
        _traceback,
        (_TRACEBACK, _TRACEBACK * 20, b"SURROGATE\n" * 100),
    ),
    FuzzTarget(
        "lisp",
        "the reader of Lisp data",
        "a datum that can be written again, or an error of its own",
        _lisp,
        (
            b'(:return (:ok ("a\\"b" 1 |x y| #\\a . nil)) -3)',
            b"(" * 999 + b")" * 999,
            b"'x",
            b"\\",
        ),
    ),
    FuzzTarget(
        "telephone",
        "telephone's answers over HTTP",
        "an answer or a sentence",
        _telephone,
        (
            _HTTP,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n%22a1%22\r\n0\r\n\r\n",
            b"HTTP/1.1 500 \x1b[2J\r\n\r\n",
            b"HTTP/1.1 100 x\r\n\r\n" * 50,
            b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n(RUNNING)",
        ),
    ),
)
