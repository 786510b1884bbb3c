"""One form evaluated everywhere, or items dealt out: the partners' connections on one loop.

At most `at_once` partners are connected, or being connected, at any time; the others wait until one
of those is done. What a partner does never holds up the others: each is read as it comes, and of
what it prints only so much is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from repl_connect.conversation.awaiting import in_thread
from repl_connect.errors import ReplConnectError
from repl_connect.mapping.code import Code, Unfit, Written
from repl_connect.mapping.connected import Connected
from repl_connect.mapping.dealing import Dealer
from repl_connect.mapping.lines import Lines
from repl_connect.mapping.outcome import LOST, REFUSED, UNREACHABLE, Outcome
from repl_connect.targets import Target

__all__ = ["NOT_READ", "Engine", "Limits", "Observer"]

NOT_READ: Final = "What else comes on standard input was not read."
_STOPPED: Final = "It was stopped before it was sent."
_BACKLOG: Final = 1000  # items that wait here before more are read

_T = TypeVar("_T")


class Limits(NamedTuple):
    """`timeout` and `connect_timeout` are in seconds: for each evaluation, for each connection."""

    at_once: int = 32
    timeout: float = 60.0
    connect_timeout: float = 15.0


class Observer(NamedTuple):
    """Who is told, as it comes: outcomes, notes for the user, and how partners end.

    `on_partner` gets a partner's name, what became of it in a few words (`done`, `lost`, …), and a
    sentence if something is wrong with it.
    """

    on_outcome: Callable[[Outcome], None]
    on_note: Callable[[str], None]
    on_partner: Callable[[str, str, str], None] = lambda _name, _state, _problem: None


class _Stopped(ReplConnectError):
    """There is no time for that any more."""


class Engine:
    """Runs code in the programs at `targets`. Use it once, on a running asyncio loop."""

    def __init__(
        self,
        targets: Sequence[Target],
        code: Code,
        observer: Observer,
        *,
        limits: Limits | None = None,
        namespace: str | None = None,
    ) -> None:
        self._targets = targets
        self._code = code
        self._observer = observer
        self._limits = limits or Limits()
        self._namespace = namespace
        self._slots = asyncio.Semaphore(self._limits.at_once)
        self._connected: set[Connected] = set()
        self._stopping = asyncio.Event()
        self._enough = asyncio.Event()  # nobody else need come: it is to stop, or all is done
        self._bell = asyncio.Event()
        self._room = asyncio.Event()
        self._dealer: Dealer | None = None

    async def everywhere(self) -> None:
        """Evaluate the code once in each program: an outcome for each of them."""
        await self._side_by_side(self._evaluate_at)

    async def deal(self, lines: Lines, *, again: bool = False) -> None:
        """Deal the lines out, each to one partner: an outcome for each of them.

        Raises `UsageError` if they can't all be read, when those before have their outcomes.
        """
        names = [target.name for target in self._targets]
        self._dealer = Dealer(names, self._observer.on_outcome, self._observer.on_note, again=again)
        feeding = asyncio.ensure_future(self._feed(lines))
        try:
            await self._side_by_side(self._work_at)
            await feeding
        finally:
            feeding.cancel()

    def stop(self) -> None:
        """Interrupt what runs, and begin nothing any more; what is known is told."""
        self._stopping.set()
        self._enough.set()
        for connected in self._connected:
            connected.stop("It was interrupted")
        if self._dealer is not None:
            self._dealer.stop(_STOPPED)
            self._ring()

    async def _side_by_side(self, work: Callable[[Target], Coroutine[Any, Any, None]]) -> None:
        async def in_turn(target: Target) -> None:
            async with self._slots:
                await work(target)

        async with asyncio.TaskGroup() as group:
            for target in self._targets:
                group.create_task(in_turn(target))

    async def _evaluate_at(self, target: Target) -> None:
        connected = Connected(target, self._observer.on_note)
        try:
            await self._connect(connected)
        except ReplConnectError as error:
            outcome = Outcome(target.name, None, UNREACHABLE, problem=str(error), attempt=0)
        else:
            code = self._code.for_language(connected.language)
            outcome = await connected.evaluate(code, self._limits.timeout, self._namespace)
        finally:
            self._close(connected)
        self._observer.on_outcome(outcome)

    async def _work_at(self, target: Target) -> None:
        assert self._dealer is not None
        if self._dealer.finished or self._dealer.stopped:
            self._leave(target, "not needed")
            return
        connected = Connected(target, self._observer.on_note)
        try:
            await self._connect(connected)
            written = self._code.with_items(connected.language)
            problem = await self._work(connected, written)
        except _Stopped:
            self._leave(target, "not needed")
        except Unfit as error:
            self._leave(target, "unfit", str(error))
        except ReplConnectError as error:
            self._leave(target, "unreachable", str(error))
        else:
            lost = connected.gone.is_set()
            self._leave(target, "lost" if lost else "hangs" if problem else "done", problem)
        finally:
            self._close(connected)

    async def _work(self, connected: Connected, written: Written) -> str:
        """Take items until there are no more; why it can take none, if it can't."""
        dealer = self._dealer
        assert dealer is not None
        name = connected.target.name
        while not connected.problem:
            bell = self._bell
            given = dealer.take(name)
            if given is None:
                if dealer.finished or dealer.stopped:
                    return ""
                await _first(bell, connected.gone)
                continue
            if dealer.waiting < _BACKLOG // 2:
                self._room.set()
            try:
                code = written(given.item)
            except ValueError as error:
                words = f"It can't be written in the language there ({connected.language.name})"
                dealer.answer(name, Outcome(name, None, REFUSED, problem=f"{words}: {error}."))
                await asyncio.sleep(0)
                continue
            outcome = await connected.evaluate(code, self._limits.timeout, self._namespace)
            if outcome.state == LOST:
                dealer.leave(name, outcome.problem, outcome.seconds)
            else:
                dealer.answer(name, outcome)
            if dealer.finished:
                self._ring()
        return connected.problem

    async def _connect(self, connected: Connected) -> None:
        """Connect, while there is something to do. Raises `ReplConnectError`."""
        connecting = asyncio.ensure_future(connected.connect(self._limits.connect_timeout))
        if not await _before(self._enough, connecting) or self._enough.is_set():
            raise _Stopped(_STOPPED)
        await connecting
        self._connected.add(connected)

    def _leave(self, target: Target, state: str, problem: str = "") -> None:
        assert self._dealer is not None
        self._observer.on_partner(target.name, state, problem)
        self._dealer.leave(target.name, problem)
        self._ring()

    def _close(self, connected: Connected) -> None:
        self._connected.discard(connected)
        connected.close()

    def _ring(self) -> None:
        """Wake all who wait for something to do, or for the end."""
        if self._dealer is not None and self._dealer.finished:
            self._enough.set()
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()
        self._room.set()

    async def _feed(self, lines: Lines) -> None:
        """Offer the items as they can be read, not many more than are taken."""
        dealer = self._dealer
        assert dealer is not None
        try:
            while True:
                reading = asyncio.ensure_future(in_thread(lines.batch, name="reading"))
                if not lines.regular and not await _before(self._stopping, reading):
                    self._observer.on_note(NOT_READ)
                    return
                items = await reading
                if not items:
                    return
                for item in items:
                    dealer.offer(item)
                self._ring()
                while dealer.waiting > _BACKLOG and not dealer.stopped:
                    self._room.clear()
                    await self._room.wait()
        finally:
            dealer.end()
            self._ring()


async def _before(event: asyncio.Event, task: asyncio.Future[_T]) -> bool:
    """Wait for the end of a task, which is cancelled when an event is set; whether it ended."""
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ReplConnectError):
                await task
    return not task.cancelled()


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of some events is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
