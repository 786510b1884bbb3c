"""`repl-connect map`, run: an engine with its report, to the end, Ctrl-C, or a broken pipe."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from repl_connect.errors import ReplConnectError, UsageError
from repl_connect.exit_codes import ExitCode
from repl_connect.languages import language_named
from repl_connect.mapping.code import Code
from repl_connect.mapping.engine import NOT_READ, Engine, Limits, Observer
from repl_connect.mapping.lines import Lines
from repl_connect.mapping.outcome import UNREACHABLE, Outcome
from repl_connect.mapping.report import Report
from repl_connect.targets import Target

__all__ = ["run", "run_on_dask"]


_TICK: Final = 0.5  # seconds: the progress is shown though nothing comes


class _Reader:
    """Who reads the report: may press Ctrl-C, or have enough of it."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.interrupted = False
        self.problem: OSError | None = None
        self.stop: Callable[[], None] = lambda: None

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.interrupted = True
        self.stop()

    def outcome(self, outcome: Outcome) -> None:
        """Count an outcome, and print it."""
        self.report.count(outcome)
        self.tell(self.report.show, outcome)

    def partner(self, name: str, state: str, problem: str) -> None:
        """A partner has ended its part."""
        self.report.partner(name, state)
        if problem:
            text = problem if problem.startswith(name) else f"{name}: {problem}"
            self.tell(self.report.note, text)

    def tell(self, report: Callable[..., None], *what: object) -> None:
        """Print something, unless nobody reads any more."""
        if self.problem is not None:
            return
        try:
            report(*what)
        except OSError as error:  # a broken pipe, a full disk
            self.problem = error
            self.stop()

    def end(self, exit_code: ExitCode) -> ExitCode:
        """The exit status of all. Raises what `run` raises if the outcomes could not be told."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if isinstance(self.problem, BrokenPipeError):
            raise self.problem
        if self.problem is not None:
            raise UsageError(f"The outcomes can't be written: {self.problem.strerror}.")
        return exit_code


async def run(
    targets: Sequence[Target],
    code: Code,
    report: Report,
    *,
    lines: Lines | None = None,
    again: bool = False,
    limits: Limits | None = None,
    namespace: str | None = None,
) -> ExitCode:
    """Evaluate everywhere, or deal the lines out, and report.

    Ctrl-C interrupts what runs; what is known then is reported too. Raises `UsageError` if the
    lines can't be read to their end, or the report can't be written; `BrokenPipeError` if nobody
    reads it.
    """
    reader = _Reader(report)
    observer = Observer(
        reader.outcome,
        partial(reader.tell, report.note),
        reader.partner,
    )
    engine = Engine(targets, code, observer, limits=limits, namespace=namespace)
    reader.stop = engine.stop
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, reader.interrupt)
    ticking = loop.create_task(_tick(partial(reader.tell, report.tick)))
    try:
        if lines is None:
            await engine.everywhere()
        else:
            await engine.deal(lines, again=again)
    finally:
        ticking.cancel()
        exit_code = report.finish()
    return reader.end(exit_code)


async def _tick(tick: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(_TICK)
        tick()


def run_on_dask(
    url: str, code: Code, report: Report, lines: Lines, *, again: bool, timeout: float
) -> ExitCode:
    """Hand the lines to a Dask scheduler, and report. Ctrl-C as with `run`.

    Raises as `run` does, and `ReplConnectError` if that can't be begun.
    """
    from repl_connect.cluster.engine import map_on_dask

    written = code.with_items(language_named("python"))
    reader = _Reader(report)
    items = lines.at_the_moment()
    problem = "It was stopped before it was sent."
    failure: ReplConnectError | None = None

    def enough() -> None:
        if reader.problem is not None:
            raise reader.problem

    reader.stop = enough
    try:
        map_on_dask(
            url,
            ((item, written(item)) if item is not None else None for item in items),
            reader.outcome,
            timeout=timeout,
            on_note=partial(reader.tell, report.note),
            on_wait=partial(reader.tell, report.tick),
            again=again,
        )
    except KeyboardInterrupt:
        reader.interrupted = True
    except ReplConnectError as error:
        if not report.told:
            raise
        failure = error
        if not isinstance(error, UsageError):
            report.note(str(error))
        problem = "It was given up before this was sent."
    except OSError:
        if reader.problem is None:
            raise
    if lines.regular:
        for item in items:  # those that were not handed over
            if item is not None:
                reader.outcome(Outcome("", item, UNREACHABLE, problem=problem, attempt=0))
    elif not lines.ended:
        reader.tell(report.note, NOT_READ)
    exit_code = reader.end(report.finish())
    if failure is not None and (isinstance(failure, UsageError) or exit_code is ExitCode.OK):
        raise failure
    return exit_code
