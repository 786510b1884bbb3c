"""How brackets and errors are drawn, line by line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout import BufferControl
from prompt_toolkit.layout.processors import TransformationInput

from repl_connect.languages import language_named
from repl_connect.prompt.look.brackets import BracketProcessor
from repl_connect.settings import Settings, with_setting

PLAIN = Settings()


def drawn(
    text: str,
    *,
    language: str = "guile",
    settings: Settings = PLAIN,
    processor: BracketProcessor | None = None,
    fragments: Sequence[StyleAndTextTuples] | None = None,
) -> list[list[tuple[str, str]]]:
    """The styled pieces of each line's marks; | in the text is the cursor."""
    if processor is None:
        processor = BracketProcessor(
            lambda: language_named(language), lambda: settings, lambda: None
        )
    before, _, after = text.partition("|")
    document = Document(before + after, len(before))
    lines = []
    for number, line in enumerate(document.lines):
        plain: StyleAndTextTuples = [("", line)]
        given = fragments[number] if fragments is not None else plain
        result = processor.apply_transformation(
            TransformationInput(
                BufferControl(Buffer()), document, number, lambda column: column, given, 80, 24
            )
        ).fragments
        assert "".join(piece[1] for piece in result) == line
        lines.append([(piece[0].strip(), piece[1]) for piece in result if piece[0]])
    return lines


def test_depths_have_colours_in_a_lisp() -> None:
    assert drawn("(a [b]\n (c)) |x") == [
        [("class:rainbow.0", "("), ("class:rainbow.1", "["), ("class:rainbow.1", "]")],
        [
            ("class:rainbow.1", "("),
            ("class:rainbow.1", ")"),
            ("class:rainbow.0", ")"),
        ],
    ]


def test_depths_are_counted_around() -> None:
    assert [style for style, _ in drawn("((((((( |")[0]] == [
        *[f"class:rainbow.{depth}" for depth in range(6)],
        "class:rainbow.0",
    ]


def test_brackets_in_strings_and_comments_are_not_brackets() -> None:
    assert drawn('"(" ; (\n|') == [[], []]


def test_no_rainbow_elsewhere_or_when_off() -> None:
    assert drawn("(a) |", language="python") == [[]]
    assert drawn("(a) |", settings=with_setting(PLAIN, "prompt.rainbow", "false")) == [[]]


def test_the_pair_at_the_cursor() -> None:
    cursor, other = "class:matching-bracket.cursor", "class:matching-bracket.other"
    assert drawn("|(a)", language="python") == [[(cursor, "("), (other, ")")]]
    assert drawn("(a)|", language="python") == [[(other, "("), (cursor, ")")]]
    assert drawn("(|a)", language="python") == [[]]
    assert drawn("f(\n|)", language="python") == [[(other, "(")], [(cursor, ")")]]
    assert drawn("')'(|", language="python") == [[]]


def test_a_bracket_that_closes_nothing_is_an_error() -> None:
    assert drawn("(a]|", language="python") == [[("class:syntax-error", "]")]]
    off = with_setting(PLAIN, "prompt.check_syntax", "false")
    assert drawn("(a]|", language="python", settings=off) == [[]]


def test_styles_of_the_lexer_are_kept() -> None:
    given: StyleAndTextTuples = [("class:name", "a("), ("class:x", "b)"), ("", " c")]
    assert drawn("a(b) |c", fragments=[given]) == [
        [
            ("class:name", "a"),
            ("class:name class:rainbow.0", "("),
            ("class:x", "b"),
            ("class:x class:rainbow.0", ")"),
        ]
    ]


def test_a_text_that_changes_is_drawn_anew() -> None:
    settings = [PLAIN]
    processor = BracketProcessor(lambda: language_named("guile"), lambda: settings[0], lambda: None)
    assert drawn("() |", processor=processor)[0]
    assert drawn("x(|", processor=processor) == [[("class:rainbow.0", "(")]]
    settings[0] = with_setting(PLAIN, "prompt.rainbow", "false")
    assert drawn("x(|", processor=processor) == [[]]
    assert drawn("x|", processor=processor) == [[]]


def test_a_long_text_is_read_again_when_typing_rests() -> None:
    lines = [f"(define (f{number} x) (add x 1))" for number in range(40)]

    async def typing() -> None:
        read = asyncio.Event()
        processor = BracketProcessor(lambda: language_named("guile"), lambda: PLAIN, read.set)
        drawn("\n".join(lines) + " |", processor=processor)
        for change in ("(define (f20 x) (add xy 1))", "(define (f20 x) xy", "(define\n(f", "("):
            changed = [*lines[:20], *change.split("\n"), *lines[21:]]
            text = "\n".join(changed) + " |"
            at_once = drawn(text, processor=processor)
            assert at_once[:20] == drawn("\n".join(lines[:20]) + " |")
            read.clear()
            await read.wait()
            assert drawn(text, processor=processor) == drawn(text)
            if change.startswith("(define (f20 x) (add"):
                assert at_once == drawn(text)

    asyncio.run(asyncio.wait_for(typing(), 10))


def test_a_very_long_text_is_left_alone() -> None:
    assert drawn("(" * 60_000 + "|") == [[]]
