"""The form at the cursor by the syntax tree, where Neovim has a parser for the buffer's language.

Neovim 0.11 comes with parsers for a few languages, 0.7 with one for C only that is found nowhere:
there the host finds the forms of the language that is spoken.
"""

from __future__ import annotations

from editors.programs import Program
from nvim.editor import Editor

SPAN = """
local span = require('repl_connect.treesitter').span(0, ...)
if span == nil then
  return ''
end
return table.concat(vim.api.nvim_buf_get_text(0, span[1], span[2], span[3], span[4], {}), '\\n')
"""

LUA = """local x = 1

function f(a)
  if a then
    print(a, {
      'ä' })
  else
    return 2 -- two
  end
end
x = = 2
f(1) ; f(2)
"""

QUERY = """(a (b)
  [ "x" "(" ] (c))

; (d)
(e)(f)
"""


def forms(editor: Editor, unit: str, *places: tuple[int, int]) -> list[str]:
    """What is found at each place: its first and its last line, with two dots between."""
    found = []
    for place in places:
        lines = editor.lua(SPAN, unit, *place).strip().split("\n")
        found.append(lines[0] if len(lines) == 1 else f"{lines[0]} .. {lines[-1].strip()}")
    return found


def has_parsers(editor: Editor) -> bool:
    return bool(editor.eval("has('nvim-0.9')"))


def test_statements(editor: Editor) -> None:
    editor.open("a.lua", LUA)
    if not has_parsers(editor):
        assert forms(editor, "form", (0, 0), (3, 3)) == ["", ""]
        return
    assert forms(editor, "form", (0, 0), (0, 10), (2, 0), (9, 2)) == [
        *("local x = 1", "local x = 1", "function f(a) .. end", "function f(a) .. end")
    ]
    assert forms(editor, "form", (3, 3), (4, 10), (5, 7), (6, 2), (7, 0), (7, 6)) == [
        *("if a then .. end", "print(a, { .. 'ä' })", "print(a, { .. 'ä' })"),
        *("if a then .. end", "return 2", "return 2"),
    ]
    assert forms(editor, "root", (5, 7), (0, 0)) == ["function f(a) .. end", "local x = 1"]
    assert forms(editor, "form", (11, 0), (11, 9)) == ["f(1)", "f(2)"]


def test_lists(editor: Editor) -> None:
    editor.open("a.scm", QUERY, "query")
    if not has_parsers(editor):
        assert forms(editor, "form", (0, 0)) == [""]
        return
    whole = '(a (b) .. [ "x" "(" ] (c))'
    assert forms(editor, "form", (0, 0), (0, 1), (0, 4), (1, 0), (1, 17)) == [
        *(whole, whole, "(b)", '[ "x" "(" ]', whole)
    ]
    assert forms(editor, "form", (1, 5), (1, 12), (1, 13)) == [
        *('[ "x" "(" ]', '[ "x" "(" ]', '[ "x" "(" ]')
    ]
    assert forms(editor, "form", (4, 0), (4, 2), (4, 3)) == ["(e)", "(e)", "(f)"]
    assert forms(editor, "root", (1, 5), (4, 4)) == [whole, "(f)"]


def test_there_is_none_where_the_tree_is_not_sure(editor: Editor) -> None:
    editor.open("a.lua", LUA)
    assert forms(editor, "form", (1, 0), (10, 4)) == ["", ""]  # an empty line, an error
    editor.open("a.scm", QUERY, "query")
    assert forms(editor, "form", (3, 3)) == [""]  # a comment
    editor.open("a.md", "text (a b)\n")
    assert forms(editor, "form", (0, 7)) == [""]  # prose
    editor.open("b.lua", LUA)
    editor.command("let b:repl_connect_treesitter = 0")
    assert forms(editor, "form", (0, 0)) == [""]


def test_it_is_what_is_sent(editor: Editor, python_server: Program) -> None:
    editor.command(f"ReplConnect {python_server.address}")
    editor.until_said("Python")
    editor.open("a.lua", "do\n  x = 20 + 2; y = 3\nend\n")
    editor.cursor = (1, 4)
    editor.command("ReplEvalForm")
    editor.until(lambda: editor.virtual_text(1).startswith("✓"), "it was evaluated")
    sent = editor.lua("return require('repl_connect.evaluations').all()[1].code")
    assert sent == ("x = 20 + 2" if has_parsers(editor) else "x = 20 + 2; y = 3")
