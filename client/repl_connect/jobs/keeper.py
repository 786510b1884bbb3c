"""A keeper of jobs, as a process: `repl-connect bridge ADDRESS --keep-jobs SECONDS`.

It is an nREPL server for jobs only. It ends by a signal; or by itself, when for so many seconds
there was no client, no job that waits or runs, and no result that nobody has fetched. A result is
forgotten an hour after its job has ended, so that none keeps it here for longer.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from repl_connect.address import Address, SshAddress
from repl_connect.bridge.guest import NO_UPSTREAM
from repl_connect.errors import NotListening, ReplConnectError, UsageError
from repl_connect.exit_codes import ExitCode
from repl_connect.jobs.desk import NOT_LISTENING, REACH
from repl_connect.jobs.keepers import ALREADY, Keeper
from repl_connect.jobs.upstream import Upstream
from repl_connect.replies import ENDED
from repl_server.dispatch.dispatcher import Dispatcher
from repl_server.dispatch.requests import Client, Request, Send
from repl_server.ending import Ending
from repl_server.errors import AddressInUseError, ServerError
from repl_server.network.conversation import NreplConversation
from repl_server.network.io_thread import IoThread, Peer
from repl_server.network.listen import listen
from repl_server.wire import Message

__all__ = ["keep_jobs"]

_LOOK: Final = 5.0  # seconds between two looks whether anybody wants it, at most
_ARRIVAL: Final = 15.0  # seconds for the first client to come, at least
_END: Final = 2.0  # seconds for what runs to be interrupted, when it is ended


def keep_jobs(address: Address, *, dialect: str | None, grace: float) -> ExitCode:
    """Keep the jobs for an address until they are fetched, and `grace` seconds longer.

    The banner is printed on standard output. Raises `UsageError` if there is one already.
    """
    if isinstance(address, SshAddress):
        from repl_connect.ssh import ask_nobody

        ask_nobody()
    keeper = Keeper(address, dialect)
    try:
        # No record of it: who looks for a REPL would find that it has no `eval`.
        listener = listen(keeper.socket.path, mode=None)
    except AddressInUseError:
        raise UsageError(f"{ALREADY} {address}.") from None
    except (ServerError, OSError) as error:
        raise UsageError(str(error)) from None
    ending = Ending()
    upstream = Upstream(address, dialect)

    def converse(peer: Peer) -> NreplConversation:
        return NreplConversation(peer, counter, None, thread.later)

    thread = IoThread(listener, converse)
    dispatcher = Dispatcher(
        upstream,
        session_ids=lambda: os.urandom(16).hex(),
        guard=threading.RLock(),
        timing=thread,
    )
    counter = _Counter(dispatcher, upstream)
    upstream.start()
    thread.start()
    _end_when_unwanted(thread, counter, grace, ending)
    try:
        keeper.note()
        print(listener.banner, flush=True)
        ending.wait()
    finally:
        keeper.forget()
        dispatcher.close()
        upstream.close(_END)
        thread.close(_END)
        listener.close()
    return ExitCode.OK


class _Counter:
    """What clients talk to: the dispatcher, with a look at which results they get.

    It answers one op more, `REACH`: whether the program can be connected to.
    """

    def __init__(self, dispatcher: Dispatcher, upstream: Upstream) -> None:
        self._dispatcher = dispatcher
        self._upstream = upstream
        self._fetched: set[str] = set()
        self.disconnect = dispatcher.disconnect

    def receive(self, client: Client, message: Message) -> None:
        """Take one message from it."""
        if message.get("op") != REACH:
            self._dispatcher.receive(client, message)
            return
        request = Request(client, message, None)

        def answer(error: ReplConnectError | None) -> None:
            if error is None:
                request.reply({"status": ["done"]})
            elif isinstance(error, NotListening):
                request.refuse(NOT_LISTENING, str(error))
            else:
                request.refuse(NO_UPSTREAM, str(error))

        self._upstream.reach(answer)

    def connect(self, send: Send, *, address: str = "") -> Client:
        """A client has come."""

        def counted(messages: list[Message]) -> None:
            for message in messages:
                if "status" in message and message.get("state") in ENDED and "job" in message:
                    self._fetched.add(message["job"])
            send(messages)

        return self._dispatcher.connect(counted, address=address)

    def holds_any(self) -> bool:
        """Whether a job waits, runs, or has a result that nobody has fetched."""
        replies: list[Message] = []
        self._dispatcher.receive(Client(replies.extend), {"op": "repl-server/jobs"})
        jobs: list[dict[str, Any]] = replies[0].get("jobs", []) if replies else []
        self._fetched.intersection_update(job["job"] for job in jobs)
        return len(self._fetched) < len(jobs)


def _end_when_unwanted(
    thread: IoThread, counter: _Counter, grace: float, end: Callable[[], None]
) -> None:
    unwanted_since = time.monotonic() + max(0.0, _ARRIVAL - grace)

    def look() -> None:
        nonlocal unwanted_since
        now = time.monotonic()
        if thread.peers or counter.holds_any():
            unwanted_since = now
        elif now - unwanted_since >= grace:
            end()
            return
        thread.later(min(_LOOK, grace), look)

    thread.later(min(_LOOK, grace), look)
