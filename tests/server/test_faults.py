"""What goes wrong outside: the program lives on, and nothing is left behind."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server.conftest import wait_until
from server.running import Held, Running, start_client
from server.wire_client import WireClient, gather

from repl_server.wire import Message, encode

MEBIBYTE = 1_048_576
MOST_MEMORY = 40 * MEBIBYTE


@pytest.fixture
def program(mode: str, directory: Path) -> Iterator[Running]:
    with Running(mode, directory / "app.sock") as program:
        yield program


@pytest.fixture
def client(program: Running) -> WireClient:
    """Looks on. It has evaluated already, so that what that starts for good has started."""
    client = program.connect()
    client.value("1")
    client.ask({"op": "completions", "prefix": "spee"})
    return client


@pytest.fixture
def before(program: Running, client: WireClient) -> Held:
    with WireClient(program.address) as first:  # what the first interrupt loads stays
        first.clone()
        first.until(first.eval("print('begun', flush=True)\nwhile True: pass"), "out", "begun")
        first.ask({"op": "interrupt"})
    wait_until(lambda: program.held(client).sessions == 1)
    own = 2 if program.mode == "threads" else 0  # the client's, and one that waits for the next
    wait_until(lambda: client.value("len(session_threads())") == str(own))
    # A thread that Python knows no more may still be ending.
    wait_until(
        lambda: client.value("threading.active_count()") == str(program.held(client).threads)
    )
    return program.held(client)


def all_is_as(before: Held, program: Running, client: WireClient) -> None:
    # Evaluates, too: only then a thread that waits for a session may be made again.
    wait_until(lambda: client.value("1") and program.held(client) == before)
    program.goes_on(client)


class TestAProgramThatIsKilled:
    def test_its_clients_see_the_end(self, program: Running) -> None:
        clients = [program.connect() for _ in range(3)]
        clients[1].until(clients[1].eval("print('a', flush=True)\nwhile True: pass"), "out", "a")
        clients[2].eval("input()")
        program.kill()
        for client in clients:
            client.read_to_the_end()

    def test_a_new_one_takes_its_place(
        self, program: Running, mode: str, client: WireClient
    ) -> None:
        program.kill()
        assert Path(program.address).is_socket()
        with Running(mode, Path(program.address)) as second:
            assert second.connect().value("speed") == "1"


EVALUATIONS = {
    "in a loop": "print('begun', flush=True)\nwhile True: pass",
    "printing": "while True: print('x' * 1000)",
    "sleeping": "import time; print('begun', flush=True); time.sleep(1000)",
    "reading": "input()",
    "debugging": "breakpoint()",
    "catching interrupts": (
        "print('begun', flush=True)\nfor i in range(3):\n"
        "    try:\n        while True: pass\n    except KeyboardInterrupt: pass"
    ),
}


@pytest.mark.parametrize("code", EVALUATIONS.values(), ids=EVALUATIONS)
def test_a_client_that_is_killed(
    program: Running, client: WireClient, before: Held, code: str
) -> None:
    """What it evaluates ends, its session and its thread go."""
    killed = start_client(program.address, code)
    killed.kill()
    killed.communicate()
    all_is_as(before, program, client)


@pytest.mark.modes("asyncio")
def test_a_client_that_is_killed_while_it_awaits(
    program: Running, client: WireClient, before: Held
) -> None:
    code = "import asyncio; print('begun', flush=True); await asyncio.sleep(1000)"
    killed = start_client(program.address, code)
    killed.kill()
    killed.communicate()
    all_is_as(before, program, client)
    assert client.value("len(asyncio.all_tasks())") == "1"


def test_half_a_message_and_silence(program: Running, client: WireClient, before: Held) -> None:
    message = encode({"op": "eval", "code": "speed = 'never'" + " " * 100_000, "id": "1"})
    silent = []
    for size in (1, 20, 1000, len(message) - 1):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(program.address)
        sock.sendall(message[:size])
        silent.append(sock)
    with WireClient(program.address) as other:
        other.clone()
        assert other.value("speed") == "1"
    for sock in silent:
        sock.close()
    all_is_as(before, program, client)
    assert client.value("speed") == "1"


def test_connections_that_come_and_go(program: Running, client: WireClient, before: Held) -> None:
    clone, evaluation = encode({"op": "clone", "id": "1"}), encode({"op": "eval", "code": "1+1"})
    for number in range(500):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(program.address)
            sock.sendall((b"", b"d2:op", clone, evaluation, clone + evaluation)[number % 5])
    all_is_as(before, program, client)


def test_ten_thousand_evaluations_without_reading(
    program: Running, client: WireClient, before: Held
) -> None:
    """What the queue has no room for is refused; each is answered, the others in order."""
    memory = program.memory()
    with WireClient(program.address) as eager:
        eager.clone()
        session = eager.session
        data = b"".join(
            encode({"op": "eval", "code": str(number), "id": number, "session": session})
            for number in range(10_000)
        )
        eager.socket.sendall(data)
        done: dict[int, list[str]] = {}
        values: list[int] = []
        while len(done) < 10_000:
            reply = eager.receive()
            if "value" in reply:
                values.append(int(reply["value"]))
            if "done" in reply.get("status", ()):
                done[reply["id"]] = reply["status"]
        refused = [number for number, status in done.items() if "queue-full" in status]
        assert values == sorted(set(range(10_000)) - set(refused))
        assert len(values) >= 1_000
        eager.send({"op": "close"})
    assert program.memory() < memory + MOST_MEMORY
    all_is_as(before, program, client)


LINES = 200_000
LINE = "x" * 999
PRINTED = LINES * 1000
PRINTS = (
    "import os, time\n"
    f"for i in range({LINES}): print({LINE!r})\n"
    "while not os.path.exists({!r}): time.sleep(0.01)\n"
    "'the end'"
)


class TestAClientThatDoesNotRead:
    def test_memory_is_bounded_and_nobody_else_waits(
        self, program: Running, client: WireClient, before: Held, directory: Path
    ) -> None:
        """In a program's own thread it is not waited for: it is told what it has missed."""
        memory = program.memory()
        go = directory / "go"
        with WireClient(program.address) as lazy:
            lazy.clone()
            ident = lazy.eval(PRINTS.format(str(go)))
            first = lazy.until(ident, "out", "x")
            found = client.ask({"op": "completions", "prefix": "spee"})[-1]["completions"]
            assert [one["candidate"] for one in found] == ["speed"]
            go.touch()
            program.goes_on(client)
            result = count(lazy, ident)
            received = len(first) + result["out"]
            assert result["values"] == ["'the end'"]
            told = re.fullmatch(
                r"\n\[(\d+) characters of output were dropped here.*\]\n", result["err"]
            )
            if program.mode == "threads":  # a thread waits, ten seconds
                assert received == PRINTED
                assert result["err"] == ""
            else:
                assert told is not None
                assert received + int(told[1]) == PRINTED
            assert lazy.value_and_output("print('back'); 1") == ("1", "back\n")
        assert program.memory() < memory + MOST_MEMORY
        all_is_as(before, program, client)

    def test_it_goes_while_the_evaluation_prints(
        self, program: Running, client: WireClient, before: Held
    ) -> None:
        with WireClient(program.address) as lazy:
            lazy.clone()
            lazy.until(lazy.eval(f"while True: print({LINE!r})"), "out", "x")
        all_is_as(before, program, client)

    def test_values_that_are_not_read(
        self, program: Running, client: WireClient, before: Held
    ) -> None:
        memory = program.memory()
        with WireClient(program.address) as lazy:
            lazy.clone()
            for _ in range(100):
                lazy.eval("'x' * 1_000_000")
            program.goes_on(client)
            if program.mode != "threads":
                assert program.memory() < memory + MOST_MEMORY
        all_is_as(before, program, client)


def count(client: WireClient, ident: str) -> dict[str, Any]:
    """What the evaluation answers, with the length of its output instead of that."""
    replies: list[Message] = []
    out = 0
    while not replies or "done" not in replies[-1].get("status", ()):
        replies.append(client.next(ident))
        out += len(replies[-1].pop("out", ""))
    return {**gather(replies), "out": out}
