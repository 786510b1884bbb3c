"""Connecting to the REPL, which may take long, beside the thread that moves the bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import NamedTuple

from repl_connect.address import Address
from repl_connect.channel import Channel
from repl_connect.connect import reach
from repl_connect.errors import ReplConnectError
from repl_server.dispatch.timing import Timing
from repl_server.network.io_thread import IoThread

__all__ = ["Reached", "reach_beside"]


class Reached(NamedTuple):
    """A connection to the REPL; `channel` knows what is spoken there."""

    stream: socket.socket
    channel: Channel


def reach_beside(
    thread: IoThread,
    address: Address,
    then: Callable[[Reached | str], None],
    *,
    dialect: str | None,
    timing: Timing | None = None,
) -> None:
    """Connect; `then`, called in `thread`, gets the connection, or in words why there is none."""

    def run() -> None:
        try:
            found: Reached | str = Reached(*reach(address, dialect=dialect, timing=timing))
        except ReplConnectError as error:
            found = str(error)
        except OSError as error:  # no descriptors left
            found = f"{address}: {error.strerror or error}."
        thread.soon(lambda: then(found))

    threading.Thread(target=run, name="reaching", daemon=True).start()
