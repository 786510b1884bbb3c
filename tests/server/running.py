"""Programs that are served in processes of their own, and what the system knows about them."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

from server.wire_client import SECONDS, WireClient

__all__ = ["Held", "Running", "environment", "start_client"]

_PROGRAMS = Path(__file__).parent / "programs"
_TESTS = Path(__file__).parents[1]
_SERVER = _TESTS.parent / "server"


def environment() -> dict[str, str]:
    """The variables of a process that imports the server and the tests' modules."""
    return {**os.environ, "PYTHONPATH": f"{_SERVER}{os.pathsep}{_TESTS}", "REPL_SERVER": ""}


class Held(NamedTuple):
    """What a process holds of what can leak."""

    threads: int
    descriptors: int
    sessions: int


class Running:
    """The program `turning.py`, as a process that is killed in the end.

    It pauses so many seconds between its turns. `options` are those of `Popen`.
    """

    def __init__(self, mode: str, address: Path, *, pause: float = 0.02, **options: Any) -> None:
        self.mode = mode
        self.address = str(address)
        self.process = subprocess.Popen(
            [sys.executable, str(_PROGRAMS / "turning.py"), mode, self.address, str(pause)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            **options,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._clients: list[WireClient] = []
        try:
            self.next_line()
        except queue.Empty:
            self.kill()
            raise

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_exception: object) -> None:
        for client in self._clients:
            client.close()
        self.kill()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def connect(self) -> WireClient:
        """A client with a session; it is closed in the end."""
        client = WireClient(self.address)
        self._clients.append(client)
        client.clone()
        return client

    def next_line(self) -> str:
        """The next line that the program prints."""
        return self._lines.get(timeout=SECONDS)

    def line_of(self, turn: int) -> str:
        """What it prints in this turn, which is yet to be read."""
        while True:
            number, _, text = self.next_line().partition(" ")
            if int(number) == turn:
                return text

    def goes_on(self, client: WireClient) -> None:
        """Return when it has begun a turn after what `client` has evaluated so far."""
        self.line_of(int(client.value("turn")) + 1)

    def held(self, client: WireClient) -> Held:
        """What it holds now; `client` asks for its sessions."""
        proc = Path(f"/proc/{self.process.pid}")
        return Held(
            threads=len(os.listdir(proc / "task")),
            descriptors=len(os.listdir(proc / "fd")),
            sessions=len(client.ask({"op": "ls-sessions"})[-1]["sessions"]),
        )

    def memory(self) -> int:
        """Bytes of memory that it has had at most."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))


def start_client(address: str, code: str) -> subprocess.Popen[str]:
    """A client in a process of its own, when what it evaluates has begun to answer."""
    process = subprocess.Popen(
        [sys.executable, str(_PROGRAMS / "client.py"), address, code],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "answered\n"
    return process
