"""A Neovim at which one works on a program, for the acceptance tests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from editors.programs import Program
from nvim.editor import Editor
from nvim.phrases import PHRASES, Place

__all__ = ["ENDED", "STATE", "Desk"]

ENDED: Final = "return #require('repl_connect.evaluations').running() == 0"
"""Lua: whether nothing runs."""

STATE: Final = "return (require('repl_connect.connections').of() or {}).state"
"""Lua: how the connection of the current buffer is."""

AFRESH: Final = """
if vim.api.nvim_get_mode().mode ~= 'n' then vim.cmd('stopinsert') end
vim.cmd('silent! only! | silent! %bwipeout! | messages clear')
vim.fn.setqflist({}, 'f')
"""


class Desk:
    """A Neovim at which one works on a program."""

    def __init__(self, editor: Editor, program: Program) -> None:
        self.editor = editor
        self.program = program
        self.phrases = PHRASES[program.filetype]
        self._files = 0

    def begin(self) -> None:
        """Have a Neovim that is connected, and in which nothing is open or was said."""
        self.editor.type("<Esc>")
        if not self.editor.lua(ENDED):  # a test before this one has failed
            self.editor.command("ReplInterrupt")
            self.until_ended()
        self.editor.lua(AFRESH)
        self.open("")
        if self.editor.lua(STATE) != "connected":
            self.connect()
        self.editor.command("messages clear")

    def connect(self) -> None:
        self.editor.type(f":ReplConnect {self.program.address}<CR>")
        self.editor.until(lambda: self.editor.lua(STATE) == "connected", "the connection")
        self.editor.until_said(" at ")

    def open(self, text: str) -> Path:
        """Edit a new file of the program's language; the cursor is where the text has `‸`."""
        self._files += 1
        before, _, after = text.rpartition("‸")
        name = f"file{self._files}{self.program.suffix}"
        path = self.editor.open(name, before + after, self.program.filetype)
        if before:
            line = before.rpartition("\n")[2]
            self.editor.cursor = (before.count("\n"), len(line.encode()))
        return path

    def output(self) -> str:
        """What the log has of what was printed."""
        log = self.editor.lines("repl-connect://")
        return "\n".join(line for line in log if "(out)" in line)

    def until_value(self, place: Place) -> None:
        self.editor.until_shown(place.row, f"=> {place.value}")
        self.until_ended()

    def until_ended(self) -> None:
        self.editor.until(lambda: self.editor.lua(ENDED), "nothing runs")

    def evaluate(self, code: str) -> None:
        """Evaluate code that stands nowhere."""
        self.editor.command(f"ReplEval {code}")
        self.until_ended()

    def until_float(self, text: str) -> None:
        self.editor.until(
            lambda: any(text in "\n".join(lines) for lines in self.editor.floats()),
            f"a float with {text!r}",
        )

    def until_name(self, part: str) -> None:
        """Wait until the current buffer's name has this in it."""
        self.editor.until(lambda: part in self.editor.eval("bufname()"), f"the buffer {part}")

    def choose(self, *choices: str) -> None:
        """Have `vim.ui.select` choose the first item that has this text, one after the other."""
        self.editor.lua(
            """
            local wanted, select = ..., vim.ui.select
            vim.ui.select = function(items, options, callback)
              local text = table.remove(wanted, 1)
              if #wanted == 0 then vim.ui.select = select end
              for index, item in ipairs(items) do
                if (options.format_item or tostring)(item):find(text, 1, true) then
                  return callback(item, index)
                end
              end
              error('no item has ' .. text)
            end
            """,
            list(choices),
        )
