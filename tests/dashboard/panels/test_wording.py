"""Texts in few cells."""

from __future__ import annotations

from repl_connect.dashboard.panels.wording import counted, one_line, spark


def test_one_line_has_no_control_characters_and_an_end() -> None:
    assert one_line("a\nb\x1b[31mc\td\n") == "a⏎b^[[31mc d"
    assert len(one_line("x" * 1_000_000)) == 1000
    assert one_line("x" * 1_000_000).endswith("…")


def test_counted() -> None:
    assert [counted(number, "job") for number in (0, 1, 5000)] == ["0 jobs", "1 job", "5,000 jobs"]


def test_sparks() -> None:
    assert spark([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert spark([0, 7, 0, 7], 2) == "▁█"
    assert spark([5, None, 5], 10) == "▄ ▄"
    assert spark([None], 10) == spark([], 10) == spark([1], 0) == ""
    assert spark([-1e308, 1e308], 2) == "▁█"
