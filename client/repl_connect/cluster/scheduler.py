"""A Dask scheduler, as a client: its address read, the connection made, its workers listed.

Nothing that `distributed` logs or warns of reaches the user's terminal: what can go wrong here is
said in one sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import warnings
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from repl_connect.address import LOCAL_HOSTS
from repl_connect.cluster.repl import NAME, machine
from repl_connect.errors import ConnectError, UsageError
from repl_connect.escapes import visible
from repl_connect.requirement import missing

__all__ = ["Worker", "connected", "partner_name", "scheduler_address", "workers"]

_PORT: Final = 8786
_LOGGERS: Final = ("asyncio", "bokeh", "dask", "distributed", "tornado")


class Worker(NamedTuple):
    """One worker, as the scheduler knows it.

    `repl` is where its REPL listens, in its own machine's terms; None if it has none. `is_here`:
    that it is this machine.
    """

    name: str
    address: str
    host: str
    repl: str | None
    is_here: bool


def scheduler_address(url: str) -> str:
    """The scheduler's address as Dask writes it, from `dask://HOST[:PORT]`.

    It is TLS if Dask's configuration asks for encryption. Raises `UsageError` for what is none, and
    if Dask is not installed.
    """
    problem = missing("distributed", "What is about Dask")
    if problem is not None:
        raise UsageError(problem)
    scheme, found, place = url.partition("://")
    place = place.rstrip("/")
    host, _, port = place.rpartition(":")
    if place and not port.isdecimal():
        host, port = place, str(_PORT)
    bare = host.removeprefix("[").removesuffix("]")
    odd = re.search(r"[\s/@?#\[\]]", bare) or (":" in bare and bare == host) or not port.isascii()
    if not found or scheme != "dask" or not bare or odd or not 0 < int(port[:9]) < 65536:
        raise UsageError(
            f"{url}: a scheduler's address is dask://HOST:PORT for what Dask prints as "
            f"tcp://HOST:PORT or tls://HOST:PORT. The port is {_PORT} if it is left out."
        )
    import dask

    encrypted = dask.config.get("distributed.comm.require-encryption", None)
    return f"{'tls' if encrypted else 'tcp'}://{host}:{port}"


def workers(url: str, timeout: float) -> list[Worker]:
    """All workers of the cluster, sorted by name, numbers by their size.

    Raises `UsageError` as `scheduler_address`, and `ConnectError` if there is no scheduler, or it
    does not answer within `timeout` seconds.
    """
    address = scheduler_address(url)
    _quieten()
    _reach(url, address, timeout)
    told = asyncio.run(_identity(url, address, timeout))
    if told.get("type") != "Scheduler":
        raise ConnectError(
            f"{url}: what is there is of a Dask cluster, and not its scheduler "
            f"({visible(str(told.get('type')))}). Give the scheduler's address."
        )
    here = machine()
    found = []
    for place, worker in told["workers"].items():
        repl = worker.get("metrics", {}).get(NAME)
        if not isinstance(repl, dict):
            repl = {}
        host = str(worker.get("host", ""))
        at, _, boot = str(repl.get("machine", "")).partition(" ")
        found.append(
            Worker(
                name=str(worker.get("name", place)),
                address=place,
                # What a worker behind a tunnel or a proxy calls itself is of no use here.
                host=at if host in LOCAL_HOSTS and boot else host,
                repl=str(repl["address"]) if "address" in repl else None,
                is_here=f"{at} {boot}" == here,
            )
        )
    return sorted(found, key=_order)


@contextlib.contextmanager
def connected(url: str, timeout: float) -> Iterator[Any]:
    """A `distributed.Client` of the scheduler in a block; its methods have no types.

    Connecting takes `timeout` seconds at most. Raises what `workers` raises, and `ConnectError` if
    the scheduler is lost in the block.
    """
    workers(url, timeout)  # a client would go on trying, whatever answers
    from distributed import Client
    from distributed.comm.core import CommClosedError

    untyped: Any = Client
    try:
        client = untyped(scheduler_address(url), timeout=timeout, set_as_default=False, name=NAME)
        try:
            yield client
        finally:
            with contextlib.suppress(Exception):  # it may be gone already
                client.close(timeout=timeout)
    except CommClosedError:
        raise ConnectError(f"{url}: the scheduler was lost.") from None


async def _identity(url: str, address: str, timeout: float) -> dict[str, Any]:
    """What the scheduler says of itself and its workers. Raises `ConnectError`."""
    from distributed.core import rpc
    from distributed.security import Security

    untyped: Any = rpc
    try:
        secured: Any = Security
        options = {"connection_args": secured().get_connection_args("client"), "timeout": timeout}
        async with asyncio.timeout(timeout), untyped(address, **options) as scheduler:
            try:
                told: Any = await scheduler.identity(n_workers=-1)
            except TypeError:  # before 2025 it tells of all without being asked
                told = await scheduler.identity()
    except Exception as error:  # whatever comes of what is no scheduler
        raise ConnectError(_refused(url, address, timeout, error)) from None
    return told if isinstance(told, dict) else {}


def partner_name(worker: str) -> str:
    """What a worker is called as a partner, from its name or, if it has none, its address.

    `0` is `dask-0`, `tcp://10.0.0.7:40001` is `dask-10.0.0.7-40001`.
    """
    _, _, bare = worker.rpartition("://")
    fit = re.sub(r"[^\w.-]+", "-", bare).strip("-.")[:60]
    return f"dask-{fit or 'worker'}"


def _order(worker: Worker) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", worker.name)
    return [(int(part[:18]), "") if part.isdecimal() else (-1, part) for part in parts]


def _reach(url: str, address: str, timeout: float) -> None:
    """Try whether anybody listens there; Dask would go on trying. Raises `ConnectError`."""
    host, _, port = address.partition("://")[2].rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        socket.create_connection((host, int(port)), timeout).close()
    except (socket.gaierror, UnicodeError):
        raise ConnectError(f"{url}: {host} is no machine that is known here.") from None
    except OSError as error:
        raise ConnectError(
            f"{url}: no scheduler can be reached there ({error.strerror or 'it does not answer'}). "
            "Is it another address? `dask scheduler` prints its own."
        ) from None


def _refused(url: str, address: str, timeout: float, error: Exception) -> str:
    """What to say of somebody who listens and does not speak as a scheduler does."""
    if address.startswith("tls://") or "TLS" in str(error):
        return (
            f"{url}: somebody is there, and TLS with them did not come about. Set Dask's "
            "`distributed.comm.tls` (certificates) as the cluster has it."
        )
    if isinstance(error, TimeoutError):
        return f"{url}: somebody is there who has not answered as a scheduler in {timeout:g} s."
    return (
        f"{url}: what is there is no Dask scheduler. If it is one that wants TLS, set "
        "`distributed.comm.require-encryption` and `distributed.comm.tls` in Dask's configuration."
    )


def _quieten() -> None:
    """Keep what `distributed` logs and warns of from the terminal."""
    import distributed  # noqa: F401  (it sets its loggers up when it is imported)

    for name in [*_LOGGERS, *logging.root.manager.loggerDict]:
        if name.partition(".")[0] in _LOGGERS:
            logger = logging.getLogger(name)
            logger.handlers[:] = [logging.NullHandler()]
            logger.propagate = False
    warnings.filterwarnings("ignore", module=r"(dask|distributed|tornado)(\.|$)")
