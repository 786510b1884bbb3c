"""Threads that evaluate serve the connections too: in turn, and nobody depends on one of them."""

from __future__ import annotations

import os
import queue
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from server.conftest import wait_until
from server.wire_client import SECONDS, WireClient, gather

import repl_server
from repl_server.network.io_thread import IoThread
from repl_server.network.relay import Relay

pytestmark = pytest.mark.modes("threads")

CROWD = 12


class Connections:
    """Stands for the connections: each message names who is to evaluate, and is one turn."""

    def __init__(self) -> None:
        self.messages: queue.Queue[Callable[[], object]] = queue.Queue()
        self.served: queue.Queue[str] = queue.Queue()
        self.closed = False

    def turn(self, most: float | None) -> bool:
        try:
            message = self.messages.get(timeout=most or SECONDS)
        except queue.Empty:
            return False
        self.served.put(threading.current_thread().name)
        message()
        return True

    def who(self) -> str:
        """Who serves the next message, which is for nobody."""
        self.messages.put(lambda: None)
        return self.served.get(timeout=SECONDS)


@pytest.fixture
def connections() -> Connections:
    return Connections()


@pytest.fixture
def relay(connections: Connections) -> Iterator[Relay]:
    relay = Relay()
    relay.turn = connections.turn
    own = threading.Thread(target=relay.serve, args=(lambda: connections.closed,), name="own")
    own.start()
    yield relay
    connections.closed = True
    connections.messages.put(lambda: None)
    own.join(SECONDS)
    assert not own.is_alive()


class TestWhoServes:
    def test_the_servers_own_thread_if_no_other(
        self, relay: Relay, connections: Connections
    ) -> None:
        assert connections.who() == "own"
        assert not relay.leads_here()

    def test_one_that_has_evaluated_until_it_is_wanted(
        self, relay: Relay, connections: Connections
    ) -> None:
        wanted = threading.Event()
        connections.messages.put(lambda: relay.follow(follower.start))

        def lead() -> None:
            relay.lead(wanted.is_set)
            ended.set()
            assert own_turn.wait(SECONDS)

        ended, own_turn = threading.Event(), threading.Event()
        follower = threading.Thread(target=lead, name="follower")
        assert connections.served.get(timeout=SECONDS) == "own"
        assert [connections.who() for _ in range(3)] == ["follower"] * 3
        connections.messages.put(wanted.set)
        assert connections.served.get(timeout=SECONDS) == "follower"
        assert ended.wait(SECONDS)
        # It evaluates now, and does not end: the server's own thread does not wait for it.
        assert connections.who() == "own"
        own_turn.set()
        follower.join(SECONDS)

    def test_nobody_waits_for_one_that_never_comes(
        self, relay: Relay, connections: Connections
    ) -> None:
        called: queue.Queue[int] = queue.Queue()

        def several() -> None:
            for number in range(3):
                relay.follow(lambda number=number: called.put(number))  # type: ignore[misc]

        connections.messages.put(several)
        assert connections.served.get(timeout=SECONDS) == "own"
        assert [called.get(timeout=SECONDS) for _ in range(3)] == [0, 1, 2]
        assert connections.who() == "own"

    def test_the_own_thread_again_when_nothing_comes(
        self, relay: Relay, connections: Connections
    ) -> None:
        connections.messages.put(lambda: relay.follow(follower.start))
        follower = threading.Thread(target=relay.lead, args=(bool,), name="follower")
        assert connections.served.get(timeout=SECONDS) == "own"
        wait_until(lambda: follower.ident)
        follower.join(SECONDS)
        assert not follower.is_alive()
        assert connections.who() == "own"


def test_those_served_longest_ago_are_served_first() -> None:
    """Whoever asks just after a turn would else wait for two."""
    served: list[int] = []
    serving = IoThread(None, lambda _: None)  # type: ignore[arg-type, return-value]
    for number in range(4):
        peer = SimpleNamespace(read=partial(served.append, number))
        serving.peers[number] = peer  # type: ignore[assignment]
    for ready in ((0, 1, 2), (0, 1, 3), (0, 2, 1, 3)):
        events = [(number, select.POLLIN) for number in ready]
        serving._poller = SimpleNamespace(poll=lambda _, events=events: events)
        assert serving._turn(0.0)
    assert served == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    serving.peers.clear()
    serving._let_go()


class TestSessions:
    def test_one_that_blocks_holds_up_nobody(
        self, connect: Callable[[], WireClient], namespace: dict[str, Any]
    ) -> None:
        one, other = connect(), connect()
        gate = namespace["gate"] = threading.Event()
        for _ in range(3):  # so that it is known for short evaluations
            one.value("1")
        ident = one.eval("gate.wait()")
        for _ in range(3):
            assert other.value("1+1") == "2"
        gate.set()
        assert gather(one.replies(ident))["values"] == ["True"]

    def test_one_that_loops_can_be_interrupted(self, client: WireClient) -> None:
        for _ in range(3):
            client.value("1")
        ident = client.eval("while True: pass")
        client.ask({"op": "interrupt"})
        assert "interrupted" in gather(client.replies(ident))["status"]
        assert client.value("1+1") == "2"

    def test_many_evaluate_each_in_its_thread(self, connect: Callable[[], WireClient]) -> None:
        crowd = [connect() for _ in range(CROWD)]
        seen: dict[WireClient, set[str]] = {client: set() for client in crowd}
        for _ in range(20):
            asked = [
                (client, client.eval("__import__('threading').get_ident()")) for client in crowd
            ]
            for client, ident in asked:
                seen[client].update(gather(client.replies(ident))["values"])
        assert all(len(threads) == 1 for threads in seen.values())
        assert len(set.union(*seen.values())) == CROWD

    @pytest.mark.skipif(sys.platform != "linux", reason="counts files as Linux shows them")
    def test_files_go_with_the_sessions(
        self, connect: Callable[[], WireClient], server: repl_server.Server
    ) -> None:
        connect().value("1")
        before = len(os.listdir("/proc/self/fd"))
        crowd = [connect() for _ in range(CROWD)]
        _evaluate_at_once(crowd)
        for client in crowd:
            client.close()
        wait_until(lambda: len(os.listdir("/proc/self/fd")) == before)

    def test_a_child_takes_nothing_from_its_parent(
        self, connect: Callable[[], WireClient], namespace: dict[str, Any]
    ) -> None:
        """A child that lives on has the same files, and must not read them."""
        crowd = [connect() for _ in range(CROWD)]
        _evaluate_at_once(crowd)
        child = int(crowd[0].value("__import__('os').fork()"))
        try:
            _evaluate_at_once(crowd)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def test_what_the_server_says_is_not_a_clients(
        self,
        server: repl_server.Server,
        client: WireClient,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        for _ in range(3):
            assert client.value_and_output("1") == ("1", "")
            with socket.socket(socket.AF_UNIX) as browser:
                browser.settimeout(SECONDS)
                browser.connect(server.address)
                browser.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert browser.recv(1) == b""
        assert client.result("1")["err"] == ""
        assert capsys.readouterr().err.count("repl-server: ") == 3


def _evaluate_at_once(crowd: list[WireClient]) -> None:
    for _ in range(10):
        asked = [(client, client.eval("1+1")) for client in crowd]
        for client, ident in asked:
            assert gather(client.replies(ident))["values"] == ["2"]
