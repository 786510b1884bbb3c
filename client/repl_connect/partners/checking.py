"""Which partners are there: all are connected to, side by side."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from repl_connect.connect import connect
from repl_connect.errors import ConnectError, ConnectionLost, ReplConnectError
from repl_connect.link import Link
from repl_connect.partners.forms import evaluate_forms
from repl_connect.round_trip import can_be_asked, round_trip
from repl_connect.targets import Target

__all__ = ["AT_ONCE", "CHECK_TIMEOUT", "UP", "Check", "check", "check_all"]

CHECK_TIMEOUT: Final = 5.0
"""Seconds that one partner gets, its forms included."""
AT_ONCE: Final = 32
"""Partners that are connected to at the same time."""
UP: Final = "up"
"""The state of one that is there and answers."""

_MOST_PROBLEMS: Final = 20
_LOOK: Final = 0.2  # seconds of waiting, then `on_wait` is called


class Check(NamedTuple):
    """What is known of a target after it was connected to.

    `state` is `UP`, or why it is not, in a few words; `problems` are sentences: why it is not up,
    and each form of the partner that fails. `answers` is who answers there, `language` what is
    spoken, `latency` the seconds that one question took; empty and None if that is not known, or
    there is no question but an evaluation.
    """

    name: str
    address: str
    state: str
    answers: str = ""
    language: str = ""
    latency: float | None = None
    problems: tuple[str, ...] = ()


def check_all(
    targets: Iterable[Target],
    *,
    timeout: float = CHECK_TIMEOUT,
    on_check: Callable[[Check], None] = lambda _: None,
    on_wait: Callable[[], None] = lambda: None,
) -> list[Check]:
    """Check all, at most `AT_ONCE` at the same time; in the order of the targets.

    `on_check` is called here for each as soon as it is known, `on_wait` some times a second. The
    threads are nobody's concern when the process ends.
    """
    waiting = list(enumerate(targets))
    found: dict[int, Check] = {}
    numbers, results = queue.SimpleQueue[int](), queue.SimpleQueue[tuple[int, Check]]()
    for number, _ in waiting:
        numbers.put(number)

    def work() -> None:
        while True:
            try:
                number = numbers.get_nowait()
            except queue.Empty:
                return
            target = waiting[number][1]
            try:
                result = check(target, timeout=timeout)
            except Exception as error:  # whatever it was, the others are waited for too
                result = _down(target, "failed", f"{target.name}: {error!r}.")
            results.put((number, result))

    for _ in range(min(AT_ONCE, len(waiting))):
        threading.Thread(target=work, name="checking", daemon=True).start()
    while len(found) < len(waiting):
        on_wait()
        with contextlib.suppress(queue.Empty):
            number, result = results.get(timeout=_LOOK)
            found[number] = result
            on_check(result)
    return [found[number] for number, _ in waiting]


def check(target: Target, *, timeout: float = CHECK_TIMEOUT) -> Check:
    """Connect, ask one question, evaluate the forms; blocking, for about `timeout` seconds."""
    deadline = time.monotonic() + timeout
    try:
        link = connect(
            target.address, dialect=target.dialect, timeout=timeout, language=target.language
        )
    except ConnectError as error:
        return _down(target, error.reason, str(error))
    except ReplConnectError as error:
        return _down(target, "wrong settings", f"{target.name}: {error}")
    problems: list[str] = []
    latency = None
    try:
        asked = can_be_asked(link, target.address)
        if asked:
            latency = round_trip(link, max(0.1, deadline - time.monotonic()))
        if asked and latency is None:
            return _down(
                target,
                "took too long",
                f"{target.name}: it is there, but answered nothing in {timeout:g} seconds.",
            )
        _try_forms(link, target, deadline, problems.append)
    except ConnectionLost as error:
        return _down(target, "lost", str(error))
    finally:
        link.close()
    description = link.session.description
    assert description is not None  # a link is described before it is ready
    return Check(
        target.name,
        str(target.address),
        UP,
        answers=link.greeting or description.greeting,
        language=description.language,
        latency=latency,
        problems=tuple(problems[:_MOST_PROBLEMS]),
    )


def _down(target: Target, state: str, problem: str) -> Check:
    return Check(target.name, str(target.address), state, problems=(problem,))


def _try_forms(
    link: Link, target: Target, deadline: float, on_problem: Callable[[str], None]
) -> None:
    sent = evaluate_forms(link.session, target, on_problem)
    left = max(0.1, deadline - time.monotonic())
    if not link.run_until(lambda: all(each.done is not None for each in sent), left):
        for evaluation in reversed(link.session.running):
            evaluation.on_event = lambda _: None
            link.session.interrupt(evaluation)
        on_problem(f"{target.name}: its forms have not ended in time and were interrupted.")
