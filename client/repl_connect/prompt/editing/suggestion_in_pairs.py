"""Suggestions while brackets that closed themselves stand behind the cursor.

What is typed is what is before them; the suggestion is drawn in their place, and replaces them.
"""

from __future__ import annotations

from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput

__all__ = ["DrawInPairs", "SuggestInPairs", "only_closers_follow", "take_suggestion"]


def only_closers_follow(document: Document) -> bool:
    """Whether nothing but closing brackets and quotes is behind the cursor, or nothing at all."""
    return not document.text_after_cursor.strip(")]}\"'")


def take_suggestion(buffer: Buffer, text: str) -> None:
    """Insert all of a suggestion."""
    buffer.delete(len(buffer.document.text_after_cursor))
    buffer.insert_text(text)


class SuggestInPairs(AutoSuggest):
    """Asks another for what could follow the text before the cursor."""

    def __init__(self, suggest: AutoSuggest) -> None:
        self._suggest = suggest

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        """What it suggests."""
        if not only_closers_follow(document):
            return None
        return self._suggest.get_suggestion(buffer, Document(document.text_before_cursor))


class DrawInPairs(Processor):
    """Has another draw the suggestion, in place of what it would replace."""

    def __init__(self, draw: Processor) -> None:
        self._draw = draw

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """The line as the other draws it."""
        given = transformation_input
        document = given.document
        if given.lineno == document.cursor_position_row:
            suggestion = given.buffer_control.buffer.suggestion
            if suggestion is not None and suggestion.text and only_closers_follow(document):
                given = TransformationInput(
                    given.buffer_control,
                    Document(document.text_before_cursor),
                    given.lineno,
                    given.source_to_display,
                    _cut(given.fragments, given.source_to_display(document.cursor_position_col)),
                    given.width,
                    given.height,
                    given.get_line,
                )
        return self._draw.apply_transformation(given)


def _cut(fragments: StyleAndTextTuples, columns: int) -> StyleAndTextTuples:
    """The first so many characters."""
    kept: StyleAndTextTuples = []
    for style, text, *_ in fragments:
        if columns > 0:
            kept.append((style, text[:columns]))
        columns -= len(text)
    return kept
