"""Watches: code evaluated again and again, its values sent as they come, until it is stopped.

Each watch has a session of its own, and evaluates there as any client does: in the right thread,
one at a time. A turn that is due while the last one still runs is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from repl_server.dispatch.requests import Client, Request, Session
from repl_server.dispatch.timing import Alarm, Timing
from repl_server.dispatch.transcript import Recorded, Transcript, recorded_message

if TYPE_CHECKING:
    from repl_server.dispatch.dispatcher import Dispatcher

__all__ = ["MOST_WATCHES", "Watches"]

MOST_WATCHES: Final = 50
"""Of one client."""

_SHORTEST: Final = 0.05
_LONGEST: Final = 86_400.0
_TURN_BYTES: Final = 1_048_576


class _Watch:
    """One request to watch, and its turns."""

    def __init__(
        self, dispatcher: Dispatcher, request: Request, session: Session, every: float
    ) -> None:
        self.request = request
        self.session = session
        self.every = every
        self.due = 0.0
        self.left = request.number("times") or math.inf
        self.ended = False
        self._dispatcher = dispatcher
        self._message = recorded_message(request, value_bytes=_TURN_BYTES)
        self._changes = request.message.get("changes") not in (None, 0, "", "0", "false", [])
        self._last: tuple[object, ...] | None = None
        self._missed = 0

    def turn(self, over: Callable[[], None]) -> None:
        """Evaluate once, unless that still goes on; `over` is called when it has ended."""
        if self.session.running is not None:
            return
        self.left -= 1
        transcript = Transcript(output_bytes=_TURN_BYTES, value_bytes=_TURN_BYTES)

        def ended() -> None:
            if not self.ended:
                self._send(transcript)
                over()

        self.session.running = evaluation = Recorded(
            self._dispatcher, dict(self._message), self.session, transcript, ended
        )
        self._dispatcher.evaluator.evaluate(evaluation)

    def _send(self, transcript: Transcript) -> None:
        """Send what a turn has brought, as far as that is wanted and the client reads."""
        replies: list[dict[str, object]] = [
            {stream: text}
            for stream, text in (("out", transcript.out), ("err", transcript.printed_err))
            if text
        ]
        found: tuple[object, ...]
        if transcript.failed or "interrupted" in transcript.statuses:
            replies_of, found = self._failure(transcript)
            wanted = found != self._last
        else:
            replies_of = [
                {"value": value, "ns": transcript.ns or ""} for value in transcript.values
            ]
            found = ("values", *transcript.values)
            wanted = not self._changes or found != self._last
        if wanted:
            replies += replies_of
        if not replies:
            return
        if not self.request.client.room():
            self._missed += 1
            return
        self._last = found
        if transcript.cut:
            replies[-1]["repl-server/cut"] = transcript.cut
        if self._missed:
            replies[-1]["repl-server/dropped"], self._missed = self._missed, 0
        self.request.client.send([self.request.shape(reply) for reply in replies])

    @staticmethod
    def _failure(transcript: Transcript) -> tuple[list[dict[str, object]], tuple[object, ...]]:
        """What to send of an error, and what makes it the same as another.

        The text does not: the names of pieces of code in it differ from turn to turn.
        """
        error = transcript.error
        if error is None:
            statuses = [each for each in transcript.statuses if each != "error"]
            reply: dict[str, object] = {"status": statuses}
            if transcript.error_text:
                reply["err"] = transcript.error_text
            return [reply], ("status", *statuses)
        head = {"ex": error["ex"], "root-ex": error["ex"], "status": ["eval-error"]}
        for key in ("message", "frames"):
            if key in error:
                head[f"repl-server/{key}"] = error[key]
        text = transcript.error_text
        return [{"err": text}, head], ("error", error["ex"], error.get("message", text))


class Watches:
    """The watches of one dispatcher, and the ops they are reached by. Called under the guard."""

    def __init__(self, dispatcher: Dispatcher, timing: Timing) -> None:
        self.ops: dict[str, Callable[[Request], None]] = {
            "repl-server/watch": self._watch,
            "repl-server/unwatch": self._unwatch,
        }
        self._dispatcher = dispatcher
        self._timing = timing
        self._alarm = Alarm(timing, dispatcher.guard, self._look)
        self._open: list[_Watch] = []
        self._number = 0

    def left(self, client: Client) -> None:
        """A client has gone, and its watches with it."""
        for watch in self._of(client):
            self._forget(watch)

    def session_closed(self, session: Session) -> None:
        """The watches of a session end with it."""
        for watch in list(self._open):
            if watch.request.session is session:
                self._end(watch, "interrupted", "session-closed")

    def close(self) -> None:
        """The server ends: so do all watches."""
        for watch in list(self._open):
            self._end(watch, "interrupted")

    def interrupt(self, request: Request, wanted: object) -> bool:
        """End the watch with this id in the request's session; False if there is none."""
        for watch in self._open:
            if watch.request.session is request.session and watch.request.id == wanted:
                self._end(watch, "interrupted")
                request.reply({"status": ["done"]})
                return True
        return False

    # The ops.

    def _watch(self, request: Request) -> None:
        if not isinstance(request.message.get("code"), str):
            request.refuse("no-code", "repl-server/watch needs `code`, as text.")
            return
        every = request.seconds("every")
        if every is None or not _SHORTEST <= every <= _LONGEST:
            request.refuse(
                "invalid-field",
                f"`every` must be seconds, from {_SHORTEST} to {_LONGEST:.0f}.",
            )
            return
        times = request.number("times")
        if "times" in request.message and (times is None or times < 1):
            request.refuse("invalid-field", "`times` must be a number from 1 on.")
            return
        mine = self._of(request.client)
        if request.id is None or any(watch.request.id == request.id for watch in mine):
            request.refuse("invalid-field", "A watch needs an `id` that no other of yours has.")
            return
        if len(mine) >= MOST_WATCHES:
            request.refuse(
                "repl-server/too-many-watches",
                f"You have {MOST_WATCHES} watches already: end some.",
            )
            return
        self._number += 1
        session = Session(f"watch-{self._number}")
        self._dispatcher.evaluator.open_session(session, request.session)
        watch = _Watch(self._dispatcher, request, session, every)
        watch.due = self._timing.monotonic()
        self._open.append(watch)
        self._look()

    def _unwatch(self, request: Request) -> None:
        wanted = request.message.get("watch")
        for watch in self._of(request.client):
            if watch.request.id == wanted:
                self._end(watch, "interrupted")
                request.reply({"status": ["done"]})
                return
        request.refuse(
            "repl-server/unknown-watch",
            "You have no such watch (any more): `watch` is the id of its request.",
        )

    # What happens to watches.

    def _of(self, client: Client) -> list[_Watch]:
        return [watch for watch in self._open if watch.request.client is client]

    def _look(self) -> None:
        """Begin the turns that are due."""
        now = self._timing.monotonic()
        for watch in list(self._open):
            if watch.due <= now and not watch.ended:
                # In step with the first turn, however late this one is.
                watch.due += watch.every * (int((now - watch.due) / watch.every) + 1)
                if watch.left > 0:
                    self._turn(watch)
        if self._open:
            self._alarm.at(min(watch.due for watch in self._open))

    def _turn(self, watch: _Watch) -> None:
        def over() -> None:
            if watch.left <= 0:
                self._end(watch)

        watch.turn(over)

    def _end(self, watch: _Watch, *statuses: str) -> None:
        self._forget(watch)
        watch.request.reply({"status": ["done", *statuses]})

    def _forget(self, watch: _Watch) -> None:
        if not watch.ended:
            watch.ended = True
            self._open.remove(watch)
            self._dispatcher.end_session(watch.session)
