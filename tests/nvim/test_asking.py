"""Questions to the user, as Neovim itself asks them."""

from __future__ import annotations

from nvim.editor import Editor


def test_ctrl_c_leaves_a_choice_as_escape_does(editor: Editor) -> None:
    editor.lua(
        "vim.schedule(function()\n"
        "  require('repl_connect.asking').select({'one', 'two'}, {prompt = 'Which?'},"
        " function(chosen) _G.chosen = chosen or 'none' end)\n"
        "end)"
    )
    editor.until(lambda: editor.mode in ("c", "rm"), "the question")
    editor.type("<C-c>")
    editor.until(lambda: editor.mode != "rm", "it was left")
    editor.type("<CR>")
    assert editor.until(lambda: editor.lua("return _G.chosen"), "an answer") == "none"
    assert "interrupt" not in editor.messages()


def test_what_fails_after_the_answer_is_no_answer(editor: Editor) -> None:
    problem = editor.lua(
        "vim.ui.select = function(items, _, chosen) chosen(items[1]) end\n"
        "_G.answers = {}\n"
        "return {pcall(require('repl_connect.asking').select, {'one'}, {}, function(chosen)\n"
        "  table.insert(_G.answers, chosen or 'none')\n"
        "  error('broken', 0)\n"
        "end)}"
    )
    assert problem == [False, "broken"]
    assert editor.lua("return _G.answers") == ["one"]
