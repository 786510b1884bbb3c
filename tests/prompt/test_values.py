"""The last values, and how much of them is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from prompt.conftest import StartPrompt

from repl_connect.prompt.showing.values import ValueView, as_lines
from repl_connect.session import Value

SIZE = {"rows": 10, "columns": 40}


def test_a_value_that_fits_is_shown_whole() -> None:
    view = ValueView()
    shown = view.show(Value("1\n2"), **SIZE)
    assert (shown.text, shown.remark) == ("1\n2", "")
    assert view.more(**SIZE) is None


def test_three_screens_are_shown_at_once_or_as_many_rows_as_are_wanted() -> None:
    text = "\n".join(f"item {number}" for number in range(100))
    view = ValueView()
    assert view.show(Value(text), **SIZE).text.count("\n") == 30
    assert view.show(Value(text), **SIZE, lines=5).text.count("\n") == 5
    more = view.more(**SIZE, lines=7)
    assert more is not None
    assert more.text.startswith("item 5\n")
    assert more.text.count("\n") == 7


def test_the_parts_make_up_the_whole() -> None:
    text = "\n".join("x" * (number % 90) for number in range(500))
    view = ValueView()
    shown = view.show(Value(text), **SIZE)
    parts = [shown.text]
    while (more := view.more(**SIZE)) is not None:
        parts.append(more.text)
    assert "".join(parts) == text


def test_a_cut_says_how_much_is_left_and_how_to_get_it() -> None:
    remark = ValueView().show(Value("x" * 5_000), **SIZE).remark
    assert remark.startswith("… 3,800 more characters")
    for way in (",more", ",page", ",save FILE"):
        assert way in remark


def test_a_value_cut_by_the_other_side_says_how_to_get_more() -> None:
    remark = ValueView().show(Value("x", truncated=True), **SIZE).remark
    assert ",set printing.quota" in remark


def test_control_characters_are_made_visible() -> None:
    assert ValueView().show(Value("\x1b[2J"), **SIZE).text == "^[[2J"


def test_the_last_value_is_kept_whole() -> None:
    view = ValueView()
    with pytest.raises(LookupError, match="no value yet"):
        view.value()
    for number in range(3):
        view.show(Value(str(number) * 100_000), **SIZE)
    assert view.value().text == "2" * 100_000


def test_a_saved_value_is_whole_and_ends_its_line(tmp_path: Path) -> None:
    view = ValueView()
    view.show(Value("é\n" * 1000 + "\ud800"), **SIZE)
    said = view.save(str(tmp_path / "value"))
    assert said.startswith("2,001 characters are in ")
    assert (tmp_path / "value").read_bytes() == "é\n".encode() * 1000 + b"?\n"


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    view = ValueView()
    view.show(Value("1"), **SIZE)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such device"):
        view.save(str(tmp_path / "pipe"))


def test_a_value_for_a_program_ends_its_line_once() -> None:
    assert as_lines("a") == as_lines("a\n") == b"a\n"


def test_as_many_rows_are_shown_as_the_settings_say(start_prompt: StartPrompt) -> None:
    terminal = start_prompt(environment={"REPL_CONNECT_PROMPT__VALUE_LINES": "3"})
    terminal.enter("(tall 9)")
    terminal.wait_for("more characters in 6 lines")
    assert "item 3" not in terminal.text
    terminal.enter(",more")
    terminal.wait_for_line("item 5")
    assert "item 6" not in terminal.text
