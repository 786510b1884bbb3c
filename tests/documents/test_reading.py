"""Documents are read, and compared, as readers do."""

from __future__ import annotations

import pytest
from documents.comparing import difference
from documents.reading import Step, anchors_of, blocks_of, links_of, spans_of
from documents.sessions import Entry, transcript_of

MARKDOWN = """# A title, *here*

Text with `--an option` and
`a b
c`, [a link](x.md#there) and ![a picture](y.svg).

    indented

## Two words

```console
$ first
its output

$ second
```

- item

    which goes on

  ```sh
third
  ```

## Two words
"""

HELP = """1. First use                    *first*

Text: >

    :One
    :Two
<
More: >
    three
End.
"""


def test_blocks_of_markdown() -> None:
    blocks = blocks_of("x.md", MARKDOWN)
    assert [(each.key, each.line, each.language) for each in blocks] == [
        ("x.md#a-title-here", 7, ""),
        ("x.md#two-words", 11, "console"),
        ("x.md#two-words (2)", 22, "sh"),
    ]
    assert blocks[1].steps == [Step("first", ("its output", "")), Step("second", ())]
    assert blocks[2].steps == [Step("third", ())]


def test_blocks_of_neovim_s_help() -> None:
    first, second = blocks_of("x.txt", HELP)
    assert (first.key, first.lines) == ("x.txt#first-use", [":One", ":Two"])
    assert (second.number, second.lines) == (2, ["three"])


def test_a_block_without_an_end() -> None:
    with pytest.raises(ValueError, match="line 3 has no end"):
        blocks_of("x.md", "a\n\n```sh\nb\n")


def test_links_anchors_and_what_is_in_backticks() -> None:
    assert [(each.line, each.target) for each in links_of(MARKDOWN)] == [
        (5, "x.md#there"),
        (5, "y.svg"),
    ]
    assert anchors_of(MARKDOWN) == {"a-title-here", "two-words", "two-words-1"}
    assert spans_of(MARKDOWN) == [(3, "--an option"), (4, "a b c")]


def test_a_session() -> None:
    lines = ("Hello", "x> def f():", "   ...     1", "x> f()", "1", "2", "x>")
    assert transcript_of(lines) == (
        ("Hello",),
        "x>",
        (Entry(("def f():", "    1"), ()), Entry(("f()",), ("1", "2")), Entry(("",), ())),
    )


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("42", "42 "),
        ("a 1.2.3 in 8 s", "a 3.11.7 in 0.31 s"),
        ("@sim:3f2a1c-4 is done", "@sim:00ffee-12 is done"),
        ("NAME   STATE", "NAME                STATE"),
        ("<Worker 'x', \u2026>", "<Worker 'x', ready: 0>"),
    ],
)
def test_what_is_the_same(shown: str, printed: str) -> None:
    assert difference([shown], [printed, ""]) == ""


@pytest.mark.parametrize(
    ("shown", "printed"),
    [("42", "43"), ("42", ""), ("@a", "@b"), ("x at 127.0.0.1", "x at 127.0.0.2"), ("a", "a b")],
)
def test_what_is_not(shown: str, printed: str) -> None:
    assert difference([shown], [printed]).endswith(printed)


def test_the_order_of_lines() -> None:
    assert difference(["a", "b"], ["b", "a"])
    assert difference(["a", "b"], ["b", "a"], ordered=False) == ""
