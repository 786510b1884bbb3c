"""Clients without the token of a server that asks for one, and users that the socket is not for."""

from __future__ import annotations

import hmac
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from proofs import Prove
from server.wire_client import Disconnected, WireClient

import repl_server
from repl_server.wire import encode

TOKEN = "correct horse battery staple"
KEY = "repl-server/token"
ON = "server with a token"


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="ra-", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def server(directory: Path) -> Iterator[repl_server.Server]:
    namespace = {"__name__": "app", "touched": []}
    with repl_server.serve(directory / "app.sock", namespace=namespace, token=TOKEN) as server:
        yield server


def is_let_in(server: repl_server.Server) -> bool:
    with WireClient(server.address) as client:
        client.ask({"op": "describe", KEY: TOKEN})
        client.clone()
        return client.value("touched") == "[]"


REQUESTS = (
    {"op": "eval", "code": "touched.append(1)"},
    {"op": "load-file", "file": "touched.append(1)"},
    {"op": "clone"},
    {"op": "repl-server/submit", "code": "touched.append(1)"},
    {"op": "repl-server/watch", "code": "touched.append(1)", "every": "0.05"},
    {"op": "completions", "prefix": "tou"},
    {"op": "stdin", "stdin": "x", "session": "any"},
    {"op": "interrupt", "session": "any"},
    {"op": "ls-sessions"},
)


def test_requests_before_the_token(server: repl_server.Server, proof: Prove) -> None:
    with WireClient(server.address) as client:
        for request in REQUESTS:
            reply = client.ask(dict(request))[-1]
            assert reply["status"] == ["done", "error", "repl-server/unauthorized"]
            assert set(reply) <= {"id", "session", "status", "err"}
    assert is_let_in(server)
    proof("each op before the token", ON, "refused, and nothing is done", times=len(REQUESTS))


def test_a_token_guessed(
    server: repl_server.Server, monkeypatch: pytest.MonkeyPatch, proof: Prove
) -> None:
    """A byte more each time; what is compared, is compared by `hmac.compare_digest`."""
    compared: list[bytes] = []
    really = hmac.compare_digest

    def compare(given: bytes, secret: bytes) -> bool:
        compared.append(given)
        return really(given, secret)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    guesses = [TOKEN[:length] + chr(97 + last) for length in range(20) for last in range(15)]
    sent = iter(guesses)
    for _ in range(len(guesses) // 3):
        with WireClient(server.address) as client:
            for _ in range(3):
                reply = client.ask({"op": "describe", KEY: next(sent)})[-1]
                assert "repl-server/unauthorized" in reply["status"]
            with pytest.raises((Disconnected, ConnectionError)):
                client.ask({"op": "describe", KEY: TOKEN})
    assert compared == [guess.encode() for guess in guesses]
    assert is_let_in(server)
    proof(
        "the token guessed byte by byte",
        ON,
        "three tries a connection; compared in constant time (`hmac.compare_digest`)",
        times=len(guesses),
    )


ODD = {
    "a token of 60 KB": "x" * 60_000,
    "a token that is a number": 1,
    "a token that is a list": [TOKEN],
    "an empty token": "",
    "the token and a NUL": f"{TOKEN}\0",
}


@pytest.mark.parametrize("tried", ODD)
def test_odd_tokens(server: repl_server.Server, tried: str, proof: Prove) -> None:
    with WireClient(server.address) as client:
        reply = client.ask({"op": "describe", KEY: ODD[tried]})[-1]
        assert "repl-server/unauthorized" in reply["status"]
    assert is_let_in(server)
    proof(tried, ON, "refused")


def sent_before_the_end(stream: socket.socket, most: int) -> int:
    """How many bytes it takes before the other side has ended it."""
    sent = 0
    try:
        while sent < most:
            sent += stream.send(b"x" * 65_536)
            if stream.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b"":
                return sent
    except BlockingIOError:
        return sent + sent_before_the_end(stream, most - sent)
    except OSError:
        return sent
    return sent


def test_a_token_without_end(server: repl_server.Server, proof: Prove) -> None:
    size = 20_000_000
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(20)
        stream.connect(server.address)
        stream.sendall(b"d17:repl-server/token%d:" % size)
        assert sent_before_the_end(stream, size) < size
    assert is_let_in(server)
    proof("a token of 20 MB", ON, "the connection ends after 64 KiB")


def test_a_flood_before_the_token(server: repl_server.Server, proof: Prove) -> None:
    request = encode({"op": "eval", "code": "touched.append(1)", "id": "1"})
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(server.address)
            try:
                stream.sendall(request * 5_000)
            except OSError:
                continue
    assert is_let_in(server)
    proof("floods of requests before the token", ON, "each connection ends; others get in", 20)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_another_user(directory: Path, proof: Prove) -> None:
    """Nobody may reach the file, and is refused by its user id if it can."""
    directory.chmod(0o755)
    path = directory / "app.sock"
    with repl_server.serve(path) as server:
        path.chmod(0o777)
        code = (
            "import os, socket, sys\nos.setgid(65534); os.setuid(65534)\n"
            "stream = socket.socket(socket.AF_UNIX)\nstream.settimeout(20)\n"
            "stream.connect(sys.argv[1])\n"
            "try:\n    stream.sendall(b'd2:op5:clone2:id1:1e'); print(stream.recv(100))\n"
            "except OSError: print(b'')"
        )
        said = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
        )
        assert said.stdout == "b''\n"
        with WireClient(server.address) as client:
            client.clone()
            assert client.value("1 + 1") == "2"
    proof("another user, by a socket that all may open", "server", "refused before a byte is read")
