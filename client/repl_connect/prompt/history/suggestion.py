"""The rest of an earlier entry, dimmed behind what is typed."""

from __future__ import annotations

from collections.abc import Sequence

from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput

from repl_connect.prompt.history.entries import EntryHistory

__all__ = ["AppendEntry", "SuggestEntry"]

_STYLE = "class:auto-suggestion"


class SuggestEntry(AutoSuggest):
    """Suggests the newest entry that starts with all that is typed, over several lines too."""

    def __init__(self, history: EntryHistory) -> None:
        self._history = history
        self._entries: Sequence[str] = ()
        self._text = ""
        self._next = 0

    def get_suggestion(
        self,
        buffer: Buffer,  # noqa: ARG002
        document: Document,
    ) -> Suggestion | None:
        """What is missing of that entry, if there is one."""
        text = document.text
        if not text.strip() or not document.is_cursor_at_the_end:
            return None
        entries = self._history.newest_first()
        # No entry before the last one found starts with the text as it was, so none with more.
        goes_on = entries is self._entries and self._text and text.startswith(self._text)
        found = len(entries)
        for index in range(self._next if goes_on else 0, found):
            if entries[index].startswith(text) and len(entries[index]) > len(text):
                found = index
                break
        self._entries, self._text, self._next = entries, text, found
        return Suggestion(entries[found][len(text) :]) if found < len(entries) else None


class AppendEntry(Processor):
    """Draws the suggestion: its first line, and a mark if there are more."""

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """The line with the suggestion behind it, if it is the last one."""
        given = transformation_input
        suggestion = given.buffer_control.buffer.suggestion
        last = given.lineno == given.document.line_count - 1
        if not last or suggestion is None or not given.document.is_cursor_at_the_end:
            return Transformation(given.fragments)
        line, more, _ = suggestion.text.partition("\n")
        mark = " …" if more else ""
        return Transformation([*given.fragments, (_STYLE, line + mark)])
