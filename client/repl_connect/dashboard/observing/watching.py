"""The watches of one target: made again with each connection, until they are removed.

A server with `repl-server/watch` watches by itself. Elsewhere the code is evaluated from here, in
the session for tools, one at a time: the others wait for its end. A turn is left out while
something of ours runs there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from repl_connect.conversation.conversation import Conversation
from repl_connect.dashboard.observing.rows import line_of
from repl_connect.dashboard.observing.watched import LONGEST_SAMPLE, Watched
from repl_connect.link import Link
from repl_connect.replies import is_last, refusal_of, shown_value, statuses_of

__all__ = ["SHORTEST", "Watches"]

SHORTEST: Final = 0.2
"""Seconds between turns, at least, where they are evaluated from here."""

_QUOTA: Final = "nrepl.middleware.print/quota"
_WATCH: Final = "repl-server/watch"


class Watches:
    """What is watched of one target. `on_heard` gets how many characters have come."""

    def __init__(
        self,
        conversation: Conversation,
        *,
        on_change: Callable[[], None],
        on_heard: Callable[[int], None],
    ) -> None:
        self._conversation = conversation
        self._on_change = on_change
        self._on_heard = on_heard
        self._watched: list[Watched] = []
        self._timer: asyncio.TimerHandle | None = None
        self._turn: tuple[Watched, str] | None = None
        """The watch that is evaluated from here at the moment, and the request's id."""

    @property
    def watched(self) -> tuple[Watched, ...]:
        """All of them, in the order in which they were begun."""
        return tuple(self._watched)

    def add(self, code: str, every: float) -> Watched:
        """Watch this code from now on."""
        watched = Watched(code, every)
        self._watched.append(watched)
        self._begin(watched)
        self._on_change()
        return watched

    def remove(self, watched: Watched) -> None:
        """Watch it no more."""
        if watched not in self._watched:
            return
        self._watched.remove(watched)
        link = self._conversation.link
        if link is not None:
            session = link.session
            message: dict[str, object] | None = None
            if watched.request is not None:
                message = {"op": "repl-server/unwatch", "watch": watched.request}
            elif self._turn is not None and self._turn[0] is watched:  # it may never end
                where = session.tool or session.user
                message = {"op": "interrupt", "session": where, "interrupt-id": self._turn[1]}
            if message is not None:
                with self._conversation.guarded():
                    session.request(message, lambda _: None)
        watched.request = None
        self._on_change()

    def attach(self, _: Link) -> None:
        """Begin them all with a new link."""
        for watched in self._watched:
            self._begin(watched)

    def lost(self) -> None:
        """The link is gone."""
        self._turn = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for watched in self._watched:
            watched.request, watched.problem = None, "not connected"
        if self._watched:
            self._on_change()

    def _begin(self, watched: Watched) -> None:
        link = self._conversation.link
        if link is None:
            watched.problem = "not connected"
            return
        session = link.session
        watched.problem = None
        if session.supports(_WATCH):
            message = {
                "op": _WATCH,
                "code": watched.code,
                "every": str(watched.every),
                "session": session.user,
                "ns": session.namespace,
                _QUOTA: 2 * LONGEST_SAMPLE,
            }
            with self._conversation.guarded():
                watched.request = session.request(message, self._taker(watched))
        elif session.description is not None and session.description.is_lines:
            watched.problem = "lines of text have no values"
        else:
            watched.due = asyncio.get_running_loop().time()
            self._plan()

    def _taker(self, watched: Watched) -> Callable[[dict[str, Any]], None]:
        """Takes the replies to a watch, or to one turn of it."""

        def take(reply: dict[str, Any]) -> None:
            if watched not in self._watched:
                return
            statuses = statuses_of(reply)
            if "value" in reply:
                text = shown_value(reply["value"])
                self._on_heard(len(text))
                cut = "nrepl.middleware.print/truncated" in statuses
                watched.add(time.time(), text, cut=cut or "repl-server/cut" in reply)
            elif "eval-error" in statuses or "ex" in reply:
                told = (line_of(reply.get(key)) for key in ("ex", "repl-server/message"))
                watched.problem = ": ".join(filter(None, told))
            elif "error" in statuses:
                watched.problem = line_of(refusal_of(reply, "would not watch it"))
            elif watched.request is not None and "done" in statuses:
                watched.request, watched.problem = None, "it was ended there"
            else:
                self._on_heard(sum(len(str(reply.get(key) or "")) for key in ("out", "err")))
                return
            self._on_change()

        return take

    # Where the other side has no watches.

    def _plan(self) -> None:
        """Wake up for the next turn; while there is one, for when it is due again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = self._watched if self._turn is None else [self._turn[0]]
        dues = [each.due for each in waiting if each.request is None and each.due]
        if dues:
            self._timer = asyncio.get_running_loop().call_at(min(dues), self._look)

    def _look(self) -> None:
        self._timer = None
        link = self._conversation.link
        if link is None:
            return
        now = asyncio.get_running_loop().time()
        due = [each for each in self._watched if each.due and each.due <= now]
        if self._turn is not None:
            self._turn[0].due = now + max(self._turn[0].every, SHORTEST)
            for watched in due:
                if watched.problem is None:
                    mine = watched is self._turn[0]
                    what = "its last turn" if mine else "another watch's turn"
                    watched.problem = f"{what} has not ended yet"
                    self._on_change()
        elif due:
            watched = min(due, key=lambda each: each.due)
            watched.due = now + max(watched.every, SHORTEST)
            if not link.session.running:
                self._take_turn(link, watched)
        self._plan()

    def _take_turn(self, link: Link, watched: Watched) -> None:
        session = link.session
        take = self._taker(watched)

        def replied(reply: dict[str, Any]) -> None:
            if "need-input" in statuses_of(reply):
                ended = {"op": "stdin", "stdin": "", "session": session.tool or session.user}
                with self._conversation.guarded():
                    session.request(ended, lambda _: None)
            take(reply)
            if is_last(reply) and self._conversation.link is link:
                self._turn = None
                self._plan()

        message = {
            "op": "eval",
            "code": watched.code,
            "session": session.tool or session.user,
            "ns": session.namespace,
            _QUOTA: 2 * LONGEST_SAMPLE,
        }
        with self._conversation.guarded():
            self._turn = watched, session.request(message, replied)
