"""The prompt on a terminal, connected to a program by its address alone."""

from __future__ import annotations

import sys
from pathlib import Path

from terminal import Terminal

__all__ = ["environment", "open_prompt"]


def environment(directory: Path) -> dict[str, str]:
    """What a client's process needs, with a history of its own in `directory`."""
    return {
        "XDG_STATE_HOME": str(directory / "state"),
        "REPL_CONNECT_CONFIG": "/dev/null",
        "PYTHONPATH": ":".join(path for path in sys.path if path),
    }


def open_prompt(directory: Path, *arguments: str, prompt: str = ">") -> Terminal:
    """Start it with these arguments, and wait until `prompt` stands there."""
    terminal = Terminal(
        [sys.executable, "-m", "repl_connect", *arguments], environment=environment(directory)
    )
    try:
        terminal.wait_for_current(prompt)
    except BaseException:
        terminal.close()
        raise
    return terminal
