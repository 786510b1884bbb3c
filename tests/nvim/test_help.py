"""The help file has what there is."""

from __future__ import annotations

import re

import pytest
from nvim.editor import Editor
from nvim.isolated import PLUGIN

from repl_connect.editors.help_tags import help_tags, write_help_tags

TEXT = (PLUGIN / "doc" / "repl-connect.txt").read_text("utf-8")


@pytest.fixture(scope="module")
def tags() -> set[str]:
    return {line.split(b"\t")[0].decode() for line in help_tags(str(PLUGIN / "doc")).splitlines()}


def test_every_command(editor: Editor, tags: set[str]) -> None:
    commands = editor.lua("return vim.fn.getcompletion('Repl', 'command')")
    assert "ReplConnect" in commands
    assert {f":{name}" for name in commands} - tags == set()


def test_every_setting(editor: Editor, tags: set[str]) -> None:
    names = editor.lua("return vim.tbl_keys(require('repl_connect.settings').defaults)")
    assert {f"g:repl_connect_{name}" for name in [*names, "cmd"]} - tags == set()


def test_every_map(editor: Editor, tags: set[str]) -> None:
    editor.open("x.py", "x\n", filetype="python")
    maps = set(re.findall(r"<Plug>\(repl-[\w-]+\)", editor.lua("return vim.fn.execute('map')")))
    assert "<Plug>(repl-connect-form)" in maps
    assert maps - tags == set()


def test_every_default_key(editor: Editor) -> None:
    editor.open("x.py", "x\n", filetype="python")
    editor.until(lambda: editor.eval("maparg(',ee', 'n')"), "the maps")
    line = re.compile(r"^<LocalLeader>(\S+?)(?:{motion})? +\*(<Plug>\S+)\*$", re.MULTILINE)
    told = {plug: keys for keys, plug in line.findall(TEXT)}
    maps = editor.lua(
        "local maps = {}\n"
        "for _, mode in ipairs({'n', 'x'}) do\n"
        "  for _, map in ipairs(vim.api.nvim_buf_get_keymap(0, mode)) do\n"
        "    if map.lhs:sub(1, 1) == ',' then table.insert(maps, {map.rhs, map.lhs:sub(2)}) end\n"
        "  end\n"
        "end\n"
        "return maps"
    )
    assert [keys for plug, keys in maps if told.get(plug) != keys] == []
    assert len(told) == len(maps)


def test_nothing_that_there_is_not(editor: Editor, tags: set[str]) -> None:
    commands = [tag[1:] for tag in tags if tag.startswith(":")]
    assert [name for name in commands if editor.eval(f"exists(':{name}')") != 2] == []
    groups = [tag.removeprefix("hl-") for tag in tags if tag.startswith("hl-")]
    editor.lua("require('repl_connect.marks'); require('repl_connect.signature')")
    assert [name for name in groups if not editor.eval(f"hlexists('{name}')")] == []


def test_what_it_refers_to(editor: Editor) -> None:
    write_help_tags(str(PLUGIN / "doc"))
    for topic in sorted(set(re.findall(r"(?<=\|)[^|\s]+(?=\|)", TEXT))):
        assert editor.lua("return pcall(vim.cmd, 'help ' .. ...)", topic), topic


def test_its_lines_fit() -> None:
    assert [line for line in TEXT.splitlines() if len(line) > 79] == []
