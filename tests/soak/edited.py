"""Neovim with the plugin's host, and Emacs with the package, that evaluate again and again."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.processes import python_server
from bench.rows import Skipped
from soak.figures import Use, held

__all__ = ["emacs", "neovim"]

_HERE: Final = Path(__file__).parent
_AGAIN: Final = """
local count = ...
_G.left = count
local function again()
  if _G.left == 0 then return true end
  _G.left = _G.left - 1
  vim.cmd('ReplEvalBuffer')
end
if not _G.soaking then
  _G.soaking = vim.api.nvim_create_autocmd('User', {
    pattern = 'ReplEvaluated', callback = function() vim.schedule(function() _G.again() end) end })
end
_G.again = function() if again() then _G.finished = true end end
_G.finished = false
_G.again()
"""


@contextlib.contextmanager
def neovim(which: str, directory: Path) -> Iterator[Use]:
    """A buffer that is evaluated as a whole: what Neovim holds, or (`host`) its Python process."""
    from editors.isolated import Home
    from nvim.editor import Editor
    from nvim.versions import VERSIONS, executable

    there = [found for version in VERSIONS if (found := executable(version)) is not None]
    if not there:
        raise Skipped("Neovim is not installed")
    with python_server(directory) as path, Editor(there[-1], watchdog=36_000) as editor:
        editor.open("soak.py", "40 + 2\nprint('printed')\n")
        editor.command(f"ReplConnect {path}")
        editor.until_said(path)
        home: Home = editor.isolated
        (host,) = home.processes()
        pid = host if which == "host" else editor.process.pid

        def part(evaluations: int, _: int) -> None:
            editor.lua(_AGAIN, evaluations)
            editor.until(lambda: editor.lua("return _G.finished"), "it has ended", 36_000)

        yield Use(part, lambda: held(pid), warm=500)


@contextlib.contextmanager
def emacs(directory: Path) -> Iterator[Use]:
    """An Emacs without a screen: what its client, its REPL buffer and its evaluations hold."""
    from emacs.isolated import EMACS, PACKAGE, QUIET, Isolated

    if EMACS is None:
        raise Skipped("Emacs is not installed")
    with (
        python_server(directory) as path,
        tempfile.TemporaryDirectory(prefix="rs-", dir="/tmp") as home,
        subprocess.Popen(
            [
                *(EMACS, "-Q", "--batch", "--eval", QUIET, "-L", str(PACKAGE)),
                *("-l", str(_HERE / "soak.el"), "--eval", f'(soak-run "{path}")'),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=Isolated(Path(home)).environment,
        ) as process,
    ):
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def part(evaluations: int, _: int) -> None:
            stdin.write(b"%d\n" % evaluations)
            stdin.flush()
            while (line := stdout.readline()) != b"done\n":
                if not line:
                    raise RuntimeError(f"Emacs has ended: {process.wait()}")

        try:
            yield Use(part, lambda: held(process.pid), warm=500)
        finally:
            process.kill()
