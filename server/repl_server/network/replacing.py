"""A file put in the place of another: who reads the path finds all of one or all of the other."""

from __future__ import annotations

import contextlib
import os

__all__ = ["put_file"]


def put_file(
    path: str,
    data: bytes,
    *,
    mode: int | None = 0o600,
    beside: str | None = None,
    lasting: bool = False,
) -> os.stat_result:
    """Put a file with these bytes at `path`, and return what it is.

    `mode` are its permissions, None for those that the process gives new files. Until it is
    complete it is at `beside`, in the same directory: `PATH.PID.new` if that is not said. A
    `lasting` one is on the disk before it has its name. Raises `OSError`: then the path is as it
    was, and nothing is left beside it.
    """
    new = beside or f"{path}.{os.getpid()}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(new, flags, 0o666 if mode is None else 0o600)
    try:
        with open(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            if lasting:
                os.fsync(descriptor)
            found = os.fstat(descriptor)
        os.replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise
    if lasting:
        directory = os.open(os.path.dirname(path), os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    return found
