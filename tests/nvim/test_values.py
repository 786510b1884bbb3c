"""Values: seen whole, taken into a register, put into the text, found again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from driver import Client
from editors.programs import Program
from nvim.editor import Editor

StartEditor = Callable[..., Editor]

RUNNING = "return #require('repl_connect.evaluations').running()"
WAITING = "gate.wait(30) and 42"


def connect(editor: Editor, program: Program) -> Editor:
    editor.command(f"ReplConnect {program.address}")
    editor.until_said(" at ")
    return editor


@pytest.fixture
def connected(editor: Editor, python_server: Program) -> Editor:
    """A Neovim that is connected to a Python program."""
    return connect(editor, python_server)


@pytest.fixture
def open_gate(python_server: Program) -> Iterator[Callable[[], None]]:
    """End the evaluation of `WAITING`."""
    with Client(python_server.address) as client:
        client.evaluate("import threading; gate = threading.Event()")

        def opened() -> None:
            client.evaluate("gate.set()")

        yield opened
        opened()


def ended(editor: Editor) -> None:
    editor.until(lambda: editor.lua(RUNNING) == 0, "all has ended")


def evaluate(editor: Editor, row: int) -> None:
    """Evaluate a line of the buffer, from 0, and wait until that has ended."""
    editor.command(f"{row + 1}ReplEval")
    ended(editor)


def typed(editor: Editor, keys: str) -> None:
    """Type keys that evaluate something, and wait until that has ended."""
    numbers = "return #require('repl_connect.evaluations').all()"
    before = editor.lua(numbers)
    editor.type(keys)
    editor.until(lambda: editor.lua(numbers) > before, f"{keys} evaluates something")
    ended(editor)


def float_of(editor: Editor) -> list[str]:
    floats = editor.until(editor.floats, "a float is there")
    assert len(floats) == 1
    return floats[0]


class TestFloat:
    def test_the_whole_value_of_the_line(self, connected: Editor) -> None:
        connected.open("a.py", "list(range(1000))\n'other'\n")
        evaluate(connected, 0)
        evaluate(connected, 1)
        connected.cursor = (0, 0)
        connected.type(",ev")
        assert "".join(float_of(connected)) == str(list(range(1000)))
        assert connected.eval("&syntax") == "python"

    def test_a_very_long_line_is_broken_between_characters(self, connected: Editor) -> None:
        connected.open("a.py", "'x日本' * 100_000\n")
        connected.command("1ReplEval")
        connected.until_shown(0, "=> 'x日本")
        connected.command("ReplValue")
        (lines,) = connected.floats()
        assert ("".join(lines) == "'" + "x日本" * 100_000 + "'") is True

    def test_of_no_line_the_last_of_the_buffer(self, connected: Editor) -> None:
        connected.open("a.py", "1\n2\n\n")
        evaluate(connected, 0)
        evaluate(connected, 1)
        connected.open("b.py", "3\n\n")
        evaluate(connected, 0)
        connected.command("buffer a.py")
        connected.cursor = (2, 0)
        connected.command("ReplValue")
        assert float_of(connected) == ["2"]

    @pytest.mark.parametrize("keys", ["q", "<Esc>", "<C-w>p", ":q<CR>"])
    def test_it_is_closed(self, connected: Editor, keys: str) -> None:
        connected.open("a.py", "1\n")
        evaluate(connected, 0)
        connected.type(",ev")
        float_of(connected)
        connected.type(keys)
        connected.until(lambda: not connected.floats(), "the float is closed")
        assert connected.eval("bufname()").endswith("a.py")
        assert connected.virtual_text(0) == "=> 1"

    def test_it_scrolls_and_fits(self, connected: Editor) -> None:
        connected.open("a.py", "x = type('X', (), {'__repr__': lambda _: 'abcde\\n' * 999})()\nx\n")
        evaluate(connected, 0)
        evaluate(connected, 1)
        connected.cursor = (1, 0)
        connected.type(",evG")
        assert float_of(connected)[0] == "abcde"
        assert connected.eval("line('.')") > 900
        assert connected.eval("winheight(0)") <= 24
        assert connected.eval("winwidth(0)") == 5

    def test_the_output_is_below(self, connected: Editor) -> None:
        connected.open("a.py", "[print('one'), 2]\nprint('x' * 20000)\n")
        evaluate(connected, 0)
        connected.type("gg,ev")
        assert float_of(connected) == ["[None, 2]", "── output ──", "one"]
        connected.type("q")
        evaluate(connected, 1)
        connected.type("2G,ev")
        shown = float_of(connected)
        assert shown[0] == "there is no value."
        assert ":ReplLog has more" in shown[1]

    def test_an_error_with_its_frames(self, connected: Editor) -> None:
        connected.open("a.py", "1 / 0\n")
        evaluate(connected, 0)
        connected.type(",ev")
        shown = float_of(connected)
        assert shown[0] == "ZeroDivisionError: division by zero"
        assert any("a.py:1" in line for line in shown[1:])
        assert not any("division by zero" in line for line in shown[1:])

    def test_the_quota_counts_from_when_it_is_set(self, connected: Editor) -> None:
        connected.open("a.py", "'x' * 10000\n")
        evaluate(connected, 0)
        length = "return #require('repl_connect.evaluations').all()[...].values[1]"
        assert connected.lua(length, 1) == 10002
        connected.command("let g:repl_connect_print_quota = 5000")
        evaluate(connected, 0)
        assert connected.lua(length, 2) <= 5000

    def test_a_value_that_was_cut(self, start_editor: StartEditor, python_server: Program) -> None:
        editor = start_editor(config="vim.g.repl_connect_print_quota = 5000")
        connect(editor, python_server)
        editor.open("a.py", "'x' * 100000\n")
        evaluate(editor, 0)
        editor.type(",ev")
        shown = float_of(editor)
        assert "g:repl_connect_print_quota" in shown[-1]
        assert 4000 < len("".join(shown[:-1])) < 6000

    def test_nothing_was_evaluated(self, connected: Editor) -> None:
        connected.command("ReplValue")
        connected.until_said("nothing was evaluated yet")


class TestRegister:
    def test_the_value_is_in_it(self, connected: Editor) -> None:
        connected.open("a.py", "'a' * 3\n2\n")
        evaluate(connected, 0)
        evaluate(connected, 1)
        connected.cursor = (0, 0)
        connected.command("ReplYank a")
        assert connected.eval("@a") == "'aaa'"
        connected.type('j"b,ey')
        connected.until(lambda: connected.eval("@b") == "2", "the value is in the register")

    def test_there_is_none(self, connected: Editor) -> None:
        connected.open("a.py", "x = 1\n")
        evaluate(connected, 0)
        connected.command("let @a = 'before'")
        connected.command("ReplYank a")
        connected.until_said("there is no value")
        assert connected.eval("@a") == "before"


class TestComment:
    def test_in_every_language(self, editor: Editor, program: Program) -> None:
        connect(editor, program)
        editor.open(f"a{program.suffix}", program.words.sum, program.filetype)
        typed(editor, ",e;")
        (line,) = editor.lines()
        assert line.startswith(f"{program.words.sum}  ")
        assert line.endswith(" => 42")

    def test_it_is_updated_in_place(self, connected: Editor) -> None:
        connected.open("a.py", "n = 1\nf(n, '# => ')\nend\n")
        code = "require('repl_connect.sending').code(...)"
        for body, shown in (
            ("n", ["f(n, '# => ')  # => 1"]),
            ("n + 1", ["f(n, '# => ')  # => 2"]),
            ("L([n, n])", ["f(n, '# => ')", "# => 1", "#    1"]),
            ("L([n, n, 3])", ["f(n, '# => ')", "# => 1", "#    1", "#    3"]),
            ("n", ["f(n, '# => ')  # => 1"]),
        ):
            connected.lua(
                code,
                "n = 1\nL = type('L', (list,), {'__repr__': lambda l: '\\n'.join(map(str, l))})\n"
                f"f = lambda n, _: {body}",
            )
            ended(connected)
            connected.cursor = (1, 0)
            typed(connected, ",e;")
            assert connected.lines() == ["n = 1", *shown, "end"]
            assert connected.virtual_text(1).startswith("=> ")

    def test_with_the_indentation_of_the_code(self, connected: Editor) -> None:
        connected.open("a.py", "if True:\n    L([1, 2])\n")
        connected.lua(
            "require('repl_connect.sending').code(...)",
            "L = type('L', (list,), {'__repr__': lambda l: '\\n'.join(map(str, l))})",
        )
        ended(connected)
        connected.cursor = (1, 4)
        typed(connected, ",e;")
        assert connected.lines() == ["if True:", "    L([1, 2])", "    # => 1", "    #    2"]
        connected.type("u")
        assert connected.lines() == ["if True:", "    L([1, 2])"]

    def test_an_error_leaves_the_text(self, connected: Editor) -> None:
        connected.open("a.py", "1 / 0\n")
        typed(connected, ",e;")
        assert connected.lines() == ["1 / 0"]
        assert "ZeroDivisionError" in connected.virtual_text(0)


class TestReplacing:
    def test_the_value_is_in_place_of_the_form(self, connected: Editor) -> None:
        connected.open("a.py", "sorted('ba')\n# end\n")
        typed(connected, ",e!")
        assert connected.lines() == ["['a', 'b']", "# end"]
        connected.type("u")
        assert connected.lines() == ["sorted('ba')", "# end"]

    def test_where_the_code_is_by_then(
        self, connected: Editor, open_gate: Callable[[], None]
    ) -> None:
        connected.open("a.py", f"x = 1\n{WAITING}\n")
        connected.cursor = (1, 0)
        connected.type(",e!")
        connected.until(lambda: connected.virtual_text(1), "it runs")
        connected.type("ggOabove<Esc>")
        open_gate()
        ended(connected)
        assert connected.lines() == ["above", "x = 1", "42"]

    def test_not_of_code_that_was_edited(
        self, connected: Editor, open_gate: Callable[[], None]
    ) -> None:
        connected.open("a.py", f"{WAITING}\n")
        connected.type(",e!")
        connected.until(lambda: connected.virtual_text(0), "it runs")
        connected.type("fwrW")
        edited = connected.lines()
        open_gate()
        connected.until_said("the code was edited meanwhile")
        assert connected.lines() == edited

    @pytest.mark.parametrize(("code", "said"), [("x = 1", "no value"), ("1 / 0", "Zero")])
    def test_not_without_a_value(self, connected: Editor, code: str, said: str) -> None:
        connected.open("a.py", f"{code}\n")
        typed(connected, ",e!")
        connected.until(
            lambda: said in connected.messages() + connected.virtual_text(0), "it is said"
        )
        assert connected.lines() == [code]


class TestHistory:
    def test_one_is_chosen(self, connected: Editor) -> None:
        connected.open("a.py", "'first'\n'second'\n")
        evaluate(connected, 0)
        evaluate(connected, 1)
        connected.type(",eh2<CR>1<CR>")
        assert float_of(connected) == ["'first'"]

    def test_it_is_evaluated_again(self, connected: Editor) -> None:
        connected.open("a.py", "count = globals().get('count', 0) + 1\ncount\n")
        evaluate(connected, 0)
        evaluate(connected, 1)
        first = connected.virtual_text(1).removeprefix("=> ")
        typed(connected, ",eh2<CR>3<CR>")
        evaluate(connected, 1)
        assert connected.virtual_text(1) == f"=> {int(first) + 1}"

    def test_none(self, connected: Editor) -> None:
        connected.command("ReplHistory")
        connected.until_said("nothing was evaluated yet")
