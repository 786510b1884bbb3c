"""Tokens, and strangers that speak something else."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server.conftest import wait_until
from server.wire_client import SECONDS, Disconnected, WireClient

import repl_server
from repl_server.errors import TokenError
from repl_server.network.gate import Gate, make_token, secret
from repl_server.network.refusal import refusal
from repl_server.wire import encode

TOKEN = "correct horse battery staple"
KEY = "repl-server/token"


@pytest.fixture
def gate() -> Gate:
    return Gate(secret(TOKEN))


class TestGate:
    def test_nothing_passes_without_the_token(self, gate: Gate) -> None:
        for op in ("eval", "clone", "describe", "repl-server/authenticate", None):
            message = {"op": op, "id": "7", "session": "s"}
            assert not gate.admits(message)
            answer = gate.answer(message)
            assert answer.pop("err") == (
                "This server asks for a token: send it as repl-server/token.\n"
            )
            assert answer == {
                "id": "7",
                "session": "s",
                "status": ["done", "error", "repl-server/unauthorized"],
            }
        assert gate.shut is None

    @pytest.mark.parametrize("given", [TOKEN, TOKEN.encode()])
    def test_the_token_comes_with_any_message(self, gate: Gate, given: str | bytes) -> None:
        message = {"op": "clone", KEY: given}
        assert gate.admits(message)
        assert message == {"op": "clone"}
        assert gate.admits({"op": "eval"})

    def test_it_is_taken_out_of_later_messages_too(self, gate: Gate) -> None:
        gate.admits({"op": "describe", KEY: TOKEN})
        message = {"op": "clone", KEY: "whatever it is"}
        assert gate.admits(message)
        assert message == {"op": "clone"}

    def test_an_op_that_only_authenticates(self, gate: Gate) -> None:
        message = {"op": "repl-server/authenticate", KEY: TOKEN, "id": 1}
        assert not gate.admits(message)
        assert gate.answer(message) == {"id": 1, "status": ["done"]}
        assert gate.admits({"op": "clone"})

    @pytest.mark.parametrize("wrong", ["", TOKEN[:-1], TOKEN + "x", "ü", b"\xff", 5, [TOKEN], {}])
    def test_three_wrong_tokens_end_it(self, gate: Gate, wrong: object) -> None:
        said = []
        for _ in range(3):
            assert gate.shut is None
            message = {"op": "clone", KEY: wrong}
            assert not gate.admits(message)
            said.append(gate.answer(message)["err"])
        assert [re.sub(r".*(2 tries|1 try|ends).*\n", r"\1", text) for text in said] == [
            "2 tries",
            "1 try",
            "ends",
        ]
        assert gate.shut is not None
        assert not gate.admits({"op": "clone", KEY: TOKEN})
        assert "unauthorized" in str(gate.answer({"op": "clone"})["status"])

    def test_a_flood_ends_it(self, gate: Gate) -> None:
        taken = 0
        while gate.takes(4096):
            taken += 4096
            assert not gate.admits({"op": "eval"})
        assert taken == 64 * 1024
        assert gate.shut is not None

    def test_with_the_token_there_is_no_end(self, gate: Gate) -> None:
        assert gate.takes(64 * 1024)
        gate.admits({KEY: TOKEN})
        assert all(gate.takes(1 << 20) for _ in range(10))

    def test_ids_of_no_known_kind_are_not_sent_back(self, gate: Gate) -> None:
        assert set(gate.answer({"id": ["x"], "session": 5})) == {"status", "err"}


class TestTokens:
    def test_made_ones_differ_and_need_no_quoting(self) -> None:
        made = {make_token() for _ in range(100)}
        assert len(made) == 100
        assert all(re.fullmatch(r"[\w-]{32}", token, re.ASCII) for token in made)
        assert secret(min(made)) == min(made).encode()

    @pytest.mark.parametrize("token", ["", "x" * 15, "\ud800" * 20])
    def test_others_are_refused(self, token: str) -> None:
        with pytest.raises(TokenError, match="make_token"):
            secret(token)


class TestRefusal:
    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (b"GET / HTTP/1.1\r\n", "web client"),
            (b"POST /x HTTP/1.1\r\n\r\nd2:op4:eval4:code3:1+1e", "web client"),
            (b"OPTIONS * HTTP/1.1", "web client"),
            (b"PRI * HTTP/2.0\r\n", "web client"),
            (b"\x16\x03\x01\x02\x00\x01", "TLS"),
            (b"\xff\xfd\x18", "telnet"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
            (b"(+ 1 2)\n", "does not speak nREPL"),
            (b"\x1b[2J\x07\r\nfake log line\n", "does not speak nREPL"),
            (b"\0" * 60_000, "does not speak nREPL"),
            (b"D2:ope", "does not speak nREPL"),
        ],
    )
    def test_it_says_who_it_was(self, data: bytes, said: str) -> None:
        text = refusal(data)
        assert text is not None
        assert said in text
        assert text.isprintable()
        assert len(text) < 300

    @pytest.mark.parametrize("data", [b"", b"d", b"d2:op5:clonee"])
    def test_messages_are_not_refused(self, data: bytes) -> None:
        assert refusal(data) is None

    @pytest.mark.parametrize("size", [1, 5, 1000])
    def test_a_browsers_post_gets_nothing_evaluated(self, size: int) -> None:
        body = encode({"op": "eval", "code": "hits.append(1)", "id": "1"}) * 3
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        namespace: dict[str, Any] = {"hits": []}
        with repl_server.serve(0, namespace=namespace) as server:
            host, _, port = server.address.rpartition(":")
            with socket.create_connection((host, int(port)), SECONDS) as browser:
                data = head + body
                try:
                    for start in range(0, len(data), size):
                        browser.sendall(data[start : start + size])
                    answered = browser.recv(100)
                except ConnectionError:
                    answered = b""
            assert answered == b""
            with WireClient(server.address) as client:  # has been read after it
                client.clone()
                assert client.value("hits") == "[]"


class TestServers:
    @pytest.fixture(params=["unix", "tcp"])
    def server(
        self, request: pytest.FixtureRequest, directory: Path
    ) -> Iterator[repl_server.Server]:
        address = directory / "x.sock" if request.param == "unix" else 0
        with repl_server.serve(address, namespace={"secret": 42}, token=TOKEN) as server:
            yield server

    def test_with_the_token_all_is_as_ever(self, server: repl_server.Server) -> None:
        with WireClient(server.address) as client:
            assert "unauthorized" in str(client.ask({"op": "describe"})[-1]["status"])
            assert client.ask({"op": "repl-server/authenticate", KEY: TOKEN})[-1]["status"] == [
                "done"
            ]
            client.clone()
            assert client.value("secret") == "42"

    def test_without_it_nothing_is_answered(self, server: repl_server.Server) -> None:
        with WireClient(server.address) as client:
            for op in ("eval", "clone", "describe", "ls-sessions", "completions"):
                replies = client.ask({"op": op, "code": "secret", "prefix": "s"})
                assert replies[-1].keys() == {"id", "status", "err"}

    def test_three_wrong_ones_and_it_hangs_up(
        self, server: repl_server.Server, capfd: pytest.CaptureFixture[str]
    ) -> None:
        said = ""

        def log() -> bool:
            nonlocal said
            said += capfd.readouterr().err
            return "three wrong" in said or "3 wrong" in said

        with WireClient(server.address) as client:
            for _ in range(3):
                client.ask({"op": "clone", KEY: "a wrong token, of some length"})
            client.send({"op": "clone", KEY: TOKEN})
            with pytest.raises((Disconnected, ConnectionError)):
                client.receive()
        wait_until(log)
        assert "of some length" not in said
        assert TOKEN not in said

    def test_a_flood_and_it_hangs_up(
        self, server: repl_server.Server, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with WireClient(server.address) as client:
            with contextlib.suppress(ConnectionError):
                client.socket.sendall(b"d4:code40960000:" + b"x" * 4_096_000)
            client.read_to_the_end()
        wait_until(lambda: "64 KiB without the token" in capfd.readouterr().err)
        with WireClient(server.address) as client:
            client.ask({"op": "repl-server/authenticate", KEY: TOKEN})
            client.clone()
            assert client.value("secret") == "42"
