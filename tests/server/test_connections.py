"""Addresses, sockets, and clients that misbehave."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from server.conftest import server_threads, wait_until
from server.wire_client import SECONDS, Disconnected, WireClient, gather

import repl_server
from repl_server.evaluation.routing import Routed
from repl_server.network.records import records
from repl_server.wire import encode


class TestUnixSockets:
    def test_only_the_owner_may_use_it(self, server: repl_server.Server) -> None:
        mode = os.stat(server.address).st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600

    def test_it_is_removed(self, directory: Path) -> None:
        with repl_server.serve(directory / "x.sock", namespace={}) as server:
            assert [record.address for record in records()] == [f"unix:{server.address}"]
        assert not (directory / "x.sock").exists()
        assert records() == []

    def test_a_stale_one_is_replaced(self, directory: Path) -> None:
        path = directory / "x.sock"
        with socket.socket(socket.AF_UNIX) as old:
            old.bind(str(path))
        with repl_server.serve(path, namespace={}) as server, WireClient(server.address) as client:
            client.clone()
            assert client.value("1") == "1"

    def test_a_live_one_is_not(self, server: repl_server.Server, client: WireClient) -> None:
        with pytest.raises(repl_server.AddressInUseError, match="is listening"):
            repl_server.serve(server.address, namespace={})
        assert client.value("1") == "1"

    def test_a_file_is_not(self, directory: Path) -> None:
        path = directory / "notes.txt"
        path.write_text("keep me")
        with pytest.raises(repl_server.AddressInUseError, match="no socket"):
            repl_server.serve(path, namespace={})
        assert path.read_text() == "keep me"

    def test_another_servers_file_is_not_removed(self, directory: Path) -> None:
        path = directory / "x.sock"
        with repl_server.serve(path, namespace={}):
            path.unlink()
            second = repl_server.serve(path, namespace={})
        assert path.exists()
        second.close()
        assert not path.exists()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
    def test_another_user_is_refused(
        self, server: repl_server.Server, directory: Path, client: WireClient
    ) -> None:
        directory.chmod(0o755)
        os.chmod(server.address, 0o666)  # as if the file's mode did not count
        code = (
            "import os, socket, sys; os.setuid(65534); s = socket.socket(socket.AF_UNIX);"
            "s.connect(sys.argv[1]); print(s.recv(1))"
        )
        done = subprocess.run(
            [sys.executable, "-S", "-E", "-c", code, server.address],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "b''\n"
        assert client.value("1") == "1"

    def test_relative_paths(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(directory)
        with repl_server.serve("./x.sock", namespace={}) as server:
            assert server.address == str(directory / "x.sock")
            monkeypatch.chdir("/")
        assert not (directory / "x.sock").exists()

    def test_a_path_too_long(self, directory: Path) -> None:
        with pytest.raises(repl_server.AddressError, match="107 bytes"):
            repl_server.serve(directory / ("x" * 108), namespace={})

    def test_no_address(self, directory: Path) -> None:
        with repl_server.serve(namespace={}) as server:
            assert server.address == f"{directory}/repl-server/{os.getpid()}.sock"
            assert stat.S_IMODE(os.stat(directory / "repl-server").st_mode) == 0o700

    def test_a_runtime_directory_open_to_others(self, directory: Path) -> None:
        (directory / "repl-server").mkdir(mode=0o777)
        (directory / "repl-server").chmod(0o777)
        with pytest.raises(OSError, match="private"):
            repl_server.serve(namespace={})


class TestTcp:
    @pytest.mark.parametrize("address", [0, "0", "localhost:0", "127.0.0.1:0"])
    def test_loopback(self, address: int | str) -> None:
        with (
            repl_server.serve(address, namespace={}) as server,
            WireClient(server.address) as client,
        ):
            client.clone()
            assert client.value("1+1") == "2"

    @pytest.mark.parametrize("address", ["0.0.0.0:0", "example.org:80", "192.168.1.1:7888"])
    def test_nothing_else(self, address: str) -> None:
        with pytest.raises(ValueError, match="not this machine's own"):
            repl_server.serve(address, namespace={})

    @pytest.mark.parametrize("address", ["", "nonsense", "host:", "localhost:99999", "a:b:c"])
    def test_no_address(self, address: str) -> None:
        with pytest.raises(repl_server.AddressError):
            repl_server.serve(address, namespace={})

    def test_a_port_in_use(self) -> None:
        with (
            repl_server.serve(0, namespace={}) as server,
            pytest.raises(repl_server.AddressInUseError),
        ):
            repl_server.serve(server.address, namespace={})


class TestBytes:
    def test_http_is_refused(
        self, client: WireClient, server: repl_server.Server, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with WireClient(server.address) as browser:
            browser.socket.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nd2:op4:eval")
            assert browser.socket.recv(100) == b""
        wait_until(lambda: "HTTP" in capsys.readouterr().err)
        assert client.value("1") == "1"

    @pytest.mark.parametrize("data", [b"d2:opi5x", b"d2:op4:eval3:xyz", b"d" + b"1:ad" * 100])
    def test_no_message(self, client: WireClient, server: repl_server.Server, data: bytes) -> None:
        with WireClient(server.address) as other:
            other.socket.sendall(data + b"xxxxxxx")
            reply = other.receive()
            assert set(reply["status"]) == {"done", "error", "protocol-error"}
            assert reply["err"]
            with pytest.raises(Disconnected):
                other.receive()
        assert client.value("1") == "1"

    def test_half_a_message(self, client: WireClient, server: repl_server.Server) -> None:
        data = encode({"op": "eval", "code": "6*7", "id": "1"})
        with WireClient(server.address) as other:
            for byte in data[:-1]:
                other.socket.sendall(bytes([byte]))
            assert client.value("1") == "1"
            other.socket.sendall(data[-1:])
            assert gather(other.replies("1"))["values"] == ["42"]

    def test_half_a_message_and_gone(self, client: WireClient, server: repl_server.Server) -> None:
        other = WireClient(server.address)
        other.socket.sendall(b"d2:op4:ev")
        other.close()
        wait_until(lambda: len(server._thread.peers) == 1)
        assert client.value("1") == "1"

    def test_many_messages_at_once(self, client: WireClient) -> None:
        messages = [
            encode({"op": "eval", "code": str(n), "id": str(n), "session": client.session})
            for n in range(500)
        ]
        client.socket.sendall(b"".join(messages))
        assert [gather(client.replies(str(n)))["values"] for n in range(500)] == [
            [str(n)] for n in range(500)
        ]


class TestSlowClients:
    @pytest.mark.modes("threads")
    def test_one_that_does_not_read(
        self, connect: Callable[[], WireClient], namespace: dict[str, Any]
    ) -> None:
        slow, other = connect(), connect()
        namespace["printed"] = 0
        ident = slow.eval("for printed in range(1000): print('x' * 100_000)\n'end'")
        last = -1
        while last != namespace["printed"]:  # until it stands still
            last = int(namespace["printed"])
            for _ in range(50):
                assert other.value("1+1") == "2"
        assert last < 500
        result = gather(slow.replies(ident))
        assert result["out"] == ("x" * 100_000 + "\n") * 1000
        assert result["values"] == ["'end'"]

    def test_it_can_be_interrupted(
        self, connect: Callable[[], WireClient], namespace: dict[str, Any]
    ) -> None:
        slow, other = connect(), connect()
        begun = namespace["begun"] = threading.Event()
        ident = slow.eval("begun.set()\nwhile True: print('x' * 100_000)")
        assert begun.wait(SECONDS)
        other.ask({"op": "interrupt", "session": slow.session})
        assert "interrupted" in gather(slow.replies(ident))["status"]

    def test_it_can_go(self, connect: Callable[[], WireClient], namespace: dict[str, Any]) -> None:
        slow, other = connect(), connect()
        begun = namespace["begun"] = threading.Event()
        slow.eval("begun.set()\nwhile True: print('x' * 100_000)")
        assert begun.wait(SECONDS)
        slow.close()
        wait_until(lambda: not server_threads("session"))
        assert other.value("1") == "1"

    @pytest.mark.modes("threads")
    def test_values_too(self, connect: Callable[[], WireClient], namespace: dict[str, Any]) -> None:
        slow, other = connect(), connect()
        code = "\n".join(f"n = {n}\n'x' * 200_000" for n in range(300))
        ident = slow.eval(code)
        last = -1
        while last != namespace.get("n", 0):
            last = int(namespace.get("n", 0))
            for _ in range(50):
                assert other.value("1+1") == "2"
        assert last < 200
        assert len(gather(slow.replies(ident))["values"]) == 300


class TestEnding:
    def test_close_hangs_up(self, directory: Path) -> None:
        server = repl_server.serve(directory / "x.sock", namespace={})
        client = WireClient(server.address)
        client.clone()
        client.eval("while True: pass")
        server.close()
        server.close()
        client.read_to_the_end()
        wait_until(lambda: not server_threads())

    def test_from_within(self, directory: Path, namespace: dict[str, Any]) -> None:
        server = repl_server.serve(directory / "x.sock", namespace=namespace)
        namespace["server"] = server
        with WireClient(server.address) as client:
            client.clone()
            client.eval("server.close()")
            client.read_to_the_end()
        wait_until(lambda: not server_threads())
        assert not isinstance(sys.stdout, Routed)

    def test_all_is_put_back(self, directory: Path) -> None:
        with (
            repl_server.serve(directory / "x.sock", namespace={}) as server,
            WireClient(server.address) as client,
        ):
            client.clone()
            client.result("print(1)")
            assert isinstance(sys.stdout, Routed)
        assert not any(isinstance(file, Routed) for file in (sys.stdin, sys.stdout, sys.stderr))
        assert threading.Thread.start.__module__ == "threading"

    def test_two_servers(self, directory: Path) -> None:
        with (
            repl_server.serve(directory / "a.sock", namespace={"here": "a"}) as a,
            repl_server.serve(directory / "b.sock", namespace={"here": "b"}) as b,
            WireClient(a.address) as one,
            WireClient(b.address) as two,
        ):
            one.clone()
            two.clone()
            assert one.value("here") == "'a'"
            assert two.value("here") == "'b'"
            assert one.result("print('one')")["out"] == "one\n"

    def test_a_fork_has_no_part_in_it(self, client: WireClient, directory: Path) -> None:
        code = (
            "import os\npid = os.fork()\n"
            "if not pid:\n    try:\n        print('child', flush=True)\n    finally:\n"
            "        os._exit(3)\n"
            "os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])"
        )
        assert client.value(code) == "3"
        assert client.value("1+1") == "2"
        assert (directory / "app.sock").exists()
