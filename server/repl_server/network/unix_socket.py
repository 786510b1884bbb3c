"""A Unix socket's file: made, guarded, and put where a dead server's was.

Rule 1: the file is the owner's alone (0600) before it has its name, and who connects is asked for
by uid as well (`may_connect`).

Rule 2: whoever finds the file finds a server. The socket listens under a name of its own
(`PATH.PID`) and then gets its real one, in one step, over the file of a server that is gone.

Rule 3: a file that a live server answers on is not replaced, nor one that is no socket. Where
nothing was, a name that somebody else takes meanwhile is not taken over (`link` fails then).
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
import time
from collections.abc import Iterator

from repl_server.errors import AddressError, AddressInUseError
from repl_server.network.log import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


__all__ = ["LONGEST_PATH", "listen_at", "may_connect"]

LONGEST_PATH: Final = 107
"""Bytes in the path of a Unix socket (`sun_path` holds 108 with its end; unix(7))."""

_PATIENCE = 2.0  # seconds for another server's start; anybody who can read a directory can lock it


def listen_at(path: str, backlog: int) -> socket.socket:
    """A socket that listens at the path.

    Raises `AddressError` where none can be, `AddressInUseError` for what must not be replaced.
    """
    raw = os.fsencode(path)
    if not raw or b"\0" in raw:
        raise AddressError(f"{path!r} names no socket file. Give its path, like ./app.sock.")
    if len(raw) > LONGEST_PATH:
        raise AddressError(
            f"{path}: a socket's path can have {LONGEST_PATH} bytes, this one has {len(raw)}. "
            f"Choose a shorter one, or go to its directory and give ./{os.path.basename(path)}."
        )
    directory = os.path.dirname(path) or "."
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _locked(directory):
            stale = _is_stale(path)
            _put(sock, path, backlog, stale=stale)
        _warn_of_others(path, directory)
        return sock
    except AddressInUseError:
        sock.close()
        raise
    except OSError as error:
        sock.close()
        if error.errno == errno.ENOENT:
            text = "its directory is not there: make it first, or give another path."
        elif error.errno == errno.EADDRINUSE:
            raise _in_use(path) from None
        else:
            text = f"no socket can be made there ({error.strerror}): give another path."
        raise AddressError(f"{path}: {text}") from None
    except BaseException:
        sock.close()
        raise


def may_connect(sock: socket.socket) -> bool:
    """Whether the peer of a Unix socket is this user or root. Where that can't be known: yes."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    credentials = sock.getsockopt(socket.SOL_SOCKET, option, 12)
    uid = int.from_bytes(credentials[4:8], sys.byteorder)
    return uid in (0, os.geteuid())


def _put(sock: socket.socket, path: str, backlog: int, *, stale: bool) -> None:
    new = f"{path}.{os.getpid()}"
    with contextlib.suppress(OSError):
        # On Linux the file gets the socket's own mode; a umask would be everybody's.
        os.fchmod(sock.fileno(), 0o600)
    if len(os.fsencode(new)) > LONGEST_PATH:
        # No room for a second name: for a moment nothing is at the path.
        if stale:
            os.unlink(path)
        sock.bind(path)
        os.chmod(path, 0o600)
        sock.listen(backlog)
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)  # of a process that had this id and was killed just here
    sock.bind(new)
    try:
        os.chmod(new, 0o600)
        sock.listen(backlog)
        if stale:
            os.replace(new, path)
            return
        try:
            os.link(new, path)
        except FileExistsError:
            raise _in_use(path) from None
        except OSError:  # a file system without links
            os.replace(new, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)


@contextlib.contextmanager
def _locked(directory: str) -> Iterator[None]:
    """Two servers that start at one path at once do so one after the other."""
    import fcntl

    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError:
        yield  # binding will say what is wrong
        return
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.005)
            except OSError:  # a file system without locks
                break
        yield
    finally:
        os.close(descriptor)


def _is_stale(path: str) -> bool:
    """Whether a dead server's socket is at the path, or nothing; what else is there is an error."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISSOCK(mode):
        raise AddressInUseError(
            errno.EEXIST, f"{path} is there and is no socket: give another path, or remove it"
        )
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.setblocking(False)
        probe.connect(path)
    except ConnectionRefusedError:
        return True
    except FileNotFoundError:
        return False
    except BlockingIOError:
        pass  # it lives, and is busy
    except OSError as error:
        raise AddressInUseError(
            errno.EADDRINUSE,
            f"{path} is there, and whether it lives can't be told ({error.strerror}): "
            "give another path, or remove it",
        ) from None
    finally:
        probe.close()
    raise _in_use(path)


def _in_use(path: str) -> AddressInUseError:
    return AddressInUseError(
        errno.EADDRINUSE, f"a server is listening at {path}: give another path, or end it first"
    )


def _warn_of_others(path: str, directory: str) -> None:
    """Others can't use the socket, but in such a directory they can put their own in its place."""
    try:
        mode = os.stat(directory).st_mode
    except OSError:
        return
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        say(
            f"anybody can replace {path} with a socket of their own: "
            "its directory is writable for all and not sticky"
        )
