"""Errors of the program that wait for a client to say how to go on.

The thread or task in which an error was caught waits (`continuable.py` says how). Here is the list
of those errors, who is told of them, and the choice. Each error is chosen for once, by whoever is
first:

    held ──> chosen      `retry`, `continue`, `abort`, by an op or by `restart()` in evaluated code
      ├────> alone       the last client has gone: what the program asked for in that case
      └────> released    the wait itself was ended: Ctrl-C, a cancelled task

From then on nothing here refers to the error, its traceback or its frames.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from repl_server.dispatch.requests import Client, Request
from repl_server.dispatch.transcript import head
from repl_server.evaluation.interrupt import closed_here
from repl_server.evaluation.traceback_text import describe_exception, trimmed

if TYPE_CHECKING:
    from repl_server.dispatch.dispatcher import Dispatcher

__all__ = [
    "ABORT",
    "ALONE",
    "CONTINUE",
    "MOST_HELD",
    "RETRY",
    "Held",
    "Holding",
    "Scope",
    "restart",
]

RETRY: Final = "retry"
CONTINUE: Final = "continue"
ABORT: Final = "abort"
ALONE: Final = "alone"
"""What is chosen when nobody is there to choose."""

MOST_HELD: Final = 100
"""How many errors one server holds at once; more of them find nobody there."""

_TEXT_BYTES: Final = 65_536
_MESSAGE_BYTES: Final = 8_192
_LINE: Final = 300
_numbers = itertools.count(1)
_all: weakref.WeakSet[Holding] = weakref.WeakSet()


class Scope(NamedTuple):
    """Where code is evaluated in a frame: the module's name, its globals, a copy of the locals."""

    ns: str
    namespace: dict[str, Any]
    local: dict[str, Any]

    @property
    def together(self) -> dict[str, Any]:
        """What can be named there."""
        return {**self.namespace, **self.local}


class Held:
    """One error that is held.

    - `name`: what failed, as the program calls it. `restarts`: what can be chosen.
    - `error`: the exception; None when it has been chosen how to go on.
    - `ex`, `message`, `text`, `frames`: the error as words, its traceback as text, and its frames,
      innermost last, each a map of `name`, `file`, `line`.
    - `since`: when, in seconds since the epoch.
    - `restart`, `value`: what was chosen; `restart` is None as long as nothing is.
    """

    def __init__(self, name: str, error: Exception, restarts: Sequence[str], since: float) -> None:
        self.id = f"h{next(_numbers)}"
        self.name = name
        self.error: Exception | None = error
        self.restarts = tuple(restarts)
        self.since = since
        described = describe_exception(error)
        self.ex: str = described["ex"]
        self.message = head(described["message"], _MESSAGE_BYTES)
        self.text = head(described["text"], _TEXT_BYTES)
        self.cut = [
            key
            for key, kept, whole in (
                ("message", self.message, described["message"]),
                ("err", self.text, described["text"]),
            )
            if len(kept) < len(whole)
        ]
        self.frames: list[dict[str, object]] = list(described.get("frames", ()))
        self.restart: str | None = None
        self.value: object = None
        self.told: weakref.WeakSet[Client] = weakref.WeakSet()
        self._wake: Callable[[], None] | None = None
        self._locals: dict[int, dict[str, Any]] = {}

    def __repr__(self) -> str:
        state = "held" if self.restart is None else f"chosen: {self.restart}"
        return f"<{self.id}: {self.name} failed, {self.line} ({state})>"

    @property
    def line(self) -> str:
        """The error in one line."""
        first, *rest = self.message.strip().splitlines() or [""]
        line = f"{self.ex}: {first}" if first else self.ex
        return line[:_LINE] + "…" if rest or len(line) > _LINE else line

    def described(self) -> dict[str, object]:
        """What clients are told of it."""
        return {
            "id": self.id,
            "name": self.name,
            "ex": self.ex,
            "message": self.message,
            "err": self.text,
            "frames": self.frames,
            "restarts": list(self.restarts),
            "since": int(self.since * 1_000),
            **({"repl-server/cut": self.cut} if self.cut else {}),
        }

    def chosen(self) -> bool:
        """Whether it is known how to go on."""
        return self.restart is not None

    def waits(self, wake: Callable[[], None]) -> None:
        """Call `wake` once when it is chosen how to go on, in any thread; at once if it is."""
        self._wake = wake
        if self.restart is not None:
            wake()

    def go_on(self, how: str, value: object) -> None:
        """It is chosen."""
        self.value = value
        self.restart = how
        self.let_go()
        if self._wake is not None:
            self._wake()

    def let_go(self) -> None:
        """Keep nothing alive that the error has to do with."""
        self.error = None
        self._locals.clear()

    def scope(self, number: int) -> Scope | None:
        """A frame of it, 0 the innermost; None if there are not so many."""
        if self.error is None:
            return None
        traceback = trimmed(self.error.__traceback__)
        frames: list[FrameType] = []
        while traceback is not None:
            frames.append(traceback.tb_frame)
            traceback = traceback.tb_next
        if not 0 <= number < len(frames):
            return None
        frame = frames[-1 - number]
        namespace = frame.f_globals
        name = namespace.get("__name__")
        if frame.f_locals is namespace:
            local = namespace
        else:
            if number not in self._locals:
                self._locals[number] = dict(frame.f_locals)
            local = self._locals[number]
        return Scope(name if isinstance(name, str) else "__main__", namespace, local)


class Holding:
    """The held errors of one server, and the ops they are reached by. `wall`: its clock.

    One that is `closed` from the start holds nothing.
    """

    def __init__(
        self, dispatcher: Dispatcher, wall: Callable[[], float], *, closed: bool = False
    ) -> None:
        self._dispatcher = dispatcher
        self._wall = wall
        self._held: dict[str, Held] = {}
        self._closed = closed
        dispatcher.on_absence = self.look
        _all.add(self)

    # In the thread of the program.

    def hold(self, name: str, error: Exception, restarts: Sequence[str]) -> Held | None:
        """Hold an error and tell the clients; None if nobody is there, or too many are held."""
        if not self._may_hold():
            return None
        held = Held(name, error, restarts, self._wall())
        with self._dispatcher.guard:
            if not self._may_hold():
                return None
            self._held[held.id] = held
            self._tell(held)
            # The `id` of an event is the subscription's.
            self._dispatcher.announce(
                "errors", {"what": "held", **held.described(), "held": held.id}
            )
            return held

    def release(self, held: Held) -> None:
        """The program goes on; nothing can be chosen any more, if nothing was."""
        with self._dispatcher.guard:
            if self._held.pop(held.id, None) is not None:
                self._gone(held, "interrupted")
            held.let_go()

    # From clients and what they evaluate.

    def held(self) -> list[Held]:
        """What is held now, the oldest first."""
        with closed_here() or nullcontext(), self._dispatcher.guard:
            return list(self._held.values())

    def choose(self, how: str, value: object = None, ident: str | None = None) -> None:
        """Go on with an error, the newest if `ident` does not say which.

        Raises `LookupError` if it is not held, `ValueError` if one can't go on with it like that.
        """
        with closed_here() or nullcontext(), self._dispatcher.guard:
            if ident is None:
                held = next(reversed(self._held.values()), None)
            else:
                held = self._held.get(ident)
            if held is None:
                raise LookupError(_no_such(ident))
            if how not in held.restarts:
                raise ValueError(_not_so(held, how))
            self._choose(held, how, value)

    def look(self) -> None:
        """A session has come or gone: nobody may be there any more, or somebody who was not."""
        with self._dispatcher.guard:
            if not self._held:
                return
            there = self._is_somebody_there()
            for held in list(self._held.values()):
                if there:
                    self._tell(held)
                else:
                    self._choose(held, ALONE, None)

    def close(self) -> None:
        """The server ends: so do all waits, and the program has its errors back."""
        with closed_here() or nullcontext(), self._dispatcher.guard:
            self._closed = True
            for held in list(self._held.values()):
                self._choose(held, ABORT, None)

    def forget(self) -> None:
        """In the child after a fork: nobody is there, and nobody is told; locks may be locked."""
        self._closed = True
        for held in self._held.values():
            held.go_on(ABORT, None)
        self._held.clear()

    def scope(self, message: Mapping[str, Any]) -> Scope | str:
        """The frame that a message with `repl-server/held` is for, or why there is none."""
        ident = message.get("repl-server/held")
        number = message.get("repl-server/frame", 0)
        if isinstance(number, str) and number.isdecimal() and len(number) < 10:
            number = int(number)
        with self._dispatcher.guard:
            held = self._held.get(ident) if isinstance(ident, str) else None
            if held is None:
                return _no_such(ident)
            scope = held.scope(number) if isinstance(number, int) else None
            return scope or f"There is no frame {number!r} in {held.id}: 0 is the innermost."

    # The ops.

    def list_op(self, request: Request) -> None:
        """`repl-server/held`: which errors are held."""
        held = [each.described() for each in self._held.values()]
        request.reply({"held": held, "status": ["done"]})

    def restart_op(self, request: Request) -> None:
        """`repl-server/restart`: choose how to go on."""
        message = request.message
        how, ident, value = message.get("restart"), message.get("held"), message.get("value")
        held = self._held.get(ident) if isinstance(ident, str) else None
        if held is None:
            request.refuse("repl-server/unknown-held", _no_such(ident))
        elif not isinstance(how, str) or how not in held.restarts:
            request.refuse("repl-server/unknown-restart", _not_so(held, how))
        elif value is None:
            self._choose(held, how, None)
            request.reply({"status": ["done"]})
        elif how != CONTINUE or not isinstance(value, str) or not value:
            request.refuse("invalid-field", "`value`, an expression as text, is for `continue`.")
        else:
            self._continue_with(request, held, value)

    def _continue_with(self, request: Request, held: Held, value: str) -> None:
        """Let the client evaluate it, as anything else: it can be interrupted, and can fail."""
        try:
            compile(value, "<value>", "eval", dont_inherit=True)
        except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError) as error:
            request.refuse("invalid-field", f"`value` is no expression: {error}")
            return
        asked = request.message
        message = {key: asked[key] for key in asked if key in ("id", "session")}
        if "repl-server/frame" in asked:
            message["repl-server/held"] = held.id
            message["repl-server/frame"] = asked["repl-server/frame"]
        call = f"__import__('repl_server').restart({CONTINUE!r}, id={held.id!r}"
        code = f"{call}, value=(\n{value}\n))"
        self._dispatcher.receive(request.client, {"op": "eval", "code": code, **message})

    # Under the guard.

    def _choose(self, held: Held, how: str, value: object) -> None:
        del self._held[held.id]
        held.go_on(how, value)
        self._gone(held, how)

    def _gone(self, held: Held, how: str) -> None:
        self._dispatcher.announce("errors", {"what": "ended", "held": held.id, "restart": how})

    def _may_hold(self) -> bool:
        return not self._closed and len(self._held) < MOST_HELD and self._is_somebody_there()

    def _is_somebody_there(self) -> bool:
        sessions = self._dispatcher.sessions
        return any(
            session.clients and not session.ephemeral for session in sessions.copy().values()
        )

    def _tell(self, held: Held) -> None:
        """Say it to every client that has a session, once, as output of what it last evaluated."""
        wanted = {RETRY: 'repl_server.restart("retry")', CONTINUE: '"continue"', ABORT: '"abort"'}
        first, *others = [wanted[each] for each in held.restarts]
        if not first.startswith("repl_server"):
            first = f"repl_server.restart({first})"
        text = (
            f"{held.name} failed, and is held here as {held.id}: {held.line}\n"
            f"Mend it, then evaluate: import repl_server; {first} (or {', '.join(others)}).\n"
        )
        requests: dict[Client, dict[str, object]] = {}
        for session in self._dispatcher.sessions.values():
            if session.ephemeral:
                continue
            last = session.state.stage.evaluation
            for client in session.clients:
                if last is not None and last.client is client:
                    requests[client] = last.shape({})
                else:
                    requests.setdefault(client, {"session": session.id})
        for client, address in requests.items():
            if client not in held.told and client.room():
                held.told.add(client)
                client.send([{**address, "err": text, "repl-server/held": held.id}])


def restart(how: str, *, id: str | None = None, value: object = None) -> None:  # noqa: A002
    """Go on with an error that is held in this program: `retry`, `continue` or `abort`.

    The newest one, if `id` does not say which. `value`: with `continue`, what the call that failed
    returns. Raises `LookupError` if none is held, `ValueError` if one can't go on like that.
    """
    with closed_here() or nullcontext():
        found = [(held, holding) for holding in list(_all) for held in holding.held()]
    if id is not None:
        found = [each for each in found if each[0].id == id]
    if not found:
        raise LookupError(_no_such(id))
    held, holding = max(found, key=lambda each: int(each[0].id[1:]))
    holding.choose(how, value, held.id)


def _no_such(ident: object) -> str:
    if ident is None:
        return "No error is held here."
    return f"No error {ident!r} is held here (any more): ask for those that are."


def _not_so(held: Held, how: object) -> str:
    """Why one can't go on so."""
    if how == RETRY:
        return f"{held.name} is a block, which can't be run again: only a function can."
    return f"One can't {how!r} an error: choose {', '.join(held.restarts)}."
