"""Documentation and source: above the prompt for a command, in a pane below it for a key.

The pane stays while one types on, until that is sent or cleared; the same key again shows all of a
long text in the pager, or closes the pane.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition, has_completions
from prompt_toolkit.formatted_text import (
    StyleAndTextTuples,
    fragment_list_to_text,
    split_lines,
)
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import (
    ConditionalContainer,
    Container,
    Dimension,
    FormattedTextControl,
    Window,
)

from repl_connect.escapes import visible
from repl_connect.prompt.editing.actions import key_table
from repl_connect.prompt.look.lexing import highlighted

if TYPE_CHECKING:
    from prompt_toolkit.lexers import PygmentsLexer

    from repl_connect.conversation.conversation import Conversation
    from repl_connect.prompt.front_end import FrontEnd

__all__ = ["Documentation"]

_ROWS: Final = 10


class Documentation:
    """Looks names up and shows what is known, beside whatever runs.

    `rows` is the terminal's height. `lexer` is the language's. `on_change` is called when the pane
    is another, `on_close` before that when it has gone: then the terminal has rows to give back.
    """

    def __init__(
        self,
        front_end: FrontEnd,
        conversation: Conversation,
        buffer: Buffer,
        *,
        rows: Callable[[], int],
        lexer: Callable[[], PygmentsLexer | None],
        on_change: Callable[[], None],
        on_close: Callable[[], None],
    ) -> None:
        self._front_end = front_end
        self._buffer = buffer
        self._conversation = conversation
        self._rows = rows
        self._lexer = lexer
        self._on_change = on_change
        self._on_close = on_close
        self._asked: object = None
        self._shown: tuple[str, bool] | None = None
        self._lines: list[StyleAndTextTuples] = []
        self._top = 0
        self._key = ""  # the one that has opened it

    @property
    def is_open(self) -> bool:
        """Whether the pane is there."""
        return self._shown is not None

    def show(self, name: str, *, source: bool = False) -> None:
        """Show above the prompt what is known about a name, or its source; paged if it is long."""

        def answered(info: dict[str, Any]) -> None:
            self._say(self._told(name, info, source=source), source=source)

        self._ask(name, source=source, then=answered)

    def documentation_at_cursor(self) -> None:
        """Open the pane on the name at the cursor; if it is open on that, the pager, or close."""
        self._at_cursor(source=False)

    def source_at_cursor(self) -> None:
        """The same for the source."""
        self._at_cursor(source=True)

    def close(self) -> None:
        """Take the pane away, if it is there."""
        if self._shown is None:
            return
        self._asked = self._shown = None
        self._lines = []
        self._on_close()
        self._on_change()

    def container(self) -> Container:
        """The pane, for the layout."""
        return ConditionalContainer(
            Window(
                FormattedTextControl(self._fragments),
                height=lambda: Dimension(max=self._height() + 1),
                wrap_lines=True,
                dont_extend_height=True,
                style="class:documentation",
            ),
            Condition(lambda: self.is_open),
        )

    def keys(self) -> KeyBindings:
        """The keys of the pane, while it is open."""
        keys = KeyBindings()
        is_open = Condition(lambda: self.is_open)

        @keys.add("escape", filter=is_open & ~has_completions)
        def _(_event: KeyPressEvent) -> None:
            self.close()

        @keys.add("pagedown", filter=is_open)
        def _(_event: KeyPressEvent) -> None:
            self._scroll(self._height() - 1)

        @keys.add("pageup", filter=is_open)
        def _(_event: KeyPressEvent) -> None:
            self._scroll(1 - self._height())

        @keys.add("c-down", filter=is_open)
        def _(_event: KeyPressEvent) -> None:
            self._scroll(1)

        @keys.add("c-up", filter=is_open)
        def _(_event: KeyPressEvent) -> None:
            self._scroll(-1)

        return keys

    def _at_cursor(self, *, source: bool) -> None:
        names = self._names_at_cursor()
        if self._shown is not None and (not names or self._shown in ((n, source) for n in names)):
            lines, is_source = self._lines, self._shown[1]
            self.close()
            if len(lines) > self._height():
                self._page(lines, source=is_source)
        elif names:
            self._open_first(names, source=source)
        else:
            self._front_end.note("There is no name at the cursor.")

    def _names_at_cursor(self) -> list[str]:
        """The name at the cursor, and the one of the call around it, or just before it."""
        text, position = self._buffer.text, self._buffer.cursor_position
        language = self._front_end.language
        for place in (position, max(position - 1, 0)):
            call = language.call_at(text, place)
            names = (language.symbol_at(text, place).strip(), call.name if call is not None else "")
            if any(names):
                return [name for name in dict.fromkeys(names) if name]
        return []

    def _open_first(self, names: list[str], *, source: bool) -> None:
        """Open the pane on the first of the names that something is known about."""
        name, *others = names

        def answered(info: dict[str, Any]) -> None:
            if others and not info:
                self._open_first(others, source=source)
            else:
                self._open(name, self._told(name, info, source=source), source=source)

        self._ask(name, source=source, then=answered)

    def _ask(self, name: str, *, source: bool, then: Callable[[dict[str, Any]], None]) -> None:
        link = self._front_end.link
        if link is None:
            self._front_end.problem("Not connected. ,reconnect connects again.")
            return
        if not link.session.supports("lookup"):
            self._front_end.problem("The other side has no op lookup: it can't tell about names.")
            return
        asked = self._asked = object()

        def answered(info: dict[str, Any]) -> None:
            if self._asked is asked:  # else another name was asked about since
                then(info)

        self._conversation.look_up(name, answered, source=source)

    def _told(self, name: str, info: Mapping[str, Any], *, source: bool) -> StyleAndTextTuples:
        from repl_connect.prompt.names.lookup import described, source_of

        if not source or not info:
            return [*described(name, info)]
        found = source_of(info, self._front_end.language)
        if not found.text:
            where = f": it is defined in {found.place}" if found.place else ""
            return [("class:note", f"The source of {visible(name)} is not known here{where}.\n")]
        return [
            *([("class:note", f"{found.place}\n")] if found.place else []),
            *highlighted(self._lexer(), found.text.rstrip("\n") + "\n"),
        ]

    def _say(self, found: StyleAndTextTuples, *, source: bool) -> None:
        lines = list(split_lines(found))
        if len(lines) > self._rows() and not self._front_end.is_plain:
            self._page(lines, source=source)
        else:
            self._front_end.say([(style, text) for style, text, *_ in found])

    def _page(self, lines: list[StyleAndTextTuples], *, source: bool) -> None:
        text = "\n".join(fragment_list_to_text(line) for line in lines)
        self._front_end.page(text, lexer=self._front_end.language.lexer if source else None)

    def _open(self, name: str, found: StyleAndTextTuples, *, source: bool) -> None:
        self._lines = list(split_lines(found))
        if self._lines and not fragment_list_to_text(self._lines[-1]):
            del self._lines[-1]
        self._shown = (name, source)
        action = "source" if source else "documentation"
        keys = {row.id: row.keys for row in key_table(self._front_end.settings.keys)}
        self._key = next(iter(keys[action]), "")
        self._top = 0
        self._on_change()

    def _height(self) -> int:
        return max(1, min(_ROWS, self._rows() // 3))

    def _scroll(self, lines: int) -> None:
        last = max(0, len(self._lines) - self._height())
        self._top = max(0, min(self._top + lines, last))

    def _fragments(self) -> StyleAndTextTuples:
        if self._shown is None:
            return []
        height = self._height()
        shown: StyleAndTextTuples = []
        for line in self._lines[self._top : self._top + height]:
            shown += [*line, ("", "\n")]
        below = len(self._lines) - self._top - height
        words = "Esc closes"
        if len(self._lines) > height:
            more = f"{below} more lines, " if below > 0 else ""
            whole = f"{self._key} shows all, " if self._key else ""
            words = f"{more}PageUp PageDown scroll, {whole}{words}"
        shown.append(("class:documentation.border", f"── {words}"))
        return shown
