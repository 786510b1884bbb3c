"""An app with one panel, on a real observation of real servers, with what the tests look at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.pilot import Pilot

from repl_connect.dashboard.observing.observation import Observation
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.dashboard.panels.inspector import InspectorScreen
from repl_connect.dashboard.panels.messages import Inspect, Notice
from repl_connect.dashboard.panels.panel import Panel
from repl_connect.settings import Settings
from repl_connect.targets import target_of

__all__ = ["Host", "hosted"]

PATIENCE = 30.0  # seconds


class Host(App[None]):
    """Does for a panel what the dashboard does. `notices` are the sentences it was told."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "quit", "Quit")]

    def __init__(self, kind: Callable[[Observation], Panel], addresses: Sequence[str]) -> None:
        super().__init__()
        self.animation_level = "none"
        targets = [target_of(address) for address in addresses]
        self.observation = Observation(targets, Settings())
        self.panel = kind(self.observation)
        self.notices: list[str] = []
        self._drawn = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield self.panel

    def on_mount(self) -> None:
        self.observation.on_change = self.panel.show
        self.observation.start()
        self.panel.focus_rows()

    async def on_unmount(self) -> None:
        await self.observation.close()

    def on_notice(self, event: Notice) -> None:
        self.notices.append(event.text)

    def on_inspect(self, event: Inspect) -> None:
        self.push_screen(InspectorScreen(event.title, event.text, event.cut, event.rest))

    @property
    def text(self) -> str:
        """What is on the screen."""
        lines = self.screen._compositor.render_strips()
        return "\n".join(line.text.rstrip() for line in lines)

    @property
    def rows(self) -> list[str]:
        """The rows of the panel's table, cells parted by `|`."""
        return ["|".join(cells) for cells in self.panel.table.texts]

    @property
    def only(self) -> ObservedTarget:
        """The one target."""
        (target,) = self.observation.targets
        return target


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Let the app go on until the condition holds; fails with the screen if it never does."""
    app = pilot.app
    assert isinstance(app, Host)
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.01)
        await pilot.pause()
    except TimeoutError:
        raise AssertionError(f"never so; the screen:\n{app.text}\n{app.notices}") from None


@asynccontextmanager
async def hosted(
    kind: Callable[[Observation], Panel], *addresses: str, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    """A panel of this kind on a screen, when all targets are connected."""
    app = Host(kind, addresses)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: all(each.connected for each in app.observation.targets))
        yield app, pilot
