"""The help screen: every key, by where it works."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from repl_connect.dashboard.keys import Group

__all__ = ["HelpScreen"]

_KEYS = 14  # columns
_INTRODUCTION = (
    "Programs are listed with how they are. What you type at the bottom goes to the marked "
    "ones, or to the one under the cursor; their answers come side by side. Nothing here blocks: a "
    "program that is slow or gone only shows that it is."
)


class HelpScreen(ModalScreen[None]):
    """The keys; it goes with any of those that brought it."""

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        & > VerticalScroll {
            width: 90%; max-width: 90; height: 90%;
            background: $surface; border: round $primary; padding: 0 1;
            scrollbar-size-vertical: 1;
            & > Static { margin: 0 0 1 0; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1,question_mark", "dismiss", "Close", key_display="Esc"),
    ]

    def __init__(self, groups: list[Group]) -> None:
        super().__init__()
        self._groups = groups

    def compose(self) -> ComposeResult:
        """A part for each group."""
        with VerticalScroll() as scroll:
            scroll.border_title = "Help"
            yield Static(_INTRODUCTION, markup=False)
            for group in self._groups:
                lines = [Content.styled(group.title, "bold $accent")]
                lines += [
                    Content.assemble((f"{key.shown:<{_KEYS}} ", "bold"), key.what)
                    for key in group.keys
                ]
                yield Static(Content("\n").join(lines))
        yield Footer(compact=True, show_command_palette=False)
