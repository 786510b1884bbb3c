"""Tokens of a Python text while it is edited."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from repl_connect.languages import python_tokens
from repl_connect.languages.tokens import shared_prefix

_PIECES = st.sampled_from(
    ['"', "'", '"""', "'''", "\\", "\n", "(", ")", "[", "f", "rb", "x", "name", "1", ".", " ", "#"]
)
_EDITS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3), _PIECES), max_size=20)


@given(_EDITS)
def test_a_text_that_was_edited_is_read_as_if_it_were_new(
    edits: list[tuple[int, int, str]],
) -> None:
    """What is taken from the text before is what is there."""
    text = ""
    for place, deleted, inserted in edits:
        start = min(place, len(text))
        text = text[:start] + inserted + text[start + deleted :]
        found = python_tokens.tokens(text)
        python_tokens.tokens.cache_clear()
        python_tokens.tokens(" " * 200)  # nothing of which can be taken
        python_tokens.tokens.cache_clear()
        assert python_tokens.tokens(text) == found


@given(st.text("ab"), st.text("ab"))
def test_shared_prefix(one: str, other: str) -> None:
    """As many characters as are equal at the start, and no more."""
    count = shared_prefix(one, other)
    assert one[:count] == other[:count]
    assert one[count : count + 1] != other[count : count + 1] or count == len(one) == len(other)
