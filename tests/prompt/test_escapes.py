"""What a program prints can have colours, and nothing else of the terminal."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repl_connect.escapes import Sanitiser, visible

CASES = {
    "plain text": ("hello\n\tworld é 漢\n", "hello\n\tworld é 漢\n"),
    "colours": ("\x1b[31mred\x1b[0m \x1b[1;38;5;200mx\x1b[m", None),
    "cursor movement": ("a\x1b[2Ab\x1b[10;10Hc\x1b[Kd", "abcd"),
    "clear": ("\x1b[2Ja\x1bcb\x1b[?1049hc", "abc"),
    "title": ("a\x1b]0;title\x07b\x1b]2;other\x1b\\c", "abc"),
    "clipboard": ("\x1b]52;c;aGVsbG8=\x07a", "a"),
    "device control": ("a\x1bPqsixel\x1b\\b\x90q\x9cc", "abc"),
    "queries": ("a\x1b[6nb\x1b[cc\x1b[>qd", "abcd"),
    "C0": ("a\x00\x07\x08\x0b\x0c\x0e\x7fb", "ab"),
    "C1": ("a\x84\x85\x8d\x9b2Jb", "ab"),
    "C1 colour": ("\x9b31ma", "\x1b[31ma"),
    "carriage returns": ("a\r\nb\rc", "a\nb\nc"),
    "charset": ("a\x1b(0b\x1b)Bc\x1b#8d", "abcd"),
    "keypad": ("a\x1b=b\x1b>c\x1b7d\x1b8e", "abcde"),
    "escape in a string": ("a\x1b]0;x\x1b[31mred", "a\x1b[31mred"),
    "control inside of a sequence": ("a\x1b[3\n1mb", "a3\n1mb"),
    "modes": ("a\x1b[?25lb\x1b[>4;2mc", "abc"),
    "long colour": ("a\x1b[" + "1;" * 500 + "mb", "ab"),
}


@pytest.mark.parametrize("name", CASES)
def test_cleaned_at_every_split(name: str) -> None:
    text, wanted = CASES[name]
    wanted = text if wanted is None else wanted
    for split in range(len(text) + 1):
        sanitiser = Sanitiser()
        assert sanitiser.clean(text[:split]) + sanitiser.clean(text[split:]) == wanted
    sanitiser = Sanitiser()
    assert "".join(map(sanitiser.clean, text)) == wanted


def test_bytes_that_are_no_text_are_shown() -> None:
    assert Sanitiser().clean("a\udcff\udc80b\n") == "a\\xff\\x80b\n"
    assert visible("a\udcff") == "a\\xff"


def test_control_codes_can_be_shown() -> None:
    sanitiser = Sanitiser(shows_controls=True)
    assert sanitiser.clean("a\0\x07\x84\tb\x1b[2J\r\n\x1b[31mc") == ("a^@^G\\x84\tb\n\x1b[31mc")


def test_no_colours() -> None:
    assert Sanitiser(colours=False).clean("\x1b[31mred\x1b[0m") == "red"


COLOURED = st.text(st.sampled_from("a\n\r")) | st.sampled_from(
    ["\r\n", "\x1b[31m", "\x1b[0m", "\x1b[m", "\x1b[0;1m", "\x1b[38;5;200m"]
)


@given(st.lists(COLOURED), st.booleans())
@settings(deadline=None)
def test_colours_alone_are_read_as_among_other_sequences(pieces: list[str], colours: bool) -> None:
    alone, among = Sanitiser(colours=colours), Sanitiser(colours=colours)
    text = "".join(pieces)
    assert alone.clean(text) == among.clean("\x1b[K" + text)
    assert alone.sgr == among.sgr
    assert alone.end() == among.end()


def test_colours_are_remembered_until_the_end() -> None:
    sanitiser = Sanitiser()
    sanitiser.clean("\x1b[31m\x1b[1mred")
    assert sanitiser.sgr == "\x1b[31m\x1b[1m"
    assert sanitiser.end() == "\x1b[0m"
    assert sanitiser.sgr == ""


def test_remembered_colours_are_bounded() -> None:
    sanitiser = Sanitiser()
    sanitiser.clean("\x1b[31m" * 10_000)
    assert len(sanitiser.sgr) < 1_000


def test_unfinished_string_is_forgotten_at_the_end() -> None:
    sanitiser = Sanitiser()
    assert sanitiser.clean("a\x1b]0;never ended") == "a"
    sanitiser.end()
    assert sanitiser.clean("b") == "b"


@given(st.lists(st.text(st.sampled_from("\x1b[]0;1mPX^_\\\x07\x9b\x90\x9c\r\n\t aH?>(c"))))
def test_nothing_but_colour_gets_through(chunks: list[str]) -> None:
    sanitiser = Sanitiser()
    shown = "".join(map(sanitiser.clean, chunks))
    without_colour = Sanitiser(colours=False).clean(shown)
    assert all(char >= " " or char in "\n\t" for char in without_colour)
    assert not any("\x7f" <= char <= "\x9f" for char in shown)


def test_visible() -> None:
    assert visible("a\x1b[2J\x00\x9b\n\tb") == "a^[[2J^@\\x9b\n\tb"
