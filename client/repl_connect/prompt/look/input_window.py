"""The window that one types in: each line is laid out again only when it has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from prompt_toolkit.application import get_app
from prompt_toolkit.data_structures import Point
from prompt_toolkit.formatted_text import AnyFormattedText, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.layout import Dimension, UIContent, Window, WindowAlign
from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.screen import Char, Screen, WritePosition
from prompt_toolkit.utils import to_str

from repl_connect.prompt.look.input_control import InputContent, InputControl

__all__ = ["InputWindow"]

_Prefix = Callable[[int, int], AnyFormattedText]
_Place = tuple[int, int]


class InputWindow(Window):
    """A `Window` that remembers how its lines were laid out.

    The prefix of a wrapped row may depend on that of its line, and on nothing else.
    """

    # prompt_toolkit has no public place between looking at the lines and putting their characters
    # on the screen: `_copy_body` is it.

    def __init__(self, content: InputControl, **options: Any) -> None:
        super().__init__(content, **options)
        self._laid_out: dict[int, _LaidOut] = {}
        self._width = self._limit = 0
        self._scrolled: tuple[object, Sequence[str]] | None = None
        self._control = content

    def preferred_height(self, width: int, max_available_height: int) -> Dimension:
        """The height of all lines; what is asked for first in a drawing."""
        self._control.forget_content()
        return super().preferred_height(width, max_available_height)

    def write_to_screen(  # noqa: PLR0917
        self,
        screen: Screen,
        mouse_handlers: MouseHandlers,
        write_position: WritePosition,
        parent_style: str,
        erase_bg: bool,
        z_index: int | None,
    ) -> None:
        """Draw the lines."""
        super().write_to_screen(
            screen, mouse_handlers, write_position, parent_style, erase_bg, z_index
        )
        self._control.forget_content()

    def _scroll_when_linewrapping(self, ui_content: UIContent, width: int, height: int) -> None:
        """Show the cursor: to find out how costs a look at all lines, and mostly all is as it was.

        That is so if no line has changed but that of the cursor, and this one is as high as before.
        """
        if not isinstance(ui_content, InputContent) or self.get_line_prefix is None or width <= 0:
            super()._scroll_when_linewrapping(ui_content, width, height)
            return
        texts, cursor, last = ui_content.texts, ui_content.cursor_position.y, len(ui_content.texts)
        prefix = self.get_line_prefix
        heights = [
            ui_content.get_height_for_line(each, width, prefix) for each in {cursor, last - 1}
        ]

        def made_of() -> object:
            scroll = (self.vertical_scroll, self.vertical_scroll_2)
            return scroll, width, height, cursor, last, heights, prefix(0, 0), prefix(1, 0)

        if self._scrolled is not None and max(heights) <= height:
            before, others = self._scrolled
            if (
                before == made_of()
                and texts[:cursor] == others[:cursor]
                and texts[cursor + 1 :] == others[cursor + 1 :]
            ):
                return
        super()._scroll_when_linewrapping(ui_content, width, height)
        self._scrolled = made_of(), texts

    def _copy_body(  # noqa: PLR0917
        self,
        ui_content: UIContent,
        new_screen: Screen,
        write_position: WritePosition,
        move_x: int,
        width: int,
        vertical_scroll: int = 0,
        horizontal_scroll: int = 0,
        wrap_lines: bool = False,
        highlight_lines: bool = False,
        vertical_scroll_2: int = 0,
        always_hide_cursor: bool = False,
        has_focus: bool = False,
        align: WindowAlign = WindowAlign.LEFT,
        get_line_prefix: _Prefix | None = None,
    ) -> tuple[dict[int, _Place], dict[_Place, _Place]]:
        if (
            not wrap_lines
            or vertical_scroll_2  # in a line that is higher than the window
            or get_line_prefix is None
            or (move_x, write_position.xpos, align) != (0, 0, WindowAlign.LEFT)
        ):
            return super()._copy_body(
                ui_content,
                new_screen,
                write_position,
                move_x,
                width,
                vertical_scroll,
                horizontal_scroll,
                wrap_lines,
                highlight_lines,
                vertical_scroll_2,
                always_hide_cursor,
                has_focus,
                align,
                get_line_prefix,
            )
        top, height = write_position.ypos, write_position.height
        if width != self._width or height > self._limit:
            self._laid_out, self._width, self._limit = {}, width, height
        before, self._laid_out = self._laid_out, {}
        rows = new_screen.data_buffer
        # A row that nothing is drawn over is the same object in each drawing, and known by that.
        alone = not (self._control.has_menu or get_app().is_done or self._is_styled(""))
        places = _Places()
        starts: dict[int, _Place] = {}
        y = 0
        for number in range(vertical_scroll, ui_content.line_count):
            if y >= height:
                break
            given = get_line_prefix(number, 0)
            prefix = given if type(given) is list else to_formatted_text(given)
            line = ui_content.get_line(number)
            for other in (number, number - 1, number + 1):
                known = before.get(other)
                if (
                    known is not None
                    and (known.line is line or known.line == line)
                    and (known.prefix is prefix or known.prefix == prefix)
                ):
                    break
            else:
                known = self._lay_out(line, prefix, number, get_line_prefix)
            self._laid_out[number] = known
            places.lines[number] = (top + y, known.places)
            for offset, start in enumerate(known.starts):
                starts[y + offset] = (number, start)
            shares = alone and number != ui_content.cursor_position.y
            for offset, row in enumerate(known.rows[: height - y], top + y):
                if shares:
                    rows[offset] = row
                else:
                    rows[offset].update(row)
            y += len(known.rows)
        self._tell(new_screen, ui_content, places, has_focus and not always_hide_cursor, has_focus)
        new_screen.height = max(new_screen.height, top + height)
        return starts, places

    def _lay_out(
        self,
        line: StyleAndTextTuples,
        prefix: StyleAndTextTuples,
        number: int,
        get_line_prefix: _Prefix,
    ) -> _LaidOut:
        """Lay a line out by itself, as prompt_toolkit does it."""
        screen = Screen()
        starts, places = super()._copy_body(
            UIContent(lambda _: line, line_count=1),
            screen,
            WritePosition(0, 0, self._width, self._limit),
            0,
            self._width,
            wrap_lines=True,
            get_line_prefix=lambda _, wrapped: get_line_prefix(number, wrapped),
        )
        count = min(max(starts) + 1, self._limit)
        return _LaidOut(
            line,
            prefix,
            [screen.data_buffer[y] for y in range(count)],
            [starts[y][1] for y in range(count)],
            {column: place for (_, column), place in places.items()},
        )

    def _tell(
        self,
        screen: Screen,
        content: UIContent,
        places: _Places,
        show_cursor: bool,
        has_focus: bool,
    ) -> None:
        """Tell the screen where the cursor is, and the menu."""
        if has_focus:
            cursor = content.cursor_position
            y, x = places.get_place(cursor.y, cursor.x)
            screen.set_cursor_position(self, Point(x=x, y=y))
            screen.show_cursor = show_cursor and content.show_cursor
            self._highlight_digraph(screen)
            self._show_key_processor_key_buffer(screen)
        if content.menu_position:
            y, x = places.get_place(content.menu_position.y, content.menu_position.x)
            screen.set_menu_position(self, Point(x=x, y=y))

    def _apply_style(
        self, new_screen: Screen, write_position: WritePosition, parent_style: str
    ) -> None:
        if self._is_styled(parent_style):
            super()._apply_style(new_screen, write_position, parent_style)

    def _is_styled(self, parent_style: str) -> bool:
        return bool((parent_style + to_str(self.style)).strip())


class _LaidOut(NamedTuple):
    """A line: its rows, the column each starts with, and the row and cell of each column."""

    line: StyleAndTextTuples
    prefix: StyleAndTextTuples
    rows: list[defaultdict[int, Char]]
    starts: list[int]
    places: dict[int, _Place]


class _Places(dict[_Place, _Place]):
    """Where each line and column is, as row and cell; filled when all are asked for."""

    def __init__(self) -> None:
        self.lines: dict[int, tuple[int, dict[int, _Place]]] = {}

    def __missing__(self, key: _Place) -> _Place:
        top, places = self.lines[key[0]]
        y, x = places[key[1]]
        return top + y, x

    def get_place(self, line: int, column: int) -> _Place:
        """Where it is; the first cell if it is not shown."""
        try:
            return self[line, column]
        except KeyError:
            return 0, 0

    def items(self) -> Any:
        """All."""
        if not self:
            for line, (top, places) in self.lines.items():
                self.update({(line, column): (top + y, x) for column, (y, x) in places.items()})
        return super().items()
