"""The log as one reads it while more comes."""

from __future__ import annotations

from dashboard.conftest import Serve
from dashboard.stage import play, staged
from textual.geometry import Offset
from textual.selection import Selection

from repl_connect.dashboard.observing.log import LINES
from repl_connect.dashboard.panels.inspector import InspectorScreen

_MORE = LINES + 500


def test_reading_the_log(serve: Serve) -> None:
    async def story() -> None:
        async with staged("./one.sock", "./two.sock") as stage:
            view = stage.app.log_panel.view
            log = stage.app.observation.log
            await stage.send("for n in range(100): print('line', n)")
            await stage.press("escape", "1")
            await stage.shows("line 99")
            await stage.press("pageup")
            await stage.shows("stopped: 0 new")
            before = [line[:78] for line in stage.part("LogView").split("\n")]  # not the scrollbar
            log.print("./two.sock", "err", "tardy\n")
            stage.app._changed(frozenset(("log",)))  # type: ignore[arg-type]
            await stage.shows("stopped: 1 new, End follows again")
            assert [line[:78] for line in stage.part("LogView").split("\n")] == before
            await stage.press("end")
            await stage.shows("tardy")
            assert view.follows
            await stage.press("f")
            await stage.shows("only ./one.sock")
            assert "tardy" not in stage.screen
            await stage.press("f", "slash")
            await stage.type("NE 7")
            await stage.press("enter")
            await stage.shows("with “NE 7”", "11 lines", "line 79")
            assert "line 80" not in stage.screen
            await stage.press("enter")
            await stage.until(lambda: isinstance(stage.app.screen, InspectorScreen))
            await stage.shows("log, 11 lines")
            await stage.press("escape", "escape")
            await stage.shows("line 99", "tardy")
            await stage.press("y")
            assert stage.app.clipboard.endswith("./two.sock tardy")
            # What the mouse has selected is copied by Ctrl-C, which then interrupts again.
            y = len(view.lines) - 1
            stage.app.screen.selections = {view: Selection(Offset(24, y), Offset(29, y))}
            await stage.press("ctrl+c")
            assert stage.app.clipboard == "tardy"
            await stage.press("ctrl+c")
            await stage.shows("evaluates nothing")

    serve("one")
    serve("two")
    play(story())


def test_only_what_is_on_the_screen_is_drawn(serve: Serve) -> None:
    async def story() -> None:
        async with staged("./one.sock") as stage:
            view = stage.app.log_panel.view
            log = stage.app.observation.log
            drawn = 0
            real = view.render_line

            def render_line(y: int) -> object:
                nonlocal drawn
                drawn += 1
                return real(y)

            view.render_line = render_line  # type: ignore[assignment, method-assign]
            log.print(
                "./one.sock", "out", "".join(f"{n} \x1b[31mred\x1b[2J\n" for n in range(_MORE))
            )
            view.take_new()
            await stage.shows(f"{_MORE - 1} red")
            assert drawn <= 3 * view.size.height
            assert len(view.lines) == LINES
            await stage.shows("10,000 lines", "older ones dropped")
            view.scroll_to(y=5000, animate=False)
            await stage.shows("stopped")
            first = view.lines[view.scroll_offset.y]
            log.print("./one.sock", "out", "more\n" * 100)
            view.take_new()
            assert view.lines[view.scroll_offset.y] == first
            assert not view.follows

    serve("one")
    play(story())
