"""The plugin that gives each worker of a Dask cluster a REPL.

client.register_plugin(ReplPlugin())
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from distributed import WorkerPlugin

from repl_connect.cluster.repl import NAME, Where, open_repl

if TYPE_CHECKING:
    from distributed import Worker

__all__ = ["ReplPlugin"]


class ReplPlugin(WorkerPlugin):
    """Gives each worker a REPL, those there are and those that come, for as long as it lives.

    `where`: `"unix"`, a socket of mode 0600 in the runtime directory of the worker's user, who is
    the only one to get in; or `"tcp"`, a loopback port, for workers whose file system has no
    sockets: everybody on the worker's machine gets in. A worker that has a REPL keeps it.

    `repl_connect` has to be importable in the workers.
    """

    name = NAME
    idempotent = True

    def __init__(self, where: Where = "unix") -> None:
        if where not in get_args(Where):
            raise ValueError(f"where={where!r}: give one of {', '.join(get_args(Where))}")
        self.where = where
        self._opened = False

    async def setup(self, worker: Worker) -> None:
        """Open it, and tell the scheduler at once."""
        self._opened = open_repl(worker, self.where)
        if self._opened and worker.status.name == "running":
            await worker.heartbeat()

    async def teardown(self, worker: Worker) -> None:
        """End it, if this plugin has opened it."""
        if self._opened:
            self._opened = False
            worker.metrics.pop(NAME, None)
            await worker.extensions[NAME].close()
