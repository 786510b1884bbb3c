"""Which connection a buffer uses, and what there is to see and to choose of them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from editors.programs import Program
from nvim.editor import Editor


@pytest.fixture
def two(start_program: Callable[..., Program], tmp_path: Path) -> tuple[Program, Program]:
    """Two Python programs."""
    (tmp_path / "other").mkdir()
    return (
        start_program("python_server"),
        start_program("python_loop", str(tmp_path / "other" / "loop.sock")),
    )


def connect(editor: Editor, program: Program) -> None:
    """Connect from the current buffer, and wait until it is so."""
    editor.command(f"ReplConnect {program.address}")
    editor.until(lambda: used(editor) == (program.address, "connected"), "it is connected")


def used(editor: Editor) -> tuple[str, str] | None:
    """The address and the state of what the current buffer uses."""
    found = editor.lua(
        "local it = require('repl_connect.connections').of()\n"
        "return it and {it.address, it.state} or vim.NIL"
    )
    return (found[0], found[1]) if found else None


def names(editor: Editor) -> list[str]:
    found: list[str] = editor.lua(
        "return vim.tbl_map(function(each) return each.address end,"
        " require('repl_connect.connections').all())"
    )
    return found


def statusline(editor: Editor) -> str:
    return str(editor.lua("return require('repl_connect').statusline()"))


def select(editor: Editor, *wanted: str) -> None:
    """Answer the next questions of `vim.ui.select` with what has these words in it."""
    editor.lua(
        "local wanted = ...\n"
        "vim.ui.select = function(items, options, chosen)\n"
        "  local words = table.remove(wanted, 1)\n"
        "  for index, item in ipairs(items) do\n"
        "    if options.format_item(item):find(words, 1, true) then\n"
        "      return chosen(item, index)\n"
        "    end\n"
        "  end\n"
        "  error('not offered: ' .. words)\n"
        "end",
        list(wanted),
    )


class TestWhatHasGone:
    def test_a_buffer_that_is_wiped_while_one_chooses(
        self, editor: Editor, python_server: Program
    ) -> None:
        editor.open("a.py", "1")
        connect(editor, python_server)
        editor.lua("vim.ui.select = function(items, _, chosen) _G.answer = {chosen, items[1]} end")
        for command in ("ReplUse project", "ReplUse"):
            editor.open("b.py", "1")
            editor.command(command)
            editor.command("bwipeout!")
            editor.lua("_G.answer[1](_G.answer[2])")
            assert used(editor) == (python_server.address, "connected")

    def test_a_host_that_can_not_run_has_lost_nothing(
        self, start_editor: Callable[..., Editor]
    ) -> None:
        editor = start_editor(config="vim.g.repl_connect_cmd = {'false'}")
        editor.lua("_G.events = {}")
        for name in ("ReplLost", "ReplConnectFailed"):
            editor.command(f"autocmd User {name} lua table.insert(_G.events, '{name}')")
        editor.command("ReplConnect 7888")
        editor.until_said("The host process has ended")
        assert editor.lua("return _G.events") == ["ReplConnectFailed"]


class TestWhichOne:
    def test_a_project_has_its_own_and_the_rest_the_last(
        self, editor: Editor, two: tuple[Program, Program]
    ) -> None:
        for name in ("one", "two", "three"):
            (editor.project / name / ".git").mkdir(parents=True)
        editor.open("one/src/a.py", "1")
        connect(editor, two[0])
        editor.open("two/b.py", "1")
        connect(editor, two[1])
        editor.open("one/c.py", "1")
        assert used(editor) == (two[0].address, "connected")
        assert statusline(editor).endswith("(project)")
        editor.open("three/d.py", "1")
        assert used(editor) == (two[1].address, "connected")
        assert "(" not in statusline(editor)

    def test_a_buffer_can_have_its_own(self, editor: Editor, two: tuple[Program, Program]) -> None:
        editor.open("a.py", "1")
        connect(editor, two[0])
        connect(editor, two[1])
        select(editor, two[0].address)
        editor.command("ReplUse buffer")
        assert used(editor) == (two[0].address, "connected")
        assert statusline(editor).endswith("(buffer)")
        editor.open("b.py", "1")
        assert used(editor) == (two[1].address, "connected")

    def test_the_working_directory_does_not_matter(
        self, editor: Editor, two: tuple[Program, Program]
    ) -> None:
        (editor.project / "one" / ".git").mkdir(parents=True)
        editor.open("one/a.py", "1")
        editor.command(f"cd {Path(two[0].address).parent}")
        editor.command(f"ReplConnect {Path(two[0].address).name}")
        editor.until(lambda: used(editor) is not None, "it is connected")
        editor.command("cd /")
        editor.command("bwipeout")
        editor.open("one/b.py", "1")
        editor.until(lambda: (used(editor) or ("", ""))[1] == "connected", "it is connected")
        assert "__main__" in statusline(editor)

    def test_code_does_not_go_where_another_language_is_spoken(
        self, editor: Editor, python_server: Program, guile_program: Program
    ) -> None:
        editor.open("a.py", "1")
        connect(editor, python_server)
        editor.open("a.scm", "(+ 1 1)", "scheme")
        assert used(editor) is None
        editor.command("ReplEvalBuffer")
        editor.until_said("no connection is for scheme")
        connect(editor, guile_program)
        editor.open("a.py")
        assert used(editor) == (python_server.address, "connected")
        editor.open("a.scm")
        assert used(editor) == (guile_program.address, "connected")

    def test_but_it_does_when_that_was_chosen_for_the_buffer(
        self, editor: Editor, python_server: Program
    ) -> None:
        editor.open("a.py", "1")
        connect(editor, python_server)
        editor.open("a.scm", "42", "scheme")
        select(editor, python_server.address)
        editor.command("ReplUse buffer")
        editor.command("ReplEvalBuffer")
        editor.until_shown(0, "42")


class TestConnecting:
    def test_to_the_same_place_spelled_differently(
        self, editor: Editor, python_server: Program
    ) -> None:
        editor.open("a.py", "1")
        connect(editor, python_server)
        directory, _, name = python_server.address.rpartition("/")
        for spelled in (
            f"unix:{python_server.address}",
            f"{directory}/../{Path(directory).name}/{name}",
        ):
            editor.command(f"ReplConnect {spelled}")
            editor.command("ReplEval 40 + 2")
            editor.until_said("it is connected already")
            editor.until(lambda: names(editor) == [python_server.address], "there is one")
            editor.command("messages clear")
        editor.until(
            lambda: "\n".join(editor.lines("repl-connect://")).count("=> 42") == 2, "what was sent"
        )
        assert used(editor) == (python_server.address, "connected")

    def test_to_what_does_not_listen_leaves_what_there_was(
        self, editor: Editor, python_server: Program, tmp_path: Path
    ) -> None:
        editor.open("a.py", "1")
        connect(editor, python_server)
        editor.command(f"ReplConnect {tmp_path}/none.sock")
        editor.until_said("there is no such socket")
        assert used(editor) == (python_server.address, "connected")

    def test_to_what_did_not_listen_tries_again(
        self, editor: Editor, start_program: Callable[..., Program], tmp_path: Path
    ) -> None:
        address = str(tmp_path / "later.sock")
        editor.open("a.py", "1")
        editor.command(f"ReplConnect {address}")
        editor.until_said("there is no such socket")
        assert used(editor) is None
        program = start_program("python_server", address)
        connect(editor, program)
        assert names(editor) == [address]

    @pytest.mark.parametrize("address", ["@nobody", "no such thing", "x:y:z"])
    def test_to_what_is_no_address(self, editor: Editor, address: str) -> None:
        editor.open("a.py", "1")
        editor.command(f"ReplConnect {address}")
        editor.until(editor.messages, "it is said")
        assert used(editor) is None
        assert "Traceback" not in editor.messages()

    def test_code_that_is_sent_before_it_is_connected_can_be_taken_back(
        self, editor: Editor, tmp_path: Path
    ) -> None:
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(tmp_path / "silent.sock"))
            silent.listen()
            editor.open("a.py", "1")
            editor.command(f"ReplConnect {tmp_path}/silent.sock")
            assert "connecting" in statusline(editor)
            editor.command("ReplEval 1")
            editor.command("ReplInterrupt")
            editor.until_said("interrupted")
            editor.command("ReplEval 1")
            editor.command("ReplDisconnect")
            editor.until_said("There is no connection")
            editor.until(lambda: names(editor) == [], "it is forgotten")

    def test_what_is_spoken_there_can_be_said(self, editor: Editor, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(tmp_path / "lines.sock"))
            listener.listen()
            editor.open("a.txt", "1")
            editor.command(f"ReplConnect {tmp_path}/lines.sock ++dialect=line")
            editor.until_said("lines of text")
            said = "return require('repl_connect.connections').of().dialect"
            assert editor.lua(said) == "line"
            assert names(editor) == [f"{tmp_path}/lines.sock"]

    def test_what_can_be_spoken_is_completed(self, editor: Editor, python_server: Program) -> None:
        def completed(text: str) -> list[str]:
            found: list[str] = editor.lua("return vim.fn.getcompletion(..., 'cmdline')", text)
            return found

        assert completed("ReplConnect 7888 ++d") == ["++dialect="]
        connect(editor, python_server)
        completed("ReplConnect ")  # which asks
        editor.until(
            lambda: (
                completed("ReplConnect 7888 ++dialect=s")
                == [f"++dialect={name}" for name in ("sbcl", "swank", "scm")]
            ),
            "they are known",
        )

    def test_an_advice_is_about_the_command(
        self, start_editor: Callable[..., Editor], tmp_path: Path
    ) -> None:
        (tmp_path / "config.toml").write_text("[connection]\ntimeout = 0.5\n")
        editor = start_editor(environment={"REPL_CONNECT_CONFIG": str(tmp_path / "config.toml")})
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(tmp_path / "silent.sock"))
            silent.listen()
            editor.command(f"ReplConnect {tmp_path}/silent.sock")
            editor.until_said("or be no REPL: ++dialect=line then.")


class TestDisconnecting:
    def test_falls_back_to_what_there_was(
        self, editor: Editor, two: tuple[Program, Program]
    ) -> None:
        editor.open("a.py", "1")
        connect(editor, two[0])
        connect(editor, two[1])
        editor.command("ReplDisconnect")
        editor.until(lambda: used(editor) == (two[0].address, "connected"), "the other is used")
        editor.command("ReplDisconnect")
        editor.until(lambda: used(editor) is None, "there is none")
        assert statusline(editor) == ""

    def test_what_is_not_connected(self, editor: Editor) -> None:
        editor.open("a.py", "1")
        editor.command("ReplDisconnect")
        editor.until_said("there is no connection")
        assert editor.hosts == []


class TestSeeing:
    def test_all_of_them_and_what_can_be_done(
        self, editor: Editor, two: tuple[Program, Program]
    ) -> None:
        editor.open("a.py", "1")
        connect(editor, two[0])
        connect(editor, two[1])
        select(editor, f"{two[0].address}: connected  Python", "use it for this project")
        editor.command("ReplTargets")
        assert used(editor) == (two[0].address, "connected")
        select(editor, "used here", "disconnect")
        editor.command("ReplTargets")
        editor.until(lambda: names(editor) == [two[1].address], "it has gone")

    def test_the_statusline_follows(
        self, editor: Editor, start_program: Callable[..., Program]
    ) -> None:
        program = start_program("python_server")
        editor.lua("vim.o.statusline = '%{v:lua.require(\"repl_connect\").statusline()}'")
        editor.lua("vim.o.laststatus = 2")

        def shown() -> str:
            return str(
                editor.eval("join(map(range(1, &columns), 'screenstring(&lines - 1, v:val)'), '')")
            ).strip()

        editor.open("a.py", program.words.forever)
        connect(editor, program)
        editor.until(lambda: shown() == f"{program.address} __main__", "the namespace")
        editor.command("ReplEvalBuffer")
        editor.until(lambda: shown().endswith("1 running"), "what runs")
        editor.command("ReplInterrupt")
        editor.until(lambda: shown() == f"{program.address} __main__", "that it has ended")
        program.stop()
        editor.until(lambda: "connecting again" in shown(), "that it was lost")

    def test_what_failed_does_not_count_in_the_statusline(
        self, editor: Editor, python_server: Program, tmp_path: Path
    ) -> None:
        editor.open("a.py", "1")
        connect(editor, python_server)
        editor.command(f"ReplConnect {tmp_path}/nosuch")
        editor.until_said("no such socket")
        editor.until(lambda: used(editor) == (python_server.address, "connected"), "it is used")
        assert statusline(editor) == f"{python_server.address} __main__"

    def test_events(self, editor: Editor, start_program: Callable[..., Program]) -> None:
        program = start_program("python_server")
        editor.lua(
            "_G.events = {}\n"
            "for _, name in ipairs({'ReplConnected', 'ReplConnectFailed', 'ReplLost'}) do\n"
            "  vim.api.nvim_create_autocmd('User', {pattern = name, callback = function()\n"
            "    table.insert(_G.events, name)\n"
            "  end})\n"
            "end"
        )
        editor.open("a.py", "1")
        editor.command("ReplConnect ./none.sock")
        editor.until(lambda: editor.lua("return _G.events") == ["ReplConnectFailed"], "it failed")
        connect(editor, program)
        program.stop()
        editor.until(lambda: "ReplLost" in editor.lua("return _G.events"), "it is lost")
        assert editor.lua("return _G.events")[:3] == [
            "ReplConnectFailed",
            "ReplConnected",
            "ReplLost",
        ]
