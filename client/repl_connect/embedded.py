"""A Python server of our own, in a child process: what one gets without an address.

The child ends with us: it watches its standard input, which ends when we do, whatever way we go.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import repl_server
from repl_connect.address import UnixAddress
from repl_connect.errors import ConnectError

__all__ = ["EmbeddedServer"]

_START: Final = 15.0  # seconds; a loaded machine takes a while to start Python
_END: Final = 2.0
_POLL: Final = 0.002
_TAIL: Final = 4096


class EmbeddedServer:
    """Starts at once; `wait` returns when it can be connected to. Close it, or use `with`.

    `program_output` are the ends of its pipes, by stream, for `run_prompt`: what the program
    prints outside of evaluations.
    """

    def __init__(self) -> None:
        self._directory = os.path.join(
            os.environ.get("TMPDIR") or "/tmp", f"repl-connect-{os.urandom(8).hex()}"
        )
        os.mkdir(self._directory, 0o700)
        self.address = UnixAddress(os.path.join(self._directory, "python.sock"))
        above = str(Path(repl_server.__file__).parent.parent)
        path = os.environ.get("PYTHONPATH", "")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "repl_server", self.address.path, "--until-eof"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": f"{above}{os.pathsep}{path}" if path else above},
            start_new_session=True,  # Ctrl-C is ours: it becomes an interrupt of the evaluation
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def program_output(self) -> Mapping[str, int]:
        """The descriptors to read, by stream."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        return {"out": self._process.stdout.fileno(), "err": self._process.stderr.fileno()}

    def wait(self) -> UnixAddress:
        """Where it listens, once it does. Raises `ConnectError` if it does not come up."""
        deadline = time.monotonic() + _START
        while True:
            with socket.socket(socket.AF_UNIX) as stream:
                try:
                    stream.connect(self.address.path)
                except OSError:
                    pass
                else:
                    return self.address
            if self._process.poll() is not None:
                raise ConnectError(f"The Python server ended at its start: {self._last_words()}")
            if time.monotonic() > deadline:
                raise ConnectError(f"The Python server did not start within {_START:g} seconds.")
            time.sleep(_POLL)

    def close(self) -> None:
        """End it. Calling it again does nothing."""
        process = self._process
        if process.stdin is not None:
            process.stdin.close()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        try:
            process.wait(_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with contextlib.suppress(OSError):
            os.unlink(self.address.path)
        with contextlib.suppress(OSError):
            os.rmdir(self._directory)

    def _last_words(self) -> str:
        assert self._process.stderr is not None
        text = self._process.stderr.read()[-_TAIL:].decode("utf-8", "replace").strip()
        return text.rpartition("\n")[2] or f"status {self._process.returncode}"
