"""An action: something a key can do, and what it does it to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from repl_connect.prompt.editing.editing import Editing
    from repl_connect.prompt.names.assistance import Assistance
    from repl_connect.settings import Settings

__all__ = ["Action", "KeyActions", "Place"]

Place = Literal["line", "code", "empty", "menu", "suggestion", "search"]
"""Where an action's keys count: in whatever is typed, in code only (not in input for the program),
on an empty line, where completions are shown, where a suggestion can be accepted, in a search."""


class KeyActions(Protocol):
    """What the keys act on; the prompt is this."""

    settings: Settings

    @property
    def editing(self) -> Editing:
        """Edits what is typed."""

    @property
    def assistance(self) -> Assistance:
        """Knows what is at the cursor."""

    @property
    def takes_input(self) -> bool:
        """Whether the line is input for the program."""

    def enter(self, *, force: bool) -> None:
        """Send what is typed, or start a new line if it is not complete."""

    def stop(self) -> None:
        """Ctrl-C: stop what runs, or clear what is typed."""

    def end_of_input(self) -> None:
        """Ctrl-D on an empty line."""

    def edit(self, text: str | None = None) -> None:
        """Open the user's editor on this text (what is typed if none); it comes back unsent."""

    def show_value(self) -> None:
        """Show the next part of the last value."""

    def show_traceback(self) -> None:
        """Show the whole text of the last error."""

    def apply(self, settings: Settings) -> None:
        """Work with these settings from now on."""


class Action(NamedTuple):
    """Something a key can do. `keys` do it in emacs mode and in both of vi's.

    In vi's insert mode keys that start with Escape do not, as Escape leaves that mode; those of an
    action that is wanted `everywhere` do. `vi` are more keys, for its navigation mode.
    """

    id: str
    group: str
    doc: str
    run: Callable[[KeyActions], None]
    keys: tuple[str, ...] = ()
    vi: tuple[str, ...] = ()
    place: Place = "code"
    everywhere: bool = False
