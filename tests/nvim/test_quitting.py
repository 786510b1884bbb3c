"""Leaving Neovim while its host is at work: it ends at once, and so does the host.

`Editor` looks at that at the end of each test; here it is what the test is about.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from editors.programs import Program
from nvim.editor import Editor


@pytest.fixture
def evaluating(
    start_editor: Callable[..., Editor], start_program: Callable[..., Program]
) -> Editor:
    """A Neovim with an evaluation that does not end."""
    editor = start_editor(columns=200)
    program = start_program("python_server")
    editor.open(f"forever{program.suffix}", program.words.forever)
    editor.command(f"ReplConnect {program.address}")
    editor.until_said(program.address)
    editor.command("ReplEvalBuffer")
    editor.until(lambda: "going" in "\n".join(editor.lines("repl-connect://")), "its output")
    return editor


def test_quitting_during_an_evaluation(evaluating: Editor) -> None:
    evaluating.close()


def test_a_neovim_that_is_killed_during_an_evaluation(evaluating: Editor) -> None:
    evaluating.kill()


def test_quitting_when_the_host_has_run_for_long(evaluating: Editor) -> None:
    """A host that ends by itself is started again then; one that ends with Neovim is not."""
    evaluating.lua("local now = vim.loop.now\nvim.loop.now = function() return now() + 1e6 end")
    evaluating.close()
