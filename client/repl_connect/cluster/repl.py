"""The REPL of one Dask worker: opened in the worker's process, told to the scheduler, closed.

The worker tells where it is with each heartbeat, as its metric `repl-connect`. So what the
scheduler knows of it goes when the worker goes, however it ends, and nothing has to be run in a
worker to find its REPL.
"""

from __future__ import annotations

import asyncio
import builtins
import socket
import sys
from typing import TYPE_CHECKING, Any, Final, Literal

from repl_server.threaded import serve

if TYPE_CHECKING:
    from distributed import Worker

    from repl_server.server import Server

__all__ = ["NAME", "Where", "WorkerRepl", "machine", "namespace_of", "open_repl"]

NAME: Final = "repl-connect"
"""What the plugin, the worker's metric, and its extension with the REPL are called."""

Where = Literal["unix", "tcp"]
"""What a REPL listens at: a Unix socket of mode 0600, or a loopback port, which every user of the
worker's machine can reach."""

_BOOT: Final = "/proc/sys/kernel/random/boot_id"


class WorkerRepl:
    """What a worker has of ours, among its `extensions`: Dask closes it with the worker."""

    def __init__(self, worker: Worker) -> None:
        self.namespace: dict[str, Any] = {
            "__name__": "__main__",
            "__doc__": None,
            "__builtins__": builtins,
            "worker": worker,
        }
        """The globals of all that is evaluated in this worker."""
        self.server: Server | None = None

    def serve(self, where: Where) -> dict[str, str]:
        """Open the REPL; what the scheduler is to know of it. Raises `ServerError`."""
        address = "localhost:0" if where == "tcp" else None
        self.server = serve(address, namespace=self.namespace)
        return {"address": self.server.address, "machine": machine()}

    async def close(self) -> None:
        """End the REPL, if there is one. Takes two seconds if an evaluation does not end."""
        server, self.server = self.server, None
        if server is not None:
            await asyncio.to_thread(server.close)


def open_repl(worker: Worker, where: Where) -> bool:
    """Give a worker a REPL. False: it has one, which stays as it is.

    The socket is `PID.sock` in the runtime directory of the worker's user. Raises `ServerError`.
    """
    repl = _of(worker)
    if repl.server is not None:
        return False
    told = repl.serve(where)
    worker.metrics[NAME] = lambda _: told
    return True


def namespace_of(worker: Worker) -> dict[str, Any]:
    """The globals of all that is evaluated in a worker: a `__main__` of its own, with `worker`.

    It is not the process's `__main__`: that is Dask's, and a process may have several workers.
    """
    return _of(worker).namespace


def machine() -> str:
    """The machine this runs on: its name, and its boot's id, which tells two of one name apart."""
    try:
        with open(_BOOT, encoding="ascii") as file:
            boot = file.read().strip()
    except OSError:
        boot = sys.platform
    return f"{socket.gethostname()} {boot}"


def _of(worker: Worker) -> WorkerRepl:
    found = worker.extensions.get(NAME)
    if found is None:
        # Many threads may ask at once.
        found = worker.extensions.setdefault(NAME, WorkerRepl(worker))
    assert isinstance(found, WorkerRepl)
    return found
