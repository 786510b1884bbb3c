"""The commands for jobs as a shell has them, and what they leave running, found again and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from client.command import Finished

from repl_connect.cli import main_exit
from repl_connect.detection.peer import unix_peer_pid
from repl_connect.jobs.keepers import Keeper, keepers

__all__ = ["Shell", "keeper_process", "own_home", "python_program"]


class Shell:
    """Runs commands in this process, as `repl-connect` would in one of its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Finished:
        self._capsys.readouterr()
        code = main_exit(arguments)
        out, err = self._capsys.readouterr()
        return Finished(code, out, err)

    def submit(self, target: str, code: str, *options: str) -> str:
        """Leave a job: its id."""
        done = self("submit", target, code, *options)
        assert done.code == 0, done
        assert done.out.count("\n") == 1
        return done.out.rstrip("\n")

    def result(self, ident: str) -> Finished:
        """A job's result, when it has ended."""
        return self("result", ident, "--wait", "60")


def keeper_process(keeper: Keeper) -> int:
    """The process id of a keeper that is there."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(keeper.socket.path)
        pid = unix_peer_pid(stream)
    assert pid
    return pid


@contextlib.contextmanager
def own_home(directory: Path) -> Iterator[Path]:
    """A user with a home and a runtime directory of their own, whose keepers end at the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("RUNTIME_DIR", "CONFIG_HOME"):
            (directory / name).mkdir()
            patch.setenv(f"XDG_{name}", str(directory / name))
        try:
            yield directory
        finally:
            for keeper in keepers():
                pid = keeper_process(keeper)
                os.kill(pid, signal.SIGTERM)
                with contextlib.suppress(
                    ChildProcessError
                ):  # another's child, or waited for already
                    os.waitpid(pid, 0)


@contextlib.contextmanager
def python_program(address: Path) -> Iterator[str]:
    """A Python program that serves there; it has to be there at the end."""
    command = [sys.executable, "-m", "repl_server", str(address)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=address.parent) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"nREPL server started")
            yield str(address)
            assert process.poll() is None
        finally:
            process.kill()
