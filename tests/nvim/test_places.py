""":ReplConnect without an address, and the completion of one: what is live is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from editors.programs import Program
from nvim.editor import Editor

StartProgram = Callable[..., Program]

COMPLETIONS = "return vim.fn.getcompletion(..., 'cmdline')"


def near(editor: Editor, start_program: StartProgram, name: str) -> Program:
    """A program that listens in the editor's project."""
    return start_program("python_server", str(editor.project / name))


class TestWithoutAnAddress:
    def test_the_one_program_that_is_near(
        self, editor: Editor, start_program: StartProgram
    ) -> None:
        near(editor, start_program, "one.sock")
        editor.command("ReplConnect")
        editor.until_said("one.sock")
        editor.type(":<Up>")
        assert editor.eval("getcmdline()") == "ReplConnect ./one.sock"

    def test_of_several_the_one_that_is_chosen(
        self, editor: Editor, start_program: StartProgram
    ) -> None:
        editor.lua(
            "vim.ui.select = function(items, options, choose)\n"
            "vim.g.items = vim.tbl_map(options.format_item, items)\nchoose(items[2])\nend"
        )
        near(editor, start_program, "one.sock")
        near(editor, start_program, "two.sock")
        editor.command("ReplConnect")
        editor.until_said("two.sock")
        first, second = editor.eval("g:items")
        assert first.split()[:2] == ["./one.sock", "Python"]
        assert second.startswith("./two.sock  Python")
        assert "  python" in second

    def test_none_is_live(self, editor: Editor) -> None:
        (editor.project / ".nrepl-port").write_text("1\n")
        editor.command("ReplConnect")
        editor.type("<CR>")
        editor.until_said("nothing is live here: :ReplConnect needs an ADDRESS.")
        assert ".nrepl-port says 1, nobody listens there." in editor.messages()

    def test_a_connection_that_is_lost_is_made_again(
        self,
        start_editor: Callable[..., Editor],
        start_program: StartProgram,
        tmp_path: Path,
    ) -> None:
        config = tmp_path / "config.toml"
        config.write_text("[connection]\nreconnect = false\n")
        editor = start_editor(environment={"REPL_CONNECT_CONFIG": str(config)})
        program = near(editor, start_program, "one.sock")
        editor.command("ReplConnect one.sock")
        statusline = "return require('repl_connect').statusline()"
        editor.until(lambda: editor.lua(statusline).endswith("__main__"), "it is there")
        program.stop()
        editor.until(lambda: editor.lua(statusline).endswith("lost"), "it is lost")
        (editor.project / "one.sock").unlink()
        near(editor, start_program, "one.sock")
        editor.type("<CR>:ReplConnect<CR>")
        editor.until(lambda: editor.lua(statusline).endswith("__main__"), "it is there again")


class TestPartners:
    def test_forms_are_evaluated_before_what_is_sent(
        self, start_editor: Callable[..., Editor], start_program: StartProgram, tmp_path: Path
    ) -> None:
        config = tmp_path / "config.toml"
        editor = start_editor(environment={"REPL_CONNECT_CONFIG": str(config)})
        program = near(editor, start_program, "one.sock")
        config.write_text(
            f'[partners.sim]\naddress = "{program.address}"\nforms = ["x = 41", "nosuch()"]\n'
        )
        editor.open("a.py", "x + 1")
        editor.command("ReplConnect @sim")
        editor.until_said("@sim: the form `nosuch()` failed: NameError: name 'nosuch' is not def")
        editor.command("ReplEval")
        editor.until_shown(0, "42")


class TestCompletion:
    def test_programs_partners_and_files(
        self, start_editor: Callable[..., Editor], start_program: StartProgram
    ) -> None:
        editor = start_editor()
        config = editor.project / "config.toml"
        config.write_text('[partners.far]\naddress = "far:7000"\n')
        editor.lua("vim.env.REPL_CONNECT_CONFIG = ...", str(config))
        near(editor, start_program, "one.sock")
        (editor.project / "directory").mkdir()
        editor.lua("vim.fn.histadd(':', 'ReplConnect before:7000')")
        assert editor.hosts == []
        wanted = ["./one.sock", "@far", "before:7000", "config.toml", "directory/", "one.sock"]
        editor.until(lambda: editor.lua(COMPLETIONS, "ReplConnect ") == wanted, "all are offered")
        assert editor.lua(COMPLETIONS, "ReplConnect @") == ["@far"]
        assert editor.lua(COMPLETIONS, "ReplConnect bef") == ["before:7000"]
        assert editor.lua(COMPLETIONS, "ReplConnect ./o") == ["./one.sock"]

    def test_the_first_comes_as_soon_as_it_is_known(
        self, editor: Editor, start_program: StartProgram
    ) -> None:
        near(editor, start_program, "one.sock")
        editor.type(":ReplConnect <Tab>")
        editor.until(lambda: editor.eval("getcmdline()") == "ReplConnect ./one.sock", "it is there")

    def test_when_there_is_no_host_files_are_offered(
        self, start_editor: Callable[..., Editor]
    ) -> None:
        editor = start_editor(command=["/nonexistent"])
        (editor.project / "a.sock").touch()
        assert editor.lua(COMPLETIONS, "ReplConnect ") == ["a.sock"]
        assert editor.lua(COMPLETIONS, "ReplUse ") == ["buffer", "project", "default"]
