"""Neovim with the plugin: whether it stays responsive, what it costs unused, what a key costs.

Each version of Neovim that is found is measured, by its pynvim: as the tests drive it.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.processes import LONG, pinned_to, python_server
from bench.rows import Row, Skipped, percentile, times

if TYPE_CHECKING:
    from nvim.editor import Editor

__all__ = ["evaluation", "flood", "start"]

_LINES: Final = 50_000
_TIMER: Final = """
_G.longest, _G.last = 0, vim.loop.hrtime()
_G.most_used, _G.used = 0, os.clock()
_G.timer = vim.loop.new_timer()
_G.timer:start(0, 5, vim.schedule_wrap(function()
  local now = vim.loop.hrtime()
  _G.longest = math.max(_G.longest, now - _G.last - 5e6)
  _G.last = now
  local used = os.clock()
  _G.most_used = math.max(_G.most_used, used - _G.used)
  _G.used = used
end))
"""
"""Lua that notes how much longer than 5 ms the editor has not come to do what was due.

And how much of the processor it has used in between, which others' use of the machine does not add
to.
"""


def _versions() -> list[tuple[str, Path]]:
    from nvim.versions import VERSIONS, executable

    found = [(version, executable(version)) for version in VERSIONS]
    there = [(version, path) for version, path in found if path is not None]
    if not there:
        raise Skipped("neither Neovim 0.7 nor 0.11 is installed")
    return there


@contextmanager
def _editing(program: Path, address: str, text: str) -> Iterator[Editor]:
    """An editor with this text, connected, and the log in a window beside it."""
    from nvim.editor import Editor

    with Editor(program, watchdog=300) as editor:
        editor.open("bench.py", text)
        editor.command(f"ReplConnect {address}")
        editor.until_said(address)
        editor.command("ReplLog")
        editor.command("wincmd p")
        yield editor


def _running(editor: Editor) -> bool:
    return bool(editor.lua("return #require('repl_connect.evaluations').running() > 0"))


def flood(directory: Path, *, quick: bool) -> list[Row]:
    """The longest that Neovim does nothing else, while 50,000 lines are printed into the log.

    Of some times the best counts: whatever else the machine does only adds to it.
    """
    rows = []
    for version, program in _versions():
        with (
            python_server(directory) as path,
            _editing(
                program, path, f"for i in range({_LINES}): print('line', i)\nprint('the ' + 'end')"
            ) as editor,
        ):
            longest, used = [], []
            for _ in range(3 if quick else 9):
                editor.lua(_TIMER)
                editor.command("ReplEvalBuffer")
                editor.until(lambda: not _running(editor), "it has ended", LONG)
                longest.append(editor.lua("_G.timer:stop() return _G.longest") / 1e6)
                used.append(editor.lua("return _G.most_used") * 1e3)
            stall = min(longest)
        name = f"longest stall, 50,000 lines, {version}"
        note = f"{min(used):.1f} ms of it at work"
        rows.append(Row(name, stall, 50.0, "the aim", stall / 50, 1.0, unit="ms", note=note))
    return rows


def start(directory: Path, *, quick: bool) -> list[Row]:
    """Starting Neovim and ending it, with the plugin installed and unused, and without."""
    from nvim.isolated import Isolated

    rows = []
    for version, program in _versions():
        homes = [
            Isolated(Path(tempfile.mkdtemp(dir=directory)), plugin=plugin)
            for plugin in (True, False)
        ]
        samples: list[list[float]] = [[], []]
        for turn in range(21 if quick else 101):
            for home, found in zip(homes, samples, strict=True):
                with pinned_to(0):
                    begun = time.perf_counter()
                    subprocess.run(
                        [program, "--headless", "-c", "qa!"],
                        env=home.environment,
                        cwd=home.project,
                        stdin=subprocess.DEVNULL,
                        capture_output=True,
                        check=True,
                    )
                    if turn:  # the first reads from the disk
                        found.append(time.perf_counter() - begun)
        rows.append(
            times(f"start, unused, {version}", samples[0], samples[1], "without the plugin", 1.15)
        )
    return rows


_KEYED: Final = """
local begun = vim.loop.hrtime()
_G.took = nil
vim.api.nvim_create_autocmd('User', {pattern = 'ReplEvaluated', once = true, callback = function()
  _G.took = vim.loop.hrtime() - begun
end})
vim.cmd('ReplEvalBuffer')
"""


def evaluation(directory: Path, *, quick: bool) -> list[Row]:
    """From the command to the value beside the code, against the server's answer by itself."""
    from driver import Client

    rows = []
    for version, program in _versions():
        mine, theirs = [], []
        with python_server(directory) as path, _editing(program, path, "40 + 2") as editor:
            with Client(path) as client:
                for _ in range(20 if quick else 100):
                    editor.lua(_KEYED)
                    took = editor.until(lambda: editor.lua("return _G.took"), "the value", LONG)
                    mine.append(took / 1e9)
                    begun = time.perf_counter()
                    client.evaluate("40 + 2")
                    theirs.append(time.perf_counter() - begun)
            slow = percentile(mine, 0.9) * 1e3
        note = f"p90 {slow:.1f} ms"
        rows.append(
            times(f"value in the buffer, {version}", mine, theirs, "our client", None, note=note)
        )
    return rows
