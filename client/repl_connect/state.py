"""Where what is kept from one start to the next is: the user's state directory (XDG base dirs)."""

from __future__ import annotations

import os

__all__ = ["state_path"]


def state_path(name: str) -> str:
    """The path of a file or directory of ours there, whether it is there or not."""
    state = os.environ.get("XDG_STATE_HOME", "")
    base = state if state.startswith("/") else os.path.expanduser("~/.local/state")
    return os.path.join(base, "repl-connect", name)
