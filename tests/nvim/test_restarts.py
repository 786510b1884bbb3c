"""Errors that hold the program: the user is told, and chooses how it goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from adapters.subjects import SUBJECTS
from driver import Client
from editors.programs import Program
from nvim.editor import Editor
from nvim.test_problems import connect, quickfix
from server.running import environment

_HELD = Path(__file__).parents[1] / "server" / "programs" / "held.py"

SELECT = """
local given = ...
given = given ~= vim.NIL and given or ''
_G.asked = {}
vim.ui.select = function(items, options, callback)
  local lines = {}
  for _, item in ipairs(items) do
    table.insert(lines, (options.format_item or tostring)(item))
  end
  table.insert(_G.asked, {options.prompt, lines})
  _G.choose = function(start)
    for index, item in ipairs(items) do
      if start ~= vim.NIL and vim.startswith(lines[index], start) then
        return callback(item, index)
      end
    end
    callback(nil, nil)
  end
end
vim.ui.input = function(options, callback)
  callback(given)
end
"""


class Holding(NamedTuple):
    """A program whose step fails in its third turn, once `ready` is set."""

    address: str
    process: subprocess.Popen[str]

    def until_line(self, wanted: str) -> None:
        """Read what it prints up to a line."""
        assert self.process.stdout is not None
        assert any(line.rstrip("\n") == wanted for line in self.process.stdout)


@pytest.fixture(params=["threads", "cooperative"])
def holding(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Holding]:
    """One with threads, and one with a loop."""
    address = str(tmp_path / "held.sock")
    with subprocess.Popen(
        [sys.executable, str(_HELD), request.param, address],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        found = Holding(address, process)
        found.until_line("served")
        yield found
        process.kill()


@pytest.fixture(scope="module")
def lisp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an SBCL with Swank."""
    (subject,) = (each for each in SUBJECTS if each.dialect == "swank")
    if missing := subject.missing():
        pytest.skip(f"needs {missing}")
    program = subject.start(tmp_path_factory.mktemp("swank"))
    yield program.address
    program.stop()


def use_answers(editor: Editor, value: str | None = None) -> None:
    """Let the test choose what a user would; `value` is what is typed when asked."""
    editor.lua(SELECT, value)


def until_offered(editor: Editor, count: int = 1) -> tuple[str, list[str]]:
    """Wait for the user to be asked for the nth time; the question and what is offered."""
    asked: list[list[Any]] = []

    def enough() -> bool:
        asked[:] = editor.lua("return _G.asked")
        return len(asked) >= count

    editor.until(enough, "an offer")
    prompt, lines = asked[count - 1]
    return prompt, lines


def choose(editor: Editor, start: str | None) -> None:
    """Choose what begins like this, or nothing."""
    editor.lua("_G.choose(...)", start)


def code(editor: Editor, text: str) -> None:
    """Evaluate code that stands nowhere."""
    editor.lua("require('repl_connect.sending').code(...)", text)


def test_a_held_program_goes_on_by_the_choice_of_the_user(editor: Editor, holding: Holding) -> None:
    editor.open("a.py", "def step():\n    print('mended', flush=True)\n")
    use_answers(editor)
    connect(editor, holding.address)
    code(editor, "ready = True")
    prompt, lines = until_offered(editor)
    assert "turn 3 is impossible" in prompt
    assert [line.partition(":")[0] for line in lines] == ["retry", "continue", "abort"]
    editor.until_said("turn 3 is impossible")
    assert "turn 3 is impossible" in quickfix(editor)[0]
    assert "in step" in quickfix(editor)[1][0][2]
    choose(editor, None)
    editor.until_said("is held still. :ReplRestarts offers its restarts.")
    editor.command("1,2ReplEval")
    editor.command("ReplRestarts")
    until_offered(editor, 2)
    choose(editor, "retry")
    holding.until_line("mended")
    editor.until_said(": retry: it goes on.")
    editor.command("ReplRestarts")
    editor.until_said("no error is held.")


def test_who_types_is_told_and_not_interrupted(editor: Editor, holding: Holding) -> None:
    editor.open("a.py", "")
    use_answers(editor)
    connect(editor, holding.address)
    editor.type("i")
    code(editor, "ready = True")
    editor.until_said(":ReplRestarts offers how it can go on.")
    editor.type("typed<Esc>")
    assert editor.lines() == ["typed"]
    editor.command("ReplRestarts")
    assert len(editor.until(lambda: editor.lua("return _G.asked"), "an offer")) == 1
    choose(editor, "continue")
    holding.until_line("4")


def test_a_value_that_is_given_up_lets_it_be_held(editor: Editor, holding: Holding) -> None:
    use_answers(editor)
    editor.lua("vim.ui.input = function(_, callback) callback(nil) end")
    connect(editor, holding.address)
    code(editor, "ready = True")
    until_offered(editor)
    choose(editor, "continue")
    editor.until_said("is held still. :ReplRestarts offers its restarts.")
    editor.command("ReplRestarts")
    until_offered(editor, 2)


def test_an_offer_left_by_ctrl_c_is_not_the_last_one(editor: Editor, holding: Holding) -> None:
    use_answers(editor)
    editor.lua(
        "local select = vim.ui.select\n"
        "vim.ui.select = function() vim.ui.select = select; error('Keyboard interrupt') end"
    )
    connect(editor, holding.address)
    code(editor, "ready = True")
    editor.until_said("is held still. :ReplRestarts offers its restarts.")
    editor.command("ReplRestarts")
    until_offered(editor)
    choose(editor, "continue")
    holding.until_line("4")
    code(editor, "turn = 2")
    _, lines = until_offered(editor, 2)
    assert lines


def test_what_is_held_when_one_connects(editor: Editor, holding: Holding) -> None:
    use_answers(editor, "nosuch_name")
    with Client(holding.address) as client:
        client.evaluate("ready = True")
        assert client.link.run_until(lambda: any(each.held for each in client.late), 20)
        connect(editor, holding.address)
        editor.until_said("turn 3 is impossible")
        until_offered(editor)
        choose(editor, "continue")
        editor.until_said("is held still.")
        editor.command("ReplRestarts")
        until_offered(editor, 2)
        choose(editor, "abort")


def test_a_lisp_error_goes_on_with_a_value(editor: Editor, lisp: str) -> None:
    editor.open("a.lisp", "(+ 1 no-such-variable)\n")
    use_answers(editor, "41")
    connect(editor, lisp)
    editor.command("1ReplEval")
    _, lines = until_offered(editor)
    assert any(line.startswith("use-value") for line in lines)
    choose(editor, "use-value")
    editor.until_shown(0, "42")
    editor.until(lambda: not editor.lua("return vim.diagnostic.get(0)"), "no diagnostic")
    editor.command("ReplRestarts")
    editor.until_said("no error is held.")


def test_there_is_nothing_that_could_be_held(editor: Editor, guile_program: Program) -> None:
    editor.open("a.scm", "")
    connect(editor, guile_program.address)
    editor.command("ReplRestarts")
    editor.until_said("errors do not hold the program there.")
