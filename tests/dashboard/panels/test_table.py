"""The table: it changes what has changed, and its cursor stays where the user has put it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from rich.text import Text
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from repl_connect.dashboard.panels.table import Heading, KeyedTable, Row

HEADINGS = (
    Heading("path", 6, keeps_end=True),
    Heading("text", 4, 1),
    Heading("more", 6, 0, 60),
)


class Counting(KeyedTable):
    """Counts what it is told to draw anew."""

    updates = 0

    def update_cell(self, *arguments: Any, **named: Any) -> None:
        self.updates += 1
        super().update_cell(*arguments, **named)


class Tabled(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.table = Counting(*HEADINGS)

    def compose(self) -> ComposeResult:
        yield self.table

    def line(self, y: int) -> str:
        return self.screen._compositor.render_strips()[y].text.rstrip()


def on_table(
    use: Callable[[Tabled, Pilot[None]], Awaitable[None]], size: tuple[int, int] = (30, 10)
) -> None:
    async def run() -> None:
        app = Tabled()
        async with app.run_test(size=size) as pilot:
            await use(app, pilot)

    asyncio.run(run())


def row(key: str, text: str = "text", style: str = "") -> Row:
    return Row(key, (Text(key), Text(text, style), Text("more")))


def rows(*keys: str) -> list[Row]:
    return [row(key) for key in keys]


def test_only_rows_that_look_different_are_drawn_anew() -> None:
    async def use(app: Tabled, _: Pilot[None]) -> None:
        table = app.table
        table.fill([row("a"), row("b"), row("c")])
        table.fill([row("a"), row("b"), row("c")])
        assert table.updates == 0
        table.fill([row("a"), row("b", "new"), row("c", style="bold")])
        assert table.updates == 2
        table.fill([row("d"), row("c", style="bold"), row("a")])
        assert table.updates == 2
        assert [cells[0] for cells in table.texts] == ["d", "c", "a"]
        assert [table.get_row_at(place)[0].plain[:1] for place in range(3)] == ["d", "c", "a"]

    on_table(use)


def test_the_cursor_stays_on_its_row() -> None:
    async def use(app: Tabled, pilot: Pilot[None]) -> None:
        table = app.table
        table.fill(rows("b", "c"))
        await pilot.pause()
        app.set_focus(None)
        await pilot.pause()
        table.fill(rows("a", "b", "c"))
        assert table.current == "a", "without focus, it is on what is newest"
        table.focus()
        await pilot.press("down")
        table.fill(rows("z", "a", "b", "c"))
        assert table.current == "b"
        table.fill(rows(*map(str, range(100)), "b"))
        assert table.current == "b", "also when the table is filled anew"
        await pilot.resize_terminal(60, 10)
        await pilot.pause()
        assert table.current == "b"
        table.fill(rows("x", "y"))
        assert table.current in ("x", "y")
        table.fill([])
        assert table.current is None

    on_table(use)


def test_columns_by_width() -> None:
    async def use(app: Tabled, pilot: Pilot[None]) -> None:
        app.table.fill([row("/run/user/app.sock", "漢字" * 20)])
        await pilot.pause()
        assert app.line(0) == "path   text"
        assert app.line(1) == "….sock 漢字漢字漢字漢字漢 …"
        assert app.table.cells_of(2) == 0
        await pilot.resize_terminal(60, 10)
        await pilot.pause()
        assert app.line(0).endswith(" more")
        assert app.line(1).endswith("… more")

    on_table(use)
