"""What a panel asks of the app that it stands in."""

from __future__ import annotations

from typing import Literal

from textual.message import Message

__all__ = ["Inspect", "Notice"]


class Inspect(Message):
    """Show a text in the inspector. `rest` says how to get what is missing of one that is cut."""

    def __init__(self, title: str, text: str, *, cut: bool = False, rest: str = "") -> None:
        super().__init__()
        self.title = title
        self.text = text
        self.cut = cut
        self.rest = rest


class Notice(Message):
    """Tell the user a sentence, for some seconds."""

    def __init__(
        self, text: str, severity: Literal["information", "warning", "error"] = "information"
    ) -> None:
        super().__init__()
        self.text = text
        self.severity: Literal["information", "warning", "error"] = severity
