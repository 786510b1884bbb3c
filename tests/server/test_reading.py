"""A session's thread that has evaluated reads its connection; nobody is to notice."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from server.conftest import server_threads, wait_until
from server.wire_client import WireClient, gather

import repl_server


@pytest.fixture
def reading(client: WireClient, server: repl_server.Server) -> Any:
    """Of the client, whose session's thread reads."""
    client.value("0")
    client.value("0")
    (peer,) = server._peers.values()
    wait_until(peer.reading.lock.locked)
    return peer.reading


def test_no_hand_over(client: WireClient, reading: Any) -> None:
    before = reading._turns
    for number in range(50):
        assert client.value(str(number)) == str(number)
    assert reading._turns > before


def test_after_a_pause(client: WireClient, reading: Any) -> None:
    wait_until(lambda: reading._asleep)
    ident = client.eval("while True: pass")
    asked = client.send({"op": "interrupt", "interrupt-id": ident})
    assert "interrupted" in gather(client.replies(ident))["status"]
    assert client.replies(asked)[0]["status"] == ["done"]
    assert client.value("1+1") == "2"


def test_requests_while_it_evaluates(client: WireClient, reading: Any) -> None:
    ident = client.eval("answer = input()")
    client.until(ident, "status", "need-input")
    assert "eval" in client.ask({"op": "describe"})[0]["ops"]
    client.ask({"op": "stdin", "stdin": "yes\n"})
    assert gather(client.replies(ident))["status"] >= {"done"}
    assert client.value("answer") == "'yes'"


def test_another_connection_in_the_same_session(
    client: WireClient, reading: Any, connect: Callable[[], WireClient]
) -> None:
    other = connect()
    thread = client.value("__import__('threading').get_ident()")
    for _ in range(20):
        for each in (other, client):
            found = each.value("__import__('threading').get_ident()", session=client.session)
            assert found == thread


def test_sessions_of_one_connection(client: WireClient, reading: Any) -> None:
    sessions = [client.session, client.clone()]
    began = time.monotonic()
    for turn in range(20):
        for session in sessions:
            assert client.value(f"{turn}+1", session=session) == str(turn + 1)
    assert time.monotonic() - began < 5


def test_its_session_is_closed(
    client: WireClient, reading: Any, connect: Callable[[], WireClient]
) -> None:
    other = connect()
    assert "session-closed" in other.ask({"op": "close", "session": client.session})[0]["status"]
    wait_until(lambda: not server_threads("session"))
    client.session = None
    client.clone()
    assert client.value("2+2") == "4"
    client.ask({"op": "close"})
    client.session = None
    assert "ops" in client.ask({"op": "describe"})[0]


def test_bytes_that_are_no_message(client: WireClient, reading: Any) -> None:
    client.socket.sendall(b"d2:op4:eval3:xyzxxxxx")
    assert "protocol-error" in client.receive()["status"]
    client.read_to_the_end()
    wait_until(lambda: not server_threads("session"))


def test_evaluations_without_a_session(client: WireClient, reading: Any) -> None:
    began = time.monotonic()
    for number in range(20):
        assert client.value(str(number), session="") == str(number)
    assert time.monotonic() - began < 5
    assert threading.active_count() < 100


def test_no_descriptors_left(client: WireClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def pipe() -> tuple[int, int]:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("os.pipe", pipe)
    for number in range(5):
        assert client.value(str(number)) == str(number)


def test_descriptors_are_closed(server: repl_server.Server) -> None:
    def use() -> int:
        for _ in range(10):
            with WireClient(server.address) as client:
                client.clone()
                client.value("1")
                client.value("1")
        wait_until(lambda: not server_threads("client"))
        return len(os.listdir("/proc/self/fd"))

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no /proc here")
    assert use() == use()
