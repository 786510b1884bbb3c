"""What is known about a name: its documentation in a float, and the way to its definition."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from editors.programs import Program
from nvim.editor import Editor

StartProgram = Callable[..., Program]


@pytest.fixture
def editor(start_editor: Callable[..., Editor]) -> Editor:
    """One that is wide enough for what is said when it has connected."""
    return start_editor(columns=160)


def connect(editor: Editor, program: Program, text: str) -> None:
    editor.open(f"names{program.suffix}", text)
    editor.command(f"ReplConnect {program.address}")
    editor.until_said(program.address)


def float_of(editor: Editor) -> str:
    """The text of the float, which will open."""
    return "\n".join(editor.until(editor.floats, "the float is there")[0])


def name_of_buffer(editor: Editor) -> str:
    return str(editor.eval("bufname()"))


class TestDocumentation:
    def test_is_shown_for_the_name_at_the_cursor(self, editor: Editor, program: Program) -> None:
        connect(editor, program, f"\n{program.words.documented}\n")
        editor.type("jlK")
        shown = float_of(editor)
        assert program.words.documentation in shown
        assert shown.splitlines()[0].startswith(("(" + program.words.documented, "len("))

    def test_is_entered_by_asking_once_more(self, editor: Editor, program: Program) -> None:
        connect(editor, program, f"\n{program.words.documented}\n")
        editor.type("jK")
        shown = float_of(editor)
        editor.type("K")
        assert editor.lines() == shown.split("\n")
        editor.type("q")
        editor.until(lambda: not editor.floats(), "the float has gone")
        assert program.words.documented in editor.lines()

    def test_goes_when_the_cursor_moves(self, editor: Editor, python_server: Program) -> None:
        connect(editor, python_server, "len\nlen\n")
        editor.type("K")
        float_of(editor)
        editor.type("j")
        editor.until(lambda: not editor.floats(), "the float has gone")

    def test_of_the_call_around_where_nothing_else_is(
        self, editor: Editor, python_server: Program
    ) -> None:
        connect(editor, python_server, "len( 123 )\n")
        editor.type("$hK")
        assert "len(obj, /)" in float_of(editor)

    def test_of_a_name_that_is_given(self, editor: Editor, program: Program) -> None:
        connect(editor, program, "\n")
        editor.command(f"ReplDoc {program.words.documented}")
        assert program.words.documentation in float_of(editor)

    def test_nothing_is_known(self, editor: Editor, program: Program) -> None:
        connect(editor, program, "\n")
        editor.command("ReplDoc no-such-name-there")
        editor.until_said("Nothing is known about no-such-name-there there.")

    def test_no_name_and_no_connection(self, editor: Editor, python_server: Program) -> None:
        editor.open("names.py", "\n")
        editor.command("ReplDoc")
        editor.until_said("there is no connection. :ReplConnect ADDRESS makes one.")
        connect(editor, python_server, "\n")
        editor.command("ReplDoc")
        editor.until_said("There is no name at the cursor.")

    def test_of_the_buffers_namespace(self, editor: Editor, clojure_nrepl: Program) -> None:
        connect(editor, clojure_nrepl, "(ns clojure.set)\n\nunion\n")
        editor.type("jjK")
        assert "union" in float_of(editor)

    def test_comes_too_late(self, editor: Editor, start_program: StartProgram) -> None:
        """A float that opens in the midst of something else would be a nuisance."""
        program = start_program("python_server")
        connect(editor, program, "len\nint\n")
        os.kill(program.process.pid, signal.SIGSTOP)
        editor.type("Kj")
        os.kill(program.process.pid, signal.SIGCONT)
        editor.type("K")
        assert "int(" in float_of(editor)
        assert len(editor.floats()) == 1


DEFINED = {
    "guile_program": ("iota", "boot-9.scm", "(define* (iota"),
    "clojure_nrepl": ("reduce", "clojure/core.clj", "(defn reduce"),
}


class TestSource:
    @pytest.mark.parametrize("kind", DEFINED)
    def test_is_gone_to(self, editor: Editor, request: pytest.FixtureRequest, kind: str) -> None:
        program: Program = request.getfixturevalue(kind)
        name, file, line = DEFINED[kind]
        connect(editor, program, f"\n\n{name}\n")
        editor.cursor = (2, 1)
        editor.type(",es")
        editor.until(lambda: name_of_buffer(editor).endswith(file), "its file is there")
        assert str(editor.eval("getline('.')")).startswith(line)
        editor.type("<C-t>")
        assert name_of_buffer(editor).endswith(f"names{program.suffix}")
        assert editor.cursor == (2, 1)

    def test_in_an_archive_is_a_copy_to_read(self, editor: Editor, clojure_nrepl: Program) -> None:
        connect(editor, clojure_nrepl, "reduce\n")
        editor.command("ReplSource")
        editor.until(lambda: "core.clj" in name_of_buffer(editor), "the copy is there")
        assert name_of_buffer(editor).startswith("repl-connect-source://")
        assert editor.eval("[&modifiable, &readonly, &filetype]") == [0, 1, "clojure"]
        editor.type("2wK")  # what it has is known too
        assert "coll" in float_of(editor)
        editor.command("ReplSource map")
        editor.until(lambda: "(defn map\n" in str(editor.eval("getline('.')")) + "\n", "another")
        names = editor.lua(
            "return vim.tbl_filter(function(name) return name:find('core.clj', 1, true) end,"
            " vim.tbl_map(vim.api.nvim_buf_get_name, vim.api.nvim_list_bufs()))"
        )
        assert len(names) == 1

    def test_of_a_module_of_the_project_is_found_though_lines_were_added(
        self, editor: Editor, start_program: StartProgram
    ) -> None:
        program = start_program("python_server")
        module = editor.open("zoo.py", "a = 1\n\n\ndef zebra():\n    return a\n")
        connect(editor, program, "zoo.zebra\n")
        editor.command(f"ReplEval import sys; sys.path.insert(0, {str(editor.project)!r})")
        editor.command("ReplEval import zoo; zoo.zebra.__name__")
        editor.until(lambda: "'zebra'" in "\n".join(editor.lines("repl-connect://")), "imported")
        module.write_text("# more\n" * 20 + module.read_text())
        editor.command("edit! zoo.py | edit! #")
        editor.cursor = (0, 5)
        editor.command("ReplSource")
        editor.until(lambda: name_of_buffer(editor).endswith("zoo.py"), "its file is there")
        assert editor.eval("getline('.')") == "def zebra():"
        editor.type("<C-o>")
        assert name_of_buffer(editor).endswith("names.py")

    def test_of_what_was_only_sent_is_the_text_of_that(
        self, editor: Editor, start_program: StartProgram
    ) -> None:
        program = start_program("python_server")
        connect(editor, program, "zebra\n")
        editor.command("ReplEval def zebra(): return 'striped'")
        editor.until(
            lambda: editor.lua("return #require('repl_connect.evaluations').running() == 0"), "sent"
        )
        editor.command("ReplSource")
        editor.until(lambda: "source://zebra" in name_of_buffer(editor), "the text is there")
        assert editor.lines() == ["def zebra(): return 'striped'"]

    def test_of_what_has_none(self, editor: Editor, python_server: Program) -> None:
        connect(editor, python_server, "len\n")
        editor.command("ReplSource")
        editor.until_said("Nothing is known here of where len is defined.")

    def test_is_only_told_when_the_cursor_has_moved_on(
        self, editor: Editor, start_program: StartProgram
    ) -> None:
        program = start_program("python_server")
        connect(editor, program, "import re\nre.compile\n")
        editor.command("ReplEval import re")
        editor.cursor = (1, 5)
        os.kill(program.process.pid, signal.SIGSTOP)
        editor.type(",esgg")
        os.kill(program.process.pid, signal.SIGCONT)
        editor.until_said("compile is defined in ")
        assert name_of_buffer(editor).endswith("names.py")
        assert editor.cursor == (0, 5)
