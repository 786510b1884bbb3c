"""Keys that are typed faster than they are handled, each handled where the one before it led.

textual gives a key to the widget that has the focus, from where it comes back, by the queues of all
widgets around that one, to the app, which only then looks for what is bound to it. A key that comes
meanwhile would be looked at before: `a` and at once `:` would go to the command line, and `a` would
then be looked for there. So after each key a message is sent the same way; the next key waits until
it has come back. It goes that way twice, behind what a widget tells of having got the focus.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from textual import events
from textual.app import App
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, TextArea

__all__ = ["OrderedKeys"]

_LAPS: Final = 2
_LONGEST: Final = 0.5
"""Seconds after which the next key does not wait any longer: a widget on the way may be gone."""


class OrderedKeys(App[None]):
    """An app in which no key overtakes another. In a field for text, characters need not wait."""

    class Passed(Message):
        """All that was sent before this has come through."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self) -> None:
        super().__init__()
        self._keys: deque[events.Key] = deque()
        self._number = 0
        self._under_way: asyncio.TimerHandle | None = None
        self._was_text = False
        self._laps = 0
        self._key_screen: Screen[object] | None = None

    @property
    def keys_are_done(self) -> bool:
        """Whether all keys so far have been handled."""
        return self._under_way is None

    async def on_event(self, event: events.Event) -> None:
        """Take a key from the terminal, or keep it until its turn."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._under_way is None or (not self._keys and self._flows(event)):
            await self._take(event)
        else:
            self._keys.append(event)

    async def on_ordered_keys_passed(self, event: Passed) -> None:
        """Take the next key; if there is a new screen since, when that has begun."""
        if event.number != self._number or self._under_way is None:
            return
        self._under_way.cancel()
        self._under_way = None
        if self.screen_stack and self.screen is not self._key_screen:
            self._laps = _LAPS
        if self._laps:
            self._follow()
        elif self._keys:
            await self._take(self._keys.popleft())

    def _flows(self, event: events.Key) -> bool:
        return self._was_text and event.is_printable and self._has_text_field

    @property
    def _has_text_field(self) -> bool:
        return isinstance(self.focused, Input | TextArea)

    async def _take(self, event: events.Key) -> None:
        self._was_text = event.is_printable and self._has_text_field
        before = self.screen if self.screen_stack else None
        await super().on_event(event)
        self._laps = _LAPS
        self._follow()
        self._key_screen = before

    def _follow(self) -> None:
        """Send a message behind the last key."""
        if self._under_way is not None:
            self._under_way.cancel()
            self._under_way = None
        if not self.screen_stack:
            return
        self._key_screen = self.screen
        self._laps -= 1
        self._number += 1
        (self.focused or self.screen).post_message(self.Passed(self._number))
        late = self.Passed(self._number)
        self._under_way = asyncio.get_running_loop().call_later(_LONGEST, self.post_message, late)
