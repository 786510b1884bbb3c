"""Colouring line by line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples, fragment_list_to_text
from prompt_toolkit.lexers import PygmentsLexer

from repl_connect.prompt.look.lexing import HIGHLIGHTED, LineLexer, highlighted, load_lexer

PYTHON = '''def f(a, b="text"):
    """Says
    something."""
    # why
    for number in range(10):
        yield f"{a} {number!r}"

class C(Exception): pass'''

CLOJURE = """(defn f [a & more] ; why
  (let [text "two
lines" n 12]
    (str text :key \\( more)))"""


def lexer_of(alias: str) -> LineLexer:
    lexer = load_lexer(alias)
    assert lexer is not None
    return lexer


def lines_of(lexer: PygmentsLexer, text: str) -> list[list[tuple[str, str]]]:
    """The style of each character of each line."""
    line_of = lexer.lex_document(Document(text))
    return [characters(line_of(number)) for number in range(text.count("\n") + 1)]


def characters(line: StyleAndTextTuples) -> list[tuple[str, str]]:
    return [(style, character) for style, text, *_ in line for character in text]


@pytest.mark.parametrize(("alias", "text"), [("python", PYTHON), ("clojure", CLOJURE)])
def test_lines_look_as_in_the_whole_text(alias: str, text: str) -> None:
    lexer = lexer_of(alias)
    whole = PygmentsLexer(lexer.pygments_lexer_cls)
    assert lines_of(lexer, text) == lines_of(whole, text)


@pytest.mark.parametrize(("alias", "text"), [("python", PYTHON), ("clojure", CLOJURE)])
def test_typing_anywhere_looks_as_if_it_had_been_there(alias: str, text: str) -> None:
    lexer = lexer_of(alias)
    for position in range(len(text)):
        for typed in ('"', "x", "\n", '"""'):
            changed = text[:position] + typed + text[position:]
            assert lines_of(lexer, changed) == lines_of(lexer_of(alias), changed)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_no_character_is_lost(text: str) -> None:
    for alias in ("python", "scheme"):
        lexed = lexer_of(alias).lex_document(Document(text))
        for number, line in enumerate(text.split("\n")):
            assert fragment_list_to_text(lexed(number)) == line


def test_a_very_long_text_has_no_colours() -> None:
    text = "x = 1\n" * (HIGHLIGHTED // 6 + 1)
    lexer = lexer_of("python")
    assert lexer.lex_document(Document(text))(0) == [("", "x = 1")]
    assert highlighted(lexer, text) == [("", text)]


def test_a_lexer_that_pygments_has_not() -> None:
    assert load_lexer("no such language") is None
    assert highlighted(None, "text", "class:value") == [("class:value", "text")]
