"""Texts in rows: nothing is lost, nothing is too wide, and any place is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size

from repl_connect.dashboard.panels.paging import MOST_MATCHES, PagedText

TEXTS = st.text(st.sampled_from("abc é–漢字🙂\u0301\u200b\n\n\t"), max_size=80)


def rows_of(paged: PagedText) -> list[str]:
    spans = [paged.row(number) for number in range(paged.rows)]
    return [paged.text[span.start : span.end] for span in spans]


@given(TEXTS, st.integers(2, 12))
def test_wrapped_rows_hold_all_of_the_text_and_fit(text: str, width: int) -> None:
    paged = PagedText(text)
    paged.wrap(width)
    rows = rows_of(paged)
    assert "".join(rows) == paged.text.replace("\n", "")
    assert all(sum(map(get_character_cell_size, row)) <= width for row in rows)
    assert paged.widest <= width
    for number in range(paged.rows):
        span = paged.row(number)
        if span.end > span.start:
            assert paged.row_of(span.start) == paged.row_of(span.end - 1) == number


@given(TEXTS, st.integers(0, 30), st.integers(2, 12))
def test_a_part_of_a_line_is_what_stands_in_those_cells(text: str, left: int, width: int) -> None:
    paged = PagedText(text)
    for number, line in enumerate(paged.text.split("\n")):
        span = paged.row(number, left, width)
        shown = paged.text[span.start : span.end]
        assert shown in line
        start = paged.row(number).start
        before = sum(map(get_character_cell_size, paged.text[start : span.start]))
        if shown:
            assert before == left + span.indent
            assert paged.cell_of(span.start) == before
            assert sum(map(get_character_cell_size, shown)) <= width - span.indent
        else:
            assert sum(map(get_character_cell_size, line)) <= left + 1


def test_lines_without_wrapping() -> None:
    paged = PagedText("one\n\tfour\n漢字漢字漢字\n")
    assert rows_of(paged) == ["one", "        four", "漢字漢字漢字"]
    assert (paged.lines, paged.widest) == (3, 12)


@pytest.mark.parametrize(("first", "last"), [(0x20, 0x7E), (0xAE, 0x2FF), (0x370, 0x482)])
def test_what_is_not_measured_is_one_cell_wide(first: int, last: int) -> None:
    text = "".join(map(chr, range(first, last + 1)))
    paged = PagedText(text)
    paged.wrap(10)
    assert cell_len(text) == len(text)
    assert paged.rows == -(-len(text) // 10)


def test_no_character_that_is_not_measured_is_wider_or_narrower() -> None:
    """The same of all characters there are: such a line is measured, or each is one cell."""
    for first in range(0x20, 0x30000, 64):
        line = "".join(chr(each) for each in range(first, first + 64) if not 127 <= each < 160)
        paged = PagedText(line)
        assert paged.widest == sum(map(get_character_cell_size, paged.text)), hex(first)


def test_find() -> None:
    paged = PagedText("Error\nno error\nERRORS")
    assert paged.find("error").starts == [0, 9, 15]
    assert paged.find("Error").starts == [0]
    assert paged.find("").starts == paged.find("absent").starts == []
    many = PagedText("x" * (MOST_MATCHES + 1)).find("x")
    assert (len(many.starts), many.all_found) == (MOST_MATCHES, False)
    assert PagedText("İİ error").find("error").starts == [3]
