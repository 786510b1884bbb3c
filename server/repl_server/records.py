"""A note in the user's runtime directory, while a server listens, of who it is and where.

One file a process, `PID.nrepl`, one line an address: `unix:/absolute/path` or `host:port`. A client
that connects to one of them knows from it that nREPL is spoken there, without asking.
"""

from __future__ import annotations

import contextlib
import os
import stat

__all__ = ["add_record", "addresses_of", "records", "remove_record", "runtime_directory"]


def runtime_directory() -> str:
    """The user's own directory for sockets and records, made if need be (0700).

    `$XDG_RUNTIME_DIR/repl-server`, else `/tmp/repl-server-UID`. Raises `PermissionError` if
    somebody else made it.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    path = os.path.join(base, "repl-server") if base else f"/tmp/repl-server-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{path} is not this user's private directory: remove it.")
    return path


def add_record(address: str) -> None:
    """Note that this process listens at `address`. What can't be written is not noted."""
    with contextlib.suppress(OSError), open(_path(os.getpid()), "a", encoding="utf-8") as file:
        file.write(address + "\n")


def remove_record(address: str) -> None:
    """Take a note back; the file goes with the last one."""
    with contextlib.suppress(OSError):
        left = [line for line in addresses_of(os.getpid()) if line != address]
        if left:
            with open(_path(os.getpid()), "w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in left)
        else:
            os.unlink(_path(os.getpid()))


def addresses_of(pid: int) -> list[str]:
    """What a process has noted; an empty list if nothing."""
    try:
        with open(_path(pid), encoding="utf-8", errors="replace") as file:
            return file.read(65536).splitlines()
    except OSError:
        return []


def records() -> list[str]:
    """The addresses that live processes have noted."""
    try:
        names = os.listdir(runtime_directory())
    except OSError:
        return []
    found: list[str] = []
    for name in names:
        pid, _, kind = name.partition(".")
        if kind == "nrepl" and pid.isdigit() and os.path.exists(f"/proc/{pid}"):
            found += addresses_of(int(pid))
    return found


def _path(pid: int) -> str:
    return os.path.join(runtime_directory(), f"{pid}.nrepl")
