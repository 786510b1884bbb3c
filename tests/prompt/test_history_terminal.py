"""The history as one uses it, on a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from prompt.conftest import StartPrompt, StartServer

from repl_connect.prompt.history.file import Entry, HistoryFile
from repl_connect.prompt.history.project import project_directory

BLOCK = "(define (twice x)\n  (add x\n       x))"


@pytest.fixture
def kept(tmp_path: Path) -> HistoryFile:
    """The file that the prompts of a test share."""
    return HistoryFile(str(tmp_path / "state/repl-connect/history/guile"))


def keep(file: HistoryFile, *texts: str) -> None:
    for text in texts:
        file.append(Entry(text, project_directory()))


def test_a_search_shows_the_whole_entry_and_brings_it(
    start_prompt: StartPrompt, kept: HistoryFile
) -> None:
    keep(kept, BLOCK, "(say 1)", "(say 2)")
    terminal = start_prompt()
    terminal.press("ctrl-r")
    terminal.send("add x")
    terminal.wait_for_line("(guile-user)> (define (twice x)")
    terminal.wait_for_line("          ...   (add x")
    terminal.wait_for_line("          ...        x))")
    terminal.press("enter")
    terminal.wait_for_current("          ...        x))")
    terminal.send("\x7f\x7f 9))")
    terminal.wait_for_current("          ...        x 9))")
    terminal.press("ctrl-c")
    terminal.wait_for_current("(guile-user)>")
    terminal.press("up")  # nothing of it was kept or sent
    terminal.wait_for_current("(guile-user)> (say 2)")


def test_tabs_in_what_a_search_finds_are_blanks(
    start_prompt: StartPrompt, kept: HistoryFile
) -> None:
    keep(kept, "(define (f)\n\t(say 1))")
    terminal = start_prompt()
    terminal.press("ctrl-r")
    terminal.send("say")
    terminal.wait_for_line("          ...         (say 1))")


def test_a_search_again_goes_on_to_the_entry_before(
    start_prompt: StartPrompt, kept: HistoryFile
) -> None:
    keep(kept, "(add 3 1)", BLOCK, "(add 3 2)")
    terminal = start_prompt()
    terminal.press("ctrl-r")
    terminal.send("3")
    terminal.wait_for_line("(guile-user)> (add 3 2)")
    terminal.press("ctrl-r")
    terminal.wait_for_line("(guile-user)> (add 3 1)")
    terminal.press("enter", "enter")
    terminal.wait_for_line("$1 = 4")


def test_a_search_finds_what_another_client_entered(
    start_prompt: StartPrompt, start_server: StartServer
) -> None:
    server = start_server()
    first, second = start_prompt(server), start_prompt(server)
    second.enter("(add 40 2)")
    second.wait_for_line("$1 = 42")
    first.press("ctrl-r")
    first.send("add 4")
    first.wait_for_line("(guile-user)> (add 40 2)")
    first.press("enter", "enter")
    first.wait_for_line("$1 = 42")
    second.enter("(add 1 1)")
    second.wait_for_line("$2 = 2")
    first.press("up")
    first.wait_for_current("(guile-user)> (add 1 1)")


def test_an_entry_of_several_lines_is_one_block(
    start_prompt: StartPrompt, kept: HistoryFile
) -> None:
    keep(kept, "(say 1)", "(add 1\n     2)")
    terminal = start_prompt()
    terminal.press("up")
    terminal.wait_for_current("          ...      2)")
    terminal.press("up")  # a line up in it
    terminal.wait_for_current("(guile-user)> (add 1")
    terminal.press("up")
    terminal.wait_for_current("(guile-user)> (say 1)")
    terminal.press("down")
    terminal.wait_for_current("(guile-user)> (add 1")
    terminal.press("alt-enter")
    terminal.wait_for_line("$1 = 3")


def test_the_rest_of_an_entry_is_suggested_and_taken(
    start_prompt: StartPrompt, kept: HistoryFile
) -> None:
    keep(kept, "(add 1 2)", "(say 1)")
    terminal = start_prompt()
    terminal.send("(add")
    terminal.wait_for_current("(guile-user)> (add 1 2)")
    terminal.press("right", "enter")
    terminal.wait_for_line("$1 = 3")


def test_a_suggestion_can_be_taken_by_the_word(
    start_prompt: StartPrompt, kept: HistoryFile
) -> None:
    keep(kept, "(add 10 20 30)")
    terminal = start_prompt()
    terminal.send("(add ")
    terminal.wait_for_current("(guile-user)> (add 10 20 30)")
    terminal.send("\x1bf")  # Alt-F
    terminal.send(" 5)")
    terminal.wait_for_current("(guile-user)> (add 10 5)")
    terminal.press("enter")
    terminal.wait_for_line("$1 = 15")


def test_a_suggestion_of_several_lines_shows_that_there_is_more(
    start_prompt: StartPrompt, kept: HistoryFile
) -> None:
    keep(kept, "(add 1\n     2)")
    terminal = start_prompt()
    terminal.send("(a")
    terminal.wait_for_current("(guile-user)> (add 1 …")
    terminal.press("right")
    terminal.wait_for_current("          ...      2)")
    terminal.press("enter")
    terminal.wait_for_line("$1 = 3")


def test_a_binary_history_costs_one_warning(start_prompt: StartPrompt, kept: HistoryFile) -> None:
    path = Path(kept.path)
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(range(256)) * 40)
    terminal = start_prompt()
    terminal.wait_for("the rest is used")
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")
    terminal.press("up")
    terminal.wait_for_current("(guile-user)> (add 1 2)")
    terminal.press("ctrl-c", "ctrl-d")
    assert terminal.wait_exit() == 0
    assert terminal.unwrapped.count("is damaged") == 1


def test_the_newest_of_many_entries_is_there_at_once(
    start_prompt: StartPrompt, kept: HistoryFile
) -> None:
    keep(kept, *(f"(add {number} 1)" for number in range(3_000)))
    terminal = start_prompt()
    terminal.press("up", "up")
    terminal.wait_for_current("(guile-user)> (add 2998 1)")
    terminal.press("enter")
    terminal.wait_for_line("$1 = 2999")


def test_the_entries_of_other_projects_are_there_on_demand(
    start_prompt: StartPrompt, kept: HistoryFile
) -> None:
    kept.append(Entry("(add 7 7)", "/elsewhere"))
    keep(kept, "(add 1 1)")
    terminal = start_prompt()
    terminal.press("up", "up")
    terminal.wait_for_current("(guile-user)> (add 1 1)")
    terminal.press("ctrl-c")
    terminal.enter(",set history.scope all")
    terminal.wait_for_current("(guile-user)>")
    terminal.send("(add 7")
    terminal.press("up")
    terminal.wait_for_current("(guile-user)> (add 7 7)")
    terminal.press("enter")
    terminal.wait_for_line("$1 = 14")


def test_the_history_can_be_elsewhere_and_short(start_prompt: StartPrompt, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[history]\npath = "{tmp_path}/kept"\nsize = 2\nsise = 3\n')
    terminal = start_prompt(environment={"REPL_CONNECT_CONFIG": str(config)})
    terminal.wait_for("did you mean `history.size`?")
    for number in range(6):
        terminal.enter(f"(add {number} 1)")
        terminal.wait_for_line(f"${number + 1} = {number + 1}")
    texts = [each.text for each in HistoryFile(str(tmp_path / "kept/guile")).read().entries]
    assert texts[-2:] == ["(add 4 1)", "(add 5 1)"]
    assert len(texts) < 6
