"""A note in the user's runtime directory, while servers listen, of which program it is and where.

One file a process, `PID.nrepl`, written whole and renamed into place, its owner's alone. A line is
`key: value`; each `address` begins one server, and the lines after it are that server's:

    pid: 4711
    process: 1203377            when the process began, in clock ticks after boot (proc(5))
    program: game.py
    cwd: /home/ada/game
    language: python
    address: unix:/home/ada/game/app.sock
    mode: threads
    started: 1732190400

A client that connects to an address knows from it that nREPL is spoken there, without asking. The
record of a process that is gone is swept by the next one that starts a server or lists them; a
process that has its id by chance is known by its beginning.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import threading
import time

from repl_server.network.replacing import put_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Mode = Literal["threads", "asyncio", "cooperative", "bridge"]
    """How a server evaluates: in threads of its own, in the program's loop, when it polls, or in
    another program's REPL, which need not be Python."""
else:
    Mode = str

__all__ = [
    "Mode",
    "Record",
    "add_record",
    "is_alive",
    "process_start",
    "program_name",
    "records",
    "records_of",
    "remove_record",
    "runtime_directory",
]

_MOST = 65_536  # bytes read of one record
_DIGITS = 20  # of a moment; `int` refuses thousands


class Record:
    """One server of a live process of this user.

    `address` is `unix:/absolute/path` or `host:port`; `started` counts seconds from the epoch.
    """

    def __init__(
        self,
        *,
        pid: int,
        program: str,
        cwd: str,
        language: str,
        address: str,
        mode: str,
        started: int,
    ) -> None:
        self.pid = pid
        self.program = program
        self.cwd = cwd
        self.language = language
        self.address = address
        self.mode = mode
        self.started = started


_served: list[tuple[str, Mode, int]] = []  # address, mode, when it started
_lock = threading.Lock()


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


def add_record(address: str, *, mode: Mode = "threads") -> None:
    """Note that this process listens at `address`. What can't be written is not noted."""
    with _lock:
        _served.append((address, mode, int(time.time())))
        with contextlib.suppress(OSError):
            directory = runtime_directory()
            _write(directory)
            _sweep(directory)


def remove_record(address: str) -> None:
    """Take a note back; the file goes with the last one."""
    with _lock:
        _served[:] = [served for served in _served if served[0] != address]
        with contextlib.suppress(OSError):
            directory = runtime_directory()
            if _served:
                _write(directory)
            else:
                os.unlink(_path(directory, os.getpid()))


def records() -> list[Record]:
    """The servers of live processes, sorted by when they started. Sweeps the records of others."""
    try:
        directory = runtime_directory()
    except OSError:
        return []
    found = [record for pid in _sweep(directory) for record in _read(directory, pid)]
    return sorted(found, key=lambda record: (record.started, record.address))


def records_of(pid: int) -> list[Record]:
    """The servers of one process, in the order they started; an empty list if there are none."""
    try:
        return _read(runtime_directory(), pid)
    except OSError:
        return []


def process_start(pid: int) -> str | None:
    """When a process began, in clock ticks after boot; None if it is gone.

    The empty text for a process that is there, where there is no `/proc` to tell.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name, second in the line, may hold anything; the last parenthesis ends it.
            return file.read().rpartition(b")")[2].split()[19].decode("ascii")
    except (OSError, IndexError):
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    return ""


def is_alive(pid: int, start: str) -> bool:
    """Whether the process is there, and is the one that began at `start` (`process_start`)."""
    now = process_start(pid)
    return now is not None and (now == start or not now or not start)


def _path(directory: str, pid: int) -> str:
    return os.path.join(directory, f"{pid}.nrepl")


def _write(directory: str) -> None:
    pid = os.getpid()
    try:
        cwd = os.getcwd()
    except OSError:  # it was removed
        cwd = ""
    lines = [
        ("pid", str(pid)),
        ("process", process_start(pid) or ""),
        ("program", program_name()),
        ("cwd", cwd),
        ("language", "" if all(mode == "bridge" for _, mode, _ in _served) else "python"),
    ]
    for address, mode, started in _served:
        lines += [
            ("address", address),
            ("mode", mode),
            ("started", str(started)),
        ]
    text = "".join(f"{key}: {_escaped(value)}\n" for key, value in lines)
    put_file(
        _path(directory, pid),
        text.encode("utf-8", "surrogateescape"),
        beside=os.path.join(directory, f".{pid}.new"),  # nobody takes it for a record
    )


def _read(directory: str, pid: int) -> list[Record]:
    """What a process has noted; nothing if it is another process than the one that noted it."""
    try:
        with open(_path(directory, pid), "rb") as file:
            text = file.read(_MOST).decode("utf-8", "surrogateescape")
    except OSError:
        return []
    about: dict[str, str] = {}
    servers: list[dict[str, str]] = []
    for line in text.split("\n"):
        key, separator, value = line.partition(": ")
        if not separator:
            continue
        if key == "address":
            servers.append({})
        (servers[-1] if servers else about)[key] = _unescaped(value)
    if not is_alive(pid, about.get("process", "")):
        return []
    return [
        Record(
            pid=pid,
            program=about.get("program", ""),
            cwd=about.get("cwd", ""),
            language=about.get("language", ""),
            address=server["address"],
            mode=server.get("mode", ""),
            started=_moment(server.get("started", "")),
        )
        for server in servers
    ]


def _moment(text: str) -> int:
    """Seconds since the epoch; 0 for what is none."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else 0


def _sweep(directory: str) -> list[int]:
    """Remove what processes that are gone have left; the ids of those that are not."""
    alive: list[int] = []
    try:
        names = os.listdir(directory)
    except OSError:
        return alive
    for name in names:
        pid, _, kind = name.removeprefix(".").partition(".")
        number, _, _ = pid.partition("-")  # a process's second socket is `PID-2.sock`
        if not (number.isascii() and number.isdigit()) or kind not in ("nrepl", "new", "sock"):
            continue
        if kind == "nrepl" and _read(directory, int(number)):
            alive.append(int(number))
        elif process_start(int(number)) is None or (kind == "nrepl" and int(number) != os.getpid()):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(directory, name))
    return sorted(alive)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def _unescaped(value: str) -> str:
    return "\\".join(part.replace("\\n", "\n") for part in value.split("\\\\"))


def program_name() -> str:
    """What runs here: a script as it was called, or a module's name."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    name = getattr(spec, "name", None)
    if isinstance(name, str):
        return name.removesuffix(".__main__")
    arguments = getattr(sys, "argv", None) or [""]
    first = str(arguments[0])
    if first == "-m":  # it is found later; what comes after it is the program's own
        option = sys.orig_argv[-len(arguments)]
        return option.partition("m")[2] if option.startswith("-") else option
    return {"": "python", "-c": "python -c"}.get(first, first)


def _forget() -> None:
    """In the child after a fork: the servers are the parent's, and a lock may be held for ever."""
    global _lock
    _lock = threading.Lock()
    _served.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
