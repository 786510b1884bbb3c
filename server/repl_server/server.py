"""A server that runs: what the three kinds of it have in common."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

from repl_server.dispatch.dispatcher import Dispatcher
from repl_server.evaluation import routing
from repl_server.evaluation.evaluator import PythonEvaluator
from repl_server.evaluation.interrupt import closed_here, sleep_interruptibly, sleep_plainly
from repl_server.evaluation.modules import Modules
from repl_server.evaluation.output import Ticking
from repl_server.evaluation.tools import Tools
from repl_server.network.conversation import NreplConversation, PeerRoom
from repl_server.network.io_thread import IoThread, Peer
from repl_server.network.listen import listen
from repl_server.network.relay import Relay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self, TypeVar, overload

    from repl_server.continuable import Alone, Block
    from repl_server.dispatch.holding import Held, Holding
    from repl_server.evaluation.output import Room
    from repl_server.evaluation.stage import Place

    _Step = TypeVar("_Step", bound=Callable[..., Any])

__all__ = ["Server"]

_LAST_SECOND = 1.0


class Server:
    """A server that runs. `close` ends it; as a context manager it does so itself."""

    def __init__(
        self,
        place: Callable[[Room, Ticking, Relay], Place],
        address: str | os.PathLike[str] | int | None,
        *,
        namespace: dict[str, Any] | None,
        token: str | None,
        port_file: bool | str | os.PathLike[str],
        redefine: bool,
        patience: float,
        mode: Any,
    ) -> None:
        if namespace is None:
            namespace = sys.modules["__main__"].__dict__
        self._listener = listen(address, token=token, port_file=port_file, mode=mode)
        self.address = self._listener.address
        """What a client is to be given: an absolute path, or `host:port`."""
        self.banner = self._listener.banner
        """The line that tools look for to learn the address."""
        guard = threading.RLock()
        ticking = Ticking(guard)
        self._thread = thread = IoThread(
            self._listener,
            self._converse,
            busy=lambda: ticking.busy,
            tick=ticking.tick,
            relay=(relay := Relay()),
        )
        ticking.rouse = partial(thread.soon, _nothing)
        room = PeerRoom(patience)
        self._place = place(room, ticking, relay)
        self._tools = Tools()
        self._evaluator = PythonEvaluator(
            Modules(namespace),
            guard=guard,
            room=room,
            place=self._place,
            later=thread.later,
            tools=self._tools,
            redefine=redefine,
        )
        self._dispatcher = Dispatcher(
            self._evaluator, session_ids=_session_id, guard=guard, timing=thread
        )
        self._dispatcher.offer("repl-server/held", lambda asked: self._holding().list_op(asked))
        self._dispatcher.offer(
            "repl-server/restart", lambda asked: self._holding().restart_op(asked)
        )
        self._guard = guard
        self._closed = False
        routing.install()
        if "getpass" in sys.modules:  # else when the first evaluation that may use it comes
            from repl_server.evaluation.passwords import ask_the_client

            ask_the_client()
        sleep_interruptibly()
        atexit.register(self.close)
        _servers.add(self)
        thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<repl_server.Server at {self.address}{' (closed)' if self._closed else ''}>"

    def publish(self, topic: str, value: object) -> None:
        """Send a value, as its `repr`, to the clients that have subscribed to the topic.

        From any thread. Never waits: a client that does not read misses some, and is told.
        """
        text = repr(value)
        with closed_here() or nullcontext():
            self._dispatcher.publish(topic, text)

    if TYPE_CHECKING:

        @overload
        def continuable(self, step: str, *, alone: Alone = ...) -> Block: ...
        @overload
        def continuable(self, step: _Step, *, alone: Alone = ...) -> _Step: ...
        @overload
        def continuable(self, *, alone: Alone = ...) -> Callable[[_Step], _Step]: ...

    def continuable(self, step: Any = None, *, alone: Alone = "raise") -> Any:
        """Hold errors of the program until a client has mended what failed, and goes on.

        - `with server.continuable("step"):` holds what is raised in the block; `continue` leaves
          the block, `abort` raises it. With `async with`, only the task waits.
        - `server.continuable(step)(world)` calls a function, also a coroutine function; `retry`
          calls it again, as it is then, `continue` returns None or a value that is chosen. Can be
          a decorator: `@server.continuable`, `@server.continuable(alone="log")`.
        - `alone`: what happens when no client has a session here, or the last one goes: `"raise"`
          it, or `"log"` it and go on as with `continue`.

        While an error is held, the program waits where it was caught, and goes on serving (see
        `repl_server.continuable`). `close` raises it. An error in what a client evaluates is not
        held. A hundred are held at once; further ones find nobody there.

        Raises `TypeError` for what can't be called, and for generator functions.
        """
        from repl_server.continuable import continuable

        if step is None:
            return partial(self.continuable, alone=alone)
        return continuable(self._holding(), self._wait, step, alone)

    def held(self) -> list[Held]:
        """The errors of the program that are held, the oldest first."""
        return self._holding().held()

    def restart(self, how: str, *, id: str | None = None, value: object = None) -> None:  # noqa: A002
        """Go on with a held error: `retry`, `continue` or `abort`; the newest, if no `id` is given.

        `value`: with `continue`, what the call that failed returns. Raises `LookupError` if there
        is none, `ValueError` if one can't go on with it like that.
        """
        self._holding().choose(how, value, id)

    def close(self) -> None:
        """End it: no new clients, the old ones let go, what they run interrupted.

        What a client evaluates may call it, and is itself interrupted when it is done.
        """
        with closed_here() or nullcontext():
            self._close()

    def _converse(self, peer: Peer) -> NreplConversation:
        return NreplConversation(peer, self._dispatcher, self._listener.gate(), self._thread.later)

    def _holding(self) -> Holding:
        """The held errors; made with the first, or when somebody asks for them."""
        found = self._evaluator.holding
        if found is None:
            from repl_server.dispatch.holding import Holding

            made = Holding(self._dispatcher, self._thread.wall, closed=self._closed)
            found = self._evaluator.__dict__.setdefault("holding", made)
        return found

    def _wait(self, held: Held) -> None:
        """Wait in the program's thread until it is chosen how to go on with its error."""
        from repl_server.continuable import wait_plainly

        wait_plainly(held)

    def _close(self) -> None:
        with self._guard:
            if self._closed:
                return
            self._closed = True
            if self._evaluator.holding is not None:
                self._evaluator.holding.close()
        atexit.unregister(self.close)
        _servers.discard(self)
        self._dispatcher.close()
        self._thread.close(_LAST_SECOND)
        self._listener.close()
        self._tools.close()
        self._place.close(_LAST_SECOND)
        if routing.uninstall():
            sleep_plainly()
            if "getpass" in sys.modules:
                from repl_server.evaluation.passwords import ask_the_terminal

                ask_the_terminal()

    def _forget(self) -> None:
        """In the child after a fork: the clients and the address are the parent's."""
        self._closed = True
        if self._evaluator.holding is not None:
            self._evaluator.holding.forget()
        atexit.unregister(self.close)
        self._listener.socket.close()
        self._thread.forget()


def _nothing() -> None:
    pass


def _session_id() -> str:
    """An id nobody can guess, in the form others give theirs."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_servers: set[Server] = set()


def _after_fork() -> None:
    if _servers:
        for server in list(_servers):
            server._forget()  # noqa: SLF001
        _servers.clear()
        routing.restore()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
