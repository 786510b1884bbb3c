"""Where a form goes, in front of where it is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.widgets import Static

from repl_connect.dashboard.observing.target import ObservedTarget
from repl_connect.escapes import visible

__all__ = ["Destination"]

_LONGEST: Final = 32  # columns


class Destination(Static):
    """The one chosen target and its namespace, or how many there are."""

    DEFAULT_CSS = """
    Destination { width: auto; color: $text-accent; padding: 0 1 0 0; }
    """

    def __init__(self) -> None:
        super().__init__(id="destination", markup=False)

    def show(self, chosen: Sequence[ObservedTarget]) -> None:
        """Show where a form would go now."""
        if len(chosen) == 1:
            only = chosen[0]
            prompt = only.language.display_namespace(only.namespace).rstrip()
            words = f"{visible(only.name)} {visible(prompt)}"
        else:
            words = f"{len(chosen)} marked >" if chosen else ">"
        if len(words) > _LONGEST:
            words = "…" + words[-_LONGEST:]
        if words != self.content:
            self.update(words)
