"""Output faster than it can be shown: the log is bounded, and says what is not in it."""

from __future__ import annotations

import re

from editors.programs import Program
from nvim.editor import Editor

LINES = 50_000


def flooded(editor: Editor, program: Program, code: str) -> list[str]:
    """The log, after an evaluation of this code that prints `the end` at its end.

    What was printed is a comment there; here it is as it was printed.
    """
    editor.open("flood.py", code)
    editor.command(f"ReplConnect {program.address}")
    editor.until_said(program.address)
    editor.command("ReplLog")
    editor.command("wincmd p")
    editor.command("ReplEvalBuffer")
    editor.until(
        lambda: editor.lua("return #require('repl_connect.evaluations').running()") == 0,
        "it has ended",
    )
    editor.until(lambda: "the end" in printed(editor)[-5:], "all was shown")
    return printed(editor)


def printed(editor: Editor) -> list[str]:
    return [line.removeprefix("# (out) ") for line in editor.lines("repl-connect://")]


def test_fifty_thousand_lines(editor: Editor, python_server: Program) -> None:
    lines = flooded(
        editor, python_server, f"for i in range({LINES}): print('line', i)\nprint('the ' + 'end')"
    )
    assert len(lines) <= editor.lua("return require('repl_connect.settings').get('log_lines')") + 1
    assert f"line {LINES - 1}" in lines
    assert "dropped" in "\n".join(lines)
    kept = [line for line in lines if line.startswith("line ")]
    assert all(re.fullmatch(r"line \d+", line) for line in kept)
    numbers = [int(line.split()[1]) for line in kept]
    assert numbers == sorted(numbers)


def test_a_limit_of_ones_own(editor: Editor, python_server: Program) -> None:
    editor.lua("vim.g.repl_connect_log_lines = 200")
    lines = flooded(
        editor, python_server, f"for i in range({LINES}): print('line', i)\nprint('the ' + 'end')"
    )
    assert len(lines) <= 201
    assert "g:repl_connect_log_lines" in lines[0]


def test_one_line_that_has_no_end(editor: Editor, python_server: Program) -> None:
    lines = flooded(
        editor,
        python_server,
        "for i in range(3000): print('x' * 1000, end='')\nprint()\nprint('the ' + 'end')",
    )
    assert sum(map(len, lines)) < 4_000_000
