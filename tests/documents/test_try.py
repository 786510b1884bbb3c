"""`client/try`, in a copy of the checkout, by somebody who has nothing yet."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from documents.reading import Block
from documents.showing import ROOT, block, shows
from documents.user import User
from guile.programs import GUILE


@pytest.mark.skipif(GUILE is None, reason="needs guile")
@shows("README.md#start", "README.md#start (4)")
def test_it_sets_itself_up_and_connects(shown: list[Block], user: User) -> None:
    """The second command is for a Guile program that runs in the same directory."""
    _copy_checkout(user.home)
    places = os.environ["PATH"].split(os.pathsep)
    system = os.pathsep.join(each for each in places if not Path(each, "repl-connect").exists())
    # What is used is compiled when it is.
    variables = {"PATH": system, "PIP_NO_COMPILE": "1"}
    here, there = (step.command for each in shown for step in each.steps)
    terminal = user.terminal(here, environment=variables)
    terminal.wait_for_current("__main__>", 300)
    terminal.enter("6 * 7")
    terminal.wait_for_line("42")
    user.leave(terminal)
    user.write("game.scm", block("README.md#start (3)").text)
    user.program("guile --no-auto-compile game.scm", "has value 5")
    terminal = user.terminal(there, environment=variables)
    terminal.wait_for_current("(guile-user)>")
    user.leave(terminal)


def _copy_checkout(to: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("client", "editors", "server"):
        shutil.copytree(ROOT / name, to / name, ignore=ignored, dirs_exist_ok=True)
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, to)
