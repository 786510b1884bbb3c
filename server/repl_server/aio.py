"""The server for asyncio programs: it evaluates on the program's own loop.

    server = await start("./app.sock", namespace=globals())

Code runs in the loop's thread, between the program's own tasks; `await` works outside functions,
and what is awaited does not stop anybody. What does not await holds the loop up as long as it runs,
as in the program itself; an interrupt ends it all the same, since another thread reads the clients.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine, Generator
from typing import TYPE_CHECKING, Any

from repl_server.evaluation import routing
from repl_server.evaluation.evaluate import TOP_LEVEL_AWAIT
from repl_server.evaluation.interrupt import (
    Door,
    Interrupt,
    wake_with_a_signal,
)
from repl_server.evaluation.output import Outlet, Output, Room, Ticking
from repl_server.evaluation.stage import Perform, PythonSession, Stage
from repl_server.server import Server

if TYPE_CHECKING:
    from repl_server.dispatch.dispatcher import Evaluation
    from repl_server.dispatch.holding import Held
    from repl_server.evaluation.performance import Performance
    from repl_server.network.relay import Relay

__all__ = ["AsyncioServer", "start"]

_PATIENCE = 0.1
_TURN = 0.05


async def start(
    address: str | os.PathLike[str] | int | None = None,
    *,
    namespace: dict[str, Any] | None = None,
    token: str | None = None,
    port_file: bool | str | os.PathLike[str] = False,
    redefine: bool = True,
) -> AsyncioServer:
    """Let clients evaluate code on the running loop, from now on.

    The arguments and errors are those of `serve`. `async with await start(…)` closes it at the end.
    """
    loop = asyncio.get_running_loop()
    server = AsyncioServer(
        lambda room, ticking, relay: _Loop(loop, room, ticking, relay),
        address,
        namespace=namespace,
        token=token,
        port_file=port_file,
        redefine=redefine,
        patience=_PATIENCE,
        mode="asyncio",
    )
    wake_with_a_signal()
    return server


class AsyncioServer(Server):
    """A server that evaluates on an asyncio loop."""

    async def __aenter__(self) -> AsyncioServer:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.close()

    def _wait(self, held: Held) -> None:
        place = self._place
        if isinstance(place, _Loop) and place.runs_here():
            place.serve(held)
        else:
            super()._wait(held)


class _Loop:
    """The loop as the place where all sessions evaluate."""

    mode = "asyncio"
    flags = TOP_LEVEL_AWAIT

    def __init__(
        self, loop: asyncio.AbstractEventLoop, room: Room, ticking: Ticking, relay: Relay
    ) -> None:
        self.loop = loop
        self.given: dict[_LoopStage, None] = {}
        """Who has something to evaluate at the loop's next turn."""
        self.is_held = False
        """Whether the program's own code waits in the loop's thread, so that nothing is awaited."""
        self.wake = threading.Event()
        self._is_expected = False
        self._room = room
        self._ticking = ticking
        self._relay = relay

    def open(self, session: PythonSession, perform: Perform) -> Stage:
        """A stage on the loop."""
        return _LoopStage(session, perform, self._room, self._ticking, self)

    def close(self, seconds: float) -> None:
        """Nothing is waited for: what runs needs the loop."""

    def give(self, stage: _LoopStage) -> None:
        """Let it evaluate at the loop's next turn."""
        self.given[stage] = None
        self._relay.tell(self._expect)

    def _expect(self) -> None:
        if self.is_held:
            self.wake.set()
        if self._is_expected:
            return
        self._is_expected = True
        try:
            self.loop.call_soon_threadsafe(self._perform)
        except RuntimeError:
            self._is_expected = False
            for stage in list(self.given):
                stage.give_up()

    def _perform(self) -> None:
        """The loop's turn has come."""
        self._is_expected = False
        try:
            for stage in list(self.given):
                stage.perform_within()
        finally:
            if self.given:
                self._expect()
            self._relay.call()

    def runs_here(self) -> bool:
        """Whether this thread is the loop's, and is in the midst of a turn of it."""
        try:
            return asyncio.get_running_loop() is self.loop
        except RuntimeError:
            return False

    def serve(self, held: Held) -> None:
        """Evaluate within this turn of the loop, until it is chosen how to go on with an error.

        If the task it is in is cancelled (by Ctrl-C, under `asyncio.run`), that ends it: there is
        no other way to tell it.
        """
        task = asyncio.current_task()
        before, self.is_held = self.is_held, True
        held.waits(self.wake.set)
        try:
            while not held.chosen():
                self.wake.clear()
                for stage in list(self.given):
                    stage.perform_within()
                if task is not None and task.cancelling():
                    raise asyncio.CancelledError
                if not held.chosen():
                    self.wake.wait(_TURN)
        finally:
            self.is_held = before


class _LoopStage(Stage):
    """Evaluates on the loop; what is to be awaited, in a task."""

    def __init__(
        self,
        session: PythonSession,
        perform: Perform,
        room: Room,
        ticking: Ticking,
        place: _Loop,
    ) -> None:
        super().__init__(session, room, ticking)
        self._perform = perform
        self._place = place
        self._loop = place.loop
        self._next: Evaluation | None = None
        self._task: asyncio.Task[None] | None = None
        self._performance: Performance | None = None

    def give(self, evaluation: Evaluation) -> None:
        """Evaluate this when it is the loop's turn."""
        self.door.reset()
        self._begin_ticking(evaluation)
        self._next = evaluation
        self._place.give(self)

    def give_up(self) -> None:
        """The loop's turn will not come."""
        self._place.given.pop(self, None)
        evaluation, self._next = self._next, None
        if evaluation is not None:
            evaluation.finish("error", "server-error", err="The program's loop is closed.\n")

    def withdraw(self, evaluation: Evaluation) -> bool:
        """Take it back, if its turn has not come yet."""
        if self._next is not evaluation:
            return False
        self._next = None
        return True

    def interrupt(self) -> None:
        """End the code that runs, or cancel what it awaits."""
        self.door.ask()
        try:
            self._loop.call_soon_threadsafe(self._cancel)
        except RuntimeError:
            return

    def stop(self) -> None:
        """The session is closed."""
        self.input.end()
        self.interrupt()

    def _cancel(self) -> None:
        """In the loop's thread; the code does not run, so what it was asked for has not come."""
        task, performance = self._task, self._performance
        if task is not None and performance is not None and self.door.wanted:
            self.door.reset()
            performance.was_cancelled = True
            task.cancel()

    def perform_within(self) -> None:
        """Evaluate what was given, within what the loop does just now."""
        self.session.context.run(self._perform_next)

    def _perform_next(self) -> None:
        self._place.given.pop(self, None)
        evaluation, self._next = self._next, None
        if evaluation is None:
            return
        self.take_on(evaluation)
        routing.by_context()
        outlet = _LoopOutlet(evaluation, self.input, self._ticking, self._room)
        outlet.own = self.output
        self._outlet = outlet
        routing.current.set(outlet)
        try:
            with self.here():
                performance = self._perform(self, evaluation)
                if performance is not None and self._place.is_held:
                    _refuse_to_await(performance)
                    performance = None
        finally:
            routing.current.set(None)
        if performance is not None:
            self._performance = performance
            outlet.own = None
            self._task = self._loop.create_task(
                self._go_on(performance, outlet), context=self.session.context
            )

    async def _go_on(self, performance: Performance, outlet: _LoopOutlet) -> None:
        """Await what the code wants awaited, and go on with it, to its end."""
        routing.current.set(outlet)
        try:
            awaited: Any = performance.awaits
            while awaited is not None:
                try:
                    outcome = await _Stepped(awaited, self)
                except BaseException as error:
                    awaited = self._step(performance, None, error)
                else:
                    awaited = self._step(performance, outcome, None)
        finally:
            routing.current.set(None)
            self._task = self._performance = None

    def _step(self, performance: Performance, outcome: object, error: BaseException | None) -> Any:
        with self.here():
            return performance.advance(outcome, error)


class _Stepped:
    """A coroutine that is awaited with the door open while it runs, and closed while it waits."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], stage: _LoopStage) -> None:
        self._coroutine = coroutine
        self._stage = stage

    def __await__(self) -> Generator[Any, Any, Any]:
        outcome: Any = None
        error: BaseException | None = None
        while True:
            try:
                waits_for = self._step(outcome, error)
            except StopIteration as end:
                return end.value
            outcome = error = None
            try:
                outcome = yield waits_for
            except BaseException as thrown:
                error = thrown

    def _step(self, outcome: Any, error: BaseException | None) -> Any:
        door: Door = self._stage.door
        with self._stage.here():
            try:
                door.open()
                if error is None:
                    return self._coroutine.send(outcome)
                return self._coroutine.throw(error)
            finally:
                _close(door)


def _refuse_to_await(performance: Performance) -> None:
    if performance.awaits is not None:
        performance.awaits.close()
    why = "The program's loop is held by an error: nothing can be awaited until it goes on."
    performance.advance(None, RuntimeError(why))


def _close(door: Door) -> None:
    try:
        door.close()
    except Interrupt:
        door.close()
        raise


class _LoopOutlet(Outlet):
    """One evaluation's way to its client, for the tasks it creates too."""

    own: Output | None = None
    """The session's output while the evaluation itself prints; later it has one of its own."""
    _tasks: Output | None = None

    @property
    def output(self) -> Output:
        """Where to print now."""
        if self.own is not None and not self.evaluation.finished:
            return self.own
        if self._tasks is None:
            self._tasks = self.open()
        return self._tasks
