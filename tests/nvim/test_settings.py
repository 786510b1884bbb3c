"""The settings, whatever they were set to; and the colours."""

from __future__ import annotations

import pytest
from nvim.editor import Editor

GET = "return require('repl_connect.settings').get(...)"


@pytest.mark.parametrize(
    ("name", "given", "meant"),
    [
        ("value_width", "'40'", 40),
        ("value_width", "'wide'", 80),
        ("value_width", "12.7", 12),
        ("value_width", "{}", 80),
        ("flash", "v:false", 0),
        ("signature", "0", False),
        ("signature", "v:false", False),
        ("restarts", "'no'", True),
    ],
)
def test_what_a_setting_is(editor: Editor, name: str, given: str, meant: object) -> None:
    editor.command(f"let g:repl_connect_{name} = {given}")
    assert editor.lua(GET, name) == meant


def test_a_buffer_has_its_own_wherever_one_is(editor: Editor) -> None:
    editor.open("a.py", "1")
    editor.command("let b:repl_connect_flash = 7")
    first = editor.eval("bufnr()")
    editor.open("b.py", "1")
    assert (editor.lua(GET, "flash"), editor.lua(GET, "flash", first)) == (200, 7)
    editor.command(f"bwipeout! {first}")
    assert editor.lua(GET, "flash", first) == 200


def test_a_colour_scheme_leaves_the_highlights(editor: Editor) -> None:
    editor.lua("require('repl_connect.marks'); require('repl_connect.signature')")
    editor.command("highlight ReplConnectFlash gui=italic")
    for scheme in ("blue", "default"):
        editor.command(f"colorscheme {scheme}")
        assert "bold" in editor.lua("return vim.fn.execute('highlight ReplConnectParameter')")
        assert "String" in editor.lua("return vim.fn.execute('highlight ReplConnectValue')")
