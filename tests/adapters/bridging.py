"""`repl-connect bridge`, as a process."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from client.command import COMMAND
from server.wire_client import SECONDS, WireClient

__all__ = ["BridgeProcess"]


class BridgeProcess:
    """A bridge in front of `upstream`; `address` is where it listens."""

    def __init__(
        self, upstream: str, listen: str, *options: str, directory: Path, **variables: str
    ) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "bridge", upstream, "--listen", listen, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=directory,
            env={**os.environ, "XDG_RUNTIME_DIR": str(directory), **variables},
        )
        assert self.process.stdout is not None
        self.banner = self.process.stdout.readline().decode().rstrip("\n")
        last = self.banner.rpartition(" ")[2]
        self.address = last.removeprefix("nrepl+unix:").removeprefix("nrepl://")
        self._clients: list[WireClient] = []

    def __enter__(self) -> BridgeProcess:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def client(self) -> WireClient:
        """A connection that has said nothing yet."""
        client = WireClient(self.address)
        self._clients.append(client)
        return client

    def open(self) -> WireClient:
        """A client with a session."""
        client = self.client()
        client.clone()
        return client

    def end(self) -> tuple[int, str]:
        """End it with SIGTERM: its exit status, and what it said on standard error."""
        self.process.terminate()
        _, said = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, said.decode()

    def memory(self) -> int:
        """Bytes of memory that it has in use."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        fields: dict[str, Any] = dict(line.split(":", 1) for line in status.splitlines())
        return int(fields["VmRSS"].split()[0]) * 1024
