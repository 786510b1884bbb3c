"""Where the keepers of jobs are: found from any shell, and started when there is none.

A keeper listens in the user's runtime directory, at a name that is made from what it keeps jobs
for: the address (a socket's real path) and the dialect it was told. Beside its socket is a note of
both, for who wants them all. Of two that are started at once, one gets the name; the other ends.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
import time
from typing import IO, Final, NamedTuple

from repl_connect.address import Address, UnixAddress, parse_address
from repl_connect.errors import AddressError, ConnectError
from repl_connect.jobs.ident import whole
from repl_connect.places import listener_of
from repl_server.network.records import runtime_directory
from repl_server.network.replacing import put_file

__all__ = [
    "ALREADY",
    "GRACE",
    "Keeper",
    "keeper_for",
    "keepers",
    "started_keeper",
]

GRACE: Final = 600.0
"""Seconds that a keeper stays after the last result was fetched, or its last client has gone."""

ALREADY: Final = "A bridge keeps jobs already for"
"""How one ends that was started when there was one."""

_PREFIX: Final = "jobs-"
_NOTE: Final = ".target"
_LONGEST_NOTE: Final = 4096
_START: Final = 15.0  # seconds; a loaded machine takes a while to start Python
_LOOK: Final = 1.0  # seconds in which one that is alive takes a connection


class Keeper(NamedTuple):
    """A keeper of the jobs for an address; `dialect` is what was forced, None if it finds out."""

    address: Address
    dialect: str | None

    @property
    def socket(self) -> UnixAddress:
        """Where it listens, if it is there. Raises `OSError` without a runtime directory."""
        from hashlib import sha256

        text = f"{listener_of(self.address)}\n{self.dialect or ''}"
        name = sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return UnixAddress(os.path.join(runtime_directory(), f"{_PREFIX}{name}.sock"))

    @property
    def alive(self) -> bool:
        """Whether it is there."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_LOOK)
            try:
                probe.connect(self.socket.path)
            except OSError:  # also without a runtime directory
                return False
            return True

    def note(self) -> None:
        """Note what it keeps jobs for; only the one that listens may."""
        text = f"{whole(self.address)}\n{self.dialect or ''}\n"
        path = self._note_path
        put_file(path, text.encode("utf-8", "surrogateescape"), beside=f"{path}.new")

    def forget(self) -> None:
        """Remove the note, while it still listens."""
        if os.path.exists(self._note_path):
            os.unlink(self._note_path)

    @property
    def _note_path(self) -> str:
        return self.socket.path.removesuffix(".sock") + _NOTE


def keepers() -> list[Keeper]:
    """Those that are there, sorted by their addresses."""
    return [each for each in _noted() if each.alive]


def keeper_for(address: Address, dialect: str | None = None) -> Keeper | None:
    """One that keeps jobs for this address; with a `dialect`, only one that was told the same."""
    exact = Keeper(address, dialect)
    if exact.alive:
        return exact
    if dialect is not None:
        return None
    wanted = listener_of(address)
    return next(
        (each for each in _noted() if listener_of(each.address) == wanted and each.alive), None
    )


def started_keeper(address: Address, dialect: str | None) -> Keeper:
    """Start one in the background, unless it is there. Raises `ConnectError` if it does not start.

    It belongs to no terminal and no shell: it goes on when they end.
    """
    keeper = Keeper(address, dialect)
    try:
        runtime_directory()
    except OSError as error:
        why = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise ConnectError(f"There is no place for a bridge that keeps jobs: {why}.") from None
    deadline = time.monotonic() + _START
    while not keeper.alive:
        command = [sys.executable, "-m", "repl_connect", "bridge", str(whole(address))]
        command += ["--keep-jobs", f"{GRACE:g}"]
        if dialect is not None:
            command += ["--dialect", dialect]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_environment(),
            start_new_session=True,
        )
        assert process.stdout is not None
        with process.stdout as said:
            words = _first_words(said, deadline)
        if words.startswith("nREPL server started"):
            # It may end before we do: then it is not left as a zombie.
            threading.Thread(target=process.wait, name="keeper's end", daemon=True).start()
            return keeper
        process.kill()
        process.wait()
        # One that was first may be just about to end: then it is tried again.
        if time.monotonic() >= deadline or ALREADY not in words:
            last = words.strip().rpartition("\n")[2].removeprefix("repl-connect: ")
            raise ConnectError(
                f"The bridge that keeps jobs for {address} did not start: "
                f"{last or f'it said nothing in {_START:g} seconds.'}"
            )
    return keeper


def _first_words(said: IO[bytes], deadline: float) -> str:
    """The line that says it listens, or all it says before its end."""
    data = b""
    while not (data.startswith(b"nREPL") and b"\n" in data):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([said], [], [], left)[0]:
            break
        more = os.read(said.fileno(), 4096)
        if not more:
            break
        data += more
    return data.decode("utf-8", "replace")


def _environment() -> dict[str, str]:
    import repl_connect

    ours = os.path.dirname(os.path.dirname(os.path.abspath(repl_connect.__file__)))
    path = os.environ.get("PYTHONPATH", "")
    found = {**os.environ, "PYTHONPATH": f"{ours}{os.pathsep}{path}" if path else ours}
    for name in ("REPL_CONNECT_TOKEN_FILE", "REPL_CONNECT_CONFIG"):
        if found.get(name):  # it has another working directory
            found[name] = os.path.abspath(found[name])
    return found


def _noted() -> list[Keeper]:
    """Those that have left a note, sorted by their addresses; one that was killed has, too."""
    try:
        directory = runtime_directory()
        names = os.listdir(directory)
    except OSError:
        return []
    notes = [
        _read(os.path.join(directory, name))
        for name in names
        if name.startswith(_PREFIX) and name.endswith(_NOTE)
    ]
    found = [each for each in notes if each is not None]
    return sorted(found, key=lambda keeper: (str(keeper.address), keeper.dialect or ""))


def _read(path: str) -> Keeper | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            address, _, dialect = file.read(_LONGEST_NOTE).rstrip("\n").partition("\n")
        return Keeper(parse_address(address), dialect or None)
    except (OSError, AddressError):
        return None
