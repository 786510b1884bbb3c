"""A link on an asyncio loop: read when something comes, written when it can, held back at will."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from repl_connect.errors import ConnectionLost
from repl_connect.link import Link
from repl_connect.session import Completions, Done, Evaluation, Event, Output, Session

__all__ = ["Conversation", "words_of_loss"]


class Conversation:
    """What goes on with one link after another (a new one after each loss).

    `on_lost` is called once for each link that is lost, with the reason and the number of
    evaluations that were under way.
    """

    def __init__(
        self,
        on_output: Callable[[Output], None],
        on_lost: Callable[[ConnectionLost, int], None],
    ) -> None:
        self._on_output = on_output
        self._on_lost = on_lost
        self._link: Link | None = None
        self._descriptor = -1
        self._writing = False
        self._paused = False
        self._lost_evaluations = 0
        self._namespace: str | None = None
        self._namespace_given = False
        self._namespace_entered = ""
        self._namespace_before: tuple[str | None, bool] | None = None
        """Where to go back to, and whether it was given; None when what was entered is there."""
        self.last_session: str | None = None
        """The user session, also of a link that was lost."""

    @property
    def connected(self) -> bool:
        """Whether there is a link."""
        return self._link is not None

    @property
    def link(self) -> Link | None:
        """The link; None while there is none."""
        return self._link

    @property
    def namespace(self) -> str | None:
        """The namespace that is evaluated in, as far as known."""
        return self._link.session.namespace if self._link is not None else None

    @property
    def running(self) -> list[Evaluation]:
        """The evaluations under way, in order."""
        return self._link.session.running if self._link is not None else []

    def attach(self, link: Link) -> None:
        """Watch a link whose sessions are open. The loop must be running."""
        self._link = link
        self._descriptor = link.fileno()
        self._lost_evaluations = 0
        if link.session.resumed or self._namespace_given:
            link.session.namespace = self._namespace
        self.last_session = link.session.user
        link.on_output = self._on_output
        link.on_change = self._watch_writing
        if not self._paused:
            self._watch_reading()
        self._watch_writing()

    def pause(self) -> None:
        """Read no more until `resume`: the other side is then held back by its own writes."""
        if not self._paused:
            self._paused = True
            if self._link is not None:
                asyncio.get_running_loop().remove_reader(self._descriptor)

    def resume(self) -> None:
        """Read again."""
        if self._paused:
            self._paused = False
            if self._link is not None:
                self._watch_reading()

    def evaluate(
        self, code: str, on_event: Callable[[Evaluation | None, Event], None], **how: Any
    ) -> None:
        """Send code; with a link only. What comes of it goes to `on_event`.

        There is no evaluation with the event if the link was lost by sending it. `how` is the rest
        of what `Session.evaluate` takes.
        """
        assert self._link is not None
        session = self._link.session
        current: list[Evaluation] = []

        def event(event: Event) -> None:
            if isinstance(event, Done):
                if event.lost:
                    self._lost_evaluations += 1
                if given is not None:
                    self._tried(session, given, event)
            on_event(current[0] if current else None, event)

        given = session.namespace if self._namespace_given else None
        if given is not None:
            how.setdefault("namespace", given)
        with self.guarded():
            current.append(session.evaluate(code, event, **how))

    def enter_namespace(self, name: str) -> None:
        """Evaluate in this namespace from now on, if the other side has it."""
        assert self._link is not None
        session = self._link.session
        if self._namespace_before is None:
            self._namespace_before = (session.namespace, self._namespace_given)
        self._namespace_given = True
        session.namespace = self._namespace_entered = name

    def _tried(self, session: Session, namespace: str, done: Done) -> None:
        """Stay in a namespace that was entered, or go back if there is none of that name."""
        if "namespace-not-found" in done.statuses:
            if session.namespace == namespace:  # no other was entered since
                before = self._namespace_before or (None, False)
                session.namespace, self._namespace_given = before
                self._namespace_before = None
        elif namespace == self._namespace_entered and not done.lost:
            self._namespace_before = None

    def interrupt(self, on_answer: Callable[[str | None], None]) -> None:
        """Ask to stop what runs; see `Session.interrupt`."""
        if self._link is not None:
            with self.guarded():
                self._link.session.interrupt(None, on_answer)

    def give_input(self, text: str, evaluation: Evaluation | None) -> None:
        """Answer for input; see `Session.give_input`."""
        if self._link is not None:
            with self.guarded():
                self._link.session.give_input(text, evaluation)

    def complete(self, text: str, symbol: str, on_result: Callable[[Completions], None]) -> None:
        """Ask for completions; see `Session.complete`. Without a link, nothing is answered."""
        if self._link is not None:
            with self.guarded():
                self._link.session.complete(text, symbol, on_result)

    def look_up(
        self, symbol: str, on_result: Callable[[dict[str, Any]], None], *, source: bool = False
    ) -> None:
        """Ask about a name; see `Session.lookup`. Without a link, nothing is answered."""
        if self._link is not None:
            with self.guarded():
                self._link.session.lookup(symbol, on_result, source=source)

    def use_session(self, ident: str) -> None:
        """Evaluate in another session of the other side's from now on."""
        assert self._link is not None
        self._namespace_given = False
        self._namespace_before = None
        self._link.session.use(ident)
        self.last_session = ident

    def close(self) -> None:
        """Say goodbye."""
        link = self._detach()
        if link is not None:
            link.close()

    def _read(self) -> None:
        if self._link is None or self._paused:
            return
        with self.guarded():
            self._link.read_ready()
        self._watch_writing()

    def _write(self) -> None:
        if self._link is None:
            return
        with self.guarded():
            self._link.write_ready()
        self._watch_writing()

    def _watch_reading(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._descriptor, self._read)
        loop.call_soon(self._read)  # the link may have taken in already what there is

    def _watch_writing(self) -> None:
        wanted = self._link is not None and self._link.wants_write
        if wanted == self._writing:
            return
        self._writing = wanted
        loop = asyncio.get_running_loop()
        if wanted:
            loop.add_writer(self._descriptor, self._write)
        else:
            loop.remove_writer(self._descriptor)

    def _detach(self) -> Link | None:
        link, self._link = self._link, None
        if link is not None:
            self._namespace = link.session.namespace
            loop = asyncio.get_running_loop()
            with contextlib.suppress(OSError):  # a link that is lost has closed it
                loop.remove_reader(self._descriptor)
            if self._writing:
                loop.remove_writer(self._descriptor)
            self._writing = False
        return link

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Around whatever uses the link's session: let go of a link that is lost, and tell."""
        try:
            yield
        except ConnectionLost as error:
            if self._detach() is not None:
                self._on_lost(error, self._lost_evaluations)


def words_of_loss(error: ConnectionLost, evaluations: int) -> str:
    """Why a connection was lost, and what that means for so many evaluations under way."""
    if not evaluations:
        return str(error)
    if evaluations == 1:
        return f"{error} An evaluation was under way: how it ended is not known."
    return f"{error} {evaluations} evaluations were under way: how they ended is not known."
