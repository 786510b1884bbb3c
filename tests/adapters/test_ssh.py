"""`ssh://`, through the real `ssh` to a real `sshd` on this machine."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from adapters.bridging import BridgeProcess
from adapters.subject import free_port
from client.command import COMMAND, refused, repl_connect, run
from client.fakes import FakeServer, Talk
from client.programs import PythonProgram
from driver import Client
from guile.programs import GUILE, GuileProgram
from pexpect import EOF, spawn
from server.conftest import wait_until

from repl_connect.address import SshAddress, TcpAddress, parse_address
from repl_connect.errors import AddressError, ConnectError
from repl_connect.ssh import open_ssh

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"

needs_sshd = pytest.mark.skipif(
    not (os.path.exists(SSHD) and shutil.which("ssh")), reason="openssh is not installed"
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ssh://far/run/x.sock", SshAddress("far", 0, "/run/x.sock")),
        ("ssh://ada@far:2222/run/x.sock", SshAddress("ada@far", 2222, "/run/x.sock")),
        ("ssh://far/~/x.sock", SshAddress("far", 0, "~/x.sock")),
        ("ssh://ada@far#7888", SshAddress("ada@far", 0, "", TcpAddress("localhost", 7888))),
        ("ssh://far:22#db:7888", SshAddress("far", 22, "", TcpAddress("db", 7888))),
        ("ssh://ada@[::1]:22/x", SshAddress("ada@::1", 22, "/x")),
        ("ssh://[::1]#7888", SshAddress("::1", 0, "", TcpAddress("localhost", 7888))),
    ],
)
def test_addresses_are_read_and_printed_one_way(text: str, address: SshAddress) -> None:
    assert parse_address(text) == address
    assert str(address) == text
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        *("ssh://", "ssh://far", "ssh:///x.sock", "ssh://far/", "ssh://far/~/", "ssh://far#"),
        *("ssh://far#x", "ssh://far#0", "ssh://far:x/y", "ssh://far:0/y", "ssh://@far/x"),
        *("ssh://-oProxyCommand=x/y", "ssh://far#1/x", "ssh://a b/x", "ssh://far:22:23/x"),
    ],
)
def test_what_is_no_address_through_ssh(text: str) -> None:
    with pytest.raises(AddressError):
        parse_address(text)


class Sshd:
    """An `sshd` for this user alone, and the `ssh` that knows it as the host `far`."""

    def __init__(self, directory: Path, variables: str = "") -> None:
        self.directory = directory
        self.port = free_port()
        self.log = directory / "log"
        for name in ("host_key", "key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)],
                check=True,
            )
        shutil.copy(directory / "key.pub", directory / "authorized_keys")
        (directory / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {directory}/host_key\n"
            f"AuthorizedKeysFile {directory}/authorized_keys\nStrictModes no\nUsePAM no\n"
            f"PermitRootLogin yes\nPasswordAuthentication no\nPidFile none\nMaxStartups 50\n"
            f"SetEnv HOME={directory} {variables}\nKbdInteractiveAuthentication no\n"
        )
        self.configuration = directory / "ssh_config"
        self.configuration.write_text(
            f"Host far\n HostName 127.0.0.1\n Port {self.port}\n User {getpass.getuser()}\n"
            f" IdentityFile {directory}/key\n IdentitiesOnly yes\n IdentityAgent none\n"
            f" UserKnownHostsFile {directory}/known_hosts\n StrictHostKeyChecking accept-new\n"
            f" ControlPath {directory}/master\n"
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(directory / "sshd_config")],
            stderr=self.log.open("wb"),
        )
        wait_until(lambda: "Server listening" in self.log.read_text())

    @property
    def ssh(self) -> list[str]:
        return ["ssh", "-F", str(self.configuration)]

    def children(self) -> list[str]:
        """The processes that serve connections."""
        pid = self.process.pid
        return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _our_ssh(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "sshd" in request.fixturenames:
        sshd: Sshd = request.getfixturevalue("sshd")
        monkeypatch.setenv("REPL_CONNECT_SSH", " ".join(sshd.ssh))


@pytest.fixture
def python(tmp_path: Path) -> Iterator[PythonProgram]:
    with PythonProgram(str(tmp_path / "python.sock")) as program:
        yield program


@needs_sshd
class TestConnecting:
    def test_a_socket_over_there(self, sshd: Sshd, python: PythonProgram) -> None:
        with Client(f"ssh://far{python.address}") as client:
            assert client.value("40 + 2") == "42"
            assert client.evaluate("print('x' * 10 ** 6)").out == "x" * 10**6 + "\n"
        wait_until(lambda: not sshd.children())

    def test_a_partner_over_there(
        self, sshd: Sshd, python: PythonProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = tmp_path / "config.toml"
        monkeypatch.setenv("REPL_CONNECT_CONFIG", str(config))
        far = f"ssh://far{python.address}"
        added = repl_connect("partners", "add", "sim", far, "--form", "x = 41")
        gone = repl_connect("partners", "add", "gone", "ssh://far/no/such.sock")
        assert (added.out, gone.out) == ("added: @sim\n", "added: @gone\n")
        assert run("@sim", "x + 1") == (0, "42\n", "")
        done = repl_connect("partners", "check", "--json")
        states = [json.loads(line)["state"] for line in done.out.splitlines()]
        assert (done.code, states) == (6, ["up", "nobody there"])
        wait_until(lambda: not sshd.children())

    def test_a_port_over_there(self, sshd: Sshd) -> None:
        with PythonProgram("localhost:0") as program:
            port = program.address.rpartition(":")[2]
            with Client(f"ssh://far#{port}") as client:
                assert client.value("40 + 2") == "42"
        wait_until(lambda: not sshd.children())

    def test_a_socket_in_the_home_directory_there(self, sshd: Sshd) -> None:
        with PythonProgram(str(sshd.directory / "home's $x.sock")):
            finished = run("ssh://far/~/home's $x.sock", "40 + 2")
        assert (finished.code, finished.out, finished.err) == (0, "42\n", "")

    @pytest.mark.skipif(GUILE is None, reason="guile is not installed")
    def test_guile_greets_before_anything_is_sent(self, sshd: Sshd, tmp_path: Path) -> None:
        program = GuileProgram(tmp_path, cooperative=True, pause=0.02)
        try:
            with Client(f"ssh://far{program.address}") as client:
                assert client.link.greeting == "Guile 3.0.8, cooperative, upgraded"
                assert client.value("(+ 40 2)") == "42"
        finally:
            program.stop()

    @pytest.mark.skipif(shutil.which("socat") is None, reason="socat is not installed")
    def test_without_python_there_socat_joins_the_ends(
        self, python: PythonProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        programs = tmp_path / "bin"
        programs.mkdir()
        for name in ("sh", "socat"):
            (programs / name).symlink_to(shutil.which(name) or "")
        other = Sshd(tmp_path, f"PATH={programs}")
        try:
            monkeypatch.setenv("REPL_CONNECT_SSH", " ".join(other.ssh))
            with Client(f"ssh://far{python.address}") as client:
                assert client.value("40 + 2") == "42"
                assert client.evaluate("print('é' * 10 ** 5)").out == "é" * 10**5 + "\n"
            assert "No such file or directory" in refused(f"ssh://far{tmp_path}/none.sock")
            (programs / "socat").unlink()
            assert "it needs python3, socat or nc" in refused(f"ssh://far{python.address}")
        finally:
            other.close()

    def test_a_connection_that_is_open_already_is_used(
        self, sshd: Sshd, python: PythonProgram
    ) -> None:
        subprocess.run([*sshd.ssh, "-M", "-N", "-f", "far"], check=True, stderr=subprocess.DEVNULL)
        try:
            with PythonProgram("localhost:0") as program:
                logins = sshd.log.read_text().count("Accepted publickey")
                port = program.address.rpartition(":")[2]
                for address in (f"ssh://far{python.address}", f"ssh://far#{port}"):
                    with Client(address) as client:
                        assert client.value("40 + 2") == "42"
                assert sshd.log.read_text().count("Accepted publickey") == logins
            subprocess.run([*sshd.ssh, "-O", "check", "far"], check=True, capture_output=True)
        finally:
            subprocess.run([*sshd.ssh, "-O", "exit", "far"], check=True, capture_output=True)

    def test_ctrl_c_interrupts_what_runs_and_not_the_connection(
        self, sshd: Sshd, python: PythonProgram
    ) -> None:
        code = "print('going', flush=True)\nwhile True: pass"
        child = spawn(COMMAND[0], [*COMMAND[1:], "eval", f"ssh://far{python.address}", code])
        child.expect("going")
        child.sendintr()
        child.expect(EOF)
        child.close()
        assert "lost" not in str(child.before)
        assert child.exitstatus == 130
        with Client(python.address) as client:
            assert client.value("40 + 2") == "42"


@needs_sshd
class TestFailing:
    def test_sshs_own_words_are_shown(
        self, sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = tmp_path / "other"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True
        )
        monkeypatch.setenv("REPL_CONNECT_SSH", f"{' '.join(sshd.ssh)} -o IdentityFile={other}")
        shutil.move(sshd.directory / "key", sshd.directory / "away")
        try:
            text = refused("ssh://far/x.sock")
        finally:
            shutil.move(sshd.directory / "away", sshd.directory / "key")
        assert text.startswith("ssh://far/x.sock: ")
        assert "Permission denied (publickey)." in text

    def test_no_socket_there(self, sshd: Sshd, tmp_path: Path) -> None:
        text = refused(f"ssh://far{tmp_path}/none.sock")
        assert text.strip() == f"ssh://far{tmp_path}/none.sock: No such file or directory"

    def test_a_file_there_that_is_no_socket(self, sshd: Sshd, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        text = refused(f"ssh://far{tmp_path}/file")
        assert text.strip() == f"ssh://far{tmp_path}/file: Connection refused"

    def test_the_key_of_a_machine_that_has_changed(
        self, sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = (sshd.directory / "key.pub").read_text(encoding="ascii")
        known = tmp_path / "known"
        known.write_text(f"[127.0.0.1]:{sshd.port} {other}", encoding="ascii")
        monkeypatch.setenv(
            "REPL_CONNECT_SSH", f"{' '.join(sshd.ssh)} -o UserKnownHostsFile={known}"
        )
        assert "Host key verification failed." in refused("ssh://far/x.sock")

    def test_no_listener_there(self, sshd: Sshd) -> None:
        assert "Connection refused" in refused(f"ssh://far#{free_port()}")

    def test_no_such_machine(self, sshd: Sshd) -> None:
        assert "ssh:" in refused(f"ssh://nowhere.invalid#{free_port()}")

    def test_no_sshd(self, sshd: Sshd) -> None:
        assert "Connection refused" in refused(f"ssh://far:{free_port()}/x.sock")

    def test_no_ssh(self, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REPL_CONNECT_SSH", "/no/such/ssh")
        assert "/no/such/ssh" in refused("ssh://far/x.sock")

    def test_a_machine_that_does_not_answer(
        self, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with FakeServer(Talk.read_to_end, None) as silent:
            address = parse_address(f"ssh://127.0.0.1:{silent.address.rpartition(':')[2]}/x")
            assert isinstance(address, SshAddress)
            with pytest.raises(ConnectError, match=r"ssh did not connect in 0\.5 seconds"):
                open_ssh(address, 0.5)

    def test_ssh_that_is_killed_is_a_lost_connection(
        self, sshd: Sshd, python: PythonProgram
    ) -> None:
        with Client(f"ssh://far{python.address}") as client:
            outcome = client.start("import time; time.sleep(60)")
            for pid in sshd.children():
                os.kill(int(pid), signal.SIGKILL)
            with pytest.raises(Exception, match="closed the connection"):
                client.finish(outcome)
        wait_until(lambda: not sshd.children())


@needs_sshd
def test_a_bridge_makes_a_far_repl_a_near_one(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with (
        PythonProgram(str(tmp_path / "there" / "python.sock")) as program,
        BridgeProcess(f"ssh://far{program.address}", "./near.sock", directory=tmp_path) as bridge,
    ):
        one, two = bridge.open(), bridge.open()
        assert one.value("40 + 2") == two.value("6 * 7") == "42"
        one.close()
        two.close()
        wait_until(lambda: not sshd.children())
        assert bridge.end() == (0, "")
