"""How things look: one style class for each kind of thing, in the terminal's own colours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prompt_toolkit.formatted_text import PygmentsTokens, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.styles import Style

__all__ = ["STYLE", "highlighted", "load_lexer"]

STYLE: Final = Style(
    [
        ("prompt", "ansigreen bold"),
        ("continuation", "ansibrightblack"),
        ("input-request", "ansiyellow bold"),
        ("out", ""),
        ("err", "ansired"),
        ("late", ""),
        ("value", ""),
        ("label", "ansibrightblack"),
        ("note", "ansibrightblack"),
        ("problem", "ansired"),
        ("heading", "bold"),
        ("auto-suggestion", "ansibrightblack"),
        ("matching-bracket.cursor", "bold underline"),
        ("matching-bracket.other", "bold underline"),
        ("pygments", ""),
        ("pygments.comment", "ansibrightblack"),
        ("pygments.keyword", "ansiblue nobold"),
        ("pygments.keyword.constant", "ansicyan nobold"),
        ("pygments.keyword.type", "ansicyan nobold"),
        ("pygments.name.builtin", "ansiblue"),
        ("pygments.name.function", "ansiblue"),
        ("pygments.name.class", "ansiblue nobold"),
        ("pygments.name.namespace", "ansiblue nobold"),
        ("pygments.name.exception", "ansiblue nobold"),
        ("pygments.name.decorator", "ansimagenta"),
        ("pygments.name.variable", ""),
        ("pygments.literal.string", "ansigreen"),
        ("pygments.literal.string.symbol", "ansicyan"),
        ("pygments.literal.string.escape", "ansicyan nobold"),
        ("pygments.literal.string.interpol", "ansicyan nobold"),
        ("pygments.literal.number", "ansicyan"),
        ("pygments.operator", ""),
        ("pygments.operator.word", "ansiblue nobold"),
        ("pygments.punctuation", ""),
        ("pygments.error", ""),
    ]
)


def load_lexer(alias: str) -> PygmentsLexer | None:
    """The lexer Pygments has under this name; slow the first time."""
    from pygments.lexers import find_lexer_class_by_name
    from pygments.util import ClassNotFound

    try:
        return PygmentsLexer(find_lexer_class_by_name(alias))
    except ClassNotFound:
        return None


def highlighted(lexer: PygmentsLexer | None, text: str, style: str = "") -> StyleAndTextTuples:
    """Text as fragments, coloured if there is a lexer."""
    if lexer is None:
        return [(style, text)]
    tokens: Iterable[tuple[object, str]] = lexer.pygments_lexer.get_tokens(text)
    return to_formatted_text(PygmentsTokens(list(tokens)), style=style)
