"""Where forms are typed that go to the chosen targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

__all__ = ["CommandLine"]

_KEPT: Final = 500  # entries


class CommandLine(TextArea):
    """A line, or several of a form that is not complete or was pasted. Enter sends it.

    `is_complete` tells whether Enter sends a text, or opens another line of it.
    """

    class Entered(Message):
        """A form is to be sent."""

        def __init__(self, code: str) -> None:
            super().__init__()
            self.code = code

    DEFAULT_CSS = """
    CommandLine {
        height: auto;
        max-height: 8;
        width: 1fr;
        padding: 0;
        background: transparent;
        &:focus { background: $boost; }
        & .text-area--cursor-line { background: transparent; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "Send", tooltip="Send the form, or go on with it"),
        Binding("alt+enter,ctrl+j", "newline", "New line", show=False),
        Binding("up", "earlier", "History", key_display="↑", tooltip="What was sent before"),
        Binding("down", "later", "Later", show=False, tooltip="What was sent after that"),
        Binding("escape", "app.focus('targets')", "Back", tooltip="Back to the targets"),
    ]
    BINDING_GROUP_TITLE = "Command line"

    def __init__(self, is_complete: Callable[[str], bool]) -> None:
        super().__init__(
            id="command",
            compact=True,
            soft_wrap=True,
            tab_behavior="focus",
            placeholder="a form for the chosen targets",
            highlight_cursor_line=False,
        )
        self._is_complete = is_complete
        self._entries: list[str] = []
        self._at = 0  # the entry that is shown; as many as there are: what is being typed
        self._typed = ""

    def action_enter(self) -> None:
        """Send it; open another line, if it is not complete and the cursor is at its end."""
        code = self.text
        if not code.strip():
            self.text = ""
            return
        if self.cursor_at_end_of_text and not self._is_complete(code):
            self.insert("\n")
            return
        if code in self._entries[-1:]:
            self._entries.pop()
        self._entries = [*self._entries, code][-_KEPT:]
        self._at, self._typed = len(self._entries), ""
        self.text = ""
        self.post_message(self.Entered(code))

    def action_newline(self) -> None:
        """Open another line."""
        self.insert("\n")

    def action_earlier(self) -> None:
        """The line above; in the first one, what was sent before."""
        if self.cursor_at_first_line:
            self._recall(self._at - 1)
        else:
            self.action_cursor_up()

    def action_later(self) -> None:
        """The line below; in the last one, what was sent after that."""
        if self.cursor_at_last_line:
            self._recall(self._at + 1)
        else:
            self.action_cursor_down()

    async def _on_key(self, event: events.Key) -> None:
        """Enter is ours: it is an action, and no newline."""
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.action_enter()
            return
        await super()._on_key(event)

    def _recall(self, at: int) -> None:
        if not 0 <= at <= len(self._entries):
            return
        if self._at == len(self._entries):
            self._typed = self.text
        self._at = at
        self.text = [*self._entries, self._typed][at]
        self.move_cursor(self.document.end)
