"""A bridge that is killed, or stopped, between a Python console and its clients."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapters.bridging import BridgeProcess
from adapters.subject import Process
from adapters.subjects.python import start_console
from faults.counting import Ran, counted, until
from proofs import Prove


@pytest.fixture
def console(directory: Path) -> Iterator[Process]:
    console = start_console(directory)
    yield console
    assert console.alive
    console.stop()


def test_a_bridge_is_killed(console: Process, directory: Path, proof: Prove) -> None:
    with Ran(directory / "ran") as ran:
        with BridgeProcess(console.address, "./bridge.sock", directory=directory) as bridge:
            client = bridge.open()
            assert client.value("1") == "1"
            client.eval(
                "import time\ntry:\n"
                f"    _ = {ran.python('b')}\n"
                "    while True: time.sleep(0.01)\n"
                f"finally: _ = {ran.python('e')}"
            )
            ran.wait("b")
            idle = bridge.open()
            bridge.process.kill()
            for each in (client, idle):
                each.read_to_the_end()
        ran.wait("be")
        with BridgeProcess(console.address, "./bridge.sock", directory=directory) as bridge:
            assert bridge.open().value("40 + 2") == "42"
        assert ran.read() == "be"
    proof(
        "kill -9 of the bridge during an evaluation",
        "bridge of a Python console",
        "its clients see the end; what ran there is stopped; a new bridge serves",
    )


def test_a_bridge_is_stopped(console: Process, directory: Path, proof: Prove) -> None:
    with (
        Ran(directory / "ran") as ran,
        BridgeProcess(console.address, "./bridge.sock", directory=directory) as bridge,
    ):
        with bridge.open() as first:
            assert first.value("1") == "1"
        clients = [bridge.open() for _ in range(10)]
        pid = bridge.process.pid
        os.kill(pid, signal.SIGSTOP)
        sent = [each.eval(f"_ = {ran.python()}\n42") for each in clients]
        os.kill(pid, signal.SIGCONT)
        for each, ident in zip(clients, sent, strict=True):
            assert each.replies(ident)[0]["value"] == "42"
            each.close()
        assert ran.read() == "." * len(clients)
        until(lambda: counted(pid).sockets == 1, lambda: f"one listens: {counted(pid)}")
    proof(
        "SIGSTOP of the bridge while clients ask, SIGCONT",
        "bridge of a Python console",
        "all are answered, each once; when they have gone, only the listening socket is left",
        len(clients),
    )
