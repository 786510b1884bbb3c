"""Times in words."""

from __future__ import annotations

import pytest

from repl_connect.durations import age, duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0.0 s"), (0.31, "0.3 s"), (42.9, "42 s"), (60, "1 min"), (7300, "2 h"), (2e5, "2 d")],
)
def test_ages(seconds: float, words: str) -> None:
    assert age(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0804, "80 ms"),
        (0.9996, "1.0 s"),
        (2.34, "2.3 s"),
        (59.96, "1 min 00 s"),
        (65, "1 min 05 s"),
        (7384, "2 h 03 min"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_without_tenths() -> None:
    assert (age(3, tenths=False), age(-1, tenths=False)) == ("3 s", "0 s")
    assert duration(3, tenths=False) == "3 s"
