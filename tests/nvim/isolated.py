"""A home of its own for a Neovim: nothing of the user's, the plugin, and a project to edit."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from editors.isolated import Home

__all__ = ["HOST", "PLUGIN", "Isolated"]

PLUGIN = Path(__file__).parents[2] / "editors" / "nvim"
"""The plugin, as one puts it on 'runtimepath'."""

HOST = (str(Path(sys.executable).with_name("repl-connect")),)
"""What `g:repl_connect_cmd` is set to."""

_FOREIGN = ("NVIM", "NVIM_APPNAME", "NVIM_LISTEN_ADDRESS", "VIM", "VIMRUNTIME", "VIMINIT", "EXINIT")


class Isolated(Home):
    """The directories, the variables and the configuration of one Neovim, all below `directory`.

    `config` is Lua that runs in the user's `init.lua`, before the plugin is loaded; there
    <LocalLeader> is a comma already. `command` is `g:repl_connect_cmd`; with None it is not set.
    Without `plugin` the plugin is not on 'runtimepath'. `environment` is added to this process's
    variables; one that is None is taken out.
    """

    def __init__(
        self,
        directory: Path,
        *,
        config: str = "",
        command: Sequence[str] | None = HOST,
        plugin: bool = True,
        environment: Mapping[str, str | None] | None = None,
    ) -> None:
        own = {**dict.fromkeys(_FOREIGN), "NVIM_LOG_FILE": str(directory / "nvim.log")}
        super().__init__(directory, environment={**own, **(environment or {})})
        # A Python file makes Neovim's own plugins look for a Python with pynvim, for a second.
        lines = ['vim.g.maplocalleader = ","', "vim.g.loaded_python3_provider = 0"]
        if command is not None:
            lines.append(f"vim.g.repl_connect_cmd = vim.fn.json_decode({_lua([*command])})")
        if plugin:
            lines.append(f"vim.opt.runtimepath:append(vim.fn.json_decode({_lua(str(PLUGIN))}))")
        init = directory / "config" / "nvim" / "init.lua"
        init.parent.mkdir(exist_ok=True)
        init.write_text("\n".join([*lines, config, ""]), encoding="utf-8")

    def processes(self, but: Iterable[str] = ("nvim",)) -> dict[int, str]:
        """What runs in this home, other than Neovim itself: the process's id and its command."""
        return super().processes(but)


def _lua(value: object) -> str:
    """A Lua literal of JSON text."""
    return f"[==[{json.dumps(value)}]==]"
