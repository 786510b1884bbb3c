"""The prompt's first moments, and what is set up in them."""

from __future__ import annotations

import signal

from prompt.conftest import StartPrompt, StartServer


def test_the_signal_of_ctrl_c_does_what_the_key_does(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.child.kill(signal.SIGINT)
    terminal.wait_for_line("Nothing runs. Ctrl-D or ,quit leaves.")
    terminal.send("(add 1")
    terminal.wait_for_current("(guile-user)> (add 1")
    terminal.child.kill(signal.SIGINT)
    terminal.wait_for_current("(guile-user)>")
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")


def test_another_size_of_the_terminal_is_seen_while_nothing_happens(
    start_prompt: StartPrompt,
) -> None:
    terminal = start_prompt()
    terminal.wait_quiet()
    written = len(terminal.raw)
    terminal.child.setwinsize(24, 40)
    terminal.wait_until(lambda: len(terminal.raw) > written)


def test_wide_characters_take_two_cells_although_their_widths_are_loaded_late(
    start_server: StartServer, start_prompt: StartPrompt
) -> None:
    terminal = start_prompt(start_server("python"), prompt="__main__>")
    terminal.send('"漢字')
    terminal.wait_until(lambda: terminal.screen.cursor.x == len('__main__> "') + 4)
