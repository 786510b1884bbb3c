"""Completion in a buffer: the menu of 'omnifunc', and sources for completion plugins."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from editors.programs import Program
from nvim.editor import Editor

StartEditor = Callable[..., Editor]
StartProgram = Callable[..., Program]

MENU = "set completeopt=menu,menuone,noselect"


@pytest.fixture
def editor(start_editor: StartEditor) -> Editor:
    """One that is wide enough for what is said when it has connected."""
    return start_editor(columns=160)


def connect(editor: Editor, program: Program, text: str = "\n\n") -> None:
    editor.open(f"names{program.suffix}", text)
    editor.command(f"ReplConnect {program.address}")
    editor.until_said(program.address)


def menu(editor: Editor) -> list[str]:
    """The words of the menu, which will open."""
    editor.until(lambda: editor.eval("pumvisible()"), "the menu is there")
    return [item["word"] for item in editor.eval("complete_info(['items'])['items']")]


@contextmanager
def stopped(program: Program) -> Iterator[None]:
    """The program stands still meanwhile."""
    os.kill(program.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(program.process.pid, signal.SIGCONT)


def test_the_menu_has_the_names_of_the_program(editor: Editor, program: Program) -> None:
    editor.command(MENU)
    connect(editor, program)
    editor.type(f"i({program.words.begun}<C-x><C-o>")
    assert program.words.completed in menu(editor)
    editor.type("<C-n><C-y>")
    assert program.words.begun in editor.lines()[0]
    assert editor.mode == "i"


def test_one_name_is_put_in_as_neovim_does_it(editor: Editor, program: Program) -> None:
    """With 'completeopt' as it is by default."""
    connect(editor, program)
    editor.type(f"i({program.words.completed[:-1]}<C-x><C-o>")
    editor.until(lambda: program.words.completed in editor.lines()[0], "the name is whole")


DEFINED = {
    "python_server": (
        "zoo.py",
        "\n",
        "import sys; sys.path.insert(0, {directory!r}); import zoo; zoo.zebra_crossing = 1",
    ),
    "guile_program": (
        "zoo.scm",
        "(define-module (the zoo))\n\n",
        "(module-define! (resolve-module '(the zoo)) 'zebra-crossing 1)",
    ),
    "clojure_nrepl": (
        "zoo.clj",
        "(ns the.zoo)\n\n",
        "(do (create-ns 'the.zoo) (intern 'the.zoo 'zebra-crossing 1) nil)",
    ),
}
"""A file, how it begins, and what gives its namespace another name."""


@pytest.mark.parametrize("kind", DEFINED)
def test_names_are_those_of_the_buffers_namespace(
    editor: Editor, start_program: StartProgram, kind: str
) -> None:
    program = start_program(kind)
    name, text, define = DEFINED[kind]
    editor.command(MENU)
    editor.open(name, text)
    editor.command(f"ReplConnect {program.address}")
    editor.until_said(program.address)
    editor.open(f"other{program.suffix}", "\n")
    editor.command("ReplEval " + define.format(directory=str(editor.project)))
    editor.until(
        lambda: editor.lua("return #require('repl_connect.evaluations').running() == 0"),
        "it is defined",
    )
    editor.open(name)
    editor.type("Gozeb<C-x><C-o>")
    assert [word.replace("_", "-") for word in menu(editor)] == ["zebra-crossing"]


def test_typing_goes_on_while_the_program_stands_still(
    editor: Editor, start_program: StartProgram
) -> None:
    program = start_program("python_server")
    editor.command(MENU)
    connect(editor, program)
    with stopped(program):
        editor.type("iis<C-x><C-o>")
        editor.type(" a = 1<CR>")
        assert editor.lines()[0] == "is a = 1"
        assert editor.mode == "i"
        editor.type("isin<C-x><C-o>")
    # The first answer is of no use any more, the second opens its menu.
    assert menu(editor) == ["isinstance"]
    assert editor.lines()[:2] == ["is a = 1", "isin"]


@pytest.mark.parametrize("options", ["menu,preview", "menu,menuone,noselect", "menuone,noinsert"])
def test_what_is_typed_meanwhile_narrows_the_menu(
    editor: Editor, start_program: StartProgram, options: str
) -> None:
    """Nothing is put in by itself then: who types on would type behind it."""
    program = start_program("python_server")
    editor.command(f"set completeopt={options}")
    connect(editor, program)
    with stopped(program):
        editor.type("iis<C-x><C-o>su")
    assert menu(editor) == ["issubclass"]
    assert editor.lines()[0] == "issu"
    assert editor.eval("&completeopt") == options
    editor.type("b")
    assert editor.lines()[0] == "issub"


def test_another_word_is_left_alone(editor: Editor, start_program: StartProgram) -> None:
    program = start_program("python_server")
    editor.command(MENU)
    connect(editor, program)
    with stopped(program):
        editor.type("iis<C-x><C-o>(le<Left><Left>")
    editor.type("<Esc>")
    editor.command("ReplEval 'answ' + 'ered'")
    editor.until(lambda: "answered" in "\n".join(editor.lines("repl-connect://")), "it answers")
    assert editor.lines()[0] == "is(le"
    assert not editor.eval("pumvisible()")


def test_nothing_happens_without_a_connection(editor: Editor) -> None:
    editor.open("names.py", "\n")
    editor.type("iis<C-x><C-o>x")
    assert editor.lines()[0] == "isx"
    assert editor.messages() == ""
    assert editor.hosts == []


def test_what_the_user_completes_with_stays(start_editor: StartEditor) -> None:
    editor = start_editor(config="vim.cmd('autocmd FileType python setlocal omnifunc=MyOwn')")
    editor.open("names.py", "\n")
    assert editor.eval("&omnifunc") == "MyOwn"


def test_what_the_filetype_completes_with_serves_without_a_connection(
    start_editor: StartEditor, python_server: Program
) -> None:
    """As Neovim's own `clojurecomplete#Complete` does."""
    editor = start_editor(
        columns=160,
        config=(
            "vim.cmd('autocmd FileType python setlocal omnifunc=mycomplete#Complete')\n"
            "local file = vim.fn.stdpath('config') .. '/autoload/mycomplete.vim'\n"
            "vim.fn.mkdir(vim.fn.fnamemodify(file, ':h'), 'p')\n"
            "vim.fn.writefile({'function! mycomplete#Complete(findstart, base)',"
            " 'return a:findstart ? 0 : [\"isolated\", \"island\"]', 'endfunction'}, file)\n"
        ),
    )
    editor.command(MENU)
    editor.open("names.py", "\n")
    editor.type("iis<C-x><C-o>")
    assert menu(editor) == ["isolated", "island"]
    editor.type("<C-e><Esc>")
    editor.command(f"ReplConnect {python_server.address}")
    editor.until_said(python_server.address)
    editor.type("A<C-x><C-o>")
    assert "isinstance" in menu(editor)


CMP = """
local source = require('repl_connect.cmp').new()
_G.there = source:is_available()
source:complete(
  { context = { bufnr = 0, cursor = { row = 1, col = 5 } } },
  function(response) _G.items = response.items end
)
"""

BLINK = """
local source = require('repl_connect.blink').new()
_G.there = source:enabled()
source:get_completions(
  { bufnr = 0, cursor = { 1, 4 } },
  function(response) _G.items = response.items end
)
"""


@pytest.mark.parametrize("code", [CMP, BLINK])
def test_sources_for_completion_plugins(editor: Editor, python_server: Program, code: str) -> None:
    editor.open("names.py", "isin\n")
    editor.lua(code)
    assert editor.lua("return {_G.there, _G.items}") == [False, []]
    connect(editor, python_server, "isin\n")
    editor.lua(code)
    editor.until(lambda: editor.lua("return _G.items[1]"), "the candidates")
    (item,) = editor.lua("return _G.items")
    assert editor.lua("return _G.there")
    assert (item["label"], item["kind"]) == ("isinstance", 3)
    edit = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 4}}
    assert item["textEdit"] == {"newText": "isinstance", "range": edit}


def test_commands_complete_names_that_were_seen(editor: Editor, python_server: Program) -> None:
    editor.command(MENU)
    connect(editor, python_server)
    editor.type("iisin<C-x><C-o>")
    menu(editor)
    editor.type("<C-e><Esc>")
    assert editor.eval("getcompletion('ReplDoc is', 'cmdline')") == ["isinstance"]
    assert editor.eval("getcompletion('ReplSource is', 'cmdline')") == ["isinstance"]
