"""A REPL that is used by its prompt, and an echo of lines, and the line to them fails."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from adapters.subject import Process
from driver import Client
from faults.between import AS_IS, Between, Delayed, Drops, Fault, Floods, HalfCloses, Split
from guile.programs import free_port
from proofs import Prove

from repl_connect.errors import ConnectionLost

Line = Callable[..., Between]

PROGRAMS = Path(__file__).parents[1] / "adapters" / "programs"
CALCULATOR = "adapter, a calculator by its prompt"
ECHO = "adapter, lines (an echo)"
LONG = 30.0


@pytest.fixture(scope="module")
def calculator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where one listens that shows a prompt; others can use it in the end."""
    port = free_port()
    command = [sys.executable, str(PROGRAMS / "calculator.py"), str(port)]
    program = Process(command, f"127.0.0.1:{port}", directory=tmp_path_factory.mktemp("calculator"))
    yield program.address
    with Client(program.address, dialect="prompt") as client:
        assert client.evaluate("1 + 2").out == "3\n"
    program.stop()


@pytest.fixture
def echo(directory: Path) -> Iterator[str]:
    """Where one listens that gives back what it is sent."""

    def serve(stream: socket.socket) -> None:
        with stream:
            while data := stream.recv(65536):
                stream.sendall(data)

    def accept() -> None:
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(stream,), daemon=True).start()

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "echo.sock"))
        listener.listen()
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield str(directory / "echo.sock")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("fault", "tried"),
    [
        ((Split(), Split(3)), "every byte to the client alone, three at a time to the server"),
        ((Delayed(0.03), Delayed(0.03)), "each piece comes 30 ms late, both ways"),
    ],
    ids=["split", "delayed"],
)
def test_in_pieces(
    calculator: str, between: Line, fault: tuple[Fault, Fault], tried: str, proof: Prove
) -> None:
    line = between(calculator, *fault)
    with Client(line.address, dialect="prompt") as client:
        # The blank that its prompt ends with may come after an evaluation has begun.
        assert client.evaluate("6 * 7\n2 ** 10\n").out.split() == ["42", "1024"]
        assert client.evaluate("1 + 2").out.strip() == "3"
    proof(tried, CALCULATOR, "what is printed until the prompt comes back is the answer's")


@pytest.mark.parametrize(
    ("fault", "tried"),
    [
        ((Drops(3), AS_IS), "dropped in the middle of an answer"),
        ((HalfCloses(3), AS_IS), "the way to the client is closed in the middle of an answer"),
        ((AS_IS, Drops(2)), "dropped in the middle of a request"),
    ],
    ids=["drop", "half-close", "drop a request"],
)
def test_dropped(
    calculator: str, between: Line, fault: tuple[Fault, Fault], tried: str, proof: Prove
) -> None:
    line = between(calculator)
    with Client(line.address, dialect="prompt") as client:
        line.fail(*fault)
        outcome = client.start("6 * 700000")
        with pytest.raises(ConnectionLost):
            client.link.run_until(lambda: False, LONG)
        assert outcome.done is not None
        assert outcome.done.lost
        assert line.address in str(outcome.done.problem)
        assert client.link.session.running == []
    proof(tried, CALCULATOR, "the evaluation ends as lost, once, with a sentence")


def test_flooded(calculator: str, between: Line, proof: Prove) -> None:
    line = between(calculator)
    with Client(line.address, dialect="prompt") as client:
        line.fail(Floods(b"\x00\xffgarbage \x1b[2J\n" * 4096, 1))
        outcome = client.start("1 + 2")
        assert client.link.run_until(lambda: outcome.done is not None, LONG)
        assert "garbage" in outcome.out
    proof(
        "garbage before the answer",
        CALCULATOR,
        "it is output of the evaluation, which ends with the prompt",
    )


def test_lines_in_pieces_and_then_lost(echo: str, between: Line, proof: Prove) -> None:
    line = between(echo, Split(), Split())
    with Client(line.address, dialect="line") as client:
        client.start("a line of λ and \x1b[1m more")
        want = "a line of λ and \x1b[1m more\n"
        heard = client.late
        assert client.link.run_until(lambda: "".join(each.text for each in heard) == want, LONG)
        line.cut()
        with pytest.raises(ConnectionLost) as raised:
            client.link.run_until(lambda: False, LONG)
        assert line.address in str(raised.value)
    proof(
        "every byte alone both ways, then dropped",
        ECHO,
        "the line comes back whole; the loss is said",
    )
