"""The signature of the call that is being typed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from editors.programs import Program
from nvim.editor import Editor

CURRENT = """
local marks = vim.api.nvim_create_namespace('repl_connect_signature')
for _, window in ipairs(vim.api.nvim_list_wins()) do
  if vim.api.nvim_win_get_config(window).relative ~= '' then
    local buffer = vim.api.nvim_win_get_buf(window)
    local text = vim.api.nvim_buf_get_lines(buffer, 0, 1, false)[1]
    local found = vim.api.nvim_buf_get_extmarks(buffer, marks, 0, -1, { details = true })
    for _, mark in ipairs(found) do
      if mark[4].hl_group == 'ReplConnectParameter' then
        return text:sub(mark[3] + 1, mark[4].end_col)
      end
    end
    return ''
  end
end
"""

WINDOW = """
for _, window in ipairs(vim.api.nvim_list_wins()) do
  if vim.api.nvim_win_get_config(window).relative ~= '' then
    return window
  end
end
"""


@pytest.fixture
def editor(start_editor: Callable[..., Editor]) -> Editor:
    """One that is wide enough for what is said when it has connected."""
    return start_editor(columns=160)


def connect(editor: Editor, program: Program, text: str = "\n\n\n\n") -> None:
    editor.open(f"calls{program.suffix}", text)
    editor.command("set completeopt=menu,menuone,noselect")
    editor.command(f"ReplConnect {program.address}")
    editor.until_said(program.address)


def until_current(editor: Editor, parameter: str | None) -> None:
    """Wait until this parameter is the one that is marked; None: until there is no signature."""
    editor.until(lambda: editor.lua(CURRENT) == parameter, f"{parameter} is the current one")


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        ("python_server", [("isinstance(", "obj"), ("1, ", "class_or_tuple"), ("int)", None)]),
        ("guile_program", [("(iota ", "count"), ("3 ", "start"), ("4 5)", None)]),
        ("clojure_nrepl", [("(reduce ", "f"), ("+ ", "coll"), ("0 ", "coll"), ("[])", None)]),
    ],
)
def test_the_parameter_that_is_typed_is_marked(
    editor: Editor, request: pytest.FixtureRequest, kind: str, steps: list[tuple[str, str | None]]
) -> None:
    connect(editor, request.getfixturevalue(kind))
    editor.cursor = (2, 0)
    editor.type("i")
    for typed, parameter in steps:
        editor.type(typed)
        until_current(editor, parameter)
    assert editor.mode == "i"
    assert editor.lines()[2] == "".join(typed for typed, _ in steps)


def test_it_goes_with_insert_mode_and_with_the_buffer(
    editor: Editor, python_server: Program
) -> None:
    connect(editor, python_server)
    editor.cursor = (2, 0)
    editor.type("iisinstance(")
    until_current(editor, "obj")
    editor.type("<Esc>")
    until_current(editor, None)
    editor.type("a")
    editor.type("1")
    until_current(editor, "obj")
    editor.command("enew!")
    until_current(editor, None)


def test_it_stays_one_window_that_is_never_entered(editor: Editor, python_server: Program) -> None:
    connect(editor, python_server)
    editor.cursor = (2, 0)
    editor.type("iisinstance(")
    until_current(editor, "obj")
    window = editor.lua(WINDOW)
    current = editor.lua("return vim.api.nvim_get_current_win()")
    editor.type("print(1), ")
    until_current(editor, "class_or_tuple")
    assert editor.lua(WINDOW) == window
    assert editor.lua("return vim.api.nvim_get_current_win()") == current
    editor.type("<C-w>")
    editor.type("<Esc>")
    until_current(editor, None)
    assert editor.lua("return #vim.api.nvim_list_wins()") == 1


def test_it_is_beside_the_completion_menu(editor: Editor, python_server: Program) -> None:
    connect(editor, python_server)
    editor.cursor = (2, 0)
    editor.type("iisinstance(issub")
    until_current(editor, "obj")
    editor.type("<C-x><C-o>")
    editor.until(lambda: editor.eval("pumvisible()"), "the menu is there")
    until_current(editor, "obj")
    float_row = editor.lua("return vim.api.nvim_win_get_position(...)", editor.lua(WINDOW))[0]
    assert float_row < editor.eval("pum_getpos()")["row"] - 1


def test_in_the_first_line_it_makes_way_for_the_menu(
    editor: Editor, python_server: Program
) -> None:
    connect(editor, python_server)
    editor.type("ggiisinstance(issub")
    until_current(editor, "obj")
    editor.type("<C-x><C-o>")
    editor.until(lambda: editor.eval("pumvisible()"), "the menu is there")
    editor.type("c")
    until_current(editor, None)
    assert editor.eval("pumvisible()")


def test_it_can_be_turned_off(start_editor: Callable[..., Editor], python_server: Program) -> None:
    editor = start_editor(columns=160, config="vim.g.repl_connect_signature = false")
    connect(editor, python_server)
    editor.lua(
        "_G.asked = 0\nlocal host = require('repl_connect.host')\nlocal ask = host.ask\n"
        "host.ask = function(name, ...)\n_G.asked = _G.asked + (name == 'look' and 1 or 0)\n"
        "return ask(name, ...) end"
    )
    editor.cursor = (2, 0)
    editor.type("iisinstance(")
    editor.lua("vim.defer_fn(function() _G.later = true end, 300)")
    editor.until(lambda: editor.lua("return _G.later"), "there was time to ask")
    assert editor.lua("return _G.asked") == 0
    editor.command("let b:repl_connect_signature = 1")
    editor.type("1")
    until_current(editor, "obj")


def test_typing_goes_on_while_the_program_stands_still(
    editor: Editor, start_program: Callable[..., Program]
) -> None:
    program = start_program("python_server")
    connect(editor, program)
    editor.cursor = (2, 0)
    os.kill(program.process.pid, signal.SIGSTOP)
    editor.type("iisinstance(1, ")
    editor.lua("vim.defer_fn(function() _G.later = true end, 300)")
    editor.until(lambda: editor.lua("return _G.later"), "it has asked")
    editor.type("int)<CR>len(")
    assert editor.lines()[2:4] == ["isinstance(1, int)", "len("]
    os.kill(program.process.pid, signal.SIGCONT)
    until_current(editor, "obj")
    assert editor.floats() == [[" len(obj, /) "]]
