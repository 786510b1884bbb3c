"""Servers that are no REPLs, or bad ones: one behaviour each, on a real socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from repl_server.wire import CLOSED, NEED_DATA, Connection, Message, encode

__all__ = ["FakeServer", "Talk", "silence", "speaks_nrepl"]

SECONDS = 30.0


class Talk:
    """The fake's end of one connection; what it reads is kept."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self.received = b""
        self._wire = Connection()

    def say(self, data: bytes) -> None:
        self.stream.sendall(data)

    def read(self) -> bytes:
        """What comes next; no bytes at the end."""
        try:
            data = self.stream.recv(65536)
        except ConnectionError:
            data = b""
        self.received += data
        return data

    def read_to_end(self) -> None:
        while self.read():
            pass

    def read_message(self) -> Message | None:
        while True:
            event = self._wire.next_event()
            if event is NEED_DATA:
                self._wire.receive_data(self.read())
            elif event is CLOSED:
                return None
            else:
                assert isinstance(event, dict)
                return event

    def reply(self, to: Message, **fields: object) -> None:
        self.say(encode({"id": to["id"], "status": ["done"]} | fields))


class FakeServer:
    """Listens, and treats each connection as `behave` says; `address` is where."""

    def __init__(self, behave: Callable[[Talk], None], directory: Path | None) -> None:
        self.talks: list[Talk] = []
        self._behave = behave
        self._threads: list[threading.Thread] = []
        if directory is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self.address = str(directory / "fake.sock")
            self._listener.bind(self.address)
            self._listener.listen()
        accepting = threading.Thread(target=self._accept, daemon=True)
        accepting.start()
        self._threads.append(accepting)

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(SECONDS)
            assert not thread.is_alive()

    @property
    def received(self) -> bytes:
        """What the first connection has sent, all of it: waits for its end."""
        self._threads[1].join(SECONDS)
        return self.talks[0].received

    def wait(self) -> None:
        """Until the connections there have been are ended."""
        for thread in self._threads[1:]:
            thread.join(SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            stream.settimeout(SECONDS)
            talk = Talk(stream)
            self.talks.append(talk)
            thread = threading.Thread(target=self._serve, args=(talk,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, talk: Talk) -> None:
        with talk.stream, contextlib.suppress(ConnectionError):
            self._behave(talk)


def silence(talk: Talk) -> None:
    """A behaviour: it listens for ever, and says nothing."""
    talk.read_to_end()


def speaks_nrepl(on_eval: Callable[[Talk, Message], None]) -> Callable[[Talk], None]:
    """A behaviour: a small nREPL server that leaves `eval` to the test."""

    def behave(talk: Talk) -> None:
        while (message := talk.read_message()) is not None:
            if message["op"] == "describe":
                talk.reply(message, ops={"clone": {}, "eval": {}, "close": {}})
            elif message["op"] == "clone":
                talk.reply(message, **{"new-session": "s1"})
            elif message["op"] == "eval":
                on_eval(talk, message)
                return

    return behave
