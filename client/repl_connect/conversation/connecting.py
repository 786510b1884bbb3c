"""Making a link for a front end: blocking, or in a thread beside whatever else there is to do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from repl_connect.errors import ConnectError
from repl_connect.link import Link
from repl_connect.session import SessionError

__all__ = ["KEPT", "Connect", "Connecting", "open_link"]

Connect = Callable[[str | None], Link]
"""Makes a link, blocking; takes the user session to take up again, if there is one."""

KEPT: Final = 60
"""Seconds that the other side is asked to keep our session for if the connection is lost."""

_SESSION_TIMEOUT: Final = 10.0


def open_link(connect: Connect, resume: str | None = None) -> Link:
    """Connect and open the sessions, blocking. Raises `ReplConnectError`."""
    link = connect(resume)
    session = link.session
    if session.ready:
        return link
    failures: list[SessionError] = []
    if session.description is None:
        session.start(lambda: None, failures.append, resume=resume, keep=KEPT)
    if not link.run_until(lambda: session.ready or bool(failures), _SESSION_TIMEOUT):
        link.close()
        raise ConnectError(
            f"{link.name}: connected, but it opened no session in {_SESSION_TIMEOUT:g} seconds. "
            "Is the program stopped, or busy?"
        )
    if failures:
        link.close()
        raise ConnectError(f"{link.name}: {failures[0]}")
    return link


class Connecting:
    """`open_link` in a thread, from now on. `on_end` is called from that thread.

    The thread is nobody's concern when the process ends.
    """

    def __init__(
        self,
        connect: Connect,
        resume: str | None = None,
        on_end: Callable[[], None] | None = None,
    ) -> None:
        self._connect = connect
        self._resume = resume
        self._on_end = on_end
        self._link: Link | None = None
        self._error: BaseException | None = None
        self._abandoned = False
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="connecting", daemon=True)
        self._thread.start()

    def wait(self, timeout: float | None = None) -> Link | None:
        """The link; None if it takes longer than `timeout`. Raises what connecting raised."""
        if self._link is None and self._error is None:
            self._thread.join(timeout)
        if self._error is not None:
            raise self._error
        return self._link

    def abandon(self) -> None:
        """Nobody wants the link any more: close it when it is there."""
        with self._guard:
            self._abandoned = True
            if self._link is not None:
                self._link.close()

    def _run(self) -> None:
        try:
            link = open_link(self._connect, self._resume)
            with self._guard:
                self._link = link
                if self._abandoned:
                    link.close()
        except BaseException as error:
            self._error = error
        if self._on_end is not None:
            self._on_end()
