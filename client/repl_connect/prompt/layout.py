"""What is drawn: the program's unfinished line, the prompt with what is typed, menu and search."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition, is_done
from prompt_toolkit.formatted_text import StyleAndTextTuples, fragment_list_width
from prompt_toolkit.layout import (
    BufferControl,
    CompletionsMenu,
    ConditionalContainer,
    Dimension,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.processors import (
    AppendAutoSuggestion,
    ConditionalProcessor,
    HighlightIncrementalSearchProcessor,
    HighlightMatchingBracketProcessor,
    HighlightSelectionProcessor,
)
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.widgets import SearchToolbar

__all__ = ["line_prefix", "prompt_layout"]

_MENU_ROWS = 8


def line_prefix(prompt: StyleAndTextTuples, line: int) -> StyleAndTextTuples:
    """What stands before a line of what is typed: the prompt, then dots as wide."""
    if line == 0:
        return prompt
    return [("class:continuation", "... ".rjust(fragment_list_width(prompt)))]


def prompt_layout(
    buffer: Buffer,
    *,
    lexer: Lexer,
    prompt: Callable[[], StyleAndTextTuples],
    open_line: Callable[[], StyleAndTextTuples],
) -> Layout:
    """The layout around the buffer that is typed into."""
    search = SearchToolbar(ignore_case=True)

    def prefix(line: int, wrapped: int) -> StyleAndTextTuples:
        return line_prefix(prompt(), line) if wrapped == 0 else []

    def height() -> Dimension:
        if buffer.complete_state is not None and buffer.complete_state.completions:
            return Dimension(min=min(_MENU_ROWS, len(buffer.complete_state.completions) + 1))
        return Dimension()

    typed = Window(
        BufferControl(
            buffer,
            input_processors=[
                HighlightIncrementalSearchProcessor(),
                HighlightSelectionProcessor(),
                ConditionalProcessor(HighlightMatchingBracketProcessor(), ~is_done),
                ConditionalProcessor(AppendAutoSuggestion(), ~is_done),
            ],
            include_default_input_processors=False,
            lexer=lexer,
            search_buffer_control=search.control,
            preview_search=True,
        ),
        height=height,
        get_line_prefix=prefix,
        wrap_lines=True,
    )
    unfinished = ConditionalContainer(
        Window(FormattedTextControl(open_line), wrap_lines=True, dont_extend_height=True),
        Condition(lambda: bool(open_line())),
    )
    menu = Float(
        CompletionsMenu(max_height=_MENU_ROWS * 2, scroll_offset=1),
        xcursor=True,
        ycursor=True,
        transparent=True,
    )
    return Layout(HSplit([unfinished, FloatContainer(typed, [menu]), search]), typed)
