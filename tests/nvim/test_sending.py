"""Sending: operators, selections, forms and ranges go to the program as they stand in the text."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from editors.programs import Program
from nvim.editor import Editor

StartEditor = Callable[..., Editor]

SENT = """
local codes = {}
for _, each in ipairs(require('repl_connect.evaluations').all()) do
  if each.status == nil then
    return vim.NIL
  end
  table.insert(codes, each.code)
end
return codes
"""

STATE = """
local marks = {}
for _, name in ipairs({"'<", "'>", "'[", "']", "''", "'a", "'^"}) do
  marks[name] = vim.fn.getpos(name)
end
return vim.fn.json_encode({
  view = vim.fn.winsaveview(), marks = marks, search = vim.fn.getreg('/'), mode = vim.fn.mode(),
  unnamed = vim.fn.getreginfo('"'), zero = vim.fn.getreg('0'), small = vim.fn.getreg('-'),
  jumps = vim.fn.getjumplist(), tick = vim.b.changedtick, modified = vim.bo.modified,
})
"""


def sent(editor: Editor, count: int = 1) -> list[str]:
    """What was sent up to now, when so much was and all of it has ended."""

    def found() -> tuple[list[str]] | None:
        codes = editor.lua(SENT)
        return (codes,) if codes is not None and len(codes) >= count else None

    ended = editor.until(found, f"{count} evaluations have ended")
    assert ended is not None
    (codes,) = ended
    assert len(codes) == count
    return codes


def typed(editor: Editor, keys: str) -> str:
    """What is sent when keys are typed that send once."""
    before = editor.lua("return #require('repl_connect.evaluations').all()")
    editor.type(keys)
    return sent(editor, before + 1)[-1]


def at(editor: Editor, row: int, column: int = 0) -> None:
    editor.cursor = (row, column)


@pytest.fixture
def connected(editor: Editor, python_server: Program) -> Editor:
    """A Neovim that is connected to a Python program."""
    editor.command(f"ReplConnect {python_server.address}")
    editor.until_said("Python")
    return editor


class TestMotions:
    @pytest.mark.parametrize("selection", ["inclusive", "exclusive"])
    def test_what_they_cover_is_sent(self, connected: Editor, selection: str) -> None:
        connected.command(f"set selection={selection} hidden")
        for number, (text, place, keys, code) in enumerate(
            [
                ("1 + 2 + 3", (0, 0), ",E$", "1 + 2 + 3"),
                ("1 + 2 + 3", (0, 0), ",E3w", "1 + 2 "),
                ("1 + 2 + 3", (0, 0), ",E2e", "1 + 2"),
                ("1 + 2 + 3", (0, 0), "2,Ee", "1 + 2"),
                ("1 + 2 + 3", (0, 4), ",E0", "1 + "),
                ("1 + 2 + 3", (0, 4), ",Ev0", "1 + 2"),
                ("abs(4, )", (0, 4), ",Ei(", "4, "),
                ("1\n2\n3\n\n4", (1, 0), ",Eip", "1\n2\n3"),
                ("1\n2\n3\n\n4", (0, 0), ",Ej", "1\n2"),
                ("1\n2\n3\n\n4", (2, 0), ",Egg", "1\n2\n3"),
                ("'ö' 'é'", (0, 0), ",E$", "'ö' 'é'"),
                ("'ö' + 'é'", (0, 0), ",Efö", "'ö"),
                ("len('日本')", (0, 5), ",Et)", "日本'"),
                ("'e\u0301'", (0, 1), ",El", "e\u0301"),
                ("xx1 xx\nyy2 yy", (0, 2), ",E<C-v>j", "1\n2"),
            ]
        ):
            connected.open(f"{number}.py", f"{text}\n")
            at(connected, *place)
            assert typed(connected, keys) == code, keys

    def test_one_that_covers_nothing_sends_nothing(self, connected: Editor) -> None:
        connected.open("a.py", "f()\n")
        at(connected, 0, 1)
        connected.type(",Ei(")
        connected.until_said("nothing here to send")
        assert sent(connected, 0) == []

    def test_one_that_is_given_up_leaves_no_trace(self, connected: Editor) -> None:
        """The next `.` restores nothing that was so before that."""
        connected.open("a.py", "1\n2\n3\n")
        connected.type(",el")
        sent(connected)
        connected.type(",E<Esc>jj,el")
        sent(connected, 2)
        connected.type(",E<Esc>k.")
        assert connected.cursor == (1, 0)


class TestSelections:
    def test_what_is_selected_is_sent(self, connected: Editor) -> None:
        connected.open("a.py", "x = 'äö'\ny = 22\n")
        for keys, code in [
            ("v$", "x = 'äö'"),
            ("vl", "x "),
            ("wwv$h", "'äö'"),
            ("wwlvl", "äö"),
            ("wwvlloh", " 'äö"),
            ("V", "x = 'äö'"),
            ("Vj", "x = 'äö'\ny = 22"),
            ("v3e", "x = 'äö"),
            ("j$v0", "y = 22"),
            ("<C-v>j", "x\ny"),
            ("<C-v>jlll", "x = \ny = "),
            ("j$<C-v>k0ll", "= 'ä\n= 22"),
            ("wwlvj$", "äö'\ny = 22"),
        ]:
            assert typed(connected, f"gg0{keys},E") == code, keys

    def test_an_exclusive_selection(self, connected: Editor) -> None:
        connected.open("a.py", "x = 'äö'\ny = 22\n")
        connected.command("set selection=exclusive")
        for keys, code in [
            ("wwv$", "'äö'"),
            ("vl", "x"),
            ("wwlvll", "äö"),
            ("wwl<C-v>jl", "ä\n2"),
        ]:
            assert typed(connected, f"gg0{keys},E") == code, keys

    def test_a_block_to_the_end_of_each_line(self, connected: Editor) -> None:
        connected.open("a.py", "# 1 + 1\n# 2\n# 3 + 3 + 3\n")
        connected.type("ll<C-v>jj$,E")
        assert sent(connected) == ["1 + 1\n2\n3 + 3 + 3"]

    def test_a_block_that_is_wider_than_its_last_line(self, connected: Editor) -> None:
        connected.open("a.py", "# 11 + 11\n# 2\n")
        at(connected, 0, 8)
        connected.type("<C-v>j0ll,E")
        assert sent(connected) == ["11 + 11\n2"]

    def test_a_block_counts_columns_of_the_screen(self, connected: Editor) -> None:
        connected.open("a.py", "ä 1\n日2\n\t3\n")
        connected.command("set tabstop=2")
        at(connected, 0, 3)
        connected.type("<C-v>jj,E")
        assert sent(connected) == ["1\n2\n3"]

    def test_the_value_of_a_block_is_beside_its_last_line(self, connected: Editor) -> None:
        connected.open("a.py", "# 1\n# 20 + 1\n# 3\n")
        connected.type("ll<C-v>j$,E")
        connected.until_shown(1, "=> 21")


class TestUnits:
    TEXT = "def f(a):\n    b = a * 2\n\n    return b\n\n\nf(21)\nf(1)\n"

    def test_each_has_a_map(self, connected: Editor) -> None:
        connected.open("a.py", self.TEXT)
        for keys, place, code in [
            (",el", (6, 3), "f(21)"),
            ("2,el", (6, 3), "f(21)\nf(1)"),
            (",ee", (6, 3), "f(21)"),
            (",ee", (0, 0), "def f(a):\n    b = a * 2\n\n    return b"),
            (",er", (3, 4), "def f(a):\n    b = a * 2\n\n    return b"),
            (",ep", (6, 0), "f(21)\nf(1)"),
            (",ew", (6, 0), "f"),
            (",eb", (6, 0), self.TEXT.strip()),
        ]:
            at(connected, *place)
            assert typed(connected, keys) == code, keys

    def test_and_most_a_command(self, connected: Editor) -> None:
        connected.open("a.py", "# %%\n\n40 + 2\n\n# %%\n3\n")
        at(connected, 2)
        for name in ("ReplEvalForm", "ReplEvalRoot", "ReplEvalCell"):
            assert typed(connected, f":{name}<CR>").endswith("40 + 2")
        assert typed(connected, ":ReplEvalBuffer<CR>").endswith("3")

    def test_the_buffer_is_sent_as_it_is_and_the_file_as_it_is_on_disk(
        self, connected: Editor
    ) -> None:
        connected.open("a.py", "where = 'disk'\n")
        connected.type("ccwhere = 'buffer'<Esc>,eb")
        sent(connected)
        connected.type("owhere<Esc>,el")
        connected.until_shown(1, "'buffer'")
        connected.type(",ef")
        connected.until_said("without the unwritten changes")
        sent(connected, 3)
        connected.type(",el")
        connected.until_shown(1, "'disk'")

    def test_a_buffer_without_a_file_has_none_to_load(self, connected: Editor) -> None:
        connected.command("enew | set filetype=python")
        connected.type(",ef")
        connected.until_said("no file to load: :ReplEvalBuffer")

    def test_there_is_none_on_an_empty_line(self, connected: Editor) -> None:
        connected.open("a.py", "\n\n1\n")
        connected.type(",ee")
        connected.until_said("no form here")


class TestPython:
    def test_an_indented_selection(self, connected: Editor) -> None:
        connected.open("a.py", "if True:\n    for i in (1, 2):\n\n        x = i * 21\n\n    x\n")
        connected.type("jVG,E")
        connected.until_shown(5, "=> 42")

    def test_tabs(self, connected: Editor) -> None:
        connected.open("a.py", "if True:\n\tfor i in (1, 2):\n\t\tx = i * 22\n\tx\n")
        connected.type("jVG,E")
        connected.until_shown(3, "=> 44")

    def test_blank_lines_in_a_function(self, connected: Editor) -> None:
        connected.open("a.py", "def f():\n    a = 1\n\n\n    return a + 41\n\nf()\n")
        connected.type(",er")
        sent(connected)
        connected.type("G,ee")
        connected.until_shown(6, "=> 42")

    def test_lines_of_a_range(self, connected: Editor) -> None:
        connected.open("a.py", "if 1:\n    x = 40\n    x += 2\n    x\n")
        connected.command("2,4ReplEval")
        connected.until_shown(3, "=> 42")
        assert connected.virtual_text(1) == ""


def test_sending_leaves_all_as_it_was(connected: Editor) -> None:
    connected.open("a.py", "\n".join(f"x{number} = {number}" for number in range(200)) + "\n")
    connected.type(":1ReplEval<CR>/x15 =<CR>yiwmaVjj<Esc>50G$ztkk")
    sent(connected)
    before = json.loads(connected.lua(STATE))
    for keys in ("ee", "er", "el", "ew", "ep", "eb", "ef", "e%", "e.", "Eip", "Ek", "E5j", "E^"):
        typed(connected, f",{keys}")
        assert json.loads(connected.lua(STATE)) == before, keys


def test_a_visual_selection_leaves_the_cursor_and_is_there_again(connected: Editor) -> None:
    connected.open("a.py", "1\n2\n3\n")
    connected.type("jVj,E")
    assert connected.cursor == (2, 0)
    assert connected.mode == "n"
    connected.type("gv<Esc>")
    assert (connected.eval('line("\'<")'), connected.eval('line("\'>")')) == (2, 3)
    assert sent(connected) == ["2\n3"]


class TestRepeatingWithADot:
    def test_sends_what_is_there_now(self, connected: Editor) -> None:
        connected.open("a.py", "1 + 1\n2 + 2\n3 + 3\n4 + 4\n")
        for first, then, one, other in [
            (",el", "j.", "1 + 1", "2 + 2"),
            ("2,el", "jj.", "1 + 1\n2 + 2", "3 + 3\n4 + 4"),
            (",el", "j2.", "1 + 1", "2 + 2\n3 + 3"),
            (",ee", "j.", "1 + 1", "2 + 2"),
            (",er", "j.", "1 + 1", "2 + 2"),
            (",E$", "j0.", "1 + 1", "2 + 2"),
            (",Ej", "jj.", "1 + 1\n2 + 2", "3 + 3\n4 + 4"),
            ("V,E", "jj.", "1 + 1", "3 + 3"),
            ("Vj,E", "j.", "1 + 1\n2 + 2", "3 + 3\n4 + 4"),
            ("v$,E", "j0.", "1 + 1", "2 + 2"),
            ("<C-v>jl,E", "j0.", "1 \n2 ", "3 \n4 "),
        ]:
            assert typed(connected, f"gg0{first}") == one, first
            assert typed(connected, then) == other, first

    def test_is_not_meant_for_a_change_after_it(self, connected: Editor) -> None:
        connected.open("a.py", "1 + 1\n2 + 2\n")
        assert typed(connected, ",el") == "1 + 1"
        connected.type("jx.")
        assert connected.lines()[1] == "+ 2"
        assert len(sent(connected)) == 1

    def test_leaves_the_cursor(self, connected: Editor) -> None:
        connected.open("a.py", "abs(1)\nabs(2)\n")
        connected.type("ll,eej.")
        assert connected.cursor == (1, 2)
        assert sent(connected, 2) == ["abs(1)", "abs(2)"]


class TestRepeatingTheLast:
    def test_it_is_sent_as_it_is_now(self, connected: Editor) -> None:
        connected.open("a.py", "1\nx = 20\nx + 1\n\n5\n")
        connected.type("jVj,E")
        connected.until_shown(2, "=> 21")
        connected.type("GkkA1<Esc>ggOnew<Esc>G,e.")
        connected.until_shown(3, "=> 31")
        assert sent(connected, 2)[1] == "x = 20\nx + 11"

    def test_a_form_that_has_grown(self, connected: Editor) -> None:
        connected.open("a.py", "def f():\n    return 1\n\nf()\n")
        at(connected, 1, 4)
        typed(connected, ",er")
        connected.lua(
            "vim.api.nvim_buf_set_lines(0, 1, 2, false, ...)", ["    a = 1", "    return a + 41"]
        )
        connected.type("ggOx = 0<Esc>")
        assert typed(connected, "G,e.") == "def f():\n    a = 1\n    return a + 41"
        typed(connected, ":$ReplEval<CR>")
        connected.until_shown(5, "=> 42")

    def test_a_form_whose_inside_was_replaced(self, connected: Editor) -> None:
        connected.open("a.py", "abs(\n  2,\n)\n")
        at(connected, 1, 2)
        assert typed(connected, ",ee").startswith("abs(")
        assert typed(connected, "ciwabs(3)<Esc>G,e.") == "abs(\n  abs(3),\n)"

    def test_from_another_buffer(self, connected: Editor) -> None:
        connected.open("a.py", "20 + 1\n")
        number = connected.eval("bufnr()")
        connected.command("set hidden")
        connected.type(",ee")
        sent(connected)
        connected.open("b.py", "2\n")
        connected.command("ReplRepeat")
        assert sent(connected, 2)[1] == "20 + 1"
        connected.until(lambda: "21" in connected.virtual_text(0, number), "it shows there")
        assert connected.virtual_text(0) == ""

    def test_code_that_stands_nowhere(self, connected: Editor) -> None:
        connected.command("ReplEval n = globals().get('n', 0) + 1")
        sent(connected)
        connected.command("ReplRepeat")
        assert sent(connected, 2) == ["n = globals().get('n', 0) + 1"] * 2

    def test_a_buffer_that_is_gone(self, connected: Editor) -> None:
        connected.open("a.py", "1\n")
        connected.type(",ee")
        sent(connected)
        connected.command("enew | bwipeout! a.py")
        connected.command("ReplRepeat")
        connected.until_said("not there any more")

    def test_nothing_was_sent(self, connected: Editor) -> None:
        connected.command("ReplRepeat")
        connected.until_said("nothing was sent yet")


class TestReplEval:
    def test_the_code_is_taken_as_it_is(self, connected: Editor) -> None:
        for code in ("5 | 2", '\'"\' + "x"', "[1,  2]", "'%' '#' '<cword>'", "1 # 2"):
            assert typed(connected, f":ReplEval {code.replace('<', '<lt>')}<CR>") == code

    def test_the_value_is_said(self, connected: Editor) -> None:
        connected.command("ReplEval 20 + 3")
        connected.until_said("=> 23")

    def test_without_code_it_is_the_line(self, connected: Editor) -> None:
        connected.open("a.py", "1\n20 + 2\n")
        at(connected, 1)
        connected.command("ReplEval")
        connected.until_shown(1, "=> 22")

    def test_a_selection_is_its_lines(self, connected: Editor) -> None:
        connected.open("a.py", "1 + 1\n20 + 2\n")
        connected.type("Vj:ReplEval<CR>")
        connected.until_shown(1, "=> 22")
        assert sent(connected) == ["1 + 1\n20 + 2"]


def test_a_long_buffer_is_sent_whole(connected: Editor) -> None:
    connected.open("a.py", "n = 0\n" + "n += 1\n" * 60000)
    connected.type("G,eb")
    sent(connected)
    connected.type("on<Esc>,el")
    connected.until_shown(60001, "=> 60000")


def test_a_long_range_of_a_long_buffer_is_sent_whole(connected: Editor) -> None:
    connected.open("a.py", "n = 0\n" + "n += 1\n" * 60000 + "n\n")
    connected.command("1,$ReplEval")
    connected.until_shown(60001, "=> 60000")
