"""Text in the pager, and values into shell commands."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from prompt.conftest import StartPrompt

from repl_connect.prompt.showing.pager import PagerError, pager_command

PROMPT = "(guile-user)>"


def program(path: Path, text: str) -> str:
    """A program that a pager's command can name."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_the_chosen_pager_comes_before_the_environments() -> None:
    assert pager_command("less -R", {"PAGER": "most"}) == ["less", "-R"]
    assert pager_command("", {"PAGER": "most -w"}) == ["most", "-w"]


def test_without_a_choice_it_is_less_or_more(tmp_path: Path) -> None:
    path = {"PATH": str(tmp_path)}
    with pytest.raises(PagerError, match=r"no pager here.*prompt\.pager"):
        pager_command("", path)
    program(tmp_path / "more", "")
    assert pager_command("", path) == ["more"]
    program(tmp_path / "less", "")
    assert pager_command(" ", path) == ["less", "-RXF"]


def test_a_pager_that_can_not_be_read_says_where_it_was_named() -> None:
    with pytest.raises(PagerError, match=r"^\$PAGER can't be read"):
        pager_command("", {"PAGER": "less 'x"})


def test_a_value_is_shown_whole_in_the_pager(start_prompt: StartPrompt, tmp_path: Path) -> None:
    pager = program(tmp_path / "pager", f"cat > {tmp_path}/got; echo paged; read line < /dev/tty")
    terminal = start_prompt(environment={"PAGER": pager, "NO_COLOR": "1"})
    terminal.enter("(tall 300)")
    terminal.wait_for("more characters")
    terminal.enter(",page")
    terminal.wait_for_line("paged")
    terminal.send("\r")
    terminal.wait_for_current(PROMPT)
    expected = "\n".join(f"item {number}" for number in range(300))
    got = (tmp_path / "got").read_text()
    assert got.replace("\x1b[0m", "").strip() == expected
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$2 = 3")


def test_a_pager_that_is_not_there_is_said(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(environment={"PAGER": "/no/pager"}, columns=120)
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")
    terminal.enter(",page")
    terminal.wait_for("/no/pager can't be started: No such file or directory. ,set prompt.pager")
    terminal.wait_for_current(PROMPT)


def test_a_command_gets_the_whole_value_and_its_output_is_shown_above(
    start_prompt: StartPrompt,
) -> None:
    terminal = start_prompt()
    terminal.enter("(big 900000)")
    terminal.wait_for("more characters")
    terminal.enter(",pipe wc -c")
    terminal.wait_for_line("900001")
    terminal.wait_for_current(PROMPT)
    terminal.enter(",pipe head -c 5; echo; exit 3")  # it reads a part only
    terminal.wait_for_line("01234")
    terminal.wait_for("ended with status 3.")
    terminal.wait_for_current(PROMPT)


def test_without_a_value_there_is_nothing_to_page_or_pipe(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter(",pipe wc")
    terminal.wait_for_line("There is no value yet.")


def test_ctrl_c_stops_the_command_and_no_evaluation(start_prompt: StartPrompt) -> None:
    terminal = start_prompt()
    terminal.enter("(add 1 2)")
    terminal.wait_for_line("$1 = 3")
    terminal.enter("(wait)")
    terminal.wait_for_line("waiting")
    terminal.enter(",pipe echo started; sleep 61.5")
    terminal.wait_for_line("started")
    terminal.wait_until(lambda: _runs("sleep", "61.5"), "sleep has begun")
    terminal.press("ctrl-c")
    terminal.wait_for("ended by SIGINT")
    terminal.wait_for_current(PROMPT)
    assert "interrupted" not in terminal.text
    terminal.press("ctrl-c")
    terminal.wait_for_line("interrupted")


def _runs(*words: str) -> bool:
    """Whether a process has been started so."""
    wanted = "\0".join(words).encode() + b"\0"
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if file.read_bytes() == wanted:
                return True
    return False
