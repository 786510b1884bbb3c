"""The prompt in tmux: another terminal than the one of the other tests, with its own opinions."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt.conftest import CLIENT, StartServer

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Tmux:
    """A tmux server of its own with one window."""

    def __init__(self, command: str) -> None:
        self._name = f"test-{uuid.uuid4()}"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", command)

    def send(self, text: str) -> None:
        self._tmux("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def paste(self, text: str) -> None:
        self._tmux("load-buffer", "-", text=text)
        self._tmux("paste-buffer", "-p")

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 15
        while text not in (shown := self._tmux("capture-pane", "-p", "-S", "-")):
            assert time.monotonic() < deadline, f"not on the screen: {text!r}\n{shown}"

    def close(self) -> None:
        self._tmux("kill-server")

    def _tmux(self, *arguments: str, text: str | None = None) -> str:
        return subprocess.run(
            ["tmux", "-L", self._name, *arguments],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        ).stdout


@pytest.fixture
def tmux(start_server: StartServer, tmp_path: Path) -> Iterator[Tmux]:
    path = ":".join(path for path in sys.path if path)
    terminal = Tmux(
        f"env XDG_STATE_HOME={tmp_path} PYTHONPATH={shlex.quote(path)} "
        f"{sys.executable} {CLIENT} {start_server('python').path}"
    )
    terminal.wait_for("__main__>")
    yield terminal
    terminal.close()


def test_in_tmux(tmux: Tmux) -> None:
    tmux.send("tick(15)")
    tmux.press("Enter")
    tmux.wait_for("tick 3")
    tmux.send("add(1, ")
    tmux.wait_for("tick 14\n__main__> add(1,")
    tmux.send("2)")
    tmux.press("Enter")
    tmux.wait_for("add(1, 2)\n3\n")
    tmux.paste("def f():\n\n    return 1\n")
    tmux.wait_for("...     return 1")
    tmux.press("C-c")
    tmux.resize(60, 10)
    tmux.send("wait()")
    tmux.press("Enter")
    tmux.wait_for("waiting")
    tmux.press("C-c")
    tmux.wait_for("interrupted")
    tmux.send("boom()")
    tmux.press("Enter")
    tmux.wait_for("ZeroDivisionError: boom!")
