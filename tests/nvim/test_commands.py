"""The commands, the <Plug> maps and the keys: what there is, and when they are left out."""

from __future__ import annotations

from collections.abc import Callable

from nvim.editor import Editor

from repl_connect.languages import FILETYPES

COMMANDS = (
    *("ReplConnect", "ReplDisconnect", "ReplReconnect", "ReplUse", "ReplTargets", "ReplEval"),
    *("ReplEvalForm", "ReplEvalRoot", "ReplEvalCell", "ReplEvalBuffer", "ReplLoadFile"),
    *("ReplRepeat", "ReplInterrupt", "ReplLog", "ReplInput", "ReplDoc", "ReplSource"),
    *("ReplHistory", "ReplValue", "ReplClear", "ReplYank", "ReplRestarts"),
)

KEYS = {
    "operator": ",E",
    "line": ",el",
    "form": ",ee",
    "root": ",er",
    "cell": ",e%",
    "word": ",ew",
    "paragraph": ",ep",
    "buffer": ",eb",
    "file": ",ef",
    "repeat": ",e.",
    "interrupt": ",ei",
    "value": ",ev",
    "clear": ",ex",
    "yank": ",ey",
    "comment": ",e;",
    "replace": ",e!",
    "log": ",eo",
    "history": ",eh",
    "input": ",en",
    "restarts": ",et",
    "doc": ",ed",
    "source": ",es",
    "connect": ",ec",
    "targets": ",eg",
}


def plug(name: str) -> str:
    return f"<Plug>(repl-connect-{name})"


def mapped(editor: Editor, keys: str, mode: str = "n") -> str:
    """What keys are mapped to; empty for nothing."""
    found: str = editor.lua("return vim.fn.maparg(...)", keys, mode)
    return found


def test_every_command_is_there_from_the_start(editor: Editor) -> None:
    assert [name for name in COMMANDS if editor.eval(f"exists(':{name}')") != 2] == []
    assert editor.hosts == []


def test_every_plug_map_is_there_from_the_start(editor: Editor) -> None:
    is_there = "return vim.fn.maparg(..., 'n', false, true).callback ~= nil"
    assert [name for name in KEYS if not editor.lua(is_there, plug(name))] == []
    for name in ("operator", "visual"):
        assert editor.lua(is_there.replace("'n'", "'x'"), plug(name))


def test_nothing_is_loaded_before_it_is_used(editor: Editor) -> None:
    editor.open("a.txt", "text\n")
    loaded = "return vim.tbl_filter(function(name) return name:find('^repl_connect') end, ...)"
    assert editor.lua(loaded, editor.lua("return vim.tbl_keys(package.loaded)")) == []


def test_the_keys_are_of_the_buffers_whose_language_is_known(editor: Editor) -> None:
    editor.command("set hidden")
    for filetype in (*FILETYPES, "scheme.guile"):
        editor.command("enew")
        assert mapped(editor, ",ee") == ""
        editor.command(f"set filetype={filetype}")
        found = {name: mapped(editor, keys) for name, keys in KEYS.items()}
        assert found == {name: plug(name) for name in KEYS}, filetype
        assert mapped(editor, ",E", "x") == plug("visual")


def test_a_buffer_that_was_there_before_the_plugin_has_them_too(
    start_editor: Callable[..., Editor],
) -> None:
    editor = start_editor(config="vim.g.loaded_repl_connect = 1")
    editor.open("a.py", "1\n")
    editor.command("unlet g:loaded_repl_connect | runtime plugin/repl_connect.lua")
    assert mapped(editor, ",ee") == plug("form")


def test_one_setting_turns_them_off(start_editor: Callable[..., Editor]) -> None:
    editor = start_editor(config="vim.g.repl_connect_no_mappings = 1")
    editor.open("a.py", "1\n")
    assert {keys: mapped(editor, keys) for keys in KEYS.values()} == dict.fromkeys(
        KEYS.values(), ""
    )
    assert editor.lua("return vim.fn.maparg('K', 'n', false, true).buffer") != 1


def test_what_the_user_has_mapped_is_left_alone(start_editor: Callable[..., Editor]) -> None:
    editor = start_editor(
        config="vim.keymap.set('n', ',ee', 'ix<Esc>')\n"
        "vim.keymap.set('n', '<F5>', '<Plug>(repl-connect-root)', {remap = true})\n"
        "vim.keymap.set('n', 'K', 'iy<Esc>')"
    )
    editor.open("a.py", "\n")
    editor.type(",eeK")
    assert editor.lines() == ["yx"]
    assert mapped(editor, ",er") == ""
    assert mapped(editor, ",el") == plug("line")


def test_without_a_connection_k_does_what_it_always_did(editor: Editor) -> None:
    editor.open("a.py", "one two\n")
    editor.command("command! -nargs=* Ask let g:asked = <q-args>")
    editor.command("set keywordprg=:Ask")
    editor.type("wK")
    assert editor.eval("g:asked") == "two"
    assert editor.hosts == []


def test_without_a_connection_it_is_said_how_to_make_one(editor: Editor) -> None:
    editor.open("a.py", "1\n")
    for command in ("ReplEval 1", "ReplEvalForm", "ReplInterrupt", "ReplLog"):
        editor.command("messages clear")
        editor.command(command)
        editor.until_said(":ReplConnect ADDRESS makes one.")
