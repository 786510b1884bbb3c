"""Brackets as they are drawn: coloured by depth, the pair at the cursor, what closes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput

from repl_connect.languages import Language
from repl_connect.languages.language import Bracket
from repl_connect.settings import Settings

__all__ = ["RAINBOW", "BracketProcessor"]

RAINBOW: Final = 6
"""Depths that have a colour of their own: `rainbow.0` to `rainbow.5`, then again."""

_SHORT: Final = 600  # characters; a text up to that is read at each key
_REST: Final = 0.05  # seconds without a change after which a longer one is
_LONGEST: Final = 50_000  # characters; in a longer text brackets are left alone

_Marks = dict[int, str]  # style by column


class BracketProcessor(Processor):
    """Styles the brackets of a text; it must be the first processor, before columns change.

    It is asked line by line, at each drawing: what depends on the text alone is kept until the text
    changes, and each line until it looks different. A long text is read again when typing rests;
    `on_change` is called then.
    """

    def __init__(
        self,
        language: Callable[[], Language],
        settings: Callable[[], Settings],
        on_change: Callable[[], None],
    ) -> None:
        self._language = language
        self._settings = settings
        self._on_change = on_change
        self._timer: asyncio.TimerHandle | None = None
        self._text = ""
        self._read_as: tuple[Language, Settings] | None = None
        self._brackets: dict[int, Bracket] = {}
        self._marks: dict[int, _Marks] = {}
        self._lines: dict[int, tuple[StyleAndTextTuples, _Marks, StyleAndTextTuples]] = {}
        self._drawn_document: Document | None = None  # with the pair at its cursor:
        self._drawn: dict[int, _Marks] = {}

    def marks(self, document: Document) -> Mapping[int, _Marks]:
        """The styles of the brackets, by line and column."""
        self._read(document)
        if document is not self._drawn_document:
            self._drawn_document, self._drawn = document, {**self._marks}
            for row, column, style in self._pair(document):
                marks = self._drawn.get(row, {})
                self._drawn[row] = {**marks, column: f"{marks.get(column, '')} {style}"}
        return self._drawn

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Style one line."""
        line, fragments = transformation_input.lineno, transformation_input.fragments
        marks = self.marks(transformation_input.document).get(line)
        if not marks:
            return Transformation(fragments)
        known = self._lines.get(line)
        if known is None or known[1] != marks or known[0] != fragments:
            known = self._lines[line] = (fragments, marks, _styled(fragments, marks))
        return Transformation(known[2])

    def _read(self, document: Document) -> None:
        """Have the marks of this text; of a long one that has changed, what can be had at once."""
        language, settings = self._language(), self._settings()
        text = document.text
        if text == self._text and self._read_as == (language, settings):
            return
        same = self._read_as == (language, settings)
        self._read_as = (language, settings)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if same and len(text) > _SHORT and self._carried_over(document):
            self._timer = asyncio.get_running_loop().call_later(_REST, self._rested, document)
        else:
            self._find(document)

    def _rested(self, document: Document) -> None:
        self._timer = None
        self._find(document)
        self._on_change()

    def _carried_over(self, document: Document) -> bool:
        """Keep the marks of all lines but one, as after a key; False if more have changed."""
        before, after = self._text.split("\n"), document.lines
        most = min(len(before), len(after))
        same = (one == other for one, other in zip(before, after, strict=False))
        above = next((row for row, equal in enumerate(same) if not equal), most)
        below = 0
        while below < most - above and before[-1 - below] == after[-1 - below]:
            below += 1
        moved = len(after) - len(before)
        if max(len(before), len(after)) - above - below > 2:
            return False
        kept = {row: marks for row, marks in self._marks.items() if row < above}
        for row, marks in self._marks.items():
            if row >= len(before) - below:
                kept[row + moved] = marks
            elif row == above < len(after) - below:
                kept[row] = _carried(marks, before[row], after[row])
        self._text, self._marks, self._brackets = document.text, kept, {}
        self._drawn_document = None
        return True

    def _find(self, document: Document) -> None:
        """Find the brackets and how they look."""
        language, settings = self._language(), self._settings()
        text = self._text = document.text
        self._marks = {}
        self._brackets = {}
        self._drawn_document = None
        if not text or len(text) > _LONGEST:  # the first prompt is there before a tokenizer
            return
        closers = language.pairs.values()
        rainbow = language.rainbow and settings.prompt.rainbow
        for bracket in language.brackets(text):
            self._brackets[bracket.position] = bracket
            if bracket.partner is None and text[bracket.position] in closers:
                style = "class:syntax-error" if settings.prompt.check_syntax else ""
            else:
                style = f"class:rainbow.{bracket.depth % RAINBOW}" if rainbow else ""
            if style:
                row, column = document.translate_index_to_position(bracket.position)
                self._marks.setdefault(row, {})[column] = style

    def _pair(self, document: Document) -> list[tuple[int, int, str]]:
        """The bracket at the cursor, or the closing one just before it, with its partner.

        Of each the row, the column and the style.
        """
        cursor = document.cursor_position
        bracket = self._brackets.get(cursor)
        if bracket is None:
            bracket = self._brackets.get(cursor - 1)
            if bracket is not None and bracket.partner is not None and bracket.partner > cursor:
                return []
        if bracket is None or bracket.partner is None:
            return []
        place = document.translate_index_to_position
        return [
            (*place(bracket.position), "class:matching-bracket.cursor"),
            (*place(bracket.partner), "class:matching-bracket.other"),
        ]


def _carried(marks: _Marks, before: str, after: str) -> _Marks:
    """The marks of a line that has changed in one place."""
    pairs = enumerate(zip(before, after, strict=False))
    start = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
    moved = len(after) - len(before)
    kept = {column: style for column, style in marks.items() if column < start}
    for column, style in marks.items():
        if column >= start and before[column:] == after[max(column + moved, start) :]:
            kept[column + moved] = style
    return kept


def _styled(fragments: StyleAndTextTuples, marks: _Marks) -> StyleAndTextTuples:
    """A line's fragments, with the marks at their columns."""
    styled: StyleAndTextTuples = []
    columns = iter(sorted(marks))
    column = next(columns, None)
    start = 0
    for style, text, *_ in fragments:
        taken = 0
        while column is not None and column < start + len(text):
            if column - start > taken:
                styled.append((style, text[taken : column - start]))
            taken = column - start + 1
            styled.append((f"{style} {marks[column]}", text[taken - 1 : taken]))
            column = next(columns, None)
        if taken < len(text):
            styled.append((style, text[taken:]))
        start += len(text)
    return styled
