"""Answers of any type to everything that is asked: no front end fails of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from abuse.odd_answers import EVIL_PARTS, answers_oddly
from client.command import repl_connect
from client.fakes import FakeServer

from repl_connect.prompt.commands.table import COMMANDS

SEEDS = range(2)
_LEAVING = {"quit", "q", "exit", "edit", "reconnect", "tour", "load", "pipe", "save", "page"}


def prompt_commands() -> str:
    """Each command of the prompt that asks the other side, with and without an argument."""
    names = [name for command in COMMANDS for name in command.names if name not in _LEAVING]
    return "".join(f",{name}\n,{name} x\n" for name in names) + "x\n,frame 0 x\n,doc\n"


@pytest.mark.parametrize("seed", SEEDS)
def test_every_command_of_the_prompt_takes_them(seed: int, proof: Callable[..., None]) -> None:
    with FakeServer(answers_oddly(seed), None) as server:
        done = repl_connect(
            "--plain", "--dialect", "nrepl", server.address, stdin=prompt_commands()
        )
    assert "Traceback" not in done.err
    assert done.code in {0, 1}
    proof(
        "answers with known keys and values of any type",
        "every command of the prompt",
        "shown or passed over; it goes on",
        times=len(SEEDS),
    )


COMMAND_LINES = (
    ("eval", "--json", "ADDRESS", "1"),
    ("op", "ADDRESS", "lookup", "sym=x"),
    ("jobs", "ADDRESS"),
    ("result", "ADDRESS", "7", "--no-wait"),
    ("cancel", "ADDRESS", "7"),
    ("doctor", "ADDRESS"),
    ("map", "ADDRESS", "1"),
)


@pytest.mark.parametrize("line", COMMAND_LINES, ids=lambda line: line[0])
def test_every_command_of_the_shell_takes_them(
    line: tuple[str, ...], proof: Callable[..., None], tmp_path: Path
) -> None:
    with FakeServer(answers_oddly(1), None) as server:
        words = [server.address if word == "ADDRESS" else word for word in line]
        done = repl_connect(*words, directory=tmp_path)
    assert "Traceback" not in done.err
    assert done.code in range(7)
    assert not any(part in done.err for part in EVIL_PARTS)
    proof(
        "answers with known keys and values of any type",
        f"`repl-connect {line[0]}`",
        "shown, or said in a sentence",
    )
