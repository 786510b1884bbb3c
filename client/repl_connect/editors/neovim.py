"""Neovim: what its package managers want to be told, and where it looks by itself."""

from __future__ import annotations

import os
import sys
from typing import Final

from repl_connect.editors.editor import ByLink, Editor, Snippet

__all__ = ["NEOVIM"]


def _link() -> str:
    """In the directory of packages that are loaded at the start, of the configuration in use."""
    configured = os.environ.get("XDG_DATA_HOME", "")
    data = configured if configured.startswith("/") else os.path.expanduser("~/.local/share")
    name = os.environ.get("NVIM_APPNAME") or "nvim"
    return os.path.join(data, name, "site", "pack", "repl-connect", "start", "repl-connect")


def _missing(plugin: str) -> str | None:
    from repl_connect.requirement import missing

    return missing("pynvim", "The Neovim plugin") or _not_found_from(plugin)


def _not_found_from(plugin: str) -> str | None:
    """What to set where the plugin would not find this very installation by itself."""
    here = os.path.realpath(sys.prefix)
    checkout = os.path.dirname(os.path.dirname(plugin))
    if (
        "-packages" in plugin
        or plugin.startswith(here + os.sep)
        or os.path.realpath(os.path.join(checkout, ".venv")) == here
    ):
        return None
    command = os.path.join(sys.prefix, "bin", "repl-connect")
    return (
        f"The plugin is in a checkout, which does not tell that it is used from {sys.prefix}. "
        f"Put this into init.lua: vim.g.repl_connect_cmd = {{ {_lua(command)} }}"
    )


def _native(path: str) -> str:
    from shlex import quote

    link = _link()
    return f"mkdir -p {quote(os.path.dirname(link))}\nln -sfn {quote(path)} {quote(link)}"


def _lua(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _vim(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


NEOVIM: Final = Editor(
    name="nvim",
    title="Neovim",
    # The directory is called `nvim`, which is no name for a plugin: managers are given another.
    snippets={
        "lazy": Snippet(
            "in the list that require('lazy').setup() gets",
            lambda path: f'{{ name = "repl-connect", dir = {_lua(path)}, lazy = false }},',
        ),
        "vim-plug": Snippet(
            "between plug#begin() and plug#end()",
            lambda path: f"Plug {_vim(path)}, {{'as': 'repl-connect'}}",
        ),
        "packer": Snippet(
            "in the function that packer.startup() gets; then :PackerSync",
            lambda path: f'use {{ {_lua(path)}, as = "repl-connect" }}',
        ),
        "native": Snippet("in a shell; as --install does", _native),
        "runtimepath": Snippet(
            "in init.lua (in init.vim, with `lua` before it)",
            lambda path: f"vim.opt.runtimepath:append({_lua(path)})",
        ),
    },
    by_link=ByLink(
        path=_link,
        missing=_missing,
        first="Start nvim: :ReplConnect connects, :help repl-connect says the rest.",
        help="doc",
    ),
)
