"""What the dashboard makes of numbers, texts and names, without a screen."""

from __future__ import annotations

import pytest

from repl_connect.dashboard.excerpt import excerpt
from repl_connect.dashboard.forms import code_of
from repl_connect.dashboard.look import fitted, latency
from repl_connect.dashboard.theme import theme_named
from repl_connect.languages import language_named

_THEMES = ("textual-dark", "textual-light", "nord")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, ""), (0.0004, "0.4 ms"), (0.0151, "15 ms"), (0.9994, "999 ms"), (1.2, "1.2 s")],
)
def test_latencies(seconds: float | None, shown: str) -> None:
    assert latency(seconds) == shown
    assert len(shown) <= 7


@pytest.mark.parametrize(
    ("text", "shown"),
    [("ab", "ab  "), ("abcd", "abcd"), ("abcde", "abc…"), ("日本語", "日 …"), ("a\nb", "a b ")],
)
def test_fitted(text: str, shown: str) -> None:
    assert fitted(text, 4) == shown


@pytest.mark.parametrize(
    ("text", "rows", "more"),
    [
        ("", [], False),
        ("one", ["one"], False),
        ("one\ntwo\n\n", ["one", "two"], False),
        ("one\n\ntwo\n", ["one", "", "two"], False),
        ("1\n2\n3\n4", ["2", "3", "4"], True),
        ("abcdefgh", ["abcde", "fgh"], False),
        ("abcdefghijklmnop", ["abcde", "fghij", "klmn…"], True),
        ("one\nabcdefghijklm", ["abcde", "fghij", "klm"], True),
        ("日本語", ["日本", "語"], False),
        ("x" * 10_000_000, ["xxxxx", "xxxxx", "xxxx…"], True),
    ],
)
def test_the_end_of_a_text(text: str, rows: list[str], more: bool) -> None:
    assert excerpt(text, 5, 3) == (rows, more)


def test_no_place_for_a_text() -> None:
    assert excerpt("x", 0, 3) == ([], True)
    assert excerpt("", 5, 0) == ([], False)


@pytest.mark.parametrize(
    ("wanted", "background", "theme", "told"),
    [
        ("auto", "0;15", "textual-light", None),
        ("auto", "15;0", "textual-dark", None),
        ("auto", "", "textual-dark", None),
        ("light", "", "textual-light", None),
        ("nord", "", "nord", None),
        ("nrod", "", "textual-dark", "There is no theme 'nrod'; did you mean nord?"),
        (
            "x",
            "",
            "textual-dark",
            "There is no theme 'x'. There are: nord, textual-dark, textual-light.",
        ),
    ],
)
def test_themes(
    wanted: str, background: str, theme: str, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORFGBG", background)
    assert theme_named(wanted, _THEMES) == (theme, told)


@pytest.mark.parametrize(
    ("text", "python", "guile"),
    [
        ("x = 1", "x = 1", "x = 1"),
        ("(+ 1 2) --for python=1 + 2", "1 + 2", "(+ 1 2)"),
        ("--for python=f(\n  1)\n --for guile=(f 1)", "f(\n  1)", "(f 1)"),
        ("--for scheme=(f 1)", "", "(f 1)"),
        ("a --for b", "a --for b", "a --for b"),
    ],
)
def test_forms_for_several_languages(text: str, python: str, guile: str) -> None:
    code = code_of(text)
    assert code.for_language(language_named("python")) == python
    assert code.for_language(language_named("guile")) == guile
