"""The least that a Python nREPL server takes: `python least.py PATH`. A measure, not a server.

One thread decodes, compiles, evaluates and encodes, for all connections in turn, with our codec. No
evaluation can be interrupted or left, none has input, names or an error of its own; a client that
does not read stops all others. What it takes is what no such server in Python can go below; what
ours takes beyond it is what a session, a thread and bounds cost.
"""

from __future__ import annotations

import io
import select
import socket
import sys
from typing import Any

from repl_server.wire import Decoder, encode, encode_value

_READ = 65_536


class _Sink(io.RawIOBase):
    """What is printed, to whoever is evaluated for."""

    def __init__(self) -> None:
        self.client: socket.socket | None = None
        self.about: dict[str, Any] = {}

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        assert self.client is not None
        self.client.sendall(encode({**self.about, "out": bytes(data).decode()}))
        return len(data)


def serve(path: str) -> None:
    """Serve for ever."""
    sink = _Sink()
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(sink, _READ), "utf-8")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    clients: dict[int, tuple[socket.socket, Decoder]] = {}
    with socket.socket(socket.AF_UNIX) as listener, select.epoll() as poller:
        listener.bind(path)
        listener.listen(100)
        poller.register(listener.fileno(), select.EPOLLIN)
        while True:
            for number, _ in poller.poll():
                if number == listener.fileno():
                    new, _ = listener.accept()
                    clients[new.fileno()] = new, Decoder()
                    poller.register(new.fileno(), select.EPOLLIN)
                    continue
                client, decoder = clients[number]
                data = client.recv(_READ)
                if not data:
                    poller.unregister(number)
                    client.close()
                    del clients[number]
                    continue
                decoder.feed(data)
                answers = b""
                while (message := decoder.next_message()) is not None:
                    answers += _answer(message, sink, client, namespace)
                client.sendall(answers)


def _answer(
    message: dict[str, Any], sink: _Sink, client: socket.socket, namespace: dict[str, Any]
) -> bytes:
    about = {"id": message["id"], "session": message.get("session", "s")}
    done = {**about, "status": ["done"]}
    if message["op"] != "eval":
        return encode({**done, "new-session": "s"})
    sink.client, sink.about = client, about
    source, value = message["code"], None
    try:
        value = eval(compile(source, "<least>", "eval"), namespace)
    except SyntaxError:
        exec(compile(source, "<least>", "exec"), namespace)
    sys.stdout.flush()
    if value is None:
        return encode(done)
    valued = {**about, "value": repr(value), "ns": "__main__"}
    return encode_value(valued, done) or encode(valued) + encode(done)


if __name__ == "__main__":
    serve(sys.argv[1])
