"""A home of its own for a Neovim: nothing of the user's, the plugin, and a project to edit."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

__all__ = ["HOST", "PLUGIN", "Isolated", "zombies_of"]

PLUGIN = Path(__file__).parents[2] / "editors" / "nvim"
"""The plugin, as one puts it on 'runtimepath'."""

HOST = (str(Path(sys.executable).with_name("repl-connect")),)
"""What `g:repl_connect_cmd` is set to."""

_MARK = "REPL_CONNECT_TEST_EDITOR"
_FOREIGN = ("NVIM", "NVIM_APPNAME", "NVIM_LISTEN_ADDRESS", "VIM", "VIMRUNTIME", "VIMINIT", "EXINIT")


class Isolated:
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
        self.directory = directory
        self.project = directory / "project"
        """Where it is started, and where the files are that it edits."""
        self._mark = uuid.uuid4().hex
        own = {
            "HOME": "home",
            "XDG_CONFIG_HOME": "config",
            "XDG_DATA_HOME": "data",
            "XDG_STATE_HOME": "state",
            "XDG_CACHE_HOME": "cache",
            "XDG_RUNTIME_DIR": "run",
        }
        for name in ("project", *own.values()):
            (directory / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        self.variables: dict[str, str | None] = {
            **{variable: str(directory / name) for variable, name in own.items()},
            **dict.fromkeys(_FOREIGN),
            "LANG": "C.UTF-8",
            "NVIM_LOG_FILE": str(directory / "nvim.log"),
            "REPL_CONNECT_CONFIG": "/dev/null",
            _MARK: self._mark,
            **(environment or {}),
        }
        """What differs from this process's variables; None: it is taken out."""
        merged = {**os.environ, **self.variables}
        self.environment = {name: value for name, value in merged.items() if value is not None}
        # A Python file makes Neovim's own plugins look for a Python with pynvim, for a second.
        lines = ['vim.g.maplocalleader = ","', "vim.g.loaded_python3_provider = 0"]
        if command is not None:
            lines.append(f"vim.g.repl_connect_cmd = vim.fn.json_decode({_lua([*command])})")
        if plugin:
            lines.append(f"vim.opt.runtimepath:append(vim.fn.json_decode({_lua(str(PLUGIN))}))")
        # To find out anew who is there would take each of them some seconds.
        (directory / "state" / "repl-connect").symlink_to(_shared_state())
        init = directory / "config" / "nvim" / "init.lua"
        init.parent.mkdir(exist_ok=True)
        init.write_text("\n".join([*lines, config, ""]), encoding="utf-8")

    def processes(self) -> dict[int, str]:
        """What runs in this home, other than Neovim itself: the process's id and its command."""
        mark = f"{_MARK}={self._mark}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if mark not in (entry / "environ").read_bytes().split(b"\0"):
                    continue
                if (entry / "exe").readlink().name == "nvim":
                    continue
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
            except OSError:  # it has ended, or is another user's
                continue
            found[int(entry.name)] = command.decode(errors="replace").strip()
        return found


@cache
def _shared_state() -> str:
    """What `repl-connect` remembers from one of these homes to the next, in this process."""
    directory = tempfile.mkdtemp(prefix="rc-nvim-state-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


def _lua(value: object) -> str:
    """A Lua literal of JSON text."""
    return f"[==[{json.dumps(value)}]==]"


def zombies_of(parent: int) -> list[int]:
    """The children of a process that have ended, and that it has not waited for."""
    zombies = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it has ended altogether
                state, of = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state == "Z" and int(of) == parent:
                    zombies.append(int(entry.name))
    return zombies
