"""What the commands have to do with: the prompt on a terminal, and the plain client, are this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from repl_connect.languages import Language
    from repl_connect.link import Link
    from repl_connect.prompt.commands.state import CommandState
    from repl_connect.prompt.showing.values import ValueView
    from repl_connect.settings import Settings

__all__ = ["FrontEnd"]


class FrontEnd(Protocol):
    """A user's place: what it shows, what it is connected to, and what can be done there.

    Text for `say`, `note` and `problem` is of ours, or has been through `escapes.visible`.
    """

    language: Language
    settings: Settings
    values: ValueView
    state: CommandState

    @property
    def link(self) -> Link | None:
        """The connection; None while there is none."""

    @property
    def address(self) -> str:
        """What is connected to, as the user knows it."""

    @property
    def last_entry(self) -> str:
        """What was entered last, commands aside; empty if nothing was."""

    @property
    def columns(self) -> int:
        """How wide the terminal is, in cells."""

    @property
    def is_plain(self) -> bool:
        """Whether this is the plain client: no pager, no editor, no keys."""

    def say(self, fragments: Iterable[tuple[str, str]]) -> None:
        """Show styled text of ours, on lines of its own."""

    def note(self, text: str) -> None:
        """Show a line in our own words."""

    def problem(self, text: str) -> None:
        """Show a line in our own words, about something that went wrong."""

    def evaluate(
        self,
        code: str,
        *,
        file: str | None = None,
        as_file: bool = False,
        timed: bool = False,
        more: Mapping[str, object] | None = None,
    ) -> None:
        """Evaluate code as if it had been typed. `as_file`: it is the contents of `file`.

        `timed`: say how long it took, however short. `more`: more fields of the message.
        """

    def enter_namespace(self, name: str) -> None:
        """Evaluate in another namespace from now on."""

    def use_session(self, ident: str) -> None:
        """Evaluate in another session from now on."""

    def interrupt(self) -> None:
        """Stop what runs."""

    def reconnect(self) -> None:
        """Connect again now, or at once if it is waiting to."""

    def stop_reconnecting(self) -> None:
        """Connect again no more by itself."""

    def apply(self, settings: Settings) -> None:
        """Work with these settings from now on."""

    def page(self, text: str, *, lexer: str | None = None) -> None:
        """Show text in the user's pager. `lexer`: Pygments' alias, to colour it."""

    def pipe(self, text: str, command: str) -> None:
        """Give text to a shell command, which has the terminal until it ends."""

    def edit(self, text: str | None = None) -> None:
        """Open the user's editor on this text (what is typed if none); it comes back unsent."""

    def show_documentation(self, name: str, *, source: bool = False) -> None:
        """Show what is known about a name, or the source of what has it."""

    def show_value(self) -> None:
        """Show the next part of the last value (`values.more`)."""

    def show_traceback(self) -> None:
        """Show the whole text of the last error."""

    def leave(self) -> None:
        """End."""
