"""The panels, on programs that run: two served in threads here, a plain console elsewhere."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import pytest
from adapters.subject import Process
from adapters.subjects.python import start_console
from dashboard.panels.host import Host, hosted, until
from jobs.collecting import own_home
from rich.style import Style
from textual.color import Color
from textual.events import Paste
from textual.pilot import Pilot

from repl_connect.dashboard.observing.records import State
from repl_connect.dashboard.panels.held import HeldPanel
from repl_connect.dashboard.panels.jobs import JobsPanel
from repl_connect.dashboard.panels.panel import Look
from repl_connect.dashboard.panels.presence import PresencePanel
from repl_connect.dashboard.panels.watches import WatchesPanel
from repl_connect.jobs.desk import submitting_desk
from repl_connect.targets import target_of
from repl_server import Server, serve

FOR_EVER = "while True: __import__('time').sleep(0.01)"


@pytest.fixture(autouse=True)
def _settings_of_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two programs, at `one` and `two`."""
    with (
        serve(tmp_path / "one", namespace={"__name__": "app", "level": 1}) as one,
        serve(tmp_path / "two", namespace={"__name__": "app", "level": 2}) as two,
    ):
        yield one, two


def run(use: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(use())


async def typed(pilot: Pilot[None], text: str) -> None:
    """Paste a text into what has the focus, as a terminal does it."""
    pilot.app.post_message(Paste(text))
    await pilot.pause()


def test_jobs_are_submitted_shown_inspected_and_cancelled(servers: tuple[Server, Server]) -> None:
    one, two = servers

    async def use() -> None:
        async with hosted(JobsPanel, one.address, two.address) as (app, pilot):
            assert "No jobs. s leaves code with a program" in app.text
            await pilot.press("s")
            await pilot.press("enter")
            await pilot.pause()
            assert "Code: something has to stand there." in app.text
            await typed(pilot, "print('[b]out') or 'x' * level")
            await pilot.press("enter")
            await until(pilot, lambda: app.rows and app.rows[0].startswith("finished|"))
            assert app.notices == [f"{one.address}: job 1 is left there."]
            state, target, _, code, *_ = app.rows[0].split("|")
            assert (state, target, code) == (
                "finished",
                one.address,
                "print('[b]out') or 'x' * level",
            )

            await pilot.press("enter")
            await until(pilot, lambda: len(app.screen_stack) == 2)
            lines = [line.strip() for line in app.text.splitlines()]
            assert lines[0].startswith("Job 1 of ")
            assert lines[lines.index("── printed ──") + 1] == "[b]out"
            assert lines[lines.index("── values ──") + 1] == "'x'"
            await pilot.press("q")

            second = app.observation.targets[1]
            second.submit(FOR_EVER, app.panel.tell)
            await until(pilot, lambda: len(app.rows) == 2 and app.rows[0].startswith("running|"))
            assert app.panel.table.current == f"{one.address}\0{job_of(app, 0)}"
            second.submit("'not reached'", app.panel.tell)
            await until(pilot, lambda: len(app.rows) == 3 and "|behind 1|" in app.rows[0])
            await pilot.press("home", "delete")
            await until(pilot, lambda: app.rows[0].startswith("cancelled|"))
            await pilot.press("down", "delete")
            await until(pilot, lambda: app.rows[1].startswith("cancelled|"))

    run(use)


def job_of(app: Host, target: int) -> str:
    (job,) = app.observation.targets[target].jobs or ()
    return job.id


def test_a_job_for_all_and_one_that_fails(servers: tuple[Server, Server]) -> None:
    one, two = servers

    async def use() -> None:
        async with hosted(JobsPanel, one.address, two.address, size=(200, 60)) as (app, pilot):
            await pilot.press("s")
            await pilot.pause()
            await pilot.press("shift+tab", "enter", "end", "enter")  # all targets
            await pilot.press("tab")
            await typed(pilot, "1 / (level - 1)")
            await pilot.press("ctrl+j")
            await typed(pilot, "level")
            await pilot.press("enter")
            await until(pilot, lambda: sorted(row[:6] for row in app.rows) == ["failed", "finish"])
            failed = [row.startswith("failed") for row in app.rows].index(True)
            assert "|1 / (level - 1)⏎level|" in app.rows[failed]
            app.panel.table.move_cursor(row=failed)
            await pilot.press("enter")
            await until(pilot, lambda: len(app.screen_stack) == 2)
            assert "ZeroDivisionError" in app.text

    run(use)


def test_watches_live(servers: tuple[Server, Server]) -> None:
    one, _ = servers

    async def use() -> None:
        async with hosted(WatchesPanel, one.address) as (app, pilot):
            assert "No watches. w adds one" in app.text
            await pilot.press("w")
            await pilot.pause()
            await typed(pilot, "level += 1; level")
            await pilot.press("tab", "backspace")
            await typed(pilot, "x")
            await pilot.press("enter")
            await pilot.pause()
            assert "Seconds, from 0.05 on" in app.text
            await pilot.press("backspace")
            await typed(pilot, "0.05")
            await pilot.press("enter")
            await until(pilot, lambda: app.rows and len(app.rows[0].split("|")[4]) >= 5)
            target, code, _, every, trend = app.rows[0].split("|")
            assert (target, code, every) == (one.address, "level += 1; level", "0.05 s")
            assert list(trend) == sorted(trend), "it rises"
            app.only.watch("no_such_name", 0.05)
            await until(pilot, lambda: len(app.rows) == 2 and "NameError" in app.rows[1])
            await pilot.press("enter")
            await until(pilot, lambda: len(app.screen_stack) == 2)
            assert "each 0.05 s" in app.text
            await pilot.press("escape", "delete")
            await until(pilot, lambda: len(app.rows) == 1)
            assert "no_such_name" in app.rows[0]
            await pilot.press("delete")
            await until(pilot, lambda: not app.rows)
            assert "No watches." in app.text
            assert app.focused is not None, "so that w works again"

    run(use)


def test_colours_can_be_read_and_what_is_muted_is_muted() -> None:
    async def use() -> None:
        async with hosted(JobsPanel) as (app, pilot):
            for theme in ("textual-dark", "textual-light", "gruvbox", "nord"):
                app.theme = theme
                await pilot.pause()
                ground = app.panel.table.background_colors[1].brightness
                plain = Color.parse(app.theme_variables["foreground"]).brightness

                def distance(look: Look, ground: float = ground) -> float:
                    style = app.panel.cell("x", look).style
                    assert isinstance(style, Style)
                    assert style.color is not None
                    return abs(Color.from_rich_color(style.color).brightness - ground)

                looks: tuple[Look, ...] = ("muted", "good", "busy", "bad", "accent")
                assert min(map(distance, looks)) > 0.3, theme
                assert distance("muted") < abs(plain - ground), theme

    run(use)


def test_presence_and_events(servers: tuple[Server, Server]) -> None:
    one, _ = servers

    async def use() -> None:
        async with hosted(PresencePanel, one.address) as (app, pilot):
            await until(pilot, lambda: app.rows)
            assert app.rows[0].startswith(f"{one.address}|this dashboard|")
            async with hosted(JobsPanel, one.address):
                # It joins, and then says its name.
                await until(pilot, lambda: any("|repl-connect" in row for row in app.rows[1:]))
                await until(pilot, lambda: "joined" in app.text)
            await until(pilot, lambda: len(app.rows) == 1 and " left" in app.text)
            one.publish("score", "[red]7\x1b[2J")
            await until(pilot, lambda: "score: '[red]7" in app.text)
            await pilot.press("enter")
            await until(pilot, lambda: len(app.screen_stack) == 2)
            assert "sessions" in app.text

    run(use)


def test_a_held_program_goes_on_as_one_chooses(servers: tuple[Server, Server]) -> None:
    one, _ = servers
    results: list[object] = []

    def step() -> object:
        raise ValueError("[b]no\x1b[2J")

    def program() -> None:
        results.append(one.continuable(step)())
        with one.continuable("a block"):
            step()
        results.append("end")

    async def use() -> None:
        async with hosted(HeldPanel, one.address) as (app, pilot):
            assert "No program is held." in app.text
            thread = threading.Thread(target=program)
            thread.start()
            try:
                await until(pilot, lambda: app.rows and "Traceback" in app.text)
                assert "ValueError: [b]no^[[2J" in app.text
                assert "m: retry, continue, abort" in app.text
                await pilot.press("enter")
                await pilot.pause()
                assert len(app.screen_stack) == 2
                await pilot.press("q", "m", "2")
                await pilot.pause()
                assert "Value of the failed call" in app.text
                await typed(pilot, "level + 41")
                await pilot.press("enter")
                await until(pilot, lambda: any("a block" in row for row in app.rows))
                assert results == [42]
                await pilot.press("m")
                await pilot.pause()
                await pilot.press("escape", "m", "enter", "enter")  # continue, without a value
                await until(pilot, lambda: not app.rows)
                assert "No program is held." in app.text
            finally:
                one.close()
                await asyncio.to_thread(thread.join)
            assert results == [42, "end"]

    run(use)


@pytest.fixture
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A program whose server tells of no clients and keeps no jobs."""
    with own_home(tmp_path_factory.mktemp("home")) as home:  # in which a bridge keeps them
        process = start_console(home, "own")
        yield process
        process.stop()


def test_a_program_that_does_not_tell_such_things(console: Process) -> None:
    async def use() -> None:
        async with hosted(PresencePanel, console.address) as (app, pilot):
            await until(pilot, lambda: "1 target without presence" in app.text)
        async with hosted(WatchesPanel, console.address) as (app, pilot):
            app.only.watch("6 * 7", 0.2)
            await until(pilot, lambda: app.rows and "|42|" in app.rows[0])

    run(use)


def test_jobs_that_a_bridge_keeps(console: Process) -> None:
    target = target_of(console.address)

    async def use() -> None:
        async with hosted(JobsPanel, console.address) as (app, pilot):
            await until(pilot, lambda: "1 target without own jobs" in app.text)
            await pilot.press("s")
            await typed(pilot, FOR_EVER)
            await pilot.press("enter")
            await until(pilot, lambda: app.rows and app.rows[0].startswith("running|"))
            assert app.notices == [
                f"{console.address}: job 1 is left with a bridge in the background."
            ]
            with submitting_desk(target, None, None) as desk:  # as another shell does it
                desk.ask("submit", code="'x' * 3")
            await until(pilot, lambda: len(app.rows) == 2 and "|behind 1|" in app.rows[0])
            await pilot.press("down", "delete")
            await until(pilot, lambda: [row[:9] for row in app.rows] == ["finished|", "cancelled"])
            console.stop()
            await until(pilot, lambda: app.only.state in (State.LOST, State.FAILED))
            await pilot.press("home", "enter")
            await until(pilot, lambda: len(app.screen_stack) == 2)
            assert "'xxx'" in app.text, "the bridge has it still"

    run(use)
