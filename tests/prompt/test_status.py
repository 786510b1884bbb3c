"""What the toolbar says of what runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from prompt.conftest import StartPrompt, StartServer
from prompt_toolkit.formatted_text import fragment_list_to_text

from repl_connect.prompt.showing.status import Status


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def run(test: Callable[[Status, Clock, list[None]], None]) -> None:
    async def on_a_loop() -> None:
        clock = Clock()
        redrawn: list[None] = []
        test(Status(lambda: redrawn.append(None), unicode=False, clock=clock), clock, redrawn)

    asyncio.run(on_a_loop())


def text(status: Status, *, waits_for_input: bool = False) -> str:
    return fragment_list_to_text(status.fragments(waits_for_input=waits_for_input))


def test_nothing_is_shown_while_nothing_runs() -> None:
    def test(status: Status, clock: Clock, _: list[None]) -> None:
        assert text(status) == ""
        clock.now += 100
        assert text(status) == ""

    run(test)


def test_a_short_evaluation_shows_nothing_and_a_long_one_its_time() -> None:
    def test(status: Status, clock: Clock, _: list[None]) -> None:
        ticket = status.begin()
        clock.now += 0.1
        assert text(status) == ""
        clock.now += 1.9
        assert text(status)[1:] == " 2.0 s"
        assert status.end(ticket) == pytest.approx(2.0)
        assert text(status) == ""

    run(test)


def test_the_spinner_turns() -> None:
    def test(status: Status, clock: Clock, _: list[None]) -> None:
        status.begin()
        pictures = set()
        for _number in range(16):
            clock.now += 0.125
            pictures.add(text(status)[:1])
        assert {"|", "/", "-", "\\"} <= pictures

    run(test)


def test_what_waits_behind_is_counted_and_timed_from_its_own_start() -> None:
    def test(status: Status, clock: Clock, _: list[None]) -> None:
        first, second, third = status.begin(), status.begin(), status.begin()
        clock.now += 3
        assert text(status).endswith("3.0 s, 2 more wait")
        assert status.end(first) == pytest.approx(3)
        clock.now += 1
        assert text(status).endswith("1.0 s, 1 more waits")
        assert status.end(second) == pytest.approx(1)
        clock.now += 0.5
        assert status.end(third) == pytest.approx(0.5)
        clock.now += 1
        assert text(status) == ""

    run(test)


def test_it_says_that_the_program_waits_for_input() -> None:
    def test(status: Status, clock: Clock, _: list[None]) -> None:
        status.begin()
        clock.now += 1
        assert text(status, waits_for_input=True) == "waits for input"

    run(test)


def test_it_is_drawn_again_only_while_something_runs() -> None:
    async def on_a_loop() -> int:
        drawn = asyncio.Event()
        count = 0

        def redraw() -> None:
            nonlocal count
            count += 1
            drawn.set()

        status = Status(redraw)
        ticket = status.begin()
        await asyncio.wait_for(drawn.wait(), 10)
        status.end(ticket)
        assert len(asyncio.all_tasks()) == 1
        before = count
        drawn.clear()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(drawn.wait(), 0.4)
        return count - before

    assert asyncio.run(on_a_loop()) == 0


def test_the_toolbar_shows_what_runs_and_the_time_it_took_is_said(
    start_prompt: StartPrompt,
) -> None:
    terminal = start_prompt(columns=160)
    terminal.enter("(wait)")
    terminal.enter("(add 1 2)")
    terminal.wait_for("s, 1 more waits")
    terminal.press("ctrl-c")
    terminal.wait_for_line("interrupted")
    terminal.wait_for_line("$1 = 3")
    terminal.wait_until(lambda: "more waits" not in terminal.text)
    terminal.enter("(stubborn 1)")
    terminal.wait_until(lambda: any(line.startswith("1.") for line in terminal.lines), "its time")


def test_the_time_of_each_evaluation_can_be_asked_for(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    terminal = start_prompt(environment={"REPL_CONNECT_PROMPT__TIMING": "0"})
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")
    terminal.wait_until(lambda: any(line.endswith(" ms") for line in terminal.lines))


def test_the_bell_rings_after_a_long_evaluation(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(environment={"REPL_CONNECT_PROMPT__BELL_AFTER": "0.8"})
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")
    assert b"\a" not in terminal.raw
    terminal.enter("(stubborn 1)")
    terminal.wait_until(lambda: b"\a" in terminal.raw, "the bell")
