"""A REPL for a worker from its start: `dask worker --preload repl_connect.cluster.preload`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repl_connect.cluster.repl import open_repl

if TYPE_CHECKING:
    from distributed import Nanny, Scheduler, Worker

__all__ = ["dask_setup"]


def dask_setup(started: Worker | Nanny | Scheduler) -> None:
    """Give what Dask has started a REPL, if it is a worker. It is closed with the worker."""
    from distributed import Worker

    if isinstance(started, Worker):
        open_repl(started, "unix")
