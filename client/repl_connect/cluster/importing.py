"""The workers of a Dask cluster as partners in the configuration: `partners import dask://…`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from repl_connect.address import SshAddress, TcpAddress, parse_address
from repl_connect.cluster.scheduler import Worker, connected, partner_name, workers
from repl_connect.errors import AddressError
from repl_connect.escapes import visible
from repl_connect.exit_codes import ExitCode
from repl_connect.partners.file import add
from repl_connect.settings import Partner, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repl_connect.cluster.repl import Where
    from repl_connect.partners.file import Changes

__all__ = ["TAG", "import_partners"]

TAG: Final = "dask"
"""What all partners that were imported have as a tag."""

_LOOK: Final = 0.1  # seconds between two looks at what the workers tell


def import_partners(
    url: str,
    *,
    start: bool = False,
    tag: str | None = None,
    timeout: float = 10.0,
    where: Where = "unix",
) -> ExitCode:
    """Make partners of the workers of a Dask cluster that have a REPL, and print what has changed.

    `url` is the scheduler's (`dask://HOST:PORT`). Those that were imported from there before and
    are there no more are removed. `start` gives a REPL to each worker, present and future, that
    listens at `where`. `tag` is one more for all of them. `timeout` is in seconds, for each answer
    of the cluster.

    `PARTIAL`: some workers have no REPL; `NO_CONNECTION`: none has. Raises `ConnectError`, and
    `UsageError` for what is no scheduler's address, or can't be written.
    """
    url = url.rstrip("/")
    found = workers(url, timeout)
    if start:
        found = _started(url, where, timeout)
    named = _named(url, [worker for worker in found if worker.repl is not None])
    tags = tuple(dict.fromkeys((TAG, tag) if tag else (TAG,)))
    partners = []
    for name, worker in named:
        try:
            address = _address(worker)
        except AddressError as error:
            _say(f"{worker.name}: {error}")
            continue
        partners.append(Partner(name, address, "nrepl", "python", tags=tags, source=url))
    changes = add(partners, replace=True, replace_source=url)
    _tell(changes, partners)
    without = [worker for worker in found if worker.repl is None]
    if without:
        names = ", ".join(worker.name for worker in without[:5])
        names += f" and {len(without) - 5} more" if len(without) > 5 else ""
        remedy = f" This gives them one: repl-connect partners import {url} --start"
        _say(
            f"{len(without)} of {len(found)} workers have no REPL: {names}."
            + (
                " Is repl-connect installed where they run? Their logs say more."
                if start
                else remedy
            )
        )
    if not found:
        _say(f"{url}: the cluster has no workers.")
    if len(partners) == len(found) and found:
        return ExitCode.OK
    return ExitCode.PARTIAL if partners else ExitCode.NO_CONNECTION


def _started(url: str, where: Where, timeout: float) -> list[Worker]:
    """Give all workers a REPL, or say why not; the workers, when they have told of it."""
    from repl_connect.cluster.plugin import ReplPlugin

    with connected(url, timeout) as client:
        try:
            client.register_plugin(ReplPlugin(where))
        except Exception as error:  # what a worker has raised comes as it was, whatever it is
            words = f"{type(error).__name__}: {error}".partition("\n")[0]
            # An error that only the worker can read comes as its text.
            is_missing = isinstance(error, ImportError) or "ModuleNotFoundError(" in words
            remedy = " Install repl-connect where the workers run, too." if is_missing else ""
            _say(f"{url}: a worker could open no REPL ({words}).{remedy}")
    deadline = time.monotonic() + timeout
    while True:
        found = workers(url, timeout)
        if all(worker.repl for worker in found) or time.monotonic() > deadline:
            return found
        time.sleep(_LOOK)


def _named(url: str, found: Iterable[Worker]) -> list[tuple[str, Worker]]:
    """The workers with names for partners: each its own, and nobody's who came from elsewhere."""
    taken = {
        name for name, partner in load_settings().settings.partners.items() if partner.source != url
    }
    named = []
    for worker in found:
        name = first = partner_name(worker.name)
        number = 2
        while name in taken:
            name = f"{first}-{number}"
            number += 1
        taken.add(name)
        named.append((name, worker))
    return named


def _address(worker: Worker) -> str:
    """Where its REPL is, from here. Raises `AddressError` for what can't be one."""
    assert worker.repl is not None
    address = parse_address(worker.repl)
    if worker.is_here:
        return worker.repl
    if isinstance(address, TcpAddress):
        there = SshAddress(worker.host, there=address)
    else:
        there = SshAddress(worker.host, path=worker.repl)
    return str(parse_address(str(there)))


def _tell(changes: Changes, partners: list[Partner]) -> None:
    addresses = {partner.name: partner.address for partner in partners}
    for what, names in zip(("added", "changed", "removed"), changes, strict=True):
        for name in names:
            print(visible(f"{what:<8} @{name}  {addresses.get(name, '')}".rstrip()))
    same = len(partners) - len(changes.added) - len(changes.changed)
    if same:
        print(f"{same} as before")


def _say(text: str) -> None:
    print(visible(f"repl-connect: {text}"), file=sys.stderr)
