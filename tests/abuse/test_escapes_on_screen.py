"""Escape sequences in every text that a server can send: the terminal obeys none of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from abuse.evil_answers import tells_evil
from abuse.odd_answers import EVIL_PARTS
from adapters.prompts import environment
from client.command import COMMAND
from client.fakes import FakeServer
from terminal import Terminal

_LINES = (
    *("1", "boom", ",traceback", "refused", ",doc x", ",source x", ",apropos x", ",jobs"),
    *(",result x", ",who", ",held", ",sessions", ",version", ",connection", ",ns", ",events"),
    *(",watch x 1", ",retry", ",pending", ",submit 1", ",cancel x", ",log", ",session new"),
)


def test_the_prompt_lets_none_through(tmp_path: Path, proof: Callable[..., None]) -> None:
    with (
        FakeServer(tells_evil, None) as server,
        Terminal(
            [*COMMAND, "--dialect", "nrepl", server.address],
            environment=environment(tmp_path),
            timeout=30,
            columns=200,
        ) as terminal,
    ):
        terminal.wait_for("^[]0;31337^G")  # the namespace, as it is shown
        for number, line in enumerate(_LINES):
            terminal.enter(line)
            terminal.enter(f",set x{number}")  # what is said of it comes when the rest is done
            terminal.wait_for(f"x{number}")
        terminal.send("xx")
        terminal.press("tab", "f1")
        terminal.wait_quiet()
        terminal.press("escape", "ctrl-c")
        terminal.enter("ask")
        terminal.wait_for("input>")
        terminal.enter("answer")
        terminal.enter(",set last")
        terminal.wait_for("last")
        terminal.press("ctrl-d")
        assert terminal.wait_exit() == 0
        raw = bytes(terminal.raw)
    for part in EVIL_PARTS:
        assert part.encode() not in raw, ascii(part)
    assert b"Traceback" not in raw
    proof(
        "escape sequences in every text: title, clipboard, modes, questions, 8-bit codes",
        "the prompt on a terminal",
        "none reaches the terminal",
        times=len(_LINES),
    )
