"""Showing: what stands beside the code follows edits, and goes when the code is edited."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from driver import Client
from editors.programs import Program
from nvim.editor import Editor

StartEditor = Callable[..., Editor]

RUNNING = "return #require('repl_connect.evaluations').running()"


@pytest.fixture
def connected(editor: Editor, python_server: Program) -> Editor:
    """A Neovim that is connected to a Python program."""
    return connect(editor, python_server)


def connect(editor: Editor, program: Program) -> Editor:
    editor.command(f"ReplConnect {program.address}")
    editor.until_said(" at ")
    return editor


class Gate:
    """What an evaluation of `waiting` waits for."""

    waiting = "gate.wait(30) and 42"

    def __init__(self, client: Client) -> None:
        self._client = client
        client.evaluate("import threading; gate = threading.Event()")

    def open(self) -> None:
        self._client.evaluate("gate.set()")


@pytest.fixture
def gate(python_server: Program) -> Iterator[Gate]:
    with Client(python_server.address) as client:
        gate = Gate(client)
        yield gate
        gate.open()


def ended(editor: Editor) -> None:
    editor.until(lambda: editor.lua(RUNNING) == 0, "all has ended")


def evaluate(editor: Editor, row: int, last: int | None = None) -> None:
    """Evaluate lines of the buffer, from 0, and wait until that has ended."""
    editor.command(f"{row + 1},{(row if last is None else last) + 1}ReplEval")
    ended(editor)


def shown(editor: Editor) -> dict[int, str]:
    return {row: text for row in range(len(editor.lines())) if (text := editor.virtual_text(row))}


class TestResults:
    def test_a_value_is_beside_the_last_line(self, connected: Editor) -> None:
        connected.open("a.py", "x = [\n    1,\n]\n(x +\n [2])\n")
        evaluate(connected, 0, 4)
        assert shown(connected) == {4: "=> [1, 2]"}
        assert connected.chunks(4)[0][1] == "ReplConnectValue"

    def test_the_value_of_an_earlier_form_is_not_beside_an_assignment(
        self, connected: Editor
    ) -> None:
        connected.open("a.py", "'doc'\nx = 3\n'doc'\nx\n")
        evaluate(connected, 0, 1)
        evaluate(connected, 2, 3)
        assert shown(connected) == {1: "✓", 3: "=> 3"}

    def test_nor_beside_a_definition_in_guile(self, editor: Editor, guile_program: Program) -> None:
        connect(editor, guile_program)
        editor.open("a.scm", '"doc"\n(define x 3)\n', guile_program.filetype)
        evaluate(editor, 0, 1)
        assert shown(editor) == {1: "✓"}

    def test_in_every_language(self, editor: Editor, program: Program) -> None:
        connect(editor, program)
        editor.open(f"a{program.suffix}", program.words.sum, program.filetype)
        evaluate(editor, 0)
        assert shown(editor) == {0: "=> 42"}

    def test_without_a_value_the_output_is(self, connected: Editor) -> None:
        connected.open("a.py", "print('\\n one\\ntwo')\nx = 1\n")
        evaluate(connected, 0)
        evaluate(connected, 1)
        assert shown(connected) == {0: "one", 1: "✓"}
        assert connected.chunks(0)[0][1] == "ReplConnectOutput"

    def test_an_error(self, connected: Editor) -> None:
        connected.open("a.py", "1 / 0\n")
        evaluate(connected, 0)
        assert "✗ ZeroDivisionError: division by zero" in connected.virtual_text(0)
        assert "ReplConnectError" in dict(connected.chunks(0)).values()

    def test_the_newest_of_a_line(self, connected: Editor) -> None:
        connected.open("a.py", "1; 2\n")
        evaluate(connected, 0)
        connected.lua("require('repl_connect.sending').range(0, 0, 0, 1)")
        ended(connected)
        assert shown(connected) == {0: "=> 1"}

    def test_a_long_value_is_cut_to_what_there_is_room_for(self, connected: Editor) -> None:
        connected.open("a.py", "'日本語' * 1000\n'x\\ty' + chr(7)\n(\n'a')\n'b' * 60")
        connected.command("let g:repl_connect_value_width = 20")
        evaluate(connected, 0)
        text = connected.virtual_text(0)
        assert connected.lua("return vim.fn.strdisplaywidth(...)", text) <= 20
        assert text.startswith("=> '日本語")
        assert text.endswith("…")
        connected.command("let g:repl_connect_value_width = 1000")
        connected.command("vsplit")
        connected.command("vertical resize 50")
        evaluate(connected, 4)
        assert connected.virtual_text(4).endswith("b…")
        width = connected.lua("return vim.fn.strdisplaywidth(...)", connected.virtual_text(4))
        assert 30 < width < 50 - len("'b' * 60")

    def test_control_characters_are_not_shown(self, connected: Editor) -> None:
        connected.open("a.py", "type('X', (), {'__repr__': lambda _: 'a\\x1b[31m\\tb\\x07c'})()\n")
        evaluate(connected, 0)
        text = connected.virtual_text(0)
        assert text.startswith("=> a")
        assert text.isprintable()

    def test_of_a_buffer_that_was_closed_only_in_the_log(
        self, connected: Editor, gate: Gate
    ) -> None:
        path = connected.open("a.py", gate.waiting)
        connected.command("1ReplEval")
        connected.command("bwipeout!")
        gate.open()
        ended(connected)
        connected.open(path)
        assert shown(connected) == {}
        connected.command("ReplLog")
        assert "# => 42" in connected.lines()

    def test_of_a_buffer_that_was_renamed(self, connected: Editor, gate: Gate) -> None:
        connected.open("a.py", gate.waiting)
        connected.command("1ReplEval")
        connected.command("file b.py")
        gate.open()
        ended(connected)
        assert shown(connected) == {0: "=> 42"}


class TestEdits:
    def test_lines_are_put_in_above_while_it_runs(self, connected: Editor, gate: Gate) -> None:
        connected.open("a.py", f"x = 1\n{gate.waiting}\n")
        connected.command("2ReplEval")
        connected.type("ggOone<CR>two<Esc>")
        gate.open()
        ended(connected)
        assert shown(connected) == {3: "=> 42"}
        connected.type("ggOthree<Esc>")
        assert shown(connected) == {4: "=> 42"}
        connected.type("u")
        assert shown(connected) == {3: "=> 42"}

    def test_a_line_is_put_in_directly_above(self, connected: Editor) -> None:
        connected.open("a.py", "1 + 1\n")
        evaluate(connected, 0)
        connected.type("Oabove<Esc>")
        assert shown(connected) == {1: "=> 2"}

    def test_the_line_is_joined(self, connected: Editor) -> None:
        connected.open("a.py", "x = 1;\n1 + 1\n# end\n")
        evaluate(connected, 1)
        connected.type("ggJ")
        assert connected.lines() == ["x = 1; 1 + 1", "# end"]
        assert shown(connected) == {0: "=> 2"}
        connected.type("J")
        assert shown(connected) == {0: "=> 2"}

    @pytest.mark.parametrize("keys", ["x", "A0<Esc>hi3<Esc>", "dd", "ggdG", "cc3<Esc>"])
    def test_the_code_is_edited(self, connected: Editor, keys: str) -> None:
        connected.open("a.py", "1 + 1\n1 + 2\n1 + 3\n")
        for row in range(3):
            evaluate(connected, row)
        connected.cursor = (1, 0)
        connected.type(keys)
        connected.until(lambda: "=> 3" not in shown(connected).values(), "the result is gone")
        if keys != "ggdG":
            assert list(shown(connected).values()) == ["=> 2", "=> 4"]

    def test_the_code_is_edited_in_its_first_line(self, connected: Editor) -> None:
        connected.open("a.py", "(1 +\n 1)\n")
        evaluate(connected, 0, 1)
        connected.type("ggfx<Esc>0lr2")
        connected.until(lambda: shown(connected) == {}, "the result is gone")

    def test_what_is_typed_after_the_code(self, connected: Editor) -> None:
        connected.open("a.py", "1 + 1\n1 + 2\n")
        evaluate(connected, 0)
        connected.type("ggA  # two<Esc>jA0<Esc>")
        assert shown(connected) == {0: "=> 2"}

    def test_what_is_typed_directly_after_the_code_makes_it_longer(self, connected: Editor) -> None:
        connected.open("a.py", "1 + 41\n(1 + 2)\n")
        evaluate(connected, 0)
        evaluate(connected, 1)
        connected.type("ggA2<Esc>jA # so<Esc>")
        connected.until(lambda: shown(connected) == {1: "=> 3"}, "only the first has gone")

    def test_the_code_is_deleted_while_it_runs(self, connected: Editor, gate: Gate) -> None:
        connected.open("a.py", f"x = 1\n{gate.waiting}\ny = 2\n")
        connected.command("2ReplEval")
        connected.until(lambda: shown(connected), "it runs")
        connected.type("2Gdd")
        connected.until(lambda: shown(connected) == {}, "the spinner is gone")
        gate.open()
        ended(connected)
        assert shown(connected) == {}

    def test_the_file_is_read_again(self, connected: Editor) -> None:
        path = connected.open("a.py", "1 + 1\n2\n")
        evaluate(connected, 0)
        path.write_text("zero\n1 + 1\n2\n")
        connected.command("edit!")
        connected.until(lambda: shown(connected) == {}, "the result is gone")
        evaluate(connected, 2)
        assert shown(connected) == {2: "=> 2"}
        connected.type("3Gx")
        connected.until(lambda: shown(connected) == {}, "the result is gone")

    def test_a_large_piece(self, connected: Editor) -> None:
        connected.open("a.py", "x = 1\n" * 5000 + "x")
        evaluate(connected, 0, 5000)
        assert connected.virtual_text(5000) == "=> 1"
        connected.type("ggOabove<Esc>")
        assert connected.virtual_text(5001) == "=> 1"
        connected.type("300Gx")
        connected.until(lambda: connected.virtual_text(5001) == "", "the result is gone")


class TestRunning:
    def test_a_sign_turns_until_it_has_ended(self, connected: Editor, gate: Gate) -> None:
        connected.open("a.py", f"{gate.waiting}\n1 + 1\n")
        connected.command("1ReplEval")
        connected.command("2ReplEval")
        signs = set()

        def turned() -> bool:
            signs.add(connected.virtual_text(0).partition(" ")[0])
            return len(signs - {""}) > 2

        connected.until(turned, "the sign turns")
        connected.until_shown(0, "1 s")
        assert "waits" in connected.virtual_text(1)
        gate.open()
        ended(connected)
        assert shown(connected) == {0: "=> 42", 1: "=> 2"}
        turns = "return require('repl_connect.spinner').turns()"
        connected.until(lambda: not connected.lua(turns), "the timer has stopped")

    def test_how_long(self, editor: Editor) -> None:
        duration = "return require('repl_connect.spinner').duration(...)"
        assert [editor.lua(duration, seconds * 1000) for seconds in (3, 125, 3720)] == [
            "3 s",
            "2 min 5 s",
            "1 h 2 min",
        ]

    def test_interrupted(self, connected: Editor) -> None:
        connected.open("a.py", "while True: pass\n")
        connected.command("1ReplEval")
        connected.until(lambda: shown(connected), "it runs")
        connected.command("ReplInterrupt")
        ended(connected)
        assert "✗" in connected.virtual_text(0)


class TestFlash:
    LIT = """
local lit = vim.api.nvim_create_namespace('repl_connect_lights')
local marks = vim.api.nvim_buf_get_extmarks(0, lit, 0, -1, {details = true})
return vim.tbl_map(function(mark)
  return {mark[2], mark[3], mark[4].end_row, mark[4].end_col, mark[4].hl_group}
end, marks)
"""

    def test_what_is_sent_is_lit(self, start_editor: StartEditor, python_server: Program) -> None:
        editor = connect(start_editor(config="vim.g.repl_connect_flash = 60000"), python_server)
        editor.open("a.py", "x = 1\n(x +\n 1)\n")
        evaluate(editor, 1, 2)
        assert editor.lua(self.LIT) == [[1, 0, 2, 3, "ReplConnectFlash"]]

    def test_for_a_moment(self, connected: Editor) -> None:
        connected.open("a.py", "1 + 1\n")
        connected.command("1ReplEval")
        connected.until(lambda: connected.lua(self.LIT), "it is lit")
        connected.until(lambda: not connected.lua(self.LIT), "it is dark")

    def test_not_at_all(self, start_editor: StartEditor, python_server: Program) -> None:
        editor = connect(start_editor(config="vim.g.repl_connect_flash = 0"), python_server)
        editor.open("a.py", "1 + 1\n")
        evaluate(editor, 0)
        assert editor.lua(self.LIT) == []


def test_the_highlights_survive_a_colour_scheme(connected: Editor) -> None:
    linked = "synIDtrans(hlID('ReplConnectValue')) == synIDtrans(hlID('String'))"
    assert connected.eval(linked) == 1
    connected.command("colorscheme blue")
    assert connected.eval(linked) == 1


def test_results_that_are_too_old_go(connected: Editor) -> None:
    connected.open("a.py", "".join(f"{number}\n" for number in range(250)))
    connected.command("1,250g/./.ReplEval")
    ended(connected)
    kept = shown(connected)
    assert len(kept) == 200
    assert kept[249] == "=> 249"
