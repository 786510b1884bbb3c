"""A server that means no good: what is said, and how much memory the client takes for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest
from abuse.bombs import BOMBS, Bomb
from client.command import COMMAND, LONG
from client.fakes import FakeServer

MEMORY = 400 * 1024  # KiB of addresses that the client can have, all that Python needs included
_LIMITED = ["sh", "-c", 'ulimit -v "$0" && exec "$@"', str(MEMORY)]


@pytest.mark.parametrize("bomb", BOMBS, ids=[bomb.name for bomb in BOMBS])
def test_an_evaluation_ends_and_memory_is_bounded(bomb: Bomb, proof: Callable[..., None]) -> None:
    with FakeServer(bomb.behave, None) as server:
        command = [*_LIMITED, *COMMAND, "eval", "--dialect", "nrepl", *bomb.more]
        with subprocess.Popen(
            [*command, server.address, "1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as client:
            assert client.stdout is not None
            assert client.stderr is not None
            printed = 0
            while data := os.read(client.stdout.fileno(), 1 << 20):
                printed += len(data)
            said = client.stderr.read().decode()
            status = client.wait(LONG)
    assert (status, "Traceback" in said) == (bomb.status, False), said
    assert bomb.says in said
    assert said.count("\n") <= 3
    assert bomb.prints in (None, printed)
    proof(bomb.tried, "`repl-connect eval`, 400 MiB of addresses", bomb.happened)
