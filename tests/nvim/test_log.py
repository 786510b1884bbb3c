"""The log: all that was sent and what came of it, bounded, and followed only at its end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from editors.programs import Program
from nvim.editor import Editor

StartEditor = Callable[..., Editor]

RUNNING = "return #require('repl_connect.evaluations').running()"


def connect(editor: Editor, program: Program) -> Editor:
    editor.command(f"ReplConnect {program.address}")
    editor.until_said(" at ")
    return editor


@pytest.fixture
def connected(editor: Editor, python_server: Program) -> Editor:
    """A Neovim that is connected to a Python program."""
    return connect(editor, python_server)


def evaluate(editor: Editor, *codes: str) -> None:
    """Evaluate each, and wait until that has ended."""
    for code in codes:
        editor.lua("require('repl_connect.sending').code(...)", code)
        editor.until(lambda: editor.lua(RUNNING) == 0, "it has ended")


def test_it_goes_on_with_a_new_connection_to_the_same(
    connected: Editor, python_server: Program
) -> None:
    evaluate(connected, "'before'")
    connected.command("ReplDisconnect")
    connected.until(
        lambda: not connected.lua("return require('repl_connect.connections').all()"), "it has gone"
    )
    connected.command(f"ReplConnect {python_server.address}")
    connected.until(lambda: sum(" at " in line for line in log(connected)) == 2, "both are there")
    assert "=> 'before'" in "\n".join(log(connected))
    buffers = "return vim.tbl_filter(function(each) return each:find('^repl') end,"
    buffers += " vim.tbl_map(vim.api.nvim_buf_get_name, vim.api.nvim_list_bufs()))"
    assert connected.lua(buffers) == [f"repl-connect://{python_server.address}"]
    connected.command("ReplLog")
    evaluate(connected, "'after'")
    connected.until(lambda: "=> 'after'" in "\n".join(log(connected)), "what came after")


def log(editor: Editor) -> list[str]:
    lines: list[str] = editor.lua(
        "local connection = require('repl_connect.connections').all()[1]\n"
        "local buffer = require('repl_connect.log').buffer(connection)\n"
        "return vim.api.nvim_buf_get_lines(buffer, 0, -1, false)"
    )
    return lines


def highlights(editor: Editor) -> dict[int, str]:
    """The highlight group of each row of the log, which is the current buffer."""
    marks = editor.lua(
        "return vim.api.nvim_buf_get_extmarks(0,\n"
        "  vim.api.nvim_create_namespace('repl_connect_log'), 0, -1, {details = true})"
    )
    return {
        row: str(details["hl_group"])
        for _, start, _, details in marks
        for row in range(start, details["end_row"])
    }


class TestWhatIsThere:
    def test_all_that_was_sent_and_what_came_of_it(self, connected: Editor) -> None:
        connected.open("a.py", "def f():\n\n    print('out')\n    return [1]\n")
        connected.command("1,4ReplEval")
        connected.until(lambda: connected.virtual_text(3) == "✓", "it has ended")
        evaluate(connected, "f()", "import sys; print('bad', file=sys.stderr)")
        connected.command("ReplLog")
        lines = connected.lines()
        assert lines[0].startswith("# Python")
        assert lines[1:] == [
            "# a.py:1",
            *["def f():", "", "    print('out')", "    return [1]"],
            "f()",
            "# (out) out",
            "# => [1]",
            "import sys; print('bad', file=sys.stderr)",
            "# (err) bad",
        ]
        groups = highlights(connected)
        assert groups[7] == "ReplConnectOutput"
        assert groups[8] == "ReplConnectValue"
        assert groups[10] == "ReplConnectError"
        assert not {2, 3, 4, 5, 6, 9} & groups.keys()

    def test_in_every_language_as_its_comments(self, editor: Editor, program: Program) -> None:
        connect(editor, program)
        evaluate(editor, program.words.sum, program.words.print)
        editor.command("ReplLog")
        assert editor.eval("&syntax") == program.filetype
        assert editor.eval("&buftype") == "nofile"
        lines = editor.lines()
        (value,) = (line for line in lines if line.endswith("=> 42"))
        comment = value.removesuffix("=> 42")
        assert comment.strip()
        assert f"{comment}(out) hello" in lines
        assert lines[0].startswith(comment)
        assert program.words.sum in lines

    def test_a_value_of_several_lines(self, connected: Editor) -> None:
        evaluate(connected, "type('X', (), {'__repr__': lambda _: 'a\\nb'})()")
        assert log(connected)[-2:] == ["# => a", "#    b"]

    def test_a_line_of_output_that_comes_in_pieces(self, connected: Editor) -> None:
        evaluate(
            connected,
            "for n in range(3): print(n, end=' ', flush=True)",
            "print('and'); print(3)",
        )
        lines = log(connected)
        assert "# (out) 0 1 2 " in lines
        assert lines[-2:] == ["# (out) and", "# (out) 3"]

    def test_what_was_sent_before_the_first_has_ended_is_told_apart(
        self, connected: Editor
    ) -> None:
        connected.open("a.py", "import time; time.sleep(0.2)\n'one'\n'two'\n")
        for row in (1, 2, 3):
            connected.command(f"{row}ReplEval")
        connected.until(lambda: "# => 'two'" in log(connected), "all have ended")
        lines = log(connected)
        assert lines[lines.index("# => 'one'") - 1] == "# a.py:2"
        assert lines[lines.index("# => 'two'") - 1] == "# a.py:3"

    def test_reconnecting_is_in_it(
        self, editor: Editor, start_program: Callable[..., Program]
    ) -> None:
        program = start_program()
        connect(editor, program)
        evaluate(editor, "40 + 2")
        program.stop()
        start_program(address=program.address)
        editor.until(lambda: sum("Python" in line for line in log(editor)) == 2, "it is back")
        lines = log(editor)
        assert "# => 42" in lines
        assert any("onnecting again" in line for line in lines)


class TestBounds:
    def test_it_keeps_the_last_lines_and_says_so(
        self, start_editor: StartEditor, python_server: Program
    ) -> None:
        editor = start_editor(config="vim.g.repl_connect_log_lines = 100")
        connect(editor, python_server)
        for _ in range(3):
            evaluate(editor, "for n in range(300): print(n)")
        editor.until(lambda: log(editor)[-1] == "# (out) 299", "all is there")
        editor.command("ReplLog")
        lines = editor.lines()
        assert 80 <= len(lines) <= 100
        assert "lines were dropped; g:repl_connect_log_lines" in lines[0]
        dropped = int(lines[0].split()[2])
        assert dropped + len(lines) - 1 == 1 + 3 * 301
        groups = highlights(editor)
        assert groups[0] == "ReplConnectPending"
        assert all(groups[row] == "ReplConnectOutput" for row in range(1, len(lines)))

    def test_a_line_that_is_far_too_long(self, connected: Editor) -> None:
        evaluate(connected, "print('x' * 400000); print('next')", "'ä' * 500000")
        connected.until(lambda: "# => 'ä" in log(connected)[-1], "the value is there")
        lines = log(connected)
        assert max(map(len, lines)) < 10200
        (output,) = (line for line in lines if "xxx" in line and "(out)" in line)
        assert "the rest of this line is left out" in output
        assert "# (out) next" in lines
        assert lines[-1].endswith("ä … :ReplValue shows the rest of this line")

    def test_a_value_of_many_lines(self, connected: Editor) -> None:
        evaluate(connected, "type('X', (), {'__repr__': lambda _: 'a\\n' * 3000 + 'b'})()")
        lines = log(connected)
        assert lines[-1] == "#    … 2001 more lines: :ReplValue shows them"
        assert len(lines) < 1010


class TestWindows:
    def test_it_follows_only_where_the_cursor_is_at_the_end(self, connected: Editor) -> None:
        evaluate(connected, "for n in range(100): print(n)")
        connected.command("ReplLog")
        connected.command("split")
        connected.type("50G")
        connected.command("tabnew")
        connected.command("split")
        rows = (
            "return vim.tbl_map(function(window)\n"
            "  return vim.api.nvim_win_get_cursor(window)[1]\n"
            "end, vim.fn.win_findbuf(vim.fn.bufnr('repl-connect://')))"
        )
        evaluate(connected, "for n in range(100): print(n)")
        count = len(log(connected))
        assert sorted(connected.lua(rows)) == [50, count]

    def test_it_is_shown_once_and_can_not_be_edited(self, connected: Editor) -> None:
        connected.command("ReplLog")
        window = connected.eval("win_getid()")
        connected.command("wincmd p")
        connected.command("ReplLog")
        assert connected.eval("win_getid()") == window
        assert connected.eval("&modifiable") == 0
        assert connected.eval("&buflisted") == 0
        assert connected.eval("bufname()").startswith("repl-connect://")

    @pytest.mark.parametrize("command", ["bdelete", "bwipeout", "bunload", "quit"])
    def test_it_survives(self, connected: Editor, command: str) -> None:
        evaluate(connected, "'before'")
        connected.command("ReplLog")
        connected.command(command)
        evaluate(connected, "'after'")
        connected.command("ReplLog")
        lines = connected.lines()
        assert lines[-4:] == ["'before'", "# => 'before'", "'after'", "# => 'after'"]
        assert highlights(connected)[len(lines) - 3] == "ReplConnectValue"
        assert connected.eval("&modifiable") == 0

    def test_there_is_nothing_to_undo(self, connected: Editor) -> None:
        evaluate(connected, "1")
        connected.command("ReplLog")
        assert connected.eval("&undolevels") == -1
        assert connected.eval("&swapfile") == 0

    def test_code_is_sent_from_it_to_its_own_connection(
        self, connected: Editor, start_program: Callable[..., Program]
    ) -> None:
        evaluate(connected, "mine = 5")
        connected.command("ReplLog")
        connected.command(f"ReplConnect {start_program().address}")
        connected.until(
            lambda: (
                connected.lua(
                    "return #vim.tbl_filter(function(each) return each.state == 'connected' end,\n"
                    "  require('repl_connect.connections').all())"
                )
                == 2
            ),
            "both are connected",
        )
        row = connected.lines().index("mine = 5")
        connected.command(f"{row + 1}ReplEval")
        connected.until(lambda: connected.lua(RUNNING) == 0, "it has ended")
        number = "return require('repl_connect.evaluations').all()[...].connection"
        assert connected.lua(number, 2) == connected.lua(number, 1)


@pytest.mark.parametrize("left_open", [r"\x1b]0;title", r"\x90\x01", r"\x1b[3"])
def test_what_an_evaluation_leaves_open_does_not_swallow_the_next_output(
    connected: Editor, left_open: str
) -> None:
    evaluate(connected, f"print('first{left_open}', end='')", "print('second', 6 * 7)")
    connected.until(lambda: "second 42" in "\n".join(log(connected)), "what came next")
