"""A real tmux, for tests: a window of its own, what is typed into it, and what it shows."""

from __future__ import annotations

import os
import subprocess
import time
import uuid

__all__ = ["Tmux"]


class Tmux:
    """A tmux server of its own with one window, 80 by 24, in which `command` runs."""

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
        while text not in (shown := self.screen()):
            assert time.monotonic() < deadline, f"not on the screen: {text!r}\n{shown}"

    def screen(self) -> str:
        """What is shown, with what has scrolled away; blanks at the ends of lines are left out."""
        return self._tmux("capture-pane", "-p", "-S", "-")

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
