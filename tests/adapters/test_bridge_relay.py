"""A bridge in front of an nREPL server: what is said goes through as it is."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from adapters.bridging import BridgeProcess
from client.command import COMMAND, repl_connect
from client.fakes import FakeServer, Talk, speaks_nrepl
from client.programs import Clojure, PythonProgram, clojure_class_path
from server.wire_client import SECONDS, Disconnected, WireClient

from repl_server.wire import encode

ODD = b"d3:zzzli-1e0:d1:b1:2ee2:op11:no-such-\xff\xfe2:id3:\x00\x01\x021:a1:1e"
"""Unknown keys, unsorted, an unknown op, bytes that are no text."""

Open = Callable[..., BridgeProcess]


@pytest.fixture
def open_bridge(tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def opened(
            upstream: str, listen: str = "./b.sock", *options: str, **variables: str
        ) -> BridgeProcess:
            return stack.enter_context(
                BridgeProcess(upstream, listen, *options, directory=tmp_path, **variables)
            )

        yield opened


def echo(talk: Talk) -> None:
    while data := talk.read():
        talk.say(data)
    talk.stream.shutdown(socket.SHUT_WR)


def received(client: WireClient, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        more = client.socket.recv(65536)
        assert more, data
        data += more
    return bytes(data)


@pytest.mark.parametrize("listen", ["./b.sock", "localhost:0"])
@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_bytes_go_through_unchanged(
    kind: str, listen: str, open_bridge: Open, tmp_path: Path
) -> None:
    with FakeServer(echo, tmp_path if kind == "unix" else None) as server:
        bridge = open_bridge(server.address, listen, "--dialect", "nrepl")
        client = bridge.client()
        client.socket.sendall(ODD)
        assert received(client, len(ODD)) == ODD
        client.socket.sendall(ODD[:7])
        assert received(client, 7) == ODD[:7]
        client.close()
        assert server.received == ODD + ODD[:7]


def test_each_client_has_a_connection_of_its_own(open_bridge: Open, tmp_path: Path) -> None:
    with FakeServer(echo, tmp_path) as server:
        bridge = open_bridge(server.address, "./b.sock", "--dialect", "nrepl")
        clients = [bridge.client() for _ in range(3)]
        for number, client in enumerate(clients):
            client.socket.sendall(b"d%d" % number)
        for number, client in enumerate(clients):
            assert received(client, 2) == b"d%d" % number
        assert len(server.talks) == 3
        for client in clients:
            client.close()


def test_the_end_of_one_direction_is_passed_on(open_bridge: Open, tmp_path: Path) -> None:
    def answer_at_the_end(talk: Talk) -> None:
        talk.read_to_end()
        talk.say(talk.received * 2)

    with FakeServer(answer_at_the_end, tmp_path) as server:
        client = open_bridge(server.address, "./b.sock", "--dialect", "nrepl").client()
        client.socket.sendall(b"d12")
        client.socket.shutdown(socket.SHUT_WR)
        assert received(client, 6) == b"d12d12"
        assert client.socket.recv(1) == b""


def test_much_is_passed_on_in_order_while_little_is_kept(open_bridge: Open, tmp_path: Path) -> None:
    block = bytes(range(256)) * 1024
    count = 300

    def flood(talk: Talk) -> None:
        talk.read()
        for _ in range(count):
            talk.say(block)

    with FakeServer(flood, tmp_path) as server:
        bridge = open_bridge(server.address, "./b.sock", "--dialect", "nrepl")
        client = bridge.client()
        before = bridge.memory()
        client.socket.sendall(b"d")
        held = received(client, 1)
        assert bridge.memory() - before < 16 << 20
        data = held + received(client, count * len(block) - len(held))
        assert data == block * count
        assert client.socket.recv(1) == b""
        assert bridge.memory() - before < 16 << 20


def test_a_server_that_is_gone_ends_its_clients_and_the_next_is_connected_to(
    open_bridge: Open, tmp_path: Path
) -> None:
    path = str(tmp_path / "python.sock")
    with PythonProgram(path):
        bridge = open_bridge(path)
        client = bridge.open()
        assert client.value("40 + 2") == "42"
    with pytest.raises((Disconnected, ConnectionError)):
        client.value("1")
    refused = bridge.client().ask({"op": "describe"})[-1]
    assert "repl-connect/no-upstream" in refused["status"]
    with PythonProgram(path):
        assert bridge.open().value("40 + 2") == "42"


def test_a_unix_socket_for_clients_that_know_tcp_only(open_bridge: Open, tmp_path: Path) -> None:
    with PythonProgram(str(tmp_path / "python.sock")) as program:
        bridge = open_bridge(program.address, "localhost:0", "--port-file")
        port = (tmp_path / ".nrepl-port").read_text(encoding="ascii")
        assert bridge.banner == (
            f"nREPL server started on port {port} on host localhost - nrepl://localhost:{port}"
        )
        assert WireClient(f"127.0.0.1:{port}").value("40 + 2") == "42"
        assert bridge.end() == (0, "")
        assert not (tmp_path / ".nrepl-port").exists()


@pytest.mark.skipif(
    shutil.which("java") is None or clojure_class_path() is None,
    reason="java or Clojure's nREPL is not installed",
)
def test_clojures_nrepl_is_found_and_relayed(open_bridge: Open) -> None:
    server = Clojure("tcp", clojure_class_path() or "")
    try:
        client = open_bridge(server.address).open()
        assert client.value("(+ 40 2)") == "42"
        (unknown,) = client.ask({"op": "no-such-op", "extra": ["x"]})
        assert "unknown-op" in unknown["status"]
        assert "sideloader-start" in client.ask({"op": "describe"})[-1]["ops"]
    finally:
        server.stop()


class TestListening:
    def test_the_socket_is_private_and_removed_at_the_end(self, open_bridge: Open) -> None:
        bridge = open_bridge("./none.sock")
        mode = os.stat(bridge.address).st_mode
        assert stat.S_IMODE(mode) == 0o600
        assert bridge.banner == f"nREPL server started on socket nrepl+unix:{bridge.address}"
        assert bridge.end() == (0, "")
        assert not os.path.exists(bridge.address)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
    def test_ctrl_c_and_the_end_of_the_terminal_end_it(
        self, number: signal.Signals, open_bridge: Open
    ) -> None:
        bridge = open_bridge("./none.sock")
        bridge.process.send_signal(number)
        assert bridge.process.wait(SECONDS) == 0
        assert not os.path.exists(bridge.address)

    def test_what_a_killed_one_left_is_replaced(self, open_bridge: Open) -> None:
        bridge = open_bridge("./none.sock")
        bridge.process.kill()
        bridge.process.wait()
        assert os.path.exists(bridge.address)
        assert open_bridge("./none.sock").end() == (0, "")

    def test_a_live_one_is_not_replaced(self, open_bridge: Open) -> None:
        open_bridge("./none.sock")
        second = open_bridge("./none.sock")
        assert second.process.wait(SECONDS) == 2

    def test_a_browser_is_refused(self, open_bridge: Open) -> None:
        bridge = open_bridge("./none.sock", "localhost:0")
        client = bridge.client()
        client.socket.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nd2:op8:describee")
        client.read_to_the_end()
        assert "a web client (HTTP) was refused" in bridge.end()[1]

    @pytest.mark.parametrize("adapted", [False, True])
    def test_the_token_is_asked_for_and_stays_here(
        self, adapted: bool, open_bridge: Open, tmp_path: Path
    ) -> None:
        token = "a-token-of-some-length"
        with PythonProgram(str(tmp_path / "python.sock")) as program:
            upstream = "./none.sock" if adapted else program.address
            bridge = open_bridge(upstream, "./b.sock", REPL_SERVER_TOKEN=token)
            client = bridge.client()
            (refused,) = client.ask({"op": "describe"})
            assert "repl-server/unauthorized" in refused["status"]
            (answer,) = client.ask({"op": "describe", "repl-server/token": token})
            assert ("repl-connect/no-upstream" in answer["status"]) == adapted
            if not adapted:
                client.clone()
                assert client.value("40 + 2") == "42"

    def test_without_a_token_it_serves_this_machine_only(self, open_bridge: Open) -> None:
        bridge = open_bridge("./none.sock", "0.0.0.0:0")
        assert bridge.process.wait(SECONDS) == 2

    def test_garbage_is_answered_and_ends_the_connection(self, open_bridge: Open) -> None:
        client = open_bridge("./none.sock").client()
        client.socket.sendall(b"d3:abcx")
        assert "protocol-error" in client.receive()["status"]
        client.read_to_the_end()


class TestStandardInputAndOutput:
    def run(self, upstream: str, said: bytes, directory: Path) -> tuple[bytes, bytes, int]:
        done = subprocess.run(
            [*COMMAND, "bridge", upstream, "--stdio"],
            input=said,
            capture_output=True,
            cwd=directory,
            timeout=SECONDS * 2,
            check=False,
        )
        return done.stdout, done.stderr, done.returncode

    def test_one_client_is_served_to_the_end(self, tmp_path: Path) -> None:
        with PythonProgram(str(tmp_path / "python.sock")) as program:
            process = subprocess.Popen(
                [*COMMAND, "bridge", program.address, "--stdio"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(encode({"op": "eval", "code": "40 + 2", "id": "1"}))
            process.stdin.flush()
            said = b""
            while b"4:done" not in said:
                said += os.read(process.stdout.fileno(), 65536)
            assert b"5:value2:42" in said
            process.stdin.close()
            assert process.wait(SECONDS) == 0
            process.stdout.close()

    def test_answers_come_although_the_input_has_ended(self, tmp_path: Path) -> None:
        out, err, code = self.run("./none.sock", encode({"op": "describe", "id": "1"}), tmp_path)
        assert b"there is no such socket" in out
        assert out.startswith(b"d3:err")
        assert (err, code) == (b"", 0)

    def test_it_listens_nowhere(self, tmp_path: Path) -> None:
        done = subprocess.run(
            [*COMMAND, "bridge", "./none.sock", "--stdio", "--listen", "7888"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "leave --listen out" in done.stderr


class TestUnlessNrepl:
    """An editor asks in one process what is there, and is served by it if it has to be."""

    def start(self, upstream: str, *options: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*COMMAND, "bridge", upstream, "--stdio", "--unless-nrepl", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def ended(self, process: subprocess.Popen[bytes]) -> tuple[bytes, bytes, int]:
        """While its input stays open."""
        assert process.stdin is not None
        process.stdin.write(encode({"op": "describe", "id": "1"}))
        process.stdin.flush()
        process.wait(SECONDS)
        out, err = process.communicate()
        return out, err, process.returncode

    def test_an_nrepl_server_is_left_to_the_editor(self, tmp_path: Path) -> None:
        with PythonProgram(str(tmp_path / "python.sock")) as program:
            assert self.ended(self.start(program.address)) == (b"", b"", 5)

    def test_so_is_one_that_has_to_be_asked(self, tmp_path: Path) -> None:
        with FakeServer(speaks_nrepl(lambda talk, message: None), tmp_path) as server:
            assert self.ended(self.start(server.address)) == (b"", b"", 5)
            assert server.received.count(b"8:describe") == 1
            assert len(server.talks) == 1

    @pytest.mark.parametrize("kind", ["unix", "tcp"])
    def test_another_repl_is_served_over_the_connection_it_was_found_by(
        self, kind: str, tmp_path: Path
    ) -> None:
        def behave(talk: Talk) -> None:
            talk.say(b">>> ")
            while line := talk.read():
                said = b"".join(b"< %s\n" % each for each in line.splitlines())
                talk.say(said + b">>> ")

        with FakeServer(behave, tmp_path if kind == "unix" else None) as server:
            process = self.start(server.address, "--dialect", "prompt")
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(encode({"op": "eval", "code": "hello", "id": "1"}))
            process.stdin.flush()
            said = b""
            while b"4:done" not in said:
                said += os.read(process.stdout.fileno(), 65536)
            assert b"< hello" in said
            _, err = process.communicate(timeout=SECONDS)
            assert (process.returncode, err) == (0, b"")
            assert len(server.talks) == 1

    def test_it_ends_when_the_repl_does(self, tmp_path: Path) -> None:
        def behave(talk: Talk) -> None:
            talk.say(b">>> ")
            talk.read()
            talk.say(b"the last words\n")

        with FakeServer(behave, tmp_path) as server:
            process = self.start(server.address, "--dialect", "prompt")
            assert process.stdin is not None
            process.stdin.write(encode({"op": "eval", "code": "hello", "id": "1"}))
            process.stdin.flush()
            process.wait(SECONDS)  # while its input stays open
            out, err = process.communicate()
            assert b"the last words" in out
            assert process.returncode == 3
            assert b"closed the connection" in err
            assert err.count(b"\n") == 1
            assert len(server.talks) == 1

    def test_nothing_there(self) -> None:
        out, err, code = self.ended(self.start("./none.sock"))
        assert (out, code) == (b"", 3)
        assert b"there is no such socket" in err
        assert err.count(b"\n") == 1

    def test_it_is_for_standard_input_and_output(self) -> None:
        done = repl_connect("bridge", "./none.sock", "--unless-nrepl")
        assert done.code == 2
        assert "give --stdio too" in done.err


def test_a_bridge_is_listed_and_left_alone(open_bridge: Open, tmp_path: Path) -> None:
    with FakeServer(Talk.read_to_end, None) as server:
        bridge = open_bridge(server.address)
        done = subprocess.run(
            [*COMMAND, "list"],
            capture_output=True,
            text=True,
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
            cwd=tmp_path / "repl-server",
            check=False,
        )
        assert os.path.basename(bridge.address) in done.stdout
        assert "bridge" in done.stdout
        assert server.talks == []


def test_the_end_of_what_is_no_repl_is_passed_on_to_who_waits_for_it(
    open_bridge: Open, tmp_path: Path
) -> None:
    with FakeServer(echo, tmp_path) as server:
        bridge = open_bridge(server.address, "./b.sock", "--dialect", "line")
        for _ in range(2):
            done = subprocess.run(
                [*COMMAND, "eval", bridge.address, "hello"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
            assert (done.returncode, done.stdout) == (0, b"hello\n")
