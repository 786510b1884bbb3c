"""The example programs, each as a process, used as its documentation says."""

from __future__ import annotations

import contextlib
import queue
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from server.doing import told
from server.running import environment
from server.wire_client import SECONDS, WireClient, gather

from repl_server.network import io_thread
from repl_server.network.listen import listen

EXAMPLES = Path(__file__).parents[2] / "server" / "examples"
MANY = 100


class Example:
    """An example in a directory of its own, killed in the end."""

    def __init__(self, name: str, directory: Path, *arguments: str) -> None:
        self.socket = str(directory / f"{name}.sock")
        self.process = subprocess.Popen(
            [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments],
            cwd=directory,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._open: list[WireClient | socket.socket] = []

    def __enter__(self) -> Example:
        return self

    def __exit__(self, *_exception: object) -> None:
        for each in self._open:
            each.close()
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def line(self) -> str:
        """The next line that it prints."""
        return self._lines.get(timeout=SECONDS)

    def line_with(self, text: str) -> str:
        """The next line with this in it."""
        while text not in (line := self.line()):
            pass
        return line

    def look_in(self) -> WireClient:
        """A client of its REPL, with a session."""
        client = WireClient(self.socket)
        self._open.append(client)
        client.clone()
        return client

    def connect(self, address: str | tuple[str, int] | None = None) -> socket.socket:
        """A connection to it that speaks no nREPL."""
        family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
        connected = socket.socket(family, socket.SOCK_STREAM)
        self._open.append(connected)
        connected.settimeout(SECONDS)
        connected.connect(address or self.socket)
        return connected

    def hang_up(self, client: WireClient) -> None:
        self._open.remove(client)
        client.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))


@pytest.fixture
def start(directory: Path) -> Iterator[Callable[..., Example]]:
    started: list[Example] = []

    def start(name: str, *arguments: str) -> Example:
        started.append(Example(name, directory, *arguments))
        return started[-1]

    yield start
    for example in started:
        example.__exit__()


def receive(sock: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer if the connection ends."""
    parts = []
    while size and (part := sock.recv(min(size, 1_048_576))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def receive_line(sock: socket.socket) -> str:
    line = b""
    while not line.endswith(b"\n"):
        seen = sock.recv(65_536, socket.MSG_PEEK)
        assert seen, line
        line += sock.recv(seen.find(b"\n") + 1 or len(seen))
    return line.decode().rstrip("\n")


# Programs with a REPL in them.


def test_a_simulation_is_changed_from_turn_to_turn(start: Callable[..., Example]) -> None:
    simulation = start("simulation")
    assert simulation.line() == "Change me: repl-connect ./simulation.sock"
    assert simulation.line() == "turn 1: 110 rabbits"
    client = simulation.look_in()
    turn = int(client.result("growth, rabbits, pause = 0.5, 100, 0.01; turn")["values"][0])
    simulation.line_with(f"turn {turn + 1}: 150 rabbits")
    code = "def step():\n    global rabbits\n    rabbits = 7\nturn"
    result = client.result(code)
    assert result["err"] == ""
    simulation.line_with(f"turn {int(result['values'][0]) + 1}: 7 rabbits")


def test_a_service_is_changed_while_it_serves(start: Callable[..., Example]) -> None:
    service = start("service", "0")
    host, _, port = service.line().removeprefix("Lines are answered at ").partition(":")
    assert service.line() == "Look in: repl-connect ./service.sock"
    ada, ben = (service.connect((host, int(port))) for _ in range(2))
    ada.sendall(b"hello\n")
    assert receive_line(ada) == "HELLO"

    client = service.look_in()
    assert client.value("lines") == "1"
    topic = client.send({"op": "repl-server/subscribe", "topics": ["lines"]})
    assert client.next(topic)["status"] == ["repl-server/subscribed"]
    assert client.result("def answer(line):\n    return line[::-1]")["err"] == ""
    ben.sendall(b"stressed\n")
    assert receive_line(ben) == "desserts"
    event = client.next(topic)
    assert (event["topic"], event["text"]) == ("lines", "'stressed'")
    assert client.value('await tell("We close at ten.")') == "2"
    assert [receive_line(each) for each in (ada, ben)] == ["* We close at ten."] * 2


def test_a_service_goes_on_beside_those_who_do_not_read(start: Callable[..., Example]) -> None:
    service = start("service", "0")
    host, _, port = service.line().removeprefix("Lines are answered at ").partition(":")
    deaf, ada = (service.connect((host, int(port))) for _ in range(2))
    send_all_it_takes(deaf, b"hello " * 5_000 + b"\n")
    ada.sendall(b"hello\n")
    assert receive_line(ada) == "HELLO"
    assert service.look_in().value('await tell("x")') == "1"
    endless = service.connect((host, int(port)))
    with contextlib.suppress(ConnectionError):  # it is shown out, with a part of it unread
        endless.sendall(b"x" * 1_000_000)
        assert endless.recv(1) == b""


MISTAKE = "def update(ball, seconds):\n    ball.height += ball.sped * seconds"
MENDED = """
def update(ball, seconds):
    ball.speed -= 9.81 * seconds
    ball.height = abs(ball.height + ball.speed * seconds)
"""


def test_a_frame_that_failed_is_mended_and_made_again(start: Callable[..., Example]) -> None:
    game = start("frames")
    assert game.line() == "Mend me: repl-connect ./frames.sock"
    client = game.look_in()
    client.result(MISTAKE)
    assert "'Ball' object has no attribute 'sped'" in told(client)["err"]
    held = int(client.value("frame"))
    assert client.value("frame") == str(held)
    assert client.result(MENDED)["err"] == ""
    assert client.result('server.restart("retry")')["status"] == {"done"}
    next_second = (held // 60 + 1) * 60
    assert game.line_with(f"frame {next_second}:")


def test_a_game_without_anybody_there_ends_by_its_error(start: Callable[..., Example]) -> None:
    game = start("frames")
    game.line()
    client = game.look_in()
    client.result(MISTAKE)
    told(client)
    game.hang_up(client)
    assert game.line_with("AttributeError: 'Ball' object has no attribute 'sped'")
    assert game.process.wait(SECONDS) == 1


# Other protocols on the same listening code.


def send_all_it_takes(sock: socket.socket, data: bytes) -> int:
    """Send again and again without reading, until it is not taken any more; how much was."""
    sent, most = 0, 67_108_864
    sock.setblocking(False)
    while sent < most and select.select([], [sock], [], 1)[1]:
        sent += sock.send(data)
    sock.settimeout(SECONDS)
    assert sent < most
    return sent


def test_an_echo_server_serves_many_and_waits_for_none(start: Callable[..., Example]) -> None:
    echo = start("echo")
    assert echo.line() == "Try me: socat - ./echo.sock"
    deaf = echo.connect()
    sent = send_all_it_takes(deaf, b"x" * 65_536)
    connected = [echo.connect() for _ in range(MANY)]
    for number, each in enumerate(connected):
        each.sendall(b"%d\n" % number)
    assert [receive_line(each) for each in connected] == [str(n) for n in range(MANY)]
    assert receive(deaf, sent) == b"x" * sent
    for each in connected[:-1]:
        each.close()
    connected[-1].sendall(b"still here\n")
    assert receive_line(connected[-1]) == "still here"


def test_a_connection_too_many_is_just_ended(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(io_thread, "_MOST", 2)
    listener = listen(directory / "echo.sock")
    serving = io_thread.IoThread(listener, Echo)
    serving.start()
    try:
        with contextlib.ExitStack() as stack:
            first, second, third = (
                stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(3)
            )
            for each in (first, second, third):
                each.settimeout(SECONDS)
                each.connect(listener.address)
            assert third.recv(1) == b""
            second.sendall(b"x")
            assert second.recv(1) == b"x"
    finally:
        serving.close(SECONDS)
        listener.close()


class Echo:
    """A conversation with no word for those who are too many."""

    def __init__(self, peer: io_thread.Peer) -> None:
        self.received = peer.send

    def gone(self) -> None:
        """Nothing to do."""


def test_a_chat_of_many(start: Callable[..., Example]) -> None:
    chat = start("chat")
    assert chat.line() == "Join: socat - ./chat.sock"
    people: list[socket.socket] = []
    for number in range(MANY):
        people.append(joined(chat, str(number)))
        for other in people[:-1]:
            assert receive_line(other) == f"* {number} is here"
    people[-1].sendall("grüß Gott\n".encode())
    for each in people[:-1]:
        assert receive_line(each) == f"{MANY - 1}: grüß Gott"
    people[-1].close()
    for each in people[:-1]:
        assert receive_line(each) == f"* {MANY - 1} has left"


def test_a_chat_drops_who_does_not_read(start: Callable[..., Example]) -> None:
    chat = start("chat")
    chat.line()
    deaf, ben, ada = (joined(chat, name) for name in ("deaf", "ben", "ada"))
    assert receive_line(ben) == "* ada is here"
    said, line = 0, "x" * 4_000
    while said < 1_000:
        ada.sendall(f"{line}\n".encode())
        heard = receive_line(ben)
        if heard == "* deaf has left":
            break
        assert heard == f"ada: {line}"
        said += 1
    assert said < 1_000
    assert receive_line(ben) == f"ada: {line}"
    deaf.close()


def joined(chat: Example, name: str) -> socket.socket:
    """A person who is known to the chat."""
    connected = chat.connect()
    connected.sendall(f"{name}\n".encode())
    assert receive_line(connected) == "Your name?"
    assert receive_line(connected).endswith(" others are here")
    return connected


def test_a_name_is_taken_once(start: Callable[..., Example]) -> None:
    chat = start("chat")
    chat.line()
    joined(chat, "ada")
    other = chat.connect()
    other.sendall(b"ada\nben\n")
    assert [receive_line(other) for _ in range(2)] == ["Your name?", "Another name, please?"]


def test_the_evaluation_of_one_is_beside_the_service_of_others(
    start: Callable[..., Example],
) -> None:
    service = start("service", "0")
    host, _, port = service.line().removeprefix("Lines are answered at ").partition(":")
    client = service.look_in()
    waits = client.eval("import asyncio; await asyncio.sleep(1000)")
    ada = service.connect((host, int(port)))
    ada.sendall(b"hello\n")
    assert receive_line(ada) == "HELLO"
    client.ask({"op": "interrupt"})
    assert gather(client.replies(waits))["status"] == {"done", "interrupted"}
