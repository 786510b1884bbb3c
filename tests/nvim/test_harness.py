"""What the tests of the plugin rely on: the plugin loads, and what goes wrong is not overlooked."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from driver import Client
from editors.programs import Program
from nvim.editor import Editor
from nvim.isolated import HOST, PLUGIN, Isolated
from nvim.versions import VERSIONS, executable
from terminal import Terminal

StartEditor = Callable[..., Editor]


def test_the_versions_differ() -> None:
    programs = [executable(version) for version in VERSIONS]
    if None in programs:
        pytest.skip(f"needs Neovim {' and '.join(VERSIONS)}")
    assert len(set(programs)) == len(VERSIONS)


def test_the_plugin_loads_and_says_nothing(editor: Editor) -> None:
    assert str(PLUGIN) in editor.eval("split(&runtimepath, ',')")
    assert editor.eval("exists(':ReplConnect')") == 2
    assert editor.messages() == ""
    assert editor.hosts == []


def test_without_the_plugin_it_is_a_plain_neovim(start_editor: StartEditor) -> None:
    plain = start_editor(plugin=False, command=None)
    assert plain.eval("exists(':ReplConnect')") == 0
    assert plain.eval("exists('g:repl_connect_cmd')") == 0


def test_nothing_of_the_user_is_touched(editor: Editor) -> None:
    home = str(editor.project.parent)
    for place in ("config", "data", "cache"):
        assert editor.lua("return vim.fn.stdpath(...)", place).startswith(home)
    assert editor.eval("$HOME").startswith(home)
    assert editor.eval("g:repl_connect_cmd") == list(HOST)
    assert Path(editor.eval("getcwd()")) == editor.project


def test_keys_go_through_mappings(start_editor: StartEditor) -> None:
    editor = start_editor(config="vim.keymap.set('n', '<LocalLeader>x', 'ggVj')")
    path = editor.open("a.scm", "(+ 1 2)\n(car '(ä))\n")
    assert path.read_text() == "(+ 1 2)\n(car '(ä))\n"
    assert editor.eval("&filetype") == "scheme"
    editor.type(",x")
    assert editor.mode == "V"
    editor.type("<Esc>A <lt>ä<Esc>")
    assert editor.lines() == ["(+ 1 2)", "(car '(ä)) <ä"]
    assert editor.cursor == (1, 13)


def test_virtual_text_is_seen_in_any_namespace(editor: Editor) -> None:
    editor.open("a.txt", "one\ntwo\n")
    editor.lua(
        "vim.diagnostic.config({virtual_text = true})\n"
        "vim.diagnostic.set(vim.api.nvim_create_namespace('errors'), 0,\n"
        "  {{lnum = 1, col = 0, message = 'bad', severity = 1}})\n"
        "vim.api.nvim_buf_set_extmark(0, vim.api.nvim_create_namespace('values'), 0, 0,\n"
        "  {virt_text = {{'=> ', 'Comment'}, {'3', 'Number'}}})"
    )
    assert editor.chunks(0) == [("=> ", "Comment"), ("3", "Number")]
    assert "bad" in editor.virtual_text(1)


def test_waiting_ends_with_all_that_is_shown(editor: Editor) -> None:
    editor.open("a.txt", "one\n")
    editor.command("echomsg 'a message'")
    with pytest.raises(AssertionError) as failed:
        editor.until(lambda: False, "pigs fly", limit=0)
    for shown in ("pigs fly", "a message", "a.txt", "one"):
        assert shown in str(failed.value)


def test_a_question_is_answered_by_typing(editor: Editor) -> None:
    editor.type(":lua vim.ui.input({prompt = 'Name: '}, function(it) vim.g.name = it end)<CR>")
    editor.type("blue<CR>")
    assert editor.eval("g:name") == "blue"
    editor.type(":lua vim.ui.select({'a', 'b'}, {}, function(it) vim.g.letter = it end)<CR>")
    editor.type("2<CR>")
    assert editor.eval("g:letter") == "b"


def test_press_enter_is_told(editor: Editor) -> None:
    """A plugin whose message does not fit stops the user: the test of it stops too."""
    editor.type(r':echo "a\nb"<CR>')
    with pytest.raises(AssertionError, match="waited for a key"):
        editor.until(lambda: False, "never", limit=0)


def test_an_error_that_nobody_looks_at_fails_at_the_end(start_editor: StartEditor) -> None:
    editor = start_editor()
    editor.lua("vim.schedule(function() error('unseen') end)")
    with pytest.raises(AssertionError, match="unseen"):
        editor.close()


def test_a_process_that_stays_fails_at_the_end(start_editor: StartEditor) -> None:
    editor = start_editor()
    pid = editor.lua("return vim.fn.jobpid(vim.fn.jobstart({'sleep', '999'}, {detach = true}))")
    editor.until(lambda: editor.hosts == [pid], "the process runs")
    with pytest.raises(AssertionError, match="sleep 999"):
        editor.close(limit=0.5)
    assert not Path(f"/proc/{pid}/cwd").exists()


def test_a_job_ends_with_a_neovim_that_is_killed(start_editor: StartEditor) -> None:
    editor = start_editor()
    editor.lua("vim.fn.jobstart({'cat'}, {rpc = true})")
    editor.kill()
    assert not editor.alive
    assert editor.hosts == []


def test_a_neovim_that_hangs_is_killed(start_editor: StartEditor) -> None:
    editor = start_editor(watchdog=1)
    with pytest.raises(AssertionError, match="took too long"):
        editor.lua("while true do end")
    with pytest.raises(AssertionError, match="took too long"):
        editor.close()


def test_the_screen(open_screen: Callable[..., tuple[Terminal, Isolated]]) -> None:
    terminal, isolated = open_screen(arguments=["a.txt"])
    terminal.wait_for("a.txt")
    terminal.send("ione, två\x1b:write\r")
    terminal.wait_for("written")
    assert terminal.lines[0] == "one, två"
    assert (isolated.project / "a.txt").read_text() == "one, två\n"
    terminal.enter(":quit")
    assert terminal.wait_exit() == 0


def test_a_program_runs_and_its_loop_is_watched(program: Program) -> None:
    assert program.alive
    if program.kind != "clojure_nrepl":
        program.wait_for_line("")


def test_a_loop_that_stands_still_is_noticed(start_program: Callable[..., Program]) -> None:
    program = start_program("python_loop")
    os.kill(program.process.pid, signal.SIGSTOP)
    with pytest.raises(AssertionError, match="never printed"):
        program.wait_for_line(" never", limit=0.5)


def test_a_new_value_is_seen_in_the_loop(start_program: Callable[..., Program]) -> None:
    for kind in ("python_loop", "guile_program"):
        program = start_program(kind)
        with Client(program.address) as client:
            client.evaluate(program.assign(77))
            program.wait_for_global(77)
