"""Whole screens, held against the ones that are kept in `snapshots/`.

With `WRITE_SNAPSHOTS=1` in the environment they are written anew, to be looked at before they are
kept.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from dashboard.conftest import Serve
from dashboard.stage import Stage, play, staged

from repl_connect.address import parse_address
from repl_connect.dashboard.answer_card import AnswerCard
from repl_connect.dashboard.observing.answer import Answer
from repl_connect.settings import Partner
from repl_connect.targets import Target

SNAPSHOTS = Path(__file__).parent / "snapshots"
SIZES = ((80, 24), (170, 30))


def _partner(name: str) -> Target:
    path = f"./{name}.sock"
    return Target(parse_address(path), None, Partner(name, path))


def _end_in_no_time(answers: list[Answer]) -> None:
    for answer in answers:
        answer._took = 0.02


async def _taken(stage: Stage, name: str) -> dict[str, str]:
    """The screen in all sizes, by the names of their files."""
    screens = {}
    for columns, rows in (*SIZES[1:], SIZES[0]):
        await stage.pilot.resize_terminal(columns, rows)
        await stage.pilot.pause(0.1)
        screens[f"{name}-{columns}x{rows}.txt"] = _steady(stage)
    return screens


async def _screens(stage: Stage) -> dict[str, str]:
    """The screens; what differs from time to time is taken out or made the same."""
    await stage.press("a")
    _end_in_no_time(await stage.send("print('Grüße', name)\nname * 3"))
    for card in stage.app.query(AnswerCard):
        card.show()
    await stage.shows("ok · 20 ms")
    screens = await _taken(stage, "answers")
    await stage.press("escape", "a")
    await stage.send("1 / 0")
    await stage.press("escape", "slash")
    await stage.type("Div")
    await stage.press("enter")
    await stage.shows("1 line", "ZeroDivisionError")
    screens |= await _taken(stage, "log")
    await stage.press("3", "f1")
    await stage.shows("Show all keys")
    return screens | await _taken(stage, "help")


def _steady(stage: Stage) -> str:
    """The screen without times: the latency and its trend, the clock of the log's lines."""
    lines = stage.screen.split("\n")
    column = lines[0].find("latency")
    last = 2 + len(stage.app.observation.targets)
    width = column + 17
    for row in range(1, last):
        if column >= 0:
            lines[row] = (lines[row][:column] + " " * 17 + lines[row][width:]).rstrip()
    return "\n".join(_clockless(line) for line in lines) + "\n"


def _clockless(line: str) -> str:
    return re.sub(r"\d\d:\d\d:\d\d", "12:34:56", line)


def test_screens(serve: Serve) -> None:
    async def story() -> None:
        async with staged(_partner("sim"), _partner("web"), size=SIZES[0]) as stage:
            screens = await _screens(stage)
        for name, screen in screens.items():
            kept = SNAPSHOTS / name
            if os.environ.get("WRITE_SNAPSHOTS"):
                kept.write_text(screen)
            assert screen == kept.read_text(), f"{name}: WRITE_SNAPSHOTS=1 writes it anew"

    serve("sim", {"name": "sim"})
    serve("web", {"name": "web"})
    play(story())
