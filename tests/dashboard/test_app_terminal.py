"""The dashboard in tmux: a real terminal, real processes, and the terminal client in between."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tmux import Tmux

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

_PROGRAM = """
import sys, time, repl_server
server = repl_server.serve(sys.argv[1], namespace=globals())
print("serving", flush=True)
time.sleep(1000)
"""


@pytest.fixture
def programs(here: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Two programs that serve `./sim.sock` and `./web.sock`."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(here / f"{name}.sock")],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": ":".join(filter(None, sys.path))},
        )
        for name in ("sim", "web")
    ]
    for each in started:
        assert each.stdout is not None
        each.stdout.readline()
    yield started
    for each in started:
        each.kill()
        each.communicate()


def test_in_tmux(programs: list[subprocess.Popen[str]], here: Path) -> None:
    names = ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "REPL_CONNECT_CONFIG")
    settings = [f"{name}={shlex.quote(os.environ[name])}" for name in names]
    path = ":".join(filter(None, sys.path))
    shell = ["env", *settings, f"PYTHONPATH={shlex.quote(path)}", "PS1='shell> '", "bash --norc"]
    terminal = Tmux(" ".join(shell))
    try:
        terminal.wait_for("shell>")
        terminal.send(f"cd {here}; stty -a > before; {sys.executable} -m repl_connect dashboard")
        terminal.press("Enter")
        terminal.wait_for("● ./sim.sock   connected")
        terminal.press("C-c")
        terminal.wait_for("q quits")
        terminal.send("a")
        terminal.wait_for("2 marked")
        terminal.send(":1 + 1")
        terminal.press("Enter")
        terminal.wait_for("2 ok · 1 + 1")
        terminal.press("Escape")
        terminal.wait_for("space Mark")
        terminal.send("o")
        terminal.wait_for("__main__>")
        terminal.send("import time; time.sleep(600)")
        terminal.press("Enter")
        terminal.wait_for("sleep(600)")
        terminal.press("C-c")
        terminal.wait_for("interrupted")
        terminal.press("C-d")
        terminal.wait_for("2 ok · 1 + 1")
        programs[0].kill()
        terminal.wait_for("./sim.sock   nobody there")
        terminal.send(":2 + 2")
        terminal.press("Enter")
        terminal.wait_for("1 ok")
        terminal.wait_for("1 unreachable")
        terminal.press("Escape")
        terminal.wait_for("space Mark")
        terminal.send("q")
        terminal.wait_for("shell>")
        assert "web.sock" not in terminal.screen().rpartition("shell>")[2]
        terminal.send("stty -a > after; cmp before after && echo as it w''as")
        terminal.press("Enter")
        terminal.wait_for("as it was")
    finally:
        terminal.close()
