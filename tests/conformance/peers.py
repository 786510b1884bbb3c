"""The servers that are compared, each a process of its own: ours in each mode, and Clojure's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from client.programs import clojure_class_path
from conformance.differences import DIFFERENCES
from conformance.languages import CLOJURE, PYTHON, Language
from server.running import environment
from server.wire_client import WireClient

from repl_server.wire import Message

__all__ = ["KINDS", "MODES", "Client", "Peer", "start"]

MODES = ("threads", "cooperative", "asyncio")
KINDS = (*MODES, "clojure")


class Peer:
    """A program that is served; `close` ends it and what it has started."""

    def __init__(self, kind: str, command: list[str]) -> None:
        self.kind = kind
        self.language: Language = CLOJURE if kind == "clojure" else PYTHON
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        assert self.address, f"{command} ended before it was ready"

    def differs(self, what: str) -> Any:
        """What is expected of this one where ours and Clojure's differ."""
        difference = DIFFERENCES[what]
        return difference.clojures if self.kind == "clojure" else difference.ours

    def close(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def start(kind: str, address: str) -> Peer:
    """Start one. `address` is for ours; Clojure's chooses a port.

    On a Unix socket Java ends a connection when it interrupts a thread that writes to it.
    """
    if kind != "clojure":
        program = str(Path(__file__).parent / "served.py")
        return Peer(kind, [sys.executable, program, kind, address])
    path = clojure_class_path()
    assert path is not None
    code = (
        "(require 'nrepl.server)"
        '(let [server (nrepl.server/start-server :bind "127.0.0.1" :port 0)]'
        '  (println (str "127.0.0.1:" (:port server))) (flush) @(promise))'
    )
    # Less is compiled to machine code: a server that lives for seconds starts in half the time.
    options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    return Peer(kind, ["java", *options, "-cp", path, "clojure.main", "-e", code])


class Client(WireClient):
    """Acknowledges at once what it receives.

    nREPL 1.0 sends a value and its `done` apart, and over TCP the second waits for that.
    """

    def __enter__(self) -> Client:
        return self

    def receive(self) -> Message:
        if self.socket.family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return super().receive()
