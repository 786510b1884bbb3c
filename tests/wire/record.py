"""Record what real servers answer, into `golden/`: `python tests/wire/record.py`.

What was said is kept as it was, byte for byte. It holds a server's names and numbers, so each
recording differs from the one before; new ones are needed only for new exchanges. The other files
of `golden/` were written by hand.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

sys.path.insert(0, str(Path(__file__).parents[1]))

from editors.programs import start
from wire.golden_files import GOLDEN, Said, write_exchange

from repl_connect.address import TcpAddress, parse_address
from repl_server.wire import Decoder, Message, encode

__all__ = ["main"]

_MOST = 65_536
_SECONDS = 30


class _Peer(Protocol):
    def send(self, data: bytes) -> None: ...
    def receive(self) -> bytes: ...
    def close(self) -> None: ...


class _Direct:
    """A connection to an nREPL server."""

    def __init__(self, address: str) -> None:
        parsed = parse_address(address)
        if isinstance(parsed, TcpAddress):
            self._socket = socket.create_connection((parsed.host, parsed.port))
        else:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(address)
        self._socket.settimeout(_SECONDS)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> bytes:
        return self._socket.recv(_MOST)

    def close(self) -> None:
        self._socket.close()


class _Bridged:
    """A bridge's standard input and output."""

    def __init__(self, address: str) -> None:
        command = [sys.executable, "-m", "repl_connect", "bridge", address, "--stdio"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def receive(self) -> bytes:
        assert self._process.stdout is not None
        return os.read(self._process.stdout.fileno(), _MOST)

    def close(self) -> None:
        self._process.communicate(timeout=_SECONDS)


class _Recorder:
    """Says things, and keeps what is said."""

    def __init__(self, peer: _Peer) -> None:
        self._peer = peer
        self._decoder = Decoder()
        self._open: set[str] = set()
        self.said: list[Said] = []
        self.session = ""

    def ask(self, until: str = "", **message: Any) -> list[Message]:
        """Send it; what is answered up to this status, or until all that was asked is done."""
        if self.session:
            message["session"] = self.session
        message["id"] = str(len(self.said) + 1)
        self._open.add(message["id"])
        sent = encode(message)
        self.said.append(Said("client", sent, [message]))
        self._peer.send(sent)
        data, found = b"", list[Message]()
        while self._open and not any(until in each.get("status", ()) for each in found):
            more = self._peer.receive()
            assert more, f"it ended: {data!r}"
            data += more
            self._decoder.feed(more)
            while (reply := self._decoder.next_message()) is not None:
                found.append(reply)
                if "done" in reply.get("status", ()):
                    self._open.discard(reply["id"])
        self.said.append(Said("server", data, found))
        return found

    def open(self) -> None:
        """Have a session."""
        (reply,) = self.ask(op="clone")
        self.session = reply["new-session"]


def _converse(recorder: _Recorder, codes: Sequence[str], ask: str, prefix: str) -> None:
    """What an editor says to a server."""
    recorder.ask(op="describe")
    recorder.open()
    for code in codes:
        recorder.ask(op="eval", code=code, file="/tmp/schön.txt", line=3, column=1)
    recorder.ask("need-input", op="eval", code=ask)
    recorder.ask(op="stdin", stdin="blau ✓\n")
    recorder.ask(op="completions", prefix=prefix)
    recorder.ask(op="lookup", sym=prefix)
    recorder.ask(op="eval", code="(")
    recorder.ask(op="no-such-op")
    recorder.ask(op="close")


_KINDS: dict[str, tuple[Callable[[str], _Peer], Sequence[str], str, str]] = {
    "python_server": (
        _Direct,
        ("40 + 2", "print('schön ✓ 🐍'); [1, 'ä']", "def f():\n    return 1 / 0\nf()"),
        "input('who? ')",
        "isinst",
    ),
    "guile_program": (
        _Bridged,
        (
            "(+ 40 2)",
            '(begin (display "schön ✓ 🐍") (newline) \'(1 "ä"))',
            "(values 1 2)",
            "(car 1)",
        ),
        "(begin (use-modules (ice-9 rdelim)) (read-line))",
        "string-app",
    ),
    "clojure_nrepl": (
        _Direct,
        ("(+ 40 2)", '(do (println "schön ✓ 🐍") [1 "ä"])', "(/ 1 0)"),
        "(read-line)",
        "hash-ma",
    ),
}


def main() -> None:
    """Record each of the servers."""
    for kind, (reach, codes, ask, prefix) in _KINDS.items():
        with tempfile.TemporaryDirectory(prefix="golden-", dir="/tmp") as directory:
            program = start(kind, Path(directory))
            try:
                peer = reach(program.address)
                recorder = _Recorder(peer)
                _converse(recorder, codes, ask, prefix)
                peer.close()
            finally:
                program.stop()
        about = f"An editor, and the {kind} of tests/editors/programs.py"
        write_exchange(GOLDEN / f"{kind}.json", about, recorder.said)


if __name__ == "__main__":
    main()
