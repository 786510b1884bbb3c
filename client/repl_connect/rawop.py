"""One nREPL op, sent as it is; its replies as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from repl_connect.address import Address
from repl_connect.connect import CONNECT_TIMEOUT, connect
from repl_connect.exit_codes import ExitCode
from repl_connect.link import Link
from repl_connect.replies import statuses_of
from repl_server.wire import LocalProtocolError, Message

__all__ = ["send_op"]


def send_op(
    address: Address,
    op: str,
    fields: Mapping[str, Any],
    *,
    timeout: float | None = None,
    wait: float | None = None,
    dialect: str | None = None,
) -> ExitCode:
    """Send it, and print each reply on a line of standard output until one says `done`.

    In the session opened for it, unless `fields` have `session`; an empty one is none. `timeout` is
    in seconds from when it is sent; `wait`: for how many to try again while nobody listens. Raises
    `ReplConnectError`.
    """
    replies: list[Message] = []

    def connected() -> Link:
        return connect(address, dialect=dialect, tool=False, timeout=timeout or CONNECT_TIMEOUT)

    if wait is not None:
        from repl_connect.waiting import connect_when_up

        link = connect_when_up(connected, wait, str(address))
    else:
        link = connected()
    message = {"session": link.session.user, **fields, "op": op}

    def answered(reply: Message) -> None:
        replies.append(reply)
        sys.stdout.write(json.dumps(reply, default=_json) + "\n")
        sys.stdout.flush()

    try:
        link.session.request({key: value for key, value in message.items() if value}, answered)
        ended = link.run_until(
            lambda: bool(replies) and "done" in statuses_of(replies[-1]), timeout
        )
    except LocalProtocolError as error:
        sys.stderr.write(f"That can't be sent: {error}.\n")
        return ExitCode.USAGE
    finally:
        link.close()
    if not ended:
        sys.stderr.write(f"The time is up ({timeout:g} seconds).\n")
        return ExitCode.STOPPED
    return ExitCode.RAISED if "error" in statuses_of(replies[-1]) else ExitCode.OK


def _json(value: object) -> object:
    """What JSON has not: bytes that are no UTF-8 (each of them a lone surrogate), and maps.

    A reply that was made here, by an adapter, has maps of other types than `dict`.
    """
    if isinstance(value, Mapping):
        return dict(value)
    assert isinstance(value, bytes)
    return value.decode("utf-8", "surrogateescape")
