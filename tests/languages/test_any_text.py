"""What is asked of a language is answered for any text: while one types, most are wrong."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repl_connect.languages import LANGUAGES, language_named

pieces = st.one_of(
    st.sampled_from(
        [
            *(
                "(",
                ")",
                "[",
                "]",
                "{",
                "}",
                '"',
                "'",
                "`",
                ",",
                "#",
                "\\",
                "|",
                ";",
                "\n",
                " ",
                "\t",
            ),
            *(
                "#|",
                "|#",
                "#;",
                "#_",
                "#(",
                "#{",
                "}#",
                "#\\",
                "#!",
                "!#",
                "#<<E\n",
                "#+",
                "~@",
                "^",
            ),
            *(
                '"""',
                "'''",
                'f"',
                "{x",
                "# ",
                "\\\n",
                ":",
                "=",
                ".",
                "@",
                "\r\n",
                "\0",
                "\ud800",
                "é",
            ),
            *(
                "\ndef f",
                "\nif x:\n  y",
                "\nelse:\n",
                "class ",
                "return",
                "f",
                "a.b",
                "12",
                "key=",
                ":k",
            ),
        ]
    ),
    st.text(max_size=3),
)
texts = st.lists(pieces, max_size=25).map("".join)


@pytest.mark.parametrize("name", [*LANGUAGES, "text"])
@given(text=texts, position=st.integers(0, 60))
def test_every_answer_is_within_the_text(name: str, text: str, position: int) -> None:
    language = language_named(name)
    position = min(position, len(text))
    language.is_complete(text)
    language.indent(text)
    language.symbol_at(text, position)
    assert language.context(text, position) in {"code", "string", "comment"}
    for bracket in language.brackets(text):
        assert text[bracket.position] in "()[]{}"
        assert bracket.depth >= 0
    problem = language.find_error(text)
    assert problem is None or 0 <= problem.position <= len(text)
    call = language.call_at(text, position)
    assert call is None or 0 <= call.start < len(text)
    spans = language.statements(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize("name", sorted(LANGUAGES))
@given(text=texts, position=st.integers(0, 60))
def test_every_move_and_edit_stays_within_the_text(name: str, text: str, position: int) -> None:
    structure = language_named(name).structure
    assert structure is not None
    position = min(position, len(text))
    for each in fields(structure):
        found = getattr(structure, each.name)(text, position)
        if found is None:
            continue
        if each.name in {"form_at", "root_at"}:
            assert 0 <= found[0] < found[1] <= len(text)
        elif isinstance(found, int):
            assert 0 <= found <= len(text)
        else:
            assert 0 <= found.position <= len(found.text)
    for forward in (structure.forward, structure.kill_end):
        end = forward(text, position)
        assert end is None or end > position
    for backward in (structure.backward, structure.up):
        start = backward(text, position)
        assert start is None or start < position


@pytest.mark.parametrize("name", sorted(LANGUAGES))
@given(text=texts)
def test_what_is_wrong_for_good_is_complete(name: str, text: str) -> None:
    """Else one could not send it to see what the program says."""
    language = language_named(name)
    if language.find_error(text) is not None:
        assert language.is_complete(text)
