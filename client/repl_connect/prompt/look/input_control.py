"""The text that is typed, as lines to be drawn: each is made again only when it has changed.

What is shown is what prompt_toolkit's own control shows; lines that look as before are taken from
the drawing before. So a key costs about the same in a long text as in a short one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import AnyFormattedText, StyleAndTextTuples
from prompt_toolkit.layout import BufferControl, UIContent
from prompt_toolkit.layout.controls import GetLinePrefixCallable
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.utils import Event

__all__ = ["InputContent", "InputControl", "MarkingProcessor"]


class MarkingProcessor(Protocol):
    """A `Processor` that can tell on what it depends."""

    def marks(self, document: Document) -> Mapping[int, object]:
        """By line, something that is equal as long as equal fragments are changed equally.

        A line that is left as it is has nothing.
        """

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Change the fragments of a line."""


class InputControl(BufferControl):
    """A `BufferControl` that remembers its lines.

    `marking` come before the `others`. Of these nothing is known, but that they do something only
    to the line of the cursor, to the last line, to tabs, or while there is a selection or a search.
    """

    def __init__(
        self,
        buffer: Buffer,
        *,
        lexer: Lexer,
        marking: Iterable[MarkingProcessor],
        others: Iterable[Processor],
        **options: Any,
    ) -> None:
        self._marking = list(marking)
        processors = [*self._marking, *others]
        super().__init__(
            buffer,
            lexer=_LastLexed(lexer),
            input_processors=processors,  # type: ignore[arg-type]
            include_default_input_processors=False,
            **options,
        )
        self._kept: dict[int, _Kept] = {}
        self._heights: dict[int, _Height] = {}
        self._content: tuple[int, UIContent] | None = None
        self._menu_drawn = False
        self._menu_changed: Event[object] = Event(self)
        buffer.on_completions_changed += self._completions_changed

    def create_content(self, width: int, height: int, preview_search: bool = False) -> UIContent:
        """The lines, for a drawing."""
        if self._content is not None and self._content[0] == width:
            return self._content[1]
        self._menu_drawn = self.has_menu
        plain = super().create_content(width, height, preview_search)
        document = self.buffer.document
        if max(len(self._kept), len(self._heights)) > 2 * plain.line_count + 100:
            self._kept, self._heights = {}, {}
        search = self.search_buffer
        content: UIContent
        if document.selection is not None or (search is not None and search.text):
            content = plain
        else:
            lexed = self.lexer.lex_document(document)
            marks = [each.marks(document) for each in self._marking]
            content = InputContent(plain, lexed, marks, self._kept, self._heights)
            content.texts = document.lines
        self._content = (width, content)
        return content

    def forget_content(self) -> None:
        """Make it anew when it is asked for next: another drawing begins."""
        self._content = None

    def get_invalidate_events(self) -> Iterable[Event[object]]:
        """What makes another drawing needed: no search for completions that found none."""
        changed = self.buffer.on_completions_changed
        for event in super().get_invalidate_events():
            yield self._menu_changed if event is changed else event

    def _completions_changed(self, _: Buffer) -> None:
        if self.has_menu or self._menu_drawn:
            self._menu_changed.fire()

    @property
    def has_menu(self) -> bool:
        """Whether completions are shown."""
        state = self.buffer.complete_state
        return state is not None and bool(state.completions)


class _LastLexed(Lexer):
    """A lexer whose last answer is remembered."""

    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer
        self._key: Hashable = None
        self._lines: Callable[[int], StyleAndTextTuples] = lambda _: []

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """The fragments of each line, by its number."""
        key = (document.text, self.invalidation_hash())
        if key != self._key:
            self._key, self._lines = key, self._lexer.lex_document(document)
        return self._lines

    def invalidation_hash(self) -> Hashable:
        """The lexer's."""
        return self._lexer.invalidation_hash()


class _Kept(NamedTuple):
    """A line as it was made, and of what."""

    lexed: StyleAndTextTuples
    marks: list[object]
    line: StyleAndTextTuples


class _Height(NamedTuple):
    line: StyleAndTextTuples
    prefix: AnyFormattedText
    width: int
    height: int


class InputContent(UIContent):
    """Lines that are remembered from one drawing to the next, with their heights.

    That of the cursor and the last one are made anew each time.
    """

    def __init__(
        self,
        content: UIContent,
        lexed: Callable[[int], StyleAndTextTuples],
        marks: Sequence[Mapping[int, object]],
        kept: dict[int, _Kept],
        heights: dict[int, _Height],
    ) -> None:
        super().__init__(
            self._line,
            content.line_count,
            content.cursor_position,
            content.menu_position,
            content.show_cursor,
        )
        self.texts: Sequence[str] = ()
        """The lines as they were typed."""
        self._get_line = content.get_line
        self._lexed = lexed
        self._marks = marks
        self._kept = kept
        self._heights = heights
        self._lines: dict[int, StyleAndTextTuples] = {}
        self._right: dict[int, int] = {}

    def _line(self, number: int) -> StyleAndTextTuples:
        line = self._lines.get(number)
        if line is not None:
            return line
        if number in (self.cursor_position.y, self.line_count - 1):
            line = self._get_line(number)
        else:
            lexed, marks = self._lexed(number), [each.get(number) for each in self._marks]
            known = self._kept.get(number)
            if known is None or known.marks != marks or known.lexed != lexed:
                known = self._kept[number] = _Kept(lexed, marks, self._get_line(number))
            line = known.line
        self._lines[number] = line
        return line

    def get_height_for_line(
        self,
        lineno: int,
        width: int,
        get_line_prefix: GetLinePrefixCallable | None,
        slice_stop: int | None = None,
    ) -> int:
        """How many rows a line takes."""
        if slice_stop is not None or get_line_prefix is None:
            return super().get_height_for_line(lineno, width, get_line_prefix, slice_stop)
        right = self._right.get(lineno)
        if right is not None:
            return right
        line, prefix = self._line(lineno), get_line_prefix(lineno, 0)
        known = self._heights.get(lineno)
        if known is None or (known.width, known.prefix, known.line) != (width, prefix, line):
            height = super().get_height_for_line(lineno, width, get_line_prefix)
            known = self._heights[lineno] = _Height(line, prefix, width, height)
        self._right[lineno] = known.height
        return known.height
