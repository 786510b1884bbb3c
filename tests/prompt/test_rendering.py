"""What is drawn with rows and lines remembered, beside what prompt_toolkit itself would draw."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_toolkit.application import Application
from prompt_toolkit.application.current import set_app
from prompt_toolkit.buffer import Buffer, CompletionState
from prompt_toolkit.completion import Completion
from prompt_toolkit.data_structures import Point, Size
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import DummyInput
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    Container,
    FormattedTextControl,
    HSplit,
    Window,
)
from prompt_toolkit.layout.processors import Processor
from prompt_toolkit.mouse_events import MouseButton, MouseEvent, MouseEventType
from prompt_toolkit.output.color_depth import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output

from repl_connect.languages import language_named
from repl_connect.prompt.editing.editing import Editing
from repl_connect.prompt.look import layout as layout_module
from repl_connect.prompt.look.lexing import load_lexer
from repl_connect.prompt.look.rendering import TextLine
from repl_connect.prompt.look.style import style_for
from repl_connect.settings import Settings

_PIECES = st.sampled_from(
    [
        *"ab1 ()[]{}\"'#:=,.\n\t\x01\xa0",
        *("\n    ", "def f(x):", "return (1, 'two', [3])\n", "'''", "漢字", "e\u0301", "👍"),
        "long_name_that_wraps_in_a_narrow_terminal",
    ]
)
_STEPS = st.one_of(
    st.tuples(st.just("type"), _PIECES),
    st.tuples(st.just("type"), st.sampled_from("abc")),
    st.tuples(st.just("move"), st.integers(-30, 30)),
    st.tuples(st.just("delete"), st.integers(1, 12)),
    st.tuples(
        st.sampled_from(["menu", "choose", "select", "search", "hint", "output", "suggest"]),
        st.integers(0, 12),
    ),
    st.tuples(st.just("resize"), st.tuples(st.integers(8, 60), st.integers(4, 14))),
    st.tuples(st.just("style"), st.sampled_from(["light", "dark"])),
)


class Drawn:
    """A prompt's layout with what is typed, drawn on a terminal of its own."""

    def __init__(
        self,
        line: Callable[[Callable[[], StyleAndTextTuples]], Container] = TextLine,
        *,
        columns: int = 20,
        rows: int = 8,
        mouse: bool = False,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.Stream(self.screen)
        self.written = io.StringIO()
        self.size = Size(rows=rows, columns=columns)
        self.buffer = Buffer(multiline=True)
        self.hint = self.open_line = ""
        place = SimpleNamespace(
            language=language_named("python"), settings=Settings(), takes_input=False
        )
        editing = Editing(self.buffer, cast("Any", place))
        lexer = load_lexer("python3")
        assert lexer is not None
        hint = line(lambda: [("class:toolbar", self.hint)])
        self.application: Application[object] = Application(
            layout=layout_module.prompt_layout(
                self.buffer,
                lexer=lexer,
                prompt=lambda: [("class:prompt", "__main__> ")],
                open_line=self._open_line,
                processors=editing.processors,
                below=HSplit([ConditionalContainer(hint, Condition(lambda: bool(self.hint)))]),
            ),
            style=style_for("dark", {}),
            color_depth=ColorDepth.DEPTH_24_BIT,
            mouse_support=mouse,
            input=DummyInput(),
            output=Vt100_Output(self.written, lambda: self.size, enable_cpr=False),
        )

    def _open_line(self) -> StyleAndTextTuples:
        return [("class:out", self.open_line)] if self.open_line else []

    def draw(self) -> str:
        """Draw, and have the terminal show it; what was written for that."""
        with set_app(self.application):
            self.application.render_counter += 1
            self.application.renderer.render(self.application, self.application.layout)
        return self._show()

    def step(self, kind: str, value: Any) -> None:
        """Do something that changes what is to be drawn."""
        with set_app(self.application):
            getattr(self, f"_{kind}")(value)

    @property
    def shown(self) -> tuple[list[str], list[object], tuple[int, int, bool]]:
        """The terminal's text, what its cells look like, and the cursor."""
        screen = self.screen
        cells = [screen.buffer[y][x] for y in range(screen.lines) for x in range(screen.columns)]
        looks = [cell._replace(data="") for cell in cells if cell.data.strip()]
        cursor = screen.cursor
        return screen.display, list(looks), (cursor.y, cursor.x, cursor.hidden)

    def _show(self) -> str:
        written = self.written.getvalue()
        self.stream.feed(written)
        self.written.seek(0)
        self.written.truncate()
        return written

    def _type(self, text: str) -> None:
        self.buffer.insert_text(text, fire_event=False)
        self.buffer.suggestion = None

    def _move(self, count: int) -> None:
        place = self.buffer.cursor_position + count
        self.buffer.cursor_position = max(0, min(place, len(self.buffer.text)))

    def _delete(self, count: int) -> None:
        self.buffer.delete_before_cursor(count)

    def _menu(self, count: int) -> None:
        document = Document(self.buffer.text, self.buffer.cursor_position)
        found = [Completion(f"name_{each}", display_meta="function") for each in range(count)]
        self.buffer.complete_state = CompletionState(document, found) if found else None

    def _choose(self, count: int) -> None:
        if self.buffer.complete_state is not None:
            self.buffer.complete_next(count)

    def _select(self, count: int) -> None:
        if count % 2:
            self.buffer.start_selection()
        else:
            self.buffer.exit_selection()

    def _search(self, count: int) -> None:
        control = self.application.layout.current_control
        assert isinstance(control, BufferControl)
        assert control.search_buffer is not None
        control.search_buffer.text = "a" if count % 2 else ""

    def _hint(self, count: int) -> None:
        self.hint = "hint 漢字 e\u0301 that is cut"[: 2 * count]

    def _output(self, count: int) -> None:
        """Print above, as the printer does, with a line that is not finished."""
        self.application.renderer.erase()
        self.application.output.write_raw("printed\r\n")
        self.open_line = "." * count

    def _suggest(self, count: int) -> None:
        from prompt_toolkit.auto_suggest import Suggestion

        self.buffer.suggestion = Suggestion("suggested\nmore"[:count]) if count else None

    def _resize(self, size: tuple[int, int]) -> None:
        columns, rows = size
        self.size = Size(rows=rows, columns=columns)
        self.screen.resize(rows, columns)
        self.application.renderer.erase()

    def _style(self, theme: str) -> None:
        self.application.renderer.style = style_for(theme, {})


def theirs(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """The same layout of prompt_toolkit's own parts."""

    def control(
        buffer: Buffer, *, marking: list[Processor], others: list[Processor], **options: Any
    ) -> BufferControl:
        processors = [*marking, *others]
        return BufferControl(
            buffer, input_processors=processors, include_default_input_processors=False, **options
        )

    with monkeypatch.context() as patch:
        patch.setattr(layout_module, "InputControl", control)
        patch.setattr(layout_module, "InputWindow", Window)
        patch.setattr(layout_module, "Stack", HSplit)
        patch.setattr(layout_module, "ChangedRows", lambda content: content)
        return Drawn(lambda text: Window(FormattedTextControl(text), height=1))


def both_draw(steps: list[tuple[str, Any]]) -> None:
    """Do the same with ours and theirs; after each step the terminals must show the same."""

    async def main() -> None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            other = theirs(monkeypatch)
        ours = Drawn()
        for number, (kind, value) in enumerate(steps):
            for each in (ours, other):
                each.step(kind, value)
                each.draw()
            assert ours.shown == other.shown, (number, kind, value)

    asyncio.run(main())


@settings(max_examples=40, deadline=None)
@given(st.lists(_STEPS, max_size=25))
def test_the_terminal_shows_what_prompt_toolkit_would_show(steps: list[tuple[str, Any]]) -> None:
    """Whatever is typed, deleted, opened, resized and printed above."""
    both_draw(steps)


def test_a_key_writes_its_line_only() -> None:
    """In a text of many lines."""

    async def main() -> None:
        drawn = Drawn(columns=60, rows=12)
        for number in range(40):
            drawn.step("type", f"total_{number} = compute({number})\n")
        drawn.draw()
        drawn.step("type", "Z")
        shown = drawn.draw()
        assert "Z" in shown
        assert len(shown) < 60, shown
        drawn.step("move", -900)  # scrolls
        assert "total_" in drawn.draw()

    asyncio.run(main())


def test_a_search_for_completions_that_finds_none_draws_nothing() -> None:
    """As after most keys: there is no menu, and there was none."""

    async def main() -> None:
        drawn = Drawn()
        control = drawn.application.layout.current_control
        changes: list[object] = []
        for event in control.get_invalidate_events():
            event.add_handler(changes.append)
        document = Document("na", 2)
        buffer = drawn.buffer
        drawn.draw()
        buffer.complete_state = CompletionState(document, [])
        buffer.on_completions_changed.fire()
        buffer.complete_state = None
        buffer.on_completions_changed.fire()
        assert not changes
        drawn.step("menu", 2)
        buffer.on_completions_changed.fire()
        assert len(changes) == 1
        drawn.draw()
        drawn.step("menu", 0)
        buffer.on_completions_changed.fire()
        assert len(changes) == 2

    asyncio.run(main())


def test_what_has_no_room_is_cut_from_below() -> None:
    """A terminal of very few rows still shows what is typed."""

    async def main() -> None:
        drawn = Drawn(columns=30, rows=2)
        drawn.hint = "a hint"
        drawn.step("type", "one\ntwo\nthree")
        drawn.draw()
        assert "three" in drawn.screen.display[0] + drawn.screen.display[1]

    asyncio.run(main())


def test_a_click_puts_the_cursor_there() -> None:
    """Also in a line that was laid out before."""

    async def main() -> None:
        drawn = Drawn(columns=30, mouse=True)
        drawn.step("type", "first\nsecond\nthird")
        for _ in range(2):
            drawn.draw()
            row, column = 1, len("__main__> ") + 3
            click = MouseEvent(
                Point(column, row), MouseEventType.MOUSE_DOWN, MouseButton.LEFT, frozenset()
            )
            with set_app(drawn.application):
                drawn.application.renderer.mouse_handlers.mouse_handlers[row][column](click)
            assert drawn.buffer.document.text_before_cursor == "first\nsec"

    asyncio.run(main())
