"""Clients that mean no good, against a program that is served: floods, limits, half of everything.

The program goes on, its other clients are answered, and nothing is left of who has gone.
"""

from __future__ import annotations

import contextlib
import resource
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from abuse.attacked import EACH, Attacked, attacked
from proofs import Prove
from server.hosts import MODES
from server.wire_client import WireClient, gather

from repl_server.wire import Message, encode

MOST_MEMORY = 40  # MiB that the peak may grow by
DONE = b"4:done"


@pytest.fixture(scope="module", params=MODES)
def served(request: pytest.FixtureRequest) -> Iterator[Attacked]:
    with attacked(request.param) as found:
        yield found


@pytest.fixture(scope="module")
def threaded() -> Iterator[Attacked]:
    """For what is done by the server's own thread, which is the same in each mode."""
    with attacked("threads") as found:
        yield found


def opened(served: Attacked) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX)
    stream.connect(served.program.address)  # with a timeout, a full backlog were an error
    stream.settimeout(60)
    return stream


TOO_MUCH = {
    "a message that announces 70 MB": b"d4:code70000000:",
    "a message nested 100 deep": b"d1:x" + b"l" * 100,
    "a message of 600,000 items": b"d1:xl" + b"i1e" * 600_000,
    "an integer of 2,000 digits": b"d1:xi" + b"9" * 2000 + b"e",
    "a length of 30 digits": b"d" + b"9" * 30 + b":",
}


@pytest.mark.parametrize("tried", TOO_MUCH)
def test_a_message_beyond_a_limit(threaded: Attacked, tried: str, proof: Prove) -> None:
    with WireClient(threaded.program.address) as client:
        with contextlib.suppress(BrokenPipeError):
            client.socket.sendall(TOO_MUCH[tried])
        reply = client.receive()
        assert "protocol-error" in reply["status"], reply
        assert reply["err"].count("\n") == 1
        client.read_to_the_end()
    threaded.goes_on()
    proof(tried, "server", "refused as `protocol-error`, with the limit; that connection ends")


def test_requests_whose_answers_are_not_read(served: Attacked, proof: Prove) -> None:
    """The server stops reading from who does not read; it keeps some 16 MiB of answers."""
    memory, count, size = served.program.memory(), 0, 0
    request = encode({"op": "describe", "verbose?": 1, "id": "1"}) * 100
    with opened(served) as stream:
        stream.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            while size < 64 << 20:
                size += stream.send(request)
                count += 1
        assert size < 64 << 20
        assert served.other.value("1 + 1") == "2"
        assert served.grown(memory) < MOST_MEMORY
    served.goes_on()
    proof(
        "requests without end, no answer read",
        EACH,
        f"not read from any more; memory grows by less than {MOST_MEMORY} MiB; others answered",
    )


def test_a_byte_at_a_time(served: Attacked, proof: Prove) -> None:
    streams = [opened(served) for _ in range(50)]
    message = encode({"op": "eval", "code": "speed + 1", "id": "1"})
    for place in range(len(message)):
        for stream in streams:
            stream.send(message[place : place + 1])
        assert served.other.value("1 + 1") == "2"
    for stream in streams:
        data = b""
        while DONE not in data:
            data += stream.recv(65_536)
        assert b"5:value1:2" in data
        stream.close()
    served.goes_on()
    proof(
        "messages sent a byte at a time",
        EACH,
        "others are answered after each byte; each message in the end",
        times=50,
    )


CONNECTIONS = 10_000
MOST = 1_000


def test_ten_thousand_connections(threaded: Attacked, proof: Prove) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * MOST)), hard))
    streams: list[socket.socket] = []
    refused = 0
    request = encode({"op": "eval", "code": "6 * 7", "id": "1"})
    try:
        for number in range(CONNECTIONS):
            stream = opened(threaded)
            if number < MOST - 1:  # and the one that looks on
                streams.append(stream)
                continue
            with stream:
                data = b""
                while more := stream.recv(65_536):
                    data += more
                assert b"1000 connections are open here, and no more are served" in data
                refused += 1
        for stream in streams:
            stream.sendall(request)
        for stream in streams:
            data = b""
            while DONE not in data:
                data += stream.recv(65_536)
            assert b"5:value2:42" in data
        assert threaded.other.value("1 + 1") == "2"
    finally:
        for stream in streams:
            stream.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    threaded.goes_on()
    proof(
        "ten thousand connections at once",
        "server, threads",
        f"1,000 are served and answered; {refused:,} are refused, each in a sentence",
        times=CONNECTIONS,
    )


def test_connecting_and_closing(threaded: Attacked, proof: Prove) -> None:
    times = 20_000
    for number in range(times):
        opened(threaded).close()
        if number % 2_000 == 0:
            assert threaded.other.value("1 + 1") == "2"
    threaded.goes_on()
    proof(
        "connecting and closing at once",
        "server",
        "others are answered meanwhile; no descriptor, thread or session is left",
        times=times,
    )


def test_half_open_connections(served: Attacked, proof: Prove) -> None:
    """Who says that it sends no more has gone, as far as nREPL goes."""
    request = encode({"op": "clone", "id": "1"})
    for _ in range(300):
        with opened(served) as stream:
            stream.sendall(request)
            stream.shutdown(socket.SHUT_WR)
            while stream.recv(65_536):
                pass
    served.goes_on()
    proof(
        "half-closed connections with a session",
        EACH,
        "closed, and their sessions with them",
        times=300,
    )


def statuses(client: WireClient, messages: list[dict[str, Any]]) -> list[set[str]]:
    """The statuses of each request, which are sent a hundred at a time."""
    found = []
    for start in range(0, len(messages), 100):
        idents = [client.send(message) for message in messages[start : start + 100]]
        found += [gather(client.replies(ident))["status"] for ident in idents]
    return found


def test_sessions_without_end(served: Attacked, proof: Prove) -> None:
    with WireClient(served.program.address) as client:
        found = statuses(client, [{"op": "clone"}] * 3_000)
        refused = [status for status in found if "error" in status]
        assert len(refused) == 3_000 - (MOST - 1)
        assert refused[0] == {"done", "error", "too-many-sessions"}
        assert served.other.value("1 + 1") == "2"
    served.goes_on()
    proof(
        "3,000 sessions opened",
        EACH,
        "1,000 are open, the rest refused as `too-many-sessions`; closed with their client",
    )


def test_evaluations_queued_without_end(served: Attacked, proof: Prove) -> None:
    code = "x = 1" + " " * 10_000
    with WireClient(served.program.address) as client:
        client.clone()
        running = client.eval("input()")
        client.until(running, "status", "need-input")
        idents = [client.eval(code) for _ in range(3_000)]
        early = [gather(client.replies(ident))["status"] for ident in idents[MOST:]]
        assert early == [{"done", "error", "queue-full"}] * 2_000
        client.send({"op": "stdin", "stdin": "\n"})
        late = [gather(client.replies(ident))["status"] for ident in [running, *idents[:MOST]]]
        assert late == [{"done"}] * (MOST + 1)
    served.goes_on()
    proof(
        "3,000 evaluations behind one that waits",
        EACH,
        "1,000 wait and run later, the rest are refused as `queue-full`",
    )


def test_jobs_without_end(threaded: Attacked, proof: Prove) -> None:
    with WireClient(threaded.program.address) as client:
        client.clone()
        waits = "import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.01)"
        first = client.ask({"op": "repl-server/submit", "code": waits})[-1]["job"]
        jobs: list[dict[str, Any]] = [{"op": "repl-server/submit", "code": "1"}] * 3_000
        found = statuses(client, jobs)
        refused = [status for status in found if "error" in status]
        assert len(refused) in {3_000 - MOST, 3_001 - MOST}  # the first may not have begun
        assert threaded.other.value("1 + 1") == "2"
        client.ask({"op": "repl-server/cancel", "job": first})
        last = client.ask({"op": "repl-server/jobs"})[-1]["jobs"][-1]["job"]
        ended = client.ask({"op": "repl-server/result", "job": last, "wait": "60"})[-1]
        assert ended["state"] == "finished"
    threaded.goes_on()
    proof(
        "3,000 jobs submitted behind one without end",
        "server, threads",
        "1,000 wait and run when that one is cancelled; the rest is refused",
    )


def test_input_without_end(served: Attacked, proof: Prove) -> None:
    memory = served.program.memory()
    with WireClient(served.program.address) as client:
        client.clone()
        found = statuses(client, [{"op": "stdin", "stdin": "x" * 100_000}] * 500)
        refused = [status for status in found if "error" in status]
        assert len(refused) == 490, (len(refused), refused[-1])
        assert served.grown(memory) < MOST_MEMORY
        client.send({"op": "stdin", "stdin": "\n"})
        assert client.value("len(input())") == "1000000"
    served.goes_on()
    proof(
        "50 MB of input that nobody reads",
        EACH,
        "1,048,576 characters are kept, the rest is refused",
    )


def test_interrupts_without_end(served: Attacked, proof: Prove) -> None:
    with WireClient(served.program.address) as client:
        client.clone()
        for times in range(10):
            found = statuses(client, [{"op": "interrupt"}] * 500)
            assert found == [{"done", "session-idle"}] * 500
            assert client.value(f"{times} + 1") == str(times + 1)
        running = client.eval("print('begun', flush=True)\nwhile True: pass")
        client.until(running, "out", "begun")
        idents = [client.send({"op": "interrupt"}) for _ in range(500)]
        assert "interrupted" in gather(client.replies(running))["status"]
        for ident in idents:
            client.replies(ident)
        assert client.value("1 + 1") == "2"
    served.goes_on()
    proof(
        "floods of interrupts, idle and busy",
        EACH,
        "each is answered; the evaluation ends once; none hits what comes after",
        times=5_500,
    )


def test_the_sessions_of_others(served: Attacked, proof: Prove) -> None:
    """Clients of one program trust each other: sessions are shared by whoever names them."""
    with WireClient(served.program.address) as owner, WireClient(served.program.address) as forger:
        owner.clone()
        running = owner.eval("print('begun', flush=True)\nwhile True: pass")
        owner.until(running, "out", "begun")
        forged: list[Message] = forger.ask(
            {"op": "interrupt", "session": owner.session, "interrupt-id": "no such"}
        )
        assert "interrupt-id-mismatch" in forged[-1]["status"]
        forger.ask({"op": "interrupt", "session": owner.session, "interrupt-id": running})
        assert "interrupted" in gather(owner.replies(running))["status"]
        assert (
            "unknown-session"
            in forger.ask({"op": "eval", "code": "1", "session": "none"})[-1]["status"]
        )
        forger.ask({"op": "close", "session": owner.session})
        assert "unknown-session" in owner.ask({"op": "eval", "code": "1"})[-1]["status"]
        owner.session = None
        owner.clone()
        assert owner.value("1 + 1") == "2"
    served.goes_on()
    proof(
        "another client's session interrupted and closed; made-up sessions and ids",
        EACH,
        "allowed, and its owner is told; what was made up is refused",
    )
