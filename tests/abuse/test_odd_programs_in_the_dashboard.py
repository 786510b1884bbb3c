"""The dashboard over programs that answer in any type, and in words that a terminal would obey."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from abuse.evil_answers import tells_evil
from abuse.odd_answers import answers_oddly
from client.fakes import FakeServer, Talk
from dashboard.stage import play, staged

from repl_connect.dashboard.bindings import TABS
from repl_connect.targets import target_of

_PANELS = [str(number) for number, _ in enumerate(TABS, 1)]


@pytest.mark.parametrize(
    ("name", "behave"), [("odd", answers_oddly(2)), ("evil", tells_evil)], ids=["odd", "evil"]
)
def test_it_goes_on_and_shows_no_control_character(
    name: str,
    behave: Callable[[Talk], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    proof: Callable[..., None],
) -> None:
    monkeypatch.chdir(tmp_path)

    async def story() -> None:
        target = target_of(server.address)._replace(dialect="nrepl")
        async with staged(target, size=(120, 30)) as stage:
            for form in ("1", "boom", "refused"):
                await stage.send(form)
            await stage.press("escape")
            for key in _PANELS:
                await stage.press(key, "tab", "down", "enter", "escape", "escape")
                assert all(char == "\n" or char.isprintable() for char in stage.screen)
            assert stage.app.is_running

    with FakeServer(behave, None) as server:
        play(story())
    proof(
        "escape sequences in every text" if name == "evil" else "answers of any type",
        "the dashboard, each of its panels",
        "it goes on; no control character is on its screen",
    )
