"""What the host needs that `repl-connect` alone does not: pynvim."""

from __future__ import annotations

import os
import sys
from importlib import import_module

__all__ = ["missing"]


def missing() -> str | None:
    """None if pynvim is there; else a sentence that ends with the command that installs it here."""
    try:
        import_module("pynvim")
    except ImportError as error:
        why = "" if error.name == "pynvim" else f" ({error})"
        return (
            f"The Neovim plugin needs pynvim, which is missing in {sys.prefix}{why}. "
            f"Install it there: {_remedy()}"
        )
    return None


def _remedy() -> str:
    """The command, by who made this environment: each leaves a note of its own there."""
    from shlex import quote

    def noted(name: str) -> bool:
        return os.path.exists(os.path.join(sys.prefix, name))

    if noted("pipx_metadata.json"):
        return f"pipx inject {quote(os.path.basename(sys.prefix))} pynvim"
    if noted("uv-receipt.toml"):
        return "uv tool install --with pynvim repl-connect"
    pip = os.path.join(os.path.dirname(sys.executable), "pip")
    if os.path.exists(pip):
        return f"{quote(pip)} install pynvim"
    if sys.prefix != sys.base_prefix:  # an environment without pip, as `uv venv` makes them
        return f"uv pip install --python {quote(sys.executable)} pynvim"
    return f"{quote(sys.executable)} -m pip install pynvim"
