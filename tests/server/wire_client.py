"""A small blocking nREPL client for tests, on the wire module alone."""

from __future__ import annotations

import itertools
import socket
from typing import Any

from repl_server.wire import CLOSED, NEED_DATA, Connection, Message, encode

SECONDS = 20.0
"""How long a test waits before it fails; nothing is measured by it."""


class Disconnected(Exception):
    """The server has ended the connection."""


class WireClient:
    """Sends requests and collects replies, one connection."""

    def __init__(self, address: str) -> None:
        if "/" in address:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.settimeout(SECONDS)
            self.socket.connect(address)
        else:
            host, _, port = address.rpartition(":")
            self.socket = socket.create_connection((host.strip("[]"), int(port)), SECONDS)
        self._wire = Connection()
        self._ids = itertools.count(1)
        self._seen: list[Message] = []
        self.session: str | None = None

    def __enter__(self) -> WireClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def clone(self) -> str:
        """Open a session, and use it from now on."""
        session = str(self.ask({"op": "clone"})[-1]["new-session"])
        self.session = session
        return session

    def send(self, message: dict[str, Any]) -> str:
        """Send a request and give its id."""
        message = dict(message)
        ident = str(message.setdefault("id", str(next(self._ids))))
        if self.session is not None:
            message.setdefault("session", self.session)
        self.socket.sendall(encode(message))
        return ident

    def eval(self, code: str, **more: Any) -> str:
        """Send an `eval`, and give its id."""
        return self.send({"op": "eval", "code": code, **_keys(more)})

    def receive(self) -> Message:
        """The next message from the server, whatever it is."""
        while True:
            event = self._wire.next_event()
            if event is CLOSED:
                raise Disconnected
            if event is not NEED_DATA:
                assert isinstance(event, dict)
                return event
            self._wire.receive_data(self.socket.recv(65536))

    def read_to_the_end(self) -> None:
        """Read until the server ends the connection."""
        try:
            while True:
                self.receive()
        except (Disconnected, ConnectionError):
            pass

    def next(self, ident: str) -> Message:
        """The next message with this id; others are kept for who asks for them."""
        for message in self._seen:
            if message.get("id") == ident:
                self._seen.remove(message)
                return message
        while (message := self.receive()).get("id") != ident:
            self._seen.append(message)
        return message

    def until(self, ident: str, key: str, wanted: str = "") -> str:
        """Read the replies to a request until their texts under `key`, joined, contain `wanted`."""
        text = ""
        while True:
            message = self.next(ident)
            assert "done" not in message.get("status", ()), (text, message)
            if key in message:
                text += "".join(message[key])
                if wanted in text:
                    return text

    def replies(self, ident: str) -> list[Message]:
        """All replies up to `done`."""
        found = [self.next(ident)]
        while "done" not in found[-1].get("status", ()):
            found.append(self.next(ident))
        return found

    def ask(self, message: dict[str, Any]) -> list[Message]:
        return self.replies(self.send(message))

    def result(self, code: str, **more: Any) -> dict[str, Any]:
        """Evaluate; see `gather`."""
        return gather(self.replies(self.eval(code, **more)))

    def value(self, code: str, **more: Any) -> str:
        """Evaluate what has one value, and nothing else to say."""
        result = self.result(code, **more)
        assert result["status"] == {"done"}, result
        assert len(result["values"]) == 1, result
        return str(result["values"][0])

    def value_and_output(self, code: str) -> tuple[str, str]:
        """Evaluate what has one value and prints."""
        result = self.result(code)
        assert result["status"] == {"done"}, result
        return str(result["values"][-1]), str(result["out"])


def gather(replies: list[Message]) -> dict[str, Any]:
    """Replies as one map: `values`, `out` and `err` joined, `status` a set, the rest as it came."""
    result: dict[str, Any] = {"values": [], "status": set()}
    printed: dict[str, list[str]] = {"out": [], "err": []}
    for reply in replies:
        for key, value in reply.items():
            if key == "value":
                result["values"].append(value)
            elif key in printed:
                printed[key].append(value)
            elif key == "status":
                result["status"].update(value)
            else:
                result[key] = value
    return result | {key: "".join(texts) for key, texts in printed.items()}


def _keys(more: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("_", "-"): value for key, value in more.items()}
