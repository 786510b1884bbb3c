"""Where the file is."""

from __future__ import annotations

import os

__all__ = ["config_path", "short_path"]


def config_path() -> str:
    """The path of the configuration file, whether there is one or not."""
    named = os.environ.get("REPL_CONNECT_CONFIG", "")
    if named:
        return os.path.abspath(os.path.expanduser(named))
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    base = configured if configured.startswith("/") else os.path.expanduser("~/.config")
    return os.path.join(base, "repl-connect", "config.toml")


def short_path(path: str) -> str:
    """A path for people: the home directory as `~`."""
    home = os.path.expanduser("~").rstrip("/")
    return "~" + path[len(home) :] if home and path.startswith(home + "/") else path
