"""What clients of a Python server ask of it, day in, day out: every kind of request there is.

`Traffic` has one connection that stays, and makes others that come and go.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Final

from bench.load import CHUNK, Repl
from bench.processes import connection

from repl_server.wire import encode

__all__ = ["Traffic"]

_DONE: Final = b"4:done"
_LIGHT: Final = (
    "1 + {n}",
    "'text {n}'",
    "number = {n}; number",
    "sum(range(10)), {n}",
)
_CODES: Final = (
    "[number * {n} for number in range(50)]",
    "'x' * 1000  # {n}",
    "{{'key': {n}, 'other': [1, 2, 3]}}",
    "print('printed', {n})",
    "for line in range(10): print('line', line, {n})",
    "import sys; print('warned', {n}, file=sys.stderr)",
    "1 / (0 * {n})",
    "undefined_{n}",
    "this is no Python {n}",
    "def step(speed={n}):\n    return speed + {n}",
    "step()",
    "class Thing:\n    speed = {n}\n    def go(self):\n        return self.speed * {n}",
    "things = [Thing() for _ in range(10)]; things[0].go()",
    "count = {n}; count",
    "_, _1  # {n}",
    "lambda: {n}",
    "def forever():\n    yield {n}\nwaiting = forever(); next(waiting)",
    "input()  # {n}",
    "open('/dev/null').close(); {n}",
)
_INTERRUPTED: Final = "print('begun', flush=True)\nwhile True: pass"
_TIMES: Final = 10  # each of the light ones in a round
_OFTEN: Final = 8  # rounds to one of the others
_EVERY: Final = 16  # rounds to an interrupt
_NEW: Final = 8  # kinds of connections that come and go


class Traffic:
    """Clients of the server at `path`. Raises `RuntimeError` when an answer is not as it should be.

    Requests go a round at a time: forty evaluations of something small, and in each eighth round
    instead one of each other kind, a completion and a lookup; after each sixteenth an interrupt.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._stays = Repl(path)
        self._number = 0

    def close(self) -> None:
        """Go."""
        self._stays.socket.close()

    def sessions(self) -> int:
        """How many sessions are open in the server."""
        found = self._stays.ask({"op": "ls-sessions", "id": "1"})[-1]["sessions"]
        assert isinstance(found, list)
        return len(found)

    def part(self, evaluations: int, connections: int) -> None:
        """So many evaluations, and so many connections in between; every answer is waited for."""
        done = made = 0
        while done < evaluations or made < connections:
            due = made < connections * done // evaluations if evaluations else True
            if due and made < connections:
                done += self._visit(made)
                made += 1
            elif done < evaluations:
                done += self._round(self._stays)
            else:
                self._visit(made)
                made += 1

    def _round(self, repl: Repl) -> int:
        """Evaluate some code; how many evaluations that was."""
        self._number += 1
        if self._number % _EVERY == 0:
            self._interrupt(repl)
        if self._number % _OFTEN:
            codes = [code.format(n=self._number) for code in _LIGHT] * _TIMES
            requests, failing, valued = [repl.request(code) for code in codes], 0, len(codes)
        else:
            requests, failing, valued = list(_requests(self._number, repl.session)), 3, 13
        repl.socket.sendall(b"".join(requests))
        data = b""
        while data.count(_DONE) < len(requests):
            data += _received(repl.socket)
        failed, values = data.count(b"10:eval-error"), data.count(b"5:value")
        if (failed, values) != (failing, valued):
            raise RuntimeError(f"{failed} errors, {values} values: {data!r}")
        return sum(b"2:op4:eval" in each or b"2:op9:load-file" in each for each in requests)

    def _interrupt(self, repl: Repl) -> None:
        repl.socket.sendall(repl.request(_INTERRUPTED))
        _read_until(repl.socket, b"begun", 1)
        repl.socket.sendall(encode({"op": "interrupt", "id": "2", "session": repl.session}))
        _read_until(repl.socket, _DONE, 2)

    def _visit(self, number: int) -> int:
        """Connect, do something, and go, in one way or another; how many evaluations it was."""
        kind = number % _NEW
        with connection(self._path) as stream:
            if kind == 0:
                return 0
            if kind == 1:
                stream.sendall(b"d4:code100:half a message")
                return 0
        with Repl(self._path) as repl:
            if kind == 2:  # goes while its code runs
                repl.socket.sendall(repl.request(_INTERRUPTED))
                _read_until(repl.socket, b"begun", 1)
                return 1
            if kind == 3:  # closes what it has opened
                repl.value("1 + 1")
                repl.ask({"op": "clone", "id": "2", "session": repl.session})
                repl.ask({"op": "close", "id": "3", "session": repl.session})
                return 1
            if kind == 4:  # wants its session kept for a second
                reply = repl.ask({"op": "clone", "id": "2", "repl-server/keep": 1})
                repl.session = str(reply[0]["new-session"])
            elif kind == 5:  # watches, and is told of others
                watch = {"op": "repl-server/watch", "code": "1", "every": "60", "id": "w"}
                repl.socket.sendall(encode(watch))
                repl.socket.sendall(encode({"op": "repl-server/subscribe", "id": "s"}))
                _read_until(repl.socket, b"2:id1:s", 1)
                return 0
            elif kind == 6:  # asks and does not wait for the answer
                repl.socket.sendall(repl.request("1 + 1") * 10)
                return 10
            repl.value("1 + 1")
            return 1


def _requests(number: int, session: str) -> Iterator[bytes]:
    own = {"session": session, "id": "1"}
    yield encode({"op": "stdin", "stdin": "a line of input\n", **own})
    for code in _CODES:
        yield encode({"op": "eval", "code": code.format(n=number), "file": "day.py", **own})
    yield encode({"op": "eval", "code": "sep", "ns": "os", **own})
    yield encode({"op": "load-file", "file": f"count = {number}\n" * 20 + "count", **own})
    yield encode({"op": "completions", "prefix": "thi", **own})
    yield encode({"op": "lookup", "sym": "step", **own})


def _read_until(stream: socket.socket, mark: bytes, times: int) -> None:
    data = b""
    while data.count(mark) < times:
        data += _received(stream)


def _received(stream: socket.socket) -> bytes:
    data = stream.recv(CHUNK)
    if not data:
        raise RuntimeError("the server has ended the connection")
    return data
