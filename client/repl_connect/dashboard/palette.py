"""What the command palette finds: everything that has a key, and what can be done to a target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider

from repl_connect.dashboard.keys import groups
from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.escapes import visible

if TYPE_CHECKING:
    from repl_connect.dashboard.app import Dashboard

__all__ = ["DashboardCommands"]


class _Command(NamedTuple):
    name: str
    help: str
    run: Callable[[], object]


class DashboardCommands(Provider):
    """The commands of the dashboard. Those of a panel show it first."""

    async def discover(self) -> Hits:
        """All of them."""
        for command in self._commands():
            yield DiscoveryHit(command.name, command.run, help=command.help)

    async def search(self, query: str) -> Hits:
        """Those that match."""
        matcher = self.matcher(query)
        for command in self._commands():
            score = matcher.match(command.name)
            if score > 0:
                yield Hit(score, matcher.highlight(command.name), command.run, help=command.help)

    def _commands(self) -> Iterator[_Command]:
        from repl_connect.dashboard.app import Dashboard

        app = self.app
        assert isinstance(app, Dashboard)
        for group in groups(app, self.screen):
            for key in group.keys:
                run = partial(app.do, key)
                yield _Command(key.what, f"{key.shown} · {group.title}", run)
        yield from _of_targets(app)
        known = {each.target.name for each in app.observation.targets}
        for name in (*app.newcomers.offers, *(f"@{each}" for each in app.settings.partners)):
            if name not in known:
                add = partial(app.add, name)
                yield _Command(f"add {visible(name)}", "Watch this target too", add)


def _of_targets(app: Dashboard) -> Iterator[_Command]:
    for target in app.observation.targets:
        name = visible(target.name)
        for verb, what, run in (
            ("open", "The terminal client, and back here with Ctrl-D", app.open_terminal),
            ("go to", "Put the cursor at it", app.go_to),
            ("interrupt", "What it evaluates for this dashboard", app.interrupt),
            ("log of", "Only what it prints", app.follow),
            ("connect again", "Now, and not after the pause", ObservedTarget.reconnect),
            ("disconnect", "Until it is asked for again", ObservedTarget.disconnect),
        ):
            yield _Command(f"{verb} {name}", what, partial(run, target))
