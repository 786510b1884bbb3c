"""Clients that are killed while something of theirs runs in a program that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from client.command import COMMAND, start
from faults.counting import SECONDS, Ran
from faults.endless import ALL_MODES, MOMENTS, Endless
from mapping.command import begin_map
from proofs import Prove
from server.running import Running
from terminal import Terminal


@pytest.fixture(params=ALL_MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def endless(directory: Path, mode: str) -> Iterator[Endless]:
    with (
        Running(mode, directory / "app.sock") as program,
        Ran(directory / "ran") as ran,
    ):
        yield Endless(program, ran)


WHAT: Final = "kill -9 of the client during a loop, a flood of output, a read"


def test_eval_is_killed(endless: Endless, mode: str, proof: Prove) -> None:
    for number, moment in enumerate(MOMENTS, 1):
        client = start(endless.program.address, f"{moment}()")
        endless.ran.wait("be" * (number - 1) + "b")
        client.kill()
        client.communicate()
        endless.ran.wait("be" * number)
        endless.is_as_before()
    proof(
        WHAT,
        f"`repl-connect eval`, Python server ({mode})",
        "what ran is stopped; threads, descriptors and sessions are as before",
        len(MOMENTS),
    )


def test_map_is_killed(endless: Endless, mode: str, proof: Prove) -> None:
    for number, moment in enumerate(MOMENTS, 1):
        client = begin_map(endless.program.address, f"{moment}()")
        if moment == "ask":  # nobody is there to be asked: it is the end of input
            client.communicate(timeout=SECONDS)
            endless.ran.wait("be" * number)
        else:
            endless.ran.wait("be" * (number - 1) + "b")
        client.kill()
        client.communicate()
        endless.ran.wait("be" * number)
        endless.is_as_before()
    proof(
        WHAT,
        f"`repl-connect map`, Python server ({mode})",
        "what ran is stopped (a read meets the end of input); all is as before",
        len(MOMENTS),
    )


def test_the_prompt_is_killed(endless: Endless, mode: str, proof: Prove) -> None:
    for number, moment in enumerate(MOMENTS, 1):
        with Terminal([*COMMAND, endless.program.address]) as terminal:
            terminal.wait_for_current("__main__>")
            terminal.enter(f"{moment}()")
            endless.ran.wait("be" * (number - 1) + "b")
            terminal.child.kill(9)
            terminal.wait_exit()
        endless.ran.wait("be" * number)
        endless.close_kept()
        endless.is_as_before()
    proof(
        WHAT,
        f"prompt, Python server ({mode})",
        "what ran is stopped; the session is kept a minute, then all is as before",
        len(MOMENTS),
    )
