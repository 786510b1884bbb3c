"""The prompt in tmux: another terminal than the one of the other tests, with its own opinions."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt.conftest import CLIENT, StartServer
from tmux import Tmux

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


@pytest.fixture
def tmux(start_server: StartServer, tmp_path: Path) -> Iterator[Tmux]:
    path = ":".join(path for path in sys.path if path)
    terminal = Tmux(
        f"env XDG_STATE_HOME={tmp_path} REPL_CONNECT_PROMPT__TIMING=-1 "
        f"PYTHONPATH={shlex.quote(path)} "
        f"{sys.executable} {CLIENT} {start_server('python').path}"
    )
    terminal.wait_for("__main__>")
    yield terminal
    terminal.close()


def test_in_tmux(tmux: Tmux) -> None:
    tmux.send("tick(15)")
    tmux.press("Enter")
    tmux.wait_for("tick 3")
    tmux.send("add(1, ")
    tmux.wait_for("tick 14\n__main__> add(1,")
    tmux.send("2)")
    tmux.press("Enter")
    tmux.wait_for("add(1, 2)\n3\n")
    tmux.paste("def f():\n\n    return 1\n")
    tmux.wait_for("...     return 1")
    tmux.press("C-c")
    tmux.resize(60, 10)
    tmux.send("wait()")
    tmux.press("Enter")
    tmux.wait_for("waiting")
    tmux.press("C-c")
    tmux.wait_for("interrupted")
    tmux.send("boom()")
    tmux.press("Enter")
    tmux.wait_for("ZeroDivisionError: boom!")
