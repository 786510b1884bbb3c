"""What a user sees: Neovim in tmux, with a real screen of 80 by 24."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from editors.programs import Program
from nvim.isolated import Isolated
from tmux import Tmux

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

CONFIG: Final = """
vim.o.laststatus = 2
vim.o.statusline = "%f %{v:lua.require'repl_connect'.statusline()}"
vim.o.swapfile = false
"""

TEXT: Final = "x = 40\nx + 2\n1 / 0\ninput('who? ')\nis\n"


class Screen:
    """A Neovim on the screen."""

    def __init__(self, tmux: Tmux) -> None:
        self.tmux = tmux

    def run(self, command: str) -> None:
        self.tmux.send(f":{command}")
        self.tmux.press("Enter")

    def type(self, keys: str) -> None:
        self.tmux.send(keys)

    def until(self, text: str) -> None:
        self.tmux.wait_for(text)

    def until_line(self, *parts: str) -> None:
        """Wait for a line of the screen that has all of these."""
        for _ in range(1000):
            lines = self.tmux.screen().splitlines()
            if any(all(part in line for part in parts) for line in lines):
                return
        raise AssertionError(f"no line has {parts}:\n{self.tmux.screen()}")


@pytest.fixture
def open_screen(neovim: Path) -> Iterator[Callable[..., Screen]]:
    """Edit a file of this name and text; Neovim is killed in the end."""
    with ExitStack() as stack:

        def opened(file: str = "a.py", text: str = TEXT, columns: int = 80) -> Screen:
            directory = TemporaryDirectory(prefix="rc-nvim-", ignore_cleanup_errors=True)
            isolated = Isolated(Path(stack.enter_context(directory)), config=CONFIG)
            (isolated.project / file).write_text(text, encoding="utf-8")
            command = ["env", f"--chdir={isolated.project}"]
            settings = isolated.variables.items()
            command += [f"--unset={name}" for name, value in settings if value is None]
            command += [f"{name}={value}" for name, value in settings if value is not None]
            tmux = Tmux(shlex.join([*command, str(neovim), file]))
            stack.callback(tmux.close)
            if columns != 80:
                tmux.resize(columns, 24)
            tmux.wait_for(file)
            return Screen(tmux)

        yield opened


@pytest.fixture
def screen(open_screen: Callable[..., Screen], python_server: Program) -> Screen:
    """A Neovim that is connected to a Python program."""
    screen = open_screen()
    connect(screen, python_server)
    return screen


def connect(screen: Screen, program: Program) -> None:
    screen.run(f"ReplConnect {program.address}")
    screen.until_line("a.py", program.address, "__main__")


def test_a_value_and_an_error_are_beside_the_code(screen: Screen) -> None:
    screen.type("Vj,E")
    screen.until_line("x + 2", "=> 42")
    screen.type("3G,el")
    screen.until_line("1 / 0", "ZeroDivisionError: division by zero")
    screen.until_line("x + 2", "=> 42")


def test_the_program_asks(screen: Screen) -> None:
    screen.type("4G,el")
    screen.until("\nwho?")
    screen.type("somebody")
    screen.tmux.press("Enter")
    screen.until_line("input('who? ')", "=> 'somebody'")


def test_completions_are_in_a_menu(screen: Screen) -> None:
    screen.type("GA")
    screen.tmux.press("C-x", "C-o")
    screen.until_line("isinstance", "function")
    screen.until_line("issubclass", "function")


def test_a_lost_connection_is_in_the_statusline(
    open_screen: Callable[..., Screen], start_program: Callable[..., Program]
) -> None:
    program = start_program()
    screen = open_screen()
    connect(screen, program)
    program.stop()
    screen.until_line("a.py", program.address, "again")
    screen.type(",el")
    screen.until_line("x = 40", "✗ The connection to")
    screen.run("ReplDisconnect")
    screen.until("no more")


def test_a_failure_is_said_without_a_line_for_messages(open_screen: Callable[..., Screen]) -> None:
    screen = open_screen()
    screen.run("silent! set cmdheight=0")  # Neovim 0.7 can't
    screen.run("ReplConnect ./nosuch")
    screen.until("nosuch: there is no such socket")


def test_nothing_that_is_said_has_to_be_confirmed(
    open_screen: Callable[..., Screen],
    start_program: Callable[..., Program],
) -> None:
    """Neovim stops at what is longer than the last line of the screen."""
    screen = open_screen(columns=60)
    screen.run("ReplConnect " + "./a-rather-long-directory/" * 3 + "nobody.sock")
    screen.until("nobody")
    program = start_program()
    screen.run(f"ReplConnect {program.address}")
    screen.until("__main__")
    screen.run("ReplDoc " + "long_name_of_nothing_that_is_there" * 3)
    screen.until("Nothing is known")
    program.stop()
    screen.until("again")
    screen.type("Olast one")
    screen.until("last one")
    assert "Press ENTER" not in screen.tmux.screen()
