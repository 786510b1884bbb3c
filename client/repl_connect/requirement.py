"""What a part of this needs that `repl-connect` alone does not, and how it is installed here."""

from __future__ import annotations

import os
import sys
from importlib import import_module

__all__ = ["missing"]


def missing(package: str, needer: str, module: str | None = None) -> str | None:
    """None if a package is there; else a sentence that ends with the command that installs it here.

    `needer` is what needs it, as the sentence begins: "The Neovim plugin". `module` is what is
    imported from it, if that is called otherwise.
    """
    module = module or package
    try:
        import_module(module)
    except ImportError as error:
        why = "" if error.name == module.partition(".")[0] else f" ({error})"
        return (
            f"{needer} needs {package}, which is missing in {sys.prefix}{why}. "
            f"Install it there: {_remedy(package)}"
        )
    return None


def _remedy(package: str) -> str:
    """The command, by who made this environment: each leaves a note of its own there."""
    from shlex import quote

    def noted(name: str) -> bool:
        return os.path.exists(os.path.join(sys.prefix, name))

    if noted("pipx_metadata.json"):
        return f"pipx inject {quote(os.path.basename(sys.prefix))} {package}"
    if noted("uv-receipt.toml"):
        return f"uv tool install --with {package} repl-connect"
    pip = os.path.join(os.path.dirname(sys.executable), "pip")
    if os.path.exists(pip):
        return f"{quote(pip)} install {package}"
    if sys.prefix != sys.base_prefix:  # an environment without pip, as `uv venv` makes them
        return f"uv pip install --python {quote(sys.executable)} {package}"
    return f"{quote(sys.executable)} -m pip install {package}"
