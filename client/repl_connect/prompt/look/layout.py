"""What is drawn: the program's unfinished line, the prompt with what is typed, menu and search."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition, is_done, is_searching
from prompt_toolkit.formatted_text import StyleAndTextTuples, fragment_list_width
from prompt_toolkit.key_binding import KeyBindingsBase
from prompt_toolkit.layout import (
    AnyContainer,
    CompletionsMenu,
    ConditionalContainer,
    Dimension,
    Float,
    FloatContainer,
    FormattedTextControl,
    Layout,
    Window,
)
from prompt_toolkit.layout.processors import (
    ConditionalProcessor,
    HighlightIncrementalSearchProcessor,
    HighlightSelectionProcessor,
    PasswordProcessor,
    TabsProcessor,
)
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.widgets.toolbars import SearchToolbar

from repl_connect.prompt.editing.suggestion_in_pairs import DrawInPairs
from repl_connect.prompt.history.suggestion import AppendEntry
from repl_connect.prompt.look.input_control import InputControl, MarkingProcessor
from repl_connect.prompt.look.input_window import InputWindow
from repl_connect.prompt.look.rendering import ChangedRows, Stack

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
    secret: Callable[[], bool] = lambda: False,
    processors: Iterable[MarkingProcessor] = (),
    below: AnyContainer | None = None,
    keys: KeyBindingsBase | None = None,
) -> Layout:
    """The layout around the buffer that is typed into; `keys` count before all others.

    While it is `secret` what is typed is shown as stars.
    """
    search = SearchToolbar(ignore_case=True)
    tabs = TabsProcessor(tabstop=8, char1=" ", char2=" ")

    drawn: list[StyleAndTextTuples] = []  # the prefixes of the first line and of the others
    drawn_for = -1

    def prefix(line: int, wrapped: int) -> StyleAndTextTuples:
        nonlocal drawn, drawn_for
        counter = get_app().render_counter
        if counter != drawn_for:
            drawn_for = counter
            first = prompt()
            drawn = [first, line_prefix(first, 1)]
        return drawn[min(line, 1)] if wrapped == 0 else []

    def height() -> Dimension:
        if buffer.complete_state is not None and buffer.complete_state.completions:
            room = max(1, get_app().output.get_size().rows - 3)
            wanted = min(_MENU_ROWS, len(buffer.complete_state.completions) + 1)
            return Dimension(min=min(wanted, room))
        return Dimension()

    typed = InputWindow(
        InputControl(
            buffer,
            marking=processors,
            others=[
                ConditionalProcessor(PasswordProcessor(), Condition(secret)),
                HighlightIncrementalSearchProcessor(),
                HighlightSelectionProcessor(),
                ConditionalProcessor(DrawInPairs(AppendEntry()), ~is_done),
                ConditionalProcessor(tabs, Condition(lambda: "\t" in buffer.text) | is_searching),
            ],
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
    parts: list[AnyContainer] = [unfinished, FloatContainer(typed, [menu]), search]
    whole = Stack([*parts, below or Stack([])], key_bindings=keys)
    return Layout(ChangedRows(whole), typed)
