"""The inspector: one text on the whole screen, however big."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Label

from repl_connect.dashboard.panels.text_view import TextView
from repl_connect.dashboard.panels.wording import one_line

__all__ = ["LARGEST_COPY", "InspectorScreen"]

LARGEST_COPY: Final = 1_000_000
"""Bytes that are given to the terminal's clipboard at most."""

_TAKEN_BY_ALL: Final = 74_994  # bytes; terminals that limit OSC 52 allow 100,000 of base64


class InspectorScreen(ModalScreen[None]):
    """Pages through a text, finds in it, copies it. `cut` says that it is not all there.

    `rest` is a sentence of how to get all of it then.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", key_display="esc"),
        Binding("slash", "find", "Find", key_display="/"),
        Binding("n", "find_on(1)", "Next"),
        Binding("N", "find_on(-1)", "Previous"),
        Binding("w", "wrap", "Wrap"),
        Binding("c", "copy", "Copy"),
    ]
    DEFAULT_CSS: ClassVar[str] = """
    InspectorScreen {
        background: $background;
        & .inspector--title { height: 1; width: 1fr; text-style: bold; padding: 0 1; }
        & .inspector--head { height: 1; background: $panel; }
        & .inspector--state { width: auto; color: $text-muted; padding: 0 1; }
        & .inspector--cut { height: auto; width: 1fr; color: $text-warning; padding: 0 1; }
        & Input { height: 1; border: none; padding: 0 1; background: $boost; display: none; }
        & Input.-shown { display: block; }
    }
    """

    def __init__(self, title: str, text: str, cut: bool = False, rest: str = "") -> None:
        super().__init__()
        self._title = one_line(title)
        self._cut = cut
        self._rest = rest
        self._found = ""
        self.view = TextView(text)
        self._state = Label("", classes="inspector--state", markup=False)
        self._search = Input(placeholder="Find; Enter: next", select_on_focus=False)

    def compose(self) -> ComposeResult:
        """A head, the text, what is to be said of it, the keys."""
        with Horizontal(classes="inspector--head"):
            yield Label(self._title, classes="inspector--title", markup=False)
            yield self._state
        yield self.view
        if self._cut:
            words = f"This is not all of it. {self._rest or _REST}"
            yield Label(words, classes="inspector--cut", markup=False)
        yield self._search
        yield Footer()

    def on_mount(self) -> None:
        """Give the keys to the text."""
        self.view.focus()
        self.watch(self.view, "scroll_y", self._tell, init=False)
        self.watch(self.view, "virtual_size", self._tell, init=False)
        self.call_after_refresh(self._tell)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Find while it is typed."""
        self._found = self.view.search(event.value)
        self._tell()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go back to the text, at the place that was found."""
        event.stop()
        self.view.focus()

    def on_key(self, event: events.Key) -> None:
        """Escape in the search ends it, and not the inspector."""
        if event.key == "escape" and self._search.has_focus:
            event.stop()
            event.prevent_default()
            self._search.value = ""
            self._search.remove_class("-shown")
            self.view.focus()

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)

    def action_find(self) -> None:
        """Ask what to find."""
        self._search.add_class("-shown")
        self._search.focus()

    def action_find_on(self, step: int) -> None:
        """Go to the next place, or back."""
        self._found = self.view.search_on(step)
        self._tell()

    def action_wrap(self) -> None:
        """Wrap long lines, or do not."""
        self.view.wraps = not self.view.wraps
        self._tell()

    def action_copy(self) -> None:
        """Copy what is selected, or all of it."""
        text = self.get_selected_text() or self.view.text
        size = len(text.encode("utf-8", "replace"))
        if size > LARGEST_COPY:
            sentence = f"That is more than {LARGEST_COPY:,} bytes: select a part with the mouse."
            self.notify(sentence, severity="warning", markup=False)
            return
        self.app.copy_to_clipboard(text.encode("utf-8", "replace").decode())
        more = "" if size <= _TAKEN_BY_ALL else " Some terminals take no more than 74,994 bytes."
        self.notify(f"Given to the terminal's clipboard: {size:,} bytes.{more}", markup=False)

    def _tell(self, *_: object) -> None:
        words = [f"found {self._found}"] if self._found[:1].isdigit() else [self._found]
        words += ["wrapped" if self.view.wraps else "not wrapped", self.view.position]
        self._state.update(" · ".join(filter(None, words)))


_REST: Final = "repl-connect eval TARGET CODE brings all of a value."
