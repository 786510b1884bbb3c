"""The log with its filter, and a line that says what is shown of it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from repl_connect.dashboard.log_view import LogView
from repl_connect.dashboard.observing.observation import Observation
from repl_connect.dashboard.observing.records import Change
from repl_connect.escapes import visible

__all__ = ["LogPanel"]


class LogPanel(Vertical):
    """What all targets print, and what happens there."""

    DEFAULT_CSS = """
    LogPanel {
        & > Input { display: none; border: none; height: 1; padding: 0 1; }
        & > Input.-open { display: block; }
        & > #log-status { height: 1; color: $text-muted; padding: 0 1; text-wrap: nowrap; }
        & > #log-status.-behind { color: $text-warning; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape", "show_all", "Show all", show=False, tooltip="Show all lines, of all targets"
        ),
    ]

    def __init__(self, observation: Observation) -> None:
        super().__init__()
        self._observation = observation
        self.view = LogView(observation.log)
        """The lines."""
        self._status = Static(id="log-status")  # kept: when all is left it is gone before this

    def compose(self) -> ComposeResult:
        """The lines, the filter, the status."""
        yield self.view
        yield Input(placeholder="only lines with this text; Enter keeps it, Escape ends", id="find")
        yield self._status

    def show(self, changes: frozenset[Change]) -> None:
        """Show the new lines."""
        if Change.LOG in changes:
            self.view.take_new()
        if changes & {Change.LOG, Change.TARGETS}:
            self._show_status()

    def focus_rows(self) -> None:
        """Give the keys to the lines."""
        self.view.focus()

    def follow_target(self, name: str | None) -> None:
        """Show one target's lines, or all."""
        self.view.choose(target=name, text=self.view.text)

    def action_filter(self) -> None:
        """Ask for the text that lines have to contain."""
        field = self.query_one(Input)
        field.add_class("-open")
        self.screen.set_focus(field)

    def action_show_all(self) -> None:
        """Take the filters away."""
        field = self.query_one(Input)
        was_typing = field.has_focus
        field.value = ""
        field.remove_class("-open")
        self.view.choose(target=None if not was_typing else self.view.target, text="")
        self.view.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed."""
        event.stop()
        self.view.choose(target=self.view.target, text=event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        event.stop()
        self.view.focus()
        self.query_one(Input).remove_class("-open")

    def on_log_view_moved(self) -> None:
        """Other lines are shown."""
        self._show_status()

    def _show_status(self) -> None:
        view, log = self.view, self._observation.log
        status = self._status
        status.set_class(not view.follows, "-behind")
        parts = []
        if not view.follows:
            parts.append(f"stopped: {view.missed:,} new, End follows again")
        if view.target is not None:
            parts.append(f"only {visible(view.target)}")
        if view.text:
            parts.append(f"with “{view.text}”, Escape shows all")
        elif log.last:
            parts.append("/ filters")
        count = len(view.lines)
        if not log.last:
            parts.append("Nothing was printed yet. What evaluations print elsewhere is not seen.")
        else:
            parts.append(f"{count:,} line{'' if count == 1 else 's'}")
        if log.dropped:
            parts.append(f"{log.dropped:,} older ones dropped")
        status.update(Content(" · ".join(parts)), layout=False)
