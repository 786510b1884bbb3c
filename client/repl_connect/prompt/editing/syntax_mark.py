"""What is wrong with the text that is typed: marked when typing rests, and before it is sent.

The REPL has the last word: what is sent a second time, unchanged, is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.utils import explode_text_fragments

from repl_connect.languages import Language
from repl_connect.languages.language import SyntaxProblem

__all__ = ["SyntaxCheck", "SyntaxMark"]

_REST: Final = 0.3  # seconds without a change after which the text is looked at
_LONGEST: Final = 50_000  # characters; a longer text is for the REPL alone


class SyntaxCheck:
    """Finds the first error of the text in a buffer. `on_change`: there is something else to mark.

    `enabled` says whether the text is code that should be checked.
    """

    def __init__(
        self,
        buffer: Buffer,
        language: Callable[[], Language],
        *,
        enabled: Callable[[], bool],
        on_change: Callable[[], None],
    ) -> None:
        self._buffer = buffer
        self._language = language
        self._enabled = enabled
        self._on_change = on_change
        self._timer: asyncio.TimerHandle | None = None
        self._text = ""
        self._held = False
        self._found: SyntaxProblem | None = None
        buffer.on_text_changed += self._text_changed

    @property
    def message(self) -> str:
        """What is wrong and what Enter does, once the text was held back; else empty."""
        if not self._held or self._found is None or self._buffer.text != self._text:
            return ""
        return f"{self._found.message}. Enter sends it as it is."

    def position_in(self, document: Document) -> int | None:
        """Where the error to be marked is in this document; None for none.

        While a line is typed, what is wrong in it is not: the rest may mend it.
        """
        if self._found is None or document.text != self._text:
            return None
        position = min(self._found.position, max(0, len(self._text) - 1))
        if not self._held and document.is_cursor_at_the_end_of_line:
            row, _ = document.translate_index_to_position(position)
            if row == document.cursor_position_row:
                return None
        return position

    def holds(self) -> bool:
        """Whether the text should not be sent yet: then the cursor is where it is wrong."""
        text = self._buffer.text
        if not self._enabled() or (self._held and self._text == text):
            return False
        self._look_at(text)
        if self._found is None:
            return False
        self._held = True
        self._buffer.cursor_position = min(self._found.position, len(text))
        self._on_change()
        return True

    def _look_at(self, text: str) -> None:
        self._text = text
        self._held = False
        self._found = self._language().find_error(text) if len(text) <= _LONGEST else None

    def _text_changed(self, _: Buffer) -> None:
        self._found = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._buffer.text and self._enabled():
            self._timer = asyncio.get_running_loop().call_later(_REST, self._rested)

    def _rested(self) -> None:
        self._timer = None
        if self._enabled():
            self._look_at(self._buffer.text)
            if self._found is not None:
                self._on_change()


class SyntaxMark(Processor):
    """Underlines the character where the text is wrong."""

    def __init__(self, check: SyntaxCheck) -> None:
        self._check = check

    def marks(self, document: Document) -> Mapping[int, int]:
        """The column to be marked, by line."""
        position = self._check.position_in(document)
        if position is None:
            return {}
        row, column = document.translate_index_to_position(position)
        return {row: column}

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Mark it, if it is in this line."""
        fragments = transformation_input.fragments
        column = self.marks(transformation_input.document).get(transformation_input.lineno)
        if column is None:
            return Transformation(fragments)
        column = transformation_input.source_to_display(column)
        marked = explode_text_fragments(fragments)
        if column < len(marked):
            style, text, *_ = marked[column]
            marked[column] = (f"{style} class:syntax-error", text)
        else:
            marked.append(("class:syntax-error", " "))
        return Transformation(marked)
