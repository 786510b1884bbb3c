"""`.nrepl-port`: the file in a project's directory from which nREPL clients learn the port."""

from __future__ import annotations

import contextlib
import os

from repl_server.errors import ServerError
from repl_server.network.replacing import put_file

__all__ = ["PortFile"]


class PortFile:
    """Written at once and whole, over one that is there; `remove` takes back only this one.

    `path` is absolute from the start, for programs that change their directory. Raises
    `ServerError` if it can't be written.
    """

    def __init__(self, port: int, path: str | os.PathLike[str] = ".nrepl-port") -> None:
        self.path = os.path.abspath(os.fspath(path))
        try:
            self._identity = _identity(put_file(self.path, b"%d" % port, mode=None))
        except OSError as error:
            raise ServerError(
                f"The port can't be written to {self.path}: {error.strerror}. "
                "Give another path (port_file=PATH), or none."
            ) from None

    def remove(self) -> None:
        """Remove it, unless another server has put its own there."""
        with contextlib.suppress(OSError):
            if _identity(os.lstat(self.path)) == self._identity:
                os.unlink(self.path)


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
