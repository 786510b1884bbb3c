"""Errors: a diagnostic on the right line, the frames in the quickfix list, and their end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from adapters.subjects import SUBJECTS
from driver import Client
from editors.programs import Program
from nvim.editor import Editor

PROBLEMS = """
local found = {}
for _, each in ipairs(vim.diagnostic.get(...)) do
  table.insert(found, {each.lnum, each.message})
end
return found
"""

CONNECTED = """
local found = require('repl_connect.connections').of()
return found ~= nil and found.address == ... and found.state == 'connected'
"""

LIST = """
local items = vim.tbl_map(function(item)
  local name = item.bufnr > 0 and vim.fn.bufname(item.bufnr) or ''
  return {vim.fn.fnamemodify(name, ':t'), item.lnum, item.text, item.valid}
end, vim.fn.getqflist())
return {vim.fn.getqflist({title = 0}).title, items}
"""

PYTHON = "def broken():\n    return 1 / 0\n\n\nbroken()\n"
DEFINE = {
    "python": ("def broken():\n    return 1 / 0\n", 1, "broken()\n"),
    "scheme": ("(define (broken)\n  (+ 1 (car 1)))\n", 1, "(+ 1 (broken))\n"),
    "clojure": ("(defn broken []\n  (/ 1 0))\n", 1, "(broken)\n"),
}
UNREADABLE = {
    "python": ("x = 1\n", "if x:\n    y = = 2\n", 1),
    "scheme": ("(define x 1)\n", "(+ 1\n   #<foo>)\n", 1),
    "clojure": ("(def x 1)\n", "(+ 1\n   (nosuchvar 1))\n", 1),
}


def connect(editor: Editor, address: str) -> None:
    """Connect, and wait for that."""
    editor.command(f"ReplConnect {address}")
    editor.until(lambda: editor.lua(CONNECTED, address), "the connection")


def problems(editor: Editor, buffer: int = 0) -> list[tuple[int, str]]:
    """The rows, from 0, and the words of the diagnostics of a buffer."""
    return [(row, text) for row, text in editor.lua(PROBLEMS, buffer)]


def until_problem(editor: Editor, buffer: int = 0) -> tuple[int, str]:
    """Wait for a diagnostic, which has to be the only one."""
    (found,) = editor.until(lambda: problems(editor, buffer), "a diagnostic")
    return found


def until_idle(editor: Editor) -> None:
    """Wait until nothing is evaluated."""
    running = "return #require('repl_connect.evaluations').running()"
    editor.until(lambda: editor.lua(running) == 0, "the end of what is evaluated")


def quickfix(editor: Editor) -> tuple[str, list[list[Any]]]:
    """The title of the quickfix list, and of each item the file, the line, the text, its use."""
    title, items = editor.lua(LIST)
    return title, items


def test_an_error_is_where_it_was_raised(editor: Editor, program: Program) -> None:
    definition, row, call = DEFINE[program.filetype]
    editor.open(f"a{program.suffix}", f"{definition}\n{call}")
    connect(editor, program.address)
    editor.command("ReplEvalBuffer")
    assert until_problem(editor)[0] == row


def test_what_can_not_be_read_or_compiled(editor: Editor, program: Program) -> None:
    before, code, row = UNREADABLE[program.filetype]
    editor.open(f"a{program.suffix}", f"\n\n{before}\n{code}")
    connect(editor, program.address)
    editor.command("5,6ReplEval")
    assert until_problem(editor)[0] == 4 + row


def test_a_buffer_without_a_file(editor: Editor, program: Program) -> None:
    _, code, row = UNREADABLE[program.filetype]
    editor.lua("vim.bo.filetype = ...", program.filetype)
    editor.lua("vim.api.nvim_buf_set_lines(0, 0, -1, false, ...)", ["", "", *code.splitlines()])
    connect(editor, program.address)
    editor.command("3,4ReplEval")
    assert until_problem(editor)[0] == 2 + row


def test_lines_put_in_above_while_it_runs(editor: Editor, python_server: Program) -> None:
    waits = "while not globals().get('go_on'):\n    time.sleep(0.01)\n"
    editor.open("a.py", f"import time\n\nx = 1\n{waits}1 / 0\n")
    connect(editor, python_server.address)
    editor.command("1,6ReplEval")
    editor.command("0put =['one', 'two']")
    with Client(python_server.address) as client:
        client.evaluate("go_on = True")
    assert until_problem(editor)[0] == 7
    with Client(python_server.address) as client:
        client.evaluate("del go_on")


def test_it_goes_when_what_failed_is_evaluated_again(
    editor: Editor, python_server: Program
) -> None:
    editor.open("a.py", PYTHON)
    connect(editor, python_server.address)
    editor.command("1,2ReplEval")
    editor.command("5ReplEval")
    assert until_problem(editor) == (1, "ZeroDivisionError: division by zero")
    editor.command("2s/0/1/")
    editor.command("1,2ReplEval")
    editor.until(lambda: not problems(editor), "no diagnostic")
    editor.command("2s/1 .*/1 \\/ 0/")
    editor.command("1,2ReplEval")
    editor.command("5ReplEval")
    until_problem(editor)
    editor.command("5s/.*/twice = 2/")
    until_idle(editor)
    editor.command("5ReplEval")
    editor.until(lambda: not problems(editor), "no diagnostic")


def test_it_goes_with_clear(editor: Editor, python_server: Program) -> None:
    editor.open("a.py", "1 / 0\n")
    connect(editor, python_server.address)
    editor.command("ReplEvalBuffer")
    until_problem(editor)
    editor.command("ReplClear")
    assert problems(editor) == []


def test_several_errors_stay_apart(editor: Editor, python_server: Program) -> None:
    editor.open("a.py", "1 / 0\n\nnosuch_name\n")
    connect(editor, python_server.address)
    editor.command("1ReplEval")
    editor.command("3ReplEval")
    editor.until(lambda: len(problems(editor)) == 2, "two diagnostics")
    assert [row for row, _ in problems(editor)] == [0, 2]


def test_an_error_in_another_file_that_is_open(editor: Editor, python_server: Program) -> None:
    other = editor.open("other_module.py", "def fails():\n    raise KeyError('x')\n")
    buffer = editor.eval("bufnr()")
    editor.command("set hidden")
    editor.open("a.py", f"import runpy\nrunpy.run_path({str(other)!r})['fails']()\n")
    connect(editor, python_server.address)
    editor.command("ReplEvalBuffer")
    assert until_problem(editor)[0] == 1
    assert until_problem(editor, buffer)[0] == 1
    editor.command("ReplClear")
    assert problems(editor, buffer) == []


def test_a_file_reached_by_a_symbolic_link(editor: Editor, python_server: Program) -> None:
    real = editor.project / "real"
    real.mkdir()
    (real / "a.py").write_text(PYTHON)
    (editor.project / "link").symlink_to(real)
    editor.open("link/a.py")
    connect(editor, python_server.address)
    editor.command("ReplLoadFile")
    assert until_problem(editor)[0] == 1


def test_frames_are_in_the_quickfix_list(editor: Editor, python_server: Program) -> None:
    editor.open("a.py", "import json\n\n\njson.loads('{')\n")
    connect(editor, python_server.address)
    editor.command("ReplEvalBuffer")
    until_problem(editor)
    title, items = quickfix(editor)
    assert title.startswith("json.decoder.JSONDecodeError: Expecting property name")
    assert items[0][0] == "decoder.py"
    assert items[0][2] == "in JSONDecoder.raw_decode"
    assert items[-1] == ["a.py", 4, "in <module>", 1]
    assert editor.eval("winnr('$')") == 1
    editor.command("clast")
    assert editor.cursor[0] == 3


def test_frames_without_a_file_are_text(editor: Editor, python_server: Program) -> None:
    editor.open("a.py", "broken()\n")
    connect(editor, python_server.address)
    editor.lua("require('repl_connect.sending').code(...)", "def broken():\n    return 1 / 0")
    editor.command("ReplEvalBuffer")
    until_problem(editor)
    _, items = quickfix(editor)
    assert items[0][0] == ""
    assert items[0][3] == 0
    assert items[0][2].startswith("in broken (<repl-")
    assert items[1][:2] == ["a.py", 1]


def test_other_quickfix_lists_are_kept(editor: Editor, python_server: Program) -> None:
    editor.lua("vim.fn.setqflist({}, ' ', {title = 'mine', items = {{text = 'x'}}})")
    editor.open("a.py", "1 / 0\n")
    connect(editor, python_server.address)
    for _ in range(3):
        editor.command("ReplEvalBuffer")
        until_idle(editor)
    assert quickfix(editor)[0].startswith("ZeroDivisionError")
    editor.command("silent colder")
    assert quickfix(editor)[0] == "mine"


def test_the_quickfix_list_can_be_left_alone(
    start_editor: Callable[..., Editor], python_server: Program
) -> None:
    editor = start_editor(config="vim.g.repl_connect_quickfix = false")
    editor.open("a.py", "1 / 0\n")
    connect(editor, python_server.address)
    editor.command("ReplEvalBuffer")
    until_problem(editor)
    assert quickfix(editor) == ("", [])


@pytest.fixture(scope="session")
def lisp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an SBCL with Swank."""
    (subject,) = (each for each in SUBJECTS if each.dialect == "swank")
    if missing := subject.missing():
        pytest.skip(f"needs {missing}")
    program = subject.start(tmp_path_factory.mktemp("swank"))
    yield program.address
    program.stop()


def test_common_lisp(editor: Editor, lisp: str) -> None:
    editor.open("a.lisp", "(defun broken (x)\n  (+ 1 (car x)))\n\n(broken 1)\n")
    connect(editor, lisp)
    editor.command("ReplEvalBuffer")
    row, text = until_problem(editor)
    assert row == 1
    assert text.startswith("TYPE-ERROR: The value")
    editor.open("b.lisp", "\n\n(list 1\n  #<foo>)\n")
    editor.command("3,4ReplEval")
    assert until_problem(editor)[0] == 3


class TestNamespaces:
    @pytest.mark.parametrize(
        ("kind", "text", "row"),
        [
            ("guile_program", "(define-module (my own))\n(define x 40)\n(+ x 2)\n", 2),
            ("clojure_nrepl", "(ns my.own)\n(def x 40)\n(+ x 2)\n", 2),
        ],
    )
    def test_one_that_is_not_there_is_not_evaluated_elsewhere(
        self, editor: Editor, request: pytest.FixtureRequest, kind: str, text: str, row: int
    ) -> None:
        program: Program = request.getfixturevalue(kind)
        name = f"own{editor.lua('return vim.fn.getpid()')}"  # the program is there for all tests
        editor.open(f"a{program.suffix}", text.replace("own", name))
        connect(editor, program.address)
        editor.command(f"{row + 1}ReplEval")
        editor.until_said("there yet: :ReplEvalBuffer makes it.")
        assert "✗" in editor.virtual_text(row)
        assert name in editor.messages()
        editor.command("ReplEvalBuffer")
        until_idle(editor)
        editor.command(f"{row + 1}ReplEval")
        editor.until_shown(row, "42")

    def test_a_python_module_that_is_loaded(
        self, editor: Editor, start_program: Callable[..., Program]
    ) -> None:
        program = start_program()
        path = editor.open("a_module.py", "x = 40\n__name__\n")
        connect(editor, program.address)
        editor.command("2ReplEval")
        editor.until_shown(1, "'__main__'")
        load = f"import sys; sys.path.insert(0, {str(path.parent)!r}); import a_module"
        editor.lua("require('repl_connect.sending').code(...)", load)
        editor.command("2ReplEval")
        editor.until_shown(1, "'a_module'")
