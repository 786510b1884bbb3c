"""A home of its own for an editor: nothing of the user's, and a project to edit."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

__all__ = ["Home", "zombies_of"]

_MARK = "REPL_CONNECT_TEST_EDITOR"


class Home:
    """The directories and the variables of one editor, all below `directory`.

    `environment` is added to this process's variables; one that is None is taken out.
    """

    def __init__(
        self,
        directory: Path,
        *,
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
            "LANG": "C.UTF-8",
            "REPL_CONNECT_CONFIG": "/dev/null",
            _MARK: self._mark,
            **(environment or {}),
        }
        """What differs from this process's variables; None: it is taken out."""
        merged = {**os.environ, **self.variables}
        self.environment = {name: value for name, value in merged.items() if value is not None}
        # To find out anew who is there would take each of them some seconds.
        (directory / "state" / "repl-connect").symlink_to(_shared_state())

    def processes(self, but: Iterable[str] = ()) -> dict[int, str]:
        """What runs in this home: the process's id and its command.

        Programs with one of the names `but` are left out.
        """
        mark = f"{_MARK}={self._mark}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if mark not in (entry / "environ").read_bytes().split(b"\0"):
                    continue
                if (entry / "exe").readlink().name in but:
                    continue
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
            except OSError:  # it has ended, or is another user's
                continue
            found[int(entry.name)] = command.decode(errors="replace").strip()
        return found

    def left_behind(self, limit: float = 8.0) -> dict[int, str]:
        """The `processes` that do not end within so many seconds; they are killed."""
        deadline = time.monotonic() + limit
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.01)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return left


@cache
def _shared_state() -> str:
    """What `repl-connect` remembers from one of these homes to the next, in this process."""
    directory = tempfile.mkdtemp(prefix="rc-state-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


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
