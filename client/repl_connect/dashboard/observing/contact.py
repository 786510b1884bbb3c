"""A target's connection: made in a thread, lost, made again with growing pauses, ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from repl_connect.address import SshAddress
from repl_connect.connect import connect
from repl_connect.conversation.awaiting import link_from
from repl_connect.conversation.connecting import KEPT
from repl_connect.conversation.conversation import Conversation
from repl_connect.conversation.reconnection import Reconnection
from repl_connect.dashboard.observing.records import State
from repl_connect.errors import ConnectError, ConnectionLost, ReplConnectError
from repl_connect.events import Output
from repl_connect.link import Link
from repl_connect.settings import Settings
from repl_connect.targets import Target

__all__ = ["Contact"]


class Contact:
    """One link after another. `gate` bounds how many are being made at the same time.

    `on_link` gets each new one, `on_lost` why one has gone, and how many evaluations were under
    way; `on_failure` a sentence, for each different reason why there is none; `on_change` is called
    when `state` or `words` may have changed.
    """

    def __init__(
        self,
        target: Target,
        settings: Settings,
        gate: threading.Semaphore,
        *,
        on_output: Callable[[Output], None],
        on_link: Callable[[Link], None],
        on_lost: Callable[[ConnectionLost, int], None],
        on_failure: Callable[[str], None],
        on_change: Callable[[], None],
    ) -> None:
        self._target = target
        self._settings = settings.connection
        self._gate = gate
        self._on_link = on_link
        self._on_lost = on_lost
        self._on_failure = on_failure
        self._on_change = on_change
        self.problem: str | None = None
        """Why there is no connection, in a sentence; None while there is one."""
        self._wanted = False
        self._was_there = False
        self._notice = ""
        self._reason = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._first: asyncio.Task[None] | None = None
        self.conversation = Conversation(on_output, self._lost)
        self._reconnection = Reconnection(
            self._connect,
            remedy="",
            on_link=self._attach,
            on_failure=self._failed_again,
            on_change=self._changed,
        )

    @property
    def state(self) -> State:
        """`UP` if there is a link, and nothing is known of what it does."""
        if self.conversation.connected:
            return State.UP
        if not self._wanted and self.problem is None:
            return State.CLOSED
        if self._was_there:
            return State.LOST
        return State.CONNECTING if self.problem is None else State.FAILED

    @property
    def words(self) -> str:
        """What it is doing about the connection, as a phrase."""
        if self.conversation.connected:
            return "connected"
        if self._first is not None:
            return f"connecting{self._notice}"
        if not self._wanted:
            return "disconnected"
        doing = self._reconnection.state or "not connected"
        return f"{self._reason}, {doing}" if self._reason else doing

    def start(self) -> None:
        """Connect, beside whatever else there is to do. The loop must be running."""
        if self.conversation.connected or self._first is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._wanted = True
        if isinstance(self._target.address, SshAddress):
            from repl_connect.ssh import ask_nobody

            ask_nobody()  # the terminal is the screen's
        if self._reconnection.active:
            self._again()
        else:
            self._first = self._loop.create_task(self._try_first())
            self._on_change()

    def stop(self) -> None:
        """End the connection, and make none. What was under way is lost."""
        self._wanted = False
        self.problem = None
        if self._first is not None:
            self._first.cancel()
            self._first = None
        self._reconnection.stop()
        self.conversation.close()
        self._on_change()

    async def _try_first(self) -> None:
        self._notice = ""
        try:
            link = await link_from(self._connect, self.conversation.last_session)
        except Exception as error:  # whatever it was, the user has to know
            self._failed(str(error) if isinstance(error, ReplConnectError) else repr(error))
            self._first = None
            if self._settings.reconnect:
                self._again()
            self._on_change()
        else:
            self._first = None
            self._attach(link)

    def _connect(self, resume: str | None) -> Link:
        """Blocking, in a thread of its own."""
        if not self._gate.acquire(blocking=False):
            self._notice_from_thread(", when others have")
            self._gate.acquire()
        try:
            if not self._wanted:
                raise ConnectError(f"{self._target.name}: it is not wanted any more.")
            self._notice_from_thread("")
            return connect(
                self._target.address,
                dialect=self._target.dialect,
                timeout=self._settings.timeout,
                resume=resume,
                keep=KEPT,
                language=self._target.language,
                notice=lambda _: self._notice_from_thread(", nothing heard yet"),
            )
        except ConnectError as error:
            self._reason = error.reason
            raise
        finally:
            self._gate.release()

    def _notice_from_thread(self, words: str) -> None:
        """Say how far connecting is."""
        loop, self._notice = self._loop, words
        if loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._on_change)

    def _attach(self, link: Link) -> None:
        self.problem = None
        self._reason = ""
        self._was_there = True
        self._on_link(link)
        self._on_change()

    def _lost(self, error: ConnectionLost, evaluations: int) -> None:
        self.problem = str(error)
        self._on_lost(error, evaluations)
        if self._wanted and self._settings.reconnect:
            self._again()
        self._on_change()

    def _again(self) -> None:
        self._reconnection.start(
            self.conversation.last_session, longest=self._settings.reconnect_longest
        )

    def _failed(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self._on_failure(problem)
        self._on_change()

    def _failed_again(self, problem: str) -> None:
        if self._reconnection.active:  # else it gives up, which `_changed` does not let it
            self._failed(problem)

    def _changed(self) -> None:
        ended = not self._reconnection.active and not self.conversation.connected
        if ended and self._wanted and self._first is None:
            self._again()  # it gives up after an hour; a screen may be looked at for days
        self._on_change()
