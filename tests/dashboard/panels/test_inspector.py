"""The inspector, with texts that are big, and with texts that mean harm."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.app import App
from textual.events import Paste
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection
from textual.strip import Strip
from textual.widgets import Input

from repl_connect.dashboard.panels.inspector import LARGEST_COPY, InspectorScreen
from repl_connect.dashboard.panels.text_view import TextView

Use = Callable[["Inspecting", Pilot[None]], Awaitable[None]]


class Inspecting(App[None]):
    """Shows one text in the inspector."""

    def __init__(self, inspector: InspectorScreen) -> None:
        super().__init__()
        self.inspector = inspector
        self.animation_level = "none"

    def on_mount(self) -> None:
        self.push_screen(self.inspector)

    @property
    def lines(self) -> list[str]:
        return [line.text.rstrip() for line in self.inspector._compositor.render_strips()]

    @property
    def head(self) -> str:
        return self.lines[0]


def inspecting(text: str, use: Use, *, cut: bool = False, rest: str = "") -> None:
    """Use the inspector on a text, on a screen of 80 columns and 24 rows."""

    async def run() -> None:
        app = Inspecting(InspectorScreen("a title", text, cut, rest))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await pilot.pause()
            await use(app, pilot)

    asyncio.run(run())


async def find(pilot: Pilot[None], text: str, *keys: str) -> None:
    """Find a text, which comes at once as if pasted; then press keys."""
    await pilot.press("slash")
    pilot.app.screen.query_one(Input).value = ""
    pilot.app.post_message(Paste(text))
    await pilot.press(*keys) if keys else await pilot.pause()


def test_a_million_characters_in_one_line() -> None:
    text = "".join(f"{number:09} " for number in range(100_000))

    async def use(app: Inspecting, pilot: Pilot[None]) -> None:
        assert app.head == " a title" + "wrapped · row 1 of 12,659 of one line".rjust(71)
        assert app.lines[1].startswith("000000000 000000001 ")
        await pilot.press("pagedown")
        assert app.lines[1] == text[22 * 79 : 23 * 79].rstrip()
        await pilot.press("end")
        assert app.lines[22].endswith("000099999")
        await pilot.press("w", "home")
        assert "not wrapped · line 1 of 1" in app.head
        assert [line for line in app.lines[2:22] if line.strip("▁ ")] == []
        await pilot.press("ctrl+pagedown")
        assert app.lines[1] == text[80:160].rstrip()
        await find(pilot, "000077777", "enter")
        assert "000077777" in app.lines[1]
        assert "found 1 of 1" in app.head
        await pilot.press("w")
        assert any("000077777" in line for line in app.lines[1:23]), "the place stays in sight"

    inspecting(text, use)


def test_only_rows_on_the_screen_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    usual = TextView.render_line

    def counted(view: TextView, y: int) -> Strip:
        drawn.append(y)
        return usual(view, y)

    monkeypatch.setattr(TextView, "render_line", counted)

    async def use(app: Inspecting, pilot: Pilot[None]) -> None:
        assert app.lines[1].startswith("line 0")
        await pilot.press("end")
        assert app.lines[22].startswith("line 99999")
        assert "lines 99,979-100,000 of 100,000" in app.head
        assert len(drawn) < 500
        assert max(drawn) < 24

    inspecting("".join(f"line {number}\n" for number in range(100_000)), use)


def test_find_and_find_on() -> None:
    text = "\n".join(
        f"row {number}{' Needle needle' * (number % 50 == 7)}" for number in range(200)
    )

    async def use(app: Inspecting, pilot: Pilot[None]) -> None:
        await find(pilot, "need")
        assert "found 1 of 8" in app.head
        await pilot.press("enter", "n", "n")
        assert "found 3 of 8" in app.head
        assert any("row 57" in line for line in app.lines)
        await pilot.press("N", "N", "N")
        assert "found 8 of 8" in app.head
        assert any("row 157" in line for line in app.lines)
        await find(pilot, "absent")
        assert "not found" in app.head
        await pilot.press("escape")
        assert app.screen is app.inspector, "Escape left the search, and not the inspector"
        await pilot.press("escape")
        assert app.screen is not app.inspector

    inspecting(text, use)


def test_what_is_found_is_marked() -> None:
    async def use(app: Inspecting, pilot: Pilot[None]) -> None:
        await find(pilot, "b", "enter")
        strip = app.inspector.view.render_line(0)
        seen = [segment for segment in strip if segment.text.strip()]
        styled = {each.text: each.style and each.style.bgcolor for each in seen}
        assert list(styled) == ["a", "b", "c"]
        assert styled["b"] != styled["a"] == styled["c"]

    inspecting("abc", use)


def test_nothing_of_the_other_side_gets_to_the_terminal_or_is_taken_for_markup() -> None:
    async def use(app: Inspecting, pilot: Pilot[None]) -> None:
        assert app.lines[1] == "[red]x[/red] y \\xff"
        assert app.lines[2] == "[/] $x 漢字"
        await pilot.press("c")
        assert app.clipboard == "[red]x[/red] \x1b[2Jy \x1b[31m?\n[/] $x 漢字"

    inspecting("[red]x[/red] \x1b[2Jy \x1b[31m\udcff\n[/] $x 漢字", use)


def test_copying_a_part_and_what_is_too_much() -> None:
    async def use(app: Inspecting, pilot: Pilot[None]) -> None:
        view = app.inspector.view
        app.inspector.selections = {view: Selection(Offset(70, 0), Offset(10, 1))}
        await pilot.pause()
        await pilot.press("c")
        assert app.clipboard == "x" * 19, "without the break that wrapping makes"
        app.inspector.clear_selection()
        await pilot.press("c")
        await pilot.pause()
        assert app.clipboard == "x" * 19
        assert any("select a part" in line for line in app.lines)

    inspecting("x" * (LARGEST_COPY + 1), use)


def test_a_cut_text_says_so_and_how_to_get_the_rest() -> None:
    async def use(app: Inspecting, _: Pilot[None]) -> None:
        assert " This is not all of it. Ask again." in app.lines

    inspecting("part", use, cut=True, rest="Ask again.")


def test_it_wraps_anew_and_stays_at_its_place_when_the_window_changes() -> None:
    async def use(app: Inspecting, pilot: Pilot[None]) -> None:
        await find(pilot, "middle", "enter")
        await pilot.resize_terminal(50, 20)
        await pilot.pause()
        assert any("middle" in line for line in app.lines[1:19])

    inspecting("x" * 5000 + "middle" + "y" * 5000, use)
