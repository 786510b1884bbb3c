"""Drawing what has changed: containers that remember what they drew, and how high it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from prompt_toolkit.application import get_app
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindingsBase
from prompt_toolkit.layout import (
    AnyContainer,
    Container,
    Dimension,
    FormattedTextControl,
    Window,
    to_container,
)
from prompt_toolkit.layout.dimension import sum_layout_dimensions
from prompt_toolkit.layout.mouse_handlers import MouseHandler, MouseHandlers
from prompt_toolkit.layout.screen import Char, Screen, Transparent, WritePosition

__all__ = ["ChangedRows", "Stack", "TextLine"]


class ChangedRows(Container):
    """The root of a layout: draws its content, and keeps from the renderer the rows it has drawn.

    prompt_toolkit's renderer compares each cell with the one it drew last. Here whole rows are
    compared before, at the speed of comparing dictionaries, and those that are equal are taken from
    both screens, so that the renderer finds nothing in them.
    """

    def __init__(self, content: AnyContainer) -> None:
        self._content = to_container(content)
        self._screen: Screen | None = None
        self._rows: dict[int, defaultdict[int, Char]] = {}  # all those of that screen
        self._nothing: defaultdict[int, Char] = defaultdict(lambda: Char(" ", Transparent))

    def reset(self) -> None:
        """Forget what the content is in the midst of."""
        self._content.reset()

    def preferred_width(self, max_available_width: int) -> Dimension:
        """The content's."""
        return self._content.preferred_width(max_available_width)

    def preferred_height(self, width: int, max_available_height: int) -> Dimension:
        """The content's."""
        return self._content.preferred_height(width, max_available_height)

    def write_to_screen(  # noqa: PLR0917
        self,
        screen: Screen,
        mouse_handlers: MouseHandlers,
        write_position: WritePosition,
        parent_style: str,
        erase_bg: bool,
        z_index: int | None,
    ) -> None:
        """Draw the content with its floats, then leave the rows that have changed."""
        application = get_app()
        renderer = application.renderer
        if not renderer.mouse_support():
            mouse_handlers = _NoMouse()
        self._content.write_to_screen(
            screen, mouse_handlers, write_position, parent_style, erase_bg, z_index
        )
        screen.draw_all_floats()
        before, rows = self._rows, dict(screen.data_buffer)
        drawn = renderer.last_rendered_screen
        if drawn is not None and drawn is self._screen:
            drawn.data_buffer.update(before)
            if not application.is_done:  # then all is drawn again
                for number, row in rows.items():
                    known = before.get(number)
                    if row is known or row == known:
                        screen.data_buffer[number] = drawn.data_buffer[number] = self._nothing
        self._screen, self._rows = screen, rows

    def get_children(self) -> list[Container]:
        """The content alone."""
        return [self._content]


class Stack(Container):
    """Containers one below the other: an `HSplit` that asks each for its height once a drawing.

    All grow alike. If there is no room for what they need at least, the last ones are cut.
    """

    def __init__(
        self, children: Sequence[AnyContainer], *, key_bindings: KeyBindingsBase | None = None
    ) -> None:
        self._children = [to_container(each) for each in children]
        self._key_bindings = key_bindings
        self._asked: tuple[int, int, list[Dimension]] | None = None  # for this width and height

    def reset(self) -> None:
        """Forget what the children are in the midst of."""
        for child in self._children:
            child.reset()

    def preferred_width(self, max_available_width: int) -> Dimension:
        """Any."""
        del max_available_width
        return Dimension()

    def preferred_height(self, width: int, max_available_height: int) -> Dimension:
        """The sum of the children's."""
        dimensions = self._ask(width, max_available_height)
        self._asked = (width, max_available_height, dimensions)
        return sum_layout_dimensions(dimensions)

    def write_to_screen(  # noqa: PLR0917
        self,
        screen: Screen,
        mouse_handlers: MouseHandlers,
        write_position: WritePosition,
        parent_style: str,
        erase_bg: bool,
        z_index: int | None,
    ) -> None:
        """Draw the children."""
        place = write_position
        top = place.ypos
        for child, height in zip(self._children, self._heights(place), strict=True):
            position = WritePosition(place.xpos, top, place.width, height)
            child.write_to_screen(screen, mouse_handlers, position, parent_style, erase_bg, z_index)
            top += height

    def get_children(self) -> list[Container]:
        """From the top."""
        return self._children

    def get_key_bindings(self) -> KeyBindingsBase | None:
        """The keys that count wherever the focus is in it."""
        return self._key_bindings

    def _ask(self, width: int, height: int) -> list[Dimension]:
        return [child.preferred_height(width, height) for child in self._children]

    def _heights(self, place: WritePosition) -> list[int]:
        asked, self._asked = self._asked, None
        dimensions = None
        if asked is not None and asked[0] == place.width:
            # With more room than it prefers, a child prefers no more.
            enough = sum(each.preferred for each in asked[2]) <= place.height
            dimensions = asked[2] if enough or asked[1] == place.height else None
        if dimensions is None:
            dimensions = self._ask(place.width, place.height)
        room = place.height
        heights = []
        for each in dimensions:
            heights.append(min(each.min, room))
            room -= heights[-1]
        _grow(heights, [each.preferred for each in dimensions], place.height)
        if not get_app().is_done:
            _grow(heights, [each.max for each in dimensions], place.height)
        return heights


def _grow(heights: list[int], wanted: list[int], most: int) -> None:
    """Give each a row in turn, up to what it wants, as long as there are rows."""
    room = min(most, sum(wanted)) - sum(heights)
    while room > 0:
        before = room
        for number, height in enumerate(heights):
            if height < wanted[number] and room > 0:
                heights[number] += 1
                room -= 1
        if room == before:
            return


class TextLine(Container):
    """A line of styled text, cut at the right; laid out when it is another than before."""

    def __init__(self, fragments: Callable[[], StyleAndTextTuples]) -> None:
        self._fragments = fragments
        self._key: tuple[StyleAndTextTuples, int, str] | None = None
        self._row: dict[int, Char] = {}

    def reset(self) -> None:
        """Nothing is kept that matters."""

    def preferred_width(self, max_available_width: int) -> Dimension:
        """Any."""
        del max_available_width
        return Dimension()

    def preferred_height(self, width: int, max_available_height: int) -> Dimension:
        """One row, or none if there is no room."""
        del width, max_available_height
        return Dimension(min=0, max=1, preferred=1)

    def write_to_screen(  # noqa: PLR0917
        self,
        screen: Screen,
        mouse_handlers: MouseHandlers,
        write_position: WritePosition,
        parent_style: str,
        erase_bg: bool,
        z_index: int | None,
    ) -> None:
        """Draw the text."""
        del z_index
        place = write_position
        if place.height <= 0:
            return
        fragments = self._fragments()
        key = (fragments, place.width, parent_style)
        if key != self._key:
            alone = Screen()
            Window(FormattedTextControl(fragments)).write_to_screen(
                alone,
                mouse_handlers,
                WritePosition(0, 0, place.width, 1),
                parent_style,
                erase_bg,
                0,
            )
            self._key, self._row = key, dict(alone.data_buffer[0])
        row = screen.data_buffer[place.ypos]
        if place.xpos:
            row.update({place.xpos + column: cell for column, cell in self._row.items()})
        else:
            row.update(self._row)
        screen.height = max(screen.height, place.ypos + 1)

    def get_children(self) -> list[Container]:
        """None."""
        return []


class _NoMouse(MouseHandlers):
    """Where cells are told whose clicks they take, while there is no mouse."""

    def set_mouse_handler_for_range(
        self, x_min: int, x_max: int, y_min: int, y_max: int, handler: MouseHandler
    ) -> None:
        """Not needed."""
