"""Tab among completions: what all of them have in common, then one after another."""

from __future__ import annotations

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import get_common_complete_suffix
from prompt_toolkit.document import Document

__all__ = ["Choosing"]


class Choosing:
    """Chooses among a buffer's completions, as soon as they have come."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._wanted_at: Document | None = None
        buffer.on_completions_changed += self._changed

    def choose(self) -> None:
        """Take what all have in common, if nothing was chosen yet; else the next one."""
        buffer = self._buffer
        state = buffer.complete_state
        if state is None or not state.completions:
            # If they are asked for already, as one types, that is what is waited for.
            self._wanted_at = buffer.document
            buffer.start_completion()
            return
        common = ""
        if state.complete_index is None:
            common = get_common_complete_suffix(buffer.document, state.completions)
        if common:
            buffer.insert_text(common)
        else:
            buffer.complete_next()

    def _changed(self, buffer: Buffer) -> None:
        if self._wanted_at is None:
            return
        if buffer.document != self._wanted_at:
            self._wanted_at = None
        elif buffer.complete_state is not None and buffer.complete_state.completions:
            self._wanted_at = None
            self.choose()
