"""The dashboard as one uses it: its keys, on real servers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from dashboard.conftest import Serve
from dashboard.stage import Stage, play, staged
from textual.widgets import Input

from repl_connect.address import TcpAddress
from repl_connect.dashboard.answer_card import AnswerCard
from repl_connect.dashboard.command_line import CommandLine
from repl_connect.dashboard.failure import failure_words
from repl_connect.dashboard.help import HelpScreen
from repl_connect.dashboard.keys import groups
from repl_connect.dashboard.observing.answer import AnswerState
from repl_connect.dashboard.observing.records import State
from repl_connect.dashboard.palette import DashboardCommands
from repl_connect.dashboard.panels.inspector import InspectorScreen
from repl_connect.lan.service import Found
from repl_connect.live_servers import Change, announced
from repl_connect.settings import Settings

_LOOP = "import time\nwhile True: time.sleep(0.01)"
_HELD = """
import contextlib, threading
def work():
    with contextlib.suppress(ZeroDivisionError), server.continuable("step"):
        1 / 0
threading.Thread(target=work, daemon=True).start()
"""


def test_a_form_goes_to_what_is_marked(serve: Serve) -> None:
    async def story() -> None:
        async with staged("./one.sock", "./two.sock", "./gone.sock", up=2) as stage:
            await stage.shows("./one.sock __main__>")
            (answer,) = await stage.send("name")
            assert answer.values == ["'first'"]
            await stage.press("escape", "down")
            await stage.until(lambda: "./two.sock" in stage.part("#entry"))
            await stage.press("space")
            assert "✓● ./two.sock" in stage.part("#targets")
            await stage.press("a")
            assert "3 marked >" in stage.part("#entry")
            await stage.send("print(name)")
            await stage.shows("2 ok · 1 unreachable · print(name)", "│first", "│second")
            await stage.shows("./gone.sock is not connected", "unreachable · 0 ms")
            await stage.press("escape", "a")
            await stage.until(lambda: "marked" not in stage.part("#entry"))

    serve("one", {"name": "first"})
    serve("two", {"name": "second"})
    play(story())


def test_rounds_and_the_inspector(serve: Serve) -> None:
    async def story() -> None:
        async with staged("./one.sock") as stage:
            await stage.press("left_square_bracket")  # there is none yet
            await stage.shows("No form was sent yet")
            await stage.send("1 + 1")
            await stage.send("'x' * 5000")
            await stage.shows("2/2 ok", "⋯ 5,003 characters, Enter: all")
            await stage.press("escape", "left_square_bracket")
            await stage.shows("1/2 ok", "│2")
            await stage.press("left_square_bracket", "right_square_bracket")
            await stage.shows("2/2 ok")
            await stage.press("2", "enter")
            await stage.until(lambda: isinstance(stage.app.screen, InspectorScreen))
            await stage.shows("'xxxxx")
            await stage.press("ctrl+c")
            await stage.until(lambda: isinstance(stage.app.focused, AnswerCard))

    serve("one")
    play(story())


def test_a_target_that_goes_and_comes_back(serve: Serve) -> None:
    async def story() -> None:
        async with staged("./one.sock", "./two.sock") as stage:
            await stage.press("a")
            answers = await stage.send(_LOOP, ends=False)
            await stage.shows("2 running", "evaluates for")
            first.close()
            await stage.state(0, State.LOST)
            await stage.shows("1 lost", "connecting again")
            assert answers[0].state is AnswerState.LOST
            assert answers[1].state is AnswerState.RUNNING
            await stage.press("escape", "i")
            await stage.until(lambda: answers[1].state is AnswerState.INTERRUPTED)
            await stage.press("1")
            await stage.shows("the other side closed the connection")
            serve("one")
            await stage.press("r")
            await stage.state(0, State.UP)
            await stage.press("x")
            await stage.state(0, State.CLOSED)
            await stage.shows("disconnected")
            await stage.press("o")
            await stage.shows("A browser has no terminal to give")

    first = serve("one")
    serve("two")
    play(story())


def test_ctrl_c_never_quits(serve: Serve) -> None:
    async def story() -> None:
        async with staged("./one.sock") as stage:
            await stage.press("ctrl+c")
            await stage.shows("evaluates nothing")
            (answer,) = await stage.send(_LOOP, ends=False)
            await stage.type("half a line")
            await stage.press("ctrl+c")
            assert stage.app.query_one(CommandLine).text == ""
            assert not answer.ended
            await stage.press("ctrl+c")
            await stage.until(lambda: answer.state is AnswerState.INTERRUPTED)
            await stage.press("escape", "f1")
            await stage.until(lambda: isinstance(stage.app.screen, HelpScreen))
            await stage.press("ctrl+c", "ctrl+c", "ctrl+c")
            assert stage.app.is_running
            assert not isinstance(stage.app.screen, HelpScreen)

    serve("one")
    play(story())


def test_what_is_typed(serve: Serve) -> None:
    async def story() -> None:
        async with staged("./one.sock") as stage:
            line = stage.app.query_one(CommandLine)
            await stage.press("enter")
            assert stage.app.focused is line
            await stage.type("def f():")
            await stage.press("enter")
            await stage.type("  return 7")
            await stage.press("enter", "enter")
            await stage.until(lambda: line.text == "")
            await stage.type("f()")
            await stage.press("enter")
            await stage.shows("│7")
            await stage.press("up")
            assert line.text == "f()"
            await stage.press("up")
            assert line.text.startswith("def f():\n")
            await stage.press("down", "down", "down")
            assert line.text == ""
            await stage.type("q?")  # what is a key elsewhere
            assert line.text == "q?"
            await stage.press("ctrl+j")
            assert line.text == "q?\n"
            await stage.press("ctrl+c", "enter")
            assert len(stage.app.observation.answers) == 2

    serve("one")
    play(story())


def test_a_program_asks_for_input(serve: Serve) -> None:
    async def story() -> None:
        async with staged("./one.sock") as stage:
            (answer,) = await stage.send("input('who? ')", ends=False)
            await stage.shows("Enter gives input", "who?")
            await stage.press("escape", "2", "enter")
            await stage.shows("asks for input")
            await stage.type("ada")
            await stage.press("enter")
            await stage.until(lambda: answer.ended)
            assert answer.values == ["'ada'"]
            (answer,) = await stage.send("import getpass; getpass.getpass()", ends=False)
            await stage.until(lambda: answer.state is AnswerState.NEEDS_INPUT)
            await stage.press("escape", "2", "enter")
            await stage.until(lambda: isinstance(stage.app.focused, Input))
            assert stage.app.screen.query_one(Input).password is answer.secret
            await stage.press("escape")
            assert not answer.ended

    serve("one")
    play(story())


def test_targets_are_added_and_removed(serve: Serve) -> None:
    async def story() -> None:
        settings = Settings({"dashboard.theme": "nord"})
        problems = ["config.toml:3: wrong"]
        async with staged(settings=settings, problems=problems, theme="nrod") as stage:
            await stage.shows("There is no target", "Nothing was printed yet")
            await stage.shows("config.toml:3: wrong", "did you")
            await stage.press("colon")
            await stage.type("1")
            await stage.press("enter")
            await stage.shows("no target to send it to")
            await stage.press("escape", "plus")
            await stage.type("nowhere")
            await stage.press("enter")
            await stage.shows("is no address")
            await stage.press("plus")
            await stage.type("./one.sock")
            await stage.press("enter")
            await stage.state(0, State.UP)
            await stage.shows("● ./one.sock")
            await stage.press("minus")
            await stage.until(lambda: "./one.sock" not in stage.part("#targets"))
            await stage.press("o", "space", "i", "f", "minus")  # nothing is there for them
            await stage.press("q")
            await stage.until(lambda: not stage.app.is_running)

    serve("one")
    play(story())


def test_all_keys_are_in_the_help_and_in_the_palette(serve: Serve) -> None:
    async def story() -> None:
        async with staged("./one.sock", size=(90, 40)) as stage:
            app = stage.app
            found = groups(app, app.screen)
            keys = [key for group in found for key in group.keys]
            assert all(len({key.shown for key in each.keys}) == len(each.keys) for each in found)
            titles = [group.title for group in found]
            assert titles[:3] == ["Everywhere", "Targets", "Log"]
            assert {"Jobs", "Watches", "Held", "Command line"} <= set(titles)
            hits = [hit async for hit in DashboardCommands(app.screen).discover()]
            names = {str(hit.display) for hit in hits if hasattr(hit, "display")}
            assert {key.what for key in keys} <= names
            assert {"open ./one.sock", "log of ./one.sock"} <= names
            await stage.press("question_mark")
            await stage.shows("Show all keys", "Mark the target")
            await stage.press("escape", "ctrl+p")
            await stage.type("log of")
            await stage.shows("log of ./one.sock")
            await stage.press("down", "enter")
            await stage.shows("only ./one.sock")
            await stage.press("ctrl+p")
            await stage.type("Watch")
            await _choose(stage, "Watch")
            await stage.until(lambda: app.tabs.active == "watches", "its tab is shown")

    serve("one")
    play(story())


async def _choose(stage: Stage, text: str) -> None:
    """Take the first thing that the palette has found."""
    await stage.shows(text)
    await stage.press("down", "enter")


def test_tabs_by_key_and_a_held_program(serve: Serve) -> None:
    async def story() -> None:
        async with staged("./one.sock") as stage:
            for key, text in (
                ("3", "No jobs."),
                ("4", "No watches."),
                ("5", "this dashboard"),
                ("2", "No form was sent yet"),
                ("1", "Connected: Python"),
            ):
                await stage.press(key)
                await stage.shows(text)
            await stage.send(_HELD)
            await stage.shows("1 held: 6 shows it", "6 Held 1", "held by an error")
            await stage.press("escape", "6")
            await stage.shows("ZeroDivisionError")

    namespace: dict[str, object] = {}
    namespace["server"] = serve("one", namespace)
    play(story())


def test_what_begins_to_listen_comes_by_itself_and_what_is_announced_is_offered(
    serve: Serve,
) -> None:
    async def story() -> None:
        async with staged("./one.sock", adds=True) as stage:
            server = serve("later")
            await stage.state(1, State.UP)
            await stage.shows("./later.sock")
            server.close()
            await stage.state(1, State.LOST)
            found = Found("sim on attic:4005", TcpAddress("192.0.2.1", 4005), token=True)
            stage.app.newcomers._take([Change("joined", announced(found))])
            await stage.shows("New: on the network as sim on attic:4005. + adds it.")
            assert len(stage.app.observation.targets) == 2
            names = {each.name for each in DashboardCommands(stage.app.screen)._commands()}
            assert "add 192.0.2.1:4005" in names
            await stage.press("plus")
            assert stage.app.screen.query_one(Input).value == "192.0.2.1:4005"
            stage.app.newcomers._take([Change("left", announced(found))])
            assert stage.app.newcomers.offers == []

    serve("one")
    play(story())


def test_no_key_overtakes_another(serve: Serve) -> None:
    async def story() -> None:
        async with staged("./one.sock", "./two.sock") as stage:
            await stage.press("a", "colon", "q", "slash", "ctrl+c", "escape", "plus", "x")
            assert stage.app.screen.query_one(Input).value == "x"
            await stage.press("escape")
            await stage.shows("2 marked >")
            assert stage.app.query_one(CommandLine).text == ""
            assert stage.app.focused is stage.app.targets_table

    serve("one")
    serve("two")
    play(story())


def test_errors_of_its_own_are_told_in_two_lines(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(here))
    kept = here / "repl-connect" / "dashboard-failure.txt"

    async def aside() -> None:
        async with staged(size=(160, 24)) as stage:
            asyncio.get_running_loop().call_soon(list[int]().pop)
            await stage.shows("The dashboard has failed: Index")
            assert "Traceback" in kept.read_text()
            monkeypatch.setattr(stage.app, "action_follow", lambda: {"y": 1}["x"])
            await stage.press("f")
            assert isinstance(stage.app.failed, KeyError)

    with pytest.raises(KeyError):
        play(aside())
    assert "Traceback" not in "".join(capfd.readouterr())
    kept.unlink()
    kept.mkdir()
    words = failure_words(KeyError("x\x1b"))
    assert words.startswith("The dashboard has failed: KeyError: 'x\\x1b'. The programs run on.\n")
    assert words.endswith("Is a directory.")
