"""The program asks for input: the editor asks the user, who may answer, cancel, or end it."""

from __future__ import annotations

from editors.programs import Program
from nvim.editor import Editor
from nvim.test_problems import connect, until_idle

ASK = "name = input('name? ')\nname\n"
PASSWORD = "from getpass import getpass\ngetpass('word: ')\n"
ENDS = "try:\n    got = input('more? ')\nexcept EOFError:\n    got = 'the end'\ngot\n"


def until_asked(editor: Editor) -> None:
    """Wait until the user is asked."""
    editor.until(lambda: editor.mode.startswith("c"), "a question")


def until_refused(editor: Editor) -> None:
    """Wait until nothing is asked any more."""
    editor.until(lambda: editor.mode == "n", "normal mode")


def until_waiting(editor: Editor, count: int) -> None:
    """Wait until so many evaluations wait for input."""
    all_evaluations = "require('repl_connect.evaluations').all()"
    asked = f"vim.tbl_filter(function(each) return each.asked ~= nil end, {all_evaluations})"
    editor.until(lambda: editor.lua(f"return #{asked}") == count, f"{count} questions")


def test_input_is_asked_for_by_the_programs_prompt(editor: Editor, program: Program) -> None:
    editor.open(f"a{program.suffix}", program.words.ask + "\n")
    connect(editor, program.address)
    editor.command("1ReplEval")
    until_asked(editor)
    editor.type("blue<CR>")
    editor.until_shown(0, program.words.asked)


def test_an_empty_line_is_an_answer(editor: Editor, python_server: Program) -> None:
    editor.open("a.py", ASK)
    connect(editor, python_server.address)
    editor.command("1,2ReplEval")
    until_asked(editor)
    editor.type("<CR>")
    editor.until_shown(1, "''")


def test_cancelling_sends_nothing(editor: Editor, python_server: Program) -> None:
    editor.open("a.py", ASK)
    connect(editor, python_server.address)
    editor.command("1,2ReplEval")
    until_asked(editor)
    editor.type("half<Esc>")
    until_refused(editor)
    editor.until_said("nothing was sent, and it waits on.")
    editor.until_shown(1, "input?")
    editor.type(":ReplInput later<CR>")
    editor.until_shown(1, "'later'")


def test_the_question_can_be_asked_again(editor: Editor, python_server: Program) -> None:
    editor.open("a.py", ASK)
    connect(editor, python_server.address)
    editor.command("1,2ReplEval")
    until_asked(editor)
    editor.type("<C-c>")
    until_refused(editor)
    editor.type(":ReplInput<CR>")
    until_asked(editor)
    editor.type("again<CR>")
    editor.until_shown(1, "'again'")


def test_the_end_of_input(editor: Editor, python_server: Program) -> None:
    editor.open("a.py", ENDS)
    connect(editor, python_server.address)
    editor.command("1,5ReplEval")
    until_asked(editor)
    editor.type("<Esc>")
    until_refused(editor)
    editor.type(":ReplInput!<CR>")
    editor.until_shown(4, "'the end'")


def test_who_types_is_not_interrupted(editor: Editor, python_server: Program) -> None:
    editor.open("a.py", ASK)
    connect(editor, python_server.address)
    editor.type("Go")
    editor.lua("require('repl_connect.sending').lines(1, 2)")
    editor.until_said("the program waits for input.")
    assert editor.mode == "i"
    editor.type("typed<Esc>")
    assert editor.lines()[-1] == "typed"
    editor.command("ReplInput then")
    editor.until_shown(1, "'then'")


def test_a_password_is_not_shown(editor: Editor, python_server: Program) -> None:
    editor.open("a.py", PASSWORD)
    connect(editor, python_server.address)
    editor.command("1,2ReplEval")
    until_asked(editor)
    editor.type("secret<CR>")
    editor.until_shown(1, "'secret'")
    log = "\n".join(editor.lines(f"repl-connect://{python_server.address}"))
    assert "word: secret" not in log
    assert "secret" not in editor.lua("return vim.fn.histget('input', -1)")


def test_an_interrupt_ends_the_wait(editor: Editor, python_server: Program) -> None:
    editor.open("a.py", ASK)
    connect(editor, python_server.address)
    editor.command("1,2ReplEval")
    until_asked(editor)
    editor.type("<Esc>")
    until_refused(editor)
    editor.command("ReplInterrupt")
    editor.until_shown(1, "interrupted")
    editor.command("ReplInput too late")
    editor.until_said("nothing waits for input, so nothing was sent.")


def test_several_that_wait_are_answered_in_turn(
    editor: Editor, python_server: Program, python_loop: Program
) -> None:
    editor.open("a.py", "input('one? ')\ninput('two? ')\n")
    editor.type("i")
    for row, program in enumerate((python_server, python_loop), 1):
        connect(editor, program.address)
        editor.lua("require('repl_connect.sending').lines(..., ...)", row)
        until_waiting(editor, row)
    editor.type("<Esc>:ReplInput<CR>")
    until_asked(editor)
    editor.type("first<CR>")
    until_asked(editor)
    editor.type("second<CR>")
    editor.until_shown(0, "'first'")
    editor.until_shown(1, "'second'")
    until_idle(editor)


def test_nothing_waits(editor: Editor, python_server: Program) -> None:
    editor.open("a.py", "1\n")
    connect(editor, python_server.address)
    editor.command("ReplInput")
    editor.until_said("nothing waits for input.")
