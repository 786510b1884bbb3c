"""Neovim, and the line to a Python program fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults.counting import counted
from faults.editing import Line, the_line_fails
from nvim.editor import Editor
from nvim.test_host import host_of, log, state
from nvim.versions import VERSIONS, executable
from proofs import Prove


class _Neovim:
    """A Neovim as the story has it."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor

    def connect(self, address: str) -> None:
        self._editor.open("work.py", "", "python")
        self._editor.command(f"ReplConnect {address}")
        self.until_connected()

    def send(self, code: str) -> None:
        self._editor.command(f"ReplEval {code}")

    def until_value(self, value: str) -> None:
        self._editor.until(lambda: f"=> {value}" in log(self._editor), f"the value {value}")

    def until_lost(self, times: int) -> None:
        said = "how it ended is not known"
        self._editor.until(lambda: self._editor.messages().count(said) == times, said)

    def until_connected(self) -> None:
        self._editor.until(lambda: state(self._editor) == ["connected"], "it is connected")

    def answer_a_key(self) -> None:
        self._editor.type("ggdGiabc<Esc>")
        self._editor.until(lambda: self._editor.lines() == ["abc"], "what was typed")


def test_neovim_over_a_line_that_fails(directory: Path, between: Line, proof: Prove) -> None:
    found = [path for path in map(executable, VERSIONS) if path is not None]
    if not found:
        pytest.skip("needs Neovim")
    with Editor(found[-1]) as editor:
        the_line_fails(_Neovim(editor), "Neovim, Python server", directory, between, proof)
        host = counted(host_of(editor))
        assert (host.threads, host.sockets) <= (2, 6)
