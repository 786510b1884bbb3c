"""Clients that only count bytes: what they do themselves must not be what is measured."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, Self

from bench.processes import LONG, connection

__all__ = [
    "CHUNK",
    "Connected",
    "Prompt",
    "Repl",
    "crowd",
    "echo",
    "in_turns",
    "pipelined",
    "round_trips",
    "timed",
]

CHUNK: Final = 65_536
_END: Final = b"4:done"

Block = Callable[[], Iterable[float]]


class Connected:
    """A connection, closed at the end of a `with`."""

    socket: socket.socket

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.socket.close()


class Repl(Connected):
    """One connection to an nREPL server, with a session."""

    mark = _END

    def __init__(self, path: str, *, session: bool = True) -> None:
        from repl_server.wire import Decoder

        self.socket = connection(path)
        self._decoder = Decoder()
        self.session = ""
        if session:
            self.clone()

    def clone(self) -> None:
        """Open a session for what is asked from now on."""
        self.session = str(self.ask({"op": "clone", "id": "1"})[0]["new-session"])

    def request(self, code: str) -> bytes:
        """The bytes that ask for an evaluation."""
        from repl_server.wire import encode

        return encode({"op": "eval", "code": code, "id": "1", "session": self.session})

    def ask(self, message: dict[str, object]) -> list[dict[str, object]]:
        """Send a message, give its replies to the last."""
        from repl_server.wire import encode

        self.socket.sendall(encode(message))
        replies: list[dict[str, object]] = []
        while True:
            self._decoder.feed(self.socket.recv(CHUNK))
            while (reply := self._decoder.next_message()) is not None:
                replies.append(reply)
                if "done" in reply.get("status", ()):
                    return replies

    def value(self, code: str) -> str:
        """The last value of some code."""
        replies = self.ask({"op": "eval", "code": code, "id": "1", "session": self.session})
        values = [str(reply["value"]) for reply in replies if "value" in reply]
        assert values, replies
        return values[-1]

    def seconds(self, request: bytes) -> float:
        """Send it, read until its last reply ends, which must come last."""
        clock, receive = time.perf_counter, self.socket.recv
        started = clock()
        self.socket.sendall(request)
        tail = b""
        while _END not in tail:
            data = receive(CHUNK)
            assert data, "the server has ended the connection"
            tail = tail[-16:] + data[-32:]
        return clock() - started

    def reply_size(self, request: bytes) -> int:
        """How many bytes its replies have, together."""
        self.socket.sendall(request)
        data = b""
        while _END not in data:
            data += self.socket.recv(CHUNK)
        return len(data)


class Prompt(Connected):
    """One connection to a bare Python prompt."""

    mark = b">>> "

    def __init__(self, path: str) -> None:
        self.socket = connection(path)
        self._until_prompt()

    def ask(self, line: bytes) -> bytes:
        """What one line is answered with."""
        self.socket.sendall(line)
        return self._until_prompt()

    def _until_prompt(self) -> bytes:
        data = b""
        while not data.endswith(self.mark):
            got = self.socket.recv(CHUNK)
            assert got, data
            data += got
        return data


def in_turns(blocks: int, *tasks: Block) -> list[list[float]]:
    """The samples of several tasks that take turns; the first turn of each warms up."""
    found: list[list[float]] = [[] for _ in tasks]
    for turn in range(blocks):
        for task, samples in zip(tasks, found, strict=True):
            measured = task()
            if turn:
                samples.extend(measured)
    return found


def timed(task: Callable[[], None], rounds: int) -> list[float]:
    """Seconds of each of so many calls."""
    samples = []
    for _ in range(rounds):
        started = time.perf_counter()
        task()
        samples.append(time.perf_counter() - started)
    return samples


def round_trips(stream: socket.socket, request: bytes, reply: int, rounds: int) -> list[float]:
    """Seconds of each of so many requests, whose replies have so many bytes."""
    clock, send, receive = time.perf_counter, stream.sendall, stream.recv
    samples = []
    for _ in range(rounds):
        started = clock()
        send(request)
        have = len(receive(CHUNK))
        while have < reply:
            have += len(receive(CHUNK))
        samples.append(clock() - started)
    return samples


def pipelined(stream: socket.socket, request: bytes, mark: bytes, rounds: int) -> float:
    """Seconds per request, with a hundred of them on their way all the time."""
    started = time.perf_counter()
    sent, done, tail = 100, 0, b""
    stream.sendall(request * sent)
    while done < rounds:
        data = tail + stream.recv(CHUNK)
        ended = data.count(mark)
        tail = data[1 - len(mark) :]
        done += ended
        more = min(ended, rounds - sent)
        if more > 0:
            stream.sendall(request * more)
            sent += more
    return (time.perf_counter() - started) / rounds


def crowd(connections: list[tuple[socket.socket, bytes]], reply: int, rounds: int) -> list[float]:
    """Seconds of each request, when these connections have one on its way all the time.

    A reply has so many bytes.
    """
    clock = time.perf_counter
    samples = []
    with selectors.DefaultSelector() as selector:
        left = len(connections)
        since: dict[socket.socket, float] = {}
        received: dict[socket.socket, int] = {}
        todo: dict[socket.socket, int] = {}
        asks = dict(connections)
        for stream in asks:
            selector.register(stream, selectors.EVENT_READ, stream)
            received[stream], todo[stream] = 0, rounds
        for stream, request in connections:
            since[stream] = clock()
            stream.sendall(request)
        while left:
            ready = selector.select(LONG)
            assert ready, "no answer"
            for key, _ in ready:
                stream = key.data
                received[stream] += len(stream.recv(CHUNK))
                if received[stream] < reply:
                    continue
                samples.append(clock() - since[stream])
                received[stream] = 0
                todo[stream] -= 1
                if todo[stream]:
                    since[stream] = clock()
                    stream.sendall(asks[stream])
                else:
                    selector.unregister(stream)
                    left -= 1
    return samples


def echo(stream: socket.socket, request: int, reply: int) -> None:
    """One request to the floor."""
    stream.sendall(b"x" * request)
    have = 0
    while have < reply:
        have += len(stream.recv(CHUNK))
