"""Which program is at the other end, from the kernel: real processes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from client.fakes import FakeServer, Talk
from guile.programs import free_port

from repl_connect.detection.peer import Peer, peer_of, process_of


@contextmanager
def running(*command: str) -> Iterator[int]:
    """A program that is there, and has become what it is to be; its process id."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            mine = Path("/proc/self/comm").read_text(encoding="utf-8")
            there = Path(f"/proc/{process.pid}")
            while (there / "comm").read_text(encoding="utf-8") == mine:
                pass  # it is named only some microseconds after it has begun
            while not (there / "cmdline").read_bytes():
                pass  # and has its words after that
            yield process.pid
        finally:
            process.kill()


def needs(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def test_this_python() -> None:
    peer = process_of(os.getpid())
    assert (peer.pid, peer.system, peer.relayed) == (os.getpid(), "python", False)


@pytest.mark.parametrize(
    ("program", "options", "system"),
    [
        ("sbcl", (), "sbcl"),
        ("racket", ("-i",), "racket"),
        ("scm", ("-i",), "scm"),
        ("node", ("-i",), "node"),
        ("guile", (), "guile"),
        ("cat", (), ""),
    ],
)
def test_programs(program: str, options: tuple[str, ...], system: str) -> None:
    with running(needs(program), *options) as pid:
        assert process_of(pid) == Peer(pid, process_of(pid).program, system)


def test_a_program_that_has_named_itself_otherwise() -> None:
    """Node calls its process `MainThread` in some versions."""
    node = needs("node")
    code = "process.title = 'MainThread'; process.stdout.write('x'); setInterval(() => 0, 1000)"
    with subprocess.Popen([node, "-e", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        assert process_of(process.pid).system == "node"
        process.kill()


@pytest.mark.parametrize(
    ("runs", "system"),
    [("EXEC:/usr/bin/sbcl --noinform,stderr", "sbcl"), ("SYSTEM:scm -i", "scm"), ("PIPE", "")],
)
def test_a_relay_is_what_it_starts(runs: str, system: str) -> None:
    listen = f"TCP-LISTEN:{free_port()},bind=127.0.0.1,fork"
    with running(needs("socat"), listen, runs) as pid:
        assert process_of(pid) == Peer(pid, "socat", system, relayed=True)
        assert not process_of(pid).guile


def test_of_a_connection(place: Path | None) -> None:
    with FakeServer(Talk.read_to_end, place) as fake, ExitStack() as stack:
        stream = stack.enter_context(socket.socket(socket.AF_UNIX if place else socket.AF_INET))
        host, _, port = fake.address.rpartition(":")
        stream.connect(fake.address if place else (host, int(port)))
        peer = peer_of(stream)
    assert peer is not None
    assert peer.pid == os.getpid()
    assert peer.program.startswith(Path(sys.executable).name[:6])


def test_a_process_that_is_gone() -> None:
    with running("cat") as pid:
        pass
    with pytest.raises(OSError, match=str(pid)):
        process_of(pid)
