"""The buffer that is typed into, with a history that grows while it is looked at."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import Any

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.search import SearchDirection, SearchState

from repl_connect.prompt.history.entries import EntryHistory

__all__ = ["EntryBuffer"]

_PAUSE = 0.05  # seconds before the file is read: reading beside the first keys would be felt


class EntryBuffer(Buffer):
    """A `Buffer` over an `EntryHistory`; the other arguments are the buffer's own.

    What other clients enter is there when one goes up from the line being typed, or searches.
    """

    _filled = False

    def __init__(self, *, history: EntryHistory, **options: Any) -> None:
        self._kept = history
        self._waiting: asyncio.Task[None] | None = None
        super().__init__(history=history, **options)

    def reset(self, document: Document | None = None, append_to_history: bool = False) -> None:
        """Start with an empty line, or with this document, below the history."""
        self._filled = False
        super().reset(document, append_to_history)

    def load_history_if_not_yet_loaded(self) -> None:
        """Get the history: from the file the first time, beside the loop."""
        if self._filled:
            return
        if self._kept.loaded:
            self._filled = True
            self._kept.refresh()
            self._put_entries()
        elif self._waiting is None:
            self._waiting = get_app().create_background_task(self._wait())

    def history_backward(self, count: int = 1) -> None:
        """Go back in the history."""
        self._take_news()
        super().history_backward(count)

    def _search(
        self,
        search_state: SearchState,
        include_current_position: bool = False,
        count: int = 1,
    ) -> tuple[int, int] | None:
        """Where a search ends: the entry's index and the position in it.

        As in `Buffer`, which makes a `Document` of each entry: too slow for thousands.
        """
        self._take_news()
        kind = re.IGNORECASE if search_state.ignore_case() else re.NOFLAG
        pattern = re.compile(re.escape(search_state.text), kind)
        backward = search_state.direction == SearchDirection.BACKWARD
        entries = list(self._working_lines)
        index, position = self.working_index, self.cursor_position
        for _ in range(count):
            if backward:
                found = _last(pattern, entries[index], position)
                others = range(index - 1, -2, -1)  # -1: round to the line being typed
            else:
                start = position if include_current_position else position + 1
                found = _first(pattern, entries[index], start)
                others = range(index + 1, len(entries) + 1)
            for other in others:
                if found is not None:
                    break
                index = other % len(entries)
                text = entries[index]
                found = _last(pattern, text, len(text)) if backward else _first(pattern, text, 0)
            if found is None:
                return None
            position = found
        return index, position

    async def _wait(self) -> None:
        try:
            await asyncio.sleep(_PAUSE)
            await self._kept.read()
        finally:
            self._waiting = None
        self.load_history_if_not_yet_loaded()
        if self.auto_suggest is not None and self.text and self.suggestion is None:
            self.suggestion = self.auto_suggest.get_suggestion(self, self.document)
            self.on_suggestion_set.fire()

    def _take_news(self) -> None:
        if self.working_index < len(self._working_lines) - 1:
            return
        if not self._kept.loaded:
            self._kept.load_history_strings()  # it is needed now
            self._filled = False
        if not self._filled:
            self.load_history_if_not_yet_loaded()
        elif self._kept.refresh():
            self._put_entries()

    def _put_entries(self) -> None:
        """Put the history above the line being typed, of which nothing changes."""
        cursor = self.cursor_position
        state = (self.complete_state, self.suggestion, self.selection_state)
        typed = self._working_lines[-1]
        self._working_lines = deque([*self._kept.get_strings(), typed])
        self.working_index = len(self._working_lines) - 1
        self.cursor_position = cursor
        self.complete_state, self.suggestion, self.selection_state = state


def _first(pattern: re.Pattern[str], text: str, start: int) -> int | None:
    match = pattern.search(text, start)
    return None if match is None else match.start()


def _last(pattern: re.Pattern[str], text: str, end: int) -> int | None:
    """Where the last match starts that ends before `end`."""
    last: int | None = None
    match = pattern.search(text, 0, end)
    while match is not None:
        last = match.start()
        match = pattern.search(text, last + 1, end)
    return last
