"""A Python server of our own, in a child process: what one gets without an address.

The child ends with us: it watches its standard input, which ends when we do, whatever way we go.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

import repl_server
from repl_connect.address import LONGEST_PATH, UnixAddress
from repl_connect.errors import ConnectError
from repl_connect.places import EMBEDDED

__all__ = ["EmbeddedServer"]

_SOCKET: Final = "python.sock"
_START: Final = 15.0  # seconds; a loaded machine takes a while to start Python
_END: Final = 2.0
_ENDING: Final = 0.5  # seconds from the end of its connections to its own, at most


class EmbeddedServer:
    """Starts at once; `wait` returns when it can be connected to. Close it, or use `with`.

    `program_output` are the ends of its pipes, by stream, for `run_prompt`: what the program
    prints outside of evaluations.
    """

    def __init__(self) -> None:
        name = f"{EMBEDDED}{os.urandom(8).hex()}"
        base = os.environ.get("TMPDIR") or "/tmp"
        if len(os.fsencode(os.path.join(base, name, _SOCKET))) > LONGEST_PATH:
            base = "/tmp"
        self._directory = os.path.join(base, name)
        os.mkdir(self._directory, 0o700)
        self.address = UnixAddress(os.path.join(self._directory, _SOCKET))
        self._started = False
        above = os.path.dirname(os.path.dirname(repl_server.__file__))
        path = os.environ.get("PYTHONPATH", "")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "repl_server", self.address.path, "--until-eof"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": f"{above}{os.pathsep}{path}" if path else above},
            bufsize=0,
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
        """Where it listens, once it does. Raises `ConnectError` if it never does or has ended."""
        if self._started:
            self._must_run()
            return self.address
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        deadline = time.monotonic() + _START
        said = b""
        while not said.endswith(b"\n"):  # its first line says that it listens
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise ConnectError(f"The Python server did not start within {_START:g} seconds.")
            byte = os.read(descriptor, 1)
            if not byte:
                raise ConnectError(f"The Python server ended at its start: {self._last_words()}")
            said += byte
        self._started = True
        return self.address

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

    def _must_run(self) -> None:
        try:
            status = self._process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            return
        how = f"with status {status}" if status >= 0 else f"by {signal.Signals(-status).name}"
        raise ConnectError(
            f"The Python of your own ended {how}. ,quit leaves, `repl-connect` starts another."
        )

    def _last_words(self) -> str:
        assert self._process.stderr is not None
        text = (self._process.stderr.read() or b"").decode("utf-8", "replace").strip()
        return text.rpartition("\n")[2] or f"status {self._process.wait()}"
