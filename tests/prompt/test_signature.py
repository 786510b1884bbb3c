"""Signatures: reading `arglists-str` of any language, marking the current parameter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.formatted_text import fragment_list_to_text, fragment_list_width

from repl_connect.prompt.names.signature import read_signatures, shown_signature


def shown(
    name: str, text: str, argument: int = 0, keyword: str | None = None, columns: int = 70
) -> str:
    """The line, with < and > around what is marked."""
    line = shown_signature(name, read_signatures(name, text), argument, keyword, columns)
    return "".join(
        f"<{text}>" if "signature.current" in style else text for style, text, *_ in line
    )


@pytest.mark.parametrize(
    ("name", "text", "argument", "expected"),
    [
        ("f", "(a, b=1, *rest, key)", 0, "f(<a>, b=1, *rest, key)"),
        ("f", "(a, b=1, *rest, key)", 1, "f(a, <b=1>, *rest, key)"),
        ("f", "(a, b=1, *rest, key)", 9, "f(a, b=1, <*rest>, key)"),
        ("f", "(a, /, b, *, c=2)", 1, "f(a, /, <b>, *, c=2)"),
        ("f", "(a, /, b, *, c=2)", 2, "f(a, /, b, *, c=2)"),
        (
            "f",
            "(x: dict[str, int] = {'a, b': 1}) -> int",
            0,
            "f(<x: dict[str, int] = {'a, b': 1}>)",
        ),
        ("f", "(sep=',', end=\"(\")", 1, "f(sep=',', <end=\"(\">)"),
        ("f", "(x)", 0, "f(<x>)"),
        ("f", "(*parts)", 4, "f(<*parts>)"),
        ("f", "()", 0, "f()"),
        ("f", "a, b", 1, "f(a, <b>)"),
        ("add", "(add a b)", 1, "(add a <b>)"),
        ("add", "(add a #:optional b . rest)", 1, "(add a #:optional <b> . rest)"),
        ("add", "(add a #:optional b . rest)", 7, "(add a #:optional b . <rest>)"),
        ("thunk", "(thunk)", 0, "(thunk)"),
        ("map", "([f] [f coll] [f c1 c2 & more])", 0, "(map <f>)  +2"),
        ("map", "([f] [f coll] [f c1 c2 & more])", 1, "(map f <coll>)  +2"),
        ("map", "([f] [f coll] [f c1 c2 & more])", 5, "(map f c1 c2 & <more>)  +2"),
        ("join", "[coll]\n[separator coll]", 1, "(join separator <coll>)  +1"),
        ("each", "[[a b] {:keys [c d]}]", 1, "(each [a b] <{:keys [c d]}>)"),
    ],
)
def test_the_parameter_of_an_argument_is_marked(
    name: str, text: str, argument: int, expected: str
) -> None:
    assert shown(name, text, argument) == expected


@pytest.mark.parametrize(
    ("text", "keyword", "expected"),
    [
        ("(a, b=1, *, c, **more)", "b", "f(a, <b=1>, *, c, **more)"),
        ("(a, b=1, *, c, **more)", "c", "f(a, b=1, *, <c>, **more)"),
        ("(a, b=1, *, c, **more)", "z", "f(a, b=1, *, c, <**more>)"),
        ("(a, b)", "z", "f(a, b)"),
        ("(f a #:key c d)", "d", "(f a #:key c <d>)"),
    ],
)
def test_arguments_by_name(text: str, keyword: str, expected: str) -> None:
    assert shown("f", text, 0, keyword) == expected


def test_a_narrow_terminal_shows_the_parameters_around_the_current_one() -> None:
    text = "(first_one, second_one, third_one, fourth_one, fifth_one)"
    assert shown("f", text, 2, columns=30) == "f(…, <third_one>, fourth_one, …)"
    assert shown("f", text, 0, columns=30) == "f(<first_one>, second_one, …)"
    assert "…" in shown("f", text, 2, columns=9)


def test_nothing_is_known() -> None:
    assert read_signatures("f", "") == []
    assert shown_signature("f", [], 0, None, 80) == []


def test_control_characters_are_shown_as_such() -> None:
    assert "\x1b" not in shown("f\x1b[2J", "(a, b='\x1b[2J')")


@given(st.text(st.sampled_from("ab ,.()[]{}\"'=*&#:/\n\\"), max_size=40), st.integers(0, 5))
def test_any_text_will_do(text: str, argument: int) -> None:
    line = shown_signature("name", read_signatures("name", text), argument, "a", 40)
    assert fragment_list_width(line) <= 80
    assert "\n" not in fragment_list_to_text(line) or "\n" in text
