"""Sockets made and replaced, the records and port files that tell of them."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from server.conftest import wait_until
from server.wire_client import SECONDS

import repl_server
from repl_server.errors import AddressError, AddressInUseError, ServerError
from repl_server.network.listen import Listener, listen
from repl_server.network.records import (
    add_record,
    records,
    records_of,
    remove_record,
    runtime_directory,
)

NOBODY = 65534
NAMED_TOKEN = "sixteen or more characters"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program that can import the package, to its end."""
    above = str(Path(repl_server.__file__).parent.parent)
    return subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": above},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture(autouse=True)
def nothing_is_noted() -> Iterator[None]:
    """One test that fails leaves nothing to the next."""
    yield
    for record in records_of(os.getpid()):
        remove_record(record.address)


@pytest.fixture
def killed() -> int:
    """The id of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait(SECONDS)
    return process.pid


def connects(path: Path | str) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.setblocking(False)
        try:
            sock.connect(str(path))
        except BlockingIOError:  # somebody listens, whose queue is full
            return True
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        return True


def left_over(path: Path) -> None:
    """A socket's file, as a server that was killed leaves it."""
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))


class TestUnixSockets:
    def test_whoever_finds_the_file_finds_a_server(self, directory: Path) -> None:
        """A stale file is there all the time until a connection to it succeeds."""
        path = directory / "x.sock"
        left_over(path)
        absent: list[int] = []
        started, ended = threading.Event(), threading.Event()

        def watch() -> None:
            while not ended.is_set():
                if not path.exists():
                    absent.append(1)
                started.set()

        watcher = threading.Thread(target=watch)
        watcher.start()
        assert started.wait(SECONDS)
        for _ in range(200):
            listener = listen(path)
            assert connects(path)
            listener.socket.close()  # as if killed: the file stays
            remove_record(f"unix:{path}")
        ended.set()
        watcher.join(SECONDS)
        assert not absent
        assert sorted(os.listdir(directory)) == ["repl-server", "x.sock"]

    def test_a_new_file_can_be_connected_to_from_the_start(self, directory: Path) -> None:
        path = directory / "x.sock"
        refused: list[int] = []
        ready, ended = threading.Event(), threading.Event()

        def watch() -> None:
            while not ended.is_set():
                if path.exists() and not connects(path) and path.exists():
                    refused.append(1)
                ready.set()

        watcher = threading.Thread(target=watch)
        watcher.start()
        assert ready.wait(SECONDS)
        listener = listen(path)
        wait_until(lambda: connects(path))
        ended.set()
        watcher.join(SECONDS)
        listener.close()
        assert not refused

    def test_of_two_that_start_at_once_one_serves(self, directory: Path) -> None:
        path = directory / "x.sock"
        left_over(path)
        code = (
            "import sys\nfrom repl_server.network.listen import listen\n"
            "from repl_server.errors import AddressInUseError\n"
            "sys.stdin.readline()\n"
            "try: listener = listen(sys.argv[1])\n"
            "except AddressInUseError: print('in use', flush=True)\n"
            "else: print('serves', flush=True)\n"
            "sys.stdin.readline()\n"
        )
        above = str(Path(repl_server.__file__).parent.parent)
        processes = [
            subprocess.Popen(
                [sys.executable, "-S", "-c", code, str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": above},
            )
            for _ in range(4)
        ]
        said = []
        try:
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
            for process in processes:
                assert process.stdout is not None
                said.append(process.stdout.readline())
        finally:
            for process in processes:
                process.communicate("\n", SECONDS)
        assert sorted(said) == ["in use\n"] * 3 + ["serves\n"]

    def test_a_long_path_leaves_no_room_for_a_second_name(self, directory: Path) -> None:
        path = directory / ("x" * (107 - len(str(directory)) - 1))
        left_over(path)
        listener = listen(path)
        assert connects(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        listener.close()
        assert not path.exists()

    def test_a_busy_server_is_not_replaced(self, directory: Path) -> None:
        path = directory / "x.sock"
        with socket.socket(socket.AF_UNIX) as busy:
            busy.bind(str(path))
            busy.listen(0)
            waiting = []
            while True:  # until its queue is full
                sock = socket.socket(socket.AF_UNIX)
                sock.setblocking(False)
                waiting.append(sock)
                try:
                    sock.connect(str(path))
                except BlockingIOError:
                    break
            with pytest.raises(AddressInUseError, match="is listening"):
                listen(path)
            for sock in waiting:
                sock.close()

    def test_a_socket_of_another_kind_is_not_replaced(self, directory: Path) -> None:
        path = directory / "x.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.bind(str(path))
            with pytest.raises(AddressInUseError, match="can't be told"):
                listen(path)
        assert path.exists()

    def test_a_directory_that_is_not_there(self, directory: Path) -> None:
        with pytest.raises(AddressError, match="make it first"):
            listen(directory / "none" / "x.sock")

    def test_a_directory_where_anybody_can_replace_it(
        self, directory: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        directory.chmod(0o777)
        listen(directory / "x.sock").close()
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert f"anybody can replace {directory}/x.sock" in said
        directory.chmod(0o1777)
        listen(directory / "x.sock").close()
        assert capsys.readouterr().err == ""

    def test_a_process_may_have_several_without_an_address(self, directory: Path) -> None:
        first, second = listen(), listen()
        assert first.address == f"{directory}/repl-server/{os.getpid()}.sock"
        assert second.address == f"{directory}/repl-server/{os.getpid()}-2.sock"
        first.close()
        second.close()

    @as_root
    def test_another_user_can_not_connect(self, directory: Path) -> None:
        """The file's mode says so, and the directory of those without an address."""
        directory.chmod(0o755)
        given, default = listen(directory / "x.sock"), listen()
        code = (
            f"import os, socket, sys; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
            "for path in sys.argv[1:]:\n"
            "    try: socket.socket(socket.AF_UNIX).connect(path)\n"
            "    except OSError as error: print(type(error).__name__)\n"
            "try: os.listdir(os.path.dirname(sys.argv[2]))\n"
            "except OSError as error: print(type(error).__name__)\n"
        )
        done = python(code, given.address, default.address)
        given.close()
        default.close()
        assert done.stdout == "PermissionError\n" * 3, done.stderr

    @as_root
    def test_another_users_socket_is_not_replaced(self, directory: Path) -> None:
        directory.chmod(0o777)
        path = directory / "x.sock"
        listener = listen(path)
        code = (
            "import fcntl, os, sys; from repl_server.network.listen import listen\n"
            f"os.environ['XDG_RUNTIME_DIR'] = '/none'; os.setgid({NOBODY}); os.setuid({NOBODY})\n"
            "try: listen(sys.argv[1])\n"
            "except OSError as error: print(type(error).__name__, error)\n"
        )
        done = python(code, str(path))
        assert done.stdout.startswith("AddressInUseError "), done.stderr
        assert connects(path)
        listener.close()


class TestTcp:
    @pytest.mark.parametrize("address", ["127.0.0.1:0", "127.8.8.8:0", "nrepl://localhost:0", ":0"])
    def test_this_machine(self, address: str) -> None:
        listener = listen(address)
        assert listener.socket.getsockname()[0].startswith("127.")
        listener.close()

    @pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "127.example.org:0", "127.1:0"])
    def test_beyond_it_a_token_is_needed(self, address: str) -> None:
        with pytest.raises(AddressError, match=r"token=.*or .*ssh") as caught:
            listen(address)
        assert len(str(caught.value)) < 250

    def test_with_a_token_all_addresses_are_served(self) -> None:
        listener = listen("0.0.0.0:0", token=NAMED_TOKEN)
        assert listener.socket.getsockname()[0] == "0.0.0.0"
        assert listener.gate() is not None
        listener.close()

    def test_with_a_token_a_name_is_looked_up(self) -> None:
        with pytest.raises(AddressError, match=r"no machine that is known"):
            listen("no-such-machine.invalid:0", token=NAMED_TOKEN)

    def test_another_machines_address(self) -> None:
        with pytest.raises(AddressError, match="another machine's"):
            listen("192.0.2.1:7888", token=NAMED_TOKEN)

    @pytest.mark.parametrize("token", ["", "fifteen letters"])
    def test_a_short_token_is_refused(self, token: str, directory: Path) -> None:
        for address in ("localhost:0", "0.0.0.0:0", str(directory / "x.sock")):
            with pytest.raises(ServerError, match="at least 16") as caught:
                listen(address, token=token)
            assert not token or token not in str(caught.value)

    def test_the_token_is_shown_nowhere(self, directory: Path) -> None:
        listener = listen("127.0.0.1:0", token=NAMED_TOKEN, port_file=directory / "port")
        gate = listener.gate()
        written = [path.read_text() for path in directory.rglob("*") if path.is_file()]
        shown = [listener.address, listener.banner, repr(listener), repr(gate), *written]
        assert len(written) == 2
        assert not any(NAMED_TOKEN in text for text in shown)
        listener.close()


class TestPortFiles:
    @pytest.fixture
    def here(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(directory)
        return directory / ".nrepl-port"

    def test_it_holds_the_port_while_the_server_runs(
        self, here: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listener = listen(0, port_file=True)
        assert here.read_text() == listener.address.rpartition(":")[2]
        monkeypatch.chdir("/")
        listener.close()
        assert not here.exists()

    def test_at_another_path(self, directory: Path) -> None:
        listener = listen(0, port_file=directory / "port")
        assert (directory / "port").read_text() in listener.address
        listener.close()
        assert not (directory / "port").exists()

    def test_only_ones_own_is_removed(self, here: Path) -> None:
        first = listen(0, port_file=True)
        second = listen(0, port_file=True)
        first.close()
        assert here.read_text() in second.address
        second.close()
        assert not here.exists()

    def test_a_unix_socket_has_none(self, here: Path, directory: Path) -> None:
        with pytest.raises(AddressError, match="no port"):
            listen(directory / "x.sock", port_file=True)
        assert not (directory / "x.sock").exists()
        assert not here.exists()

    def test_where_it_can_not_be_written(self, directory: Path) -> None:
        with pytest.raises(ServerError, match="can't be written"):
            listen(0, port_file=directory / "none" / "port")
        assert records() == []


class TestRecords:
    def test_a_record_says_who_serves_where(self, directory: Path) -> None:
        code = (
            "import sys; sys.argv[0] = 'game.py'\nfrom repl_server.network.listen import listen\n"
            "a = listen('./a.sock', mode='cooperative'); b = listen(0)\n"
            "from repl_server.network.records import records\n"
            "for r in records():\n"
            "    about = r.pid, r.program, r.cwd, r.language, r.address, r.mode, r.started\n"
            "    print(*about, sep='|')\n"
            "a.close(); b.close(); print(records())\n"
        )
        lines = python(f"import os; os.chdir({str(directory)!r})\n{code}").stdout.splitlines()
        port = re.compile(rf"(\d+)\|game\.py\|{directory}\|python\|localhost:\d+\|threads\|(\d+)")
        path = re.compile(
            rf"(\d+)\|game\.py\|{directory}\|python\|unix:{directory}/a\.sock\|cooperative\|(\d+)"
        )
        assert sum(bool(port.fullmatch(line)) for line in lines) == 1, lines
        assert sum(bool(path.fullmatch(line)) for line in lines) == 1, lines
        assert lines[2:] == ["[]"]

    def test_it_is_the_users_own(self) -> None:
        add_record("unix:/x.sock")
        path = Path(runtime_directory()) / f"{os.getpid()}.nrepl"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert os.listdir(path.parent) == [path.name]
        remove_record("unix:/x.sock")
        assert not path.exists()

    def test_any_path_comes_back_as_it_was(self) -> None:
        odd = "unix:/tmp/a\nmode: no\\n\udcff ü"
        add_record(odd, mode="asyncio")
        assert [(record.address, record.mode) for record in records()] == [(odd, "asyncio")]
        remove_record(odd)

    def test_what_the_dead_left_is_swept(self, directory: Path, killed: int) -> None:
        place = Path(runtime_directory())
        (place / f"{killed}.nrepl").write_text(f"pid: {killed}\nprocess: 1\naddress: unix:/x\n")
        (place / f".{killed}.new").write_text("")
        for name in (f"{killed}.sock", f"{killed}-2.sock"):
            left_over(place / name)
        (place / "notes.txt").write_text("keep me")
        (place / "mine.sock").write_text("me too")
        listener = listen(directory / "x.sock")
        assert sorted(os.listdir(place)) == sorted(
            [f"{os.getpid()}.nrepl", "notes.txt", "mine.sock"]
        )
        listener.close()

    def test_a_process_that_has_a_dead_ones_id_is_not_taken_for_it(self) -> None:
        child = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
        record = Path(runtime_directory()) / f"{child.pid}.nrepl"
        record.write_text(f"pid: {child.pid}\nprocess: 1\naddress: unix:/x\n")
        assert records_of(child.pid) == []
        assert records() == []
        assert not record.exists()
        child.communicate(b"\n", SECONDS)

    def test_what_a_killed_server_noted_is_not_listed(self, directory: Path) -> None:
        code = (
            "import os, signal; from repl_server.network.listen import listen; listen('./x.sock')\n"
            "os.kill(os.getpid(), signal.SIGKILL)"
        )
        python(f"import os; os.chdir({str(directory)!r})\n{code}")
        assert (directory / "x.sock").exists()
        assert records() == []
        listener = listen(directory / "x.sock")
        assert [record.pid for record in records()] == [os.getpid()]
        listener.close()

    def test_a_damaged_record_hurts_nobody(self, directory: Path) -> None:
        place = Path(runtime_directory())
        (place / f"{os.getppid()}.nrepl").write_bytes(b"\xff\0nonsense\n: \naddress")
        listener = listen(directory / "x.sock")
        assert [record.address for record in records()] == [f"unix:{directory}/x.sock"]
        listener.close()

    def test_a_fork_notes_nothing_of_its_parents(self, directory: Path) -> None:
        code = (
            "import os; from repl_server.network.listen import listen\n"
            "from repl_server.network.records import records\n"
            "parent = listen('./a.sock'); pid = os.fork()\n"
            "if not pid:\n"
            "    parent.close(); child = listen('./b.sock')\n"
            "    print(*sorted(r.address[-6:] for r in records()), flush=True)\n"
            "    child.close(); os._exit(0)\n"
            "os.waitpid(pid, 0); print(*[r.address[-6:] for r in records()])\n"
            "print(os.path.exists('a.sock'))\n"
        )
        done = python(f"import os; os.chdir({str(directory)!r})\n{code}")
        assert done.stdout == "a.sock b.sock\na.sock\nTrue\n", done.stderr


def test_a_listener_says_what_it_is(directory: Path) -> None:
    listener: Listener = listen(directory / "x.sock")
    assert repr(listener) == f"<repl_server.network.listen.Listener at {directory}/x.sock>"
    assert listener.gate() is None
    listener.close()
