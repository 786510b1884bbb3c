"""Every command and every map does its thing, in each language, in both versions.

What there is to do is data: for each deed, a function that does it and looks at what came of it,
and the ways to have it done. `test_each_way_is_here` compares them with what the plugin has.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from editors.programs import KINDS, Program
from nvim.desk import ENDED, STATE, Desk
from nvim.editor import Editor
from nvim.phrases import PHRASES, Place

CODES: Final = """
return vim.tbl_map(function(each) return each.code end, require('repl_connect.evaluations').all())
"""
DIAGNOSTICS: Final = """
return vim.tbl_map(function(each) return each.lnum end, vim.diagnostic.get(0))
"""
QUICKFIX: Final = """
return vim.tbl_map(function(item)
  return {vim.fn.fnamemodify(vim.fn.bufname(item.bufnr), ':t'), item.lnum}
end, vim.fn.getqflist())
"""
KEYMAPS: Final = """
local found = {}
for _, mode in ipairs({'n', 'x'}) do
  local maps = ... and vim.api.nvim_buf_get_keymap(0, mode) or vim.api.nvim_get_keymap(mode)
  for _, map in ipairs(maps) do table.insert(found, map.lhs) end
end
return found
"""


@pytest.fixture(scope="module", params=KINDS)
def desk(
    request: pytest.FixtureRequest, neovim: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """A Neovim for all that is done with a program."""
    program: Program = request.getfixturevalue(request.param)
    config = tmp_path_factory.mktemp("config") / "config.toml"
    config.write_text(f'[partners.bench]\naddress = "{program.address}"\n')
    environment = {"REPL_CONNECT_CONFIG": str(config)}
    with Editor(neovim, columns=160, watchdog=300, environment=environment) as editor:
        yield Desk(editor, program)


def unit(name: str) -> Callable[[Desk, str], None]:
    """Send a unit from where the cursor is."""

    def send(desk: Desk, way: str) -> None:
        desk.evaluate(desk.phrases.define.format(7))
        place = desk.phrases.units[name]
        desk.open(place.text)
        cursor = desk.editor.cursor
        desk.editor.type(way)
        desk.until_value(place)
        assert desk.editor.cursor == cursor

    return send


def send_what_a_motion_covers(desk: Desk, way: str) -> None:
    desk.open(desk.phrases.inside.text)
    desk.editor.type(way + "%")
    desk.until_value(desk.phrases.inside)


def send_a_selection(desk: Desk, way: str) -> None:
    desk.open(desk.phrases.inside.text)
    desk.editor.type("v%" + way)
    desk.until_value(desk.phrases.inside)
    assert desk.editor.mode == "n"


def send_lines(desk: Desk, way: str) -> None:
    place = desk.phrases.units["paragraph"]
    desk.open(place.text)
    desk.editor.type(f"kVj{way}")
    desk.until_value(place)


def send_code(desk: Desk, way: str) -> None:
    desk.editor.type(f"{way} {desk.program.words.sum}<CR>")
    desk.until_ended()
    desk.editor.command("ReplValue")
    desk.until_float("42")


def send_the_buffer(desk: Desk, way: str) -> None:
    """It is sent as it is, also where it was not written."""
    place = desk.phrases.units["buffer"]
    desk.open(place.text.replace("2", "3"))
    desk.editor.command("%s/3/2/")
    desk.editor.type(way)
    desk.until_value(place)
    assert desk.editor.eval("&modified")


def load_the_file(desk: Desk, way: str) -> None:
    """What is on disk counts."""
    definition = desk.phrases.define
    desk.open(definition.format(11) + "\n")
    desk.editor.lua("vim.api.nvim_buf_set_lines(0, 0, -1, false, {...})", definition.format(12))
    desk.editor.type(way)
    desk.until_ended()
    desk.open(desk.program.words.read)
    desk.editor.type(",el")
    desk.editor.until_shown(0, "=> 11")


def repeat(desk: Desk, way: str) -> None:
    """The last is sent as it is by now, wherever the cursor is."""
    define = desk.phrases.define
    desk.open(f"1\n\n{define.format(20)}\n‸{desk.program.words.read}\n")
    desk.editor.type(",ep")
    desk.editor.until_shown(3, "=> 20")
    desk.until_ended()
    desk.editor.command("3s/20/21/")
    desk.editor.type("gg" + way)
    desk.editor.until_shown(3, "=> 21")


def interrupt(desk: Desk, way: str) -> None:
    desk.open(desk.program.words.forever + "\n")
    last = len(desk.editor.lines()) - 1
    before = desk.output().count("going")
    desk.editor.type(",eb")
    desk.editor.until(lambda: desk.output().count("going") > before, "output")
    desk.editor.type(way)
    desk.until_ended()
    desk.editor.until_shown(last, "✗")
    place = desk.phrases.units["line"]
    desk.open(place.text)
    desk.editor.type(",el")
    desk.until_value(place)
    # The next in a session of its own: in this one Clojure's nREPL may forget, when the thread that
    # was interrupted ends late, that another evaluation runs.
    desk.editor.command("ReplDisconnect")
    desk.editor.until(lambda: desk.editor.lua(STATE) != "connected", "the end of the connection")


def evaluated(desk: Desk, code: str) -> None:
    """A buffer with code that was evaluated, the cursor on it."""
    desk.open(f"‸{code}\n")
    desk.editor.type(",el")
    desk.until_ended()


def show_the_value(desk: Desk, way: str) -> None:
    evaluated(desk, desk.program.words.many)
    assert "999" not in desk.editor.virtual_text(0)
    desk.editor.type(way)
    desk.until_float("999")
    desk.editor.type("q")
    assert desk.editor.floats() == []


def clear(desk: Desk, way: str) -> None:
    evaluated(desk, desk.program.words.fail)
    desk.editor.until(lambda: desk.editor.lua(DIAGNOSTICS), "a diagnostic")
    desk.editor.type(way)
    desk.editor.until(lambda: not desk.editor.virtual_text(0), "nothing is beside the code")
    assert desk.editor.lua(DIAGNOSTICS) == []


def yank(desk: Desk, way: str) -> None:
    """Into a register, which the command takes as its argument."""
    evaluated(desk, desk.program.words.sum)
    desk.editor.command("let @a = ''")
    desk.editor.type(way.replace("<CR>", " a<CR>") if way.startswith(":") else f'"a{way}')
    desk.editor.until(lambda: desk.editor.eval("@a") == "42", "the value in the register")


def comment(desk: Desk, way: str) -> None:
    """The comment is replaced by the next one."""
    define, comment = desk.phrases.define, desk.phrases.comment
    desk.open(f"1\n{desk.program.words.read}‸\n1\n")
    for value in (5, 6):
        desk.evaluate(define.format(value))
        desk.editor.type(way)
        line = f"{desk.program.words.read}  {comment.format(f'=> {value}')}"
        desk.editor.until(lambda: desk.editor.lines() == ["1", line, "1"], line)  # noqa: B023
        desk.until_ended()


def replace(desk: Desk, way: str) -> None:
    total = desk.program.words.sum
    desk.open(f"1\n‸{total}\n")
    desk.editor.type(way)
    desk.editor.until(lambda: desk.editor.lines() == ["1", "42"], "the value in place of the code")
    desk.until_ended()
    desk.editor.type("u")
    assert desk.editor.lines() == ["1", total]


def show_the_log(desk: Desk, way: str) -> None:
    evaluated(desk, desk.program.words.print)
    desk.editor.type(way)
    desk.until_name("repl-connect://")
    lines = desk.editor.lines()
    assert desk.program.words.print in lines
    assert lines.index(desk.program.words.print) < len(lines) - 1
    assert any(line.endswith("hello") for line in lines)


def choose_of_the_history(desk: Desk, way: str) -> None:
    evaluated(desk, desk.program.words.sum)
    evaluated(desk, desk.program.words.read)
    desk.choose(desk.program.words.sum[:20], "evaluate the code again")
    before = len(desk.editor.lua(CODES))
    desk.editor.type(way)
    desk.editor.until(lambda: len(desk.editor.lua(CODES)) > before, "it is evaluated again")
    desk.until_ended()
    assert desk.editor.lua(CODES)[-1] == desk.program.words.sum


def give_input(desk: Desk, way: str) -> None:
    """It was asked for already, and nothing given."""
    desk.open(f"‸{desk.program.words.ask}\n")
    desk.editor.type(",el")
    desk.editor.until(lambda: desk.editor.mode == "c", "the question")
    desk.editor.type("<Esc>")
    desk.editor.until_said("it waits on")
    if way.endswith("ReplInput"):
        desk.editor.type(f"{way} blue<CR>")
    else:
        desk.editor.type(way)
        desk.editor.until(lambda: desk.editor.mode == "c", "the question again")
        desk.editor.type("blue<CR>")
    desk.editor.until_shown(0, f"=> {desk.program.words.asked}")


def ask_for_restarts(desk: Desk, way: str) -> None:
    desk.editor.type(way)
    desk.editor.until_said("repl-connect: ")


def show_documentation(desk: Desk, way: str) -> None:
    desk.open(f"\n{desk.program.words.documented}‸\n")
    desk.editor.type(f"h{way}")
    desk.until_float(desk.program.words.documentation)


def go_to_the_source(desk: Desk, way: str) -> None:
    lines = [line for line in desk.program.words.lines if line]
    text = "\n".join([lines[0], *(f"  {line}" for line in lines[1:])])
    path = desk.open(f"\n\n{text}\n")
    desk.editor.type(",eb")
    desk.until_ended()
    desk.open(f"1\n{desk.phrases.called.replace('twice', 'twi‸ce')}\n")
    desk.editor.type(way)
    desk.until_name(path.name)
    assert desk.editor.cursor[0] == 2


def choose_what_to_connect_to(desk: Desk, way: str) -> None:
    """What is live in this project, or a partner."""
    desk.editor.command("ReplDisconnect")
    desk.editor.until_said("Disconnected.")
    desk.choose("@bench")
    desk.editor.type(way)
    desk.editor.until(lambda: desk.editor.lua(STATE) == "connected", "the connection")


def connect(desk: Desk, way: str) -> None:
    desk.editor.command("ReplDisconnect")
    desk.editor.until_said("Disconnected.")
    desk.editor.type(f"{way} {desk.program.address}<CR>")
    desk.editor.until(lambda: desk.editor.lua(STATE) == "connected", "the connection")


def disconnect(desk: Desk, way: str) -> None:
    desk.editor.type(way)
    desk.editor.until_said("Disconnected.")
    assert desk.editor.lua("return require('repl_connect').statusline()") == ""


def reconnect(desk: Desk, way: str) -> None:
    desk.editor.type(way)
    desk.editor.until_said("it is connected.")


def choose_a_connection(desk: Desk, way: str) -> None:
    desk.choose(desk.program.address)
    desk.editor.type(way)
    desk.editor.until_said("is for this buffer now.")
    assert desk.editor.lua("return select(2, require('repl_connect.connections').of())") == "buffer"


def show_the_connections(desk: Desk, way: str) -> None:
    desk.choose(desk.program.address, "show its log")
    desk.editor.type(way)
    desk.until_name("repl-connect://")


class Deed(NamedTuple):
    """Something that is done, `do(desk, way)`, and the ways to have it done."""

    do: Callable[[Desk, str], None]
    ways: tuple[str, ...]


def by(plug: str, keys: str, *others: str) -> tuple[str, ...]:
    """A map, by its name, the keys it has by default, and whatever else does the same."""
    return (f"<Plug>(repl-connect-{plug})", f",{keys}", *others)


DEEDS: Final[Mapping[str, Deed]] = {
    "form": Deed(unit("form"), by("form", "ee", ":ReplEvalForm<CR>")),
    "root": Deed(unit("root"), by("root", "er", ":ReplEvalRoot<CR>")),
    "line": Deed(unit("line"), by("line", "el", ":ReplEval<CR>")),
    "word": Deed(unit("word"), by("word", "ew")),
    "paragraph": Deed(unit("paragraph"), by("paragraph", "ep")),
    "cell": Deed(unit("cell"), by("cell", "e%", ":ReplEvalCell<CR>")),
    "buffer": Deed(send_the_buffer, by("buffer", "eb", ":ReplEvalBuffer<CR>")),
    "file": Deed(load_the_file, by("file", "ef", ":ReplLoadFile<CR>")),
    "operator": Deed(send_what_a_motion_covers, by("operator", "E")),
    "visual": Deed(send_a_selection, by("visual", "E", "<Plug>(repl-connect-operator)")),
    "lines": Deed(send_lines, (":ReplEval<CR>",)),
    "code": Deed(send_code, (":ReplEval",)),
    "repeat": Deed(repeat, by("repeat", "e.", ":ReplRepeat<CR>")),
    "interrupt": Deed(interrupt, by("interrupt", "ei", ":ReplInterrupt<CR>")),
    "value": Deed(show_the_value, by("value", "ev", ":ReplValue<CR>")),
    "clear": Deed(clear, by("clear", "ex", ":ReplClear<CR>")),
    "yank": Deed(yank, by("yank", "ey", ":ReplYank<CR>")),
    "comment": Deed(comment, by("comment", "e;")),
    "replace": Deed(replace, by("replace", "e!")),
    "log": Deed(show_the_log, by("log", "eo", ":ReplLog<CR>")),
    "history": Deed(choose_of_the_history, by("history", "eh", ":ReplHistory<CR>")),
    "input": Deed(give_input, by("input", "en", ":ReplInput<CR>", ":ReplInput")),
    "restarts": Deed(ask_for_restarts, by("restarts", "et", ":ReplRestarts<CR>")),
    "doc": Deed(show_documentation, by("doc", "ed", "K", ":ReplDoc<CR>")),
    "source": Deed(go_to_the_source, by("source", "es", ":ReplSource<CR>")),
    "choose": Deed(choose_what_to_connect_to, by("connect", "ec", ":ReplConnect<CR>")),
    "connect": Deed(connect, (":ReplConnect",)),
    "reconnect": Deed(reconnect, (":ReplReconnect<CR>",)),
    "use": Deed(choose_a_connection, (":ReplUse<CR>",)),
    "targets": Deed(show_the_connections, by("targets", "eg", ":ReplTargets<CR>")),
    "disconnect": Deed(disconnect, (":ReplDisconnect<CR>",)),
}


@pytest.mark.parametrize("name", DEEDS)
def test_does_its_thing(desk: Desk, name: str) -> None:
    do, ways = DEEDS[name]
    for way in ways:
        desk.begin()
        do(desk, way)


def test_each_way_is_here(editor: Editor) -> None:
    editor.open("a.py", "")
    ways = {way for deed in DEEDS.values() for way in deed.ways}
    commands = {match[1] for way in ways if (match := re.match(r":(Repl\w+)", way))}
    there = editor.lua("return vim.tbl_keys(vim.api.nvim_get_commands({}))")
    assert commands == {name for name in there if name.startswith("Repl")}
    plugs = {way for way in ways if way.startswith("<Plug>")}
    assert plugs == {lhs for lhs in editor.lua(KEYMAPS, False) if "repl-connect" in lhs}
    keys = {way for way in ways if way[0] not in ":<"}
    assert keys == {lhs for lhs in editor.lua(KEYMAPS, True) if lhs[0] in ",K"}


def test_a_dot_does_it_again(desk: Desk) -> None:
    desk.begin()
    total = desk.program.words.sum
    desk.open(f"{total}\n1\n{total}\n")
    for keys, row in ((",el", 0), ("jj.", 2)):
        desk.editor.type(keys)
        desk.until_value(Place("", row))
    assert desk.editor.virtual_text(1) == ""


def test_completion(desk: Desk) -> None:
    words = desk.program.words
    desk.begin()
    desk.open("\n\n")
    desk.editor.command("set completeopt=menu,menuone,noselect")
    desk.editor.type(f"ji{words.begun}<C-x><C-o>")
    desk.editor.until(lambda: desk.editor.eval("pumvisible()"), "the menu")
    desk.editor.until(
        lambda: (
            words.completed
            in [item["word"] for item in desk.editor.eval("complete_info(['items'])")["items"]]
        ),
        words.completed,
    )
    desk.editor.type(f"{words.completed[len(words.begun) :]}<Esc>")
    assert desk.editor.lines()[1] == words.completed


def test_the_namespace_is_that_of_the_buffer(desk: Desk) -> None:
    name, _, code = desk.program.words.elsewhere
    desk.begin()
    if desk.phrases.elsewhere:
        desk.evaluate(f"import {name}")
        desk.editor.open(desk.phrases.elsewhere)
        desk.editor.type(f"Go{code}<Esc>")
    else:
        desk.open(f"{desk.phrases.head}\n\n{code}\n")
        desk.editor.type("G")
    desk.editor.type(",el")
    desk.editor.until_shown(desk.editor.cursor[0], "=> 3")


def test_an_error_is_in_its_place(desk: Desk) -> None:
    desk.begin()
    path = desk.open(f"\n\n‸{desk.program.words.fail}\n")
    desk.editor.type(",ee")
    desk.until_ended()
    assert "✗" in desk.editor.virtual_text(2)
    assert desk.program.words.error.partition(":")[0] in desk.editor.virtual_text(2)
    assert desk.editor.lua(DIAGNOSTICS) == [2]
    assert [path.name, 3] in desk.editor.lua(QUICKFIX)


def test_a_selection_reaches_the_loop_of_the_program(desk: Desk) -> None:
    """Its next turn has the new value, which is beside the code too."""
    if not desk.program.assign(0):
        return  # it has no loop
    desk.begin()
    value = time.monotonic_ns() % 1_000_000
    name = re.findall(r"[*\w]+", desk.program.assign(0))[-2]
    desk.open(f"1\n‸{desk.program.assign(value)}\n{name}\n1\n")
    desk.editor.type("Vj,E")
    desk.program.wait_for_global(value)
    desk.until_value(Place("", 2, str(value)))


def test_the_value_is_beside_its_code_wherever_that_is_by_now(desk: Desk) -> None:
    desk.begin()
    go_on = desk.editor.project / f"go-on-{time.monotonic_ns()}"
    lines = [line.replace("{}", str(go_on)) for line in desk.phrases.waiting]
    desk.open("\n".join(["1", "", *lines, "", "1", ""]))
    desk.editor.type(f"ggjjV{len(lines) - 1}j,E")
    desk.editor.until(lambda: not desk.editor.lua(ENDED), "it runs")
    desk.editor.until(lambda: desk.editor.virtual_text(2 + len(lines) - 1), "the sign that it runs")
    desk.editor.type("ggOone<CR>two<CR>three<Esc>Gotail<Esc>")
    go_on.touch()
    desk.until_value(Place("", 3 + 2 + len(lines) - 1))
    shown = [row for row in range(len(desk.editor.lines())) if desk.editor.virtual_text(row)]
    assert shown == [3 + 2 + len(lines) - 1]


def test_what_is_sent_while_it_connects_waits_for_that(
    start_editor: Callable[..., Editor], program: Program
) -> None:
    editor = start_editor(columns=160)
    place = PHRASES[program.filetype].units["line"]
    editor.open(f"a{program.suffix}", place.text.replace("‸", ""), program.filetype)
    editor.lua("vim.cmd('ReplConnect ' .. ...); vim.cmd('2ReplEval')", program.address)
    editor.until_shown(place.row, f"=> {place.value}")


def test_what_is_sent_while_it_connects_is_refused_when_that_fails(editor: Editor) -> None:
    editor.open("a.py", "40 + 2\n")
    editor.lua("vim.cmd('ReplConnect ./nobody.sock'); vim.cmd('1ReplEval')")
    editor.until(lambda: editor.lua(ENDED), "nothing runs")
    editor.until_shown(0, "✗")
