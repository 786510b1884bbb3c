"""Items of work handed to a Dask scheduler, instead of dealt out from here.

Which worker takes which item, and when, is Dask's business. Ours: that not more is handed over than
is soon taken, that outcomes are told as they come, and that there is one for each item, whatever
happens to workers and scheduler.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from repl_connect.cluster.items import BLOCK, OVER, STOPPED, Mark, Terms, mark_place
from repl_connect.cluster.scheduler import connected
from repl_connect.errors import ConnectError, ReplConnectError
from repl_connect.mapping.connected import GRACE
from repl_connect.mapping.outcome import LOST, REFUSED, UNREACHABLE, Item, Outcome

__all__ = ["Task", "map_on_dask"]

_FOR_EACH_THREAD: Final = 8
_AT_ONCE: Final = (32, 2000)  # items with the scheduler, at least and at most
_BATCH: Final = 100  # items that are handed over together, at most
_STARVED: Final = 0.1  # seconds after which it is looked whether there are tasks again
_LOOK: Final = 0.5  # seconds without an outcome, after which it is looked what is the matter
_ALONE: Final = 60.0  # seconds without any worker, after which it is given up
_QUIET: Final = 60.0  # seconds without an outcome, after which the user is told what is waited for
_CONNECT: Final = 15.0
_STOPPING: Final = GRACE + 2.0
_LOST: Final = "The scheduler was lost"
_LOSSES: Final = (OSError, RuntimeError)
"""What Dask raises when it is, or its client has been closed for it."""

Task = tuple[Item, str]
"""An item, and the code for it."""


def map_on_dask(
    url: str,
    tasks: Iterable[Task | None],
    on_outcome: Callable[[Outcome], None],
    *,
    timeout: float,
    on_note: Callable[[str], None],
    on_wait: Callable[[], None] = lambda: None,
    again: bool = False,
) -> None:
    """Have a Dask cluster evaluate the Python code of each item; `on_outcome` gets what came of it.

    Code has `timeout` seconds from where it begins in a worker. `on_note` gets sentences for the
    user; `on_wait` is called now and then while nothing ends. An item whose worker was lost when it
    had begun is lost, or with `again` evaluated once more where Dask puts it, which is said. Tasks
    are taken from the iterable as there is room; a None among them says that there is none at the
    moment.

    Raises `UsageError` for what is no scheduler's address, or if Dask is not installed;
    `ConnectError` if there is no scheduler, no worker, or no `repl_connect` in one. Whatever comes
    later, `ReplConnectError` of the iterable too, is raised when all that were taken have their
    outcomes. `KeyboardInterrupt`, and what `on_outcome` raises, interrupts what runs before.
    """
    with connected(url, _CONNECT) as client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise ConnectError(f"{url}: the cluster has no workers. Start one: dask worker ADDRESS")
        least, most = _AT_ONCE
        run = _Run(client, url, Terms(os.urandom(8).hex(), timeout, again), on_outcome, on_note)
        at_once = min(max(threads * _FOR_EACH_THREAD, least), most)
        run.all(_Supply(tasks), at_once, on_wait)


class _SchedulerLost(Exception):
    """Nothing can be asked of it any more."""


class _Supply:
    """Tasks, as they can be had."""

    def __init__(self, tasks: Iterable[Task | None]) -> None:
        self._tasks = iter(tasks)
        self.ended = False
        self.problem: ReplConnectError | None = None

    def take(self, most: int) -> list[Task]:
        """Those that there are at the moment, if that is not more."""
        taken: list[Task] = []
        while len(taken) < most and not self.ended:
            try:
                task = next(self._tasks)
            except StopIteration:
                self.ended = True
            except ReplConnectError as error:
                self.ended, self.problem = True, error
            else:
                if task is None:
                    break
                taken.append(task)
        return taken


class _Run:
    """One use of the engine, on a client that is connected."""

    def __init__(
        self,
        client: Any,
        url: str,
        terms: Terms,
        on_outcome: Callable[[Outcome], None],
        on_note: Callable[[str], None],
    ) -> None:
        self._client = client
        self._url = url
        self._terms = terms
        self._on_outcome = on_outcome
        self._on_note = on_note
        self._task = _task()
        self._interrupted = False
        self._lost = False  # the scheduler is: nothing can be asked any more
        self._problem: ReplConnectError | None = None  # why no more is handed over
        self._handed: dict[str, tuple[Item, Any]] = {}
        self._told: Counter[int] = Counter()  # outcomes of each block of marks
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def all(self, supply: _Supply, at_once: int, on_wait: Callable[[], None]) -> None:
        """Hand all over, `at_once` at any time, and tell of all."""
        try:
            try:
                with self._ctrl_c():
                    self._deal(supply, at_once, on_wait)
            except (_SchedulerLost, ReplConnectError):
                raise
            except BaseException:  # of who is told
                self._stop()
                raise
            if self._interrupted:
                self._stop()
                raise KeyboardInterrupt
        except _SchedulerLost:
            self._lost = True
            self._give_up(_LOST)
            raise ConnectError(f"{self._url}: {_LOST.lower()}.") from None
        finally:
            if not self._lost:
                with contextlib.suppress(_SchedulerLost):
                    self._ask(self._client.set_metadata, mark_place(self._terms.run), OVER)

    @contextlib.contextmanager
    def _ctrl_c(self) -> Iterator[None]:
        """Note the first Ctrl-C in a block, so that it can't come between an outcome and its news.

        Only the main thread gets it, and can.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(*_signal: object) -> None:
            self._interrupted = True
            signal.signal(signal.SIGINT, before)

        before = signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _deal(self, supply: _Supply, at_once: int, on_wait: Callable[[], None]) -> None:
        last = time.monotonic()
        told = False
        while not self._interrupted:
            room = at_once - len(self._handed)
            wants = room >= min(_BATCH, at_once // 2) and not supply.ended and not self._problem
            if wants and (batch := supply.take(min(room, _BATCH))):
                self._hand_over(batch)
                continue
            if not self._handed:
                if supply.ended or self._problem:
                    break
                last = time.monotonic()
            if self._take(_STARVED if wants else _LOOK):
                last, told = time.monotonic(), False
                continue
            on_wait()
            silent = time.monotonic() - last
            if silent > _ALONE and not self._ask(self._client.nthreads):
                self._give_up("There was no worker any more")
                raise ConnectError(f"{self._url}: the cluster has had no workers for a minute.")
            if silent > _QUIET + self._terms.timeout and not told:
                told = True
                self._on_note(
                    f"{len(self._handed)} items are with the scheduler, and none has ended for "
                    f"{silent:.0f} seconds."
                )
        if problem := self._problem or supply.problem:
            raise problem

    def _hand_over(self, batch: list[tuple[Item, str]]) -> None:
        futures: list[Any] = self._ask(
            self._client.map,
            self._task,
            [item.number for item, _ in batch],
            [code for _, code in batch],
            key=[f"repl-connect-{self._terms.run}-{item.number}" for item, _ in batch],
            terms=list(self._terms),
            pure=False,
            retries=0,
        )
        for (item, _), future in zip(batch, futures, strict=True):
            self._handed[future.key] = item, future
            future.add_done_callback(self._ended.put)

    def _take(self, seconds: float) -> bool:
        """Tell of what has ended; False if nothing has in so many seconds."""
        try:
            ended = [self._ended.get(timeout=seconds)]
        except queue.Empty:
            ended = []
        if self._client.status != "running":  # it has cancelled all futures
            raise _SchedulerLost
        if not ended:
            return False
        with contextlib.suppress(queue.Empty):
            while True:
                ended.append(self._ended.get_nowait())
        finished = [future for future in ended if future.status == "finished"]
        results = self._ask(self._client.gather, finished, errors="skip") if finished else []
        if len(results) == len(finished):
            for future, result in zip(finished, results, strict=True):
                self._tell(future, result)
        for future in ended:
            if future.key in self._handed:
                self._tell_of_one(future)
        return True

    def _tell_of_one(self, future: Any) -> None:
        """Tell of one that failed, as a task."""
        failure: BaseException | None = None
        if future.status == "finished":
            try:
                fields = future.result(timeout=self._terms.timeout + _STOPPING)
            except Exception as error:  # what a task can raise is anything
                failure = error
            else:
                self._tell(future, fields)
                return
        elif not future.cancelled():
            failure = future.exception(timeout=_CONNECT)
        item, _ = self._handed[future.key]
        outcome = self._failed(item, failure)
        self._forget(item)
        del self._handed[future.key]
        self._on_outcome(outcome)

    def _tell(self, future: Any, fields: dict[str, Any]) -> None:
        item, _ = self._handed[future.key]
        self._forget(item)
        del self._handed[future.key]
        outcome = Outcome(**{**fields, "values": tuple(fields["values"]), "item": item})
        if outcome.attempt > 1:
            self._on_note(
                f"Item {item.number} was begun by a worker that was lost, where it may have run: "
                f"it was run again, by {outcome.partner}."
            )
        self._on_outcome(outcome)

    def _forget(self, item: Item) -> None:
        """Have the scheduler forget a block of marks when all its items have their outcomes."""
        block = item.number // BLOCK
        self._told[block] += 1
        if self._told[block] == BLOCK:
            del self._told[block]
            place = mark_place(self._terms.run, item.number)[:-1]
            with contextlib.suppress(_SchedulerLost):  # that is noticed soon enough
                self._ask(self._client.set_metadata, place, OVER)

    def _failed(self, item: Item, error: BaseException | None) -> Outcome:
        """What to say of an item whose task has brought nothing."""
        place = mark_place(self._terms.run, item.number)
        mark = Mark.of(self._ask(self._client.get_metadata, place, default=None))
        if mark is not None:
            return mark.lost()._replace(item=item)
        if isinstance(error, ImportError):
            problem = f"{error}. Install repl-connect where the workers run, too."
            self._problem = ConnectError(f"{self._url}: {problem}")
            return Outcome("", item, REFUSED, problem=problem, attempt=0)
        words = "the task was cancelled" if error is None else f"{type(error).__name__}: {error}"
        return Outcome("", item, UNREACHABLE, problem=f"It was not run: {words}.", attempt=0)

    def _stop(self) -> None:
        """Interrupt what runs, and tell of all that were handed over."""
        self._interrupt()
        deadline = time.monotonic() + _STOPPING
        with contextlib.suppress(KeyboardInterrupt):  # once more: then without waiting
            while self._handed and (left := deadline - time.monotonic()) > 0:
                self._take(left)
        self._give_up(STOPPED)

    def _interrupt(self) -> None:
        """Interrupt what runs of this in the workers; no more of it is begun."""
        run = self._terms.run

        def stop() -> None:
            from repl_connect.cluster.items import stop_items

            stop_items(run)

        def ask() -> None:
            with contextlib.suppress(Exception):  # the client may be closed meanwhile
                self._client.run(stop, on_error="ignore")

        # A worker that hangs would be waited for.
        threading.Thread(target=ask, name="stopping", daemon=True).start()

    def _ask(self, ask: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Ask the scheduler. Raises `_SchedulerLost`."""
        try:
            return ask(*arguments, **options)
        except _LOSSES as error:
            raise _SchedulerLost from error

    def _give_up(self, why: str) -> None:
        """Tell of all that were handed over and have not ended. `why` begins a sentence."""
        marks: dict[str, Any] = {}
        if not self._lost:
            try:
                place = mark_place(self._terms.run)
                marks = self._ask(self._client.get_metadata, place, default={})
            except _SchedulerLost:
                self._lost = True
        for item, _ in list(self._handed.values()):
            *_, block, number = mark_place(self._terms.run, item.number)
            mark = Mark.of(marks.get(block, {}).get(number))
            if mark is not None:
                self._on_outcome(mark.lost("has not answered")._replace(item=item))
            elif self._lost:
                problem = f"{_LOST}: it may have run."
                self._on_outcome(Outcome("", item, LOST, problem=problem))
            else:
                problem = f"{why} before it is known to have begun."
                self._on_outcome(Outcome("", item, UNREACHABLE, problem=problem, attempt=0))
        self._handed.clear()


def _task() -> Callable[..., dict[str, Any]]:
    """What runs in a worker. Sent by its value, so that only the workers need `repl_connect`."""

    def task(number: int, code: str, terms: list[Any]) -> dict[str, Any]:
        try:
            from repl_connect.cluster.items import run_item
        except ImportError as error:
            from distributed import get_worker

            words = f"Worker {get_worker().name} can't import repl_connect ({error})"
            raise ImportError(words) from None
        return run_item(number, code, terms)

    return task
