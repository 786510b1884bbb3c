"""What closes itself never gets in the way of who types everything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from repl_connect.languages import language_named
from repl_connect.prompt.editing.pairs import Pairs
from repl_connect.prompt.editing.suggestion_in_pairs import only_closers_follow, take_suggestion

LANGUAGES = ("python", "guile", "clojure", "racket", "gopher")


def code() -> st.SearchStrategy[str]:
    """Code whose brackets and quotes are closed."""
    parts = st.sampled_from(["a", "b ", "1, ", " ", '"s("', '"x\\"y"', '"" ', "\n"])

    def around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        whole = st.lists(inner, max_size=4).map("".join)
        return st.one_of(whole, whole.map("({})".format), whole.map("[{}]".format))

    return st.recursive(parts, around, max_leaves=12)


@given(st.sampled_from(LANGUAGES), code())
def test_typing_all_of_a_code_gives_that_code(language: str, text: str) -> None:
    buffer = Buffer(multiline=True)
    pairs = Pairs(buffer, lambda: language_named(language))
    for char in text:
        if pairs.has(char):
            pairs.type(char)
        else:
            buffer.insert_text(char)
    assert buffer.text == text
    assert buffer.cursor_position == len(text)


@given(
    st.sampled_from(LANGUAGES),
    st.text(alphabet="()[]{}\"'\\;# ab\n", max_size=30),
    st.integers(0, 30),
    st.text(alphabet="()[]{}\"'\x7f", max_size=8),
)
def test_any_text_can_be_typed_into(language: str, text: str, cursor: int, keys: str) -> None:
    buffer = Buffer(document=Document(text, min(cursor, len(text))), multiline=True)
    pairs = Pairs(buffer, lambda: language_named(language))
    for char in keys:
        if char == "\x7f":
            if pairs.at_empty:
                pairs.delete_both()
        elif pairs.has(char):
            before = buffer.document.text_before_cursor
            pairs.type(char)
            assert buffer.document.text_before_cursor == before + char


@pytest.mark.parametrize(
    ("text", "suggestion", "taken"),
    [("(add |)", "1)", "(add 1)"), ("add|", " 1", "add 1"), ('("a|")', 'b")', '("ab")')],
)
def test_a_suggestion_replaces_what_closed_itself(text: str, suggestion: str, taken: str) -> None:
    before, _, after = text.partition("|")
    buffer = Buffer(document=Document(before + after, len(before)), multiline=True)
    assert only_closers_follow(buffer.document)
    take_suggestion(buffer, suggestion)
    assert buffer.text == taken
    assert not only_closers_follow(Document("f() x", 2))
