"""The line at the bottom: what is connected to, what runs, and the keys that do something now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.formatted_text import StyleAndTextTuples, fragment_list_width
from prompt_toolkit.utils import get_cwidth

from repl_connect.escapes import visible
from repl_connect.prompt.editing.actions import key_table
from repl_connect.settings import Settings

__all__ = ["Toolbar", "cut_to"]

_Hint = tuple[str, str]
"""An action's id, or later its key, and what to say of it."""

_INPUT: Sequence[_Hint] = (
    ("send", "answers"),
    ("end-of-input", "ends the input"),
    ("interrupt", "stops"),
)
_SEARCH: Sequence[_Hint] = (("accept-search", "takes it"), ("search-history", "goes on"))
_MENU: Sequence[_Hint] = (
    ("complete", "chooses"),
    ("send", "sends"),
    ("close-menu", "closes"),
    ("documentation", "doc"),
)
_EMPTY: Sequence[_Hint] = (
    ("search-history", "history"),
    ("end-of-input", "leaves"),
)
_TYPED: Sequence[_Hint] = (
    ("send-as-is", "sends"),
    ("new-line", "new line"),
    ("complete", "completes"),
    ("documentation", "doc"),
    ("source", "source"),
)
_RUNNING: Sequence[_Hint] = (("interrupt", "stops"),)


class Toolbar:
    """Says it in one line as wide as the terminal, the keys first to be left out.

    `place` is what is connected to, `status` what runs, styled.
    """

    def __init__(
        self,
        buffer: Buffer,
        *,
        settings: Callable[[], Settings],
        place: Callable[[], str],
        status: Callable[[], StyleAndTextTuples],
        takes_input: Callable[[], bool],
        running: Callable[[], bool],
        columns: Callable[[], int],
    ) -> None:
        self._buffer = buffer
        self._settings = settings
        self._place = place
        self._status = status
        self._takes_input = takes_input
        self._running = running
        self._columns = columns
        self._keys: dict[str, str] = {}
        self._keys_of: Mapping[str, object] | None = None
        self._made_of: object = None
        self._line: StyleAndTextTuples = []

    def fragments(self) -> StyleAndTextTuples:
        """The line."""
        columns = self._columns() - 1  # a full line would wrap on some terminals
        made_of = (columns, self._place(), self._status(), self._hints())
        if made_of != self._made_of:
            self._made_of, self._line = made_of, self._made(*made_of)
        return self._line

    def _made(
        self, columns: int, address: str, status: StyleAndTextTuples, hints: Iterable[_Hint]
    ) -> StyleAndTextTuples:
        place = _end_of(visible(address), max(columns // 3, 12))
        left: StyleAndTextTuples = [("class:toolbar,toolbar.address", place)]
        if status:
            left += [("class:toolbar", "  "), *status]
        left = cut_to(left, columns)
        room = columns - fragment_list_width(left)
        right: StyleAndTextTuples = []
        for key, words in hints:
            shown: StyleAndTextTuples = [
                ("class:toolbar", "  "),
                ("class:toolbar,toolbar.key", key),
                ("class:toolbar", f" {words}"),
            ]
            if fragment_list_width(right) + fragment_list_width(shown) > room:
                break
            right += shown
        space = room - fragment_list_width(right)
        return [*left, ("class:toolbar", " " * space if right else ""), *right]

    def _hints(self) -> list[_Hint]:
        if get_app().layout.is_searching:
            chosen = _SEARCH
        elif self._takes_input():
            chosen = _INPUT
        elif self._menu_is_open():
            chosen = _MENU
        elif self._buffer.text:
            chosen = _TYPED
        else:
            chosen = () if self._running() else _EMPTY
        if self._running() and chosen is not _INPUT:
            chosen = (*_RUNNING, *chosen)
        hints = [(self._key(action), words) for action, words in chosen]
        if chosen is _EMPTY:
            hints.append((",help", "help"))
        return [(key, words) for key, words in hints if key]

    def _menu_is_open(self) -> bool:
        state = self._buffer.complete_state
        return state is not None and bool(state.completions)

    def _key(self, action: str) -> str:
        """The first key that does it; empty if none does."""
        keys = self._settings().keys
        if self._keys_of is not keys or not self._keys:
            self._keys_of = keys
            self._keys = {row.id: row.keys[0] for row in key_table(keys) if row.keys}
        return self._keys.get(action, "")


def _end_of(text: str, columns: int) -> str:
    """The end of a text that is too wide: that of an address tells more than its start."""
    if get_cwidth(text) <= columns:
        return text
    while get_cwidth(text) >= columns:
        text = text[1:]
    return "…" + text


def cut_to(line: StyleAndTextTuples, columns: int) -> StyleAndTextTuples:
    """A line of styled text, cut to so many cells, with dots where it is cut."""
    if fragment_list_width(line) <= columns:
        return line
    shown: StyleAndTextTuples = []
    room = columns - 1
    for style, text, *_ in line:
        kept = ""
        for character in text:
            room -= get_cwidth(character)
            if room < 0:
                break
            kept += character
        shown.append((style, kept))
        if room < 0:
            break
    if columns > 0:
        shown.append(("class:toolbar", "…"))
    return shown
