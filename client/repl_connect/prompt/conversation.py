"""A link on an asyncio loop: read when something comes, written when it can, held back at will."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

from repl_connect.errors import ConnectError, ConnectionLost
from repl_connect.link import Link
from repl_connect.session import Candidate, Done, Evaluation, Event, Output, SessionError

__all__ = ["PRINT_QUOTA", "Connecting", "Conversation", "open_link"]

PRINT_QUOTA: Final = 1 << 20
"""Bytes of one value that the other side is asked to send at most."""

_SESSION_TIMEOUT: Final = 10.0


def open_link(connect: Callable[[], Link]) -> Link:
    """Connect and open the sessions, blocking. Raises `ReplConnectError`."""
    link = connect()
    session = link.session
    session.print_quota = PRINT_QUOTA
    if session.ready:
        return link
    failures: list[SessionError] = []
    if session.description is None:
        session.start(lambda: None, failures.append)
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
        self, connect: Callable[[], Link], on_end: Callable[[], None] | None = None
    ) -> None:
        self._connect = connect
        self._on_end = on_end
        self._link: Link | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="connecting", daemon=True)
        self._thread.start()

    def wait(self, timeout: float | None = None) -> Link | None:
        """The link; None if it takes longer than `timeout`. Raises what connecting raised."""
        if self._link is None and self._error is None:
            self._thread.join(timeout)
        if self._error is not None:
            raise self._error
        return self._link

    def _run(self) -> None:
        try:
            self._link = open_link(self._connect)
        except BaseException as error:
            self._error = error
        if self._on_end is not None:
            self._on_end()


class Conversation:
    """What goes on with one link after another (a new one after `,reconnect`).

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
        self._namespace_given = False
        self._namespace_before: str | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a link."""
        return self._link is not None

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
        self._namespace_given = False
        self._lost_evaluations = 0
        link.on_output = self._on_output
        link.on_change = self._watch_writing
        if not self._paused:
            asyncio.get_running_loop().add_reader(self._descriptor, self._read)
            asyncio.get_running_loop().call_soon(self._read)
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
                asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def evaluate(self, code: str, on_event: Callable[[Evaluation, Event], None]) -> None:
        """Send code; with a link only. What comes of it goes to `on_event`."""
        assert self._link is not None
        session = self._link.session
        current: list[Evaluation] = []

        def event(event: Event) -> None:
            if isinstance(event, Done):
                if event.lost:
                    self._lost_evaluations += 1
                if "namespace-not-found" in event.statuses and self._namespace_given:
                    self._namespace_given = False
                    session.namespace = self._namespace_before
            if current:
                on_event(current[0], event)

        with self._guarded():
            current.append(
                session.evaluate(
                    code, event, namespace=session.namespace if self._namespace_given else None
                )
            )

    def enter_namespace(self, name: str) -> None:
        """Evaluate in this namespace from now on, if the other side has it."""
        assert self._link is not None
        session = self._link.session
        if not self._namespace_given:
            self._namespace_before = session.namespace
        self._namespace_given = True
        session.namespace = name

    def interrupt(self, on_answer: Callable[[str | None], None]) -> None:
        """Ask to stop what runs; see `Session.interrupt`."""
        if self._link is not None:
            with self._guarded():
                self._link.session.interrupt(None, on_answer)

    def give_input(self, text: str) -> None:
        """Answer for input; see `Session.give_input`."""
        if self._link is not None:
            with self._guarded():
                self._link.session.give_input(text)

    def complete(self, prefix: str, on_result: Callable[[list[Candidate]], None]) -> None:
        """Ask for completions; see `Session.complete`. Without a link, nothing is answered."""
        if self._link is not None:
            with self._guarded():
                self._link.session.complete(prefix, on_result)

    def look_up(self, symbol: str, on_result: Callable[[dict[str, Any]], None]) -> None:
        """Ask about a name; see `Session.lookup`."""
        if self._link is not None:
            with self._guarded():
                self._link.session.lookup(symbol, on_result)

    def close(self) -> None:
        """Say goodbye."""
        link = self._detach()
        if link is not None:
            link.close()

    def _read(self) -> None:
        if self._link is None or self._paused:
            return
        with self._guarded():
            self._link.read_ready()
        self._watch_writing()

    def _write(self) -> None:
        if self._link is not None:
            self._link.write_ready()
        self._watch_writing()

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
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._descriptor)
            if self._writing:
                loop.remove_writer(self._descriptor)
            self._writing = False
        return link

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Let go of a link that turns out to be lost, and tell."""
        try:
            yield
        except ConnectionLost as error:
            if self._detach() is not None:
                self._on_lost(error, self._lost_evaluations)
